"""Time in a Gibbs chain: eras that shift everyone's rows, and the moods of sittings.

Ratings of one (item, era) meet one vector, that of the item as it is in the era. The rows of users
therefore are solved for as ever, with such pairs as their columns, and those of items with pairs
(user, era); the row solver does not know of time. What an era adds to a side is a row of its own,
with the same pairs as columns.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import even_bounds, run_chunks
from palate.data.times import SECONDS, unit_of
from palate.factors.temporal import N_ERAS, Sittings, eras_of, last_eras
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, padded_width, rating_scores, solve_rows
from palate.training.features import feature_names
from palate.training.gibbs.conditionals import TIME, Clock, SideModel, SideState
from palate.training.gibbs.hyperprior import precision_of

ERAS, SITTINGS = "eras", "sittings"
PARTS = (ERAS, SITTINGS)


@dataclass(frozen=True, eq=False)
class EraRows:
    """Some eras whose shifts are drawn at once: no two are neighbours, and all have as many."""

    eras: np.ndarray
    n_neighbours: int
    indptr: np.ndarray
    pairs: np.ndarray


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs (row, era) of one side in which there are ratings."""

    rows: np.ndarray  # (n,) int32
    eras: np.ndarray  # (n,) int32
    n_eras: int

    @classmethod
    def of(cls, rows: np.ndarray, eras: np.ndarray, n_rows: int, n_eras: int) -> tuple["Pairs", np.ndarray]:
        """Return the distinct pairs, by row, and which of them each rating is, int32."""
        key = rows.astype(np.int64) * n_eras + eras
        there = np.zeros(n_rows * n_eras, bool)
        there[key] = True
        found = np.flatnonzero(there)
        number = np.cumsum(there, dtype=np.int64) - 1
        return cls((found // n_eras).astype(np.int32), (found % n_eras).astype(np.int32), n_eras), number[
            key
        ].astype(np.int32)

    @cached_property
    def groups(self) -> list[EraRows]:
        """The eras in three groups: every other one, the rest, and the last, which has one neighbour only."""
        last = self.n_eras - 1
        order = np.argsort(self.eras, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(self.eras, minlength=self.n_eras))])
        found = []
        for eras, n_neighbours in (
            (np.arange(0, last, 2), 2),
            (np.arange(1, last, 2), 2),
            (np.array([last]), 1),
        ):
            if len(eras):
                indptr = np.concatenate([[0], np.cumsum(bounds[eras + 1] - bounds[eras])]).astype(np.int64)
                pairs = np.concatenate([order[bounds[era] : bounds[era + 1]] for era in eras]).astype(
                    np.int32
                )
                found.append(EraRows(eras, n_neighbours, indptr, pairs))
        return found

    def shifted(self, side: Side, own: np.ndarray, other: np.ndarray, threads: int) -> Side:
        """Return the vectors of all pairs; see `kernels.timing.shift_rows`."""
        from palate.kernels.timing import shift_rows

        n, width = len(self.rows), side.factors.shape[1]
        out, bias = np.empty((n, width), np.float32), np.empty(n, np.float32)

        def part(start: int, stop: int) -> None:
            shift_rows(start, stop, side.factors, side.bias, self.rows, self.eras, own, other, out, bias)

        run_chunks(part, even_bounds(n, 1024), threads)
        return Side(out, bias)


@dataclass(frozen=True, eq=False)
class TimeState:
    """All that is random of time.

    user_shift, item_shift : ndarray of shape (n_eras, width + 1), float32
        A random walk that begins at 0, with steps of a normal prior.
    strengths : ndarray of shape (2,)
        Precision of the steps of users and of items, in units of that of the side's rows.
    mood : ndarray of shape (n_sittings,), float32
    mood_precision : float
    """

    user_shift: np.ndarray
    item_shift: np.ndarray
    strengths: np.ndarray
    mood: np.ndarray
    mood_precision: float

    def scatter(self, number: int, columns: np.ndarray) -> np.ndarray:
        """Return the scaled sum of squares of one side's steps, (k + 1, k + 1): what they say of
        the precision of its rows.
        """
        steps = _steps(self.item_shift if number else self.user_shift, columns)
        return self.strengths[number] * (steps.T @ steps)


def _steps(shift: np.ndarray, columns: np.ndarray) -> np.ndarray:
    return np.diff(shift[:, columns].astype(np.float64), axis=0, prepend=0)


