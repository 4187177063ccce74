"""The values of a column of the catalog for each item: several genres, or one value of other columns."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.tags import BAR
from palate.factors.item_index import item_table, of_items
from palate.scorer import Scorer


@dataclass(frozen=True, eq=False)
class Tags:
    """Which values of a column each item holds; none where it is missing.

    Parameters
    ----------
    indptr : ndarray of shape (n_items + 1,), int64
    codes : ndarray, int64
        Positions in `values`, item by item.
    values : list
    """

    indptr: np.ndarray
    codes: np.ndarray
    values: list[Any]

    @classmethod
    def of(cls, column: pl.Series) -> "Tags":
        """Return the values of a column.

        Examples
        --------
        >>> tags = Tags.of(pl.Series("genres", ["Comedy|Crime", None, "Crime"]))
        >>> tags.values, tags.of_item(0).tolist(), tags.of_item(1).tolist(), tags.holders(1).tolist()
        (['Comedy', 'Crime'], [0, 1], [], [0, 2])
        """
        several = column.name == names.GENRES and column.dtype == pl.String
        place: dict[Any, int] = {}
        codes: list[int] = []
        ends = [0]
        for cell in column.to_list():
            held = [] if cell is None else dict.fromkeys(filter(None, cell.split(BAR))) if several else [cell]
            codes += [place.setdefault(value, len(place)) for value in held]
            ends.append(len(codes))
        return cls(np.array(ends, np.int64), np.array(codes, np.int64), list(place))

    def of_item(self, item: int) -> np.ndarray:
        """Return the positions of an item's values."""
        return self.codes[self.indptr[item] : self.indptr[item + 1]]

    def holders(self, code: int) -> np.ndarray:
        """Return the items that hold a value."""
        starts, items = self._by_value
        return items[starts[code] : starts[code + 1]]

    @cached_property
    def _by_value(self) -> tuple[np.ndarray, np.ndarray]:
        item = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        order = np.argsort(self.codes, kind="stable")
        counts = np.bincount(self.codes, minlength=len(self.values))
        return np.concatenate([[0], np.cumsum(counts)]), item[order]


def column_tags(scorer: Scorer, column: str) -> Tags:
    """Return the values of a column of a scorer's items, made once."""
    return of_items(scorer, ("tags", column), lambda source: Tags.of(item_table(source)[column]))
