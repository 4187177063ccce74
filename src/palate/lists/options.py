"""The options of a list of recommendations, for functions that pass them on."""

from typing import TypedDict

from palate.lists.approximate import Approximate
from palate.lists.boosts import Boost
from palate.lists.caps import AtMost
from palate.lists.where import Where


class ListOptions(TypedDict, total=False):
    """The keywords of `palate.lists.recommending.recommend`."""

    min_ratings: int
    exclude_seen: bool
    where: Where | None
    candidates: object
    exclude_items: object
    ascending: bool
    caution: float
    explore: str | None
    seed: int
    words: bool
    diversity: float
    at_most: AtMost | None
    boost: Boost | None
    approximate: Approximate
    threads: int | None
