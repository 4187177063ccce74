"""Which genres a user likes: how far ratings inside a genre are from what is expected of them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.matrix import RatingMatrix
from palate.factors.item_index import item_table
from palate.factors.temporal_scores import scores_at
from palate.scorer import Factored, Scorer

DAMPING = 10.0  # ratings with a residual of 0 that are added to each bias
STANDARD_ERRORS = 3.0  # a user has some 20 genres: by chance one in 40 users is beyond this in any of them
_NO_GENRE = "(no genres listed)"


def genre_tastes(scorer: Scorer, damping: float = 10.0) -> pl.DataFrame:
    """Return by how much each user rates each genre above what a scorer expects.

    Parameters
    ----------
    scorer : Scorer
        With its ratings and a catalog with genres; a baseline, so that "expected" knows the user's
        severity and the item's quality but no taste.
    damping : float, default 10.0
        Number of ratings with a residual of 0 that are added to each genre, so that one rating
        makes no taste.

    Returns
    -------
    polars.DataFrame
        user_id, genre, liking (damped mean of rating less prediction), n_in_genre, n_ratings (of
        the user); highest liking first, then by user and genre.

    Raises
    ------
    ValueError
        If the scorer has no ratings or no genres.
    """
    table = item_table(scorer)
    if scorer.ratings is None or names.GENRES not in table.columns:
        raise ValueError("genre_tastes needs a scorer with ratings and genres; this one has none.")
    ratings, counts = scorer.ratings, scorer.ratings.user_counts()
    user = np.repeat(np.arange(len(counts)), counts)
    residual = ratings.values() - scores_at(scorer, user, ratings.items, ratings.timestamp)
    parts = []
    for one in _by_genre(table, ratings.items, user, residual.astype(np.float64), len(counts)):
        rows = np.flatnonzero(one.n)
        columns = {
            names.USER_ID: scorer.users.take(rows),
            "genre": pl.repeat(one.genre, len(rows), dtype=pl.String, eager=True),
            "liking": one.total[rows] / (one.n[rows] + damping),
            "n_in_genre": one.n[rows].astype(np.int64),
            names.N_RATINGS: counts[rows],
        }
        parts.append(pl.DataFrame(columns))
    order = pl.col("liking").round(9), names.USER_ID, "genre"
    return pl.concat(parts).sort(*order, descending=[True, False, False])


def residuals(ratings: RatingMatrix) -> np.ndarray:
    """Return each rating less the mean, its item's bias and its user's bias, float32.

    They are in the order of the matrix.
    """
    counts = ratings.user_counts()
    user = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    left = ratings.values().astype(np.float32, copy=True)
    left -= left.mean(dtype=np.float64)
    for index, n in ((ratings.items, ratings.item_counts()), (user, counts)):
        left -= (np.bincount(index, weights=left, minlength=len(n)) / (n + DAMPING)).astype(np.float32)[index]
    return left


def genre_contrasts(model: Factored, user_index: int | None = None) -> pl.DataFrame:
    """Return liking and clarity of each genre for every user (or one), with the counts.

    Liking is the mean residual inside the genre less that outside.
    """
    ratings: RatingMatrix = model.ratings  # type: ignore[assignment]
    first, last = (0, len(ratings.indptr) - 1) if user_index is None else (user_index, user_index + 1)
    span = slice(int(ratings.indptr[first]), int(ratings.indptr[last]))
    left, items, counts = residuals(ratings)[span], ratings.items[span], ratings.user_counts()[first:last]
    user = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    squares = np.bincount(user, weights=left.astype(np.float64) ** 2, minlength=len(counts))
    total = np.bincount(user, weights=left, minlength=len(counts))
    parts = []
    for one in _by_genre(item_table(model), items, user, left, len(counts)):
        liking, clarity = _contrast(total, squares, counts, one.total, one.n)
        rows = np.flatnonzero((one.n > 0) & (one.n < counts))
        columns = {
            names.USER_ID: model.users.take(first + rows),
            "taste": pl.repeat(one.genre, len(rows), dtype=pl.String, eager=True),
            "clarity": clarity[rows],
            "liking": liking[rows],
            "n_in_taste": one.n[rows].astype(np.int64),
            names.N_RATINGS: counts[rows].astype(np.int64),
        }
        parts.append(pl.DataFrame(columns))
    return pl.concat(parts)


def _contrast(
    total: np.ndarray, squares: np.ndarray, counts: np.ndarray, sum_in: np.ndarray, n_in: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each user's mean inside less that outside, and the same less three standard errors.

    The standard errors are of the pooled variance.
    """
    n_out = counts - n_in
    mean_in, mean_out = sum_in / np.maximum(n_in, 1), (total - sum_in) / np.maximum(n_out, 1)
    spread = np.maximum(squares - n_in * mean_in**2 - n_out * mean_out**2, 0) / np.maximum(counts - 2, 1)
    error = np.sqrt(spread * (1 / np.maximum(n_in, 1) + 1 / np.maximum(n_out, 1)))
    return mean_in - mean_out, mean_in - mean_out - STANDARD_ERRORS * error


def clearest_genres(model: Factored, min_ratings: int = 20, min_in_genre: int = 10) -> pl.DataFrame:
    """Return each user with a clear taste in a genre, with that genre, clearest first."""
    inside = pl.col("n_in_taste")
    enough = inside.is_between(min_in_genre, pl.col(names.N_RATINGS) - min_in_genre)
    found = genre_contrasts(model).filter(
        enough, pl.col(names.N_RATINGS) >= min_ratings, pl.col("clarity") > 0
    )
    order = pl.col("clarity").round(9)
    found = found.sort(order, names.USER_ID, "taste", descending=[True, False, False])
    return found.unique(names.USER_ID, keep="first", maintain_order=True)


class _OfGenre(NamedTuple):
    """What each user rated of a genre."""

    genre: str
    n: np.ndarray  # (n_users,) int64, ratings
    total: np.ndarray  # (n_users,) float64, sum of the residuals


def _by_genre(
    table: pl.DataFrame, items: np.ndarray, user: np.ndarray, residual: np.ndarray, n_users: int
) -> Iterator[_OfGenre]:
    """Return for one genre after the other what each user rated of it."""
    genres, member = _membership(table)
    for column, genre in enumerate(genres):
        inside = member[items, column]
        n = np.bincount(user[inside], minlength=n_users)
        yield _OfGenre(genre, n, np.bincount(user[inside], weights=residual[inside], minlength=n_users))


def _membership(table: pl.DataFrame) -> tuple[list[str], np.ndarray]:
    """Return the genres, and which items are of which, bool, shape (n_items, n_genres)."""
    lists = table[names.GENRES].fill_null("").str.split("|")
    pairs = pl.DataFrame({"row": np.arange(len(lists)), "genre": lists}).explode("genre")
    pairs = pairs.filter(~pl.col("genre").is_in(["", _NO_GENRE]))
    genres = pairs["genre"].unique().sort().to_list()
    member = np.zeros((len(lists), len(genres)), dtype=bool)
    member[pairs["row"].to_numpy(), pairs["genre"].replace_strict(genres, range(len(genres))).to_numpy()] = (
        True
    )
    return genres, member
