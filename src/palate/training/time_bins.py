"""Time bins in training: the pairs (row, time bin) with ratings, and the shifts of the time bins.

Ratings of one (item, time bin) meet one vector, that of the item as it is in the time bin. The rows
of users therefore are solved for as ever, with such pairs as their columns, and those of items with
pairs (user, time bin); the row solver does not know of time. What a time bin adds to a side is a
row of its own, with the same pairs as columns.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import balanced_bounds, even_bounds, run_chunks
from palate.data.arguments import warn_caller
from palate.factors.temporal import N_TIME_BINS, last_time_bins, time_bins_of
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, rating_scores, solve_rows
from palate.training.features import feature_names

BINS, SESSIONS = "bins", "sessions"
PARTS = (BINS, SESSIONS)
_RENAMED = {"eras": BINS, "sittings": SESSIONS}  # names of before, which warn for one version
RATINGS_PER_CHUNK = 1 << 16
_PAIRS_PER_CHUNK = 1 << 13
_CHUNKS = 16  # of rows, in passes that are short

Normal = Callable[[int], np.ndarray]  # of rows, which returns what is added to so many solutions


@dataclass(frozen=True, eq=False)
class BinRows:
    """Time bins whose shifts are solved for at once: no two are adjacent, and all have as many neighbours."""

    time_bins: np.ndarray
    n_neighbours: int
    indptr: np.ndarray
    pairs: np.ndarray


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
        """Return the distinct pairs, by row, and which of them each rating is, int32."""
        key = rows.astype(np.int64) * n_time_bins + time_bins
        there = np.zeros(n_rows * n_time_bins, bool)
        there[key] = True
        found = np.flatnonzero(there)
        number = np.cumsum(there, dtype=np.int64) - 1
        return cls(
            (found // n_time_bins).astype(np.int32), (found % n_time_bins).astype(np.int32), n_time_bins
        ), number[key].astype(np.int32)

    @cached_property
    def groups(self) -> list[BinRows]:
        """The time bins in three groups: every other one, the rest, and the last with its one neighbour."""
        last = self.n_time_bins - 1
        order = np.argsort(self.time_bins, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(self.time_bins, minlength=self.n_time_bins))])
        found = []
        for time_bins, n_neighbours in (
            (np.arange(0, last, 2), 2),
            (np.arange(1, last, 2), 2),
            (np.array([last]), 1),
        ):
            if len(time_bins):
                indptr = np.concatenate([[0], np.cumsum(bounds[time_bins + 1] - bounds[time_bins])]).astype(
                    np.int64
                )
                pairs = np.concatenate(
                    [order[bounds[time_bin] : bounds[time_bin + 1]] for time_bin in time_bins]
                ).astype(np.int32)
                found.append(BinRows(time_bins, n_neighbours, indptr, pairs))
        return found

    def scores(self, factors: np.ndarray, shift: np.ndarray, threads: int) -> np.ndarray:
        """Return what shifts add to the scores of pairs with these factors of the other side, float32."""
        from palate.kernels.timing import shift_scores

        out = np.empty(len(factors), np.float32)
        run_chunks(
            lambda start, stop: shift_scores(start, stop, factors, self.time_bins, shift, out),
            even_bounds(len(out), _PAIRS_PER_CHUNK),
            threads,
        )
        return out

    def shifted(self, side: Side, own: np.ndarray, other: np.ndarray, threads: int) -> Side:
        """Return the vectors of all pairs; see `kernels.timing.shift_rows`."""
        from palate.kernels.timing import shift_rows

        n, width = len(self.rows), side.factors.shape[1]
        out, bias = np.empty((n, width), np.float32), np.empty(n, np.float32)

        def part(start: int, stop: int) -> None:
            shift_rows(start, stop, side.factors, side.bias, self.rows, self.time_bins, own, other, out, bias)

        run_chunks(part, even_bounds(n, _PAIRS_PER_CHUNK), threads)
        return Side(out, bias)


@dataclass(frozen=True, eq=False)
class BinRatings:
    """The time bins, and where each training rating is in them."""

    edges: np.ndarray  # (n_time_bins - 1,) int64
    user_pairs: Pairs
    item_pairs: Pairs
    user_pair: np.ndarray  # (n_ratings,) int32, by user
    item_pair: np.ndarray  # (n_ratings,) int32, by user
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
        counts = np.bincount(rows.columns, minlength=rows.n_columns)
        by_item = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(edges, user_pairs, item_pairs, user_pair, item_pair, rows.indptr, by_item, place)

    @property
    def n_time_bins(self) -> int:
        """Number of time bins."""
        return len(self.edges) + 1

    @cached_property
    def user_time_bin(self) -> np.ndarray:
        """Time bin of each user's last rating, int32; the last one for a user without any."""
        return last_time_bins(
            self.user_pairs.rows, self.user_pairs.time_bins, len(self.by_user) - 1, self.n_time_bins
        )

    def pairs(self, number: int) -> Pairs:
        """Return the pairs of side `number` (0 users, 1 items)."""
        return self.item_pairs if number else self.user_pairs

    def pair(self, number: int) -> np.ndarray:
        """Return which pair of side `number` each rating is, by user."""
        return self.item_pair if number else self.user_pair

    def columns(
        self, number: int, vectors: Side, shifts: tuple[np.ndarray, np.ndarray], threads: int
    ) -> Side:
        """Return the vectors of side `number` in every time bin, as the other side's rows meet them.

        `shifts` are those of users and of items.
        """
        return self.pairs(number).shifted(vectors, shifts[number], shifts[1 - number], threads)

    def columns_of(self, rows: Rows, number: int) -> Rows:
        """Return the rows of side `number` with the pairs of the other side as their columns."""
        pair, pairs = self.pair(1 - number), self.pairs(1 - number)
        return replace(rows, columns=pair[self.place] if number else pair, n_columns=len(pairs.rows))

    def sums(
        self, number: int, weights: np.ndarray, errors: np.ndarray, threads: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights of ratings, and their errors times these, added up by pair of side `number`."""
        indptr = self.by_item if number else self.by_user
        order = self.place if number else np.empty(0, np.int32)
        n = len(self.pairs(number).rows)
        return sums_by_group(indptr, order, self.pair(number), n, weights, errors, threads)

    def solve_shift(
        self,
        number: int,
        shift: np.ndarray,
        others: Side,
        errors: np.ndarray,
        weights: np.ndarray,
        precision: np.ndarray,
        threads: int,
        normal: Normal | None = None,
    ) -> np.ndarray:
        """Return the shifts of side `number`, solved for one group of time bins after the other.

        What they explain is taken off the errors, in place.

        The ratings of a pair are one rating of their total weight, at their weighted mean.

        Parameters
        ----------
        number : int
        shift : ndarray of shape (n_time_bins, width + 1), float32
            As they are now.
        others : Side
            Vectors of the pairs of the other side, which users or items meet.
        errors, weights : ndarray of shape (n_ratings,), float32
            By user; no weights are weights of 1.
        precision : ndarray of shape (k + 1, k + 1)
            Of the step from one time bin to the next.
        normal : callable, optional
            Returns what is added to the rows solved for, so that they are drawn.
        """
        pairs, pair = self.pairs(1 - number), self.pair(1 - number)
        weight, total = self.sums(1 - number, weights, errors, threads)
        target = (total / weight + pairs.scores(others.factors, shift, threads)).astype(np.float32)
        columns, single = Side(others.factors, np.zeros(len(weight), np.float32)), weight.astype(np.float32)
        solved, width = shift.copy(), others.factors.shape[1]
        for group in pairs.groups:
            before = np.where((group.time_bins > 0)[:, None], solved[group.time_bins - 1], np.float32(0))
            mean = before if group.n_neighbours == 1 else (before + solved[group.time_bins + 1]) / 2
            side = solve_rows(
                Rows(group.indptr, group.pairs, target[group.pairs], single[group.pairs], len(weight)),
                columns,
                0.0,
                _step_prior(group.n_neighbours * precision),
                noise=None if normal is None else normal(len(group.time_bins)),
                prior_mean=mean,
                threads=threads,
            ).side
            solved[group.time_bins, :width], solved[group.time_bins, width] = side.factors, side.bias
        less_changes(errors, pairs.scores(others.factors, solved - shift, threads), pair, threads)
        return solved


def steps_of(shift: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the steps from one time bin to the next, (n_time_bins, k + 1) float64; the first is from 0."""
    return np.diff(shift[:, columns].astype(np.float64), axis=0, prepend=0)


def _step_prior(precision: np.ndarray) -> RowPrior:
    nothing = np.zeros((1, len(precision)), np.float32)
    return RowPrior(precision=precision.astype(np.float32)[None], mean=nothing)


def sums_by_group(
    indptr: np.ndarray,
    order: np.ndarray,
    group: np.ndarray,
    n_groups: int,
    weights: np.ndarray,
    errors: np.ndarray,
    threads: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights, and errors times these, added up by group, float64; see `kernels.timing.group_sums`."""
    from palate.kernels.timing import group_sums

    weight, total = np.zeros(n_groups), np.zeros(n_groups)

    def part(first: int, last: int) -> None:
        group_sums(first, last, indptr, order, group, weights, errors, weight, total)

    run_chunks(part, balanced_bounds(indptr, _CHUNKS), threads)
    return weight, total


def rating_errors(
    rows: Rows,
    side: Side,
    others: Side,
    mean: float,
    threads: int,
    session_effects: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Return the errors of all ratings, float32, by user.

    `session_effects` are those of sessions, and the session of each rating.
    """
    from palate.kernels.timing import less_scores

    session_effect, session = (
        (np.zeros(1, np.float32), np.empty(0, np.int32)) if session_effects is None else session_effects
    )
    errors = rating_scores(rows, side, others, threads)
    over_ratings(
        lambda start, stop: less_scores(
            start, stop, rows.values, np.float32(mean), errors, session_effect, session
        ),
        len(errors),
        threads,
    )
    return errors


def less_changes(errors: np.ndarray, change: np.ndarray, pair: np.ndarray, threads: int) -> None:
    """Take what the score of its pair has changed by off each error, in place."""
    from palate.kernels import timing

    over_ratings(
        lambda start, stop: timing.less_changes(start, stop, errors, change, pair), len(errors), threads
    )


def over_ratings(part: Callable[[int, int], object], n_ratings: int, threads: int) -> list[object]:
    """Call `part(start, stop)` for fixed chunks of ratings and return the results in order."""
    return run_chunks(part, even_bounds(n_ratings, RATINGS_PER_CHUNK), threads)


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
