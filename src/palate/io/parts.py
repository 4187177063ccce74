"""Columns that grow block by block, in as few bytes as their values need."""

from typing import Any

import numpy as np
import polars as pl

from palate.data.ids import CodedIds

_NARROW = np.iinfo(np.int32)


class NotWhole(Exception):
    """Ids taken for whole numbers turn out to be text; tells the reader to begin again."""

    def __init__(self, role: str) -> None:
        super().__init__(role)
        self.role = role


class Numbers:
    """A column of arrays."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.arrays: list[np.ndarray] = []

    def add(self, column: Any) -> None:
        """Append a block's values."""
        self.arrays.append(np.array(column))  # a copy, so that no block is kept alive by a view of it

    def finish(self) -> Any:
        """Return the whole column."""
        arrays, self.arrays = self.arrays, []
        return np.concatenate(arrays) if len(arrays) != 1 else arrays[0]


class Ids(Numbers):
    """A column of ids that are whole numbers written plainly.

    "7" is one, but not "07" or "+7", which would become another id.
    """

    def add(self, column: pl.Series) -> None:
        numbers = column.cast(pl.Int64, strict=False)
        if numbers.null_count() or not _written_plainly(column, numbers.to_numpy()):
            raise NotWhole(self.role)
        array = numbers.to_numpy()
        narrow = not len(array) or (array.min() >= _NARROW.min and array.max() <= _NARROW.max)
        self.arrays.append(array.astype(np.int32 if narrow else np.int64))


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


class Texts:
    """A column of texts, missing ones among them."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.series: list[pl.Series] = []

    def add(self, column: pl.Series) -> None:
        """Append a block's values."""
        self.series.append(column)

    def finish(self) -> pl.Series:
        """Return the whole column."""
        return pl.concat(self.series)


class Keys:
    """A column of ids that are text and repeat: each distinct one once, and a number for each row."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.known = pl.DataFrame(schema={"text": pl.String, "code": pl.Int32})
        self.codes: list[np.ndarray] = []

    def add(self, column: pl.Series) -> None:
        """Append a block's values."""
        texts = pl.DataFrame({"text": column})
        new = texts.unique().join(self.known, on="text", how="anti")
        codes = np.arange(self.known.height, self.known.height + new.height, dtype=np.int32)
        self.known = pl.concat([self.known, new.with_columns(pl.Series("code", codes))])
        found = texts.join(self.known, on="text", how="left", maintain_order="left")
        self.codes.append(found["code"].to_numpy().copy())

    def finish(self) -> CodedIds:
        """Return the whole column."""
        codes, self.codes = self.codes, []
        return CodedIds(self.known["text"].rechunk(), np.concatenate(codes) if len(codes) != 1 else codes[0])
