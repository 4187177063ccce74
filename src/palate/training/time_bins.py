"""Time bins in training: the pairs (row, time bin) with ratings, and the shifts of the time bins.

Ratings of one (item, time bin) meet one vector, that of the item as it is in the time bin. The rows
of users therefore are solved for as ever, with such pairs as their columns, and those of items with
pairs (user, time bin); the row solver does not know of time. What a time bin adds to a side is a
row of its own, with the same pairs as columns.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import even_bounds, run_chunks
from palate.data.arguments import warn_caller
from palate.factors.temporal import N_TIME_BINS, last_time_bins, time_bins_of
from palate.solve.compressed import starts_of
from palate.solve.rows import Rows, Side
from palate.training.features import feature_names
from palate.training.rating_errors import NO_EFFECTS, Effects, RatingErrors

BINS, SESSIONS = "bins", "sessions"
PARTS = (BINS, SESSIONS)
_RENAMED = {"eras": BINS, "sittings": SESSIONS}  # names of before, which warn for one version
_PAIRS_PER_CHUNK = 1 << 12

Normal = Callable[[int], np.ndarray]  # of time bins, which returns normal numbers for so many


@dataclass(frozen=True, eq=False)
class BinGroup:
    """Time bins whose shifts are solved for at once: no two are adjacent, and all have as many neighbours."""

    time_bins: np.ndarray
    n_neighbours: int


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs (row, time bin) of one side in which there are ratings."""

    rows: np.ndarray  # (n,) int32
    time_bins: np.ndarray  # (n,) int32
    n_time_bins: int

    @classmethod
    def of(
        cls, rows: np.ndarray, time_bins: np.ndarray, n_rows: int, n_time_bins: int
    ) -> tuple["Pairs", np.ndarray]:
        """Return the distinct pairs, by time bin and row, and which of them each rating is, int32."""
        key = time_bins.astype(np.int64) * n_rows + rows
        there = np.zeros(n_rows * n_time_bins, bool)
        there[key] = True
        found = np.flatnonzero(there)
        number = np.cumsum(there, dtype=np.int64) - 1
        pairs = cls((found % n_rows).astype(np.int32), (found // n_rows).astype(np.int32), n_time_bins)
        return pairs, number[key].astype(np.int32)

    @property
    def groups(self) -> list[BinGroup]:
        """The time bins in three groups: every other one, the rest, and the last with its one neighbour."""
        last = self.n_time_bins - 1
        parts = ((np.arange(0, last, 2), 2), (np.arange(1, last, 2), 2), (np.array([last]), 1))
        return [BinGroup(*part) for part in parts if len(part[0])]

    @cached_property
    def chunks(self) -> tuple[np.ndarray, np.ndarray]:
        """The bounds of chunks of pairs, each of one time bin, and the first chunk of each time bin.

        Only for pairs by time bin.
        """
        bounds = np.searchsorted(self.time_bins, np.arange(self.n_time_bins + 1))
        parts = [first + even_bounds(last - first, _PAIRS_PER_CHUNK)[:-1] for first, last in pairwise(bounds)]
        first = np.cumsum([0, *(len(part) for part in parts[:-1])])
        return np.concatenate([*parts, bounds[-1:]]).astype(np.int64), first

    def moments(self, factors: np.ndarray, weight: np.ndarray, total: np.ndarray, threads: int) -> np.ndarray:
        """Return the sums of each time bin, (n_time_bins, width + 1, width + 2) float64.

        See `kernels.timing.bin_moments`. Every time bin has pairs.
        """
        from palate.kernels.timing import bin_moments

        (bounds, first), width = self.chunks, factors.shape[1]
        out = np.empty((len(bounds) - 1, width + 1, width + 2))
        run_chunks(bin_moments, even_bounds(len(out), 1), threads, bounds, factors, weight, total, out)
        return np.add.reduceat(out, first, axis=0)

    def scores(self, factors: np.ndarray, shift: np.ndarray, threads: int) -> np.ndarray:
        """Return what shifts add to the scores of pairs with these factors of the other side, float32."""
        from palate.kernels.timing import shift_scores

        out = np.empty(len(factors), np.float32)
        bounds = even_bounds(len(out), _PAIRS_PER_CHUNK)
        run_chunks(shift_scores, bounds, threads, factors, self.time_bins, shift, out)
        return out

    def shifted(self, side: Side, own: np.ndarray, other: np.ndarray, threads: int) -> Side:
        """Return the vectors of all pairs; see `kernels.timing.shift_rows`."""
        from palate.kernels.timing import shift_rows

        n, width = len(self.rows), side.factors.shape[1]
        out, bias = np.empty((n, width), np.float32), np.empty(n, np.float32)
        given = (side.factors, side.bias, self.rows, self.time_bins, own, other)
        run_chunks(shift_rows, even_bounds(n, _PAIRS_PER_CHUNK), threads, *given, out, bias)
        return Side(out, bias)


@dataclass(frozen=True, eq=False)
class BinRatings:
    """The time bins, and where each training rating is in them."""

    edges: np.ndarray  # (n_time_bins - 1,) int64
    item: np.ndarray  # (n_ratings,) int32, by user
    pairs: tuple[Pairs, Pairs]  # of users and of items
    pair: tuple[np.ndarray, np.ndarray]  # which of them each rating is, (n_ratings,) int32, by user
    item_pair_by_item: np.ndarray  # (n_ratings,) int32, that of items by item
    by_user: np.ndarray  # (n_users + 1,) int64, where the ratings of each user begin
    by_item: np.ndarray  # (n_items + 1,) int64, the same of items, whose ratings `place` finds
    place: np.ndarray  # (n_ratings,) int32

    @classmethod
    def build(cls, rows: Rows, times: np.ndarray, edges: np.ndarray, place: np.ndarray) -> "BinRatings":
        """Find the pairs of ratings by user; `place` turns their order into that of items."""
        time_bins, n_time_bins = time_bins_of(edges, times), len(edges) + 1
        users = np.repeat(np.arange(rows.n_rows), rows.counts)
        user_pairs, user_pair = Pairs.of(users, time_bins, rows.n_rows, n_time_bins)
        item_pairs, item_pair = Pairs.of(rows.columns, time_bins, rows.n_columns, n_time_bins)
        by_item = starts_of(np.bincount(rows.columns, minlength=rows.n_columns))
        pairs, pair = (user_pairs, item_pairs), (user_pair, item_pair)
        return cls(edges, rows.columns, pairs, pair, item_pair[place], rows.indptr, by_item, place)

    @property
    def n_time_bins(self) -> int:
        """Number of time bins."""
        return len(self.edges) + 1

    @cached_property
    def user_time_bin(self) -> np.ndarray:
        """Time bin of each user's last rating, int32; the last one for a user without any."""
        users = self.pairs[0]
        return last_time_bins(users.rows, users.time_bins, len(self.by_user) - 1, self.n_time_bins)

    def columns(
        self, number: int, vectors: Side, shifts: tuple[np.ndarray, np.ndarray], threads: int
    ) -> Side:
        """Return the vectors of side `number` in every time bin, as the other side's rows meet them.

        `shifts` are those of users and of items.
        """
        return self.pairs[number].shifted(vectors, shifts[number], shifts[1 - number], threads)

    def columns_of(self, rows: Rows, number: int) -> Rows:
        """Return the rows of side `number` with the pairs of the other side as their columns."""
        pair, pairs = self.pair[1 - number], self.pairs[1 - number]
        return replace(rows, columns=pair[self.place] if number else pair, n_columns=len(pairs.rows))

    def errors(
        self,
        rows: Rows,
        sides: tuple[Side, Side],
        shifts: tuple[np.ndarray, np.ndarray],
        mean: float,
        weights: np.ndarray,
        threads: int,
        session_effects: Effects = NO_EFFECTS,
    ) -> RatingErrors:
        """Return the errors of all ratings, given by user.

        A rating meets the item as it is at all times: there are far fewer items than pairs of them, so that
        their vectors stay in the cache.
        """
        users = self.columns(0, sides[0], shifts, threads)
        plain = replace(rows, columns=self.item)
        return RatingErrors.of(plain, users, sides[1], mean, weights, threads, session_effects, self.pair[0])

    def sums(self, number: int, errors: RatingErrors, threads: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights of ratings, and their errors times these, added up by pair of side `number`."""
        n = len(self.pairs[number].rows)
        if number:
            return errors.sums(self.by_item, self.place, self.item_pair_by_item, n, threads)
        return errors.sums(self.by_user, np.empty(0, np.int32), self.pair[0], n, threads)

    def solve_shift(
        self,
        number: int,
        shift: np.ndarray,
        others: Side,
        errors: RatingErrors,
        precision: np.ndarray,
        threads: int,
        normal: Normal | None = None,
    ) -> np.ndarray:
        """Return the shifts of side `number`, solved for one group of time bins after the other.

        What they explain is taken off the errors.

        Parameters
        ----------
        number : int
        shift : ndarray of shape (n_time_bins, width + 1), float32
            As they are now.
        others : Side
            Vectors of the pairs of the other side, which users or items meet.
        errors : RatingErrors
            With the present shifts.
        precision : ndarray of shape (k + 1, k + 1)
            Of the step from one time bin to the next.
        normal : callable, optional
            Returns normal numbers (n, k + 1), by which the shifts solved for are drawn.
        """
        pairs, width = self.pairs[1 - number], others.factors.shape[1]
        columns = np.append(np.arange(len(precision) - 1), width)
        weight, total = self.sums(1 - number, errors, threads)
        moments = pairs.moments(others.factors, weight, total, threads)[:, columns]
        solved = shift.copy()
        solved[:, columns] = _solve_steps(
            moments[:, :, columns], moments[:, :, -1], shift[:, columns], precision, pairs.groups, normal
        )
        errors.less(pairs.scores(others.factors, solved - shift, threads), self.pair[1 - number])
        return solved


def _solve_steps(
    upper: np.ndarray,
    right: np.ndarray,
    shift: np.ndarray,
    precision: np.ndarray,
    groups: list[BinGroup],
    normal: Normal | None,
) -> np.ndarray:
    """Return the shifts of all time bins, (n_time_bins, k + 1) float64, from the sums of their pairs.

    With `S = sum of w x x'` and `t = sum of w e x`, where the errors e are those that the present shift s
    leaves, and the mean m of n neighbours, a shift solves `(n L + S) s* = n L m + t + S s`.
    """
    gram = upper + np.triu(upper, 1).swapaxes(1, 2)
    right = right + np.einsum("tij,tj->ti", gram, shift)
    solved = shift.astype(np.float64)
    for group in groups:
        time_bins, prior = group.time_bins, group.n_neighbours * precision
        mean = np.where((time_bins > 0)[:, None], solved[time_bins - 1], 0.0)
        if group.n_neighbours == 2:
            mean = (mean + solved[time_bins + 1]) / 2
        system, goal = prior + gram[time_bins], mean @ prior + right[time_bins]
        if normal is not None:  # A^-1 L z with A = L L' has the covariance A^-1
            goal += np.einsum("tij,tj->ti", np.linalg.cholesky(system), normal(len(time_bins)))
        solved[time_bins] = np.linalg.solve(system, goal[:, :, None])[:, :, 0]
    return solved


def steps_of(shift: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the steps from one time bin to the next, (n_time_bins, k + 1) float64; the first is from 0."""
    return np.diff(shift[:, columns].astype(np.float64), axis=0, prepend=0)


def time_bin_edges(times: np.ndarray) -> np.ndarray:
    """Return the times that cut ratings into time bins of about as many ratings each, ascending, int64."""
    ordered = np.sort(times)
    cuts = np.unique(ordered[np.arange(1, N_TIME_BINS) * len(ordered) // N_TIME_BINS])
    return np.asarray(cuts[cuts > ordered[0]])


def time_parts(named: str) -> tuple[str, ...]:
    """Return the parts of time that are named, with commas between.

    Raises
    ------
    TypeError, ValueError
        If it is no text, or a part is not known or named twice.
    """
    given = feature_names(named, "time")
    parts = tuple(_RENAMED.get(part, part) for part in given)
    if parts != tuple(given):
        warn_caller(
            f"time={named!r} is now time={','.join(parts)!r}; the old names will be removed in the "
            "next minor version.",
            DeprecationWarning,
        )
    for part in parts:
        if part not in PARTS:
            raise ArgumentError("time", "be 'bins', 'sessions' or both with a comma between", f"{part!r}")
    return parts
