"""The parts of a factorization by the names that models, their files and their users have for them.

`Factors` is made of sides, a likelihood and time. A model shows the same parts flat: `user_factors`
is the array `factors.user.factors`. This module alone knows which name stands for which part.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict

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
    levels: np.ndarray | None
    cutpoints: np.ndarray | None
    noise_sd: np.ndarray | None
    context: TimeContext | None
    spread: float | None
    fold: SumFold | None


# Where each part stands: the side, the likelihood, or the factors themselves; and its field there.
PARTS: dict[str, tuple[str, str]] = {
    "user_factors": ("user", "factors"),
    "item_factors": ("item", "factors"),
    "user_bias": ("user", "bias"),
    "item_bias": ("item", "bias"),
    "user_prior": ("user", "prior"),
    "item_prior": ("item", "prior"),
    "user_noise": ("user", "noise"),
    "item_noise": ("item", "noise"),
    "user_link": ("user", "features"),
    "item_link": ("item", "features"),
    "link": ("likelihood", "link"),
    "levels": ("likelihood", "levels"),
    "cutpoints": ("likelihood", "cutpoints"),
    "noise_sd": ("likelihood", "noise_sd"),
    "global_mean": ("", "mean"),
    "context": ("", "time"),
    "spread": ("", "se_scale"),
    "fold": ("", "sums"),
}


def check_names(parts: Mapping[str, object], what: str) -> None:
    """Raise TypeError unless every name is that of a part of what takes them."""
    for name in parts:
        if name not in PARTS:
            near = nearest(name, list(PARTS))
            hint = (
                f"Did you mean {' or '.join(f'{one}=' for one in near)}?"
                if near
                else f"Parts are {', '.join(PARTS)}."
            )
            raise TypeError(f"{what} takes no argument {name!r}. {hint}")


def by_holder(parts: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return named parts by where they stand, and their field there.

    Examples
    --------
    >>> by_holder({"user_noise": None, "link": "bounded", "spread": 1.5})
    {'user': {'noise': None}, 'likelihood': {'link': 'bounded'}, '': {'se_scale': 1.5}}
    """
    found: dict[str, dict[str, Any]] = {}
    for name, part in parts.items():
        holder, field = PARTS[name]
        found.setdefault(holder, {})[field] = part
    return found


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

    @property
    def user_factors(self) -> np.ndarray:
        """The users' factors, (n_draws, n_users, n_factors) float32."""
        return self.factors.user.factors

    @property
    def item_factors(self) -> np.ndarray:
        """The items' factors, (n_draws, n_items, n_factors) float32."""
        return self.factors.item.factors

    @property
    def user_bias(self) -> np.ndarray:
        """The users' biases, (n_draws, n_users) float32."""
        return self.factors.user.bias

    @property
    def item_bias(self) -> np.ndarray:
        """The items' biases, (n_draws, n_items) float32."""
        return self.factors.item.bias

    @property
    def global_mean(self) -> np.ndarray:
        """The latent value of an average pair, (n_draws,) float64."""
        return self.factors.mean

    @property
    def user_prior(self) -> RowPrior:
        """The prior of the users' vectors and biases."""
        return self.factors.user.prior

    @property
    def item_prior(self) -> RowPrior:
        """The prior of the items' vectors and biases."""
        return self.factors.item.prior

    @property
    def user_noise(self) -> RowNoise | None:
        """The noise of each user's ratings, relative to that of all."""
        return self.factors.user.noise

    @property
    def item_noise(self) -> RowNoise | None:
        """The noise of each item's ratings, relative to that of all."""
        return self.factors.item.noise

    @property
    def user_link(self) -> FeatureLink | None:
        """The features of the users, which set the mean of the prior."""
        return self.factors.user.features

    @property
    def item_link(self) -> FeatureLink | None:
        """The features of the items, which set the mean of the prior."""
        return self.factors.item.features

    @property
    def link(self) -> str:
        """Name of the link from latent values to ratings: "identity", "bounded" or "ordinal"."""
        return self.factors.likelihood.link

    @property
    def levels(self) -> np.ndarray | None:
        """The values a rating may have, ascending, (n_levels,) float32."""
        return self.factors.likelihood.levels

    @property
    def cutpoints(self) -> np.ndarray | None:
        """Cutpoints of the ordinal link, (n_draws, n_levels - 1) float32."""
        return self.factors.likelihood.learned.cutpoints

    @property
    def noise_sd(self) -> np.ndarray | None:
        """Sd of a rating about its expectation, (n_draws,) float64."""
        return self.factors.likelihood.noise_sd

    @property
    def context(self) -> TimeContext | None:
        """How rows were at other times, and the effects of sessions."""
        return self.factors.time

    @property
    def spread(self) -> float | None:
        """Factor on a point estimate's standard errors, found on validation ratings."""
        return self.factors.se_scale

    @property
    def fold(self) -> SumFold | None:
        """How users are summed over their items, for a model of choices."""
        return self.factors.sums
