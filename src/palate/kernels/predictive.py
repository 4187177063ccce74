"""The distribution of one rating: a mixture over draws of normals about what each draw expects.

    P(rating <= x) = 1/D sum_d Phi((x - s_d) / noise_d)

`expected` holds s_d of each pair, shape (n, n_draws), as `palate.kernels.moments.pair_draws` writes
it; `noise` is of the same shape.
"""

import math

import numpy as np

from palate.kernels.compiling import kernel
from palate.kernels.ordinal import DENSITY, normal_cdf

_STEPS = 60
_REACH, _DEGREE = 4.75, 12  # of the polynomial that stands for the normal distribution


@kernel()
def mixture_quantiles(expected, noise, z, share, out):
    """Write the x of each pair with `P(rating <= x) = share` to `out` (n,), to a millionth of the spread.

    Newton's method from the quantile `mean + z sd` of the normal with the mixture's moments, with z
    the standard normal quantile of `share`; a bracket around the root, halved where a step would
    leave it, makes it safe.
    """
    n_draws = expected.shape[1]
    for pair in range(expected.shape[0]):
        row, sds = expected[pair], noise[pair]
        mean, variance, least, most, widest = 0.0, 0.0, row[0], row[0], 0.0
        for draw in range(n_draws):
            mean += row[draw] / n_draws
            least, most, widest = min(least, row[draw]), max(most, row[draw]), max(widest, sds[draw])
        for draw in range(n_draws):
            variance += ((row[draw] - mean) ** 2 + sds[draw] ** 2) / n_draws
        sd = math.sqrt(variance)
        # every component has its quantile between these two
        low, high = min(least + z * widest, least), max(most + z * widest, most)
        x = min(max(mean + z * sd, low), high)
        for _ in range(_STEPS):
            below, density = 0.0, 0.0
            for draw in range(n_draws):
                if sds[draw] > 0:
                    away = (x - row[draw]) / sds[draw]
                    below += normal_cdf(away)
                    density += DENSITY * math.exp(-0.5 * away * away) / sds[draw]
                elif row[draw] <= x:
                    below += 1.0
            miss = below / n_draws - share
            if miss < 0:
                low = x
            else:
                high = x
            density /= n_draws
            following = x - miss / density if density > 1e-12 / max(sd, 1e-300) else low
            if not low < following < high:
                following = 0.5 * (low + high)
            if abs(following - x) <= 1e-6 * sd:
                x = following
                break
            x = following
        out[pair] = x


@kernel()
def mixture_below(expected, noise, edges, out):
    """Write `P(rating <= edge)` of each pair and edge to `out` (n, n_edges)."""
    n_draws = expected.shape[1]
    for pair in range(expected.shape[0]):
        for edge in range(edges.size):
            total = 0.0
            for draw in range(n_draws):
                away = edges[edge] - expected[pair, draw]
                if noise[pair, draw] > 0:
                    total += normal_cdf(away / noise[pair, draw])
                elif away >= 0:
                    total += 1.0
            out[pair, edge] = total / n_draws


@kernel()
def add_interpolated(latent, table, low, step, share, out):
    """Add `share` times what the table, at `low`, `low + step`, ..., has at each latent value to
    `out`, all float32 (m, n).

    Between two entries the values are on a line; beyond the ends they are those of the ends.
    """
    last = table.size - 1
    inverse = np.float32(1.0 / step)
    start = np.float32(low)
    for row in range(latent.shape[0]):
        for column in range(latent.shape[1]):
            place = (latent[row, column] - start) * inverse
            place = min(max(place, np.float32(0.0)), np.float32(last) - np.float32(1e-3))
            cell = np.int64(place)
            value = table[cell] + (table[cell + 1] - table[cell]) * (place - np.float32(cell))
            out[row, column] += share * value


def _normal_polynomial() -> np.ndarray:
    """Return the coefficients of P, highest first, with `Phi(x) = 1/2 + x P(2 x^2 / _REACH^2 - 1)`,
    float32.
    """
    from statistics import NormalDist

    from numpy.polynomial import chebyshev

    def wanted(u: np.ndarray) -> np.ndarray:
        x = np.sqrt(np.maximum((u + 1) / 2, 1e-12)) * _REACH
        return np.array([(NormalDist().cdf(value) - 0.5) / value for value in x])

    return chebyshev.cheb2poly(chebyshev.chebinterpolate(wanted, _DEGREE))[::-1].astype(np.float32)


_COEFFICIENTS = tuple(_normal_polynomial())  # a constant of the kernel below


@kernel(fastmath={"contract"})
def add_expected_levels(latent, user_scale, item_scale, cuts, levels, share, out):
    """Add `share` times the expected level of each latent value to `out`, both float32 (m, n).

    The noise of a pair has the sd `user_scale[row] * item_scale[column]`. The normal distribution
    is a polynomial, which vector units evaluate many at a time, within 3e-7 up to `_REACH` and
    constant beyond.
    """
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12 = _COEFFICIENTS
    reach, half, one = np.float32(_REACH), np.float32(0.5), np.float32(1.0)
    shrink = np.float32(2.0 / _REACH**2)
    width = latent.shape[1]
    inverse = one / item_scale
    for row in range(latent.shape[0]):
        own, line, target = one / user_scale[row], latent[row], out[row]
        for column in range(width):
            target[column] += share * levels[0]
        for cut in range(cuts.size):
            edge, step = cuts[cut], share * (levels[cut + 1] - levels[cut])
            for column in range(width):
                x = (line[column] - edge) * own * inverse[column]
                x = reach if x > reach else x
                x = -reach if x < -reach else x
                u = x * x * shrink - one
                # written out, so that the loop over the columns is the innermost and goes to vector units
                value = (((((c0 * u + c1) * u + c2) * u + c3) * u + c4) * u + c5) * u + c6
                value = (((((value * u + c7) * u + c8) * u + c9) * u + c10) * u + c11) * u + c12
                target[column] += step * (half + x * value)


@kernel()
def normal_below(away, out):
    """Write the probability that a standard normal number is at most each entry of `away` (n, m) to `out`."""
    for row in range(away.shape[0]):
        for column in range(away.shape[1]):
            out[row, column] = normal_cdf(away[row, column])


def mixture_below_reference(expected, noise, edges):
    """NumPy reference of `mixture_below`, for positive noise."""
    from statistics import NormalDist

    away = (np.asarray(edges)[None, :, None] - expected[:, None, :]) / noise[:, None, :]
    return np.vectorize(NormalDist().cdf)(away).mean(axis=2)
