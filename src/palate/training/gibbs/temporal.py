"""Time in a Gibbs chain: time bins that shift the rows of all users and items, and session effects."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from palate._checks import ArgumentError, Words
from palate.data.time_units import SECONDS, unit_of
from palate.factors.conditionals import draw_levels, draw_session_effects
from palate.factors.temporal import Sessions, TimeContext, time_bins_of
from palate.solve.rows import Rows, Side
from palate.training.gibbs.clock import TIME, Clock
from palate.training.gibbs.hyperprior import precision_of
from palate.training.gibbs.noise import Sums, weighted
from palate.training.gibbs.prior import NO_STEPS, Steps
from palate.training.gibbs.sides import SideModel, SideState
from palate.training.gibbs.time_state import Met, NoTime, Sides, States, TimeState
from palate.training.rating_errors import NO_EFFECTS, Effects, RatingErrors, over_ratings
from palate.training.time_bins import BINS, SESSIONS, BinRatings, Pairs, steps_of, time_bin_edges


@dataclass(frozen=True, eq=False)
class TimeModel:
    """The time bins, the sessions, and where each rating is in them."""

    time_bins: BinRatings
    sessions: Sessions
    session: np.ndarray  # (n_ratings,) int32, by user; empty without sessions
    session_by_item: np.ndarray  # the same, by item

    @classmethod
    def build(cls, rows: Rows, times: np.ndarray, parts: tuple[str, ...], place: np.ndarray) -> "TimeModel":
        """Prepare the time of ratings, given by user; `place` turns their order into that of items."""
        edges = time_bin_edges(times) if BINS in parts else np.empty(0, np.int64)
        sessions, session = Sessions.none(rows.n_rows), np.empty(0, np.int32)
        if SESSIONS in parts:
            if unit_of(times) not in (SECONDS, None):
                must = Words.of("be seconds for `time='sessions'`, which end at a day without a rating")
                advice = "Milliseconds are divided by 1,000; dates may stay dates."
                raise ArgumentError("timestamps", must, f"{times.max()}", advice)
            sessions, session = Sessions.cut(rows.indptr, times)
        by_item = session[place] if session.size else session
        return cls(BinRatings.build(rows, times, edges, place), sessions, session, by_item)

    @property
    def n_session_effects(self) -> int:
        """Number of sessions, each of which has a session effect."""
        return len(self.sessions)

    @cached_property
    def session_user(self) -> np.ndarray:
        """The user of each session."""
        counts = np.diff(self.sessions.indptr)
        return np.repeat(np.arange(len(counts)), counts)

    def start(self, n_factors: int) -> TimeState:
        """Return a state without shifts and session effects."""
        return TimeState.start(n_factors, self.time_bins.n_time_bins, self.n_session_effects)

    def columns_of(self, rows: Rows, number: int) -> Rows:
        """Return the rows of side `number` with the pairs of the other side as their columns."""
        return self.time_bins.columns_of(rows, number)

    def columns(self, number: int, vectors: Side, state: TimeState, threads: int) -> Side:
        """Return the vectors of the pairs of side `number`."""
        return self.time_bins.columns(number, vectors, state.shifts, threads)

    def of_columns(self, number: int, own: np.ndarray) -> np.ndarray:
        """Return numbers of the rows of side `number`, repeated for their pairs."""
        return own[self.time_bins.pairs[number].rows] if own.size else own

    def steps(self, side: SideModel, state: TimeState) -> Steps:
        """Return the scaled sum of squares of a side's steps, which informs the precision of its rows."""
        if not len(self.time_bins.edges):
            return NO_STEPS
        steps = steps_of(state.shifts[side.number], side.columns)
        return len(steps), state.strengths[side.number] * (steps.T @ steps)

    def less_session_effects(self, number: int, rows: Rows, state: TimeState, threads: int) -> Rows:
        """Return the ratings of a side without the effects of their sessions, for which rows are solved."""
        if not self.session.size:
            return rows
        from palate.kernels.timing import less_session_effects

        session, out = (self.session, self.session_by_item)[number], np.empty(len(rows.values), np.float32)
        given = (rows.values, state.session_effect, session, out)
        over_ratings(less_session_effects, len(out), threads, *given)
        return replace(rows, values=out)

    def with_session_effects(self, scores: np.ndarray, state: TimeState, threads: int) -> np.ndarray:
        """Return the scores of the training ratings with the effects of their sessions, in place."""
        if self.session.size:
            from palate.kernels.timing import plus_session_effects

            over_ratings(plus_session_effects, len(scores), threads, scores, *self._effects(state))
        return scores

    def asked(
        self, state: TimeState, items: Side, users: np.ndarray, index: np.ndarray, times: np.ndarray | None
    ) -> tuple[Side, np.ndarray, np.ndarray]:
        """Return the items' vectors, their places and the session effects for ratings not in training.

        Each of these ratings has one place and one session effect.
        """
        if times is None:
            return items, index, np.zeros(1, np.float32)
        time_bins = time_bins_of(self.time_bins.edges, times)
        pairs = Pairs(index.astype(np.int32), time_bins, self.time_bins.n_time_bins)
        found = self.sessions.find(users, times)
        vectors = pairs.shifted(items, state.item_shift, state.user_shift, 1)
        return vectors, np.arange(len(index)), np.append(state.session_effect, np.float32(0))[found]

    def kept(self, state: TimeState, unit: float, noise: float) -> dict[str, np.ndarray]:
        """Return the session effects of a draw and their deviation beside that of the noise."""
        deviation = np.asarray(np.sqrt(noise / state.session_effect_precision))
        return {"session_effect": state.session_effect * np.float32(unit), "session": deviation}

    def context(self, draws: dict[str, np.ndarray]) -> TimeContext:
        """Return the time information that the model of the draws has."""
        return TimeContext(
            edges=self.time_bins.edges,
            user_shift=draws["user_shift"],
            item_shift=draws["item_shift"],
            user_time_bin=self.time_bins.user_time_bin,
            sessions=self.sessions,
            session_effect=draws["session_effect"].astype(np.float32),
        )

    def draw(
        self,
        state: TimeState,
        rows: Rows,
        mean: float,
        sides: Sides,
        states: States,
        items: Met,
        noise: float,
        clock: Clock,
    ) -> tuple[TimeState, SideState, Sums | None]:
        """Draw shifts, session effects and their precisions, each given all else.

        Then the common part of a user's session effects is drawn as bias. Also return the users,
        and the weighted sums of errors.

        Parameters
        ----------
        state : TimeState
        rows : Rows
            Ratings by user, with pairs as columns.
        mean : float
        sides, states : of users and items
        items : Met
            The items as users meet them now.
        noise : float
        clock : Clock
        """
        threads, users = clock.threads, states[0]
        weights, effects = weighted(rows, users.own, items.own, threads).weights, self._effects(state)
        vectors = users.vectors, states[1].vectors
        errors = self.time_bins.errors(rows, vectors, state.shifts, mean, weights, threads, effects)
        if len(self.time_bins.edges):
            state = self.draw_shifts(state, errors, items.vectors, sides, states, noise, clock)
        if self.session.size:
            state = self.draw_sessions(state, errors, noise, clock)
        sums = errors.total(rows.weights, threads, self._effects(state))
        if self.session.size:
            state, users = self.level(state, sides[0], users, clock)
        return state, users, sums

    def draw_shifts(
        self,
        state: TimeState,
        errors: RatingErrors,
        others: Side,
        sides: Sides,
        states: States,
        noise: float,
        clock: Clock,
    ) -> TimeState:
        """Draw the shifts of users and of items, and the precisions of their steps.

        What they explain is taken off the errors.
        """
        rng = clock.rng(TIME, 0)
        for number, (model, side) in enumerate(zip(sides, states, strict=True)):
            if number:  # the users as the new shift has them; the items' are those given
                others = self.columns(0, states[0].vectors, state, clock.threads)

            def normal(n: int, k: int = model.n_factors) -> np.ndarray:
                return np.asarray(rng.standard_normal((n, k + 1)) / np.sqrt(noise))

            precision = state.strengths[number] * side.precision / noise
            given = (state.shifts[number], others, errors, precision, clock.threads)
            drawn = self.time_bins.solve_shift(number, *given, normal=normal)
            steps = steps_of(drawn, model.columns)
            squares = float(np.sum(steps @ side.precision * steps))
            strength = precision_of(len(steps) * (model.n_factors + 1), squares, rng)
            state = state.with_shift(number, drawn, strength)
        return state

    def draw_sessions(self, state: TimeState, errors: RatingErrors, noise: float, clock: Clock) -> TimeState:
        """Draw the session effects and their precision.

        The errors are then without session effects.
        """
        rng, n, nothing = clock.rng(TIME, 1), self.n_session_effects, np.empty(0, np.int32)
        given = (self.time_bins.by_user, nothing, self.session, n, clock.threads)
        weight, total = (noise * sums for sums in errors.sums(*given, plus=self._effects(state)))
        z = rng.standard_normal(n)
        effects = draw_session_effects(weight, total, state.session_effect_precision, z)
        precision = precision_of(n, float(effects @ effects), rng)
        single = effects.astype(np.float32)
        return replace(state, session_effect=single, session_effect_precision=precision)

    def level(
        self, state: TimeState, side: SideModel, users: SideState, clock: Clock
    ) -> tuple[TimeState, SideState]:
        """Draw which part of the level of a user's ratings is bias, and which is in the session effects.

        The scores do not change.
        """
        vectors, k, lean = users.vectors, side.n_factors, users.precision[:, -1]
        pull = np.einsum("nf,f->n", vectors.factors[:, :k], lean[:k])
        pull += vectors.bias * lean[k] - users.mean @ lean
        explained = side.explained(users, clock.threads)
        if explained is not None:
            pull -= explained[:, side.columns] @ lean
        z, user = clock.rng(TIME, 2).standard_normal(len(pull)), self.session_user
        change = draw_levels(pull, lean[k], state.session_effect, user, state.session_effect_precision, z)
        session_effect = (state.session_effect - change[user]).astype(np.float32)
        bias = (vectors.bias + change).astype(np.float32)
        state = replace(state, session_effect=session_effect)
        return state, replace(users, vectors=Side(vectors.factors, bias))

    def _effects(self, state: TimeState) -> Effects:
        """Return the session effects and the session of each rating, or none."""
        return (state.session_effect, self.session) if self.session.size else NO_EFFECTS


Time = NoTime | TimeModel  # how a chain models time
