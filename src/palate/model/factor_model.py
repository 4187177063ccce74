"""The learned state: what is scored, saved and served."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.model.history import History
from palate.solve.prior import RowPrior


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class FactorModel:
    """A trained matrix factorization: `rating = mean + user bias + item bias + user factors . item factors`.

    Immutable and complete: it predicts, recommends, explains itself and is saved without any other object. Arrays have a
    leading draw axis; a point estimate has one draw. Made by a trainer's `fit` or by `palate.load`.
    """

    users: Vocabulary
    items: Vocabulary
    user_factors: np.ndarray  # (n_draws, n_users, n_factors) float32
    item_factors: np.ndarray  # (n_draws, n_items, n_factors) float32
    user_bias: np.ndarray  # (n_draws, n_users) float32
    item_bias: np.ndarray  # (n_draws, n_items) float32
    global_mean: np.ndarray  # (n_draws,) float64
    user_prior: RowPrior
    item_prior: RowPrior
    link: str = "identity"
    scale: tuple[float, float] | None = None
    catalog: Catalog | None = None
    ratings: RatingMatrix | None = None
    trainer: Mapping[str, Any] = field(default_factory=dict)  # {"name": "LeastSquares", hyper-parameters...}
    history: History = field(default_factory=History)
    frame_kind: str = "polars"

    def save(self, path: str | os.PathLike[str], *, ratings: bool = True) -> None:
        """Write the model to one file, atomically; `palate.load` reads it. See `palate.model.file.save_model`."""
        from palate.model.file import save_model

        save_model(self, path, ratings=ratings)

    def __reduce__(self) -> tuple[Any, ...]:
        from palate.model.file import dumps, loads

        return loads, (dumps(self),)
