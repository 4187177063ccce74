"""A Gibbs chain: its input, its state and one sweep of it."""

from dataclasses import dataclass, replace

import numpy as np

from palate.solve.parallel import balanced_bounds, run_chunks
from palate.solve.rows import Rows, Side, rating_scores, total_errors
from palate.training.cutpoints import draw_cutpoints, draw_targets, first_cutpoints
from palate.training.hyper import precision_of
from palate.training.problem import Problem
from palate.training.side import CUTPOINTS, NOISE, START, TARGETS, Clock, SideModel, SideState

_START_SD = 0.3  # of the first vectors, in the unit of the noise


@dataclass(frozen=True, eq=False)
class Levels:
    """The distinct ratings of an ordinal likelihood, and which of them each training rating is."""

    values: np.ndarray  # (n_levels,) float32
    codes: np.ndarray  # (n_ratings,) uint8, by user


@dataclass(frozen=True, eq=False)
class ChainModel:
    """What a chain is given: ratings in units of `unit` about `mean`, both sides, and the levels of an ordinal likelihood."""

    by_user: Rows
    by_item: Rows
    place: np.ndarray  # (n_ratings,) int32: where the ratings of `by_item` stand in `by_user`; empty unless ordinal
    mean: float
    unit: float
    users: SideModel
    items: SideModel
    levels: Levels | None = None

    @property
    def n_ratings(self) -> int:
        """Number of training ratings."""
        return len(self.by_user.values)


@dataclass(frozen=True, eq=False)
class ChainState:
    """All that is random: both sides, the precision of the noise that all share, and for an ordinal likelihood the cutpoints and latent values."""

    users: SideState
    items: SideState
    noise: float
    cutpoints: np.ndarray
    latent: np.ndarray  # (n_ratings,) float32 without noise, by user
    errors: tuple[float, float] | None = None  # weighted sums of squared and of absolute errors of the last sweep, in units


def chain_model(problem: Problem, unit: float, levels: np.ndarray | None, users: SideModel, items: SideModel) -> ChainModel:
    """Scale the ratings to a unit in which they deviate by about 1, or code them by level."""
    by_user, by_item, place = problem.by_user, problem.by_item, np.empty(0, np.int32)
    coded = None
    if levels is None:
        by_user, by_item = (replace(rows, values=rows.values / np.float32(unit)) for rows in (by_user, by_item))
        return ChainModel(by_user, by_item, place, problem.mean / unit, unit, users, items)
    from palate.kernels.csr import transpose_csr

    order = np.arange(len(by_user.values), dtype=np.int32)
    place = transpose_csr(by_user.indptr, by_user.columns, order, by_user.n_columns)[2]
    coded = Levels(levels, np.searchsorted(levels, by_user.values).astype(np.uint8))
    return ChainModel(by_user, by_item, place, 0.0, 1.0, users, items, coded)


def small_start(model: ChainModel, biases: tuple[np.ndarray, np.ndarray], clock: Clock) -> tuple[Side, Side]:
    """Return small random factors beside given biases, all in the chain's unit."""
    from palate.kernels.random import fill_normal

    sides = []
    for side, bias in zip((model.users, model.items), biases, strict=True):
        factors = np.zeros((len(bias), side.n_factors), np.float32)
        fill_normal(clock.key(START, side.side), 0, factors)
        sides.append(Side.padded(factors * np.float32(_START_SD), bias.astype(np.float32)))
    return sides[0], sides[1]


def state_at(model: ChainModel, vectors: tuple[Side, Side], cutpoints: np.ndarray | None, threads: int) -> ChainState:
    """Return the state at given vectors, and cutpoints if they are known, from which a chain begins."""
    users, items = model.users.start(vectors[0]), model.items.start(vectors[1])
    if model.levels is None:
        return ChainState(users, items, 1.0, np.empty(0), np.empty(0, np.float32))
    if cutpoints is None:
        cutpoints = first_cutpoints(model.levels.codes, len(model.levels.values))
    return ChainState(users, items, 1.0, cutpoints, rating_scores(model.by_user, *vectors, threads))


def sweep(model: ChainModel, state: ChainState, clock: Clock) -> ChainState:
    """Return the state after every part was drawn once given the others."""
    by_user, by_item, cutpoints = model.by_user, model.by_item, state.cutpoints
    if model.levels is not None:
        codes, precision = model.levels.codes, _weighted(by_user, state.users.own, state.items.own, clock.threads).weights
        cutpoints = draw_cutpoints(cutpoints, state.latent, codes, precision, clock.rng(CUTPOINTS, 0), clock.threads)
        targets = np.empty(model.n_ratings, np.float32)
        draw_targets(clock.key(TARGETS, 0), state.latent, codes, cutpoints, precision, targets, clock.threads)
        by_user, by_item = replace(by_user, values=targets), replace(by_item, values=targets[model.place])
    items, _ = _half(model, model.items, state.items, by_item, state.users, state.noise, clock, stats=False)
    ordinal = model.levels is not None
    users, squares = _half(model, model.users, state.users, by_user, items, state.noise, clock, stats=not ordinal)
    if ordinal:
        return ChainState(
            users, items, 1.0, cutpoints, rating_scores(model.by_user, users.vectors, items.vectors, clock.threads)
        )
    noise = precision_of(model.n_ratings, squares[0], clock.rng(NOISE, 0))
    errors = squares
    if model.users.own_noise:  # squares are weighted by what is known of the noise; what is reported is not
        errors = total_errors(by_user, users.vectors, items.vectors, model.mean, clock.threads)
    return ChainState(users, items, noise, cutpoints, state.latent, errors)


def _half(
    model: ChainModel, side: SideModel, state: SideState, rows: Rows, other: SideState, noise: float, clock: Clock, stats: bool
) -> tuple[SideState, tuple[float, float]]:
    """Draw one side given the other: its prior, its rows and their noise. Also return the weighted sums of squared and absolute errors."""
    state = side.draw_prior(state, clock)
    rows = _weighted(rows, state.own, other.own, clock.threads)
    state, sums = side.draw_rows(state, rows, other.vectors, model.mean, noise, clock, stats=stats or side.own_noise)
    if not side.own_noise:
        squared, absolute = sums[:, :2].sum(axis=0)
        return state, (float(squared), float(absolute))
    before = state.own
    state = side.draw_own(state, rows.counts, sums[:, 0], noise, clock)
    return state, (float(np.sum(sums[:, 0] / before * state.own)), float(np.sum(sums[:, 1] / before * state.own)))


def _weighted(rows: Rows, own: np.ndarray, other: np.ndarray, threads: int) -> Rows:
    """Return rows whose ratings count by the precision of their noise beside their weight."""
    if not own.size:
        return rows
    from palate.kernels.rows import pair_weights

    weights, single = np.empty(len(rows.values), np.float32), (own.astype(np.float32), other.astype(np.float32))

    def part(start: int, stop: int) -> None:
        pair_weights(start, stop, rows.indptr, rows.columns, *single, rows.weights, weights)

    run_chunks(part, balanced_bounds(rows.indptr), threads)
    return replace(rows, weights=weights)
