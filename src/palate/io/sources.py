"""Where rating files lie: alone, in a folder or in a zip archive, perhaps compressed by gzip, bzip2 or xz.

Compressed files are read as streams: nothing is unpacked to disk, and a file that unpacks to absurd
sizes is refused.
"""

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from palate._checks import ArgumentError
from palate.io.spool import Spool, spooled

# Tables of ratings shrink to a third up to a twentieth. A gzip bomb unpacks to a thousand times its size.
_MAX_EXPANSION = 100
_EXPANSION_COUNTS_FROM = 32 << 20  # bytes; below that, nobody is harmed
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, lzma.LZMAError, NotImplementedError)
_BAD_BZIP2 = "Invalid data stream"  # an OSError without a class of its own
_PACKERS: dict[str, tuple[bytes, Any]] = {  # ending to first bytes and what unpacks
    ".gz": (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    ".bz2": (b"BZh", bz2.BZ2File),
    ".xz": (b"\xfd7zXZ\0", lzma.LZMAFile),
}
_OFFICE = {
    "xl/workbook.xml": "an Excel workbook",
    "xl/workbook.bin": "an Excel workbook",
    "content.xml": "an OpenDocument sheet",
}
_PIECE = 1 << 20
# Spark, Hive, Netflix
_PART = re.compile(r"part-\d+.*|\d{6}_\d+.*|combined_data_\d+\.txt|mv_\d{7}\.txt", re.IGNORECASE)
_START = 512  # bytes that tell what a file is


@dataclass(frozen=True)
class Source:
    """One file: `name` is its name without `.gz`, `member` its name in the archive `path`, if in one.

    `packed` is the ending of its compression, "" for none; `keep` what has to live as long as the
    file is read. `parts` are the files of a table that Spark or Hive wrote into a folder, read one
    after the other.
    """

    name: str
    path: Path
    member: str | None = None
    packed: str = ""
    keep: Any = field(default=None, compare=False, repr=False)
    parts: "tuple[Source, ...]" = ()

    @property
    def plain(self) -> Path | None:
        """The path when the file lies on disk uncompressed, else None."""
        return None if self.packed or self.member is not None or self.parts else self.path

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file's uncompressed bytes for reading.

        Raises
        ------
        ValueError
            While reading: if the compressed data are damaged, encrypted or expand more than a hundredfold.
        """
        with ExitStack() as stack:
            if self.parts:
                yield _Joined(self.parts)  # type: ignore[misc]
                return
            if self.plain is not None:
                yield stack.enter_context(self.path.open("rb"))
                return
            size = self.path.stat().st_size
            try:
                if self.member is None:
                    stream: IO[bytes] = stack.enter_context(self.path.open("rb"))
                else:
                    archive = stack.enter_context(zipfile.ZipFile(self.path))
                    size = archive.getinfo(self.member).compress_size
                    stream = stack.enter_context(archive.open(self.member))
            except (*_DAMAGED, RuntimeError) as error:  # an encrypted member is a RuntimeError
                raise ValueError(_damaged(self.name, error)) from None
            if self.packed:
                stream = stack.enter_context(_PACKERS[self.packed][1](stream))
            yield _Unpacked(stream, self.name, size)  # type: ignore[misc]

    @cached_property
    def start(self) -> bytes:
        """The first bytes, which tell what the file is."""
        with self.open() as stream:
            return stream.read(_START)

    def read(self, limit: int = 1 << 31) -> bytes:
        """Return all bytes of a small file."""
        with self.open() as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise ArgumentError(self.name, f"be at most {limit >> 20:,} MiB", "more")
        return data


class _Joined(io.RawIOBase):
    """The bytes of several files one after the other, with the column names of the first alone."""

    def __init__(self, parts: tuple[Source, ...]) -> None:
        self._rest = _pieces(parts)

    def read(self, size: int = -1) -> bytes:
        data = b""
        while size < 0 or len(data) < size:
            piece = next(self._rest, b"")
            if not piece:
                break
            data += piece
        return data


def _pieces(parts: tuple[Source, ...]) -> Iterator[bytes]:
    header = None
    for part in parts:
        with part.open() as stream:
            data = stream.read(_PIECE)
            first = data.split(b"\n", 1)[0].strip()
            if header is None:
                header = first
            elif first == header and not re.search(rb"(^|[\t,;|])\s*[-\d.]+\s*($|[\t,;|])", first):
                data = data[len(data.split(b"\n", 1)[0]) + 1 :]  # the names of the columns again, not a row
            last = b""
            while data:
                yield data
                last = data[-1:]
                data = stream.read(_PIECE)
            if last and last != b"\n":
                yield b"\n"


class _Unpacked(io.RawIOBase):
    """A decompressing stream that turns damage into one sentence and stops when it expands too far."""

    def __init__(self, stream: IO[bytes], name: str, packed_size: int) -> None:
        self._stream, self._name, self._packed_size, self._out = stream, name, packed_size, 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except (*_DAMAGED, OSError) as error:
            if isinstance(error, _DAMAGED) or _BAD_BZIP2 in str(error):
                raise ValueError(_damaged(self._name, error)) from None
            raise
        self._out += len(data)
        if self._out > max(_EXPANSION_COUNTS_FROM, _MAX_EXPANSION * self._packed_size):
            raise ValueError(
                f"{self._name} must not unpack to more than {_MAX_EXPANSION} times its compressed size; got "
                f"{self._out >> 20:,} MiB out of {self._packed_size:,} bytes and more to come."
            )
        return data


class Files:
    """The files that a path leads to, by their plain names, whatever their case.

    Parameters
    ----------
    path : Path
        A folder, a `.zip`, or one file: then its neighbours in the same folder can be found too.
        Folders inside an archive are looked into (MovieLens archives hold one), folders inside a
        folder are not. `-` is standard input; what can be read only once, such as a pipe, is copied
        first, and has no neighbours.
    what : str
        What is wanted, for the message when there is nothing.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    ValueError
        If a pipe yields nothing, or an archive is damaged or an office document.
    """

    def __init__(self, path: Path, what: str = "a file, a folder or a .zip of ratings") -> None:
        self.path = path
        self._spool = spooled(path)
        if self._spool is None and not path.exists():
            if (url := re.match(r"(?i)(https?|ftp|s3|gs):/+(.*)", str(path))) is not None:
                raise FileNotFoundError(
                    f"{url[1]}://{url[2]} must be {what} on this machine; got an address. Download it first."
                )
            raise FileNotFoundError(f"{path} must be {what}; there is no file with this name.")
        self._place = path if self._spool is None else self._spool.copy
        name = path.name if self._spool is None else self._spool.name
        archive = self._place.is_file() and _is_zip(self._place)
        self._members = _members(self._place, name, self._spool) if archive else None
        self._folder = None if self._spool else path if path.is_dir() else path.parent

    @property
    def name(self) -> str:
        """What to call it: the name of a file or folder."""
        if self._spool is not None:
            return self._spool.name
        return self.path.resolve().name if self.path.is_dir() else self.path.name.split(".")[0]

    @property
    def single(self) -> Source | None:
        """The file itself when the path is one file of ratings, else None."""
        if self._members is not None or self._place.is_dir():
            return None
        return _on_disk(self._place, self._spool)

    def find(self, *names: str) -> Source | None:
        """Return the first of the named files that is there, compressed or not."""
        there = {name.lower(): name for name in reversed(self.names)}
        found = next((there[name.lower()] for name in names if name.lower() in there), None)
        if found is None:
            return None
        return _on_disk(self._entries[found]) if self._members is None else self._members[found]

    @cached_property
    def names(self) -> list[str]:
        """Plain names of all files, sorted, without `.gz`; hidden ones left out."""
        return sorted(self._entries if self._members is None else self._members)

    @cached_property
    def _entries(self) -> dict[str, Path]:
        """Plain name to path of the files in the folder; of a plain and a compressed one the plain one."""
        found: dict[str, Path] = {}
        if self._folder is not None:
            for entry in sorted(
                self._folder.iterdir(), key=lambda entry: (bool(_ending(entry.name)), entry.name)
            ):
                if entry.is_file() and not entry.name.startswith("."):
                    found.setdefault(_plain(entry.name), entry)
        return found

    def parts(self) -> Source | None:
        """Return the table that lies in the folder in parts, also in folders such as `day=1`, or None."""
        if self._members is not None or not self.path.is_dir():
            return None
        named = [entry for entry in sorted(self.path.rglob("*")) if _PART.fullmatch(entry.name)]
        filled = [entry for entry in named if entry.is_file() and entry.stat().st_size]
        found = tuple(
            _on_disk(entry)
            for entry in filled
            if all("=" in folder for folder in entry.relative_to(self.path).parts[:-1])
        )
        return Source(f"{self.name} ({len(found)} part files)", self.path, parts=found) if found else None

    def together(self, names: list[str]) -> Source:
        """Return several files of a folder as the parts of one table."""
        found = [source for name in names if (source := self.find(name)) is not None]
        return Source(f"{self.name} ({len(found)} part files)", self.path, parts=tuple(found))

    def listing(self, most: int = 12) -> str:
        """Return the names of the files, for a message."""
        names = self.names
        return ", ".join(names[:most]) + (", ..." if len(names) > most else "") if names else "no files"


def file_source(path: Path) -> Source:
    """Return the source of the one file that a path must lead to.

    Raises
    ------
    FileNotFoundError
        If there is no file of this name.
    ValueError
        If the path leads to an archive.
    """
    files = Files(path, "a file")
    if files.path.is_dir():
        raise FileNotFoundError(f"{files.path} must be a file; it is a folder.")
    if files.single is None:
        raise ValueError(f"{files.path} must be one file; it is a .zip archive. Unpack it first.")
    return files.single


def _ending(name: str) -> str:
    """Return the ending of a compressed file, "" for other names."""
    return next((ending for ending in _PACKERS if name.lower().endswith(ending)), "")


def _plain(name: str) -> str:
    """Return a name without the ending of a compressed file."""
    return name[: len(name) - len(_ending(name))]


def _on_disk(path: Path, spool: Spool | None = None) -> Source:
    with path.open("rb") as file:
        start = file.read(8)
    packed = next((ending for ending, (magic, _) in _PACKERS.items() if start.startswith(magic)), "")
    name = spool.name if spool is not None else _plain(path.name) if packed else path.name
    return Source(name, path, packed=packed, keep=spool)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _members(path: Path, called: str, keep: object) -> dict[str, Source]:
    """Return the files of an archive by plain name, of equal names the outermost."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise ValueError(_damaged(called, error)) from None
    for name, what in _OFFICE.items():
        if name in names:
            raise ValueError(
                f"{called} must be a table in text or Parquet; it is {what}. Save the sheet as CSV first "
                f"(File, Save As, CSV UTF-8)."
            )
    found: dict[str, Source] = {}
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        own = name.rsplit("/", 1)[-1]
        if not own.startswith(".") and "__MACOSX" not in name:
            found.setdefault(_plain(own), Source(_plain(own), path, name, _ending(own), keep))
    return found


def _damaged(name: str, error: BaseException) -> str:
    return f"{name} must be a sound compressed file; unpacking it failed: {str(error).rstrip('.')}."
