"""Random numbers of folded rows, named by what a row holds, and Newton's step for ordered probit.

A folded row draws its noise from a key made of its own ratings, so that it comes out the same
whoever is folded in beside it.
"""

import math

import numpy as np
from numba import uint64

from palate.kernels.compiling import kernel
from palate.kernels.ordinal import cut_densities, cuts_of, draw_latent
from palate.kernels.random import fill_normal, mix, uniform

_FLAT = 1e-6  # least curvature of a rating's log-likelihood: keeps Newton's targets finite


@kernel()
def row_keys(indptr, columns, bits, out):
    """Write a key of each row's columns and values (`bits`, the values' float32 bits as uint32) to
    `out`, uint64.
    """
    for row in range(out.size):
        key = mix(uint64(indptr[row + 1] - indptr[row]) + uint64(1))
        for position in range(indptr[row], indptr[row + 1]):
            key = mix(key ^ ((uint64(columns[position]) << uint64(32)) | uint64(bits[position])))
        out[row] = key


@kernel()
def normal_rows(keys, salt, out):
    """Fill each row of `out` (n, width) float32 with standard normal numbers of its own key and the
    salt, a uint64.
    """
    for row in range(keys.size):
        fill_normal(mix(keys[row] ^ salt), 0, out[row : row + 1])


@kernel()
def gamma_rows(keys, salt, shape, out):
    """Write a Gamma(shape, 1) number of each row's own key and the salt to `out` (n,) float64.

    Marsaglia and Tsang (2000), "A Simple Method for Generating Gamma Variables"; below shape 1 with
    their power of a uniform number.
    """
    for row in range(keys.size):
        key, position = mix(keys[row] ^ salt), uint64(1)
        boosted = shape[row] if shape[row] >= 1.0 else shape[row] + 1.0
        d = boosted - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        while True:
            radius = math.sqrt(-2.0 * math.log(1.0 - uniform(key, position)))
            x = radius * math.cos(2.0 * math.pi * uniform(key, position + uint64(1)))
            chance = 1.0 - uniform(key, position + uint64(2))
            position += uint64(3)
            v = (1.0 + c * x) ** 3
            if v > 0.0 and math.log(chance) < 0.5 * x * x + d - d * v + d * math.log(v):
                break
        out[row] = (
            d * v if shape[row] >= 1.0 else d * v * (1.0 - uniform(key, uint64(0))) ** (1.0 / shape[row])
        )


@kernel()
def draw_latent_rows(keys, salt, indptr, latent, codes, cutpoints, precision, out):
    """Draw the noisy latent values of all ratings given their levels, by rows; see
    `palate.kernels.ordinal.draw_latent`.
    """
    for row in range(keys.size):
        part = slice(indptr[row], indptr[row + 1])
        own = precision[part] if precision.size > 0 else precision
        key, n = mix(keys[row] ^ salt), indptr[row + 1] - indptr[row]
        draw_latent(0, n, key, latent[part], codes[part], cutpoints, own, out[part])


@kernel()
def newton_terms(latent, codes, cutpoints, precision, target, weight):
    """Write the normal rating that stands for each level near a latent value: with l the
    log-probability of the level,

    `weight = -l''(s)` and `target = s + l'(s) / weight`, both (n,) float32. `precision` is that of
    the noise, empty where it is 1.
    """
    n_cuts = cutpoints.size
    for position in range(latent.size):
        s, code = np.float64(latent[position]), codes[position]
        root = math.sqrt(precision[position]) if precision.size > 0 else 1.0
        low, high = cuts_of(code, s, cutpoints, root)
        _, at_low, at_high = cut_densities(low, high)
        slope = at_low - at_high
        bend = slope * slope
        if code > 0:
            bend -= low * at_low
        if code < n_cuts:
            bend += high * at_high
        bend = min(max(bend, _FLAT), 1.0)  # it is between 0 and 1 but for rounding far out
        weight[position] = bend * root * root
        target[position] = s + min(max(slope / bend, -10.0), 10.0) / root
