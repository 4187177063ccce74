"""Least squares: the point estimate, by alternating exact solves."""

import os
from dataclasses import dataclass, replace
from typing import Any

from palate._checks import ArgumentError, Words, check_count
from palate._parallel import check_threads
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.ratings import Ratings
from palate.model.factor_model import FactorModel
from palate.solve.confidence import KINDS, Confidence
from palate.solve.grades import NONE, Grades
from palate.solve.prior import RowPrior
from palate.solve.strengths import AUTO, Strengths, resolve_strengths, ridge_prior, sum_strengths
from palate.training.als.checks import MEAN, check_hyperparameters
from palate.training.als.fitting import FitArguments, averaged, fit_factors
from palate.training.checks import check_strength
from palate.training.trainer import Callback
from palate.training.training_data import continued


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class LeastSquares:
    """Matrix factorization with biases, fitted by alternating least squares.

    Minimises, over factors p, q and biases b, with the score `s = mu + b_u + b_i + p . q`, ::

        sum of w (r - s)^2  +  d * sum of w sum_f p_f^2 q_f^2
        + unobserved_weight * sum over pairs without a rating of (imputed_value - s)^2
        + sum_u (l2_user n_u^l2_scaling + l2_per_rating n_u) |p_u|^2  +  the same for items
        + sum over biases of  l1_bias |b| + l2_bias b^2

    The first sums run over ratings, n is the number of ratings of a user or item (each unobserved
    pair adds `unobserved_weight`), and `d = 1 / (1 - dropout)^2 - 1`. With features, the third line
    penalizes the distance of a row from the mean that its features predict. Penalties are not
    divided by the number of ratings; `from_keras_strengths` converts penalties that are. See
    docs/model.md.

    Parameters
    ----------
    n_factors : int, default 32
        Number of factors, 1 to 1,024.
    l2_user, l2_item : float or "auto", default "auto"
        Penalty on the factors of users, and of items; 0 is no penalty. "auto" depends on the
        standard deviation sd of the ratings around their biases. By default the penalty on a row
        with n ratings is `(6 n^0.125 + 0.03 n) sd`, or `(7 n^0.125 + 0.05 n) sd` with features. If
        one of `l2_user`, `l2_item`, `l2_scaling` and `l2_per_rating` is a number, and with counts
        or an unobserved weight, "auto" is `1.5 sd`.
    l2_scaling : float or "auto", default "auto"
        Exponent nu: `l2_user` and `l2_item` are multiplied by `n^nu` for a row with n ratings. 0 is
        a constant penalty, as in Keras, and 1 a proportional one, as in ALS-WR. "auto" is 0.125 if
        all penalties on factors are "auto" and only ratings are fitted, and 0.5 otherwise.
    l2_per_rating : float or "auto", default "auto"
        What each rating adds to the penalty on the factors of its user and its item. "auto" is
        `0.03 sd` (`0.05 sd` with features) if all penalties on factors are "auto" and only ratings
        are fitted, and 0 otherwise. Here sd is the standard deviation of the ratings around their
        biases.
    l2_bias : float, default 3.5
        Squared penalty on the biases.
    l1_bias : float, default 0.0
        Absolute penalty on the biases. Large values set small biases to exactly 0.
    dropout : float, default 0.0
        Rate of dropout on both factor vectors, in [0, 1). Its expected effect is computed in closed
        form.
    unobserved_weight : float, default 0.0
        Weight w0 of every pair without a rating. With a positive weight, such as 0.001 to 0.1, all
        users who did not rate an item keep its predictions near `imputed_value`, which helps
        against obscure recommendations.
    imputed_value : float or "mean", default "mean"
        Rating r0 of pairs without a rating. "mean" is the mean of the training ratings.
    counts : {"none", "one-plus", "linear", "everywhere"}, default "none"
        How counts become targets and weights; see `for_counts`.
    alpha : float, default 1.0
        Weight of a count.
    user_weighting : float, default 0.0
        Exponent b, for counts: active users count less in the vectors of items. Each user's part of
        the sums is multiplied by `(n_u / mean n) ** -b`. The vectors of users, fold-in and updates
        do not depend on it.
    grades : {"none", "ratings", "counts", "alike"}, default "none"
        For counts: the meaning of a value. With "none" it is the count itself. With "ratings" it is
        a rating on its scale, and its grade in (0, 1] is the count, as in `Spectral`.
    least_grade : float, default 0.25
        Grade of the lowest rating, in (0, 1].
    half_life : float, optional
        For counts: age at which a pair has half the weight of the latest one, in the unit of the
        timestamps (seconds for dates). Its target does not change.
    mean : bool, default True
        Whether the mean of the training ratings is subtracted first.
    biases : bool, default True
        Whether users and items have biases.
    max_sweeps : int, default 60
        Largest number of sweeps over items and users.
    tolerance : float, default 1e-4
        Smallest share by which a sweep must lower the validation error to count as progress.
        Further sweeps must also be expected to lower it by as much. Without validation ratings the
        objective takes the place of the error.
    patience : int, default 2
        Training stops after this many sweeps in a row without progress. A sweep counts as two if
        the objective is not expected to fall further either. With counts or an unobserved weight,
        progress is measured by the objective.
    user_features, item_features : str, default ""
        Names of features, separated by commas. "rated" are the items that a user rated, "raters"
        the users who rated an item; other names are columns of `user_table` and of the catalog. A
        row is penalized by its distance from the mean that its features predict. "rated" and
        "raters" together lower the error by about .02 stars, and take four to eight times as long.
    l2_features : float or "auto", default "auto"
        Penalty on the weights of features, relative to `l2_user` and `l2_item`, and to `l2_bias`.
        "auto" is 20 if all penalties on factors are "auto" and only ratings are fitted, and 100
        otherwise.
    link : {"identity", "bounded"}, default "identity"
        "bounded" keeps predictions inside the rating scale: a rating is `low + (high - low) / (1 +
        exp(-s))` of the score s. It is fitted by Gauss-Newton steps, and cannot be combined with
        counts, unobserved pairs, dropout or standard errors. docs/range.md measures its effect.
    n_starts : int, default 1
        Number of fits from different initial values, whose predictions are averaged. Five fits take
        five times as long, and lower the error on MovieLens-1M from .850 to .847.
    solver : {"auto", "exact", "conjugate"}, default "auto"
        Whether rows are solved exactly, or by four steps of conjugate gradients per sweep. "auto"
        is exact up to 256 factors.
    time : {"", "bins"}, default ""
        "bins" divides time into 15 bins, and the rows of all users and items change from bin to
        bin. Predictions are for a given time, or for the time of a user's last rating. It needs
        ratings and biases, and gives no standard errors. See docs/time.md.
    l2_time : float, default 1000.0
        Penalty on the change from one time bin to the next.

    References
    ----------
    Koren, Bell, Volinsky (2009), "Matrix Factorization Techniques for Recommender Systems", equation 5.
    Zhou, Wilkinson, Schreiber, Pan (2008), "Large-scale Parallel Collaborative Filtering for the
    Netflix Prize", section 3. Cavazza et al. (2018), "Dropout as a Low-Rank Regularizer for Matrix
    Factorization".

    Examples
    --------
    >>> from palate import LeastSquares, Ratings
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
    ... )
    >>> model = LeastSquares(n_factors=2).fit(ratings, validation=0)
    >>> print(model.predict(["al", "cy"], [3, 1]).round(1))
    [3.  3.7]
    """

    n_factors: int = 32
    l2_user: float | str = AUTO
    l2_item: float | str = AUTO
    l2_scaling: float | str = AUTO
    l2_per_rating: float | str = AUTO
    l2_bias: float = 3.5
    l1_bias: float = 0.0
    dropout: float = 0.0
    unobserved_weight: float = 0.0
    imputed_value: float | str = MEAN
    counts: str = NONE
    alpha: float = 1.0
    user_weighting: float = 0.0
    grades: str = NONE
    least_grade: float = 0.25
    half_life: float | None = None
    mean: bool = True
    biases: bool = True
    max_sweeps: int = 60
    tolerance: float = 1e-4
    patience: int = 2
    user_features: str = ""
    item_features: str = ""
    l2_features: float | str = AUTO
    link: str = "identity"
    n_starts: int = 1
    solver: str = AUTO
    time: str = ""
    l2_time: float = 1000.0

    @classmethod
    def for_counts(cls, form: str = "one-plus", **hyperparameters: float | str) -> "LeastSquares":
        """Return a trainer for counts, such as plays, clicks or purchases.

        The model has no mean and no biases, and pairs without a count are 0.

        Parameters
        ----------
        form : {"one-plus", "linear", "everywhere"}, default "one-plus"
            "one-plus": a pair with a count has target 1 and weight `1 + alpha count`, any other
            target 0 and weight 1 (Hu, Koren, Volinsky 2008). "linear": weight `alpha count` (the
            library implicit, version 0.7). "everywhere": target 1 and weight 1, and
            `unobserved_weight` pulls every pair to 0, those with a count included (Rendle et al.
            2021).
        **hyperparameters
            Further parameters of this class. The first two forms have `l2_scaling` 0, `l2_user =
            l2_item = 0.01` and `alpha` 1 (40 for "one-plus") unless given, "everywhere" has
            `l2_scaling` 1, 0.003 and `unobserved_weight` 0.1.

        References
        ----------
        Hu, Koren, Volinsky (2008), "Collaborative Filtering for Implicit Feedback Datasets", equation 3.
        Rendle, Krichene, Zhang, Koren (2021), "Revisiting the Performance of iALS on Item
        Recommendation Benchmarks".

        Examples
        --------
        >>> from palate import LeastSquares, Ratings
        >>> plays = Ratings.from_arrays(
        ...     ["al", "al", "bo", "bo", "cy"], ["x", "y", "x", "z", "y"], [9, 1, 4, 2, 30]
        ... )
        >>> model = LeastSquares.for_counts(n_factors=2).fit(plays, validation=0)
        >>> model.recommend("cy", n=1)["item_id"].to_list()
        ['x']
        """
        if form not in KINDS or form == NONE:
            raise ArgumentError("form", f"be one of {', '.join(map(repr, KINDS[1:]))}", f"{form!r}")
        base: dict[str, Any] = {"counts": form, "imputed_value": 0.0, "max_sweeps": 15}
        base |= {"mean": False, "biases": False}
        if form == "everywhere":
            base |= {"l2_user": 0.003, "l2_item": 0.003, "l2_scaling": 1.0, "unobserved_weight": 0.1}
        else:
            base |= {"l2_user": 0.01, "l2_item": 0.01, "l2_scaling": 0.0, "unobserved_weight": 1.0}
            base |= {"alpha": 40.0 if form == "one-plus" else 1.0}
        return cls(**(base | hyperparameters))

    @classmethod
    def from_keras_strengths(
        cls,
        *,
        n_ratings: int,
        l2_user: float = 0.0,
        l2_item: float = 0.0,
        l2_bias: float = 0.0,
        l1_bias: float = 0.0,
        **hyperparameters: float | str,
    ) -> "LeastSquares":
        """Return the trainer with the same optimum as a Keras model with these regularizers.

        The optimum of Keras is that of full batches.

        Keras adds the penalty to the mean of the squared errors, this class to their sum. Penalties
        are therefore multiplied by the number of training ratings: 1e-6 becomes 19 for 19 million
        ratings, and 0.1 for 96,000.

        Parameters
        ----------
        n_ratings : int
            Number of training ratings, without validation ratings.
        l2_user, l2_item, l2_bias, l1_bias : float, default 0.0
            As given to `keras.regularizers.l1_l2`.
        **hyperparameters
            Further parameters of this class; `l2_scaling` is 0 unless given.

        Examples
        --------
        >>> LeastSquares.from_keras_strengths(
        ...     n_ratings=19_000_000, l2_user=1e-7, l2_item=1e-6, n_factors=8
        ... ).l2_item
        19.0
        """
        check_count("n_ratings", n_ratings, 1)
        given = {"l2_user": l2_user, "l2_item": l2_item, "l2_bias": l2_bias, "l1_bias": l1_bias}
        for name, value in given.items():
            check_strength(name, value)
        base: dict[str, Any] = {"l2_scaling": 0.0, **sum_strengths(n_ratings, given)}
        return cls(**(base | hyperparameters))

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.05,
        catalog: Catalog | None = None,
        user_table: object = None,
        start: FactorModel | str | None = None,
        refit: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> FactorModel:
        """Return the model fitted to the ratings.

        Parameters
        ----------
        ratings : Ratings, or Dataset with ratings and a catalog
        validation : float or Ratings, default 0.05
            Share of ratings to hold out, or held-out ratings. They decide when training stops.
        catalog : Catalog, optional
            Titles and other columns of the items, which the model keeps. `item_features` names its
            columns.
        user_table : frame, optional
            Columns of the users, with a column `user_id`. `user_features` names its columns.
        start : FactorModel or "spectral", optional
            Model whose factors are the initial values. Its held-out ratings stay held out, whatever
            the seed. "spectral" starts from the leading factors of the ratings instead of random
            ones; see docs/model.md.
        refit : bool, default False
            Whether to train once more on all ratings, with the best number of sweeps.
        checkpoint : path, optional
            File in which the model is saved after every sweep. `start=palate.load(checkpoint)`
            continues from it.
        callback : callable, optional
            Called with a `SweepReport` after each sweep; training ends if it returns False. By
            default, a progress bar is shown if training takes more than a second.
        threads : int, optional
            Number of threads; by default one for each processor. The result does not depend on it.
        seed : int, default 0
            Seed of the split and of the initial values. The same seed gives the same bits.

        Raises
        ------
        TypeError
            If `ratings` or a parameter has the wrong type.
        ValueError
            If a hyper-parameter is out of its range, no training ratings are left, or validation
            pairs are among the training ratings.
        KeyboardInterrupt
            If interrupted before the first sweep is complete. Later, the model of the last complete
            sweep is returned.
        """
        arguments = FitArguments(
            catalog=catalog,
            user_table=user_table,
            start=start,
            refit=refit,
            checkpoint=checkpoint,
            callback=callback,
            threads=check_threads(threads),
            seed=seed,
        )
        return self._fit_by(ratings, validation, arguments)

    def _fit_by(
        self, ratings: Ratings | Dataset, validation: float | Ratings, arguments: FitArguments
    ) -> FactorModel:
        """Fit as `fit` does, by the solver of the arguments."""
        self._check()
        ratings, catalog = with_catalog(ratings, arguments.catalog)
        arguments = replace(arguments, catalog=catalog)
        if self.n_starts == 1:
            model = fit_factors(self, ratings, validation, arguments)
            return continued(model, arguments.start_model)
        for_one_fit = (arguments.start, arguments.checkpoint, arguments.half_sweeps)
        if any(given is not None for given in for_one_fit):
            which = Words.of("be 1 with `start=` or `checkpoint=`, which are for one fit")
            raise ArgumentError("n_starts", which, f"{self.n_starts}")
        starts = (replace(arguments, start_number=number) for number in range(self.n_starts))
        return averaged([fit_factors(self, ratings, validation, start) for start in starts])

    def _check(self) -> None:
        check_hyperparameters(self)

    @property
    def steps(self) -> int:
        """Steps of conjugate gradients in each half of a sweep; 0 for exact solves."""
        many = self.n_factors > 256 and not self.l1_bias
        return 4 if self.solver == "conjugate" or (self.solver == AUTO and many) else 0

    @property
    def confidence(self) -> Confidence | None:
        """Targets and weights of counts; None for ratings."""
        if self.counts == NONE:
            return None
        grades = Grades(kind=self.grades, least=self.least_grade, half_life=self.half_life)
        return Confidence(self.counts, self.alpha, self.unobserved_weight, grades)

    def strengths(self, residual_sd: float) -> Strengths:
        """Return the strengths of the penalties as numbers, where "auto" is resolved.

        Parameters
        ----------
        residual_sd : float
            Standard deviation of the ratings around their biases.
        """
        return resolve_strengths(
            {name: getattr(self, name) for name in Strengths._fields},
            residual_sd,
            featured=bool(self.user_features or self.item_features),
            ratings_alone=self.counts == NONE and self.unobserved_weight == 0,
        )

    def priors(self, residual_sd: float, mean: float) -> tuple[RowPrior, RowPrior]:
        """Return the priors of the user and the item side.

        Parameters
        ----------
        residual_sd : float
            Standard deviation of the ratings about their biases, which resolves "auto".
        mean : float
            Mean of the training ratings, which resolves `imputed_value="mean"`.
        """
        strengths = self.strengths(residual_sd)
        imputed = mean if isinstance(self.imputed_value, str) else float(self.imputed_value)
        user, item = (
            ridge_prior(
                self.n_factors,
                l2=strength,
                l2_bias=self.l2_bias,
                scaling=strengths.l2_scaling,
                l2_per_rating=strengths.l2_per_rating,
                bias=self.biases,
                l1_bias=self.l1_bias,
                dropout=self.dropout,
                unobserved_weight=self.unobserved_weight,
                imputed=imputed,
            )
            for strength in (strengths.l2_user, strengths.l2_item)
        )
        return user, item
