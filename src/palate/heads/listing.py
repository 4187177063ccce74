"""Lists ranked by both heads, as frames with the chance of a choice and the predicted rating."""

from collections.abc import Callable

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Words
from palate.data import columns as names
from palate.data.forks import rows_of
from palate.factors.draws import check_spread, has_spread, normal_quantile
from palate.factors.item_index import item_table
from palate.factors.uncertainty import interval_ends, standard_errors
from palate.heads.ranking import Lowered, Picked, TwoHeads
from palate.lists.cautious import check_caution
from palate.lists.lookup import UserRows, described_frame, score_column
from palate.lists.options import ListOptions
from palate.lists.pool import Pool
from palate.lists.popular import silent_about
from palate.lists.recommending import check_n, warn_if_empty, warn_if_silent
from palate.lists.shaping import Arrays, Shape, shaped, warn_if_short
from palate.lists.words import expected_if_chosen
from palate.scorer import Scorer

CHANCE = "chance"
NOT_KNOWN = "how likely it is to be chosen is not known"
BY_POPULARITY = "among the most popular items"
SHARE = 0.8  # of the intervals in words


def list_of_both(
    heads: TwoHeads, scorer: Scorer, rows: UserRows, n: int, options: ListOptions
) -> pl.DataFrame:
    """Return the lists of known users by both heads.

    `scorer` is the model of both, which knows the catalog and what was rated.
    """
    n, caution = check_n(n), _check_caution(heads, options.caution)
    allowed = options.allowed(scorer)
    pool = Pool.of(scorer, allowed.mask, options.exclude_seen, threads=options.threads)
    lowered = _lower_bound(heads, caution) if caution else None

    def pick(at: np.ndarray, length: int) -> Picked:
        return heads.pick(rows.index[at], length, pool, lowered, caution)

    shape = options.shape(scorer)
    every = np.arange(len(rows.index))
    picked = pick(every, n) if shape is None else _shaped(shape, rows, pick, n, allowed.n_items)
    warn_if_empty(rows, allowed, picked.ranking)
    warn_if_silent(rows)
    return _frame(heads, scorer, rows, picked, options.words)


def star_head(heads: TwoHeads, by: str) -> Scorer:
    """Return the star head; ArgumentError for heads without one, which `by` needs."""
    if heads.stars is None:
        raise ArgumentError("by", "be 'both' or 'chosen' for a model without a star head", f"{by!r}")
    return heads.stars


def _check_caution(heads: TwoHeads, caution: float) -> float:
    caution = check_caution(caution, None)
    if caution < 0:
        must, advice = Words.of("be at least 0 with `by='both'`"), Words.of("Pass `by='stars'` to explore.")
        raise ArgumentError("caution", must, f"{caution:g}", advice)
    if caution and heads.stars is None:
        what = "be 0 for a model without a star head, which predicts no ratings"
        raise ArgumentError("caution", what, f"{caution:g}")
    return caution


def _lower_bound(heads: TwoHeads, caution: float) -> Lowered:
    z, stars = normal_quantile(caution), check_spread(star_head(heads, "both"), "caution", caution, "0")

    def lowered(users: np.ndarray, items: np.ndarray, mean: np.ndarray) -> np.ndarray:
        return mean - z * standard_errors(stars, users, items)

    return lowered


def _shaped(
    shape: Shape, rows: UserRows, pick: Callable[[np.ndarray, int], Picked], n: int, n_items: int
) -> Picked:
    """Return shaped lists, made from the rankings of both heads."""

    def first(at: np.ndarray, width: int) -> Arrays:
        found = pick(at, width)
        return found.items, found.scores, found.places

    def chance(found: Arrays) -> np.ndarray:
        return np.asarray(np.exp(found[1] - found[1][:, :1]))  # scores are logarithms of chances

    found = shaped(shape, first, len(rows.index), n, n_items, chance)
    warn_if_short(rows, n, found)
    return Picked(*found.arrays)


def _frame(heads: TwoHeads, scorer: Scorer, rows: UserRows, picked: Picked, words: bool) -> pl.DataFrame:
    filled = picked.items >= 0
    at, place = np.nonzero(filled)
    items, users = picked.items[filled].astype(np.int64), rows.index[at]
    numbers = [pl.Series(names.RANK, place + 1)]
    chance = heads.chances(users, picked.places[filled])
    mean = None if heads.stars is None else scorer.score_pairs(users, items)
    if heads.stars is not None:
        numbers.append(pl.Series(score_column(heads.stars), mean))
    numbers.append(pl.Series(CHANCE, chance))
    if words:
        known = ~silent_about(heads.choice, users)
        said = [
            heads.chance.in_words(int(place)) if knows else BY_POPULARITY
            for place, knows in zip(picked.places[filled], known, strict=True)
        ]
        if mean is None:
            said = [one or NOT_KNOWN for one in said]
        else:
            said = _stars_in_words(star_head(heads, "both"), said, users, items, mean)
        numbers.append(pl.Series(names.IN_WORDS, said, dtype=pl.String))
    return described_frame([rows.labels[at]], rows_of(item_table(scorer), items), numbers)


def _stars_in_words(
    stars: Scorer, said: list[str], users: np.ndarray, items: np.ndarray, mean: np.ndarray
) -> list[str]:
    """Return the words about each choice, with the expected rating of the item."""
    intervals: list[tuple[float, float] | None] = [None] * len(said)
    if has_spread(stars):
        sd = standard_errors(stars, users, items)
        low, high = interval_ends(stars, users, items, mean, sd, SHARE, "mean")
        intervals = list(zip(low.tolist(), high.tolist(), strict=True))
    return [
        expected_if_chosen(float(value), interval, stars.scale, words)
        for words, value, interval in zip(said, mean, intervals, strict=True)
    ]
