"""Fold-in to a posterior: the chain's sweep, restricted to rows that are new.

A row is drawn once for each draw of the other side, given its vectors, by the conditionals that the
chain draws by. With normal noise that all rows share this is one solve plus noise. Where rows have
a noise of their own, or users have sessions, and where ratings are levels, it is a few sweeps; for
levels they begin at the mode, which Newton's method finds.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from palate._parallel import even_bounds, run_chunks
from palate._random import Stream, key_of, stream_of
from palate.factors.conditionals import draw_levels, draw_row_precisions, draw_session_effects
from palate.factors.factors import Factors
from palate.factors.folded_rows import FoldedRows, TimedRows, ToFold
from palate.factors.likelihood.base import LatentLevels
from palate.factors.sides import SideName, other_side
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows, Side, Solved, rating_scores, solve_rows

DRAWS_PER_CHUNK = 4
_NEWTON, _AUGMENTED = 5, 4  # steps to the mode of rows of levels, then sweeps from there
_OWN_STEPS = 4  # sweeps over a row and its noise
_SESSION_STEPS = 10  # the same with the effects of its sessions


def draw_rows(
    factors: Factors,
    side: SideName,
    asked: ToFold,
    others: list[Side],
    means: list[np.ndarray],
    timed: TimedRows | None,
) -> FoldedRows:
    """Return rows of one side, drawn for each draw given the other side's vectors and the rows' ratings.

    Parameters
    ----------
    factors : Factors
        Draws of a posterior.
    side : {"user", "item"}
    asked : ToFold
    others : list of Side
        Vectors of the other side, one for each draw.
    means : list of ndarray of shape (n_rows, n_factors + 1)
        Prior means of the rows, for each draw.
    timed : TimedRows, optional
        The same ratings in time, for users of a model that knows of it.
    """
    from palate.kernels.fold import row_keys

    prior, rows = factors.side(side).prior, asked.rows
    solved = rows if timed is None else timed.rows
    keys = np.empty(rows.n_rows, np.uint64)
    row_keys(rows.indptr, rows.columns, np.ascontiguousarray(rows.values, np.float32).view(np.uint32), keys)
    targets = factors.likelihood.latent_targets(rows)

    def drawn(first: int, last: int) -> list["_Sweeps"]:
        found = []
        for draw in range(first, last):
            numbers = _Numbers(keys, draw, side)
            own = _OwnNoise.of(factors, rows, numbers)
            session_effects = None if timed is None else _SessionEffects.of(timed, own, numbers)
            other = others[draw] if timed is None else timed.columns(others, draw)
            sweeps = _Sweeps(
                solved,
                other,
                float(factors.mean[draw]),
                prior,
                means[draw],
                numbers,
                _noise_of(factors, draw),
                own,
                session_effects,
                targets,
            )
            found.append(sweeps.run())
        return found

    chunks = run_chunks(drawn, even_bounds(len(others), DRAWS_PER_CHUNK), asked.threads)
    parts = [one for part in chunks for one in part]
    scales = [one.own.scale for one in parts if one.own is not None]
    found = FoldedRows.of([one.side for one in parts], prior.n_factors, scales)
    if timed is None:
        return found
    known = (one.session_effects for one in parts if one.session_effects is not None)
    return timed.in_last_time_bins(found, [one.session_effect for one in known])


def _noise_of(factors: Factors, draw: int) -> float:
    noise_sd = factors.likelihood.noise_sd
    return 1.0 if noise_sd is None else float(noise_sd[draw])


@dataclass(frozen=True, eq=False)
class _Numbers:
    """The random numbers of the rows of one side in one draw of the model; each row has its own key."""

    keys: np.ndarray
    draw: int
    side: SideName

    def key(self, step: int, stream: Stream) -> np.uint64:
        """Return the key of one step, beside those of the rows."""
        return key_of(self.draw, step, stream_of(stream, self.side))

    def normal(self, step: int, stream: Stream, width: int) -> np.ndarray:
        """Return standard normal numbers, float32, shape (n_rows, width)."""
        from palate.kernels.fold import normal_rows

        out = np.empty((len(self.keys), width), np.float32)
        normal_rows(self.keys, self.key(step, stream), out)
        return out

    def gamma(self, step: int, shape: np.ndarray) -> np.ndarray:
        """Return a number of the Gamma distribution of each row's shape."""
        from palate.kernels.fold import gamma_rows

        out = np.empty(len(shape))
        gamma_rows(self.keys, self.key(step, Stream.FOLD_SCALES), shape, out)
        return out


