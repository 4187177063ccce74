"""Sums of choice models: an item-to-item model and a factor model together rank better than either."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.item_index import share_items
from palate.lists.likeness import Likeness, own_likeness
from palate.lists.popular import silent_about
from palate.model.answers import data_of
from palate.model.joined import Change
from palate.model.model import Model, scores_of_pairs

_USERS = 256  # whose scores one thread adds at a time


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class SumModel(Model):
    """A weighted sum of the scores of several models of the same users and items.

    Each user's scores of a model are divided by their standard deviation over all items first, so
    that the weights mean the same for models whose scores are of different size. The scores are no
    ratings.
    """

    parts: tuple[Any, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, parts: tuple[Any, ...], weights: tuple[float, ...]) -> "SumModel":  # type: ignore[override]
        """Return the sum of these models, with the ids, catalog and ratings of the first."""
        first = parts[0]
        name = " + ".join(str(part.trainer.get("name")) for part in parts)
        return cls(
            **data_of(first),
            parts=parts,
            weights=weights,
            trainer={"name": name, "weights": list(weights)},
            history=first.history,
        )

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the weighted sum of the parts' scores of all items for each of `user_index`, float32."""
        total = np.zeros((len(user_index), len(self.items)), np.float32)
        for part, weight in zip(self.parts, self.weights, strict=True):
            add_of_one_size(total, part.score_items(user_index), weight)
        return total

    def silent_about(self, user_index: np.ndarray) -> np.ndarray:
        """Return for which of `user_index` all parts give every item the same score, bool."""
        silent: np.ndarray = np.all([silent_about(part, user_index) for part in self.parts], axis=0)
        return silent

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the score of each pair of `user_index` and `item_index`, float32.

        An unknown item, -1, scores 0.
        """
        return scores_of_pairs(self, user_index, item_index, max(1, (1 << 22) // max(1, len(self.items))))

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> "SumModel":
        """Return the sum for `users`, each known by their row of `ratings` alone."""
        parts = tuple(part.with_users(users, ratings) for part in self.parts)
        small = replace(self, parts=parts, users=users, ratings=ratings)
        share_items(self, small)
        return small

    def item_contributions(self, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the contribution of each of a user's own items to the score of an item.

        `row` and `column` are those of `Model.item_contributions`.

        Other parts of the score, such as popularity, are not included. Raises ValueError if a part
        of the sum does not know the contributions of items.
        """
        from palate.kernels.spread import spread_of

        total, rated = np.zeros(len(self.items)), np.zeros(len(self.items), bool)
        for part, weight in zip(self.parts, self.weights, strict=True):
            spread = spread_of(np.asarray(part.score_items(np.array([row])), np.float32)[0])
            own, added = part.item_contributions(row, column)
            rated[own] = True
            if spread > 0:
                total[own] += weight / spread * added
        own = np.flatnonzero(rated)
        return own, total[own]

    def with_change(self, change: Change) -> tuple["SumModel", tuple[str, ...]]:
        """Return the sum with a `change` by an update of each part."""
        changed = [part.with_change(change) for part in self.parts]
        notes = tuple(note for _, part in changed for note in part)
        return replace(self, **change.model_fields(), parts=tuple(part for part, _ in changed)), notes

    def likeness(self) -> Likeness | None:
        """Return the similarity of two items, by the vectors of a part that has some, else by weights."""
        # item-to-item models come before factor models
        known = (own_likeness(part) for part in reversed(self.parts))
        return next((found for found in known if found is not None), None)

    def similar_items(self, items: object, n: int = 10, **options: Any) -> Any:
        """Return the n items most like each of `items`, by the first part.

        The `options` are those of `FactorModel.similar_items`.
        """
        return self.parts[0].similar_items(items, n, **options)


def of_one_size(scores: np.ndarray) -> np.ndarray:
    """Return each user's scores divided by their standard deviation over all items, float32.

    If all scores of a user are equal, they become 0.

    Examples
    --------
    >>> of_one_size(np.array([[1.0, 3.0], [2.0, 2.0]])).tolist()
    [[1.0, 3.0], [0.0, 0.0]]
    """
    out = np.zeros(scores.shape, np.float32)
    add_of_one_size(out, scores, 1.0)
    return out


def add_of_one_size(total: np.ndarray, scores: np.ndarray, weight: float) -> None:
    """Add each user's scores, divided by their standard deviation over all items, to `total`."""
    from palate.kernels.spread import add_by_spread

    scores, threads = np.ascontiguousarray(scores, np.float32), check_threads(None)
    run_chunks(
        lambda start, stop: add_by_spread(scores[start:stop], np.float32(weight), total[start:stop]),
        even_bounds(len(total), _USERS),
        threads,
    )
