"""What `palate prepare` wrote beside the ratings: the rows for validation, and the mean that `y` lacks."""

import json
from typing import Any

import numpy as np

from palate.data.arguments import warn_caller
from palate.data.prepare import SPLIT_FILE
from palate.data.ratings import Ratings
from palate.io.layout import TextFile
from palate.io.sources import Files, Source

_LARGEST_SPREAD = 1e-3  # of rating - y, which float32 rounds


class PreparedWarning(UserWarning):
    """A prepared pair of files does not fit together any more."""


def prepared_mean(source: Source) -> float | None:
    """Return the mean that is taken off in the column `y` of a prepared table.

    Return None where `rating - y` is no constant.
    """
    file = TextFile(source)
    rating, y = file.names.index("rating"), file.names.index("y")
    try:
        rows = [float(row[rating]) - float(row[y]) for row in file.head[1:]]
    except (ValueError, IndexError):
        return None
    return float(np.mean(rows)) if rows and max(rows) - min(rows) < _LARGEST_SPREAD else None


def validation_pairs(files: Files, source: Source, columns: dict[str, Any]) -> tuple[Any, Any] | None:
    """Return the user and item ids of the rows that were prepared for validation, or None.

    Parameters
    ----------
    files : Files
    source : Source
        The table of ratings.
    columns : dict
        Its columns "user" and "item", in the order of the rows.
    """
    split = files.find(SPLIT_FILE)
    if split is None:
        return None
    try:
        about = json.loads(split.read())
        n_train, n_validation = int(about["n_train"]), int(about["n_validation"])
    except (ValueError, TypeError, KeyError):
        said = f"{SPLIT_FILE} beside {source.name} was not written by prepare, and is ignored."
        warn_caller(said, PreparedWarning)
        return None
    n = len(columns["user"])
    if n_train + n_validation != n or n_train < 1 or n_validation < 0:
        beside = f"{SPLIT_FILE} beside it says {n_train:,} for training and {n_validation:,} for validation"
        said = f"{source.name} has {n:,} rows, but {beside}. {SPLIT_FILE} is ignored."
        warn_caller(said, PreparedWarning)
        return None
    return np.array(columns["user"][n_train:]), np.array(columns["item"][n_train:])


def mask_of(ratings: Ratings, pairs: tuple[Any, Any]) -> np.ndarray:
    """Return which ratings are of these pairs, bool."""
    users, items = ratings.users.indices(pairs[0]), ratings.items.indices(pairs[1])
    # ascending, as the rows are
    keys = ratings.user_index.astype(np.int64) * ratings.n_items + ratings.item_index
    found = np.zeros(len(ratings), bool)
    found[np.searchsorted(keys, users * ratings.n_items + items)] = True
    return found
