"""Arrays that are written to and read from a model file; axes have names, and everything is checked."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from palate.model.file.errors import Damage
from palate.model.file.json import quoted

_BLOCK = 1 << 20  # elements checked at a time: temporaries stay small beside a large model
_ROWS = 1 << 16  # strings decoded at a time, for the same reason: each is an object of 50 bytes and more


class TensorWriter:
    """Collects the arrays of a model file and what each axis of them counts."""

    def __init__(self) -> None:
        self.tensors: dict[str, np.ndarray] = {}
        self.axes: dict[str, str] = {}

    def put(self, name: str, array: np.ndarray, dtypes: str, axes: str) -> None:
        """Add an array; `dtypes` and `axes` are those that `TensorReader.take` will ask for."""
        if array.dtype not in _dtypes(dtypes):
            raise Damage(f"{_tensor(name)} must be {dtypes.replace(' ', ' or ')}; got {array.dtype}")
        self.tensors[name] = np.ascontiguousarray(array)
        self.axes[name] = axes


class TensorReader:
    """Hands out the arrays of a model file, each once, with dtype and shape checked.

    An axis is a word such as "user"; the first array to have it says how many there are and every
    later one must agree. "user+1" stands for one more than that.
    """

    def __init__(self, tensors: Mapping[str, np.ndarray], axes: Mapping[str, Any]) -> None:
        if set(axes) != set(tensors):
            odd = next(iter(sorted(set(axes) ^ set(tensors))))
            raise Damage(f"{_tensor(odd)} must be both stored and named under 'tensors' in the metadata")
        self._tensors = dict(tensors)
        self._axes = axes
        self._sizes: dict[str, tuple[int, str]] = {}

    def take(self, name: str, dtypes: str, axes: str) -> np.ndarray:
        """Return the array of this name, which must have one of these dtypes and these axes.

        Words stand between spaces.
        """
        array = self._tensors.pop(name, None)
        if array is None:
            raise Damage(f"{_tensor(name)} is missing")
        if array.dtype not in _dtypes(dtypes):
            raise Damage(f"{_tensor(name)} must be {dtypes.replace(' ', ' or ')}; got {array.dtype}")
        if self._axes[name] != axes:
            got = quoted(self._axes[name])
            raise Damage(f"{_tensor(name)} must have the axes {axes!r} in the metadata; got {got}")
        words = axes.split()
        if array.ndim != len(words):
            raise Damage(f"{_tensor(name)} must have {len(words)} dimensions ({axes}); got {array.ndim}")
        for word, size in zip(words, array.shape, strict=True):
            self._agree(name, word, size)
        return array

    def has(self, name: str) -> bool:
        """Whether an array of this name is there and not yet taken."""
        return name in self._tensors

    def within(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the arrays whose names begin so, by the rest of the name; they are then taken."""
        names = [name for name in self._tensors if name.startswith(prefix)]
        return {name.removeprefix(prefix): self._tensors.pop(name) for name in names}

    def size(self, axis: str) -> int:
        """Return the number of this axis, which some array must have had already."""
        return self._sizes[axis][0]

    def finish(self) -> None:
        """Check that nothing is left over."""
        for name in sorted(self._tensors):
            raise Damage(f"{_tensor(name)} is not part of version 1 of the format, or of this model")

    def _agree(self, name: str, word: str, size: int) -> None:
        axis, _, more = word.partition("+")
        extra = int(more or 0)
        if size < extra:
            raise Damage(f"{_tensor(name)} must have at least {extra} along {word!r}; got {size}")
        known, source = self._sizes.setdefault(axis, (size - extra, name))
        if known + extra != size:
            wanted = f"{known + extra} along {word!r} to match {source!r}"
            raise Damage(f"{_tensor(name)} must have {wanted}; got {size}")


def _tensor(name: str) -> str:
    return f"tensor {quoted(name)}"


def _dtypes(names: str) -> list[np.dtype]:
    return [np.dtype(name) for name in names.split()]


