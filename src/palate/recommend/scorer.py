"""The protocol that everything ranked, evaluated or compared fulfils."""

from typing import Protocol, runtime_checkable

import numpy as np

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary


@runtime_checkable
class Scorer(Protocol):
    """Anything that predicts a rating (or a score) for users and items of two vocabularies.

    `scale` is the range of valid ratings, or None for scores that are no ratings; `ratings` is what the scorer was
    trained on, or None; `frame_kind` names the data-frame library of its answers.
    """

    users: Vocabulary
    items: Vocabulary
    scale: tuple[float, float] | None
    catalog: Catalog | None
    ratings: RatingMatrix | None
    frame_kind: str

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return one float32 score per pair of indexes; -1 stands for an unknown user or item at its prior mean."""
        ...

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the float32 scores of all items for each user, shape (n, n_items)."""
        ...
