"""Ordered probit: a rating is the level between whose cutpoints a latent value with unit normal noise falls.

    P(rating <= level j) = Phi(cutpoint_j - s)        with s the latent value of a user and an item

What is here works on latent values that are already computed: the distribution and the mean over
the levels, a draw of the noisy latent value given the rating (Albert and Chib 1993), and the
log-likelihood of the cutpoints with its derivatives.
"""

import math

import numpy as np

from palate.kernels.compiling import inlined, kernel, shared
from palate.kernels.random import uniform

ROOT_HALF = math.sqrt(0.5)
DENSITY = 1.0 / math.sqrt(2.0 * math.pi)  # of a standard normal number at 0
_LEAST = 1e-300  # a probability that underflows counts as this


@shared()
def normal_cdf(x):
    """Return the probability that a standard normal number is at most x."""
    return 0.5 * math.erfc(-x * ROOT_HALF)


@shared()
def normal_quantile(p):
    """Return x with `normal_cdf(x) = p`, to a relative error of 1.2e-9 (P. J. Acklam's rational
    approximation).
    """
    if p < 0.02425 or p > 1 - 0.02425:
        q = math.sqrt(-2.0 * math.log(max(min(p, 1 - p), _LEAST)))
        top = -7.784894002430293e-03
        top = top * q - 3.223964580411365e-01
        top = top * q - 2.400758277161838e00
        top = top * q - 2.549732539343734e00
        top = top * q + 4.374664141464968e00
        top = top * q + 2.938163982698783e00
        bottom = 7.784695709041462e-03
        bottom = bottom * q + 3.224671290700398e-01
        bottom = bottom * q + 2.445134137142996e00
        bottom = bottom * q + 3.754408661907416e00
        x = top / (bottom * q + 1.0)
        return x if p < 0.5 else -x
    q = p - 0.5
    r = q * q
    top = -3.969683028665376e01
    top = top * r + 2.209460984245205e02
    top = top * r - 2.759285104469687e02
    top = top * r + 1.383577518672690e02
    top = top * r - 3.066479806614716e01
    top = top * r + 2.506628277459239e00
    bottom = -5.447609879822406e01
    bottom = bottom * r + 1.615858368580409e02
    bottom = bottom * r - 1.556989798598866e02
    bottom = bottom * r + 6.680131188771972e01
    bottom = bottom * r - 1.328068155288572e01
    return top * q / (bottom * r + 1.0)


@kernel()
def expected_levels(latent, scale, cutpoints, levels, out):
    """Write the mean of the levels under their probabilities to `out` (n,), for latent values (n,)
    with noise of sd `scale` (n,).
    """
    for row in range(latent.size):
        mean = levels[0]
        for level in range(cutpoints.size):
            away = (latent[row] - cutpoints[level]) / scale[row]
            mean += (levels[level + 1] - levels[level]) * normal_cdf(away)
        out[row] = mean


@inlined()
def cuts_of(code, s, cutpoints, root):
    """Return how far the cutpoints of a level are from a latent value, in the sd of its noise, 1 / `root`."""
    low = (cutpoints[code - 1] - s) * root if code > 0 else -np.inf
    high = (cutpoints[code] - s) * root if code < cutpoints.size else np.inf
    return low, high


@inlined()
def cut_densities(low, high):
    """Return the probability of a level and the normal densities at its cutpoints, as shares of it."""
    p = normal_cdf(-low) - normal_cdf(-high) if low > 0 else normal_cdf(high) - normal_cdf(low)
    p = max(p, _LEAST)
    at_low = DENSITY * math.exp(-0.5 * low * low) / p
    at_high = DENSITY * math.exp(-0.5 * high * high) / p
    return p, at_low, at_high


@shared()
def draw_latent(first, last, key, latent, codes, cutpoints, precision, out):
    """Draw the noisy latent values of ratings `first` to `last`: normal about `latent`, between the
    cutpoints of its level.

    `precision` is that of each rating's noise; empty where it is 1 throughout.
    """
    for position in range(first, last):
        s, code = latent[position], codes[position]
        root = math.sqrt(precision[position]) if precision.size > 0 else 1.0
        low, high = cuts_of(code, s, cutpoints, root)
        mirrored = low > 0  # the upper tail is drawn as the lower one, where probabilities keep their digits
        if mirrored:
            low, high = -high, -low
        start, end = normal_cdf(low), normal_cdf(high)
        x = normal_quantile(start + uniform(key, position) * (end - start))
        x = min(max(x, low), high)
        out[position] = s - x / root if mirrored else s + x / root


@kernel()
def cutpoint_terms(first, last, latent, codes, cutpoints, precision, gradient, curvature):
    """Return the log-likelihood of ratings `first` to `last` and add its derivatives with respect
    to the cutpoints.

    `precision` is that of each rating's noise; empty where it is 1 throughout. `gradient` (n_cuts,)
    takes the first ones, `curvature` (2, n_cuts) the negative second ones: on the diagonal, and
    between a cutpoint and the next.
    """
    n_cuts = cutpoints.size
    total = 0.0
    for position in range(first, last):
        s, code = latent[position], codes[position]
        root = math.sqrt(precision[position]) if precision.size > 0 else 1.0
        low, high = cuts_of(code, s, cutpoints, root)
        p, at_low, at_high = cut_densities(low, high)
        total += math.log(p)
        if code > 0:
            gradient[code - 1] -= at_low * root
            curvature[0, code - 1] += (at_low * at_low - low * at_low) * root * root
        if code < n_cuts:
            gradient[code] += at_high * root
            curvature[0, code] += (at_high * at_high + high * at_high) * root * root
            if code > 0:
                curvature[1, code - 1] -= at_low * at_high * root * root
    return total


def level_probabilities_reference(latent, cutpoints):
    """Return the probability of each level for latent values (n,), shape (n, n_levels), in NumPy."""
    from statistics import NormalDist

    inner = np.array([[NormalDist().cdf(c - s) for c in cutpoints] for s in latent]).reshape(
        len(latent), len(cutpoints)
    )
    edges = np.hstack([np.zeros((len(latent), 1)), inner, np.ones((len(latent), 1))])
    return np.diff(edges, axis=1)
