"""The options of a list of recommendations."""

from dataclasses import dataclass

from palate.lists.approximate import Approximate
from palate.lists.boosts import Boost
from palate.lists.caps import AtMost
from palate.lists.filters import Filters
from palate.lists.shaping import Shape, shape_of
from palate.scorer import Scorer


@dataclass(frozen=True, eq=False, kw_only=True)
class ListOptions(Filters):
    """The options of a list; see `palate.model.answers.Answers.recommend`."""

    exclude_seen: bool = True
    ascending: bool = False
    caution: float = 0.0
    explore: str | None = None
    seed: int = 0
    words: bool = False
    diversity: float = 0.0
    at_most: AtMost | None = None
    boost: Boost | None = None
    approximate: Approximate = False
    threads: int | None = None

    def shape(self, scorer: Scorer) -> Shape | None:
        """Return the shape that the options ask for, None for plain lists."""
        return shape_of(scorer, self.diversity, self.at_most, self.boost)


PLAIN = ListOptions()
