"""The two sides of a factorization.

Users and items are the same thing on a transposed matrix, so what is done to one side is written
once, for a `FactorSide`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np

from palate.data.vocabulary import rows_at
from palate.factors.row_precision import RowNoise
from palate.factors.temporal import TimeContext
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior
from palate.solve.rows import Side

P = TypeVar("P", RowNoise, FeatureLink, TimeContext)
SideName = Literal["user", "item"]


@dataclass(frozen=True, eq=False, kw_only=True)
class FactorSide:
    """What a model learned of its users, or of its items.

    Parameters
    ----------
    name : {"user", "item"}
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
    factors: np.ndarray
    bias: np.ndarray
    prior: RowPrior
    noise: RowNoise | None = None
    features: FeatureLink | None = None

    def __len__(self) -> int:
        return int(self.factors.shape[1])

    @cached_property
    def padded(self) -> list[Side]:
        """The vectors as the row solver takes them, one Side per draw."""
        return [Side.padded(factors, bias) for factors, bias in zip(self.factors, self.bias, strict=True)]

    def put(
        self, index: np.ndarray, factors: np.ndarray, bias: np.ndarray, scale: np.ndarray | None
    ) -> "FactorSide":
        """Return the side with other vectors, and scales of noise if known, for the rows of an index."""
        noise = self.noise
        if noise is not None and scale is not None:
            noise = replace(noise, scale=_put(noise.scale, index, scale))
        put = _put(self.factors, index, factors), _put(self.bias, index, bias)
        return replace(self, factors=put[0], bias=put[1], noise=noise)

    def take(
        self, rows: np.ndarray | None, others: np.ndarray | None, at: slice | None, given: Mapping[str, Any]
    ) -> "FactorSide":
        """Return some rows of the side in some draws; all for None.

        The row -1 is a new one, at its prior mean. Features are bags of some `others`. Parts that
        are `given` are taken as they are.
        """
        if rows is None and others is None and at is None:
            return replace(self, **given) if given else self
        draws = slice(None) if at is None else at
        prior = self.prior if at is None else self.prior.draws(at)
        parts: dict[str, Callable[[], Any]] = {
            "factors": lambda: _taken(self.factors[draws], rows, prior.mean[:, None, :-1]),
            "bias": lambda: _taken(self.bias[draws], rows, prior.mean[:, None, -1]),
            "prior": lambda: prior,
            "noise": lambda: part_of(self.noise, at, rows, RowNoise.of_rows),
            "features": lambda: part_of(self.features, at, others, FeatureLink.of_others),
        }
        return replace(self, **{name: part() for name, part in parts.items() if name not in given}, **given)

    @staticmethod
    def stacked(sides: Sequence["FactorSide"]) -> "FactorSide":
        """Return the side that has the draws of several, which are of the same rows."""
        return FactorSide(
            name=sides[0].name,
            factors=np.concatenate([side.factors for side in sides]),
            bias=np.concatenate([side.bias for side in sides]),
            prior=sides[0].prior.joined([side.prior for side in sides]),
            noise=RowNoise.stacked([side.noise for side in sides]),
            features=FeatureLink.stacked([side.features for side in sides]),
        )


def other_side(name: SideName) -> SideName:
    """Return the name of the other side."""
    return "item" if name == "user" else "user"


def _taken(table: np.ndarray, rows: np.ndarray | None, unknown: np.ndarray) -> np.ndarray:
    if rows is None:
        return table
    table = rows_at(table, rows, axis=1)
    table[:, rows < 0] = unknown
    return table


def part_of(
    part: P | None, at: slice | None, index: np.ndarray | None, of: Callable[[P, np.ndarray], P]
) -> P | None:
    """Return some draws of a part, and `of` it the rows at `index`, where a model has that part."""
    if part is None:
        return None
    part = part if at is None else part.draws(at)
    return part if index is None else of(part, index)


def _put(table: np.ndarray, index: np.ndarray, rows: np.ndarray) -> np.ndarray:
    whole = table.copy()
    whole[:, index] = rows
    return whole
