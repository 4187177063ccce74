"""Spectral: a model of choices by one truncated singular value decomposition."""

from dataclasses import dataclass

import numpy as np

from palate._checks import ArgumentError, check_choice, check_count
from palate._words import counted
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.factors.parts import parts_of_fit
from palate.factors.sums import SumFold
from palate.model.factor_model import FactorModel
from palate.solve.grades import MIN_RATINGS, RATINGS, activity, supported
from palate.solve.rows import Side
from palate.solve.spectral import truncated_svd
from palate.solve.strengths import AUTO, ridge_prior
from palate.training.checks import check_strength
from palate.training.choices import Choices, ChoiceTrainer
from palate.training.trainer import described

MAX_FACTORS = 1024
_FEW_USERS = 10_000  # below which 128 factors say all that can be learned


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class Spectral(ChoiceTrainer[FactorModel]):
    """A factor model of what people choose, by a truncated singular value decomposition.

    It is trained in seconds.

    A model of ratings predicts how much a user would like an item. This model predicts how likely a
    user is to choose it. Every rating is a choice with a grade x in (0, 1]; all other pairs are 0.
    The table X of grades is divided by powers of the numbers of ratings n of its users and items,
    and decomposed:

        R = D_u^-b X D_i^-c ~ U S V'
        q_i = n_i^e h(s) * v_i          p_u = sum over the user's own items of x_uj n_j^-e v_j

    with `h(s) = s^p`, or `h(s) = s^2 / (s^2 + ridge s_256^2)` for `filter="ridge"`. A score is `p_u
    . q_i`, which is not a rating. `fold_in` computes the same sum for a new user. The contributions
    of the user's items to a score add up to it exactly.

    Parameters
    ----------
    n_factors : int or "auto", default "auto"
        Number of factors, 1 to 1,024. "auto" is 128 below 10,000 users and 512 otherwise, or the
        smaller side of the table if that is less.
    grades : {"ratings", "counts", "alike"}, default "ratings"
        Meaning of a value: a rating on its scale, a count (of plays or purchases), or nothing
        ("alike").
    least_grade : float, default 0.25
        Grade of the lowest rating, in (0, 1]. The grade of the highest rating is 1.
    user_exponent, item_exponent : float, default 0.35
        Exponents b and c: larger values reduce the weight of active users and of popular items.
    popularity : float, default 0.25
        Exponent e: larger values rank popular items higher.
    filter : {"power", "ridge"}, default "power"
        How the weight of a factor depends on its singular value s: "power" is `s^power`, and
        "ridge" is better for very many factors.
    power : float, default 0.5
        Exponent p of `filter="power"`.
    ridge : float, default 0.3
        Penalty of `filter="ridge"`, in units of the square of the 256th singular value, or of the
        last one if there are fewer than 256 factors.
    half_life : float, optional
        Age at which a choice has half the weight of the latest one, in the unit of the timestamps
        (seconds for dates).
    min_ratings : int, default 3
        Items with fewer training ratings come after all others in a list, unless no item has as
        many: their vectors are multiplied by 2^-30. What they contribute to the vectors of users
        does not change.
    passes : int, default 4
        Number of passes over the table.

    References
    ----------
    Halko, Martinsson, Tropp (2011), "Finding Structure with Randomness", algorithm 4.4.
    Shen et al. (2021), "How Powerful is Graph Convolution for Recommendation?", section 4.

    Examples
    --------
    >>> from palate import Ratings, Spectral
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], ["x", "y", "x", "z", "y"], [5, 4, 4, 5, 3], scale=(1, 5)
    ... )
    >>> model = Spectral(n_factors=2).fit(ratings, validation=0)
    >>> model.recommend("cy", n=1)["item_id"].to_list()
    ['x']
    """

    n_factors: int | str = AUTO
    grades: str = RATINGS
    least_grade: float = 0.25
    user_exponent: float = 0.35
    item_exponent: float = 0.35
    popularity: float = 0.25
    filter: str = "power"
    power: float = 0.5
    ridge: float = 0.3
    half_life: float | None = None
    min_ratings: int = MIN_RATINGS
    passes: int = 4

    def _check(self) -> None:
        if self.n_factors != AUTO:
            check_count("n_factors", self.n_factors, 1, MAX_FACTORS)
        check_choice("filter", self.filter, ("power", "ridge"))
        for name in ("user_exponent", "item_exponent", "popularity", "power", "ridge"):
            check_strength(name, getattr(self, name))
        check_count("passes", self.passes, 1)

    def _fitted(self, choices: Choices, catalog: Catalog | None, threads: int, seed: int) -> FactorModel:
        k = self.rank(len(choices.user_counts), len(choices.item_counts))
        table = choices.normalised(self.user_exponent, self.item_exponent)
        values, right = truncated_svd(
            table, table.transposed(), k, passes=self.passes, seed=seed, threads=threads
        )
        rank = int(np.count_nonzero(values))
        weight = self._weights(values)
        scale = supported(choices.item_counts, self.min_ratings)
        popular = activity(choices.item_counts, self.popularity) * scale
        items = (popular[:, None] * weight * right).astype(np.float32)
        fold = SumFold(
            grades=choices.grades,
            item_scale=(activity(choices.item_counts, -2 * self.popularity) / scale).astype(np.float32),
            factor_scale=np.divide(1.0, weight, out=np.zeros(k), where=weight > 0).astype(np.float32),
        )
        times = None if self.half_life is None else choices.problem.times
        users = fold.users(choices.problem.by_user, items, threads, times)
        notes = []
        if rank < k:
            said = f"The ratings have rank {rank} up to rounding: the last {k - rank} of {k} factors are 0."
            notes.append(said)
        sides = Side(users, np.zeros(len(users), np.float32)), Side(items, np.zeros(len(items), np.float32))
        prior = ridge_prior(k, l2=1.0, l2_bias=1.0, bias=False)
        return FactorModel(
            **choices.model_fields(catalog),
            **parts_of_fit(sides, k, 0.0, (prior, prior)),
            trainer=described(self, n_factors=k),
            history=choices.history(f"One decomposition in {self.passes} passes.", notes),
            fold=fold,
        )

    def rank(self, n_users: int, n_items: int) -> int:
        """Return the number of factors for a table of this size.

        Parameters
        ----------
        n_users, n_items : int
            Size of the table.

        Raises
        ------
        ValueError
            If it is above the number of users or of items.
        """
        most = min(n_users, n_items)
        if isinstance(self.n_factors, str):
            return min(128 if n_users < _FEW_USERS else 512, most)
        if self.n_factors > most:
            both = f"{counted(n_users, 'user')} and {counted(n_items, 'item')}"
            must = f"be at most {most:,}, the smaller of {both}"
            advice = 'Use "auto" for the largest possible number.'
            raise ArgumentError("n_factors", must, f"{self.n_factors:,}", advice)
        return self.n_factors

    def _weights(self, values: np.ndarray) -> np.ndarray:
        """Return h(s) of each singular value, 0 where there is nothing."""
        if self.filter == "power":
            return np.asarray(np.power(values, self.power, where=values > 0, out=np.zeros_like(values)))
        last = values[min(256, max(int(np.count_nonzero(values)), 1)) - 1]
        squares = values**2
        below, nothing = squares + self.ridge * last**2, np.zeros_like(squares)
        return np.asarray(np.divide(squares, below, out=nothing, where=squares > 0))
