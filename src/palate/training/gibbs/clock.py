"""The position of a chain, which together with a stream identifies every random number."""

from dataclasses import dataclass

import numpy as np

from palate._random import ChainStream, chain_key, generator

HYPER, ROWS, WEIGHTS, STRENGTHS, TARGETS, NOISE, CUTPOINTS, START, OWN_NOISE, TIME = ChainStream


@dataclass(frozen=True)
class Clock:
    """The position of a chain; together with a stream it identifies every random number."""

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
