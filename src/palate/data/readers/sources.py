"""Where rating files lie: alone, in a folder or in a zip archive, perhaps compressed by gzip.

Compressed files are read as streams: nothing is unpacked to disk, and a file that unpacks to absurd sizes is refused.
"""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Tables of ratings shrink to a third up to a twentieth. A gzip bomb unpacks to a thousand times its size.
_MAX_EXPANSION = 100
_EXPANSION_COUNTS_FROM = 32 << 20  # bytes; below that, nobody is harmed
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, gzip.BadGzipFile, NotImplementedError)


@dataclass(frozen=True)
class Source:
    """One file: `name` is its plain name without `.gz`, `member` its name in the archive `path`, if it is in one."""

    name: str
    path: Path
    member: str | None = None
    gzipped: bool = False

    @property
    def plain(self) -> Path | None:
        """The path when the file lies on disk uncompressed, else None."""
        return None if self.gzipped or self.member is not None else self.path

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file's uncompressed bytes for reading.

        Raises
        ------
        ValueError
            While reading: if the compressed data are damaged, encrypted or expand more than a hundredfold.
        """
        with ExitStack() as stack:
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
            if self.gzipped:
                stream = stack.enter_context(gzip.GzipFile(fileobj=stream))  # type: ignore[arg-type]
            yield _Unpacked(stream, self.name, size)  # type: ignore[misc]

    def read(self, limit: int = 1 << 31) -> bytes:
        """Return all bytes of a small file."""
        with self.open() as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise ValueError(f"{self.name} must be at most {limit >> 20:,} MiB; got more.")
        return data


class _Unpacked(io.RawIOBase):
    """A decompressing stream that turns damage into one sentence and stops when it expands too far."""

    def __init__(self, stream: IO[bytes], name: str, packed_size: int) -> None:
        self._stream, self._name, self._packed_size, self._out = stream, name, packed_size, 0

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except _DAMAGED as error:
            raise ValueError(_damaged(self._name, error)) from None
        self._out += len(data)
        if self._out > max(_EXPANSION_COUNTS_FROM, _MAX_EXPANSION * self._packed_size):
            message = f"{self._name} must not unpack to more than {_MAX_EXPANSION} times its compressed size"
            raise ValueError(f"{message}; got {self._out >> 20:,} MiB out of {self._packed_size:,} bytes and more to come.")
        return data


class Files:
    """The files that a path leads to, by their plain names.

    Parameters
    ----------
    path : Path
        A folder, a `.zip`, or one file: then its neighbours in the same folder can be found too. Folders inside an archive
        are looked into (MovieLens archives hold one), folders inside a folder are not.

    Raises
    ------
    FileNotFoundError
        If nothing is there.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(f"{path} must be a file, a folder or a .zip of ratings; there is nothing of that name.")
        self.path = path
        self._members = _members(path) if path.is_file() and _is_zip(path) else None
        self._folder = path if path.is_dir() else path.parent

    @property
    def single(self) -> Source | None:
        """The file itself when the path is one file of ratings, else None."""
        if self._members is not None or self.path.is_dir():
            return None
        return _on_disk(self.path)

    def find(self, *names: str) -> Source | None:
        """Return the first of the named files that is there, compressed by gzip or not."""
        for name in names:
            if self._members is not None:
                found = self._members.get(name)
            else:
                paths = (self._folder / name, self._folder / f"{name}.gz")
                found = next((_on_disk(path) for path in paths if path.is_file()), None)
            if found is not None:
                return found
        return None

    @property
    def names(self) -> list[str]:
        """Plain names of all files, sorted, without `.gz`; hidden ones left out."""
        if self._members is not None:
            return sorted(self._members)
        names = (entry.name for entry in self._folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
        return sorted({name.removesuffix(".gz") for name in names})

    def listing(self, most: int = 12) -> str:
        """Return the names of the files, for a message."""
        names = self.names
        return ", ".join(names[:most]) + (", ..." if len(names) > most else "") if names else "no files"


def file_source(path: Path) -> Source:
    """Return the source of one file."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be a file; there is none of that name.")
    return _on_disk(path)


def _on_disk(path: Path) -> Source:
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    return Source(path.name.removesuffix(".gz") if gzipped else path.name, path, gzipped=gzipped)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _members(path: Path) -> dict[str, Source]:
    """Return the files of an archive by plain name; of several with one name the one in the outermost folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile as error:
        raise ValueError(_damaged(path.name, error)) from None
    found: dict[str, Source] = {}
    for name in sorted(names, key=lambda name: (name.count("/"), name)):
        plain = name.rsplit("/", 1)[-1]
        gzipped = plain.endswith(".gz")
        if not plain.startswith(".") and "__MACOSX" not in name:
            found.setdefault(plain.removesuffix(".gz"), Source(plain.removesuffix(".gz"), path, name, gzipped))
    return found


def _damaged(name: str, error: BaseException) -> str:
    return f"{name} must be a sound compressed file; unpacking it failed: {str(error).rstrip('.')}."
