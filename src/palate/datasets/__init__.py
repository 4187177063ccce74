"""Data sets: one that comes with palate and loads offline, and others that are fetched from their owners.

`movielens-small` is the October 2016 edition of MovieLens latest-small: 100,004 ratings from 0.5 to
5 stars of 9,066 films by 671 users, with timestamps, years and genres. It may be used and passed on
for non-commercial purposes under the terms in `LICENSES/LicenseRef-MovieLens.txt`; cite Harper and
Konstan (2015), "The MovieLens Datasets: History and Context".
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from palate import _checks

if TYPE_CHECKING:
    import polars as pl

    from palate.data.dataset import Dataset
    from palate.datasets.download import Progress

BUNDLED = ("movielens-small",)


def load(name: str = "movielens-small") -> "Dataset":
    """Return a bundled data set, its ratings and its catalog.

    Parameters
    ----------
    name : {"movielens-small"}

    Raises
    ------
    KeyError
        If there is no bundled data set with this name.

    Examples
    --------
    >>> data = load("movielens-small")
    >>> data.ratings
    Ratings(100,004 ratings of 9,066 items by 671 users, scale 0.5 to 5)
    >>> data.catalog.frame.row(0)
    (1, 'Toy Story', 1995, 'Adventure|Animation|Children|Comedy|Fantasy', 'Toy Story (1995)')
    """
    if name not in BUNDLED:
        known = f"unknown data set {name!r}: palate comes with {', '.join(BUNDLED)}; read files with "
        raise KeyError(_checks.Words(known, _checks.Call("palate.read"), "."))
    return _movielens_small()


def available() -> "pl.DataFrame":
    """Return a frame of the data sets that `fetch` can download.

    Its columns are the name, a description, megabytes, format, licence, checksum, addresses, and
    whether the data set was downloaded.

    Examples
    --------
    >>> available()["name"].to_list()[:3]
    ['ml-latest-small', 'ml-1m', 'ml-10m']
    """
    import polars as pl

    from palate.datasets.fetching import is_here
    from palate.datasets.sets import SETS

    return pl.DataFrame([{**vars(one), "fetched": is_here(one)} for one in SETS.values()])


def fetch(name: str, *, progress: "Progress | None" = None) -> Path:
    """Return the path of a data set for `palate.read`, and download it if necessary.

    It is downloaded from its owner's server, unless it is already there.

    Files are stored in the folder named by the environment variable PALATE_DATA, or in the cache
    folder of the platform. Only complete files with the checksum that their owner publishes are
    kept. An interrupted download continues where it stopped. If PALATE_MIRROR is set, files are
    downloaded from `PALATE_MIRROR/NAME/FILE`.

    Parameters
    ----------
    name : str
        See `available`. The owner's terms apply.
    progress : callable, optional
        Called with the file's name, the bytes so far and the bytes in all (None if unknown).

    Raises
    ------
    KeyError
        If the name is unknown.
    OSError
        If a file does not exist, the server cannot be reached, the download is incomplete or has
        another checksum, or the disk is full.

    Examples
    --------
    >>> data = palate.read(fetch("ml-1m"))  # doctest: +SKIP
    """
    from palate.datasets.fetching import fetch as bring

    return bring(name, progress)


def path(name: str) -> Path:
    """Return the path of a downloaded data set, for `palate.read`.

    Parameters
    ----------
    name : str

    Raises
    ------
    KeyError
        If the name is unknown.
    FileNotFoundError
        If it has not been downloaded.

    Examples
    --------
    >>> path("ml-1m")  # doctest: +SKIP
    PosixPath('/home/al/.cache/palate/ml-1m/ml-1m.zip')
    """
    from palate.datasets.fetching import is_here, known, place

    one = known(name)
    if not is_here(one):
        raise FileNotFoundError(f"{name} must be downloaded first: palate datasets fetch {name}.")
    return place(one)


def _bundled_files() -> tuple[Traversable, Traversable]:
    """Return the files of ratings and films that come with palate, for commands that read files."""
    folder = files("palate.data") / "bundled" / "movielens-small"
    return folder / "ratings.parquet", folder / "films.parquet"


def _movielens_small() -> "Dataset":
    import polars as pl

    from palate.data.catalog import Catalog
    from palate.data.dataset import Dataset
    from palate.data.forks import require_threads
    from palate.data.ratings import Ratings
    from palate.data.titles import title_columns

    require_threads("datasets.load")
    table, films = (pl.read_parquet(file.read_bytes()) for file in _bundled_files())
    ratings = Ratings.from_frame(table, "userId", "movieId", "rating", timestamp="timestamp", scale=(0.5, 5))
    titles = title_columns(films["title"], films["movieId"])
    catalog = Catalog.from_frame(pl.DataFrame([films["movieId"], *titles, films["genres"]]), item="movieId")
    return Dataset(name="movielens-small", ratings=ratings, catalog=catalog)
