"""Random numbers of folded rows, named by what a row holds, and Newton's step for ordered probit.

A folded row draws its noise from a key made of its own ratings, so that it comes out the same whoever is folded in beside it.
"""

import math

import numpy as np
from numba import njit, uint64

from palate.kernels.ordinal import draw_latent, normal_cdf
from palate.kernels.random import fill_normal, mix

_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)
_LEAST = 1e-300
_FLAT = 1e-6  # least curvature of a rating's log-likelihood: keeps Newton's targets finite


@njit(nogil=True, cache=True)
def row_keys(indptr, columns, bits, out):
    """Write a key of each row's columns and values (`bits`, the values' float32 bits as uint32) to `out`, uint64."""
    for row in range(out.size):
        key = mix(uint64(indptr[row + 1] - indptr[row]) + uint64(1))
        for position in range(indptr[row], indptr[row + 1]):
            key = mix(key ^ ((uint64(columns[position]) << uint64(32)) | uint64(bits[position])))
        out[row] = key


@njit(nogil=True, cache=True)
def normal_rows(keys, salt, out):
    """Fill each row of `out` (n, width) float32 with standard normal numbers of its own key and the salt, a uint64."""
    for row in range(keys.size):
        fill_normal(mix(keys[row] ^ salt), 0, out[row : row + 1])


@njit(nogil=True, cache=True)
def draw_latent_rows(keys, salt, indptr, latent, codes, cutpoints, out):
    """Draw the noisy latent values of all ratings given their levels, by rows; see `palate.kernels.ordinal.draw_latent`."""
    for row in range(keys.size):
        part = slice(indptr[row], indptr[row + 1])
        draw_latent(mix(keys[row] ^ salt), 0, indptr[row + 1] - indptr[row], latent[part], codes[part], cutpoints, out[part])


@njit(nogil=True, cache=True)
def newton_terms(latent, codes, cutpoints, target, weight):
    """Write the normal rating that stands for each level near a latent value: with l the log-probability of the level,

    `weight = -l''(s)` and `target = s + l'(s) / weight`, both (n,) float32.
    """
    n_cuts = cutpoints.size
    for position in range(latent.size):
        s, code = np.float64(latent[position]), codes[position]
        low = cutpoints[code - 1] - s if code > 0 else -np.inf
        high = cutpoints[code] - s if code < n_cuts else np.inf
        p = normal_cdf(-low) - normal_cdf(-high) if low > 0 else normal_cdf(high) - normal_cdf(low)
        p = max(p, _LEAST)
        at_low = _DENSITY * math.exp(-0.5 * low * low) / p if code > 0 else 0.0
        at_high = _DENSITY * math.exp(-0.5 * high * high) / p if code < n_cuts else 0.0
        slope = at_low - at_high
        bend = slope * slope
        if code > 0:
            bend -= low * at_low
        if code < n_cuts:
            bend += high * at_high
        bend = min(max(bend, _FLAT), 1.0)  # it is between 0 and 1 but for rounding far out
        weight[position] = bend
        target[position] = s + min(max(slope / bend, -10.0), 10.0)
