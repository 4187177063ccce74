"""Whether the parts of a factorization fit each other."""

from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from palate._checks import ArgumentError
from palate.solve.features import BAG, BINS, FeatureLink

if TYPE_CHECKING:
    from palate.factors.factors import Factors

# What errors call an array: the names that models and files have, where the field's is another one.
_CALLED = {
    "mean": "global_mean",
    "likelihood.noise_sd": "noise_sd",
    "likelihood.cutpoints": "cutpoints",
    **{f"{side}.prior.mean": f"the mean of {side}_prior" for side in ("user", "item")},
    **{f"{side}.{part}": f"{side}_{part}" for side in ("user", "item") for part in ("factors", "bias")},
    **{
        f"{side}.noise.{part}": f"{side}_noise.{part}"
        for side in ("user", "item")
        for part in ("scale", "degrees", "session")
    },
}


def check_shapes(factors: "Factors") -> None:
    """Raise ValueError unless the arrays of a factorization fit each other and its likelihood."""
    for name, shape in _wanted(factors).items():
        array: np.ndarray = attrgetter(name)(factors)
        if array.shape != shape:
            called = _CALLED.get(name, name.replace("time.", "context.").replace("sums.", "fold."))
            raise ArgumentError(called, f"be of shape {shape}", f"{array.shape}")
    _check_noise(factors)
    for side, other in ((factors.user, factors.item), (factors.item, factors.user)):
        if side.features is not None:
            _check_features(
                side.features, f"{side.name}_link", factors.n_draws, len(other), factors.n_factors + 1
            )


def check_counts(factors: "Factors", n_users: int, n_items: int) -> None:
    """Raise ValueError unless a factorization is of so many users and items."""
    for side, n in ((factors.user, n_users), (factors.item, n_items)):
        if len(side) != n:
            shape = (factors.n_draws, n, factors.n_factors)
            raise ArgumentError(f"{side.name}_factors", f"be of shape {shape}", f"{side.factors.shape}")


def _wanted(factors: "Factors") -> dict[str, tuple[int, ...]]:
    """Return the shape that each array must have."""
    n_draws, n_factors = factors.n_draws, factors.n_factors
    n_users, n_items = len(factors.user), len(factors.item)
    wanted: dict[str, tuple[int, ...]] = {
        "user.factors": (n_draws, n_users, n_factors),
        "item.factors": (n_draws, n_items, n_factors),
        "user.bias": (n_draws, n_users),
        "item.bias": (n_draws, n_items),
        "mean": (n_draws,),
    }
    likelihood, time = factors.likelihood.learned, factors.time
    if likelihood.noise_sd is not None:
        wanted["likelihood.noise_sd"] = (n_draws,)
    for side in (factors.user, factors.item):
        if side.noise is not None:
            wanted[f"{side.name}.noise.scale"] = n_draws, len(side)
            wanted[f"{side.name}.noise.degrees"] = (n_draws,)
            if side.noise.session is not None:
                wanted[f"{side.name}.noise.session"] = (n_draws,)
    if time is not None:
        wanted |= dict.fromkeys(
            ("time.user_shift", "time.item_shift"), (n_draws, time.n_time_bins, n_factors + 1)
        )
        wanted["time.user_time_bin"] = (n_users,)
        wanted["time.session_effect"] = (n_draws, len(time.sessions))
        wanted["time.sessions.indptr"] = (n_users + 1,)
    if likelihood.cutpoints is not None:
        wanted["likelihood.cutpoints"] = (
            n_draws,
            0 if likelihood.levels is None else len(likelihood.levels) - 1,
        )
    if factors.sums is not None:
        if n_draws != 1 or not factors.likelihood.linear:
            raise ArgumentError(
                "fold",
                "stand in a model of one draw with the link 'identity'",
                f"{n_draws} draws, link {likelihood.link!r}",
            )
        wanted["sums.item_scale"], wanted["sums.factor_scale"] = (n_items,), (n_factors,)
    return wanted | dict.fromkeys(("user.prior.mean", "item.prior.mean"), (n_draws, n_factors + 1))


def _check_noise(factors: "Factors") -> None:
    own = factors.user.noise is not None, factors.item.noise is not None
    kind = factors.likelihood
    if any(own) and (not all(own) or kind.noise_sd is None or not kind.takes_row_noise):
        raise ArgumentError(
            "user_noise and item_noise",
            "be given together, beside noise_sd and for the links 'identity' and 'ordinal'",
            f"{own[0]} and {own[1]}, noise_sd {kind.noise_sd is not None}, link {kind.link!r}",
        )


def _check_features(link: FeatureLink, name: str, n_draws: int, n_other: int, width: int) -> None:
    for group in link.groups:
        n_columns = (
            n_other
            if group.kind == BAG
            else len(group.edges) + 1
            if group.kind == BINS
            else len(group.values)
        )
        if group.weights.shape != (n_draws, n_columns, width):
            raise ArgumentError(
                f"the weights of {group.name!r} in {name}",
                f"be of shape {(n_draws, n_columns, width)}",
                f"{group.weights.shape}",
            )
