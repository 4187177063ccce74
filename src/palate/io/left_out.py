"""Rows of a table that are left out: those without a rating, or without anything that is needed."""

from collections.abc import Collection

import numpy as np
import polars as pl

from palate.data.arguments import warn_caller
from palate.io.cells import marked
from palate.io.layout import ReadingWarning, TableOptions

_NEEDED = ("user", "item", "rating")


class LeftOut:
    """Which rows are left out as options say, and how many have been so far."""

    def __init__(self, options: TableOptions, roles: Collection[str]) -> None:
        self.missing = options.missing if "rating" in roles else ()
        self.needed = [role for role in _NEEDED if role in roles] if options.skip_empty else []
        self.n_missing, self.n_empty = 0, 0

    def rows(self, table: pl.DataFrame) -> np.ndarray:
        """Return which rows of a block are left out, bool; its columns are called by their roles."""
        missing, empty = np.zeros(table.height, dtype=bool), np.zeros(table.height, dtype=bool)
        if self.missing:
            cells = table["rating"]
            cells = cells.str.strip_chars() if cells.dtype == pl.String else cells
            missing |= (marked(cells, self.missing) | (cells.is_null() & ("" in self.missing))).to_numpy()
        for role in self.needed:
            cells = table[role]
            empty |= (cells.is_null() | (cells.is_nan() if cells.dtype.is_float() else False)).to_numpy()
        self.n_missing += int(missing.sum())
        self.n_empty += int((empty & ~missing).sum())
        return missing | empty

    def tell(self, name: str, n_kept: int) -> None:
        """Say how many rows were left out of a table, of which so many are kept."""
        of_all = f"of {n_kept + self.n_missing + self.n_empty:,} rows of {name}"
        if self.missing:
            said = f"{self.n_missing:,} {of_all} hold {', '.join(map(repr, self.missing))} for a rating"
            warn_caller(f"{said} and are left out." if self.n_missing else f"{said}.", ReadingWarning)
        if self.n_empty:
            said = f"{self.n_empty:,} {of_all} have no user, item or rating"
            warn_caller(f"{said} and are left out.", ReadingWarning)
