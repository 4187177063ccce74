"""Which genres a user likes more than others do: residuals of a scorer by genre."""

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.factors.item_index import item_table
from palate.factors.temporal_scores import scores_at
from palate.scorer import Scorer

_NO_GENRE = "(no genres listed)"


def genre_tastes(scorer: Scorer, damping: float = 10.0) -> pl.DataFrame:
    """Return by how much each user rates each genre above what a scorer expects.

    Parameters
    ----------
    scorer : Scorer
        With its ratings and a catalog with genres; a baseline, so that "expected" knows the user's
        severity and the item's quality but no taste.
    damping : float, default 10.0
        Number of ratings without surprise that are added to each genre, so that one rating makes no taste.

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
    ratings = scorer.ratings
    counts = ratings.user_counts()
    user = np.repeat(np.arange(len(counts)), counts)
    surprise = ratings.values() - scores_at(scorer, user, ratings.items, ratings.timestamp)
    genres = table[names.GENRES].fill_null("").str.split("|")
    rows = pl.DataFrame(
        {
            names.USER_ID: scorer.users.take(user),
            "genre": genres.gather(ratings.items),
            "surprise": surprise.astype(np.float64),
            names.N_RATINGS: counts[user],
        }
    ).explode("genre")
    found = rows.filter(~pl.col("genre").is_in(["", _NO_GENRE])).group_by(
        names.USER_ID, "genre", names.N_RATINGS
    )
    return (
        found.agg(
            (pl.col("surprise").sum() / (pl.len() + damping)).alias("liking"),
            pl.len().cast(pl.Int64).alias("n_in_genre"),
        )
        .select(names.USER_ID, "genre", "liking", "n_in_genre", names.N_RATINGS)
        .sort(pl.col("liking").round(9), names.USER_ID, "genre", descending=[True, False, False])
    )
