"""Random numbers: the streams of the library, each with a number of its own, and their generators.

All are counter-based: a number depends on the seed, its stream and its position, never on the order
of calls or on threads. The numbers of the streams are part of what a seed means; a new stream takes
a number that is free, and none is ever changed.
"""

from enum import IntEnum

import numpy as np

from palate._checks import check_seed


class Stream(IntEnum):
    """What random numbers are drawn for, keyed by `key_of(seed, step, stream)`.

    Streams of the two sides take the number of the users; that of the items follows it.
    """

    START = 0  # starting vectors of least squares; the step is the number of the start
    HOLDOUT = 2  # ratings held out by a trainer
    BOOTSTRAP = 11  # resampled users of an evaluation
    SPECTRAL = 11  # starting vectors of the SVD, which took a number that was not free
    EXPLORE = 12  # the draw of the posterior that a user's list is ranked by
    PREDICTIVE = 13  # ties of the predictive distribution in calibration
    UNKNOWN_ROWS = 20  # 21 for items: rows of which nothing is known
    UNKNOWN_SCALES = 22  # 23 for items: their noise
    FOLD_ROWS = 30  # 31 for items: rows that are folded into draws
    FOLD_TARGETS = 32  # 33 for items: latent values of their ratings
    FOLD_SCALES = 34  # 35 for items: their noise
    FOLD_SESSIONS = 36
    FOLD_SESSION_LEVELS = 37
    STANDARD_ERRORS = 40  # rows that stand for all when standard errors are scaled
    COMPRESS = 50  # starting vectors of the SVD of compressed draws


class ChainStream(IntEnum):
    """What is drawn in a step of a Gibbs chain, keyed by seed, chain and sweep.

    Each has 16 numbers, one for every side and part.
    """

    HYPER = 0
    ROWS = 1
    WEIGHTS = 2
    STRENGTHS = 3
    TARGETS = 4
    NOISE = 5
    CUTPOINTS = 6
    START = 7
    OWN_NOISE = 8
    TIME = 9


def stream_of(stream: Stream, side: str) -> int:
    """Return the number of a stream that each side has one of.

    Parameters
    ----------
    stream : Stream
        That of the users.
    side : {"user", "item"}
        Whose numbers are drawn.

    Examples
    --------
    >>> stream_of(Stream.FOLD_ROWS, "user"), stream_of(Stream.FOLD_ROWS, "item")
    (30, 31)
    """
    return int(stream) + (side == "item")


def key_of(seed: int, step: int, stream: int) -> np.uint64:
    """Return the key of one stream of counter-based numbers, as the kernels take it.

    Examples
    --------
    >>> int(key_of(0, 0, Stream.HOLDOUT)) == int(key_of(0, 0, 2))
    True
    """
    from palate.kernels.random import key_of as compiled

    return compiled(seed, step, int(stream))


def generator(seed: int, chain: int, sweep: int, stream: int) -> np.random.Generator:
    """Return the generator of one step of one sweep of a chain, which no other step shares.

    Examples
    --------
    >>> generator(0, 0, 1, 16 * ChainStream.NOISE).random() == generator(0, 0, 1, 80).random()
    True
    """
    return philox(int(key_of(int(key_of(seed, chain, 0)) >> 1, sweep, stream)))


def chain_key(seed: int, chain: int, sweep: int, stream: int) -> np.uint64:
    """Return the key of a table of counter-based numbers of one step of a chain.

    Examples
    --------
    >>> chain_key(0, 0, 1, 16) == chain_key(0, 0, 1, 16), chain_key(0, 0, 1, 16) == chain_key(0, 1, 1, 16)
    (np.True_, np.False_)
    """
    return key_of(int(key_of(seed, chain, 1)) >> 1, sweep, stream)


def philox(key: int) -> np.random.Generator:
    """Return NumPy's generator of a key, whose numbers are the same in every process.

    >>> philox(22).random() == philox(22).random()
    True
    """
    return np.random.Generator(np.random.Philox(key=key))


def from_seed(seed: int) -> np.random.Generator:
    """Return the one generator of a seed, for what is drawn once and sorted or shuffled.

    These are splits and samples of rows. ArgumentError unless `seed` is one.

    >>> from_seed(0).permutation(3).tolist()
    [2, 0, 1]
    """
    return np.random.default_rng(check_seed(seed))
