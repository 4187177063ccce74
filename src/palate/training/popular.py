"""Popularity as a model: the most chosen items, ever or lately."""

import os
from dataclasses import dataclass

import numpy as np

from palate._checks import check_count, check_seed
from palate._parallel import check_threads
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.ratings import Ratings
from palate.factors.parts import parts_of_fit
from palate.model.factor_model import FactorModel
from palate.solve.grades import MIN_RATINGS, popularity
from palate.solve.rows import Side
from palate.solve.strengths import ridge_prior
from palate.training.checks import check_fitted, check_half_life
from palate.training.initialization import no_bias
from palate.training.trainer import Callback, described
from palate.training.training_data import Problem, split


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class Popular:
    """Rank items by their number of ratings, in the same order for every user.

    With a half-life, recent ratings count more than old ones.

    Every other model should have better lists. The score of an item is the sum of `2 ** (-age /
    half_life)` over its ratings, which is not a rating.

    Parameters
    ----------
    half_life : float, optional
        Age at which a rating has half the weight of a new one, in the unit of the timestamps
        (seconds for dates). By default all ratings have the same weight.
    min_ratings : int, default 3
        Items with fewer ratings come after all others, unless no item has as many. With a short
        half-life, an item with one recent rating would otherwise come first.

    Examples
    --------
    >>> from palate import Popular, Ratings
    >>> ratings = Ratings.from_arrays(
    ...     [1, 1, 2, 3], ["a", "b", "a", "b"], [4, 2, 3, 5], timestamp=[0, 90, 0, 100]
    ... )
    >>> Popular().fit(ratings).recommend(3)["item_id"].to_list()
    ['a']
    >>> Popular(half_life=10).fit(ratings).score_items([0]).round(2).tolist()
    [[0.0, 1.5]]
    """

    half_life: float | None = None
    min_ratings: int = MIN_RATINGS

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.0,
        catalog: Catalog | None = None,
        start: FactorModel | None = None,
        refit: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> FactorModel:
        """Return the model that counts these ratings.

        Parameters
        ----------
        ratings : Ratings, or Dataset with ratings and a catalog
        validation : float or Ratings, default 0
            Share of ratings to hold out, or held-out ratings. They are not counted.
        catalog : Catalog, optional
        start : FactorModel, optional
            Model whose held-out ratings stay held out.
        refit : bool, default False
            Whether to count held-out ratings as well.
        checkpoint : path, optional
            File in which the model is saved at the end.
        callback : callable, optional
            Not called, because there are no sweeps.
        threads : int, optional
            Not used.
        seed : int, default 0
            Seed of the split.

        Raises
        ------
        ValueError
            If the half-life is not positive, or is given for ratings without timestamps.
        """
        check_seed(seed)
        check_threads(threads)
        check_half_life(self.half_life)
        check_count("min_ratings", self.min_ratings, 1)
        ratings, catalog = with_catalog(ratings, catalog)
        everything, held_out = split(ratings, validation, start, seed)
        held_out = np.zeros_like(held_out) if refit else held_out
        problem = Problem.build(everything, held_out, mean=False, choices=True)
        model = check_fitted(self._counted(problem, catalog), self)
        if checkpoint is not None:
            model.save(checkpoint)
        return model

    def _counted(self, problem: Problem, catalog: Catalog | None) -> FactorModel:
        """Return a model without factors whose items have their counts as biases."""
        n_users, n_items = problem.ratings.n_users, problem.ratings.n_items
        times = None if problem.ratings.timestamp is None else problem.times
        counts = popularity(problem.by_user.columns, n_items, times, self.half_life, self.min_ratings)
        items = Side(np.zeros((n_items, 0), np.float32), counts.astype(np.float32))
        prior = ridge_prior(0, l2=0.0, l2_bias=1.0, bias=False)
        return FactorModel(
            **{**problem.model_fields(catalog), "scale": None},
            **parts_of_fit((no_bias(n_users), items), 0, 0.0, (prior, prior)),
            trainer=described(self),
            history=problem.history(stopped="Counted.", selected=False),
        )
