"""A Gibbs chain: its input, its state and one sweep of it."""

from dataclasses import dataclass, replace

import numpy as np

from palate.solve.prior import RowPrior
from palate.solve.rows import LANES, Rows, Side, rating_scores, row_errors, solve_rows
from palate.training.gibbs.clock import ROWS, START, Clock
from palate.training.gibbs.likelihood import BothWays, Levels, Likelihood, Values
from palate.training.gibbs.noise import Sums, Told, draw_own, told_of_noise, weighted
from palate.training.gibbs.prior import draw_prior
from palate.training.gibbs.sides import SideModel, SideState
from palate.training.gibbs.temporal import Time, TimeModel
from palate.training.gibbs.time_state import Met, NoTime, TimeState
from palate.training.training_data import Problem

_START_SD = 0.3  # of the first vectors, in the unit of the noise


@dataclass(frozen=True, eq=False)
class ChainModel:
    """What a chain is given: ratings in units of `unit` about `mean`, sides, likelihood and time."""

    ratings: BothWays  # with the columns that `time` gives them
    mean: float
    unit: float
    users: SideModel
    items: SideModel
    likelihood: Likelihood
    time: Time


@dataclass(frozen=True, eq=False)
class ChainState:
    """All random quantities: both sides, the precision of the shared noise, and time.

    With an ordinal likelihood also the cutpoints and latent values.
    """

    users: SideState
    items: SideState
    noise: float
    cutpoints: np.ndarray
    latent: np.ndarray  # (n_ratings,) float32 without noise, by user
    time: TimeState
    errors: Sums | None = None  # of the last sweep, in units


def sweep(model: ChainModel, state: ChainState, clock: Clock) -> ChainState:
    """Return the state after every part was drawn once given the others."""
    time, users, items, threads = state.time, state.users, state.items, clock.threads

    def met(number: int, side: SideState) -> Met:
        vectors = model.time.columns(number, side.vectors, time, threads)
        return Met(vectors, model.time.of_columns(number, side.own))

    def precision() -> np.ndarray:
        own = model.time.of_columns(1, items.own)
        return weighted(model.ratings.by_user, users.own, own, threads).weights

    cutpoints, ratings = model.likelihood.draw(model.ratings, state.cutpoints, state.latent, precision, clock)
    by_user = model.time.less_session_effects(0, ratings.by_user, time, threads)
    by_item = model.time.less_session_effects(1, ratings.by_item, time, threads)
    items, _, _ = _draw_side(model, model.items, items, met(0, users), by_item, state, clock)
    met_items = met(1, items)
    users, sums, told = _draw_side(model, model.users, users, met_items, by_user, state, clock)
    noise = model.likelihood.draw_noise(*told.total, clock)
    sides, states = (model.users, model.items), (users, items)
    time, users, timed = model.time.draw(
        time, ratings.by_user, model.mean, sides, states, met_items, noise, clock
    )
    latent = model.likelihood.latent(lambda: latent_values(model, users, items, time, threads))
    errors = _errors(model, users, items, sums, timed, threads)
    return ChainState(users, items, noise, cutpoints, latent, time, errors)


def _draw_side(
    model: ChainModel, side: SideModel, own: SideState, met: Met, rows: Rows, state: ChainState, clock: Clock
) -> tuple[SideState, np.ndarray, Told]:
    """Draw one side given the other as its rows meet it: its prior, its rows and the precision of each.

    Also return the weighted sums of each row's errors, and what its ratings say of the noise.
    """
    own = draw_prior(side, own, clock, model.time.steps(side, state.time))
    rows = weighted(rows, own.own, met.own, clock.threads)
    own, sums = draw_rows(side, own, rows, met.vectors, model.mean, state.noise, clock)
    told = told_of_noise(side, own, rows, met.vectors, model.mean, sums, clock.threads)
    own, told = draw_own(side, own, told, state.noise, clock)
    return own, sums, told


