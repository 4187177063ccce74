"""What stands at a place of the order of some values, without sorting them."""

import numpy as np

from palate.kernels.compiling import inlined, shared

MINUS_INFINITY = np.int64(-2139095041)  # as `in_order` returns it; what comes before is no number


@shared()
def at_place(values, place):
    """Return what stands at `place` once the values are in order; all behind it are then at least as large
    (Hoare 1961, "Algorithm 65: Find").
    """
    low, high = 0, len(values) - 1
    while low < high:
        middle, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] < middle:
                i += 1
            while values[j] > middle:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if place <= j:
            high = j
        elif place >= i:
            low = i
        else:
            break
    return values[place]


def at_place_reference(values, place):
    """NumPy reference of `at_place`."""
    return np.sort(values)[place]


@inlined()
def in_order(bits):
    """Return an int32 for the bits of a float32 which has its order among others; it is its own inverse."""
    return bits if bits >= 0 else bits ^ np.int32(0x7FFFFFFF)


@shared()
def reached_by(values, n):
    """Return a number that those values reach which are at least the n-th largest.

    The values, float32 without NaN and -0, are overwritten. The bits of the n-th largest are found one by
    one, the highest first, by counting, until no more than n values are left.
    """
    keys = values.view(np.int32)
    for i in range(len(keys)):
        keys[i] = in_order(keys[i])
    least = np.int64(-(2**31))
    for bit in range(31, -1, -1):
        tried, count = np.int32(least + (np.int64(1) << bit)), np.int32(0)
        for i in range(len(keys)):
            count += np.int32(keys[i] >= tried)
        if count >= n:
            least = np.int64(tried)
        if count == n:
            break
    keys[0] = in_order(np.int32(max(least, MINUS_INFINITY)))
    return values[0]


def reached_by_reference(values, n):
    """NumPy reference of `reached_by`: the n-th largest, which as many values reach."""
    return np.sort(values)[-n]
