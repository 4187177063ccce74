"""What a Gibbs chain needs for time: its state, and a stand-in for models without time."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from palate.solve.rows import Rows, Side, padded_width
from palate.training.gibbs.clock import Clock
from palate.training.gibbs.noise import Sums
from palate.training.gibbs.prior import NO_STEPS, Steps
from palate.training.gibbs.sides import SideModel, SideState

Sides = tuple[SideModel, SideModel]  # of users and items
States = tuple[SideState, SideState]
_START_PRECISION = 10.0  # of session effects


class Met(NamedTuple):
    """One side as columns for the rows of the other: the vector and own precision of each column."""

    vectors: Side
    own: np.ndarray  # (n_columns,), empty where all share one


@dataclass(frozen=True, eq=False)
class TimeState:
    """The random quantities of time.

    user_shift, item_shift : ndarray of shape (n_time_bins, width + 1), float32
        A random walk that begins at 0, with steps of a normal prior.
    strengths : ndarray of shape (2,)
        Precision of the steps of users and of items, in units of that of the side's rows.
    session_effect : ndarray of shape (n_sessions,), float32
    session_effect_precision : float
    """

    user_shift: np.ndarray
    item_shift: np.ndarray
    strengths: np.ndarray
    session_effect: np.ndarray
    session_effect_precision: float

    @classmethod
    def start(cls, n_factors: int, n_time_bins: int = 1, n_sessions: int = 0) -> "TimeState":
        """Return a state without shifts and session effects."""
        shift = np.zeros((n_time_bins, padded_width(n_factors) + 1), np.float32)
        session_effect = np.zeros(n_sessions, np.float32)
        return cls(shift, shift, np.full(2, n_factors + 1.0), session_effect, _START_PRECISION)

    @property
    def shifts(self) -> tuple[np.ndarray, np.ndarray]:
        """Shifts of users and of items."""
        return self.user_shift, self.item_shift

    def with_shift(self, number: int, shift: np.ndarray, strength: float) -> "TimeState":
        """Return the state with other shifts of one side, and another precision of their steps."""
        strengths = self.strengths.copy()
        strengths[number] = strength
        if number:
            return replace(self, item_shift=shift, strengths=strengths)
        return replace(self, user_shift=shift, strengths=strengths)


@dataclass(frozen=True)
class NoTime:
    """Stand-in for a model without time: its methods draw nothing and change nothing."""

    n_session_effects = 0  # that each draw holds

    def start(self, n_factors: int) -> TimeState:
        """Return a state without shifts and session effects."""
        return TimeState.start(n_factors)

    def columns_of(self, rows: Rows, number: int) -> Rows:
        """Return the rows."""
        return rows

    def columns(self, number: int, vectors: Side, state: TimeState, threads: int) -> Side:
        """Return the vectors."""
        return vectors

    def of_columns(self, number: int, own: np.ndarray) -> np.ndarray:
        """Return the numbers."""
        return own

    def steps(self, side: SideModel, state: TimeState) -> Steps:
        """Return no steps."""
        return NO_STEPS

    def less_session_effects(self, number: int, rows: Rows, state: TimeState, threads: int) -> Rows:
        """Return the ratings of a side as they are: there are no effects of sessions."""
        return rows

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
        """Draw nothing."""
        return state, states[0], None

    def with_session_effects(self, scores: np.ndarray, state: TimeState, threads: int) -> np.ndarray:
        """Return the scores."""
        return scores

    def asked(
        self, state: TimeState, items: Side, users: np.ndarray, index: np.ndarray, times: np.ndarray | None
    ) -> tuple[Side, np.ndarray, np.ndarray]:
        """Return the items, the places asked for, and no session effect."""
        return items, index, np.zeros(1, np.float32)

    def kept(self, state: TimeState, unit: float, noise: float) -> dict[str, np.ndarray]:
        """Return nothing."""
        return {}

    def context(self, draws: dict[str, np.ndarray]) -> None:
        """Return None."""
