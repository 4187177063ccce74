"""The two sides of a factorization. Users and items are the same thing on a transposed matrix, so what
is done to one side is written once, for a `ModelSide`.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from palate.data.vocabulary import Vocabulary
from palate.factors.factors import Factors
from palate.factors.row_precision import RowNoise
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior

SideName = Literal["user", "item"]
SIDES: tuple[SideName, SideName] = ("user", "item")


@dataclass(frozen=True, eq=False, kw_only=True)
class ModelSide:
    """What a model learned of its users, or of its items.

    Parameters
    ----------
    name : {"user", "item"}
    ids : Vocabulary
    factors : ndarray of shape (n_draws, n, n_factors), float32
    bias : ndarray of shape (n_draws, n), float32
    prior : RowPrior
        What a row is before its ratings are seen.
    noise : RowNoise, optional
        How far each row's ratings fall from their expectation, beside others'.
    features : FeatureLink, optional
        What features say of a row before the ratings do.
    """

    name: SideName
    ids: Vocabulary
    factors: np.ndarray
    bias: np.ndarray
    prior: RowPrior
    noise: RowNoise | None
    features: FeatureLink | None

    def put(
        self, index: np.ndarray, factors: np.ndarray, bias: np.ndarray, scale: np.ndarray | None
    ) -> "ModelSide":
        """Return the side with other vectors for the rows of an index, and other scales of their
        noise where these are known.
        """
        noise = self.noise
        if noise is not None and scale is not None:
            noise = replace(noise, scale=_put(noise.scale, index, scale))
        put = _put(self.factors, index, factors), _put(self.bias, index, bias)
        return replace(self, factors=put[0], bias=put[1], noise=noise)

    def fields(self) -> dict[str, object]:
        """Return the side's rows as fields of a model."""
        rows = (("factors", self.factors), ("bias", self.bias), ("noise", self.noise))
        return {f"{self.name}_{part}": value for part, value in rows}


def other_side(name: SideName) -> SideName:
    """Return the name of the other side."""
    return "item" if name == "user" else "user"


def side_of(model: Factors, name: SideName) -> ModelSide:
    """Return one side of a model."""
    if name == "user":
        return ModelSide(
            name=name,
            ids=model.users,
            factors=model.user_factors,
            bias=model.user_bias,
            prior=model.user_prior,
            noise=model.user_noise,
            features=model.user_link,
        )
    return ModelSide(
        name=name,
        ids=model.items,
        factors=model.item_factors,
        bias=model.item_bias,
        prior=model.item_prior,
        noise=model.item_noise,
        features=model.item_link,
    )


def _put(table: np.ndarray, index: np.ndarray, rows: np.ndarray) -> np.ndarray:
    whole = table.copy()
    whole[:, index] = rows
    return whole