@dataclass(eq=False)
class _Sweeps:
    """The sampler of rows in one draw: vectors, then their noise, then the effects of their sessions.

    They are drawn given their ratings, the other side, the mean and the prior.
    """

    rows: Rows
    other: Side
    mean: float
    prior: RowPrior
    prior_mean: np.ndarray
    numbers: _Numbers
    noise_sd: float
    own: "_OwnNoise | None"
    session_effects: "_SessionEffects | None"
    targets: LatentLevels | None

    def __post_init__(self) -> None:
        self.side = Side.padded(self.prior_mean[:, :-1], self.prior_mean[:, -1])

    def run(self) -> "_Sweeps":
        """Draw the rows; they are then in `side`, with `own` and `session_effects` beside them."""
        if self.targets is not None:
            self.to_the_mode(self.targets)
        for step in range(self.steps):
            self.sweep(step)
        return self

    @property
    def steps(self) -> int:
        """Number of sweeps: one where nothing but the rows is random."""
        if self.session_effects is not None:
            return _SESSION_STEPS
        if self.targets is not None:
            return _AUGMENTED
        return 1 if self.own is None else _OWN_STEPS

    @property
    def precision(self) -> np.ndarray:
        """Precision of each rating's noise beside that of the model; empty where it is 1."""
        return np.empty(0, np.float32) if self.own is None else self.own.of_ratings

    def to_the_mode(self, targets: LatentLevels) -> None:
        """Move the rows to the mode for ratings that are levels, by Newton steps."""
        n = len(self.rows.values)
        target, weight = np.empty(n, np.float32), np.empty(n, np.float32)
        for _ in range(_NEWTON):
            targets.newton(self.numbers.draw, self.latent(), self.precision, target, weight)
            self.side = self.solved(target, weight, None).side

    def sweep(self, step: int) -> None:
        """Draw all random quantities of the rows once, each given all others."""
        values = self.values(step)
        less = values if self.session_effects is None else values - self.session_effects.of_ratings
        weights = self.rows.weights if self.own is None else self.own.weights
        z = self.numbers.normal(step, Stream.FOLD_ROWS, self.prior.n_factors + 1)
        noise = z * np.float32(self.noise_sd)
        solved = self.solved(less, weights, noise, stats=self.own is not None)
        self.side = solved.side
        if self.own is not None:
            self.own.redraw(step, solved.stats[:, 0])
        if self.session_effects is not None:
            errors = values - self.scores()
            self.side = self.session_effects.redraw(step, errors, self.side, self.prior, self.prior_mean)

    def solved(
        self, values: np.ndarray, weights: np.ndarray, noise: np.ndarray | None, stats: bool = False
    ) -> Solved:
        """Return the rows that least squares finds for these values and weights, with noise added."""
        return solve_rows(
            replace(self.rows, values=values, weights=weights),
            self.other,
            self.mean,
            self.prior,
            draw=self.numbers.draw,
            noise=noise,
            prior_mean=self.prior_mean,
            stats=stats,
        )

    def values(self, step: int) -> np.ndarray:
        """Return the ratings, or the noisy latent values behind them, drawn."""
        if self.targets is None:
            return self.rows.values
        from palate.kernels.fold import draw_latent_rows

        out, indptr = np.empty(len(self.rows.values), np.float32), self.rows.indptr
        keys = self.numbers.keys, self.numbers.key(step, Stream.FOLD_TARGETS)
        codes, cutpoints = self.targets.codes, self.targets.cutpoints[self.numbers.draw]
        draw_latent_rows(*keys, indptr, self.latent(), codes, cutpoints, self.precision, out)
        return out

    def latent(self) -> np.ndarray:
        """Return the latent value of every rating without its noise, session effects included."""
        scores = self.scores()
        return scores if self.session_effects is None else scores + self.session_effects.of_ratings

    def scores(self) -> np.ndarray:
        """Return the latent value of every rating without session effects."""
        return rating_scores(self.rows, self.side, self.other, threads=1) + np.float32(self.mean)


