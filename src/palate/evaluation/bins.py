"""Bins of counts: 0, 1, 2 to 4, 5 to 9, 10 to 19, ...

They are the same for every data set, so that tables can be compared.
"""

import numpy as np

EDGES = np.array([0, *(digit * 10**power for power in range(9) for digit in (1, 2, 5))], dtype=np.int64)
N_BINS = len(EDGES)


def bin_of(counts: np.ndarray) -> np.ndarray:
    """Return the bin of each count.

    Examples
    --------
    >>> [label(b) for b in bin_of(np.array([0, 1, 4, 10, 1999]))]
    ['0', '1', '2-4', '10-19', '1,000-1,999']
    """
    return np.searchsorted(EDGES, counts, side="right") - 1


def label(number: int) -> str:
    """Return the counts of a bin as words."""
    low = int(EDGES[number])
    if number == N_BINS - 1:
        return f"{low:,} or more"
    high = int(EDGES[number + 1]) - 1
    return f"{low:,}" if low == high else f"{low:,}-{high:,}"
