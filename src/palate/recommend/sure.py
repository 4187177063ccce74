"""Recommendations with how sure the model is of each: std, low, high, and the same in words."""

from typing import Any

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.recommend.lookup import UserRows, described_frame, score_column
from palate.recommend.prepared import item_table
from palate.recommend.ranking import Ranking
from palate.recommend.uncertainty import normal_quantile, pair_sd, rating_interval
from palate.recommend.words import sentences

SHARE = 0.8  # of the intervals in frames and words


def spread_frame(rows: UserRows, ranking: Ranking, *, ranked_by_mean: bool, words: bool, threads: int | None) -> pl.DataFrame:
    """Return a ranking as a Polars frame with what is expected of each pair and how sure that is.

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
    sd = pair_sd(model, users, items, threads)
    reach = normal_quantile(SHARE) * sd
    low, high = mean - reach, mean + reach
    if model.link != "identity" and model.scale is not None:  # what is expected cannot lie outside
        low, high = np.clip(low, *model.scale), np.clip(high, *model.scale)
    numbers = [pl.Series(names.RANK, place + 1), pl.Series(score_column(model), mean)]
    if not ranked_by_mean:
        numbers.append(
            pl.Series("ranking_score" if score_column(model) == names.SCORE else names.SCORE, ranking.scores[filled])
        )
    numbers += [
        pl.Series(name, values.astype(np.float32))
        for name, values in zip((names.STD, names.LOW, names.HIGH), (sd, low, high), strict=True)
    ]
    described = item_table(model)[items]
    if words:
        counts = described[names.N_RATINGS].to_list() if names.N_RATINGS in described.columns else None
        ratings = rating_interval(model, users, items, mean, sd, SHARE)
        numbers.append(pl.Series(names.IN_WORDS, sentences(mean, low, high, counts, ratings, model.scale), dtype=pl.String))
    return described_frame([rows.labels.gather(at)], described, numbers)