@dataclass(frozen=True, eq=False)
class TimeModel:
    """What does not change: the eras, the sittings, and where each rating is in them."""

    edges: np.ndarray  # (n_eras - 1,) int64
    user_pairs: Pairs
    item_pairs: Pairs
    user_pair: np.ndarray  # (n_ratings,) int32, by user
    item_pair: np.ndarray  # (n_ratings,) int32, by user
    sittings: Sittings
    sitting: np.ndarray  # (n_ratings,) int32, by user; empty without sittings

    @classmethod
    def build(cls, rows: Rows, times: np.ndarray, parts: tuple[str, ...]) -> "TimeModel":
        """Prepare the time of ratings, given by user."""
        edges = era_edges(times) if ERAS in parts else np.empty(0, np.int64)
        eras = eras_of(edges, times)
        n_eras = len(edges) + 1
        users = np.repeat(np.arange(rows.n_rows), rows.counts)
        user_pairs, user_pair = Pairs.of(users, eras, rows.n_rows, n_eras)
        item_pairs, item_pair = Pairs.of(rows.columns, eras, rows.n_columns, n_eras)
        sittings, sitting = Sittings.none(rows.n_rows), np.empty(0, np.int32)
        if SITTINGS in parts:
            if unit_of(times) not in (SECONDS, None):
                raise ArgumentError(
                    "timestamps",
                    "be seconds for time='sittings', which end at a day without a rating",
                    f"{times.max()}",
                    "Milliseconds are divided by 1,000; dates may stay dates.",
                )
            sittings, sitting = Sittings.cut(rows.indptr, times)
        return cls(edges, user_pairs, item_pairs, user_pair, item_pair, sittings, sitting)

    @cached_property
    def home(self) -> np.ndarray:
        """Era of each user's last rating, int32; the last one for a user without any."""
        return last_eras(
            self.user_pairs.rows, self.user_pairs.eras, len(self.sittings.indptr) - 1, len(self.edges) + 1
        )

    def pairs(self, number: int) -> Pairs:
        """Return the pairs of side `number`."""
        return self.item_pairs if number else self.user_pairs

    def columns(self, number: int, vectors: Side, state: TimeState, threads: int) -> Side:
        """Return the vectors of the pairs of side `number`, by which the rows of the other side are
        solved for.
        """
        shifts = (state.item_shift, state.user_shift) if number else (state.user_shift, state.item_shift)
        return self.pairs(number).shifted(vectors, *shifts, threads)

    def columns_of(self, rows: Rows, number: int, place: np.ndarray) -> Rows:
        """Return the rows of side `number` with the pairs of the other side as their columns;
        `place` turns users' order into items'.
        """
        if number:
            return replace(rows, columns=self.user_pair[place], n_columns=len(self.user_pairs.rows))
        return replace(rows, columns=self.item_pair, n_columns=len(self.item_pairs.rows))

    def start(self, n_factors: int) -> TimeState:
        """Return a state without shifts and moods."""
        shift = np.zeros((len(self.edges) + 1, padded_width(n_factors) + 1), np.float32)
        return TimeState(
            shift, shift, np.full(2, n_factors + 1.0), np.zeros(len(self.sittings), np.float32), 10.0
        )

    def moods(self, state: TimeState) -> np.ndarray:
        """Return the mood of every rating, by user; a single 0 without sittings."""
        return state.mood[self.sitting] if self.sitting.size else np.zeros(1, np.float32)

    def asked(
        self, state: TimeState, items: Side, users: np.ndarray, index: np.ndarray, times: np.ndarray
    ) -> tuple[Side, np.ndarray]:
        """Return the items' vectors and the moods of other ratings than those trained on, one of
        each for every rating.
        """
        pairs = Pairs(index.astype(np.int32), eras_of(self.edges, times), len(self.edges) + 1)
        found = self.sittings.find(users, times)
        return pairs.shifted(items, state.item_shift, state.user_shift, 1), np.append(
            state.mood, np.float32(0)
        )[found]

    def draw(
        self,
        state: TimeState,
        rows: Rows,
        mean: float,
        sides: tuple[SideModel, SideModel],
        states: tuple[SideState, SideState],
        weights: np.ndarray,
        noise: float,
        clock: Clock,
    ) -> TimeState:
        """Draw shifts, moods and their precisions, each given all else.

        Parameters
        ----------
        state : TimeState
        rows : Rows
            Ratings by user, with pairs as columns.
        mean : float
        sides, states : users and items
        weights : ndarray of shape (n_ratings,), float32, or empty
            Precision of each rating's noise, in units of `noise`.
        noise : float
        clock : Clock
        """
        threads = clock.threads
        met = self.columns(1, states[1].vectors, state, threads)
        errors = (
            rows.values
            - np.float32(mean)
            - rating_scores(rows, states[0].vectors, met, threads)
            - self.moods(state)
        )
        weights = weights if weights.size else np.ones(len(errors), np.float32)
        if len(self.edges):
            rng = clock.rng(TIME, 0)
            for number, pairs, pair in (
                (0, self.item_pairs, self.item_pair),
                (1, self.user_pairs, self.user_pair),
            ):
                if number:  # the users as the new shift has them; the items' are those above
                    met = self.columns(0, states[0].vectors, state, threads)
                before = state.item_shift if number else state.user_shift
                precision, n_factors = states[number].precision, sides[number].n_factors
                drawn = _draw_shift(
                    before,
                    pairs,
                    pair,
                    met.factors,
                    errors,
                    weights,
                    precision,
                    state,
                    number,
                    noise,
                    rng,
                    threads,
                )
                change = drawn - before
                errors -= (_times(met.factors, change[pairs.eras]))[pair]
                steps = _steps(drawn, sides[number].columns)
                strengths = state.strengths.copy()
                strengths[number] = precision_of(
                    len(steps) * (n_factors + 1), float(np.sum(steps @ precision * steps)), rng
                )
                state = replace(state, strengths=strengths)
                state = replace(state, item_shift=drawn) if number else replace(state, user_shift=drawn)
        if not self.sitting.size:
            return state
        rng = clock.rng(TIME, 1)
        n = len(self.sittings)
        weight = noise * np.bincount(self.sitting, weights, n)
        target = noise * np.bincount(self.sitting, weights * (errors + state.mood[self.sitting]), n)
        total = weight + state.mood_precision
        mood = target / total + rng.standard_normal(n) / np.sqrt(total)
        return replace(
            state, mood=mood.astype(np.float32), mood_precision=precision_of(n, float(mood @ mood), rng)
        )

    def level(
        self, state: TimeState, side: SideModel, users: SideState, clock: Clock
    ) -> tuple[TimeState, SideState]:
        """Draw how much of what all ratings of a user share is the user's bias and how much is in
        the moods, which changes no score.

        Given the sum of both, one follows the other so closely that drawing them in turn hardly moves them.

        References
        ----------
        Liu, Sabatti (2000), "Generalised Gibbs Sampler and Multigrid Monte Carlo for Bayesian
        Computation": moves along a translation.
        """
        vectors, k = users.vectors, side.n_factors
        away = np.column_stack([vectors.factors[:, :k], vectors.bias]) - users.mean
        explained = side.explained(users, clock.threads)
        if explained is not None:
            away -= explained[:, side.columns]
        indptr = self.sittings.indptr
        user = np.repeat(np.arange(len(vectors.bias)), np.diff(indptr))
        total = np.diff(indptr) * state.mood_precision + users.precision[-1, -1]
        pull = (
            state.mood_precision * np.bincount(user, state.mood, len(vectors.bias))
            - away @ users.precision[:, -1]
        )
        change = pull / total + clock.rng(TIME, 2).standard_normal(len(total)) / np.sqrt(total)
        mood = (state.mood - change[user]).astype(np.float32)
        bias = (vectors.bias + change).astype(np.float32)
        return replace(state, mood=mood), replace(users, vectors=Side(vectors.factors, bias))


