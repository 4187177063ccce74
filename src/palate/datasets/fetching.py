"""Data sets by name: fetched once into a folder of this user, found there afterwards."""

import os
import sys
import zipfile
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from palate.datasets.download import DownloadError, Progress, download, published_md5
from palate.datasets.sets import SETS, RemoteSet

FOLDER, MIRROR = "PALATE_DATA", "PALATE_MIRROR"
_MAX_UNPACKED = 40  # times the size of the zip
_MAX_MEMBERS = 1000


def cache_folder() -> Path:
    """Return the folder where data sets are kept.

    It is that of the environment variable PALATE_DATA, else this platform's folder for caches.
    """
    if os.environ.get(FOLDER):
        return Path(os.environ[FOLDER]).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "palate" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "palate"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "palate"


def known(name: str) -> RemoteSet:
    """Return the set of this name.

    Raises
    ------
    KeyError
        If there is none; the message names the nearest.
    """
    if name not in SETS:
        near = get_close_matches(str(name), SETS, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(SETS)}."
        raise KeyError(f"unknown data set {name!r}. {advice}")
    return SETS[name]


def place(one: RemoteSet) -> Path:
    """Return what `palate.read` is given: the zip, or the folder of several files."""
    folder = cache_folder() / one.name
    return folder / one.files[0] if len(one.files) == 1 else folder


def is_here(one: RemoteSet) -> bool:
    """Return whether every file of a set has been fetched."""
    return all((cache_folder() / one.name / file).is_file() for file in one.files)


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Fetch what is missing of a set and return its place."""
    one = known(name)
    for url, file in zip(one.urls, one.files, strict=True):
        target = cache_folder() / one.name / file
        if target.is_file():
            continue
        address = _address(one, url, file)
        md5 = None
        if one.checksum != "none published":
            md5 = published_md5(address, required=one.checksum == "beside")
        fresh = target.with_name(f".{target.name}")
        download(address, fresh, md5=md5, max_bytes=one.max_bytes, progress=progress)
        if file.endswith(".zip"):
            _check_zip(address, fresh, whole=md5 is None)
        os.replace(fresh, target)
    return place(one)


def _address(one: RemoteSet, url: str, file: str) -> str:
    mirror = os.environ.get(MIRROR)
    return f"{mirror.rstrip('/')}/{one.name}/{file}" if mirror else url


def _check_zip(url: str, path: Path, whole: bool) -> None:
    """Raise, and remove the file, unless it is a sound zip with plain names and of sensible size.

    Nothing is unpacked to disk.

    `whole` says whether every member is read against its own checksum, for a zip without a published one.
    """
    try:
        wrong = _wrong_with(path, whole)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        wrong = f"reading it failed: {error}"
    if wrong is not None:
        path.unlink(missing_ok=True)
        raise DownloadError(f"{url} must be a sound zip archive; {wrong}. Nothing was kept.")


def _wrong_with(path: Path, whole: bool) -> str | None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            return f"it has {len(members):,} members, more than {_MAX_MEMBERS:,}"
        for member in members:
            name = member.filename
            if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
                return f"its member {name!r} points outside the archive"
        unpacked = sum(member.file_size for member in members)
        if unpacked > _MAX_UNPACKED * path.stat().st_size:
            return f"it would unpack to {unpacked:,} bytes, more than {_MAX_UNPACKED} times its size"
        damaged = archive.testzip() if whole else None
        return None if damaged is None else f"its member {damaged!r} is damaged"
