"""What a run of chains keeps: evenly spaced draws, and running means of the monitored predictions."""

from dataclasses import dataclass, field

import numpy as np

from palate.training.gibbs.chain import ChainModel, ChainState

_TRACED = 200  # predictions whose every draw is kept, to judge convergence


@dataclass(frozen=True, eq=False)
class Monitor:
    """Pairs whose predictions are followed: those held out, or a sample of the training pairs."""

    users: np.ndarray  # (n,) int64
    items: np.ndarray  # (n,) int64
    values: np.ndarray  # (n,) float32
    held_out: bool
    times: np.ndarray | None = None  # (n,) int64


@dataclass(frozen=True)
class Plan:
    """How many sweeps each chain makes, from which on they count, and how many draws are kept in all."""

    sweeps: int
    burn_in: int
    n_chains: int
    n_draws: int

    def keeps(self, chain: int, sweep: int) -> bool:
        """Whether the draw of a sweep (from 1) is kept: `n_draws` of them, evenly spaced over all chains."""
        counted = self.sweeps - self.burn_in
        after = chain * counted + sweep - self.burn_in
        whole = self.n_chains * counted
        return sweep > self.burn_in and after * self.n_draws // whole > (after - 1) * self.n_draws // whole


@dataclass
class Kept:
    """Draws kept so far, sums over all counted sweeps and traces of a few predictions."""

    draws: list[dict[str, np.ndarray]] = field(default_factory=list)
    # of the monitored predictions, over counted sweeps
    total: np.ndarray = field(default_factory=lambda: np.zeros(0))
    kept_total: np.ndarray = field(default_factory=lambda: np.zeros(0))  # the same over kept draws
    n_counted: int = 0
    # one (n_traced,) float32 for each counted sweep, by chain
    traces: list[np.ndarray] = field(default_factory=list)
    means: list[float] = field(default_factory=list)  # error of the running mean after each counted sweep


def predictions(model: ChainModel, state: ChainState, monitor: Monitor) -> np.ndarray:
    """Return the expected ratings of the monitored pairs under one draw, float64."""
    from palate.kernels.pairs import pair_products

    users, pairs = state.users.vectors, monitor.items
    items, index, session_effects = model.time.asked(
        state.time, state.items.vectors, monitor.users, pairs, monitor.times
    )
    latent = np.empty(len(index), np.float32)
    none = np.zeros((1, users.factors.shape[1]), np.float32)
    pair_products(
        users.factors[None], items.factors[None], none, none, items.bias[index], monitor.users, index, latent
    )
    latent += users.bias[monitor.users] + session_effects
    scale = np.ones(len(latent))
    for side, of_pairs in ((state.users, monitor.users), (state.items, monitor.items)):
        scale = scale if not side.own.size else scale / np.sqrt(side.own[of_pairs])
    expected = model.likelihood.expected(latent, scale, state.cutpoints)
    return (latent.astype(np.float64) + model.mean) * model.unit if expected is None else expected


def count(kept: Kept, model: ChainModel, state: ChainState, found: np.ndarray, keep: bool) -> None:
    """Count a sweep after burn-in, and keep its draw if told to."""
    if not kept.n_counted:
        kept.total, kept.kept_total = np.zeros(len(found)), np.zeros(len(found))
    kept.total = kept.total + found
    kept.n_counted += 1
    step = max(1, len(found) // _TRACED)
    kept.traces.append(found[::step][:_TRACED].astype(np.float32))
    if keep:
        kept.draws.append(in_rating_units(model, state))
        kept.kept_total = kept.kept_total + found


def in_rating_units(model: ChainModel, state: ChainState) -> dict[str, np.ndarray]:
    """Return one draw in rating units, as a FactorModel takes it.

    Factors carry the square root of the unit, biases the unit; `TimeContext` says in which time
    bins rows are.
    """
    root, unit = np.float32(np.sqrt(model.unit)), np.float32(model.unit)
    draw: dict[str, np.ndarray] = {
        "noise_sd": np.asarray(model.unit / np.sqrt(state.noise)),
        "cutpoints": state.cutpoints.copy(),
    }
    for name, side, one in (("user", model.users, state.users), ("item", model.items, state.items)):
        k, vectors = side.n_factors, one.vectors
        shift = state.time.shifts[side.number][:, side.columns]
        scale, last = np.append(np.full(k, root), unit), shift[-1]
        draw[f"{name}_shift"] = ((shift - last) * scale).astype(np.float32)
        draw[f"{name}_factors"] = (vectors.unpadded(k) + last[:k]) * root
        draw[f"{name}_bias"] = (vectors.bias + last[k]) * unit
        draw[f"{name}_mean"] = ((one.mean + last) * scale).astype(np.float32)
        precision = one.precision / np.outer(scale, scale) * (unit * unit / state.noise)
        draw[f"{name}_precision"] = precision.astype(np.float32)
        draw[f"{name}_noise"] = (1 / np.sqrt(one.own)).astype(np.float32)
        draw[f"{name}_degrees"] = np.asarray(one.degrees)
        draw[f"{name}_weights"] = one.weights[:, side.columns] * scale
    return draw | model.time.kept(state.time, model.unit, state.noise)
