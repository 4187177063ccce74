"""The data sets that `palate datasets` knows, at the addresses of their owners."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_GROUPLENS = "https://files.grouplens.org/datasets/movielens/"
_GOODBOOKS = "https://raw.githubusercontent.com/zygmuntz/goodbooks-10k/master/"
_TWEETINGS = "https://raw.githubusercontent.com/sidooms/MovieTweetings/master/latest/"
_SONGS = "http://millionsongdataset.com/sites/default/files/challenge/"
_RESEARCH = "research use under GroupLens' terms, no commercial use without permission"


@dataclass(frozen=True, kw_only=True)
class RemoteSet:
    """A data set on its owner's server.

    Parameters
    ----------
    name : str
    about : str
        What it is, with its size.
    urls : tuple of str
        Addresses of its files.
    megabytes : int
        About what is downloaded; nothing above four times as much is taken.
    format : str
        What `palate.read` calls its format.
    licence : str
        The owner's terms in one line; the files say the rest.
    checksum : {"beside", "beside if published", "none published"}, default "none published"
        Where the checksum comes from: the file `.md5` beside each zip, which must be there or may,
        or nowhere.
    """

    name: str
    about: str
    urls: tuple[str, ...]
    megabytes: int
    format: str
    licence: str
    checksum: str = "none published"

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(PurePosixPath(urlsplit(url).path).name for url in self.urls)

    @property
    def max_bytes(self) -> int:
        """The most bytes that a file of this set may have."""
        return 4_000_000 * self.megabytes


def _movielens(name: str, about: str, megabytes: int, form: str, checksum: str = "beside") -> RemoteSet:
    return RemoteSet(
        name=name,
        about=f"MovieLens: {about}",
        urls=(f"{_GROUPLENS}{name}.zip",),
        megabytes=megabytes,
        format=form,
        licence=_RESEARCH,
        checksum=checksum,
    )


SETS: dict[str, RemoteSet] = {
    one.name: one
    for one in (
        _movielens(
            "ml-latest-small",
            "100,000 ratings of 9,700 films; changes over time",
            1,
            "movielens",
            "beside if published",
        ),
        _movielens("ml-1m", "1 million ratings of 3,900 films", 6, "movielens-dat"),
        _movielens("ml-10m", "10 million ratings of 10,700 films", 66, "movielens-dat"),
        _movielens("ml-20m", "20 million ratings of 27,000 films", 199, "movielens"),
        _movielens("ml-25m", "25 million ratings of 62,000 films", 262, "movielens"),
        _movielens("ml-32m", "32 million ratings of 88,000 films", 239, "movielens"),
        RemoteSet(
            name="goodbooks-10k",
            about="6 million ratings of 10,000 books",
            urls=(f"{_GOODBOOKS}ratings.csv", f"{_GOODBOOKS}books.csv"),
            megabytes=76,
            format="goodbooks",
            licence="CC BY-SA 4.0",
        ),
        RemoteSet(
            name="movietweetings",
            about="900,000 ratings of 38,000 films, from tweets; grows",
            urls=(f"{_TWEETINGS}ratings.dat", f"{_TWEETINGS}movies.dat"),
            megabytes=30,
            format="movietweetings",
            licence="MIT",
        ),
        RemoteSet(
            name="taste-profile",
            about="48 million play counts of 385,000 songs (Million Song Dataset)",
            urls=(f"{_SONGS}train_triplets.txt.zip",),
            megabytes=500,
            format="triplets",
            licence="research use, not commercial",
        ),
    )
}
