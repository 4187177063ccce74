"""The choice models that are tried, those first that are chosen most often."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from palate.data.ratings import Ratings
from palate.solve.grades import COUNTS
from palate.training.als.least_squares import LeastSquares
from palate.training.linear import DENSE, GIGABYTE, LinearItems
from palate.training.popular import Popular
from palate.training.spectral import Spectral

POPULAR, FACTORS, ITEMS, DENSE_ITEMS, SUM = "popular", "factors", "items", "dense items", "sum"
MOST_DENSE = 6_000  # dense item-to-item models are tried up to so many items or so many users
LOCAL_L2 = (0.5, 1.0, 2.0, 4.0, 8.0)  # of the local model, in units of the mean diagonal
FAR_L2 = (16.0, 32.0)  # for tables with few ratings of each item
DENSE_L2 = (100.0, 300.0)
LATELY = (1 / 256, 1 / 64, 1 / 16)  # half-lives of popular lately, as shares of the span of the times
MANY_ITEMS = 100_000
FEW_USERS = 10_000
FEW_FACTORS = (8, 16, 32, 64)  # of the spectral model, for tables with few ratings of each user


@dataclass(frozen=True)
class Candidate:
    """A choice model to try: its name in the table, its kind, and its trainer.

    A model of kind `DENSE_ITEMS`, and a sum with such a part, is `large`: it takes the square of the
    number of items, or with few users the users times the items. One that is `far` has a setting
    outside the usual range, which only few tables need: it has to be clearly better than the usual ones
    of its kind, since the best of many is partly the luckiest.
    """

    name: str
    kind: str
    trainer: Any
    large: bool = False
    far: bool = False


def popular(ratings: Ratings) -> Iterator[Candidate]:
    """Yield most popular and, where there are times, popular lately."""
    yield Candidate("most popular", POPULAR, Popular())
    span = 0.0 if ratings.timestamp is None else float(np.ptp(ratings.timestamp))
    for share in LATELY if span else ():
        name = f"popular lately, half-life {share:.4f} of the time span"
        yield Candidate(name, POPULAR, Popular(half_life=span * share))


def tries_dense(n_users: int, n_items: int) -> bool:
    """Return whether dense item-to-item models are among the candidates for a table of this size."""
    memory = LinearItems.dense_bytes(n_users, n_items)
    return min(n_users, n_items) <= MOST_DENSE and memory <= GIGABYTE * LinearItems().memory_limit


def personal(ratings: Ratings, grades: str) -> Iterator[Candidate]:
    """Yield the models of a user's own choices.

    A large table leaves time for a single kind. Local item-to-item models come first, which have the better
    lists on most tables, unless the catalog is so large that spectral models take less time.

    Parameters
    ----------
    ratings : Ratings
        What they will be trained on.
    grades : {"ratings", "counts", "alike"}
        What a value says of a choice.
    """
    most = min(ratings.n_users, ratings.n_items)
    small = ratings.n_users < FEW_USERS
    usual = {min(k, most) for k in ((64, 128) if small else (128, 512))}
    spectral = [
        Candidate(f"spectral, {k} factors", FACTORS, Spectral(n_factors=k, grades=grades), far=k not in usual)
        for k in (*sorted(usual), *(k for k in FEW_FACTORS if k < min(usual)))
    ]
    linear = {l2: LinearItems(l2=l2, grades=grades) for l2 in (*LOCAL_L2, *FAR_L2)}
    local = [
        Candidate(f"linear items, local, l2 {l2:g}", ITEMS, trainer, far=l2 in FAR_L2)
        for l2, trainer in linear.items()
    ]
    yield from (*spectral, *local) if ratings.n_items > MANY_ITEMS else (*local, *spectral)
    if tries_dense(ratings.n_users, ratings.n_items):
        for l2 in DENSE_L2:
            dense = LinearItems(form=DENSE, l2=l2, grades=grades)
            yield Candidate(f"linear items, dense, l2 {l2:g}", DENSE_ITEMS, dense, large=True)
    if grades == COUNTS:
        weighted = LeastSquares.for_counts("linear", n_factors=min(64, most), max_sweeps=15)
        yield Candidate("least squares of counts", FACTORS, weighted)
