"""What stands at a place of the order of some values, without sorting them."""

import numpy as np

from palate.kernels.compiling import shared


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
