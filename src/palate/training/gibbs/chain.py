"""A Gibbs chain: its input, its state and one sweep of it."""

from dataclasses import dataclass, replace

import numpy as np

from palate._parallel import balanced_bounds, run_chunks
from palate.solve.rows import Rows, Side, rating_scores, total_errors
from palate.training.gibbs.conditionals import CUTPOINTS, NOISE, START, TARGETS, Clock, SideModel, SideState
from palate.training.gibbs.cutpoints import draw_cutpoints, draw_targets, first_cutpoints
from palate.training.gibbs.hyperprior import precision_of
from palate.training.gibbs.temporal import TimeModel, TimeState
from palate.training.training_data import Problem

_START_SD = 0.3  # of the first vectors, in the unit of the noise


@dataclass(frozen=True, eq=False)
class Levels:
    """The distinct ratings of an ordinal likelihood, and which of them each training rating is."""

    values: np.ndarray  # (n_levels,) float32
    codes: np.ndarray  # (n_ratings,) uint8, by user


@dataclass(frozen=True, eq=False)
class ChainModel:
    """What a chain is given: ratings in units of `unit` about `mean`, both sides, and the levels of
    an ordinal likelihood.
    """

    by_user: Rows
    by_item: Rows
    # (n_ratings,) int32: where the ratings of `by_item` stand in `by_user`; empty unless ordinal or
    # in time
    place: np.ndarray
    mean: float
    unit: float
    users: SideModel
    items: SideModel
    levels: Levels | None = None
    time: TimeModel | None = None  # the columns of the rows are then its pairs

    @property
    def n_ratings(self) -> int:
        """Number of training ratings."""
        return len(self.by_user.values)

    @property
    def has_eras(self) -> bool:
        """Whether rows are shifted from one era to the next."""
        return self.time is not None and len(self.time.edges) > 0

    def columns(self, number: int, state: SideState, time: TimeState | None, threads: int) -> Side:
        """Return the vectors of side `number` as the columns of the other side's rows have them."""
        return (
            state.vectors
            if self.time is None or time is None
            else self.time.columns(number, state.vectors, time, threads)
        )

    def column_own(self, number: int, state: SideState) -> np.ndarray:
        """Return the own precisions of side `number` as the columns of the other side's rows have them."""
        return (
            state.own if self.time is None or not state.own.size else state.own[self.time.pairs(number).rows]
        )


@dataclass(frozen=True, eq=False)
class ChainState:
    """All that is random: both sides, the precision of the noise that all share, and for an ordinal
    likelihood the cutpoints and latent values.
    """

    users: SideState
    items: SideState
    noise: float
    cutpoints: np.ndarray
    latent: np.ndarray  # (n_ratings,) float32 without noise, by user
    time: TimeState | None = None
    errors: tuple[float, float] | None = (
        None  # weighted sums of squared and of absolute errors of the last sweep, in units
    )


def chain_model(
    problem: Problem,
    unit: float,
    levels: np.ndarray | None,
    users: SideModel,
    items: SideModel,
    time: tuple[str, ...] = (),
) -> ChainModel:
    """Scale the ratings to a unit in which they deviate by about 1, or code them by level; `time`
    is what of time is looked at.
    """
    by_user, by_item, place, coded, timing = (
        problem.by_user,
        problem.by_item,
        np.empty(0, np.int32),
        None,
        None,
    )
    if levels is not None or time:
        from palate.kernels.csr import transpose_csr

        order = np.arange(len(by_user.values), dtype=np.int32)
        place = transpose_csr(by_user.indptr, by_user.columns, order, by_user.n_columns)[2]
    if levels is None:
        by_user, by_item = (
            replace(rows, values=rows.values / np.float32(unit)) for rows in (by_user, by_item)
        )
    else:
        coded, unit = Levels(levels, np.searchsorted(levels, by_user.values).astype(np.uint8)), 1.0
    if time:
        timing = TimeModel.build(by_user, problem.times, time)
        by_user, by_item = timing.columns_of(by_user, 0, place), timing.columns_of(by_item, 1, place)
    mean = 0.0 if coded is not None else problem.mean / unit
    return ChainModel(by_user, by_item, place, mean, unit, users, items, coded, timing)


def small_start(model: ChainModel, biases: tuple[np.ndarray, np.ndarray], clock: Clock) -> tuple[Side, Side]:
    """Return small random factors beside given biases, all in the chain's unit."""
    from palate.kernels.random import fill_normal

    sides = []
    for side, bias in zip((model.users, model.items), biases, strict=True):
        factors = np.zeros((len(bias), side.n_factors), np.float32)
        fill_normal(clock.key(START, side.side), 0, factors)
        sides.append(Side.padded(factors * np.float32(_START_SD), bias.astype(np.float32)))
    return sides[0], sides[1]


def state_at(
    model: ChainModel, vectors: tuple[Side, Side], cutpoints: np.ndarray | None, threads: int
) -> ChainState:
    """Return the state at given vectors, and cutpoints if they are known, from which a chain begins."""
    users, items = model.users.start(vectors[0]), model.items.start(vectors[1])
    time = None if model.time is None else model.time.start(model.users.n_factors)
    if model.levels is None:
        return ChainState(users, items, 1.0, np.empty(0), np.empty(0, np.float32), time)
    if cutpoints is None:
        cutpoints = first_cutpoints(model.levels.codes, len(model.levels.values))
    return ChainState(users, items, 1.0, cutpoints, latent_values(model, users, items, time, threads), time)


