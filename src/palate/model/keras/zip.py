"""The archive of a Keras 3 file: two members are read, each only as far as it may go."""

import io
import zipfile
from typing import TYPE_CHECKING, BinaryIO

from palate.model.file.errors import Damage
from palate.model.file.json import quoted

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MAX_CONFIG = 1 << 22
_MAX_DIRECTORY = 1 << 20
_TAIL = (1 << 16) + 22 + 76  # the longest comment, and both records that end an archive
_BLOCK = 1 << 20
_ZIP_ERRORS = (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, RuntimeError, ValueError, EOFError)


def read_archive(file: BinaryIO, size: int) -> tuple[str, "Window"]:
    """Return the description and the weights of a `.keras` file; the weights are not copied.

    Raises
    ------
    Damage
        If the archive is damaged, lacks a member, holds it twice, or has packed the weights.
    """
    _check_directory(file, size)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            config, weights = (_member(members, name) for name in (CONFIG, WEIGHTS))
            with archive.open(config) as part:
                text = part.read(MAX_CONFIG + 1)
            if len(text) > MAX_CONFIG:
                raise Damage(f"{CONFIG} must be at most {MAX_CONFIG} bytes")
            if weights.compress_type != zipfile.ZIP_STORED or weights.flag_bits & 1:
                must = "be stored as it is, as Keras does"
                raise Damage(f"{WEIGHTS} must {must}; it is compressed or encrypted")
            with archive.open(weights) as part:
                while part.read(_BLOCK):  # to its end, where its checksum is compared
                    pass
                begin = _begin(file, weights)
        return text.decode("ascii"), Window(file, begin, weights.file_size, size)
    except UnicodeDecodeError:
        raise Damage(f"{CONFIG} must be ASCII text") from None
    except _ZIP_ERRORS as error:
        raise Damage(f"it must be a whole zip archive; {quoted(str(error))}") from error


def _check_directory(file: BinaryIO, size: int) -> None:
    """Check that the list of members is short, before it is read."""
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    end, large = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    if end < 0:
        raise Damage("it must be a whole zip archive; its end is missing")
    listed = int.from_bytes(tail[end + 12 : end + 16], "little")
    if large >= 0:
        listed = 0 if listed == 2**32 - 1 else listed
        listed = max(listed, int.from_bytes(tail[large + 40 : large + 48], "little"))
    if listed > _MAX_DIRECTORY:
        raise Damage(f"its list of members must be at most {_MAX_DIRECTORY} bytes; got {listed}")


def _member(members: list[zipfile.ZipInfo], name: str) -> zipfile.ZipInfo:
    found = [member for member in members if member.filename == name]
    if len(found) != 1:
        raise Damage(f"it must have one member {name!r}; got {len(found)}")
    return found[0]


def _begin(file: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Return where the bytes of a stored member begin."""
    file.seek(member.header_offset)
    header = file.read(30)
    if len(header) < 30:
        raise Damage("it must be a whole zip archive; a member is cut short")
    name, more = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    return member.header_offset + 30 + name + more


class Window(io.RawIOBase):
    """A part of a file as a file of its own, for reading."""

    def __init__(self, file: BinaryIO, begin: int, length: int, size: int) -> None:
        super().__init__()
        if begin + length > size:
            raise Damage("it must be a whole zip archive; a member is cut short")
        self._file, self._begin, self.length, self._at = file, begin, length, 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Whether a position can be set."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position and return it."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length}[whence])
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer as far as the part goes; return the number of bytes."""
        view = memoryview(buffer).cast("B")
        wanted = max(0, min(len(view), self.length - self._at))
        self._file.seek(self._begin + self._at)
        data = self._file.read(wanted)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
