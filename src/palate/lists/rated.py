"""What a user rated, for comparison with their recommendations."""

from typing import Any

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.forks import rows_of
from palate.data.vocabulary import entries_at
from palate.factors.item_index import item_table
from palate.lists.lookup import answer, described_frame, user_rows
from palate.scorer import Scorer

HELD_OUT = "held_out"


def rated(scorer: Scorer, users: object) -> Any:
    """Return what each user rated, highest first, as a frame.

    Parameters
    ----------
    scorer : Scorer
    users : id, or collection of ids

    Returns
    -------
    frame
        Columns `user_id`, `item_id`, `rating`, `held_out` (whether the rating was kept from
        training), `timestamp` where there are times, then the catalog's. Equal ratings are in the
        order of the item ids. Users without ratings have no rows.

    Raises
    ------
    KeyError
        If a user is unknown.
    ValueError
        If the model was saved without ratings.
    """
    rows = user_rows(scorer, users)
    ratings = rows.scorer.ratings
    if ratings is None:
        raise ValueError("rated needs the ratings of the model, which was saved without them.")
    at, starts = entries_at(ratings.indptr, rows.index)
    user = np.repeat(np.arange(len(rows.index)), np.diff(starts))
    values = ratings.values(at)
    order = np.lexsort((at, -values, user))
    user, at = user[order], at[order]
    held_out = np.zeros(len(at), dtype=bool) if ratings.held_out is None else ratings.held_out[at]
    columns = [pl.Series(names.RATING, values[order]), pl.Series(HELD_OUT, held_out)]
    if ratings.timestamp is not None:
        columns.append(pl.Series(names.TIMESTAMP, ratings.timestamp[at]))
    described = rows_of(item_table(rows.scorer), ratings.items[at])
    return answer(described_frame([rows.labels[user]], described, columns), rows.scorer, users)
