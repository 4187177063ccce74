"""Comparison of remedies for obscure recommendations at equal coverage or equal hits.

Any remedy can be made stronger until only the best-known items are left, so that two of them can be
compared only at equal catalog coverage, the share of the items in anyone's list, or at equal
numbers of hits. The curve of a remedy has its strengths from weak to strong. Between two
neighbouring strengths it is interpolated by mixing their lists: with weights w and 1 - w on the
sums of each user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.data.ratings import Ratings
from palate.evaluation.bootstrap import interval, resampled_sums
from palate.lists.obscurity import Known

MEAN, HITS, HIT_RATE, COVERAGE = "mean_rating", "hits", "hit_rate", "coverage"
Curves = Mapping[str, Sequence["Point"]]
METRICS = (MEAN, HITS, HIT_RATE)


@dataclass(frozen=True, eq=False, kw_only=True)
class Point:
    """The lists of all users for one strength of one remedy, evaluated on held-out ratings.

    Parameters
    ----------
    strength : float
    coverage : float
        Share of the items in anyone's list.
    rating, found, hits, any_hit : ndarray of shape (n_users,), float64
        Of each user's list: sum of the held-out ratings of what it recommends, how many of those
        there are, how many of them are of relevant items, and whether there is one.
    median_n_ratings : float
        Half of the recommended items have at most so many training ratings.
    """

    strength: float
    coverage: float
    rating: np.ndarray
    found: np.ndarray
    hits: np.ndarray
    any_hit: np.ndarray
    median_n_ratings: float

    @property
    def sums(self) -> np.ndarray:
        """The sums of every user as columns, shape (n_users, 5), the last 1."""
        return np.column_stack([self.rating, self.found, self.hits, self.any_hit, np.ones(len(self.found))])

    @property
    def values(self) -> dict[str, float]:
        """Mean held-out rating of what is recommended, hits, and the share of users with a hit."""
        figures = _figures(self.sums.sum(axis=0), len(self.found))
        return {name: float(value) for name, value in figures.items()}


def point(
    items: np.ndarray,
    test: Ratings,
    item_counts: np.ndarray,
    relevant_from: float,
    strength: float,
    known: np.ndarray,
) -> Point:
    """Return what held-out ratings say of everyone's lists.

    Parameters
    ----------
    items : ndarray of shape (n_users, n), int
        Each user's list as indexes of `test.items`, -1 where it is shorter.
    test : Ratings
        Held-out ratings, whose users are the rows of `items`.
    item_counts : ndarray of shape (n_items,), int
        Training ratings.
    relevant_from : float
        Lowest rating of a relevant item.
    strength : float
        Strength of the remedy.
    known : ndarray of shape (n_items,), bool
        The items that could be recommended, of which coverage is a share.

    Examples
    --------
    >>> test = Ratings.from_arrays([0, 0, 1], [0, 1, 1], [5, 2, 4])
    >>> found = point(np.array([[0, 1], [1, -1]]), test, np.array([10, 2]), 4.0, 0.0, np.array([True, True]))
    >>> found.values["hits"], found.values["hit_rate"], round(found.values["mean_rating"], 2)
    (2.0, 1.0, 3.67)
    """
    there = items >= 0
    row, _ = np.nonzero(there)
    listed = items[there].astype(np.int64)
    key = test.user_index.astype(np.int64) * test.n_items + test.item_index
    asked = row * test.n_items + listed
    at = np.minimum(np.searchsorted(key, asked), max(0, len(key) - 1))
    match = key[at] == asked if len(key) else np.zeros(len(asked), dtype=bool)
    value = np.where(match, test.value[at], 0.0).astype(np.float64)
    relevant = match & (value >= relevant_from)
    n = len(items)
    rating, found, hits = (np.bincount(row, weights=part, minlength=n) for part in (value, match, relevant))
    return Point(
        strength=strength,
        coverage=len(np.unique(listed)) / int(known.sum()),
        rating=rating,
        found=found,
        hits=hits,
        any_hit=(hits > 0).astype(np.float64),
        median_n_ratings=Known.of(item_counts[listed]).median,
    )


def table(curves: Mapping[str, Sequence[Point]]) -> pl.DataFrame:
    """Return every point as a frame.

    Its columns are mend, strength, coverage, mean_rating, hits, hit_rate and median_n_ratings.
    """
    rows = [
        {
            "mend": name,
            "strength": one.strength,
            "coverage": one.coverage,
            **one.values,
            "median_n_ratings": one.median_n_ratings,
        }
        for name, points in curves.items()
        for one in points
    ]
    return pl.DataFrame(rows)


def at_equal(
    points: Sequence[Point], level: float, equal: str = "coverage"
) -> tuple[np.ndarray, float] | None:
    """Return the sums of every user and the coverage, interpolated to a level of coverage or hits.

    The sums are those of `Point.sums`.

    None if the curve does not reach it. Where a curve passes a level several times, the place with
    the highest mean rating counts.

    Parameters
    ----------
    points : sequence of Point
        From weak to strong.
    level : float
    equal : {"coverage", "hits"}, default "coverage"
    """
    best: tuple[np.ndarray, float] | None = None
    for weak, strong in pairwise(points):
        first, last = (one.coverage if equal == COVERAGE else float(one.hits.sum()) for one in (weak, strong))
        if not min(first, last) <= level <= max(first, last):
            continue
        share = 0.0 if first == last else (level - first) / (last - first)
        sums = (1 - share) * weak.sums + share * strong.sums
        if best is None or _mean(sums) > _mean(best[0]):
            best = sums, (1 - share) * weak.coverage + share * strong.coverage
    return best


def compare(
    curves: Curves | Sequence[Curves],
    mine: str,
    levels: Sequence[float],
    *,
    equal: str = "coverage",
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pl.DataFrame:
    """Return how one remedy differs from every other one at equal coverage or equal hits.

    Intervals are those of resamples of the users.

    Parameters
    ----------
    curves : mapping of str to sequence of Point, or several of them
        Each from weak to strong. Several are those of several holdouts of the same users, which are
        taken together: a resampled user comes with what was held out each time.
    mine : str
        Name of the one that is compared with the others.
    levels : sequence of float
        Of what is equal.
    equal : {"coverage", "hits"}, default "coverage"
    resamples : int, default 1000
    confidence : float, default 0.95
    seed : int, default 0

    Returns
    -------
    polars.DataFrame
        Columns coverage or hits (what is equal), metric, against, value (of `mine`), other,
        difference, low, high. Coverage belongs to all users together and has no interval. Where one
        of two curves does not reach a level, there is no row.
    """
    if equal not in (COVERAGE, HITS):
        raise ArgumentError("equal", "be 'coverage' or 'hits'", f"{equal!r}")
    holdouts = [curves] if isinstance(curves, Mapping) else list(curves)
    rows: list[dict[str, Any]] = []
    for level in levels:
        there = _together(holdouts, level, equal)
        names = [mine, *(name for name in there if name != mine)]
        if mine not in there or len(names) < 2:
            continue
        stacked = np.column_stack([there[name][0] for name in names])
        whole = _by_remedy(stacked.sum(axis=0), names, len(stacked))
        drawn = _by_remedy(resampled_sums(stacked, resamples, seed), names, len(stacked))
        for other in names[1:]:
            found = {metric: (float(whole[mine][metric]), float(whole[other][metric])) for metric in METRICS}
            found[COVERAGE] = there[mine][1], there[other][1]
            for metric, (value, against) in found.items():
                low = high = None
                if metric != COVERAGE:
                    low, high = map(float, interval(drawn[mine][metric] - drawn[other][metric], confidence))
                pair = {"metric": metric, "against": other, "value": value, "other": against}
                rows.append({equal: level, **pair, "difference": value - against, "low": low, "high": high})
    return pl.DataFrame(rows, infer_schema_length=None)


def _together(holdouts: Sequence[Curves], level: float, equal: str) -> dict[str, tuple[np.ndarray, float]]:
    """Return the sums of every user over all holdouts and the mean coverage, by remedy.

    A remedy that does not reach a level in all holdouts is left out.
    """
    found = {}
    for name in holdouts[0]:
        parts = [at_equal(curves[name], level, equal) if name in curves else None for curves in holdouts]
        whole = [part for part in parts if part is not None]
        if len(whole) == len(holdouts):
            sums, coverages = zip(*whole, strict=True)
            found[name] = np.sum(sums, axis=0), float(np.mean(coverages))
    return found


def _by_remedy(sums: np.ndarray, names: list[str], n_users: int) -> dict[str, dict[str, np.ndarray]]:
    width = sums.shape[-1] // len(names)
    return {
        name: _figures(sums[..., width * at : width * (at + 1)], n_users) for at, name in enumerate(names)
    }


def _figures(sums: np.ndarray, n_users: int) -> dict[str, np.ndarray]:
    rating, found, hits, any_hit, users = np.moveaxis(np.asarray(sums), -1, 0)
    mean = np.divide(rating, found, out=np.full(np.shape(rating), np.nan), where=found > 0)
    return {MEAN: mean, HITS: hits * n_users / users, HIT_RATE: any_hit / users}


def _mean(sums: np.ndarray) -> float:
    rating, found = sums[:, 0].sum(), sums[:, 1].sum()
    return float(rating / found) if found else -np.inf
