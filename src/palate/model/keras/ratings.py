"""The ratings beside a Keras file: its rows are their ids, and its predictions lack their mean."""

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words
from palate.data.dataset import Dataset, ratings_of
from palate.data.frames import to_polars
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary

_COLUMNS = {"user": ("userid", "user"), "item": ("movieid", "itemid", "movie", "item"), "rating": ("rating",)}
_CENTRED = "y"
_SLACK = 1e-3  # of `rating - y`, which files round


def table_of(ratings: object) -> tuple[Ratings, float]:
    """Return the ratings and the mean that Keras took off.

    The mean is that of `rating - y` where there is a column y, else that of the ratings.

    Parameters
    ----------
    ratings : Ratings, or a data frame with columns such as userId, movieId, rating and y

    Raises
    ------
    ValueError
        If a column is missing, or `rating - y` is not one number.
    """
    if isinstance(ratings, Ratings | Dataset):
        table = ratings_of(ratings)
        return table, table.mean()
    frame = to_polars(ratings)
    plain = {name.lower().replace("_", ""): name for name in reversed(frame.columns)}
    columns = {}
    for role, candidates in _COLUMNS.items():
        found = next((plain[name] for name in candidates if name in plain), None)
        if found is None:
            must = f"have a column of {role}s, such as {candidates[0]!r}"
            advice = "Or pass palate.Ratings.from_frame(...)."
            raise ArgumentError("ratings", must, ", ".join(map(repr, frame.columns)), advice)
        columns[role] = found
    table = Ratings.from_frame(ratings, columns["user"], columns["item"], columns["rating"])
    if _CENTRED not in plain:
        return table, table.mean()
    offset = frame[columns["rating"]].cast(float).to_numpy() - frame[plain[_CENTRED]].cast(float).to_numpy()
    mean = float(np.mean(offset))
    if not np.isfinite(offset).all() or np.abs(offset - mean).max() > _SLACK:
        must, got = "be one number, the mean that was taken off", f"{offset.min():g} to {offset.max():g}"
        raise ArgumentError("rating - y", must, got, Words.of("Pass `mean=`."))
    return table, mean


def rated_rows(ids: Vocabulary | None, n_rows: int, what: str) -> tuple[Vocabulary, np.ndarray]:
    """Return the ids of one side and the rows of a Keras table that are theirs; all rows without ratings.

    Raises
    ------
    TypeError
        If the ids are no integers.
    ValueError
        If an id is no row of the table.
    """
    if ids is None:
        return Vocabulary.numbered(n_rows), np.arange(n_rows)
    if ids.kind != "int":
        must = "be integers, since Keras' ids are row numbers"
        raise ArgumentTypeError(f"{what} ids", must, f"{ids.type_name}s")
    rows = np.asarray(ids.ids(), dtype=np.int64)
    outside = rows[(rows < 0) | (rows >= n_rows)]
    if len(outside):
        more = f" and {len(outside) - 1:,} more" if len(outside) > 1 else ""
        must = f"be row numbers of the file's table, 0 to {n_rows - 1}"
        advice = "Are these the ratings that Keras was trained on?"
        raise ArgumentError(f"{what} ids", must, f"{outside[0]}{more}", advice)
    return ids, rows
