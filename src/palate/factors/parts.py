"""The parts of a factorization by the names that models, their files and their users have for them.

`Factors` is made of sides, a likelihood and time. A model shows the same parts flat: `user_factors`
is the array `factors.user.factors`. This module alone knows which name stands for which part.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, TypedDict, TypeVar, cast

import numpy as np

from palate._nearest import nearest
from palate.factors.factors import Factors
from palate.factors.likelihood.base import Learned, Likelihood
from palate.factors.likelihood.links import likelihood_of
from palate.factors.row_precision import RowNoise
from palate.factors.sides import FactorSide
from palate.factors.sums import SumFold
from palate.factors.temporal import TimeContext
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior
from palate.solve.rows import Side

P = TypeVar("P")


class Parts(TypedDict, total=False):
    """The parts of a factorization by name, as a model takes them."""

    user_factors: np.ndarray  # (n_draws, n_users, n_factors) float32
    item_factors: np.ndarray  # (n_draws, n_items, n_factors) float32
    user_bias: np.ndarray  # (n_draws, n_users) float32
    item_bias: np.ndarray  # (n_draws, n_items) float32
    global_mean: np.ndarray  # (n_draws,) float64
    user_prior: RowPrior
    item_prior: RowPrior
    user_noise: RowNoise | None
    item_noise: RowNoise | None
    user_link: FeatureLink | None
    item_link: FeatureLink | None
    link: str
    levels: np.ndarray | None  # (n_levels,) float32
    cutpoints: np.ndarray | None  # (n_draws, n_levels - 1) float32
    noise_sd: np.ndarray | None  # (n_draws,) float64
    context: TimeContext | None
    spread: float | None
    fold: SumFold | None


class Part(Generic[P]):
    """A part of a model's factors, which the model shows under a flat name.

    Parameters
    ----------
    holder : {"user", "item", "likelihood", ""}
        Where it stands: a side, the likelihood, or the factors themselves.
    field : str
        Its name there.
    about : str
    """

    def __init__(self, holder: str, field: str, about: str) -> None:
        self.holder, self.field, self.__doc__ = holder, field, about

    def __get__(self, model: "OfFactors | None", owner: type | None = None) -> P:
        if model is None:
            return cast(P, self)
        factors = model.factors
        if self.holder == "likelihood":
            return cast(P, getattr(factors.likelihood.learned, self.field))
        return cast(P, getattr(getattr(factors, self.holder) if self.holder else factors, self.field))


class OfFactors:
    """What is made of factors, and shows their parts under their flat names."""

    factors: Factors

    @property
    def likelihood(self) -> Likelihood:
        """How the latent value of a pair becomes a rating."""
        return self.factors.likelihood

    @property
    def n_factors(self) -> int:
        """Number of factors; 0 for a model of biases alone."""
        return self.factors.n_factors

    @property
    def n_draws(self) -> int:
        """Number of draws; 1 for a point estimate."""
        return self.factors.n_draws

    @property
    def item_sides(self) -> list[Side]:
        """The items' vectors as the row solver takes them, one Side per draw."""
        return self.factors.item.padded

    user_factors = Part[np.ndarray]("user", "factors", "Users' factors, (n_draws, n_users, n_factors).")
    item_factors = Part[np.ndarray]("item", "factors", "Items' factors, (n_draws, n_items, n_factors).")
    user_bias = Part[np.ndarray]("user", "bias", "Users' biases, (n_draws, n_users) float32.")
    item_bias = Part[np.ndarray]("item", "bias", "Items' biases, (n_draws, n_items) float32.")
    user_prior = Part[RowPrior]("user", "prior", "Prior of the users' vectors and biases.")
    item_prior = Part[RowPrior]("item", "prior", "Prior of the items' vectors and biases.")
    user_noise = Part[RowNoise | None]("user", "noise", "Noise of a user's ratings, relative to that of all.")
    item_noise = Part[RowNoise | None]("item", "noise", "Noise of an item's ratings, relative to all.")
    user_link = Part[FeatureLink | None]("user", "features", "Features of users, which set the prior mean.")
    item_link = Part[FeatureLink | None]("item", "features", "Features of items, which set the prior mean.")
    link = Part[str]("likelihood", "link", 'Link to ratings: "identity", "bounded" or "ordinal".')
    levels = Part[np.ndarray | None]("likelihood", "levels", "Values a rating may have, ascending.")
    cutpoints = Part[np.ndarray | None]("likelihood", "cutpoints", "Cutpoints of the ordinal link.")
    noise_sd = Part[np.ndarray | None]("likelihood", "noise_sd", "Sd of a rating about its expectation.")
    global_mean = Part[np.ndarray]("", "mean", "Latent value of an average pair, (n_draws,) float64.")
    context = Part[TimeContext | None]("", "time", "How rows were at other times, and effects of sessions.")
    spread = Part[float | None]("", "se_scale", "Factor on standard errors, found on validation ratings.")
    fold = Part[SumFold | None]("", "sums", "How users are summed over their items, for a model of choices.")


PARTS = {name: part for name, part in vars(OfFactors).items() if isinstance(part, Part)}


def check_names(parts: Mapping[str, object], what: str) -> None:
    """Raise TypeError unless every name is that of a part of what takes them."""
    for name in parts:
        if name not in PARTS:
            near = nearest(name, list(PARTS))
            hint = f"Parts are {', '.join(PARTS)}."
            if near:
                hint = f"Did you mean {' or '.join(f'{one}=' for one in near)}?"
            raise TypeError(f"{what} takes no argument {name!r}. {hint}")


def by_holder(parts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return named parts by the object that has them, with their fields in it.

    Examples
    --------
    >>> by_holder({"user_noise": None, "link": "bounded", "spread": 1.5})
    {'user': {'noise': None}, 'likelihood': {'link': 'bounded'}, '': {'se_scale': 1.5}}
    """
    found: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        where = PARTS[name]
        found.setdefault(where.holder, {})[where.field] = part
    return found


def parts_of_fit(
    sides: tuple[Side, Side], n_factors: int, mean: float, priors: tuple[RowPrior, RowPrior]
) -> dict[str, Any]:
    """Return the parts of a point estimate by name: users and items as a trainer solved for them."""
    users, items = sides
    return {
        "user_factors": users.unpadded(n_factors)[None],
        "item_factors": items.unpadded(n_factors)[None],
        "user_bias": users.bias[None],
        "item_bias": items.bias[None],
        "global_mean": np.array([mean]),
        "user_prior": priors[0],
        "item_prior": priors[1],
    }


def factors_of(parts: Parts, scale: tuple[float, float] | None) -> Factors:
    """Return the factors that are made of these parts; `scale` is that of the ratings."""
    found = by_holder(parts)
    learned = Learned(scale=scale, **found.get("likelihood", {}))
    return Factors(
        user=FactorSide(name="user", **found["user"]),
        item=FactorSide(name="item", **found["item"]),
        likelihood=likelihood_of(learned),
        **found[""],
    )


def with_parts(factors: Factors, parts: Mapping[str, Any], scale: tuple[float, float] | None) -> Factors:
    """Return factors with some parts changed, for ratings of this `scale`."""
    found = by_holder(parts)
    own = dict(found.get("", {}))
    for side in (factors.user, factors.item):
        if side.name in found:
            own[side.name] = replace(side, **found[side.name])
    held = factors.likelihood.learned
    if "likelihood" in found or held.scale not in (None, scale):
        own["likelihood"] = likelihood_of(held._replace(scale=scale, **found.get("likelihood", {})))
    return replace(factors, **own) if own else factors
