"""Rows that are folded in: their ratings with times, and the result."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from palate.factors.factors import Factors
from palate.factors.temporal import Sessions, TimeContext, last_time_bins
from palate.factors.temporal_scores import rows_in_time_bins
from palate.solve.rows import Rows, Side

Features = dict[str, Any] | list[dict[str, Any]] | None  # values by name: of the one row, or of each row


@dataclass(frozen=True, eq=False)
class ToFold:
    """Rows of one side to solve for with the other side's vectors fixed.

    Parameters
    ----------
    rows : Rows
        Their ratings; the columns are rows of the other side.
    features : dict or list of dict, optional
        Values of the features of a single row, by name, or of each row.
    threads : int, default 1
    times : ndarray of shape (n_ratings,), int64, optional
        When users rated, for a model that knows of time; without them each rating is of the last
        time bin, in a session of its own.
    """

    rows: Rows
    features: Features = None
    threads: int = 1
    times: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class FoldedRows:
    """Rows of one side, a draw (or the one solution) after the other.

    Parameters
    ----------
    factors : ndarray of shape (n_draws, n, n_factors), float32
    bias : ndarray of shape (n_draws, n), float32
    scale : ndarray of shape (n_draws, n), float32, or None
        Of their noise, in a model whose rows have their own.
    user_time_bin : ndarray of shape (n,), int32, or None
        Time bin that each is of, for users folded in with times.
    sessions : Sessions, or None
        Of users folded in with times.
    session_effect : ndarray of shape (n_draws, n_sessions), float32, or None
    """

    factors: np.ndarray
    bias: np.ndarray
    scale: np.ndarray | None = None
    user_time_bin: np.ndarray | None = None
    sessions: Sessions | None = None
    session_effect: np.ndarray | None = None

    @classmethod
    def of(cls, sides: list[Side], n_factors: int, scales: list[np.ndarray] | None = None) -> "FoldedRows":
        """Stack the sides of all draws."""
        factors = np.stack([side.unpadded(n_factors) for side in sides])
        scale = None if not scales else np.stack(scales).astype(np.float32)
        return cls(factors, np.stack([side.bias for side in sides]), scale)


class TimedRows:
    """Users' ratings in a model that knows of time.

    Columns are items as they are in a time bin, and each rating belongs to a session.

    Without times every rating is of the last time bin, in a session of its own.
    """

    def __init__(self, factors: Factors, context: TimeContext, rows: Rows, times: np.ndarray | None) -> None:
        self.factors, self.context, self.rows = factors, context, rows
        self.sessions: Sessions | None = None
        self.user_time_bin = np.full(rows.n_rows, context.n_time_bins - 1, np.int32)
        indptr, self.session = rows.indptr, np.arange(len(rows.columns), dtype=np.int32)
        if times is not None:
            time_bins = context.time_bins(times)
            keys = rows.columns.astype(np.int64) * context.n_time_bins + time_bins
            pairs, place = np.unique(keys, return_inverse=True)
            self.item, self.time_bin = pairs // context.n_time_bins, pairs % context.n_time_bins
            self.rows = replace(rows, columns=place.astype(np.int32), n_columns=len(pairs))
            self.sessions, self.session = Sessions.cut(rows.indptr, times)
            users = np.repeat(np.arange(rows.n_rows), rows.counts)
            self.user_time_bin = last_time_bins(users, time_bins, rows.n_rows, context.n_time_bins)
            indptr = self.sessions.indptr
        self.row = np.repeat(np.arange(rows.n_rows), np.diff(indptr))  # (n_sessions,)
        self.number = np.arange(len(self.row)) - indptr[self.row]  # within their row

    def in_last_time_bins(self, found: FoldedRows, session_effects: list[np.ndarray]) -> FoldedRows:
        """Return rows as they are in the time bin of their own last rating, with session effects."""
        if self.sessions is None:
            return found
        last = np.full(len(self.user_time_bin), self.context.n_time_bins - 1)
        factors, bias = self.context.moved(found.factors, found.bias, last, self.user_time_bin)
        session_effect = np.zeros((len(bias), len(self.sessions)), np.float32)
        if session_effects:
            session_effect = np.stack(session_effects).astype(np.float32)
        return replace(
            found,
            factors=factors,
            bias=bias,
            user_time_bin=self.user_time_bin,
            sessions=self.sessions,
            session_effect=session_effect,
        )

    def columns(self, others: list[Side], draw: int) -> Side:
        """Return the vectors of the columns in one draw."""
        if self.sessions is None:
            return others[draw]
        factors, bias = rows_in_time_bins(self.factors, self.item, self.time_bin, slice(draw, draw + 1))
        return Side.padded(factors[0], bias[0])
