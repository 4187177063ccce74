"""Counter-based random numbers: the number at a position depends on the seed and the position
alone, not on any order of calls.

`mix` is the output function of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom
number generators").
"""

import numpy as np
from numba import uint64

from palate.kernels.compiling import kernel, shared

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


@shared()
def mix(value):
    """Return 64 well-mixed bits of a uint64."""
    value = (value ^ (value >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> uint64(27))) * uint64(0x94D049BB133111EB)
    return value ^ (value >> uint64(31))


@kernel()
def _key(seed, sweep, side):
    return mix(mix(mix(uint64(seed) + _GOLDEN) + uint64(sweep) * _GOLDEN) + uint64(side) * _GOLDEN)


def key_of(seed: int, sweep: int, side: int) -> np.uint64:
    """Return the key of one stream of numbers, as the type that the functions below must get it in."""
    return np.uint64(_key(seed, sweep, side))


@shared()
def uniform(key, position):
    """Return the number of a stream at `position`, in [0, 1) with 53 bits."""
    return np.float64(mix(uint64(key) + (uint64(position) + uint64(1)) * _GOLDEN) >> uint64(11)) * (
        1.0 / 9007199254740992.0
    )


@shared()
def fill_normal(key, first, out):
    """Fill rows `first`, `first + 1`, ... of a standard normal table into `out` (n, width) float32
    (Box and Muller 1958).
    """
    width = out.shape[1]
    half = (width + 1) // 2
    for row in range(out.shape[0]):
        for pair in range(half):
            position = uint64(2) * (uint64(first + row) * uint64(half) + uint64(pair))
            radius = np.sqrt(-2.0 * np.log(1.0 - uniform(key, position)))
            angle = 2.0 * np.pi * uniform(key, position + uint64(1))
            out[row, 2 * pair] = radius * np.cos(angle)
            if 2 * pair + 1 < width:
                out[row, 2 * pair + 1] = radius * np.sin(angle)


@kernel()
def mark_sample(key, size, out):
    """Mark exactly `size` entries of the bool array `out`, each subset equally likely (Knuth, The
    Art of Computer Programming, volume 2, 3.4.2, algorithm S).
    """
    left = size
    n = len(out)
    for position in range(n):
        out[position] = uniform(key, position) * (n - position) < left
        if out[position]:
            left -= 1
