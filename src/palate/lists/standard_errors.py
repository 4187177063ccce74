"""Recommendations with their uncertainty: std, low, high, and the same in words."""

from typing import Any

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.forks import rows_of
from palate.factors.draws import knows_rating_spread
from palate.factors.item_index import item_table
from palate.factors.uncertainty import interval_ends, standard_errors
from palate.lists.lookup import UserRows, described_frame, score_column
from palate.lists.words import sentences
from palate.scorer import Ranking

SHARE = 0.8  # of the intervals in frames and words


def spread_frame(
    rows: UserRows, ranking: Ranking, *, ranked_by_mean: bool, words: bool, threads: int | None
) -> pl.DataFrame:
    """Return a ranking as a Polars frame, with the uncertainty of each prediction.

    Parameters
    ----------
    rows : UserRows
    ranking : Ranking
    ranked_by_mean : bool
        Whether the scores of the ranking are the means, which then need no column of their own.
    words : bool
        Whether to add a column of sentences.
    threads : int, optional
    """
    model: Any = rows.scorer
    filled = ranking.items >= 0
    at, place = np.nonzero(filled)
    users, items = rows.index[at], ranking.items[filled].astype(np.int64)
    mean = np.asarray(model.score_pairs(users, items), dtype=np.float32)
    sd = standard_errors(model, users, items, threads)
    low, high = interval_ends(model, users, items, mean, sd, SHARE, "mean", threads)
    numbers = [pl.Series(names.RANK, place + 1), pl.Series(score_column(model), mean)]
    if not ranked_by_mean:
        own = "ranking_score" if score_column(model) == names.SCORE else names.SCORE
        numbers.append(pl.Series(own, ranking.scores[filled]))
    numbers += [
        pl.Series(name, values.astype(np.float32))
        for name, values in zip((names.STD, names.LOW, names.HIGH), (sd, low, high), strict=True)
    ]
    described = rows_of(item_table(model), items)
    if words:
        counts = described[names.N_RATINGS].to_list() if names.N_RATINGS in described.columns else None
        ratings = None
        if knows_rating_spread(model):
            ratings = interval_ends(model, users, items, mean, sd, SHARE, "rating", threads)
        texts = sentences(mean, low, high, counts, ratings, model.scale)
        numbers.append(pl.Series(names.IN_WORDS, texts, dtype=pl.String))
    return described_frame([rows.labels[at]], described, numbers)