def latent_values(
    model: ChainModel, users: SideState, items: SideState, time: TimeState | None, threads: int
) -> np.ndarray:
    """Return what is expected of every training rating, without mean and noise, float32, by user."""
    scores = rating_scores(model.by_user, users.vectors, model.columns(1, items, time, threads), threads)
    return scores if model.time is None or time is None else scores + model.time.moods(time)


def sweep(model: ChainModel, state: ChainState, clock: Clock) -> ChainState:
    """Return the state after every part was drawn once given the others."""
    by_user, by_item, cutpoints, time = model.by_user, model.by_item, state.cutpoints, state.time
    if model.levels is not None:
        own = model.column_own(1, state.items)
        codes, precision = model.levels.codes, _weighted(by_user, state.users.own, own, clock.threads).weights
        cutpoints = draw_cutpoints(
            cutpoints, state.latent, codes, precision, clock.rng(CUTPOINTS, 0), clock.threads
        )
        targets = np.empty(model.n_ratings, np.float32)
        draw_targets(clock.key(TARGETS, 0), state.latent, codes, cutpoints, precision, targets, clock.threads)
        by_user, by_item = replace(by_user, values=targets), replace(by_item, values=targets[model.place])
    given = by_user  # the ratings, moods included
    if model.time is not None and time is not None:
        moods = model.time.moods(time)
        by_user = replace(by_user, values=by_user.values - moods)
        by_item = replace(by_item, values=by_item.values - (moods[model.place] if len(moods) > 1 else moods))
    items, _ = _half(
        model, model.items, state.items, by_item, (state.users, time), state.noise, clock, stats=False
    )
    ordinal = model.levels is not None
    users, squares = _half(
        model, model.users, state.users, by_user, (items, time), state.noise, clock, stats=not ordinal
    )
    noise = 1.0 if ordinal else precision_of(model.n_ratings, squares[0], clock.rng(NOISE, 0))
    if model.time is not None and time is not None:
        weights = _weighted(given, users.own, model.column_own(1, items), clock.threads).weights
        sides, states = (model.users, model.items), (users, items)
        time = model.time.draw(time, given, model.mean, sides, states, weights, noise, clock)
        if model.time.sitting.size:
            time, users = model.time.level(time, model.users, users, clock)
    if ordinal:
        return ChainState(
            users, items, 1.0, cutpoints, latent_values(model, users, items, time, clock.threads), time
        )
    errors = squares
    if (
        model.users.own_noise or time is not None
    ):  # squares are weighted by what is known of the noise; what is reported is not
        errors = _total_errors(model, users, items, time, clock.threads)
    return ChainState(users, items, noise, cutpoints, state.latent, time, errors)


def _total_errors(
    model: ChainModel, users: SideState, items: SideState, time: TimeState | None, threads: int
) -> tuple[float, float]:
    """Return the weighted sums of squared and of absolute errors of all ratings."""
    rows = model.by_user
    if model.time is not None and time is not None:
        rows = replace(rows, values=rows.values - model.time.moods(time))
    return total_errors(rows, users.vectors, model.columns(1, items, time, threads), model.mean, threads)


def _half(
    model: ChainModel,
    side: SideModel,
    state: SideState,
    rows: Rows,
    given: tuple[SideState, TimeState | None],
    noise: float,
    clock: Clock,
    stats: bool,
) -> tuple[SideState, tuple[float, float]]:
    """Draw one side given the other: its prior, its rows and their noise. Also return the weighted
    sums of squared and absolute errors.
    """
    other, time = given
    further = (
        (time.scatter(side.side, side.columns), len(time.user_shift))
        if time is not None and model.has_eras
        else (None, 0)
    )
    state = side.draw_prior(state, clock, *further)
    vectors = model.columns(1 - side.side, other, time, clock.threads)
    rows = _weighted(rows, state.own, model.column_own(1 - side.side, other), clock.threads)
    state, sums = side.draw_rows(
        state, rows, vectors, model.mean, noise, clock, stats=stats or side.own_noise
    )
    if not side.own_noise:
        squared, absolute = sums[:, :2].sum(axis=0)
        return state, (float(squared), float(absolute))
    before = state.own
    state = side.draw_own(state, rows.counts, sums[:, 0], noise, clock)
    return state, (
        float(np.sum(sums[:, 0] / before * state.own)),
        float(np.sum(sums[:, 1] / before * state.own)),
    )


def _weighted(rows: Rows, own: np.ndarray, other: np.ndarray, threads: int) -> Rows:
    """Return rows whose ratings count by the precision of their noise beside their weight."""
    if not own.size:
        return rows
    from palate.kernels.rows import pair_weights

    weights, single = (
        np.empty(len(rows.values), np.float32),
        (own.astype(np.float32), other.astype(np.float32)),
    )

    def part(start: int, stop: int) -> None:
        pair_weights(start, stop, rows.indptr, rows.columns, *single, rows.weights, weights)

    run_chunks(part, balanced_bounds(rows.indptr), threads)
    return replace(rows, weights=weights)
