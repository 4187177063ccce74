"""Columns that grow block by block, in as few bytes as their values need."""

from typing import Any

import numpy as np
import polars as pl

from palate.data.ids import CodedIds

_AT_ONCE = 1 << 20  # rows of ids that are numbered together, at least


class NotWhole(Exception):
    """Ids taken for whole numbers turn out to be text; tells the reader to begin again."""

    role = ""  # of their column


class Numbers:
    """A column of arrays."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []

    def add(self, column: Any) -> None:
        """Append a block's values."""
        self.arrays.append(np.array(column))  # a copy, so that no block is kept alive by a view of it

    def finish(self) -> Any:
        """Return the whole column."""
        return _end_to_end(self.arrays)


def _end_to_end(arrays: list[np.ndarray]) -> np.ndarray:
    """Return arrays as one, and empty their list on the way: what is copied is freed."""
    if len(arrays) == 1:
        return arrays.pop()
    end = sum(map(len, arrays))
    out = np.empty(end, np.result_type(*{array.dtype for array in arrays}))
    while arrays:
        array = arrays.pop()
        out[end - len(array) : end] = array
        end -= len(array)
    return out


class Integers:
    """A column of ids that are integers: in 32 bits if all fit, else as `Keys` of a type that holds all.

    As text they may be of any width.
    """

    def __init__(self, dtype: pl.DataType | None = None) -> None:
        self.dtype = dtype or pl.Int64()
        self.narrow = Numbers()
        self.wide: Keys | None = None

    def add(self, column: pl.Series) -> None:
        """Append a block's values, none of them null."""
        if self.wide is None:
            numbers = column.cast(pl.Int32, strict=False)
            if not numbers.null_count():
                self.narrow.add(numbers)
                return
            self.wide = Keys()
            for array in self.narrow.arrays:
                self.wide.add(pl.Series(array).cast(self.dtype))
            self.narrow.arrays.clear()
        self.wide.add(column.cast(self.dtype))

    def finish(self) -> Any:
        """Return the whole column, an array or `CodedIds`."""
        if self.wide is None:
            return self.narrow.finish()
        coded = self.wide.finish()
        return CodedIds(coded.values.cast(pl.Int128), coded.codes) if self.dtype == pl.String else coded


class Ids(Integers):
    """A column of ids that are whole numbers written plainly.

    "7" is one, but not "07" or "+7", which would become another id.
    """

    def add(self, column: pl.Series) -> None:
        numbers = column.cast(pl.Int64, strict=False)
        if numbers.null_count() or not _written_plainly(column, numbers.to_numpy()):
            raise NotWhole
        super().add(numbers)


def _written_plainly(column: pl.Series, numbers: np.ndarray) -> bool:
    """Return whether each text is the shortest form of its number, by counting its characters."""
    digits = len(numbers) + int(np.count_nonzero(numbers < 0))
    size = np.abs(numbers)  # the lowest int64 has no absolute value: it is counted by its own sign
    size[numbers == np.iinfo(np.int64).min] = np.iinfo(np.int64).max
    most, power = int(size.max(initial=0)), 10
    while power <= most:
        digits += int(np.count_nonzero(size >= power))
        power *= 10
    return digits == int(column.str.len_bytes().sum() or 0)


def is_plain(text: str) -> bool:
    """Return whether a text is a whole number of 64 bits in its shortest form."""
    try:
        return str(int(text)) == text and -(2**63) <= int(text) < 2**63
    except ValueError:
        return False


def whole_numbers(texts: pl.Series) -> pl.Series:
    """Return texts as integers if all are whole numbers in their shortest form, else as they are."""
    numbers = texts.cast(pl.Int64, strict=False)
    return numbers if numbers.cast(pl.String).equals(texts) else texts


class Texts:
    """A column of texts, missing ones among them."""

    def __init__(self) -> None:
        self.series: list[pl.Series] = []

    def add(self, column: pl.Series) -> None:
        """Append a block's values."""
        self.series.append(column)

    def finish(self) -> pl.Series:
        """Return the whole column."""
        return pl.concat(self.series)


class Keys:
    """A column of ids that repeat: each distinct one once, as they appear, and a number for each row.

    Blocks wait until they have as many rows as there are distinct ids, so that these are looked up
    in a table that is rarely made anew.
    """

    def __init__(self) -> None:
        self.known = pl.DataFrame()
        self.codes: list[np.ndarray] = []
        self.waiting: list[pl.Series] = []
        self.n_waiting = 0

    def add(self, column: pl.Series) -> None:
        """Append a block's values, none of them null."""
        self.waiting.append(column)
        self.n_waiting += len(column)
        if self.n_waiting >= max(_AT_ONCE, self.known.height):
            self._number()

    def _number(self) -> None:
        """Turn the blocks that wait into numbers."""
        ids = pl.concat(self.waiting)
        self.waiting, self.n_waiting = [], 0
        codes = _look_up(ids, self.known) if self.known.height else np.full(len(ids), -1, np.int32)
        unknown = codes < 0
        if unknown.any() or not self.known.width:
            ids = ids.filter(unknown)
            first = self.known.height
            distinct = ids.unique(maintain_order=True)
            codes_of = np.arange(first, first + len(distinct), dtype=np.int32)
            new = pl.DataFrame({"id": distinct, "code": codes_of})
            self.known = pl.concat([self.known, new]) if first else new
            codes[unknown] = _look_up(ids, new)
        self.codes.append(codes)

    def finish(self) -> CodedIds:
        """Return the whole column."""
        if self.waiting:
            self._number()
        known, self.known = self.known, pl.DataFrame()
        return CodedIds(known["id"].rechunk(), _end_to_end(self.codes))


def _look_up(ids: pl.Series, known: pl.DataFrame) -> np.ndarray:
    """Return the number of each id, -1 for one that is not known."""
    found = pl.DataFrame({"id": ids}).join(known, on="id", how="left", maintain_order="left")["code"]
    return found.fill_null(-1).to_numpy().copy()
