"""The catalog in a table with named columns."""

from palate.data.catalog import Catalog
from palate.data.frames import missing_column, require_columns
from palate.data.ids import WhereRow, row_label
from palate.io.catalogs import films, movies_dat
from palate.io.columnar import columnar
from palate.io.foreign import has_types
from palate.io.layout import sniff_separator
from palate.io.roles import join_column, usual_column
from palate.io.sources import Source
from palate.io.tables import typed_column
from palate.io.text import text_columns


def read_catalog(
    source: Source,
    item: str | None,
    text_ids: bool,
    required: bool = True,
    named: dict[str, str] | None = None,
) -> Catalog:
    """Return the catalog in a file.

    Parameters
    ----------
    source : Source
        CSV or Parquet with a column of ids, or a `movies.dat`.
    item : str or None
        The ratings' column of item ids, see `join_column`.
    text_ids : bool
        Whether the ratings' item ids are text: then those of a text file are too, else they are
        integers if all can be.
    required : bool
        Whether the caller named the file: then an id column of any usual name will do.
    named : dict, optional
        Columns that the caller named: "id", "title", "year" and "genres" to the name.

    Raises
    ------
    ValueError
        If there is no column of ids, or the table is no catalog; the message names the line.
    """
    if source.name.lower() == "movies.dat":
        return movies_dat(source, whole=not text_ids)
    typed = has_types(source)
    where: WhereRow = row_label
    if typed:
        table = columnar(source)
    else:
        columns = text_columns(source, sniff_separator(source))
        table, where = columns.frame(), columns.where
    named = named or {}
    require_columns(table, {f"items_{role}": name for role, name in named.items()}, source.name)
    usual = {role: "item_id" if role == "id" else role for role in named}
    taken = {
        usual[role] for role, name in named.items() if usual[role] in table.columns and name != usual[role]
    }
    table = table.rename({name: f"{name}_2" for name in taken})  # another column has been named in its place
    named = {role: f"{name}_2" if name in taken else name for role, name in named.items()}
    column = named.get("id") or join_column(item, table.columns, required)
    if column is None:
        if required:
            raise ValueError(missing_column(item or "item_id", "item", table.columns, source.name))
        wanted = f"{item!r}" if item in (None, "item_id") else f"{item!r} or 'item_id'"
        said = f"{source.name} has no column {wanted} (its columns are {', '.join(map(repr, table.columns))})"
        raise ValueError(said)
    if not (typed or text_ids):
        table = table.with_columns(typed_column(table[column]))
    origin = f"by {column} from {source.name}"
    if {"movieId", "title", "genres"} == set(table.columns) and not named:
        return films(table["movieId"], table["title"], table["genres"], origin, where=where)
    roles = {
        role: named.get(role) or usual_column(role, table.columns) for role in ("title", "year", "genres")
    }
    if not typed:
        kept = {column, "key", *roles.values()}
        table = table.with_columns(typed_column(table[other]) for other in table.columns if other not in kept)
    return Catalog.from_frame(table, item=column, where=where, origin=origin, **roles)
