"""The catalog of ratings: the file that was named, or one that lies beside them and fits."""

from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from palate.data import columns as names
from palate.data.arguments import warn_caller
from palate.data.catalog import Catalog, CatalogWarning
from palate.data.ids import KIND_NAMES, CodedIds
from palate.io.catalog_tables import read_catalog
from palate.io.foreign import has_types
from palate.io.formats import Format
from palate.io.kinds import is_text, text_ids
from palate.io.sources import Files, Source, file_source
from palate.io.text import Columns

NO_CATALOG = "none"
_KNOWN = "the catalog"  # of a known format
_FILES = (
    "items.csv",
    "items.parquet",
    "catalog.csv",
    "catalog.parquet",
    "movies.csv",
    "movie.csv",
    "movies.dat",
    "books.csv",
)
_ADVICE = "Name one with items='FILE', or turn the search off with items='none'."


def catalog_for(
    files: Files,
    source: Source,
    form: Format | None,
    items: str | Path | None,
    columns: Columns,
    typed: bool,
    named_columns: dict[str, str] | None = None,
) -> Catalog | None:
    """Return the catalog that was named, or the one beside the ratings that fits them.

    The item ids of both are then of one kind.

    A file that nobody named never stops a reading: if it cannot be a catalog of these ratings, a
    note says why.

    Parameters
    ----------
    files : Files
        Where the ratings were found.
    source : Source
        The rating file.
    form : Format or None
        Its known format.
    items : str, Path or None
        What the caller named: a file, or "none".
    columns : Columns
        The columns of the ratings; whole numbers among the item ids become text if the catalog's
        ids are text.
    typed : bool
        Whether the rating file knows types.
    named_columns : dict, optional
        Columns of the named catalog, see `read_catalog`.
    """
    if items is not None and str(items) == NO_CATALOG:
        return None
    item = columns.labels["item"].partition("'")[2].removesuffix("'") or None
    text = is_text(columns.column["item"])
    if items is not None:
        named = file_source(Path(items))
        catalog = read_catalog(named, item, text, named=named_columns)
        _one_kind(catalog, columns, typed or has_types(named))
        return catalog
    return _found(files, source, form, item, columns, typed)


def _found(
    files: Files, source: Source, form: Format | None, item: str | None, columns: Columns, typed: bool
) -> Catalog | None:
    """Return the first file beside the ratings that is their catalog."""
    text = is_text(columns.column["item"])
    readers: list[tuple[str, Any]] = [] if form is None else [(_KNOWN, partial(form.catalog, files))]
    for name in _FILES:
        found = files.find(name)
        if found is not None and found != source:
            readers.append((name, partial(read_catalog, found, item, text, required=False)))
    for name, reader in readers:
        try:
            catalog: Catalog | None = reader()
            if catalog is None:
                continue
            from_parquet = catalog.origin.endswith(".parquet")
            strange = _strange(catalog, columns, typed or from_parquet, known=name == _KNOWN)
            if strange:
                raise ValueError(strange)
        except (ValueError, TypeError) as error:
            where = "" if name in str(error) else f"{name}: "
            said = f"{where}{str(error).rstrip('.')}. It is not used as the catalog. {_ADVICE}"
            warn_caller(said, CatalogWarning)
            if name == _KNOWN:
                return None
            continue
        _one_kind(catalog, columns, typed=False)
        return catalog
    return None


def _strange(catalog: Catalog, columns: Columns, typed: bool, known: bool) -> str | None:
    """Return why a catalog is not one of these ratings, or None.

    Its ids are of another type, or (unless its make is known) none is rated.
    """
    ids, column = catalog.frame[names.ITEM_ID], columns.column["item"]
    rated = column.values if isinstance(column, CodedIds) else pl.Series(column)
    text = is_text(column)
    if not len(ids) or not len(rated):
        return None
    differ = (KIND_NAMES[catalog.kind] == "string") != text
    example = f"({ids[0]!r} beside {rated[0]!r})"
    if differ and typed:
        return (
            f"the ids {catalog.origin} must be {'strings' if text else 'integers'} as in the ratings; got "
            f"{KIND_NAMES[catalog.kind]}s {example}"
        )
    if known and not differ:
        return None
    shared = pl.String if differ else ids.dtype
    if not ids.cast(shared).is_in(rated.unique().cast(shared).implode()).any():
        return f"none of its {len(ids):,} ids {catalog.origin} is among the items rated {example}"
    return None


def _one_kind(catalog: Catalog, columns: Columns, typed: bool) -> None:
    """Make whole numbers among the ratings' item ids text if the catalog's ids are; neither file has types.

    Raises
    ------
    ValueError
        If no id of the catalog is then rated.
    """
    column = columns.column["item"]
    if typed or catalog.kind != "str" or is_text(column):
        return
    strange = _strange(catalog, columns, typed, known=False)
    if strange:
        raise ValueError(f"{strange}. Is it the right file, and the right column?")
    columns.column["item"] = text_ids(column)
    other = next(one for one in catalog.frame[names.ITEM_ID] if not one.isdigit())
    said = f"the item ids are read as text, because the catalog {catalog.origin} holds {other!r}."
    warn_caller(said, CatalogWarning)
