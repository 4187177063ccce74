"""The learned parameters of a factorization, and the protocols of scorers that are made from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from palate.data.vocabulary import rows_at
from palate.factors.likelihood.base import Likelihood
from palate.factors.shapes import check_shapes
from palate.factors.sides import FactorSide, SideName, part_of
from palate.factors.sums import SumFold
from palate.factors.temporal import TimeContext
from palate.scorer import Factored, Scorer

Given = Mapping[str, Mapping[str, Any]]  # parts by holder ("user", "item", "") and field


@dataclass(frozen=True, eq=False, kw_only=True)
class Factors:
    """What a factorization learned of positions: it knows neither ids nor ratings.

    All arrays have a leading axis of draws, which has length one for a point estimate.

    Parameters
    ----------
    user, item : FactorSide
    mean : ndarray of shape (n_draws,), float64
        The latent value of an average pair.
    likelihood : Likelihood
        How the latent value of a pair becomes a rating, in each draw.
    time : TimeContext, optional
        How rows were at other times, and the effects of sessions.
    se_scale : float, optional
        Factor on a point estimate's standard errors, found on validation ratings.
    sums : SumFold, optional
        Of a model of choices, whose users are sums over their items.
    """

    user: FactorSide
    item: FactorSide
    mean: np.ndarray
    likelihood: Likelihood
    time: TimeContext | None = None
    se_scale: float | None = None
    sums: SumFold | None = None

    def __post_init__(self) -> None:
        check_shapes(self)

    @property
    def n_draws(self) -> int:
        """Number of draws; 1 for a point estimate."""
        return int(self.user.factors.shape[0])

    @property
    def n_factors(self) -> int:
        """Number of factors; 0 for a model of biases alone."""
        return int(self.user.factors.shape[2])

    @property
    def has_posterior(self) -> bool:
        """Whether the draws are those of a posterior, and not fits from several starts or a single one."""
        return self.n_draws > 1 and self.likelihood.knows_noise

    def side(self, name: SideName) -> FactorSide:
        """Return the users, or the items."""
        return self.user if name == "user" else self.item

    def take(
        self, users: np.ndarray | None, items: np.ndarray | None, at: slice | None, given: Given
    ) -> "Factors":
        """Return the factors of some users, some items and some draws; all for None.

        The row -1 is a new one, at its prior mean. Parts that are `given` are taken as they are.
        """
        own = given.get("", {})
        parts: dict[str, Any] = {
            "user": self.user.take(users, items, at, given.get("user", {})),
            "item": self.item.take(items, users, at, given.get("item", {})),
            "mean": self.mean if at is None else self.mean[at],
            "likelihood": self.likelihood if at is None else self.likelihood.draws(at),
        }
        if "time" not in own:
            parts["time"] = part_of(self.time, at, users, TimeContext.of_rows)
        if "sums" not in own and self.sums is not None and items is not None:
            parts["sums"] = replace(self.sums, item_scale=rows_at(self.sums.item_scale, items))
        return replace(self, **{**parts, **own})

    @staticmethod
    def stacked(every: Sequence["Factors"]) -> "Factors":
        """Return the factors that have the draws of all, which are of the same users and items.

        What is not known of every draw, such as a noise of ratings, is left out. All that has no
        draws is that of the first.
        """
        return replace(
            every[0],
            user=FactorSide.stacked([one.user for one in every]),
            item=FactorSide.stacked([one.item for one in every]),
            mean=np.concatenate([one.mean for one in every]),
            likelihood=every[0].likelihood.joined([one.likelihood for one in every]),
            time=TimeContext.stacked([one.time for one in every]),
        )


@runtime_checkable
class Uncertain(Scorer, Protocol):
    """A scorer that may have standard errors, from several draws or by a factor on its standard errors."""

    @property
    def likelihood(self) -> Likelihood: ...
    @property
    def item_factors(self) -> np.ndarray: ...  # (n_draws, n_items, n_factors) float32
    @property
    def spread(self) -> float | None: ...


@runtime_checkable
class Temporal(Scorer, Protocol):
    """A scorer whose rows may depend on time."""

    @property
    def context(self) -> TimeContext | None: ...


class FactorScorer(Uncertain, Temporal, Factored, Protocol):
    """A scorer that is made from factors; `palate.FactorModel` is one."""

    @property
    def factors(self) -> Factors: ...
