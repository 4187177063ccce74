"""Where a chain is, which with a stream names every random number that is drawn."""

from dataclasses import dataclass

import numpy as np

from palate._random import ChainStream, chain_key, generator

HYPER, ROWS, WEIGHTS, STRENGTHS, TARGETS, NOISE, CUTPOINTS, START, OWN_NOISE, TIME = ChainStream


@dataclass(frozen=True)
class Clock:
    """Where a chain is: with a stream it names every random number that is drawn."""

    seed: int
    chain: int
    sweep: int
    threads: int

    def rng(self, stream: int, side: int) -> np.random.Generator:
        """Return the generator of a step, which no other step shares."""
        return generator(self.seed, self.chain, self.sweep, 16 * stream + side)

    def key(self, stream: int, side: int) -> np.uint64:
        """Return the key of a table of counter-based numbers."""
        return chain_key(self.seed, self.chain, self.sweep, 16 * stream + side)
