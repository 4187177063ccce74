"""Replacing a file so that a crash at any moment leaves the old one or the new one, whole."""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from types import ModuleType

try:
    import fcntl
# Windows: an open file cannot be deleted there, which protects a running save without a lock
except ImportError:
    fcntl = None  # type: ignore[assignment]

_PIECE = 1 << 24  # bytes per write: large enough for full speed, small enough to be interrupted

_ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space or save to another disk"),
    errno.EFBIG: "save where larger files are allowed",
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "save to a folder you may write to"),
    errno.ENOENT: "create the folder first",
    errno.ENOTDIR: "give a path whose folder exists",
    errno.EISDIR: "give the path of a file, not of a folder",
    errno.ENAMETOOLONG: "give a shorter file name",
}


def replace_file(
    path: str | os.PathLike[str], chunks: Iterable[bytes | memoryview], system: ModuleType = os
) -> None:
    """Write the chunks to `path`, atomically and durably.

    A temporary file in the same folder is written, flushed to the disk, renamed over `path`, and
    the folder flushed, in this order; until the rename the old file is untouched. Permissions of an
    existing file are kept, a symbolic link is followed. What an earlier, killed save of the same
    path left behind is removed.

    Parameters
    ----------
    path : str or path
    chunks : iterable of bytes or memoryview of bytes
    system : module or object with the functions of `os`, default os
        Tests pass one whose n-th call fails or kills the process.

    Raises
    ------
    OSError
        If the file cannot be written: of the kind the system reported, saying what failed, where,
        and what to do.
    """
    target = os.path.realpath(os.fsdecode(path))
    try:
        mode = _mode_of_existing(target, system)
        _remove_leftovers(target, system)  # first: they may be what fills the disk
        _write_and_rename(target, chunks, mode, system)
    except OSError as error:
        raise _explained(error, os.fsdecode(path)) from error
    _flush_folder(os.path.dirname(target), os.fsdecode(path), system)


def _write_and_rename(
    target: str, chunks: Iterable[bytes | memoryview], mode: int | None, system: ModuleType
) -> None:
    temporary, descriptor = _open_temporary(target, system)
    try:
        _fill(descriptor, chunks, mode, system)
        if fcntl is None:
            system.close(descriptor)
            descriptor = -1
        # Where there are locks, still under ours: no other save removes the file before it has its name.
        system.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            system.unlink(temporary)
        raise
    finally:
        if descriptor >= 0:
            with contextlib.suppress(OSError):  # the data is flushed or given up by now
                system.close(descriptor)


def _mode_of_existing(target: str, system: ModuleType) -> int | None:
    try:
        mode = system.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is not a regular file")  # a device or a pipe must not be renamed over
    return stat.S_IMODE(mode)


def _prefix(target: str) -> str:
    # A digest of the name, not the name: that could exceed the file system's limit when made longer.
    return f".palate-{hashlib.sha256(os.fsencode(os.path.basename(target))).hexdigest()[:16]}-"


def _open_temporary(target: str, system: ModuleType) -> tuple[str, int]:
    """Return path and descriptor of a new locked file beside the target."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    while True:
        temporary = os.path.join(os.path.dirname(target), _prefix(target) + secrets.token_hex(8) + ".tmp")
        descriptor = system.open(temporary, flags, 0o666)
        if fcntl is None:
            return temporary, descriptor
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        # Between open and lock another save took it for a leftover and removed it.
        system.close(descriptor)


def _fill(
    descriptor: int, chunks: Iterable[bytes | memoryview], mode: int | None, system: ModuleType
) -> None:
    if mode is not None and hasattr(system, "fchmod"):
        system.fchmod(descriptor, mode)  # before any content: a private model is never readable by others
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            written = system.write(descriptor, view[:_PIECE])
            if written <= 0:
                raise OSError(errno.EIO, "the disk accepted no data")
            view = view[written:]
    system.fsync(descriptor)


def _remove_leftovers(target: str, system: ModuleType) -> None:
    """Remove temporary files of saves of this target that no living process holds."""
    folder = os.path.dirname(target)
    prefix = _prefix(target)
    found: list[str] = []
    with contextlib.suppress(OSError):  # a folder that may be written but not listed
        found = system.listdir(folder)
    for name in found:
        if name.startswith(prefix) and name.endswith(".tmp"):
            with contextlib.suppress(OSError):  # held by a running save, or already gone
                _remove_unless_locked(os.path.join(folder, name), system)


def _remove_unless_locked(path: str, system: ModuleType) -> None:
    if fcntl is None:
        system.unlink(path)
        return
    descriptor = system.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        system.unlink(path)
    finally:
        system.close(descriptor)


def _flush_folder(folder: str, path: str, system: ModuleType) -> None:
    """Make the rename durable; where folders cannot be opened or flushed there is nothing to do."""
    if fcntl is None:
        return
    try:
        descriptor = system.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            system.fsync(descriptor)
        finally:
            with contextlib.suppress(OSError):
                system.close(descriptor)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
            return
        raise _error_like(
            error, f"saved {path}, but flushing its folder failed ({_words(error)}): save again."
        ) from error


def _explained(error: OSError, path: str) -> OSError:
    advice = _ADVICE.get(error.errno or 0, "check the disk and save again")
    return _error_like(
        error, f"could not save {path} ({_words(error)}); what was there is unchanged: {advice}."
    )


def _error_like(error: OSError, message: str) -> OSError:
    """Return an error of the same kind and number whose text is the message alone."""
    result = type(error)(message)
    result.errno = error.errno
    return result


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
