"""The noise of each user's and each item's ratings around their expectation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from palate._random import Stream, philox, stream_of
from palate.data.vocabulary import rows_at
from palate.solve.draws import OfDraws


@dataclass(frozen=True, eq=False, kw_only=True)
class RowNoise(OfDraws):
    """The noise of one side's rows: a rating's sd is `noise_sd * user scale * item scale`.

    Parameters
    ----------
    scale : ndarray of shape (n_draws, n), float32
        Factor on the sd of a row's ratings: 0.5 for a user who is twice as easy to predict as most.
    degrees : ndarray of shape (n_draws,), float64
        How alike the rows are: `scale ** -2` has a Gamma(degrees / 2, degrees / 2) prior, of mean 1.
    session : ndarray of shape (n_draws,), float64, optional
        Sd of what a session effect adds to ratings, in units of the model's noise, for models that
        know of sessions; which session effect a rating will be given in is as unknown as the rest
        of its noise. (It is taken times the item's scale, though session effects are not: for most
        items that is 1 within a tenth.)

    References
    ----------
    Lakshminarayanan, Bouchard, Archambeau (2011), "Robust Bayesian Matrix Factorisation".
    """

    of_draws: ClassVar[tuple[str, ...]] = ("scale", "degrees", "session")

    scale: np.ndarray
    degrees: np.ndarray
    session: np.ndarray | None = None

    @property
    def total(self) -> np.ndarray:
        """Scales with that of a session effect, (n_draws, n)."""
        if self.session is None:
            return self.scale
        return np.asarray(np.hypot(self.scale, self.session[:, None].astype(np.float32)))

    def of_rows(self, index: np.ndarray) -> "RowNoise":
        """Return the noise of some rows; -1 is a new row, with the usual noise."""
        return replace(self, scale=rows_at(self.scale, index, fill=1.0, axis=1))

    @staticmethod
    def stacked(noises: Sequence["RowNoise | None"]) -> "RowNoise | None":
        """Return the draws of several models' noise of rows; None if none has it.

        Raises
        ------
        ValueError
            If some have it and others do not.
        """
        known = [noise for noise in noises if noise is not None]
        if known and len(known) < len(noises):
            raise ValueError(
                "models must all have noise of users and items, or none; fit them by one trainer."
            )
        if not known:
            return None
        return known[0].joined(known)

    def unknown(self, side: str) -> np.ndarray:
        """Return the scale of an unknown row, drawn from each draw's prior, float64 (n_draws,).

        It is the same in every call; `side` ("user" or "item") keeps the two sides' numbers apart.

        Examples
        --------
        >>> import numpy as np
        >>> noise = RowNoise(scale=np.ones((3, 1), np.float32), degrees=np.array([1e12, 1e12, 1e12]))
        >>> noise.unknown("user").round(3).tolist()
        [1.0, 1.0, 1.0]
        """
        rng = philox(stream_of(Stream.UNKNOWN_SCALES, side))
        scale = 1 / np.sqrt(rng.gamma(self.degrees / 2) / (self.degrees / 2))
        return scale if self.session is None else np.hypot(scale, self.session)

    def at(self, index: np.ndarray, side: str) -> np.ndarray:
        """Return the scales of rows in each draw, with session effects, float64 (n_draws, n).

        The index -1 is a row of which nothing is known.
        """
        found = np.empty((len(self.degrees), len(index)))
        known = self.scale[:, index[index >= 0]]
        found[:, index >= 0] = known if self.session is None else np.hypot(known, self.session[:, None])
        if (index < 0).any():
            found[:, index < 0] = self.unknown(side)[:, None]
        return found