def draw_rows(
    side: SideModel, state: SideState, rows: Rows, other: Side, mean: float, noise: float, clock: Clock
) -> tuple[SideState, np.ndarray]:
    """Draw all vectors of a side given the other side and the precision of the noise.

    Also return the sums of the errors of each row, or of no row if they are not asked for.
    """
    threads = clock.threads
    prior = RowPrior(
        precision=(state.precision / noise).astype(np.float32)[None], mean=state.mean.astype(np.float32)[None]
    )
    explained, means = side.explained(state, threads), None
    if explained is not None:
        explained[:, side.columns] += state.mean.astype(np.float32)
        means = np.ascontiguousarray(explained[:, : side.width + 1])
    root = np.zeros((side.n_factors + 1, side.width + LANES))
    root[np.arange(side.n_factors + 1), side.columns] = 1 / np.sqrt(noise)  # padding stays zero
    z = side.normal(clock.key(ROWS, side.number), rows.n_rows, root, threads)[:, : side.width + 1]
    stats = side.errors or side.own_noise
    solved = solve_rows(rows, other, mean, prior, noise=z, prior_mean=means, stats=stats, threads=threads)
    return replace(state, vectors=solved.side), solved.stats


def _errors(
    model: ChainModel, users: SideState, items: SideState, sums: np.ndarray, timed: Sums | None, threads: int
) -> Sums | None:
    """Return the sums of errors to report, weighted by the ratings' own weights alone.

    There are none with an ordinal likelihood.
    """
    if model.likelihood.levels is not None:
        return None
    if timed is not None:
        return timed
    if model.users.own_noise:
        sums = row_errors(model.ratings.by_user, users.vectors, items.vectors, model.mean, threads)
    squared, absolute = sums[:, :2].sum(axis=0)
    return float(squared), float(absolute)


def chain_model(
    problem: Problem,
    unit: float,
    levels: np.ndarray | None,
    users: SideModel,
    items: SideModel,
    time: tuple[str, ...] = (),
) -> ChainModel:
    """Return the model of a chain: ratings scaled to an sd of about 1, or coded by level.

    `time` names the parts of time that are modelled.
    """
    place = np.empty(0, np.int32)
    time_model: Time = NoTime()
    if levels is not None or time:
        place = problem.by_user.places_by_column()
    if time:
        time_model = TimeModel.build(problem.by_user, problem.times, time, place)
    by_user, by_item = time_model.columns_of(problem.by_user, 0), time_model.columns_of(problem.by_item, 1)
    if levels is not None:
        codes = np.searchsorted(levels, by_user.values).astype(np.uint8)
        coded = BothWays(by_user, by_item, place)
        return ChainModel(coded, 0.0, 1.0, users, items, Levels(levels, codes), time_model)
    by_user, by_item = (replace(rows, values=rows.values / np.float32(unit)) for rows in (by_user, by_item))
    scaled = BothWays(by_user, by_item, place)
    return ChainModel(scaled, problem.mean / unit, unit, users, items, Values(), time_model)


def small_start(model: ChainModel, biases: tuple[np.ndarray, np.ndarray], clock: Clock) -> tuple[Side, Side]:
    """Return small random factors beside given biases, all in the chain's unit."""
    from palate.kernels.random import fill_normal

    sides = []
    for side, bias in zip((model.users, model.items), biases, strict=True):
        factors = np.zeros((len(bias), side.n_factors), np.float32)
        fill_normal(clock.key(START, side.number), 0, factors)
        sides.append(Side.padded(factors * np.float32(_START_SD), bias.astype(np.float32)))
    return sides[0], sides[1]


def state_at(
    model: ChainModel, vectors: tuple[Side, Side], cutpoints: np.ndarray | None, threads: int
) -> ChainState:
    """Return the state at given vectors, and cutpoints if they are known, from which a chain begins."""
    users, items = model.users.start(vectors[0]), model.items.start(vectors[1])
    time = model.time.start(model.users.n_factors)
    begun = model.likelihood.start(cutpoints, lambda: latent_values(model, users, items, time, threads))
    return ChainState(users, items, 1.0, *begun, time)


def latent_values(
    model: ChainModel, users: SideState, items: SideState, time: TimeState, threads: int
) -> np.ndarray:
    """Return the latent value of every training rating, without mean and noise, float32, by user."""
    columns = model.time.columns(1, items.vectors, time, threads)
    scores = rating_scores(model.ratings.by_user, users.vectors, columns, threads)
    return model.time.with_session_effects(scores, time, threads)