def check_all(
    name: str, array: np.ndarray, constraint: str, holds: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Check that `holds`, elementwise, for the whole array.

    The error tells the first value that fails and its position.
    """
    flat = array.reshape(-1)
    for begin, block in blocks(flat):
        good = holds(block)
        if not good.all():
            position = begin + int(np.argmin(good))
            raise Damage(f"{_tensor(name)} must be {constraint}; got {flat[position]} at position {position}")


def check_finite(name: str, array: np.ndarray) -> None:
    """Check that no value is NaN or infinite."""
    check_all(name, array, "finite", np.isfinite)


def check_ascending(name: str, array: np.ndarray, *, strictly: bool, words: str) -> None:
    """Check that a one-dimensional array ascends."""
    for begin, block in blocks(array[:-1]):
        after = array[begin + 1 : begin + 1 + len(block)]
        good = block < after if strictly else block <= after
        if not good.all():
            position = begin + int(np.argmin(good)) + 1
            got = f"{array[position]} after {array[position - 1]} at position {position}"
            raise Damage(f"{_tensor(name)} must be {words}; got {got}")


def check_offsets(name: str, offsets: np.ndarray, end: int) -> None:
    """Check that offsets start at 0, never descend and end at `end`."""
    if offsets[0] != 0:
        raise Damage(f"{_tensor(name)} must begin with 0; got {offsets[0]}")
    if offsets[-1] != end:
        raise Damage(f"{_tensor(name)} must end with {end}; got {offsets[-1]}")
    check_ascending(name, offsets, strictly=False, words="in ascending order")


def check_flags(name: str, flags: np.ndarray) -> np.ndarray:
    """Return bytes as booleans after checking that each is 0 or 1."""
    check_all(name, flags, "0 or 1", lambda block: block <= 1)
    return flags.view(np.bool_)


def put_strings(writer: TensorWriter, name: str, series: pl.Series, axis: str) -> None:
    """Add a column of strings as `<name>.bytes` (UTF-8, one after the other) and `<name>.offsets`.

    There must be no nulls.
    """
    offsets = np.zeros(len(series) + 1, dtype=np.int64)
    np.cumsum(series.str.len_bytes().to_numpy(), dtype=np.int64, out=offsets[1:])
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    for begin in range(0, len(series), _ROWS):
        text = series.slice(begin, _ROWS).str.join("").item().encode("utf-8")
        data[offsets[begin] : offsets[begin] + len(text)] = np.frombuffer(text, dtype=np.uint8)
    writer.put(f"{name}.bytes", data, "uint8", f"{name}.byte")
    writer.put(f"{name}.offsets", offsets, "int64", f"{axis}+1")


def take_strings(reader: TensorReader, name: str, axis: str) -> pl.Series:
    """Return the column of strings that `put_strings` added, after checking offsets and UTF-8."""
    offsets = reader.take(f"{name}.offsets", "int64", f"{axis}+1")
    data = reader.take(f"{name}.bytes", "uint8", f"{name}.byte")
    check_offsets(f"{name}.offsets", offsets, len(data))
    parts = [
        pl.Series(_decoded(f"{name}.bytes", data, offsets[begin : begin + _ROWS + 1], begin), dtype=pl.String)
        for begin in range(0, len(offsets) - 1, _ROWS)
    ]
    return pl.concat(parts) if parts else pl.Series([], dtype=pl.String)


def _decoded(name: str, data: np.ndarray, offsets: np.ndarray, first_row: int) -> list[str]:
    start = int(offsets[0])
    raw = data[start : int(offsets[-1])].tobytes()
    bounds = (offsets - start).tolist()
    if raw.isascii():
        text = raw.decode("ascii")
        return [text[begin:end] for begin, end in itertools.pairwise(bounds)]
    strings = []
    for row, (begin, end) in enumerate(itertools.pairwise(bounds)):
        try:
            strings.append(raw[begin:end].decode("utf-8"))
        except UnicodeDecodeError as error:
            where = f"{error.reason} in string {first_row + row}"
            raise Damage(f"{_tensor(name)} must be valid UTF-8; {where}") from None
    return strings


def blocks(array: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield an array a block at a time, each with where it begins."""
    for begin in range(0, len(array), _BLOCK):
        yield begin, array[begin : begin + _BLOCK]
