"""A user as a question finds them."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Asked:
    """A user of a model: the scorer that knows them, their id and row, and what no list may hold."""

    model: Any
    user: Any
    row: int
    source: str
    seen: np.ndarray  # positions of the items rated or marked as seen, ascending, int32
    live: np.ndarray  # those of them that are live, which never come back, int32
    n_ratings: int


def positions(found: Iterable[int]) -> np.ndarray:
    """Return positions of items ascending and once each, int32."""
    return np.unique(np.fromiter(found, np.int32))
