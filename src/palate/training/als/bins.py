"""Time bins in least squares: the shifts of users' and items' rows are solved in turn.

    + l2_time * sum over time bins of |V_t - V_(t-1)|^2 + |W_t - W_(t-1)|^2

In time bin t, the row of a user is `P_u + V_t` and that of an item `Q_i + W_t`, as in a Gibbs
chain.
"""

from dataclasses import dataclass, replace

import numpy as np

from palate.factors.temporal import Sessions, TimeContext, time_bins_of
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side
from palate.training.time_bins import BinRatings, Pairs, steps_of, time_bin_edges
from palate.training.training_data import Problem

Shifts = tuple[np.ndarray, np.ndarray]  # of users and of items, (n_time_bins, width + 1) float32


@dataclass(frozen=True, eq=False)
class TimeBins:
    """The time bins of the training ratings, and the penalty on the step from one to the next."""

    time_bins: BinRatings
    n_factors: int
    l2_time: float
    mean: float
    threads: int

    @classmethod
    def of(cls, problem: Problem, n_factors: int, l2_time: float, threads: int) -> "TimeBins":
        """Divide the times of the training ratings into bins of about equally many ratings."""
        rows, times = problem.by_user, problem.times
        time_bins = BinRatings.build(rows, times, time_bin_edges(times), rows.places_by_column())
        return cls(time_bins, n_factors, l2_time, problem.mean, threads)

    def start(self, width: int) -> Shifts:
        """Return shifts of zero in all time bins."""
        shift = np.zeros((self.time_bins.n_time_bins, width + 1), np.float32)
        return shift, shift

    def solve(self, rows: Rows, sides: tuple[Side, Side], shifts: Shifts) -> Shifts:
        """Return the shifts of users, then those of items, given the rows of both and the ratings by user."""
        others = self.time_bins.columns(1, sides[1], shifts, self.threads)
        errors = self.time_bins.errors(rows, sides, shifts, self.mean, rows.weights, self.threads)
        precision = self.l2_time * np.eye(self.n_factors + 1)
        for number in (0, 1):
            if number:
                others = self.time_bins.columns(0, sides[0], shifts, self.threads)
            given = (number, shifts[number], others, errors, precision, self.threads)
            solved = self.time_bins.solve_shift(*given)
            shifts = (shifts[0], solved) if number else (solved, shifts[1])
        return shifts

    def penalty(self, shifts: Shifts) -> float:
        """Return the penalty on the steps between time bins, as part of the objective."""
        columns = np.arange(shifts[0].shape[1])
        return self.l2_time * sum(float(np.square(steps_of(shift, columns)).sum()) for shift in shifts)

    def predict(self, problem: Problem, sides: tuple[Side, Side], shifts: Shifts) -> np.ndarray:
        """Return the predictions of the ratings held out, at their times."""
        users, items, _ = problem.validation
        time_bins = time_bins_of(self.time_bins.edges, problem.ratings.timestamp[problem.held_out])  # type: ignore[index]
        pairs = Pairs(items.astype(np.int32), time_bins, self.time_bins.n_time_bins)
        then = pairs.shifted(sides[1], shifts[1], shifts[0], self.threads)
        return problem.predict(users, np.arange(len(items)), sides[0], then)

    def fitted(
        self, sides: tuple[Side, Side], priors: tuple[RowPrior, RowPrior], shifts: Shifts
    ) -> tuple[tuple[Side, Side], tuple[RowPrior, RowPrior], TimeContext]:
        """Return rows, priors and time as a model holds them.

        Users are in the time bin of their last rating, items in the last time bin.
        """
        k, width, n_users = self.n_factors, sides[0].factors.shape[1], len(sides[0].bias)
        columns = np.append(np.arange(k), width)
        own = [shift[:, columns] for shift in shifts]
        moved, means = [], []
        for side, prior, shift, wide in zip(sides, priors, own, shifts, strict=True):
            moved.append(Side(side.factors + wide[-1, :width], side.bias + wide[-1, width]))
            means.append(replace(prior, mean=prior.mean + shift[-1:]))
        context = TimeContext(
            edges=self.time_bins.edges,
            user_shift=(own[0] - own[0][-1])[None],
            item_shift=(own[1] - own[1][-1])[None],
            user_time_bin=self.time_bins.user_time_bin,
            sessions=Sessions.none(n_users),
            session_effect=np.empty((1, 0), np.float32),
        )
        last = np.full(n_users, self.time_bins.n_time_bins - 1)
        factors, bias = context.moved(
            moved[0].unpadded(k)[None], moved[0].bias[None], last, self.time_bins.user_time_bin
        )
        users = Side.padded(factors[0].astype(np.float32), bias[0].astype(np.float32))
        return (users, moved[1]), (means[0], means[1]), context
