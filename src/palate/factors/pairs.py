"""Pairs of users and items, and their expected ratings in every draw of a model.

This is the only pass over draws: means, standard errors, intervals and distributions are computed
from its results. An unknown row is at its prior mean, or is drawn from the prior.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._parallel import check_threads, even_bounds, run_chunks
from palate._random import Stream, key_of, stream_of
from palate.factors.draws import has_posterior, posterior_arrays
from palate.factors.factors import FactorScorer
from palate.factors.sides import FactorSide, SideName

if TYPE_CHECKING:
    from palate.kernels.moments import Posterior

PAIRS_PER_CHUNK = 1 << 14

Kernel = Callable[["Posterior", np.ndarray, np.ndarray, np.ndarray], None]
OfDraws = Callable[[np.ndarray, "Pairs"], np.ndarray]  # of (n, width) and the pairs of a chunk


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of rows of a model.

    Parameters
    ----------
    model : FactorScorer
    users, items : ndarray of shape (n,), int64
        -1 is an unknown row.
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.
    """

    model: FactorScorer
    users: np.ndarray
    items: np.ndarray
    threads: int | None = None

    @classmethod
    def of(
        cls, model: FactorScorer, users: np.ndarray, items: np.ndarray, threads: int | None = None
    ) -> "Pairs":
        """Return the pairs of these indexes."""
        user, item = (np.ascontiguousarray(index, dtype=np.int64) for index in (users, items))
        return cls(model, user, item, threads)

    def __len__(self) -> int:
        return len(self.users)

    @property
    def has_posterior(self) -> bool:
        """Whether the model's draws are those of a posterior."""
        return has_posterior(self.model)

    def part(self, start: int, stop: int) -> "Pairs":
        """Return some of the pairs."""
        return replace(self, users=self.users[start:stop], items=self.items[start:stop])

    def over_draws(self, function: OfDraws, prior_noise: bool = False) -> np.ndarray:
        """Return `function` of what each draw expects of pairs, and of the pairs, made chunk by chunk.

        What is expected is float64 of shape (n, n_draws). With `prior_noise` an unknown row is
        drawn from its prior, else it is at the prior's mean.
        """
        from palate.kernels.moments import pair_draws

        return self.by_kernel(pair_draws, len(self.model.user_factors), function, prior_noise)

    def by_kernel(self, kernel: Kernel, width: int, function: OfDraws, prior_noise: bool) -> np.ndarray:
        """Return `function` of what a kernel writes of pairs, (n, width) float64, made chunk by chunk."""
        everything = posterior_arrays(self.model.factors)

        def run(start: int, stop: int) -> np.ndarray:
            chunk = self.part(start, stop)
            arrays, users, items = _with_unknown(chunk, everything, prior_noise)
            out = np.empty((len(users), width))
            kernel(arrays, users, items, out)
            return function(out, chunk)

        bounds = even_bounds(len(self), PAIRS_PER_CHUNK) if len(self) else (0, 0)
        return np.concatenate(run_chunks(run, bounds, check_threads(self.threads)))

    def noise(self) -> np.ndarray:
        """Return the sd of a rating of each pair about what each draw expects, float64 (n, n_draws).

        An unknown row has the scale of one drawn from its prior.
        """
        model = self.model
        if model.likelihood.noise_sd is None:
            raise ValueError("the noise of ratings must be known to the model; it has no noise_sd.")
        shared = np.asarray(model.likelihood.noise_sd, np.float64)
        noise = np.broadcast_to(shared, (len(self), len(shared)))
        for side, own, index in (
            ("user", model.factors.user.noise, self.users),
            ("item", model.factors.item.noise, self.items),
        ):
            if own is not None:
                noise = noise * own.at(index, side).T
        return np.ascontiguousarray(noise)


def _with_unknown(
    pairs: Pairs, arrays: "Posterior", noisy: bool
) -> tuple["Posterior", np.ndarray, np.ndarray]:
    """Return the kernel's arrays and indexes such that -1, the unknown row, has a row of its own."""
    users, items = pairs.users, pairs.items
    if (users < 0).any():
        rows, users = _appended(pairs.model, "user", arrays.user_noise, users, noisy)
        arrays = arrays._replace(**rows)
    if (items < 0).any():
        rows, items = _appended(pairs.model, "item", arrays.item_noise, items, noisy)
        arrays = arrays._replace(**rows)
    return arrays, users, items


def _appended(
    model: FactorScorer, name: SideName, noise: np.ndarray, index: np.ndarray, noisy: bool
) -> tuple[dict[str, Any], np.ndarray]:
    """Return the arrays of the rows that an index names, the unknown one last, and the index into them."""
    side = model.factors.side(name)
    row, known = _prior_row(side, model.likelihood.noise_sd, noisy), np.unique(index[index >= 0])
    place = np.where(index < 0, len(known), np.searchsorted(known, index))
    factors = np.concatenate([side.factors[:, known], row[:, None, :-1]], axis=1)
    bias = np.concatenate([side.bias[:, known], row[:, -1:]], axis=1)
    if noise.shape[1] and side.noise is not None:
        scale = side.noise.unknown(name).astype(np.float32)
        noise = np.concatenate([noise[:, known], scale[:, None]], axis=1)
    factors = np.ascontiguousarray(factors)
    return {f"{name}_factors": factors, f"{name}_bias": bias, f"{name}_noise": noise}, place


def _prior_row(side: FactorSide, noise_sd: np.ndarray | None, noisy: bool) -> np.ndarray:
    """Return an unknown row in each draw, float32 (n_draws, k + 1): the prior's mean, or a draw from it."""
    rows = np.asarray(side.prior.mean, np.float32)
    if not noisy:
        return rows
    from palate.kernels.random import fill_normal

    z = np.empty(rows.shape, np.float32)
    fill_normal(key_of(0, 0, stream_of(Stream.UNKNOWN_ROWS, side.name)), 0, z)
    noise = np.ones(len(rows)) if noise_sd is None else noise_sd
    precision = np.asarray(side.prior.precision, np.float64)
    roots = np.linalg.cholesky(precision)  # L^-T z has covariance (L L')^-1
    away = np.linalg.solve(np.swapaxes(roots, 1, 2), z[:, :, None].astype(np.float64))[:, :, 0]
    return rows + (noise[:, None] * away).astype(np.float32)
