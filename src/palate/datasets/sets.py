"""The data sets that `palate datasets` knows, which sets.toml declares."""

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class RemoteSet:
    """A data set on its owner's server.

    Parameters
    ----------
    name : str
    about : str
        What it is, with its size.
    megabytes : int
        About what is downloaded; nothing above four times as much is taken.
    format : str
        What `palate.read` calls its format.
    licence : str
        The owner's terms in one line; the files say the rest.
    checksum : {"beside", "beside if published", "none published"}
        Where the checksum comes from: the file `.md5` beside each zip, which must be there or may,
        or nowhere.
    urls : list of str
        Addresses of its files.
    """

    name: str
    about: str
    megabytes: int
    format: str
    licence: str
    checksum: str
    urls: list[str]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(PurePosixPath(urlsplit(url).path).name for url in self.urls)

    @property
    def max_bytes(self) -> int:
        """The most bytes that a file of this set may have."""
        return 4_000_000 * self.megabytes


_DECLARED = tomllib.loads(resources.files("palate.datasets").joinpath("sets.toml").read_text("utf-8"))
SETS = {name: RemoteSet(name=name, **about) for name, about in _DECLARED.items()}
