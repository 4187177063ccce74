"""The container: named arrays and a JSON object in a signed safetensors file, of which nothing is trusted.

Layout: 8 bytes header length, the header (ASCII JSON, padded with spaces to a multiple of 8), the
arrays. The header starts with the same characters in every file, so that the 64 digits of the
SHA-256 stand at a fixed place.

The header is parsed here and not by the safetensors library, which accepts more than this format
allows; the arrays are then read straight into their final memory while the digest runs over them.
They are not mapped: a mapped file that is cut off later kills the process, and one that is
overwritten changes the model under its owner.
"""

import hashlib
import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from palate.model.file.errors import Damage
from palate.model.file.json import dump_json, parse_json, quoted

FORMAT = "palate model"
VERSION = 1
MAX_HEADER = 4 << 20
MAX_TENSORS = 4096
MAX_DIMENSIONS = 8

# By their names in safetensors, which have the number of bits where NumPy's have that of bytes.
DTYPES: dict[str, np.dtype[Any]] = {
    name: np.dtype(f"<{name[0].lower()}{int(name[1:]) // 8}")
    for name in ("I64", "U64", "F64", "I32", "U32", "F32", "I16", "U16", "I8", "U8")
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}

_ZEROS = "0" * 64
_START = re.compile(
    rb'\{"__metadata__":\{"palate":"\{\\"format\\":\\"palate '
    rb'model\\",\\"version\\":(\d{1,9}),\\"sha256\\":\\"'
)
_MODEL = b'{"__metadata__":{"palate":'
_DIGITS = re.compile(rb"[0-9a-f]{64}")
_TEXT = re.compile(rb"(\xef\xbb\xbf)?[\t\n\r\x20-\x7e]+")
_PIECE = 1 << 20  # bytes read and hashed at a time, so that the digest finds them in the cache

_FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", "it is an HDF5 file (Keras weights?)"),
    (b"PK\x03\x04", "it is a zip archive"),
    (b"\x1f\x8b", "it is a gzip file"),
    (b"PAR1", "it is a Parquet file"),
    (b"ARROW1", "it is an Arrow file"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05]", re.DOTALL)


@dataclass(frozen=True)
class TensorEntry:
    """What the header says about one array; offsets are bytes from the end of the header."""

    dtype: np.dtype
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """A checked header: arrays in order, metadata, its bytes, and the place of its digest."""

    tensors: Mapping[str, TensorEntry]
    metadata: dict[str, Any]
    raw: bytes
    digest_at: int


def encode(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> list[bytes | memoryview]:
    """Return the bytes of a file as a list of pieces; the arrays among them are views, not copies.

    Arrays are put in the order of safetensors' own writer (widest type first, then by name), which
    aligns each to its type. The same arrays and metadata give the same bytes.
    """
    ordered = sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0]))
    entries: dict[str, Any] = {}
    begin = 0
    for name, array in ordered:
        end = begin + array.nbytes
        dtype, shape = _NAMES.get(array.dtype), list(array.shape)
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
        begin = end
    inner = dump_json({"format": FORMAT, "version": VERSION, "sha256": _ZEROS, **metadata})
    header = dump_json({"__metadata__": {"palate": inner}, **entries}).encode("ascii")
    header += b" " * (-len(header) % 8)
    if len(header) > MAX_HEADER:
        raise Damage(f"the metadata must fit {MAX_HEADER} bytes; got {len(header)}")
    parse_header(header, begin)  # refuse now what would be refused on reading: too many values, too deep
    data = [_bytes_of(array) for _, array in ordered]
    return [len(header).to_bytes(8, "little"), sign(header, data), *data]


def sign(header: bytes, data: Sequence[bytes | memoryview]) -> bytes:
    """Return the header with its digest set to that of the file with these data."""
    at = _digest_position(header)
    header = header[:at] + _ZEROS.encode() + header[at + 64 :]
    digest = hashlib.sha256(len(header).to_bytes(8, "little"))
    for piece in (header, *data):
        digest.update(piece)
    return header[:at] + digest.hexdigest().encode() + header[at + 64 :]


