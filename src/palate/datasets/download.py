"""A file from a server: resumed where it broke off, checked before it gets its name, and never half there."""

import contextlib
import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there
    fcntl = None  # type: ignore[assignment]

Progress = Callable[[str, int, int | None], object]  # file name, bytes so far, bytes in all if known

_BLOCK = 1 << 18
_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS, _PAUSE = 3, 0.5
_MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")
_BROKEN = (http.client.HTTPException, ConnectionError, TimeoutError, urllib.error.URLError)


class DownloadError(OSError):
    """A file that could not be downloaded.

    It was not there or too large, the connection failed or broke off, or the checksum was wrong.

    `status` is what the server answered, where it answered that it will not give it.
    """

    status: int | None = None


class _Cut(Exception):
    """A connection that ended before the file did."""


def published_md5(url: str, required: bool) -> str | None:
    """Return the checksum in the file `.md5` beside an address.

    None if there is no such file and the checksum is not required.
    """
    try:
        with _opened(f"{url}.md5", {}) as answer:
            text = answer.read(4096).decode("ascii", "replace")
    except DownloadError as error:
        if error.status == 404 and not required:
            return None
        raise
    except _BROKEN as error:
        raise DownloadError(_no_connection(f"{url}.md5", error)) from None
    found = _MD5.search(text)
    if found is None:
        raise DownloadError(
            f"{url}.md5 must hold an MD5 checksum; got {text[:60].strip()!r}. Nothing was kept."
        )
    return found[0].lower()


def download(
    url: str, target: Path, *, md5: str | None, max_bytes: int, progress: Progress | None = None
) -> None:
    """Bring a file to `target`, which appears whole and checked, or not at all.

    What came before a connection broke stays beside it as `target.part`, and the next call goes on
    from there.

    Parameters
    ----------
    url : str
        An http or https address.
    target : Path
    md5 : str or None
        The file's checksum in hexadecimal; without one its length is checked, if the server tells it.
    max_bytes : int
        Nothing larger is taken.
    progress : callable, optional
        Called with the file's name, bytes so far and bytes in all.

    Raises
    ------
    DownloadError
        If the file is not there, the server is out of reach, or what comes is cut short, too large
        or not of the checksum.
    OSError
        If it cannot be written; nothing is kept then.
    """
    part = target.with_name(f"{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(url, part):
        _bring(url, part, max_bytes, progress, target)
        _check(url, part, md5)
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(part, target)
        _forget(part)


@contextlib.contextmanager
def _alone(url: str, part: Path) -> Iterator[None]:
    """Hold a lock while a file comes: two processes that append to one part would mix it."""
    lock = part.with_name(f"{part.name}.lock")
    with lock.open("w") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DownloadError(
                    f"{url} is being downloaded by another process; wait until it is done."
                ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _bring(url: str, part: Path, max_bytes: int, progress: Progress | None, target: Path) -> None:
    """Fill a part, trying again where a connection breaks."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _continue(url, part, max_bytes, progress)
            break
        except (_Cut, *_BROKEN) as error:
            if attempt == _ATTEMPTS or not _size(part):
                raise DownloadError(_broke_off(url, part, error)) from None
            time.sleep(_PAUSE * attempt)
        except DownloadError:
            _forget(part)
            raise
        except OSError as error:
            _forget(part)
            raise OSError(error.errno, f"{error.strerror}; nothing was kept", str(target)) from None


def _continue(url: str, part: Path, max_bytes: int, progress: Progress | None) -> None:
    """Append to a part what the server still has of it."""
    have, mark = _size(part), _mark_of(part)
    headers = {}
    if have and mark.exists():  # If-Range: a file that changed meanwhile comes anew
        headers = {"Range": f"bytes={have}-", "If-Range": mark.read_text("latin-1")}
    with _opened(url, headers, have) as answer:
        if answer.status != 206:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length is not None and length.isdigit() else None
        if total is not None and total > max_bytes:
            raise DownloadError(_too_large(url, total, max_bytes))
        if not have:
            _remember(mark, answer.headers)
        done = have
        with part.open("ab" if have else "wb") as out:
            while block := answer.read(_BLOCK):
                done += len(block)
                if done > max_bytes:
                    raise DownloadError(_too_large(url, done, max_bytes))
                out.write(block)
                if progress is not None:
                    progress(part.name.removesuffix(".part").lstrip("."), done, total)
    if total is not None and done < total:
        raise _Cut(f"{done:,} of {total:,} bytes came")


def _opened(url: str, headers: dict[str, str], have: int = 0) -> Any:
    if urlsplit(url).scheme not in ("http", "https"):
        raise DownloadError(f"address must begin with https:// or http://; got {url}.")
    request = urllib.request.Request(
        url, headers={"User-Agent": "palate", "Accept-Encoding": "identity", **headers}
    )
    try:
        return urllib.request.urlopen(request, timeout=_TIMEOUT)  # nosec B310 - the scheme is checked above
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return _opened(url, {})  # what is here is no beginning of it
        refused = DownloadError(
            f"{url} could not be downloaded: the server answered {error.code} {error.reason}. "
            "Nothing was kept."
        )
        refused.status = error.code
        raise refused from None


def _check(url: str, part: Path, md5: str | None) -> None:
    """Raise, and forget what came, unless it has the checksum."""
    if md5 is None:
        return
    with part.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != md5:
        _forget(part)
        raise DownloadError(
            f"{url} must have the MD5 checksum {md5} that its owner publishes; got {found}. Nothing was kept."
        )


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _mark_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.mark")


def _remember(mark: Path, headers: Message) -> None:
    """Keep what tells this version of the file from another, so that it can be gone on with."""
    tag = headers.get("ETag") or ""
    tag = headers.get("Last-Modified") or "" if not tag or tag.startswith("W/") else tag
    if tag:
        mark.write_text(tag, "latin-1")
    else:
        mark.unlink(missing_ok=True)


def _forget(part: Path) -> None:
    for path in (part, _mark_of(part)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _too_large(url: str, n: int, most: int) -> str:
    return (
        f"{url} must be at most {most // 1_000_000:,} MB; got {n // 1_000_000:,} MB or more. Nothing "
        f"was kept."
    )


def _no_connection(url: str, error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    return f"{urlsplit(url).netloc} could not be reached ({reason}). Are you offline? Nothing was kept."


def _broke_off(url: str, part: Path, error: BaseException) -> str:
    if not _size(part):
        _forget(part)
        return _no_connection(url, error)
    if not _mark_of(part).exists():
        _forget(part)
        return f"{url} broke off ({getattr(error, 'reason', error)}). Nothing was kept."
    return (
        f"{url} was interrupted after {_size(part):,} bytes ({getattr(error, 'reason', error)}). "
        "The same command continues from there."
    )