def _times(factors: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return what shifts add to the score of pairs with these factors, float32."""
    return np.einsum("nf,nf->n", factors, shift[:, :-1]) + shift[:, -1]


def _draw_shift(
    shift: np.ndarray,
    pairs: Pairs,
    pair: np.ndarray,
    met: np.ndarray,
    errors: np.ndarray,
    weights: np.ndarray,
    precision: np.ndarray,
    state: TimeState,
    number: int,
    noise: float,
    rng: np.random.Generator,
    threads: int,
) -> np.ndarray:
    """Return one side's shifts, a group of eras after the other, given the other side's vectors of
    each pair and the errors.

    The ratings of a pair are one rating of their total weight, at their weighted mean.
    """
    n, width = len(pairs.rows), met.shape[1]
    weight = np.bincount(pair, weights, n)
    left = np.bincount(pair, weights * errors, n) / weight
    target = (left + _times(met, shift[pairs.eras])).astype(np.float32)
    columns, weight, shift = Side(met, np.zeros(n, np.float32)), weight.astype(np.float32), shift.copy()
    k = len(precision) - 1
    last = np.append(np.arange(k), width)
    for group in pairs.groups:
        before = np.where((group.eras > 0)[:, None], shift[group.eras - 1], np.float32(0))
        mean = before if group.n_neighbours == 1 else (before + shift[group.eras + 1]) / 2
        z = np.zeros((len(group.eras), width + 1), np.float32)
        z[:, last] = rng.standard_normal((len(group.eras), k + 1)) / np.sqrt(noise)
        prior = group.n_neighbours * state.strengths[number] * precision / noise
        solved = solve_rows(
            Rows(group.indptr, group.pairs, target[group.pairs], weight[group.pairs], n),
            columns,
            0.0,
            RowPrior(precision=prior.astype(np.float32)[None], mean=np.zeros((1, k + 1), np.float32)),
            noise=z,
            prior_mean=mean,
            threads=threads,
        ).side
        shift[group.eras, :width], shift[group.eras, width] = solved.factors, solved.bias
    return shift


def era_edges(times: np.ndarray) -> np.ndarray:
    """Return the times that cut ratings into eras of about as many ratings each, ascending, int64."""
    ordered = np.sort(times)
    cuts = np.unique(ordered[np.arange(1, N_ERAS) * len(ordered) // N_ERAS])
    return cuts[cuts > ordered[0]]


def time_parts(named: str) -> tuple[str, ...]:
    """Return the parts of time that are named, with commas between.

    Raises
    ------
    TypeError, ValueError
        If it is no text, or a part is not known or named twice.
    """
    parts = feature_names(named, "time")
    for part in parts:
        if part not in PARTS:
            raise ArgumentError("time", "be 'eras', 'sittings' or both with a comma between", f"{part!r}")
    return parts
