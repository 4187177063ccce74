"""The learned state of a linear item model: ids, ratings, catalog, and the weights between items."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from palate._checks import ArgumentError, check_choice
from palate._parallel import check_threads
from palate.data import columns as names
from palate.data.arguments import helpful_methods
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.item_index import item_table, share_items
from palate.factors.sums import check_half_life
from palate.linear.neighbours import cosines
from palate.linear.weights import ItemWeights
from palate.lists.filters import Filters
from palate.lists.likeness import Likeness
from palate.lists.lookup import answer, column_of, known_indices, listed_frame
from palate.lists.recommending import check_n
from palate.lists.similar import SHRINK, SIMILAR_TO, SIMILARITY, check_shrink, support
from palate.lists.where import Where
from palate.model.joined import Change, check_timed
from palate.model.model import Model, scores_of_pairs
from palate.model.new_users import NewUser
from palate.model.with_file import WithFile
from palate.scorer import Ranking
from palate.solve.grades import Grades
from palate.solve.rows import Rows

COSINE, WEIGHTS = "cosine", "weights"
_MANY_USERS = 64  # users from which on threads pay
_PAIRS = 4096  # users scored at a time for pairs


@helpful_methods
@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LinearModel(WithFile, Model):
    """A trained linear item model: `score = sum over the user's own items j of x_uj W_ji`.

    It is made by `LinearItems.fit`.

    Immutable. Scores are no ratings: they rank. A user is what they rated, so that a model saved
    without ratings knows no users.
    """

    weights: ItemWeights
    grades: Grades
    scale: None = None

    @cached_property
    def choices(self) -> Rows:
        """The graded training ratings by user."""
        ratings = self.ratings
        if ratings is None:
            advice = "Fold users in, or keep ratings."
            scores = "the scores of known users"
            raise ArgumentError(scores, "be made of their ratings", "a model without", advice)
        trained = ratings.trained()
        return self.grades.of_rows(Rows.of_matrix(trained), trained.timestamp)

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the scores of all items for each of `user_index`, float32, shape (n, n_items).

        The unknown user, -1, has 0.

        Many users are scored by several threads.
        """
        rows = self.choices.take(np.asarray(user_index, np.int64))
        return self.weights.scores(rows, check_threads(None) if rows.n_rows >= _MANY_USERS else 1)

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the score of each pair of `user_index` and `item_index`, float32.

        It is 0 where either is unknown, -1.
        """
        together = max(1, min(_PAIRS, (1 << 24) // max(len(self.items), 1)))
        return scores_of_pairs(self, user_index, item_index, together)

    def silent_about(self, user_index: np.ndarray) -> np.ndarray:
        """Return for which of `user_index` all items score 0, bool.

        These are users without a choice of an item that has weights.
        """
        return np.append(self._silent, True)[np.asarray(user_index, np.int64)]

    @cached_property
    def _silent(self) -> np.ndarray:
        choices = self.choices
        told = self.weights.has_weights[choices.columns] & (choices.values != 0)
        before = np.concatenate([[0], np.cumsum(told)])
        found: np.ndarray = before[choices.indptr[1:]] == before[choices.indptr[:-1]]
        return found

    def item_contributions(self, row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what each of a user's own items adds to the score of an item.

        `row` and `column` are those of `Model.item_contributions`.
        """
        part = slice(self.choices.indptr[row], self.choices.indptr[row + 1])
        own = self.choices.columns[part]
        return own, self.choices.values[part] * self.weights.from_items(own, column)

    def similar_items(
        self,
        items: object,
        n: int = 10,
        *,
        min_ratings: int = 0,
        where: Where | None = None,
        candidates: object = None,
        exclude_items: object = None,
        by: str | None = None,
        shrink: float | None = None,
        threads: int | None = None,
    ) -> Any:
        """Return, for each of `items`, the n others most like it, as a frame.

        By "cosine", the default where the ratings are known, items are alike if the same people
        chose them:

            x_j . x_i / (|x_j| |x_i| + shrink)  *  n_i / (n_i + shrink)

        of their columns x of grades and the n_i ratings of item i, with `shrink` 5 unless given. By
        "weights" they are those that a choice of the item speaks for most, times `n_i / (n_i +
        shrink)`, with `shrink` 0 unless given; an item with few ratings then has obscure neighbours.

        Filters (`min_ratings`, `where`, `candidates`, `exclude_items`) and columns are those of
        `FactorModel.similar_items`; `threads` is not used. Only items of positive similarity are
        listed. Raises ValueError if `by` is "cosine" for a model without ratings.
        """
        alike, known = self._similarity(by, shrink)
        n = check_n(n)
        index = known_indices(self.items, column_of(items, names.ITEM_ID), "item id", "items")
        filters = Filters(
            min_ratings=min_ratings, where=where, candidates=candidates, exclude_items=exclude_items
        )
        allowed = filters.allowed(self).mask
        near = Ranking.empty(len(index), min(n, len(self.items)))
        for query, item in enumerate(index):
            row = alike(int(item)) * known
            row[item] = 0
            if allowed is not None:
                row[~allowed] = 0
            best = np.argsort(-row, kind="stable")[:n]
            best = best[row[best] > 0]
            near.items[query, : len(best)], near.scores[query, : len(best)] = best, row[best]
        labels = self.items.take(index).alias(SIMILAR_TO)
        frame = listed_frame(labels, near, item_table(self), SIMILARITY)
        return answer(frame, self, items, candidates)

    def _similarity(
        self, by: str | None, shrink: float | None
    ) -> tuple[Callable[[int], np.ndarray], np.ndarray]:
        """Return the similarity of all items to one, and the factor for their numbers of ratings."""
        if by is None:
            by = WEIGHTS if self.ratings is None else COSINE
        check_choice("by", by, (COSINE, WEIGHTS))
        shrink = check_shrink((SHRINK if by == COSINE else 0.0) if shrink is None else shrink)
        known = support(self, shrink).astype(np.float32)
        if by == WEIGHTS:
            return self.weights.row, known
        if self.ratings is None:
            raise ArgumentError("by", "be 'weights' for a model saved without ratings", repr(by))
        users, items = self.choices, self._choosers
        return lambda item: cosines(users, items, item, shrink), known

    @cached_property
    def _choosers(self) -> Rows:
        return self.choices.transposed()

    def likeness(self) -> Likeness:
        """Return the similarity of two items.

        It is the weight between them, divided by the largest weight of the item; the larger value
        of both directions is taken.
        """
        weights = self.weights

        def alike(item: int, items: np.ndarray) -> np.ndarray:
            there = weights.to_items(item, items) / weights.largest(np.array([item]))
            back = weights.from_items(items, item) / weights.largest(items)
            best = np.clip(np.maximum(there, back), -1.0, 1.0)
            return np.where(items == item, 1.0, best).astype(np.float64)

        return alike

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> "LinearModel":
        """Return the model whose only users are `users`, each known by their row of `ratings` alone."""
        small = replace(self, users=users, ratings=ratings)
        share_items(self, small)
        return small

    def with_change(self, change: Change) -> tuple["LinearModel", tuple[str, ...]]:
        """Return the model with a `change` by an update.

        Its users are their ratings, and new items have no weights yet.
        """
        check_timed(self, change, self.grades.half_life is not None)
        n_new = len(change.joined.fresh("item"))
        are, have = ("item has", "it is") if n_new == 1 else ("items have", "they are")
        until = "until the model is trained again"
        note = f"{n_new:,} new {are} no weights {until}: {have} scored 0 for everyone."
        weights = self.weights.among(change.joined.old_items)
        return replace(self, **change.model_fields(), weights=weights), (note,) if n_new else ()

    def _accepted(self, user: NewUser) -> NewUser:
        check_half_life(self.grades, user.times)
        self.grades.of(user.values)  # raises now for a rating without a grade
        return user
