"""Data sets that come with palate and load offline.

`movielens-small` is the October 2016 edition of MovieLens latest-small: 100,004 ratings from 0.5 to 5 stars of 9,066 films
by 671 users, with timestamps, years and genres. It may be used and passed on for non-commercial purposes under the terms in
`LICENSES/LicenseRef-MovieLens.txt`; cite Harper and Konstan (2015), "The MovieLens Datasets: History and Context".
"""

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palate.data.dataset import Dataset

_NAMES = ("movielens-small",)


def load(name: str = "movielens-small") -> "Dataset":
    """Return a bundled data set, its ratings and its catalog.

    Parameters
    ----------
    name : {"movielens-small"}

    Raises
    ------
    KeyError
        If no data set of that name comes with palate.

    Examples
    --------
    >>> data = load("movielens-small")
    >>> data.ratings
    Ratings(100,004 ratings of 9,066 items by 671 users, scale 0.5 to 5)
    >>> data.catalog.frame.row(0)
    (1, 'Toy Story', 1995, 'Adventure|Animation|Children|Comedy|Fantasy', 'Toy Story (1995)')
    """
    if name not in _NAMES:
        raise KeyError(f"unknown data set {name!r}: palate comes with {', '.join(_NAMES)}; read files with palate.read.")
    return _movielens_small()


def _movielens_small() -> "Dataset":
    import polars as pl

    from palate.data.catalog import Catalog
    from palate.data.dataset import Dataset
    from palate.data.ratings import Ratings
    from palate.data.titles import title_columns

    folder = files("palate.data") / "bundled" / "movielens-small"
    table = pl.read_parquet((folder / "ratings.parquet").read_bytes())
    films = pl.read_parquet((folder / "films.parquet").read_bytes())
    ratings = Ratings.from_frame(table, "userId", "movieId", "rating", timestamp="timestamp", scale=(0.5, 5))
    titles = title_columns(films["title"], films["movieId"])
    catalog = Catalog.from_frame(pl.DataFrame([films["movieId"], *titles, films["genres"]]), item="movieId")
    return Dataset(name="movielens-small", ratings=ratings, catalog=catalog)
