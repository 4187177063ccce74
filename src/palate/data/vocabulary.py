"""The ids of one side of a rating table: users or items."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate._parallel import check_threads, even_bounds, run_chunks
from palate.data.forks import filled, sorted_distinct, threads_lost
from palate.data.ids import KIND_NAMES, CodedIds, WhereRow, has_surrogate, id_column, kind_of_type, row_label
from palate.data.series import to_series

_DTYPES = {"int": pl.Int64, "uint": pl.UInt64, "str": pl.String, "uuid": pl.String}
_CHUNK = 1 << 20  # rows looked up at a time: keeps the temporary arrays small beside 20 million ids
_IN_CACHE = 1 << 17  # of integers, whose temporary arrays then stay in a cache
_TABLE_MIN = 1 << 16  # a lookup table this small is always worth it


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """The sorted, distinct ids of one side; the index of an id is its position.

    Ids keep their type: `1` and `"1"` are different ids, and `True` and `1.0` are not ids. Strings
    are ordered and compared by code point, and are not stripped or normalized.

    Parameters
    ----------
    values : polars.Series
        Int64, UInt64 or String; strictly ascending, no nulls.
    kind : {"int", "uint", "str", "uuid"}
        "uint" is for ids beyond int64; UUIDs are kept as canonical strings and handed out as `uuid.UUID`.

    Raises
    ------
    ValueError
        If the values are not of the kind's type, not ascending, repeated or null.

    Examples
    --------
    >>> users = Vocabulary.from_ids(["bo", "al", "bo"])
    >>> len(users), users.ids(), users.index("bo")
    (2, ['al', 'bo'], 1)
    >>> users.indices(["bo", "zoe"])
    array([ 1, -1])
    """

    values: pl.Series
    kind: str

    def __post_init__(self) -> None:
        if self.kind not in _DTYPES:
            raise ArgumentError("kind of a vocabulary", f"be one of {', '.join(_DTYPES)}", f"{self.kind!r}")
        if self.values.dtype != _DTYPES[self.kind] or self.values.null_count():
            raise ValueError(
                f"a vocabulary of kind {self.kind!r} must hold {_DTYPES[self.kind].__name__} without nulls."
            )
        if len(self.values) > 1 and not bool(
            (self.values.slice(1) > self.values.slice(0, len(self.values) - 1)).all()
        ):
            said = "values of a vocabulary must be strictly ascending; use Vocabulary.from_ids for others."
            raise ValueError(said)

    @classmethod
    def from_ids(cls, values: object, what: str = "ids") -> "Vocabulary":
        """Return the vocabulary of the distinct ids in `values`.

        `values` is a column, an array or a list, in any order.

        `what` names the column in messages.

        Raises
        ------
        TypeError, ValueError
            If a value is neither an integer, text nor a UUID.
        """
        series, kind = id_column(values, what)
        return cls(sorted_distinct(series).cast(_DTYPES[kind]).alias("id"), kind)

    @classmethod
    def numbered(cls, n: int) -> "Vocabulary":
        """Return the vocabulary of the integers from 0 to `n` - 1.

        Examples
        --------
        >>> Vocabulary.numbered(3).ids().tolist()
        [0, 1, 2]
        """
        return cls(pl.Series("id", np.arange(n, dtype=np.int64)), "int")

    @classmethod
    def encode(
        cls, values: object, what: str = "ids", where: WhereRow = row_label
    ) -> tuple["Vocabulary", np.ndarray]:
        """Return the vocabulary of the ids and the int32 index of every row in it.

        Parameters
        ----------
        values : column, array, iterable or CodedIds
        what : str
            What to call the column in a message.
        where : callable
            Turns a row number into words.

        Raises
        ------
        TypeError, ValueError
            If a value cannot be an id, see `palate.data.ids.id_column`.
        """
        if isinstance(values, CodedIds):
            codes = values.codes
            ids, kind = id_column(values.values, what, lambda code: where(int(np.argmax(codes == code))))
            vocabulary = cls(ids.sort().cast(_DTYPES[kind]).alias("id"), kind)
            return vocabulary, vocabulary._match(ids)[codes]
        series, kind = id_column(values, what, where)
        vocabulary = cls(_distinct(series, kind).cast(_DTYPES[kind]).alias("id"), kind)
        return vocabulary, vocabulary._match(series)

    def __len__(self) -> int:
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.kind == other.kind and self.values.equals(other.values)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(repr(self.id(index)) for index in range(min(3, len(self))))
        return f"Vocabulary({len(self):,} {self.type_name} ids: {shown}{', ...' if len(self) > 3 else ''})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.values, self.kind)  # without the lookup tables

    @property
    def type_name(self) -> str:
        """The kind in words: "integer", "string" or "UUID"."""
        return KIND_NAMES[self.kind]

    def ids(self) -> Any:
        """Return all ids in the caller's type.

        The type is an int64 or uint64 array, or a list of `str` or `uuid.UUID`.
        """
        if self.kind in ("int", "uint"):
            return self.values.to_numpy()
        values = self.values.to_list()
        return [UUID(value) for value in values] if self.kind == "uuid" else values

    def id(self, index: int) -> int | str | UUID:
        """Return the id at the position `index`."""
        if not 0 <= index < len(self):
            raise IndexError(f"index must be between 0 and {len(self) - 1}; got {index}.")
        value = self.values[int(index)]
        return UUID(value) if self.kind == "uuid" else value

    def take(self, index: np.ndarray) -> pl.Series:
        """Return the ids at the positions `index` as a Polars series (UUIDs as strings)."""
        return self.values[index]

    def index(self, id: object, what: str = "id") -> int:  # noqa: A002 - the word of the field
        """Return the position of one id.

        Parameters
        ----------
        id : int, str or uuid.UUID
        what : str
            What to call the id in a message, such as "user id".

        Raises
        ------
        KeyError
            If it is unknown; the message says which type of id this vocabulary holds when the type
            is the reason.
        """
        position = self._position(id)
        if position < 0:
            raise KeyError(self.unknown(id, what))
        return position

    def knows(self, id: object, what: str = "id") -> bool:  # noqa: A002
        """Return whether the vocabulary contains an id.

        Parameters
        ----------
        id : int, str or uuid.UUID
        what : str
            What to call the id in a message.

        Raises
        ------
        KeyError
            If it has another type than the ids of the vocabulary.
        """
        if not self.has_type(id):
            raise KeyError(self.unknown(id, what))
        return self._position(id) >= 0

    def has_type(self, id: object) -> bool:  # noqa: A002
        """Return whether an `id` has the type of the ids of the vocabulary, known or not.

        Examples
        --------
        >>> users = Vocabulary.from_ids([3, 7])
        >>> users.has_type(5), users.has_type("5")
        (True, False)
        """
        kind = kind_of_type(type(id))
        return kind is not None and KIND_NAMES[kind] == self.type_name

    def unknown(self, id: object, what: str = "id") -> str:  # noqa: A002
        """Return the message for an unknown id.

        Parameters
        ----------
        id : object
        what : str
            What to call the id.
        """
        if not self.has_type(id):
            return (
                f"unknown {what} {id!r}: the ids of this model are {self.type_name}s, but this is "
                f"of type {type(id).__name__}.{self._meant(id)}"
            )
        return f"unknown {what} {id!r}."

    def _meant(self, id: object) -> str:  # noqa: A002
        """Return a sentence on the id that is meant by one of another type, after a blank; empty for none."""
        try:
            found = self.parse(str(id))
            return f" Did you mean {found!r}?" if self.indices([found])[0] >= 0 else ""
        except (ValueError, TypeError, OverflowError):
            return ""

    def indices(self, ids: object) -> np.ndarray:
        """Return the position of each of `ids`, int64; -1 where an id is unknown or of another type."""
        series = to_series(ids)
        if series.dtype == pl.Object:
            return np.array([self._position(value) for value in series.to_list()], dtype=np.int64)
        return self._match(series).astype(np.int64)

    def parse(self, text: str, what: str = "id") -> int | str | UUID:
        """Return the id that a text from a command line or an address stands for (known or not).

        Parameters
        ----------
        text : str
        what : str
            What to call the id in a message.

        Raises
        ------
        ValueError
            If the ids are integers or UUIDs and the text is not.
        """
        if self.kind == "str":
            return text
        try:
            return UUID(text) if self.kind == "uuid" else int(text)
        except ValueError:
            article = "an" if self.type_name == "integer" else "a"
            must = f"be {article} {self.type_name}, as in the ratings"
            raise ArgumentError(what, must, f"{text!r}") from None

    def _position(self, value: Any) -> int:
        """Return the position of one value or -1, by bisection: no table is built for a single question."""
        kind = kind_of_type(type(value))
        if kind is None or (
            KIND_NAMES[kind] != self.type_name and not (self.kind == "uuid" and kind == "str")
        ):
            return -1
        if self.type_name == "integer":
            value = int(value)
            if not len(self) or not self.values[0] <= value <= self.values[-1]:
                return -1
            value = np.dtype(np.int64 if self.kind == "int" else np.uint64).type(value)
            found = int(np.searchsorted(self._numbers, value))
        else:
            value = str(value)
            if has_surrogate(value):
                return -1
            found = bisect_left(self.values, value)
        return found if found < len(self) and self.values[found] == value else -1

    def _match(self, series: pl.Series) -> np.ndarray:
        """Return the int32 position of every value of a typed series, -1 where it is not here."""
        dtype = series.dtype
        if isinstance(dtype, pl.Categorical | pl.Enum):
            series = series.cast(pl.String)
        same = series.dtype == pl.String if self.type_name != "integer" else dtype.is_integer()
        if not same or not len(self):
            return np.full(len(series), -1, dtype=np.int32)
        if self._table is not None and not series.null_count() and series.dtype not in (pl.UInt64, pl.Int128):
            low, table = self._table
            return _look_up(series.to_numpy(), low, table)
        return self._join(series)

    def _join(self, series: pl.Series) -> np.ndarray:
        if threads_lost():
            return np.array([self._position(value) for value in series.to_list()], dtype=np.int32)
        known = pl.DataFrame({"id": self.values, "index": np.arange(len(self), dtype=np.int32)})
        out = np.empty(len(series), dtype=np.int32)
        rows = max(_CHUNK, len(self))
        for start in range(0, len(series), rows):
            part = series.slice(start, rows).cast(self.values.dtype, strict=False)
            found = pl.DataFrame({"id": part}).join(known, on="id", how="left", maintain_order="left")
            out[start : start + len(part)] = filled(found["index"], -1).to_numpy()
        return out

    @cached_property
    def _numbers(self) -> np.ndarray:
        return self.values.to_numpy()

    @cached_property
    def _table(self) -> tuple[int, np.ndarray] | None:
        """Lookup table (lowest id, position per id or -1) of integer ids that lie close together."""
        if self.kind != "int" or not len(self):
            return None
        low, high = int(self.values[0]), int(self.values[-1])
        if high - low >= max(8 * len(self), _TABLE_MIN):
            return None
        table = np.full(high - low + 1, -1, dtype=np.int32)
        table[self._numbers - low] = np.arange(len(self), dtype=np.int32)
        return low, table


def _distinct(ids: pl.Series, kind: str) -> pl.Series:
    """Return the different ids, ascending; close integers by marks in a table, cheaper than hashing."""
    if kind != "int" or not len(ids):
        return sorted_distinct(ids)
    low, high = int(ids.min()), int(ids.max())  # type: ignore[arg-type]
    if high - low >= max(len(ids), _TABLE_MIN):
        return sorted_distinct(ids)
    numbers, seen = ids.to_numpy(), np.zeros(high - low + 1, dtype=bool)
    for start in range(0, len(numbers), _IN_CACHE):
        seen[numbers[start : start + _IN_CACHE].astype(np.int64) - low] = True
    return pl.Series(np.flatnonzero(seen) + low)


def _look_up(numbers: np.ndarray, low: int, table: np.ndarray) -> np.ndarray:
    out = np.empty(len(numbers), dtype=np.int32)

    def run(start: int, stop: int) -> None:
        # A difference that wraps around can only land outside the table, because low + len(table) fits int64.
        offset = numbers[start:stop].astype(np.int64) - low
        inside = (offset >= 0) & (offset < len(table))
        out[start:stop] = np.where(inside, table[np.where(inside, offset, 0)], np.int32(-1))

    run_chunks(run, even_bounds(len(numbers), _IN_CACHE), check_threads(None))
    return out


def rows_at(table: np.ndarray, index: np.ndarray, fill: float = 0.0, axis: int = 0) -> np.ndarray:
    """Return the rows of a table that an index names, along an axis; -1 names a row of `fill`.

    Examples
    --------
    >>> rows_at(np.array([5, 6]), np.array([1, -1, 0])).tolist()
    [6, 0, 5]
    """
    known = index >= 0
    shape = (*table.shape[:axis], len(index), *table.shape[axis + 1 :])
    out = np.full(shape, fill, table.dtype)
    np.moveaxis(out, axis, 0)[known] = np.moveaxis(table, axis, 0)[index[known]]
    return out


def entries_at(indptr: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the entries of compressed rows stand (none for -1), and where each row then starts."""
    start = np.where(index < 0, 0, indptr[index])
    counts = np.where(index < 0, 0, indptr[index + 1] - start)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return np.arange(starts[-1]) + np.repeat(start - starts[:-1], counts), starts
