"""Bounds of `mean - z sd` over draws for all items of one user, from item factors of eight bits.

One user's list needs one pass over the item vectors of all draws, and memory bounds that pass. A byte
for each entry is a quarter of it. With the unit a_d = max_f |q_df| / 127 of an item in a draw,

    q_df = a_d (r_df + e_df),  |e_df| <= 1/2,    so that    |p_d . q_d - a_d p_d . r_d| <= a_d |p_d|_1 / 2

The mean moves by at most the mean of these errors, and the sd over draws by at most their root mean
square, since it is a norm of the deviations. Few items have a bound above the n-th best, and those are
scored exactly: the list is that of exact scores.
"""

from typing import NamedTuple

import numpy as np

from palate.kernels.compiling import inlined, kernel

PANEL = 128  # items side by side; a sum of each stays in the first cache
UNROLLED = 8
LARGEST = 127  # of a byte
ROUNDING = 2.0**-22  # four times that of a float32, for bounds of sums that are themselves rounded


class ByteItems(NamedTuple):
    """The items of all draws in eight bits, as `score_bounds` reads them."""

    values: np.ndarray  # (n_panels, n_draws, depth, 128) int8; depth is n_factors or the next multiple of 8
    unit: np.ndarray  # (n_panels, n_draws, 128) float32: what 1 stands for
    bias: np.ndarray  # (n_panels, n_draws, 128) float32, NaN for an item that is not finite or not there


def pack_bytes(factors: np.ndarray, bias: np.ndarray) -> ByteItems:
    """Return items in eight bits.

    Parameters
    ----------
    factors : ndarray of shape (n_draws, n_items, n_factors), float32
    bias : ndarray of shape (n_draws, n_items), float32
    """
    n_draws, n_items, n_factors = factors.shape
    n_panels, depth = -(-n_items // PANEL), -(-n_factors // UNROLLED) * UNROLLED
    packed = ByteItems(
        np.zeros((n_panels, n_draws, depth, PANEL), np.int8),
        np.zeros((n_panels, n_draws, PANEL), np.float32),
        np.full((n_panels, n_draws, PANEL), np.nan, np.float32),
    )
    for draw in range(n_draws):
        finite = np.isfinite(factors[draw]).all(axis=1)
        for panel in range(n_panels):
            part = slice(panel * PANEL, min((panel + 1) * PANEL, n_items))
            width = part.stop - part.start
            own = np.where(finite[part, None], factors[draw, part], np.float32(0))
            unit = np.abs(own).max(axis=1, initial=0) / np.float32(LARGEST)
            own = own / np.where(unit > 0, unit, np.float32(1))[:, None]
            packed.values[panel, draw, :n_factors, :width] = np.rint(own).T
            packed.unit[panel, draw, :width] = unit
            packed.bias[panel, draw, :width] = np.where(finite[part], bias[draw, part], np.nan)
    return packed


@inlined(fastmath={"contract", "reassoc", "nsz"})
def _add_eight(sums, values, row, vector):
    """Add the products of eight factors to the sums of a panel."""
    a, b, c, d = vector[row], vector[row + 1], vector[row + 2], vector[row + 3]
    e, f, g, h = vector[row + 4], vector[row + 5], vector[row + 6], vector[row + 7]
    for i in range(PANEL):
        sums[i] += (
            a * np.float32(values[row, i])
            + b * np.float32(values[row + 1, i])
            + c * np.float32(values[row + 2, i])
            + d * np.float32(values[row + 3, i])
            + e * np.float32(values[row + 4, i])
            + f * np.float32(values[row + 5, i])
            + g * np.float32(values[row + 6, i])
            + h * np.float32(values[row + 7, i])
        )


@kernel(fastmath={"contract", "reassoc", "nsz"})
def score_bounds(items, vectors, level, sign, z, low, high):
    """Write bounds of `sign mean - z sd` over draws of all items for one user; NaN where the item is.

    Parameters
    ----------
    items : ByteItems
    vectors : ndarray of shape (n_draws, depth), float32
        The user's; 0 behind the last factor.
    level : ndarray of shape (n_draws,), float32
        `mu_d + b_u`.
    sign, z : float32
    low, high : ndarray of shape (n_panels * 128,), float32
    """
    n_panels, n_draws, depth, _ = items.values.shape
    share, one, zero = np.float32(n_draws), np.float32(1.0), np.float32(0.0)
    rounding = np.float32(ROUNDING)
    half = np.zeros(n_draws, dtype=np.float32)  # error of a product, in units of the item
    for draw in range(n_draws):
        for f in range(depth):
            half[draw] += abs(vectors[draw, f])
        # The largest sum of absolute products is 254 of these errors. It is rounded with each of its
        # terms, which are those of all draws in the scores that `top_items` computes.
        half[draw] *= np.float32(0.5) + np.float32(LARGEST) * np.float32(n_draws * depth + 4) * rounding
    sums, first = np.empty(PANEL, dtype=np.float32), np.empty(PANEL, dtype=np.float32)
    total, squares = np.empty(PANEL, dtype=np.float32), np.empty(PANEL, dtype=np.float32)
    errors, error_squares = np.empty(PANEL, dtype=np.float32), np.empty(PANEL, dtype=np.float32)
    for panel in range(n_panels):
        total[:], squares[:], errors[:], error_squares[:] = zero, zero, zero, zero
        for draw in range(n_draws):
            sums[:] = zero
            for row in range(0, depth, UNROLLED):
                _add_eight(sums, items.values[panel, draw], row, vectors[draw])
            own, unit, bias = level[draw], items.unit[panel, draw], items.bias[panel, draw]
            for i in range(PANEL):
                value = own + bias[i] + unit[i] * sums[i]
                if draw == 0:
                    first[i] = value
                away = value - first[i]
                total[i] += away
                squares[i] += away * away
                error = unit[i] * half[draw] + rounding * (abs(own) + abs(bias[i]))
                errors[i] += error
                error_squares[i] += error * error
        for i in range(PANEL):
            away = total[i] / share
            sd = np.sqrt(max(squares[i] / share - away * away, zero))
            # The differences to the first draw are at most sqrt(n_draws) sd on the whole, and their
            # squares are rounded n_draws times.
            rounded = rounding * share * (abs(first[i] + away) + abs(away) + (share + one) * sd)
            error = errors[i] / share + abs(z) * np.sqrt(error_squares[i] / share)
            error += (one + abs(z)) * rounded
            score = sign * (first[i] + away) - z * sd
            low[panel * PANEL + i], high[panel * PANEL + i] = score - error, score + error
