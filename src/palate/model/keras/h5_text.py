"""A long text in an HDF5 file, read without HDF5, which would allocate whatever length the file claims."""

from collections.abc import Iterator
from typing import BinaryIO

from palate.model.file.errors import Damage
from palate.model.file.json import quoted

_BLOCK = 1 << 20
_HEAP = b"GCOL"
_VARIABLE = 9  # class of data types of variable length
_DESCRIPTOR = 16  # bytes: length, address of a heap, number of the object in it
_MAX_OBJECTS = 1 << 16


def heap_text(file: BinaryIO, size: int, name: str, longest: int) -> str:
    """Return the text of the attribute `name`, whose length varies, as far as its heap goes.

    The attribute is found by its name.

    Parameters
    ----------
    file : binary file object
    size : int
        Of the file in bytes.
    name : str
    longest : int
        Of the text in bytes.

    Raises
    ------
    Damage
        If there is no such attribute, it is there in two versions, or its text is not whole in the file.
    """
    found = set(_descriptors(file, size, name))
    if len(found) != 1:
        raise Damage(f"attribute {quoted(name)} must stand in the file once; got {len(found)} versions")
    descriptor = found.pop()
    length, heap, number = (int.from_bytes(descriptor[a:b], "little") for a, b in ((0, 4), (4, 12), (12, 16)))
    longest = min(longest, size)
    if length > longest:
        raise Damage(f"attribute {quoted(name)} must be a text of at most {longest} bytes; got {length}")
    data = _heap_object(file, size, heap, number, length)
    if data is None:
        raise Damage(f"the text of attribute {quoted(name)} must stand in the file; it does not")
    try:
        return data.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        raise Damage(f"attribute {quoted(name)} must be valid Unicode text") from None


def _descriptors(file: BinaryIO, size: int, name: str) -> Iterator[bytes]:
    """Yield where the text of each attribute of this name is said to be."""
    wanted = name.encode() + b"\0"
    margin = 256
    for start in range(0, size, _BLOCK):
        begin = max(0, start - margin)
        file.seek(begin)
        block = file.read(start + _BLOCK + margin - begin)
        at = block.find(wanted)
        while at >= 0:
            descriptor = _descriptor(block, at, len(wanted))
            if descriptor is not None:
                yield descriptor
            at = block.find(wanted, at + 1)


def _descriptor(block: bytes, at: int, length: int) -> bytes | None:
    """Return the descriptor behind a name in an attribute message, or None if this is no such message."""
    for version, before in ((1, 8), (2, 8), (3, 9)):
        head = block[at - before : at] if at >= before else b""
        if len(head) < before or head[0] != version or int.from_bytes(head[2:4], "little") != length:
            continue
        sizes = [length, int.from_bytes(head[4:6], "little"), int.from_bytes(head[6:8], "little")]
        padded = [-(-part // 8) * 8 for part in sizes] if version == 1 else sizes
        kind = block[at + padded[0] : at + padded[0] + 8]
        place = at + sum(padded)
        descriptor = block[place : place + _DESCRIPTOR]
        if len(kind) == 8 and kind[0] & 0x0F == _VARIABLE and len(descriptor) == _DESCRIPTOR:
            return descriptor
    return None


def _heap_object(file: BinaryIO, size: int, heap: int, number: int, length: int) -> bytes | None:
    """Return the first `length` bytes of an object in a global heap, or None if they are not there."""
    if heap + 16 > size:
        return None
    file.seek(heap)
    head = file.read(16)
    end = min(heap + int.from_bytes(head[8:16], "little"), size)
    if head[:4] != _HEAP:
        return None
    place = heap + 16
    for _ in range(_MAX_OBJECTS):
        if place + 16 > end:
            return None
        file.seek(place)
        entry = file.read(16)
        found, stored = int.from_bytes(entry[:2], "little"), int.from_bytes(entry[8:16], "little")
        if found == number:
            return file.read(length) if length <= stored and place + 16 + length <= end else None
        if found == 0 or stored == 0:  # free space, to the end
            return None
        place += 16 + -(-stored // 8) * 8
    return None
