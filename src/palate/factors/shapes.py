"""Whether the parts of a factorization fit each other."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from palate._checks import ArgumentError
from palate.solve.features import BAG, BINS, TAGS, FeatureLink

if TYPE_CHECKING:
    from palate.factors.factors import Factors


def check_shapes(factors: "Factors") -> None:
    """Raise ValueError unless the arrays of a factorization fit each other and its likelihood."""
    for name, array, shape in _arrays(factors):
        if array.shape != shape:
            raise ArgumentError(name, f"be of shape {shape}", f"{array.shape}")
    _check_noise(factors)
    for side, other in ((factors.user, factors.item), (factors.item, factors.user)):
        if side.features is not None:
            shape = factors.n_draws, len(other), factors.n_factors + 1
            _check_features(side.features, f"{side.name}_link", *shape)


def check_counts(factors: "Factors", n_users: int, n_items: int) -> None:
    """Raise ValueError unless a factorization is of so many users and items."""
    for side, n in ((factors.user, n_users), (factors.item, n_items)):
        if len(side) != n:
            shape = (factors.n_draws, n, factors.n_factors)
            raise ArgumentError(f"{side.name}_factors", f"be of shape {shape}", f"{side.factors.shape}")


def _arrays(factors: "Factors") -> Iterator[tuple[str, np.ndarray, tuple[int, ...]]]:
    """Yield each array by the name that models and files have for it, with the shape that it must have."""
    n_draws, n_factors, sums = factors.n_draws, factors.n_factors, factors.sums
    n_users, n_items = len(factors.user), len(factors.item)
    likelihood, time = factors.likelihood.learned, factors.time
    for side in (factors.user, factors.item):
        n, noise = len(side), side.noise
        yield f"{side.name}_factors", side.factors, (n_draws, n, n_factors)
        yield f"{side.name}_bias", side.bias, (n_draws, n)
        yield f"the mean of {side.name}_prior", side.prior.mean, (n_draws, n_factors + 1)
        if noise is not None:
            yield f"{side.name}_noise.scale", noise.scale, (n_draws, n)
            yield f"{side.name}_noise.degrees", noise.degrees, (n_draws,)
            if noise.session is not None:
                yield f"{side.name}_noise.session", noise.session, (n_draws,)
    yield "global_mean", factors.mean, (n_draws,)
    if likelihood.noise_sd is not None:
        yield "noise_sd", likelihood.noise_sd, (n_draws,)
    if likelihood.cutpoints is not None:
        n_cuts = 0 if likelihood.levels is None else len(likelihood.levels) - 1
        yield "cutpoints", likelihood.cutpoints, (n_draws, n_cuts)
    if time is not None:
        yield "context.user_shift", time.user_shift, (n_draws, time.n_time_bins, n_factors + 1)
        yield "context.item_shift", time.item_shift, (n_draws, time.n_time_bins, n_factors + 1)
        yield "context.user_time_bin", time.user_time_bin, (n_users,)
        yield "context.session_effect", time.session_effect, (n_draws, len(time.sessions))
        yield "context.sessions.indptr", time.sessions.indptr, (n_users + 1,)
    if sums is not None:
        if n_draws != 1 or not factors.likelihood.linear:
            must = "stand in a model of one draw with the link 'identity'"
            raise ArgumentError("fold", must, f"{n_draws} draws, link {likelihood.link!r}")
        yield "fold.item_scale", sums.item_scale, (n_items,)
        yield "fold.factor_scale", sums.factor_scale, (n_factors,)


def _check_noise(factors: "Factors") -> None:
    own = factors.user.noise is not None, factors.item.noise is not None
    kind = factors.likelihood
    if any(own) and (not all(own) or kind.noise_sd is None or not kind.takes_row_noise):
        must = "be given together, beside noise_sd and for the links 'identity' and 'ordinal'"
        got = f"{own[0]} and {own[1]}, noise_sd {kind.noise_sd is not None}, link {kind.link!r}"
        raise ArgumentError("user_noise and item_noise", must, got)


def _check_features(link: FeatureLink, name: str, n_draws: int, n_other: int, width: int) -> None:
    for group in link.groups:
        n_columns = {BAG: n_other, BINS: len(group.edges) + 1, TAGS: len(group.values)}[group.kind]
        found, wanted = group.weights.shape, (n_draws, n_columns, width)
        if found != wanted:
            weights = f"the weights of {group.name!r} in {name}"
            raise ArgumentError(weights, f"be of shape {wanted}", f"{found}")