@dataclass(eq=False)
class _OwnNoise:
    """The precision of folded rows' ratings, drawn beside the rows for one draw of the model.

    It is the rows' own precision times that of the columns.
    """

    rows: Rows
    columns: np.ndarray  # (n_ratings,), precision of each rating's column
    degrees: float
    noise_sd: float
    numbers: _Numbers

    def __post_init__(self) -> None:
        self.place = np.repeat(np.arange(self.rows.n_rows), self.rows.counts)
        self.precision = np.ones(self.rows.n_rows)

    @classmethod
    def of(cls, factors: Factors, rows: Rows, numbers: _Numbers) -> "_OwnNoise | None":
        """Return the noise of rows that it begins with, None for a model whose rows share one."""
        draw, side = numbers.draw, numbers.side
        own, other = factors.side(side).noise, factors.side(other_side(side)).noise
        if own is None or other is None:
            return None
        columns = other.draws(slice(draw, draw + 1)).total[0, rows.columns] ** np.float32(-2)
        return cls(rows, columns, float(own.degrees[draw]), _noise_of(factors, draw), numbers)

    @property
    def of_ratings(self) -> np.ndarray:
        """Precision of each rating beside that of the model's noise, float32."""
        return (self.columns * self.precision[self.place]).astype(np.float32)

    @property
    def weights(self) -> np.ndarray:
        """Precision of each rating times its weight, where it has one, float32."""
        return self.of_ratings * self.rows.weights if self.rows.weights.size else self.of_ratings

    @property
    def scale(self) -> np.ndarray:
        """Return the scale of each row's noise."""
        return 1 / np.sqrt(self.precision)

    def redraw(self, step: int, errors: np.ndarray) -> None:
        """Draw the precisions given each row's sum of squared errors, weighted by the present ones."""
        squares = errors / self.precision / self.noise_sd**2
        gamma = partial(self.numbers.gamma, step)
        self.precision = draw_row_precisions(self.degrees, self.rows.counts, squares, gamma)


class _SessionEffects:
    """The session effects of folded users, drawn beside rows and noise for one draw of the model."""

    def __init__(self, timed: TimedRows, own: _OwnNoise, sd: float, numbers: _Numbers) -> None:
        self.timed, self.own, self.sd, self.numbers = timed, own, sd, numbers
        self.session_effect = np.zeros(len(timed.row))

    @property
    def of_ratings(self) -> np.ndarray:
        """The session effect of each rating, float32."""
        return self.session_effect[self.timed.session].astype(np.float32)

    @classmethod
    def of(cls, timed: TimedRows, own: _OwnNoise | None, numbers: _Numbers) -> "_SessionEffects | None":
        """Return session effects of 0, None for a model that knows of none."""
        noise = timed.factors.user.noise
        if own is None or noise is None or noise.session is None:
            return None
        return cls(timed, own, float(noise.session[numbers.draw]) * own.noise_sd, numbers)

    def redraw(
        self, step: int, errors: np.ndarray, side: Side, prior: RowPrior, prior_mean: np.ndarray
    ) -> Side:
        """Draw the session effects, then what of a row's bias is theirs; return the rows.

        The effects are drawn given what the rows alone leave of each rating.
        """
        timed, precision = self.timed, self.sd**-2
        n, width = len(timed.row), int(self.timed.number.max(initial=0)) + 1
        weights = self.own.weights.astype(np.float64) / self.own.noise_sd**2
        z = self.numbers.normal(step, Stream.FOLD_SESSIONS, width)
        weight, total = (np.bincount(timed.session, part, n) for part in (weights, weights * errors))
        session_effect = draw_session_effects(weight, total, precision, z[timed.row, timed.number])
        own = prior.precision[self.numbers.draw].astype(np.float64) / self.own.noise_sd**2
        away = np.column_stack([side.factors[:, : prior.n_factors], side.bias]) - prior_mean
        z = self.numbers.normal(step, Stream.FOLD_SESSION_LEVELS, width)
        change = draw_levels(away @ own[:, -1], own[-1, -1], session_effect, timed.row, precision, z[:, 0])
        self.session_effect = session_effect - change[timed.row]
        return Side(side.factors, (side.bias + change).astype(np.float32))
