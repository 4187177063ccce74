"""Fold-in to a posterior: a row is drawn once for each draw of the other side, so that it carries
what is not known of it.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import even_bounds, run_chunks
from palate._random import Stream, key_of, stream_of
from palate.factors.likelihood.base import LatentTargets
from palate.factors.sides import SideName, other_side
from palate.factors.temporal import Sittings, TimeContext, last_eras
from palate.factors.temporal_scores import rows_in_eras
from palate.solve.features import BAG, FeatureBlock, FeatureLink
from palate.solve.prior import RowPrior
from palate.solve.rows import LANES, Rows, Side, Solved, rating_scores, solve_rows

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel

Features = dict[str, Any] | list[dict[str, Any]] | None  # values by name: of the one row, or of each row

DRAWS_PER_CHUNK = 4
_NEWTON, _AUGMENTED = (
    5,
    4,
)  # steps to the mode of a row under the ordinal link, then sweeps of the sampler from there
_OWN_STEPS = 4  # sweeps of the sampler of a row and its noise
_MOOD_STEPS = 10  # the same with the moods of its sittings


@dataclass(frozen=True, eq=False)
class FoldedRows:
    """Rows of one side, a draw (or the one solution) after the other.

    Parameters
    ----------
    factors : ndarray of shape (n_draws, n, n_factors), float32
    bias : ndarray of shape (n_draws, n), float32
    scale : ndarray of shape (n_draws, n), float32, or None
        Of their noise, in a model whose rows have their own.
    home : ndarray of shape (n,), int32, or None
        Era that each is of, for users folded in with times.
    sittings : Sittings, or None
        Of users folded in with times.
    mood : ndarray of shape (n_draws, n_sittings), float32, or None
    """

    factors: np.ndarray
    bias: np.ndarray
    scale: np.ndarray | None = None
    home: np.ndarray | None = None
    sittings: Sittings | None = None
    mood: np.ndarray | None = None

    @classmethod
    def of(cls, sides: list[Side], n_factors: int, scales: list[np.ndarray] | None = None) -> "FoldedRows":
        """Stack the sides of all draws."""
        factors = np.stack([side.unpadded(n_factors) for side in sides])
        scale = None if not scales else np.stack(scales).astype(np.float32)
        return cls(factors, np.stack([side.bias for side in sides]), scale)


class TimedRows:
    """Users' ratings in a model that knows of time: columns are items as they are in an era, and
    each rating belongs to a sitting.

    Without times every rating is of the last era, in a sitting of its own.
    """

    def __init__(
        self, model: "FactorModel", context: TimeContext, rows: Rows, times: np.ndarray | None
    ) -> None:
        self.model, self.context, self.rows = model, context, rows
        self.sittings: Sittings | None = None
        self.home = np.full(rows.n_rows, context.n_eras - 1, np.int32)
        indptr, self.sitting = rows.indptr, np.arange(len(rows.columns), dtype=np.int32)
        if times is not None:
            eras = context.eras(times)
            pairs, place = np.unique(
                rows.columns.astype(np.int64) * context.n_eras + eras, return_inverse=True
            )
            self.item, self.era = pairs // context.n_eras, pairs % context.n_eras
            self.rows = replace(rows, columns=place.astype(np.int32), n_columns=len(pairs))
            self.sittings, self.sitting = Sittings.cut(rows.indptr, times)
            self.home = last_eras(
                np.repeat(np.arange(rows.n_rows), rows.counts), eras, rows.n_rows, context.n_eras
            )
            indptr = self.sittings.indptr
        self.row = np.repeat(np.arange(rows.n_rows), np.diff(indptr))  # (n_sittings,)
        self.number = np.arange(len(self.row)) - indptr[self.row]  # within their row

    def at_home(self, found: FoldedRows, moods: list[np.ndarray]) -> FoldedRows:
        """Return rows that are of the last era as they are in that of their own last rating, with
        their moods.
        """
        if self.sittings is None:
            return found
        last = np.full(len(self.home), self.context.n_eras - 1)
        factors, bias = self.context.moved(found.factors, found.bias, last, self.home)
        mood = (
            np.stack(moods).astype(np.float32)
            if moods
            else np.zeros((len(bias), len(self.sittings)), np.float32)
        )
        return replace(found, factors=factors, bias=bias, home=self.home, sittings=self.sittings, mood=mood)

    def columns(self, others: list[Side], draw: int) -> Side:
        """Return the vectors of the columns in one draw."""
        if self.sittings is None:
            return others[draw]
        factors, bias = rows_in_eras(self.model, self.item, self.era, slice(draw, draw + 1))
        return Side.padded(factors[0], bias[0])


def draw_rows(
    model: "FactorModel",
    side: SideName,
    rows: Rows,
    others: list[Side],
    features: Features,
    threads: int,
    times: np.ndarray | None = None,
) -> FoldedRows:
    """Return rows of one side for each draw: drawn given the other side's vectors of that draw and
    the rows' ratings.

    With normal noise that is a solve plus noise; where rows have a noise of their own, or moods, a
    few sweeps of the sampler that draws these too. Under the ordinal link it is Newton's method to
    the mode, then a few sweeps of the sampler that also draws the latent values (Albert and Chib
    1993).

    Parameters
    ----------
    model : FactorModel
        With draws of a posterior.
    side : {"user", "item"}
    rows : Rows
        Their ratings; the columns are rows of the other side.
    others : list of Side
        Vectors of the other side, one for each draw.
    features : dict or list of dict, optional
        Values of the features of a single row, by name, or of each row.
    threads : int
    times : ndarray of shape (n_ratings,), int64, optional
        When users rated, for a model that knows of time; without them each rating is in a mood of its own.
    """
    from palate.kernels.fold import normal_rows, row_keys

    mine = model.factors.side(side)
    prior = mine.prior
    means = prior_means(mine.features, prior, rows, features, threads)
    keys = np.empty(rows.n_rows, np.uint64)
    row_keys(rows.indptr, rows.columns, np.ascontiguousarray(rows.values, np.float32).view(np.uint32), keys)
    noise_sd = np.ones(model.n_draws) if model.noise_sd is None else model.noise_sd
    targets = model.likelihood.latent_targets(rows)

    def noise(draw: int, step: int) -> np.ndarray:
        out = np.empty((rows.n_rows, prior.n_factors + 1), np.float32)
        normal_rows(keys, key_of(draw, step, stream_of(Stream.FOLD_ROWS, side)), out)
        return out * np.float32(noise_sd[draw])

    timed = None if side == "item" or model.context is None else TimedRows(model, model.context, rows, times)
    asked = rows if timed is None else timed.rows

    def drawn(first: int, last: int) -> list[tuple[Side, _OwnNoise | None, _Moods | None]]:
        found: list[tuple[Side, _OwnNoise | None, _Moods | None]] = []
        for draw in range(first, last):
            own = _OwnNoise.of(model, side, rows, draw, keys)
            other = others[draw] if timed is None else timed.columns(others, draw)
            moods = None if timed is None else _Moods.of(timed, own, draw, keys)
            given: tuple[Any, ...] = (other, float(model.global_mean[draw]), prior, draw, means[draw])
            if targets is not None:
                row = _LatentRows(asked, targets, own, moods, *given).drawn(keys, noise, side)
            elif own is not None:
                row = _drawn_with_noise(asked, own, moods, noise, *given)
            else:
                other, mean, *_ = given
                row = solve_rows(
                    asked, other, mean, prior, draw=draw, noise=noise(draw, 0), prior_mean=means[draw]
                ).side
            found.append((row, own, moods))
        return found

    parts = [
        one for part in run_chunks(drawn, even_bounds(len(others), DRAWS_PER_CHUNK), threads) for one in part
    ]
    scales = [own.scale for _, own, _ in parts if own is not None]
    found = FoldedRows.of([row for row, *_ in parts], prior.n_factors, scales)
    return (
        found
        if timed is None
        else timed.at_home(found, [moods.mood for *_, moods in parts if moods is not None])
    )


class _OwnNoise:
    """The precision of folded rows' ratings, drawn for one draw of the model beside the rows:
    theirs times that of the columns.
    """

    def __init__(
        self,
        rows: Rows,
        columns: np.ndarray,
        degrees: float,
        noise_sd: float,
        keys: np.ndarray,
        draw: int,
        stream: int,
    ) -> None:
        self.rows, self.columns, self.degrees, self.noise_sd = rows, columns, degrees, noise_sd
        self.keys, self.draw, self.stream = keys, draw, stream
        self.place = np.repeat(np.arange(rows.n_rows), rows.counts)
        self.precision = np.ones(rows.n_rows)

    @classmethod
    def of(
        cls, model: "FactorModel", side: SideName, rows: Rows, draw: int, keys: np.ndarray
    ) -> "_OwnNoise | None":
        """Return the noise of rows that it begins with, None for a model whose rows share one."""
        own, other = model.factors.side(side).noise, model.factors.side(other_side(side)).noise
        if own is None or other is None:
            return None
        noise_sd = 1.0 if model.noise_sd is None else float(model.noise_sd[draw])
        columns = other.draws(slice(draw, draw + 1)).total[0, rows.columns] ** np.float32(-2)
        return cls(
            rows, columns, float(own.degrees[draw]), noise_sd, keys, draw, stream_of(Stream.FOLD_SCALES, side)
        )

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
        from palate.kernels.fold import gamma_rows

        gamma, counts = np.empty(self.rows.n_rows), self.rows.counts
        gamma_rows(self.keys, key_of(self.draw, step, self.stream), (self.degrees + counts) / 2, gamma)
        self.precision = gamma / ((self.degrees + errors / self.precision / self.noise_sd**2) / 2)


class _Moods:
    """The moods of folded users' sittings, drawn for one draw of the model beside the rows and
    their noise.
    """

    def __init__(self, timed: TimedRows, own: _OwnNoise, sd: float, draw: int, keys: np.ndarray) -> None:
        self.timed, self.own, self.sd, self.draw, self.keys = timed, own, sd, draw, keys
        self.mood = np.zeros(len(timed.row))

    @property
    def of_ratings(self) -> np.ndarray:
        """The mood of each rating, float32."""
        return self.mood[self.timed.sitting].astype(np.float32)

    @classmethod
    def of(cls, timed: TimedRows, own: _OwnNoise | None, draw: int, keys: np.ndarray) -> "_Moods | None":
        """Return moods of 0, None for a model that knows of none."""
        noise = timed.model.user_noise
        if own is None or noise is None or noise.sitting is None:
            return None
        return cls(timed, own, float(noise.sitting[draw]) * own.noise_sd, draw, keys)

    def redraw(
        self, step: int, errors: np.ndarray, side: Side, prior: RowPrior, prior_mean: np.ndarray
    ) -> Side:
        """Draw the moods given what rows alone leave of each rating, then how much of what a row's
        ratings share is its bias; return the rows (see `TimeModel.level` of the trainer).
        """
        from palate.kernels.fold import normal_rows

        timed, weights = self.timed, self.own.weights.astype(np.float64) / self.own.noise_sd**2
        n = len(timed.row)
        z = np.empty((len(self.keys), int(timed.number.max(initial=0)) + 1), np.float32)
        normal_rows(self.keys, key_of(self.draw, step, Stream.FOLD_MOODS), z)
        total = np.bincount(timed.sitting, weights, n) + self.sd**-2
        mood = np.bincount(timed.sitting, weights * errors, n) / total + z[timed.row, timed.number] / np.sqrt(
            total
        )
        precision = prior.precision[self.draw].astype(np.float64) / self.own.noise_sd**2
        away = np.column_stack([side.factors[:, : prior.n_factors], side.bias]) - prior_mean
        n_rows = len(side.bias)
        total = np.bincount(timed.row, minlength=n_rows) / self.sd**2 + precision[-1, -1]
        pull = np.bincount(timed.row, mood, n_rows) / self.sd**2 - away @ precision[:, -1]
        normal_rows(self.keys, key_of(self.draw, step, Stream.FOLD_MOOD_LEVELS), z)
        change = pull / total + z[:, 0] / np.sqrt(total)
        self.mood = mood - change[timed.row]
        return Side(side.factors, (side.bias + change).astype(np.float32))


def _drawn_with_noise(
    rows: Rows,
    own: _OwnNoise,
    moods: _Moods | None,
    noise: Any,
    other: Side,
    mean: float,
    prior: RowPrior,
    draw: int,
    prior_mean: np.ndarray,
) -> Side:
    """Return rows with normal noise of their own, which is drawn beside them."""
    for step in range(_OWN_STEPS if moods is None else _MOOD_STEPS):
        values = rows.values if moods is None else rows.values - moods.of_ratings
        solved = solve_rows(
            replace(rows, values=values, weights=own.weights),
            other,
            mean,
            prior,
            draw=draw,
            noise=noise(draw, step),
            prior_mean=prior_mean,
            stats=True,
        )
        side = solved.side
        own.redraw(step, solved.stats[:, 0])
        if moods is not None:
            errors = rows.values - np.float32(mean) - rating_scores(rows, side, other, threads=1)
            side = moods.redraw(step, errors, side, prior, prior_mean)
    return side


class _LatentRows:
    """Rows whose ratings tell of a latent value in part, such as levels, given one draw of the other side."""

    def __init__(
        self,
        rows: Rows,
        targets: LatentTargets,
        own: _OwnNoise | None,
        moods: _Moods | None,
        other: Side,
        mean: float,
        prior: RowPrior,
        draw: int,
        prior_mean: np.ndarray,
    ) -> None:
        self.rows, self.targets, self.own, self.moods = rows, targets, own, moods
        self.other, self.mean, self.prior, self.draw, self.prior_mean = other, mean, prior, draw, prior_mean

    def drawn(self, keys: np.ndarray, noise: Any, side: SideName) -> Side:
        """Return the rows drawn."""

        n, nothing = len(self.rows.values), np.empty(0, np.float32)
        target, weight = np.empty(n, np.float32), np.empty(n, np.float32)
        now = Side.padded(self.prior_mean[:, :-1], self.prior_mean[:, -1])
        precision = nothing if self.own is None else self.own.of_ratings
        for _ in range(_NEWTON):
            self.targets.newton(self.draw, self.latent(now), precision, target, weight)
            now = self.solved(target, weight, None).side
        for step in range(_AUGMENTED if self.moods is None else _MOOD_STEPS):
            salt = key_of(self.draw, step, stream_of(Stream.FOLD_TARGETS, side))
            self.targets.draw(self.draw, keys, salt, self.rows.indptr, self.latent(now), precision, target)
            moods = np.float32(0) if self.moods is None else self.moods.of_ratings
            solved = self.solved(target - moods, precision, noise(self.draw, step))
            now = solved.side
            if self.own is not None:
                self.own.redraw(step, solved.stats[:, 0])
                precision = self.own.of_ratings
            if self.moods is not None:
                errors = target - self.latent(now) + self.moods.of_ratings
                now = self.moods.redraw(step, errors, now, self.prior, self.prior_mean)
        return now

    def latent(self, side: Side) -> np.ndarray:
        """Return the latent value of every rating, moods included."""
        moods = np.float32(0) if self.moods is None else self.moods.of_ratings
        return rating_scores(self.rows, side, self.other, threads=1) + np.float32(self.mean) + moods

    def solved(self, target: np.ndarray, weight: np.ndarray, noise: np.ndarray | None) -> Solved:
        """Return the rows that least squares finds for these targets and weights, with noise added."""
        rows = Rows(self.rows.indptr, self.rows.columns, target, weight, self.rows.n_columns)
        return solve_rows(
            rows,
            self.other,
            self.mean,
            self.prior,
            draw=self.draw,
            noise=noise,
            prior_mean=self.prior_mean,
            stats=True,
        )


def prior_means(
    link: FeatureLink | None, prior: RowPrior, rows: Rows, features: Features, threads: int
) -> list[np.ndarray]:
    """Return the prior mean of each row for each draw, float32 (n_rows, n_factors + 1).

    Raises
    ------
    ValueError
        If there are values of features, but the model has no features of this side.
    """
    n_draws, width = prior.mean.shape
    if link is None:
        if features:
            raise ArgumentError(
                "features", "be left out for a model trained without features of this side", f"{features!r}"
            )
        return [
            np.repeat(np.asarray(prior.mean[draw : draw + 1], np.float32), rows.n_rows, axis=0)
            for draw in range(n_draws)
        ]
    each = features if isinstance(features, list) else [features or {}]
    if rows.n_rows == 1:
        return list(link.prior_mean(prior.mean, rows.columns, each[0])[:, None, :])
    block = FeatureBlock.of_rows(rows)
    rest = np.stack([link.prior_mean(prior.mean, np.empty(0, np.int64), own) for own in each], axis=1)
    means = []
    for draw in range(n_draws):
        total = np.zeros((rows.n_rows, -(-width // LANES) * LANES), np.float32)
        for group in link.groups:
            if group.kind == BAG:
                table = np.zeros((block.n_columns, total.shape[1]), np.float32)
                table[:, :width] = group.weights[draw]
                block.times(table, total, threads)
        means.append(total[:, :width] + rest[draw])
    return means
