"""Which items are asked about: by their ids, by a text in their titles, or by a condition."""

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Words
from palate._nearest import nearest
from palate.data import columns as names
from palate.data.arguments import warn_caller
from palate.data.catalog import Catalog
from palate.data.series import to_series
from palate.data.vocabulary import Vocabulary
from palate.factors.item_index import item_catalog
from palate.lists.filters import EmptyResultWarning
from palate.lists.lookup import column_of, known_indices
from palate.lists.where import Where, describe, matching
from palate.scorer import Scorer

ADVICE = " Pass unknown='baseline' or unknown='nan' to get a value for it."


def chosen_items(
    scorer: Scorer, items: object, title: str | list[str] | None, where: Where | None, unknown: str
) -> tuple[np.ndarray, pl.DataFrame]:
    """Return item indexes (-1 for unknown) and the metadata of each."""
    if (items is None) == (title is None and where is None):
        must = Words.of("be chosen either by id (`items=`) or by `title=` and `where=`")
        raise ArgumentError("items", must, "both or neither")
    catalog = item_catalog(scorer)
    if items is None:
        found = np.arange(len(catalog)) if title is None else find_items(scorer, title)
        if where is not None:
            n_found = len(found)
            found = found[matching(where, catalog.frame)[found]]
            if not len(found):
                said = f"{describe(where)} keeps none of {n_found:,} items; the result is empty."
                warn_caller(said, EmptyResultWarning)
        return np.where(found < len(scorer.items), found, -1), catalog.rows(found)
    ids = column_of(items, names.ITEM_ID)
    index = item_indices(scorer.items, ids, unknown)
    if (index >= 0).all():
        return index, catalog.rows(index)
    return index, _described_by_catalog(scorer, catalog, ids, index)


def _described_by_catalog(scorer: Scorer, catalog: Catalog, ids: object, index: np.ndarray) -> pl.DataFrame:
    """Return what the catalog says of each id, rated or not; nulls for ids that it does not know."""
    unrated = catalog.frame[names.ITEM_ID].slice(len(scorer.items))
    place = {value: len(scorer.items) + row for row, value in enumerate(unrated.to_list())}
    values = to_series(ids).to_list()
    given = [str(value) for value in values] if catalog.kind in ("str", "uuid") else values
    row = [int(at) if at >= 0 else place.get(value) for at, value in zip(index, given, strict=True)]
    known = pl.Series(row, dtype=pl.Int64)
    try:
        labels = pl.Series(names.ITEM_ID, given, dtype=catalog.frame.schema[names.ITEM_ID])
    except (TypeError, pl.exceptions.PolarsError):  # an id of another type stays as it was given
        labels = pl.Series(names.ITEM_ID, [str(value) for value in given])
    return pl.DataFrame([labels, *(column.gather(known) for column in catalog.frame.get_columns()[1:])])


def near_titles(catalog: Catalog, text: str) -> str:
    """Return " Did you mean ...?" with the titles nearest to a text; empty for none."""
    near = nearest(text, catalog.frame[names.TITLE].drop_nulls().to_list(), n=3)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def find_items(scorer: Scorer, title: str | list[str]) -> np.ndarray:
    """Return the rows (see `item_catalog`) of the items whose title contains one of the texts, ascending.

    Raises
    ------
    KeyError
        If a text is in no title.
    ValueError
        If the scorer knows no titles.
    """
    catalog = item_catalog(scorer)
    if names.TITLE not in catalog.frame.columns and names.KEY not in catalog.frame.columns:
        must = "not be given here: this model has no catalog with titles"
        raise ArgumentError("title", must, advice="Name the items by id.")
    found = []
    for text in [title] if isinstance(title, str) else title:
        rows = catalog.find(text)
        if not len(rows):
            raise KeyError(f"no title contains {text!r}.{near_titles(catalog, text)}")
        found.append(rows)
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def item_indices(vocabulary: Vocabulary, values: object, unknown: str) -> np.ndarray:
    """Return the index of each item id, -1 for an unknown one unless `unknown` is "raise"."""
    ids = column_of(values, names.ITEM_ID)
    if unknown == "raise":
        return known_indices(vocabulary, ids, "item id", "items", ADVICE)
    return vocabulary.indices(ids)
