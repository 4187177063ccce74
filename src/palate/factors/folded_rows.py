"""Rows that are folded in: their ratings in time, and what is found of them."""

from dataclasses import dataclass, replace

import numpy as np

from palate.factors.factors import Factors
from palate.factors.temporal import Sittings, TimeContext, last_eras
from palate.factors.temporal_scores import rows_in_eras
from palate.solve.rows import Rows, Side


@dataclass(frozen=True, eq=False)
class FoldedRows:
    """Rows of one side, a draw (or the one solution) after the other.

    Parameters
    ----------
    factors : ndarray of shape (n_draws, n, n_factors), float32
    bias : ndarray of shape (n_draws, n), float32
    scale : ndarray of shape (n_draws, n), float32, or None
        Of their noise, in a model whose rows have their own.
    home : ndarray of shape (n,), int32, or None
        Time bin that each is of, for users folded in with times.
    sittings : Sittings, or None
        Of users folded in with times.
    mood : ndarray of shape (n_draws, n_sittings), float32, or None
    """

    factors: np.ndarray
    bias: np.ndarray
    scale: np.ndarray | None = None
    home: np.ndarray | None = None
    sittings: Sittings | None = None
    mood: np.ndarray | None = None

    @classmethod
    def of(cls, sides: list[Side], n_factors: int, scales: list[np.ndarray] | None = None) -> "FoldedRows":
        """Stack the sides of all draws."""
        factors = np.stack([side.unpadded(n_factors) for side in sides])
        scale = None if not scales else np.stack(scales).astype(np.float32)
        return cls(factors, np.stack([side.bias for side in sides]), scale)


class TimedRows:
    """Users' ratings in a model that knows of time: columns are items as they are in a time bin, and
    each rating belongs to a session.

    Without times every rating is of the last time bin, in a session of its own.
    """

    def __init__(self, factors: Factors, context: TimeContext, rows: Rows, times: np.ndarray | None) -> None:
        self.factors, self.context, self.rows = factors, context, rows
        self.sittings: Sittings | None = None
        self.home = np.full(rows.n_rows, context.n_eras - 1, np.int32)
        indptr, self.sitting = rows.indptr, np.arange(len(rows.columns), dtype=np.int32)
        if times is not None:
            eras = context.eras(times)
            pairs, place = np.unique(
                rows.columns.astype(np.int64) * context.n_eras + eras, return_inverse=True
            )
            self.item, self.era = pairs // context.n_eras, pairs % context.n_eras
            self.rows = replace(rows, columns=place.astype(np.int32), n_columns=len(pairs))
            self.sittings, self.sitting = Sittings.cut(rows.indptr, times)
            self.home = last_eras(
                np.repeat(np.arange(rows.n_rows), rows.counts), eras, rows.n_rows, context.n_eras
            )
            indptr = self.sittings.indptr
        self.row = np.repeat(np.arange(rows.n_rows), np.diff(indptr))  # (n_sittings,)
        self.number = np.arange(len(self.row)) - indptr[self.row]  # within their row

    def at_home(self, found: FoldedRows, moods: list[np.ndarray]) -> FoldedRows:
        """Return rows that are of the last time bin as they are in that of their own last rating, with
        their session effects.
        """
        if self.sittings is None:
            return found
        last = np.full(len(self.home), self.context.n_eras - 1)
        factors, bias = self.context.moved(found.factors, found.bias, last, self.home)
        mood = (
            np.stack(moods).astype(np.float32)
            if moods
            else np.zeros((len(bias), len(self.sittings)), np.float32)
        )
        return replace(found, factors=factors, bias=bias, home=self.home, sittings=self.sittings, mood=mood)

    def columns(self, others: list[Side], draw: int) -> Side:
        """Return the vectors of the columns in one draw."""
        if self.sittings is None:
            return others[draw]
        factors, bias = rows_in_eras(self.factors, self.item, self.era, slice(draw, draw + 1))
        return Side.padded(factors[0], bias[0])