def decode(stream: BinaryIO, size: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read a file of `size` bytes; return its arrays, each owning its memory, and its metadata.

    Raises
    ------
    Damage
        If anything is not as `encode` writes it. Nothing is interpreted beyond the header until the
        digest has matched.
    """
    header = read_header(stream, size)
    at = header.digest_at
    digest = hashlib.sha256(len(header.raw).to_bytes(8, "little"))
    digest.update(header.raw[:at] + _ZEROS.encode() + header.raw[at + 64 :])
    tensors = {}
    for name, entry in header.tensors.items():
        tensors[name] = array = np.empty(entry.shape, dtype=entry.dtype)
        view = _bytes_of(array)
        for start in range(0, len(view), _PIECE):
            _read_into(stream, view[start : start + _PIECE])
            digest.update(view[start : start + _PIECE])
    if digest.hexdigest().encode() != header.raw[at : at + 64]:
        why = "so it was damaged or altered after it was saved"
        raise Damage(f"its content does not match its SHA-256, {why}")
    return tensors, header.metadata


def begins_like_a_model(start: bytes) -> bool:
    """Return whether the first bytes of a file, 64 or more, are those of a model of any version.

    >>> begins_like_a_model(b"user_id,item_id,rating")
    False
    """
    return start[8:].startswith(_MODEL)


def read_header(stream: BinaryIO, size: int) -> Header:
    """Read and check the header of a file of `size` bytes, which must be as long as the header says."""
    if size == 0:
        raise Damage("it is empty")
    start = stream.read(8)
    _check_not_foreign(start)
    if len(start) < 8 or size < 8:
        raise Damage(f"it ends after {size} bytes, inside the header's length")
    length = int.from_bytes(start, "little")
    if length > size - 8:
        what = f"its header must end within the file of {size} bytes, but is said to take {length}"
        raise Damage(f"{what}; it is cut off or foreign")
    if length > MAX_HEADER:
        raise Damage(f"its header must take at most {MAX_HEADER} bytes; got {length}")
    raw = bytearray(length)
    _read_into(stream, memoryview(raw))
    return parse_header(bytes(raw), size - 8 - length)


def parse_header(raw: bytes, n_data: int) -> Header:
    """Check a header against the number of bytes that follow it."""
    digest_at = _digest_position(raw)
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError as error:
        got = f"byte {raw[error.start]:#04x} at position {error.start}"
        raise Damage(f"its header must be ASCII; got {got}") from None
    values = parse_json(text, "its header")
    outer = values.pop("__metadata__", None)
    if not isinstance(outer, dict) or list(outer) != ["palate"] or not isinstance(outer["palate"], str):
        raise Damage("the header's __metadata__ must hold one string named 'palate' and nothing else")
    entries = _check_entries(values, n_data)
    metadata = parse_json(outer["palate"], "its metadata")
    if metadata.pop("sha256").encode() != raw[digest_at : digest_at + 64]:
        raise Damage("its SHA-256 must be 64 lower-case hexadecimal digits")
    del metadata["format"], metadata["version"]  # read at their fixed place already
    return Header(entries, metadata, raw, digest_at)


def _check_not_foreign(start: bytes) -> None:
    for magic, words in _FOREIGN:
        if start.startswith(magic):
            raise Damage(f"{words}, not a palate model")
    # The length of a header may begin like a pickle, but it ends with zeros.
    if _PICKLE.match(start) and any(start[3:]):
        raise Damage("it is a pickle, which palate never loads, not a palate model")
    if _TEXT.fullmatch(start):  # the length of a header always holds zero bytes
        what = "it is text, such as a CSV table of ratings, not a palate model"
        raise Damage(f"{what}; train a model on the ratings first")


def _digest_position(raw: bytes) -> int:
    """Return where the 64 digits stand; on the way check format and version, which come before them."""
    match = _START.match(raw)
    if match is None:
        kind = "a safetensors file" if raw.startswith(b"{") else "a file"
        must = f"begin with the name of the format, {FORMAT!r}"
        raise Damage(f"its header must {must}; it is damaged, or {kind} of another program")
    version = int(match[1])
    if version > VERSION:
        known = f"it has version {version} of the format and this palate reads up to {VERSION}"
        raise Damage(f"{known}: upgrade palate to load it")
    if version < 1 or match[1] != str(version).encode():
        raise Damage(f"its version must be a whole number from 1; got {match[1].decode()}")
    if not _DIGITS.match(raw, match.end()):
        raise Damage("its SHA-256 must be 64 lower-case hexadecimal digits")
    return match.end()


def _check_entries(values: dict[str, Any], n_data: int) -> dict[str, TensorEntry]:
    """Return the arrays in the order of their bytes, which they must cover without hole or overlap."""
    if len(values) > MAX_TENSORS:
        raise Damage(f"it must have at most {MAX_TENSORS} tensors; got {len(values)}")
    entries = {name: _check_entry(name, value, n_data) for name, value in values.items()}
    ordered = dict(sorted(entries.items(), key=lambda item: (item[1].begin, item[1].end)))
    position = 0
    for name, entry in ordered.items():
        if entry.begin != position:
            kind = "leaves a hole" if entry.begin > position else "overlaps another"
            got = f"{entry.begin}, which {kind}"
            raise Damage(f"tensor {quoted(name)} must begin at byte {position} of the data; got {got}")
        position = entry.end
    if position != n_data:
        must = f"take the {n_data} bytes after the header; they take {position}"
        raise Damage(f"its tensors must {must}, so it is cut off or padded")
    return ordered


def _check_entry(name: str, value: object, n_data: int) -> TensorEntry:
    must = f"tensor {quoted(name)} must"
    if not isinstance(value, dict) or sorted(value) != ["data_offsets", "dtype", "shape"]:
        raise Damage(f"{must} have dtype, shape and data_offsets; got {quoted(value)}")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Damage(f"{must} have a dtype among {', '.join(DTYPES)}; got {quoted(dtype)}")
    if not _is_list_of_sizes(shape) or len(shape) > MAX_DIMENSIONS:
        raise Damage(f"{must} have a shape of at most {MAX_DIMENSIONS} sizes from 0; got {quoted(shape)}")
    if not _is_list_of_sizes(offsets) or len(offsets) != 2 or not offsets[0] <= offsets[1] <= n_data:
        cut = _is_list_of_sizes(offsets) and max(offsets, default=0) > n_data
        got = f"{quoted(offsets)}{'; the file may be cut off' if cut else ''}"
        raise Damage(f"{must} have two data_offsets, in order and up to {n_data}; got {got}")
    # Python's integers do not overflow; NumPy's do, even for a shape with a zero in it.
    if math.prod(size for size in shape if size) >= 2**48:
        raise Damage(f"{must} have a shape below 2**48 elements; got {quoted(shape)}")
    n_bytes = math.prod(shape) * DTYPES[dtype].itemsize
    if n_bytes != offsets[1] - offsets[0]:
        given = f"its data_offsets are {quoted(offsets)}"
        raise Damage(f"{must} take {n_bytes} bytes for its shape and dtype; {given}")
    return TensorEntry(DTYPES[dtype], tuple(shape), *offsets)


def _is_list_of_sizes(value: object) -> bool:
    # type() and not isinstance: True is an int to Python.
    return isinstance(value, list) and all(type(size) is int and size >= 0 for size in value)


def _bytes_of(array: np.ndarray) -> memoryview:
    """Return the array's bytes without copying; refuses what would need a copy."""
    if not array.flags.c_contiguous or array.dtype not in _NAMES or sys.byteorder != "little":
        dtypes = ", ".join(DTYPES)
        raise Damage(f"arrays must be contiguous, little-endian and of dtype {dtypes}; got {array.dtype}")
    return array.reshape(-1).view(np.uint8).data


def _read_into(stream: BinaryIO, view: memoryview) -> None:
    n_read = 0
    while n_read < len(view):
        n = stream.readinto(view[n_read:])  # type: ignore[attr-defined]
        if not n:
            raise Damage("it ended while it was being read")
        n_read += n
