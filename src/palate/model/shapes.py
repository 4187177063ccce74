"""Whether the parts of a FactorModel fit each other."""

from operator import attrgetter

import numpy as np

from palate._checks import ArgumentError
from palate.factors.factors import Factors
from palate.factors.likelihood.links import LINKS, likelihood_class
from palate.factors.sides import SIDES, side_of
from palate.solve.features import BAG, BINS, FeatureLink


def check_shapes(model: Factors) -> None:
    """Raise ValueError unless the arrays of a model fit each other, its vocabularies and its link."""
    n_draws, _, n_factors = model.user_factors.shape
    wanted: dict[str, tuple[int, ...]] = {
        "user_factors": (n_draws, len(model.users), n_factors),
        "item_factors": (n_draws, len(model.items), n_factors),
        "user_bias": (n_draws, len(model.users)),
        "item_bias": (n_draws, len(model.items)),
        "global_mean": (n_draws,),
    }
    if model.noise_sd is not None:
        wanted["noise_sd"] = (n_draws,)
    sides = [side_of(model, name) for name in SIDES]
    for side in sides:
        if side.noise is not None:
            wanted[f"{side.name}_noise.scale"] = n_draws, len(side.ids)
            wanted[f"{side.name}_noise.degrees"] = (n_draws,)
    if model.context is not None:
        wanted |= dict.fromkeys(
            ("context.user_shift", "context.item_shift"), (n_draws, model.context.n_eras, n_factors + 1)
        )
        wanted["context.home"] = (len(model.users),)
        wanted["context.mood"] = (n_draws, len(model.context.sittings))
        wanted["context.sittings.indptr"] = (len(model.users) + 1,)
    if model.user_noise is not None and model.user_noise.sitting is not None:
        wanted["user_noise.sitting"] = (n_draws,)
    if model.cutpoints is not None:
        wanted["cutpoints"] = (n_draws, 0 if model.levels is None else len(model.levels) - 1)
    if model.fold is not None:
        if n_draws != 1 or not likelihood_class(model.link).linear:
            raise ArgumentError(
                "fold",
                "stand in a model of one draw with the link 'identity'",
                f"{n_draws} draws, link {model.link!r}",
            )
        wanted["fold.item_scale"], wanted["fold.factor_scale"] = (len(model.items),), (n_factors,)
    for name, shape in wanted.items():
        array = attrgetter(name)(model)
        if array.shape != shape:
            raise ArgumentError(name, f"be of shape {shape}", f"{array.shape}")
    for side in sides:
        shape = side.prior.mean.shape
        if shape != (n_draws, n_factors + 1):
            name = f"the mean of {side.name}_prior"
            raise ArgumentError(name, f"be of shape {(n_draws, n_factors + 1)}", f"{shape}")
    _check_link(model)
    for side, other in zip(sides, reversed(sides), strict=True):
        if side.features is not None:
            _check_features(side.features, f"{side.name}_link", n_draws, len(other.ids), n_factors + 1)


def _check_link(model: Factors) -> None:
    own = model.user_noise is not None, model.item_noise is not None
    kind = likelihood_class(model.link)
    if any(own) and (not all(own) or model.noise_sd is None or not kind.takes_row_noise):
        links = " and ".join(repr(link) for link in LINKS if likelihood_class(link).takes_row_noise)
        raise ArgumentError(
            "user_noise and item_noise",
            f"be given together, beside noise_sd and for the links {links}",
            f"{own[0]} and {own[1]}, noise_sd {model.noise_sd is not None}, link {model.link!r}",
        )
    kind.of(model)  # raises for what is missing
    if model.levels is not None and (
        model.levels.ndim != 1 or not len(model.levels) or (np.diff(model.levels) <= 0).any()
    ):
        raise ArgumentError("levels", "be one row of strictly ascending values")


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
