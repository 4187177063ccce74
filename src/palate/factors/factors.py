"""What everything in this room, and in the rooms below it, asks of a factorization."""

from typing import Protocol, runtime_checkable

import numpy as np

from palate.factors.likelihood.base import Learned, Likelihood
from palate.factors.row_precision import RowNoise
from palate.factors.sums import SumFold
from palate.factors.temporal import TimeContext
from palate.scorer import Factored, Scorer
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior
from palate.solve.rows import Side


@runtime_checkable
class Uncertain(Scorer, Protocol):
    """A scorer that may know how sure it is: by several draws, or by a factor on standard errors."""

    @property
    def likelihood(self) -> Likelihood: ...
    @property
    def item_factors(self) -> np.ndarray: ...  # (n_draws, n_items, n_factors) float32
    @property
    def spread(self) -> float | None: ...


@runtime_checkable
class Temporal(Scorer, Protocol):
    """A scorer that may know how its rows change in time."""

    @property
    def context(self) -> TimeContext | None: ...


class Factors(Uncertain, Temporal, Factored, Learned, Protocol):
    """A factorization with all that it knows beside its vectors; `palate.FactorModel` is one."""

    @property
    def user_prior(self) -> RowPrior: ...
    @property
    def item_prior(self) -> RowPrior: ...
    @property
    def user_noise(self) -> RowNoise | None: ...
    @property
    def item_noise(self) -> RowNoise | None: ...
    @property
    def user_link(self) -> FeatureLink | None: ...
    @property
    def item_link(self) -> FeatureLink | None: ...
    @property
    def fold(self) -> SumFold | None: ...
    @property
    def n_users(self) -> int: ...
    @property
    def n_items(self) -> int: ...
    @property
    def n_factors(self) -> int: ...
    @property
    def n_draws(self) -> int: ...
    @property
    def user_sides(self) -> list[Side]: ...
    @property
    def item_sides(self) -> list[Side]: ...
