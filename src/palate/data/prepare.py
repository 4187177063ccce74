"""`palate prepare`: the two files that the matrix-factorization lesson starts from, of a raw table."""

import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate._files import replace_file
from palate._random import from_seed
from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset
from palate.data.forks import needs_threads
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.titles import unique_keys

FILES = ("rating.csv", "movie.csv", "ids.csv")
SPLIT_FILE = "split.json"
_ROWS = 1 << 18  # of a table that stand in memory as text
_INDEX = "index"  # written without a name: pandas' index_col=0 takes it as the index
_NO_TITLE, _NO_GENRES = "(no title listed)", "(no genres listed)"  # MovieLens writes the second itself


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What `prepare` wrote.

    Parameters
    ----------
    folder : Path
    n_train, n_validation : int
        Rows of `rating.csv` before and in its tail.
    mean : float
        Mean rating of the training rows: `rating - y` of every row.
    n_users, n_items : int
    n_unrated : int
        Items of the catalog that nobody rated; they are left out, because no model of these ratings
        can know them.
    """

    folder: Path
    n_train: int
    n_validation: int
    mean: float
    n_users: int
    n_items: int
    n_unrated: int


@needs_threads("prepare")
def prepare(
    data: Dataset, folder: str | Path, *, validation: float = 0.05, seed: int = 0, overwrite: bool = False
) -> Prepared:
    """Write `rating.csv`, `movie.csv` and `ids.csv` of a data set into a folder.

    `rating.csv` has the columns `userId`, `movieId`, `rating` and `y`, its rows shuffled; the last
    share of them is for validation, as Keras' `validation_split` takes it. `y` is the rating less
    the mean of the other rows. `movie.csv` has one row per rated film: an index without name,
    `movieId`, `title`, `genres`, `key` (unique), `year`, `n_ratings` and `mean_rating`. Ids are the
    ranks, from 0, of the original ids, which `ids.csv` lists. `split.json` says how many rows are
    for training and how many for validation, so that `palate train` holds out the same ones.

    Parameters
    ----------
    data : Dataset
        From `palate.read` or `palate.datasets.load`.
    folder : str or Path
        Made if it is not there.
    validation : float, default 0.05
        Share of the rows at the end, at least 0 and below 1.
    seed : int, default 0
        Of the shuffle.
    overwrite : bool, default False
        Whether files of these names may be replaced.

    Returns
    -------
    Prepared

    Raises
    ------
    ValueError
        If `validation` is not a share.
    FileExistsError
        If one of the files is there already.

    Examples
    --------
    >>> import tempfile
    >>> ratings = Ratings.from_arrays([10, 10, 20], [7, 8, 7], [4, 3, 5])
    >>> catalog = Catalog.from_frame(
    ...     pl.DataFrame({"item_id": [7, 8], "title": ["Heat", "Casino"], "year": [1995, 1995]})
    ... )
    >>> folder = tempfile.mkdtemp()
    >>> done = prepare(Dataset(name="tiny", ratings=ratings, catalog=catalog), folder)
    >>> done.n_train, done.n_validation, sorted(path.name for path in done.folder.iterdir())
    (2, 1, ['ids.csv', 'movie.csv', 'rating.csv', 'split.json'])
    >>> print((done.folder / "movie.csv").read_text())
    ,movieId,title,genres,key,year,n_ratings,mean_rating
    0,0,Heat,(no genres listed),Heat (1995),1995,2,4.5
    1,1,Casino,(no genres listed),Casino (1995),1995,1,3.0
    <BLANKLINE>
    """
    if not 0 <= validation < 1:
        raise ArgumentError("validation", "be a share, at least 0 and below 1", f"{validation}")
    folder = Path(folder)
    existing = [name for name in FILES if (folder / name).exists()]
    if existing and not overwrite:
        said = f"{folder / existing[0]} is there already; pass overwrite=True, or another folder."
        raise FileExistsError(said)
    table, n_train, mean = _rating_table(data.ratings, validation, seed)
    movies, n_unrated = _movie_table(data)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in zip(FILES, (table, movies, _id_table(data.ratings)), strict=True):
        _write(frame, folder / name)
    ratings = data.ratings
    about: dict[str, Any] = {"n_train": n_train, "n_validation": len(ratings) - n_train, "mean": mean}
    (folder / SPLIT_FILE).write_text(json.dumps(about) + "\n")
    counts = {"n_users": ratings.n_users, "n_items": ratings.n_items, "n_unrated": n_unrated}
    return Prepared(folder=folder, **about, **counts)


def _rating_table(ratings: Ratings, validation: float, seed: int) -> tuple[pl.DataFrame, int, float]:
    """Return the shuffled rows, the number of those for training, and their mean."""
    order = from_seed(seed).permutation(len(ratings))
    n_train = max(1, int(len(ratings) * (1 - validation)))  # as Keras rounds it
    value = ratings.value[order]
    mean = float(value[:n_train].mean(dtype=np.float64))
    columns = {
        "userId": ratings.user_index[order],
        "movieId": ratings.item_index[order],
        "rating": value,
        "y": (value - mean).astype(np.float32),
    }
    return pl.DataFrame(columns), n_train, mean


def _movie_table(data: Dataset) -> tuple[pl.DataFrame, int]:
    """Return the rated films in the order of their ids, and the number of films left out."""
    ratings = data.ratings
    n_items = ratings.n_items
    catalog = data.catalog or Catalog.from_items(ratings.items)
    rows = catalog.aligned(ratings.items, RatingMatrix.from_ratings(ratings)).frame
    n_unrated = rows.height - n_items
    rows = rows.head(n_items)
    missing = {names.TITLE: pl.String, names.GENRES: pl.String, names.KEY: pl.String, names.YEAR: pl.Int32}
    rows = rows.with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in missing.items() if name not in rows.columns
    )
    title, year = pl.col(names.TITLE), pl.col(names.YEAR)
    with_year = pl.when(year.is_null()).then(title).otherwise(pl.format("{} ({})", title, year))
    rows = rows.with_columns(title.fill_null(_NO_TITLE), pl.col(names.GENRES).fill_null(_NO_GENRES))
    keys = unique_keys(
        rows.select(pl.col(names.KEY).fill_null(with_year)).to_series(), rows[names.ITEM_ID].to_list()
    )
    index = pl.int_range(pl.len(), dtype=pl.Int32)
    key, mean = pl.Series(names.KEY, keys, dtype=pl.String), pl.col(names.MEAN_RATING).round(6)
    number, film = index.alias(_INDEX), index.alias("movieId")
    films = rows.select(number, film, names.TITLE, names.GENRES, key, names.YEAR, names.N_RATINGS, mean)
    return films, n_unrated


def _id_table(ratings: Ratings) -> pl.DataFrame:
    """Return which compact id stands for which original id, users and films one after the other."""
    number, original = pl.int_range(pl.len(), dtype=pl.Int32), pl.col("id").cast(pl.String)
    parts = [
        ids.values.to_frame("id").select(
            pl.lit(column).alias("column"), number.alias("id"), original.alias("original_id")
        )
        for column, ids in (("userId", ratings.users), ("movieId", ratings.items))
    ]
    return pl.concat(parts)


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write a CSV file, some rows at a time."""
    header = ",".join("" if name == _INDEX else name for name in frame.columns) + "\n"
    parts = (part.write_csv(include_header=False) for part in frame.iter_slices(_ROWS))
    replace_file(path, (text.encode() for text in chain([header], parts)))
