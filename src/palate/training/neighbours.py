"""Neighbours: the nearest items by cosine, the oldest model of choices."""

from dataclasses import dataclass

from palate._checks import check_count
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.linear.neighbours import neighbour_weights
from palate.model.linear_model import LinearModel
from palate.solve.grades import MIN_RATINGS, RATINGS, supported
from palate.training.checks import check_strength
from palate.training.choices import Choices, ChoiceTrainer
from palate.training.trainer import described


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class Neighbours(ChoiceTrainer[LinearModel]):
    """Rank items by their similarity to the items that a user chose before.

        score_ui = sum over the user's own items j of x_uj W_ji
        W_ji = x_j . x_i / (norm(x_j) norm(x_i) + shrink)    if j is one of the m items nearest to i, else 0

    x is the grade of a rating, as in `Spectral`, and `x_i` the grades of an item. The model is a
    reference that other models of choices should beat. `LinearItems` has the same form and better
    weights.

    Parameters
    ----------
    neighbours : int, default 100
        Number m of nearest items that contribute to a score.
    shrink : float, default 10.0
        Shrinks the similarity of items that few users have in common.
    grades, least_grade, half_life, min_ratings
        As in `Spectral`; of an item with few ratings the weights are multiplied by 2^-30.

    References
    ----------
    Sarwar, Karypis, Konstan, Riedl (2001), "Item-Based Collaborative Filtering Recommendation
    Algorithms". Deshpande, Karypis (2004), "Item-Based Top-N Recommendation Algorithms", section 4.

    Examples
    --------
    >>> from palate import Neighbours, Ratings
    >>> users, items = ["al", "al", "bo", "bo", "cy"], ["x", "y", "x", "z", "y"]
    >>> ratings = Ratings.from_arrays(users, items, [5, 4, 4, 5, 3], scale=(1, 5))
    >>> model = Neighbours().fit(ratings, validation=0)
    >>> model.recommend("cy", n=1)["item_id"].to_list()
    ['x']
    """

    neighbours: int = 100
    shrink: float = 10.0
    grades: str = RATINGS
    least_grade: float = 0.25
    half_life: float | None = None
    min_ratings: int = MIN_RATINGS

    def _check(self) -> None:
        check_count("neighbours", self.neighbours, 1)
        check_strength("shrink", self.shrink)

    def _fitted(self, choices: Choices, catalog: Catalog | None, threads: int, seed: int) -> LinearModel:
        m = min(self.neighbours, max(len(choices.item_counts) - 1, 1))
        scale = supported(choices.item_counts, self.min_ratings)
        return LinearModel(
            **choices.model_fields(catalog),
            weights=neighbour_weights(choices.by_user, m, self.shrink, threads, scale),
            grades=choices.grades,
            trainer=described(self),
            history=choices.history("The nearest items by cosine.", []),
        )
