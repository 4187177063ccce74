"""The baseline: global mean and damped biases. Every report shows it beside the model."""

import os
from dataclasses import dataclass

from palate._checks import check_count
from palate._parallel import check_threads
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.ratings import Ratings
from palate.model.factor_model import FactorModel
from palate.solve.prior import RowPrior
from palate.solve.strengths import Strengths, ridge_prior
from palate.training.als.fitting import FitArguments, fit_factors
from palate.training.checks import check_strength
from palate.training.trainer import Callback


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Predict the mean plus a bias of the user and a bias of the item, each damped towards 0.

    Minimises `sum of w (r - mu - b_u - b_i)^2 + damping_user sum b_u^2 + damping_item sum b_i^2`: a
    bias is the mean deviation of its ratings and of `damping` imagined ratings that have none.
    It is fitted by the solver of `LeastSquares`. The result is a FactorModel without factors.

    Parameters
    ----------
    damping_user, damping_item : float, default 3.0
        Number of imagined ratings without any deviation that are added to each user and to each
        item: larger values keep biases closer to 0.
    max_sweeps, tolerance, patience
        As in `LeastSquares`.

    References
    ----------
    Koren (2010), "Factor in the Neighbors", section 2.1.

    Examples
    --------
    >>> from palate import Baseline, Ratings
    >>> ratings = Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [5, 3, 4])
    >>> model = Baseline(damping_user=0, damping_item=1).fit(ratings, validation=0)
    >>> float(model.global_mean[0])
    4.0
    """

    damping_user: float = 3.0
    damping_item: float = 3.0
    max_sweeps: int = 60
    tolerance: float = 1e-4
    patience: int = 2

    # Attributes that `fit_factors` reads from every trainer, here with fixed values.
    n_factors = 0
    mean = True
    biases = True
    l1_bias = 0.0
    unobserved_weight = l2_time = 0.0
    confidence = None
    user_weighting = 0.0
    user_features = item_features = ""
    link = "identity"
    time = ""
    steps = 0

    @property
    def l2_bias(self) -> float:
        """The damping used for the starting biases."""
        return self.damping_item

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.05,
        catalog: Catalog | None = None,
        start: FactorModel | None = None,
        refit: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> FactorModel:
        """Return the baseline fitted to the ratings.

        Parameters and errors are those of `LeastSquares.fit`.
        """
        for name in ("damping_user", "damping_item", "tolerance"):
            check_strength(name, getattr(self, name))
        for name in ("max_sweeps", "patience"):
            check_count(name, getattr(self, name), 1)
        ratings, catalog = with_catalog(ratings, catalog)
        arguments = FitArguments(
            catalog=catalog,
            start=start,
            refit=refit,
            checkpoint=checkpoint,
            callback=callback,
            threads=check_threads(threads),
            seed=seed,
        )
        return fit_factors(self, ratings, validation, arguments)

    def strengths(self, residual_sd: float) -> Strengths:
        """Return the strengths of the penalties on factors and features, of which a baseline has none.

        Parameters
        ----------
        residual_sd : float
            Not used.
        """
        return Strengths(0.0, 0.0, 0.0, 0.0, 0.0)

    def priors(self, residual_sd: float, mean: float) -> tuple[RowPrior, RowPrior]:
        """Return the priors of the user and the item side.

        Parameters
        ----------
        residual_sd, mean : float
            Not used: damping is a number of ratings, whatever their unit.
        """
        user, item = (
            ridge_prior(0, l2=0.0, l2_bias=damping) for damping in (self.damping_user, self.damping_item)
        )
        return user, item
