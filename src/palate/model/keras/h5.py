"""HDF5 as a Keras file may use it: plain groups and plain tables.

Everything else that the format can do is refused unread.

HDF5 can point into other files, promise tables of any size in a few bytes and unpack what it reads.
None of that is followed: a table is read only if it stands in this file, whole, uncompressed, and
is as large as it says.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from palate._requiring import require
from palate.model.file.errors import Damage
from palate.model.file.json import quoted
from palate.model.keras.h5_text import heap_text

if TYPE_CHECKING:
    import h5py


MAX_MEMBERS = 2000  # of one group; a model of the lesson has a dozen
MAX_TEXT = 1 << 24
_DEPTH = 4
_FLOATS = (2, 4, 8)
_INTERNAL = (OSError, KeyError, RuntimeError, TypeError, ValueError, OverflowError, MemoryError, UnicodeError)


def require_h5py() -> Any:
    """Return the module h5py.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to.
    """
    return require("h5py", "h5py", "keras-files", "a Keras file")


@contextmanager
def opened(source: BinaryIO, size: int) -> Iterator["Hdf5"]:
    """Open a binary file object of `size` bytes as HDF5; what HDF5 finds wrong becomes `Damage`."""
    h5py = require_h5py()
    try:
        with h5py.File(source, "r") as file:
            yield Hdf5(h5py, file, source, size)
    except _INTERNAL as error:
        raise Damage(f"it must be a whole HDF5 file; HDF5 says: {quoted(str(error))}") from error


class Hdf5:
    """A file opened for reading, and the few questions that may be asked of it."""

    def __init__(self, h5py: ModuleType, file: "h5py.File", source: BinaryIO, size: int) -> None:
        self._h5py, self.root, self._source, self._size = h5py, file, source, size

    def names(self, group: "h5py.Group") -> list[str]:
        """Return the names of a group's members."""
        if len(group) > MAX_MEMBERS:
            raise Damage(f"{_place(group)} must have at most {MAX_MEMBERS} members; got {len(group)}")
        return list(group)

    def child(self, parent: "h5py.Group", name: str) -> Any:
        """Return a group or table by its name, or None if there is none."""
        if "/" in name or name in ("", ".") or name not in self.names(parent):
            return None
        link = parent.get(name, getlink=True)
        if not isinstance(link, self._h5py.HardLink):
            member = f"{quoted(name)} is a {type(link).__name__} to elsewhere"
            raise Damage(f"{_place(parent)} must hold its members itself; {member}")
        found = parent[name]
        if not isinstance(found, self._h5py.Group | self._h5py.Dataset):
            member = f"{quoted(name)} is a {type(found).__name__}"
            raise Damage(f"{_place(parent)} must hold groups and tables; {member}")
        return found

    def group(self, parent: "h5py.Group", name: str) -> Any:
        """Return a group by its name, or None if there is none."""
        found = self.child(parent, name)
        if found is not None and not isinstance(found, self._h5py.Group):
            raise Damage(f"{_place(found)} must be a group; got a table")
        return found

    def tables(self, group: "h5py.Group", depth: int = _DEPTH) -> list[Any]:
        """Return the tables in a group and in the groups within it."""
        found: list[Any] = []
        if depth == 0:
            raise Damage(f"{_place(group)} must be nested at most {_DEPTH} deep")
        for name in self.names(group):
            member = self.child(group, name)
            found += [member] if isinstance(member, self._h5py.Dataset) else self.tables(member, depth - 1)
            if len(found) > MAX_MEMBERS:
                raise Damage(f"{_place(group)} must hold at most {MAX_MEMBERS} tables")
        return found

    def text(self, name: str) -> str | None:
        """Return an attribute of the file that is one text, or None if there is none."""
        if name not in self.root.attrs:
            return None
        attribute = self.root.attrs.get_id(name)
        kind = self._h5py.check_string_dtype(attribute.dtype)
        if attribute.shape != () or kind is None or (kind.length or 0) > MAX_TEXT:
            got = f"{attribute.dtype} of shape {attribute.shape}"
            raise Damage(f"attribute {quoted(name)} must be one text; got {got}")
        if kind.length is not None:
            return bytes(self.root.attrs[name]).rstrip(b"\0").decode("utf-8")
        if self.root.id.get_create_plist().get_sizes() != (8, 8):
            raise Damage("its addresses and lengths must be of 8 bytes")
        return heap_text(self._source, self._size, name, MAX_TEXT)

    def matrix(self, table: "h5py.Dataset") -> np.ndarray:
        """Return a table of floats with two dimensions as float32, if the file holds it all."""
        what = f"table {_place(table)}"
        kind = table.dtype
        if kind.kind != "f" or kind.itemsize not in _FLOATS or kind.subdtype is not None:
            raise Damage(f"{what} must hold floating-point numbers; got {quoted(str(kind))}")
        if table.shape is None or len(table.shape) != 2 or min(table.shape) < 1:
            raise Damage(f"{what} must have rows and columns; got shape {table.shape}")
        if table.is_virtual or table.external:
            where = "a virtual table over others" if table.is_virtual else "kept in another file"
            raise Damage(f"{what} must stand in the file itself; it is {where}")
        plain = table.id.get_create_plist()
        if plain.get_nfilters() or table.chunks is not None:
            must = "be stored whole and uncompressed, as Keras does"
            raise Damage(f"{what} must {must}; it is in chunks or compressed")
        wanted = int(table.shape[0]) * int(table.shape[1]) * kind.itemsize
        stored = int(table.id.get_storage_size())
        begin = table.id.get_offset()
        end = wanted if begin is None else begin + wanted
        if stored != wanted or end > self._size:
            numbers = f"{table.shape[0]} x {table.shape[1]} numbers are {wanted} bytes"
            there = f"the file has {min(stored, self._size)} for them"
            raise Damage(f"{what} must hold what its shape says; {numbers}, and {there}")
        values = np.empty(table.shape, kind)
        table.read_direct(values)
        result = np.ascontiguousarray(values, dtype=np.float32)
        if not np.isfinite(result).all():
            raise Damage(f"{what} must hold finite numbers")
        return result


def _place(thing: "h5py.Group | h5py.Dataset") -> str:
    return quoted(thing.name or "?")
