"""The test set of an evaluation: the test ratings, and which of them are relevant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words, check_choice, check_number, is_integer
from palate.data.dataset import ratings_of
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.lists.likeness import Likeness, genre_likeness, own_likeness
from palate.scorer import Scorer

GAINS = ("binary", "rating")
_RELEVANT_SHARE = 0.75  # of the scale: 4 and more of 5 stars, 8 and more of 10 points


@dataclass(frozen=True, eq=False)
class Alike:
    """How alike items are: by the genres of a catalog, else by what a model says of them."""

    items: Vocabulary
    of: Likeness  # in positions of `items`
    by: str  # in words

    def among(self, items: Vocabulary, listed: np.ndarray) -> np.ndarray:
        """Return lists of positions in another vocabulary as positions here; -1 where unknown."""
        if items is self.items or items == self.items:
            return listed
        here = np.append(self.items.indices(items.values), -1)
        return np.asarray(here[listed])


def alike_by(scorers: Sequence[Scorer]) -> Alike | None:
    """Return the similarity of items: by genres, else by vectors or weights; None without any.

    It is that of the first scorer that has genres, else of the first that has the others.
    """
    for by, find in (("genres", genre_likeness), ("vectors", own_likeness)):
        for scorer in scorers:
            found = find(scorer)
            if found is not None:
                return Alike(scorer.items, found, by)
    return None


@dataclass(frozen=True, eq=False, kw_only=True)
class TestSet:
    """Test ratings in the form that scoring needs.

    Parameters
    ----------
    test : Ratings
    ks : tuple of int
        Lengths of lists, ascending; none when only predictions are tested.
    relevant_from : float or None
        The lowest rating that counts as relevant; None when all do.
    gain : {"binary", "rating"}
    candidates : ids or None
        The only items that lists may hold; relevant ratings of other items are then not looked for in them.
    alike : Alike or None
        How alike items are, the same for all models; None where nothing is known.
    """

    test: Ratings
    ks: tuple[int, ...]
    relevant_from: float | None
    gain: str
    candidates: Any = None
    alike: Alike | None = None

    @cached_property
    def users(self) -> np.ndarray:
        """The users with test ratings as indexes of `test.users`, ascending.

        They are the rows of every table of users.
        """
        return np.flatnonzero(np.diff(self.test.user_indptr))

    @cached_property
    def row(self) -> np.ndarray:
        """The row in `users` of each test rating."""
        return np.repeat(np.arange(len(self.users)), self.n_test)

    @cached_property
    def n_test(self) -> np.ndarray:
        """The number of test ratings of each row, int64."""
        return np.asarray(np.diff(self.test.user_indptr)[self.users])

    def of_rows(self, values: np.ndarray) -> np.ndarray:
        """Return one of each row's values, which are the same for all test ratings of a user."""
        return np.asarray(values[self.test.user_indptr[self.users]])

    @cached_property
    def relevant(self) -> np.ndarray:
        """Which test ratings are relevant, bool."""
        enough = np.ones(len(self.test), dtype=bool)
        if self.relevant_from is not None:
            enough = self.test.value >= np.float32(self.relevant_from)
        if self.candidates is not None:
            enough &= self.may_list(self.test.items)[self.test.item_index]
        return enough

    def may_list(self, items: Vocabulary) -> np.ndarray:
        """Return which items of a vocabulary are among the candidates, bool."""
        return np.isin(np.arange(len(items)), items.indices(self.candidates))

    @property
    def lowest_relevant(self) -> float | None:
        """The threshold as a rating that occurs, such as 4 for 3.875; None when all are relevant."""
        if self.relevant_from is None or not self.relevant.any():
            return self.relevant_from
        return float(self.test.value[self.relevant].min())

    @cached_property
    def worth(self) -> np.ndarray:
        """The gain of each relevant rating, float64."""
        values = self.test.value[self.relevant].astype(np.float64)
        return values if self.gain == "rating" else np.ones(len(values))


def checked_test_set(
    test: Ratings,
    k: object,
    relevant_from: float | None,
    gain: str,
    scale: tuple[float, float] | None,
    candidates: object = None,
) -> TestSet:
    """Check the arguments of an evaluation and return the test set that they make.

    Parameters
    ----------
    test : Ratings
    k : int or collection of int
    relevant_from : float or None
        None is the default of the scale: the top quarter, or everything when scores are no ratings.
    gain : str
    scale : (float, float) or None
    candidates : ids, optional

    Raises
    ------
    TypeError, ValueError
        If there are no test ratings, or an argument is out of range; the message says which.
    """
    test = ratings_of(test, "test", " or a split")
    if not len(test):
        raise ArgumentError("test", "hold at least one rating", "none")
    check_choice("gain", gain, GAINS)
    threshold = default_threshold(scale) if relevant_from is None else _threshold(relevant_from)
    test_set = TestSet(test=test, ks=_lengths(k), relevant_from=threshold, gain=gain, candidates=candidates)
    if gain == "rating" and test_set.relevant.any() and test_set.worth.min() < 0:
        must = "have relevant ratings of at least 0"
        advice = Words.of("Use `gain='binary'`, or count only ratings from `relevant_from=0` on.")
        raise ArgumentError("gain='rating'", must, f"{test_set.worth.min():g}", advice)
    return test_set


def default_threshold(scale: tuple[float, float] | None) -> float | None:
    """Return the lowest relevant rating: the top quarter of the scale, or None (all) without a scale.

    Examples
    --------
    >>> default_threshold((1, 5)), default_threshold((0, 10)), default_threshold(None)
    (4.0, 7.5, None)
    """
    return None if scale is None else scale[0] + _RELEVANT_SHARE * (scale[1] - scale[0])


def _threshold(value: object) -> float:
    number = check_number("relevant_from", value)
    if np.isnan(number):
        raise ArgumentError("relevant_from", "be a number", "NaN")
    return number


def _lengths(k: object) -> tuple[int, ...]:
    values = list(k) if isinstance(k, Iterable) and not isinstance(k, str) else [k]
    found = set()
    for value in values:
        if not is_integer(value):
            raise ArgumentTypeError("k", "hold whole numbers", f"{value!r}")
        if value < 1:
            raise ArgumentError("k", "be at least 1", f"{value}")
        found.add(int(value))
    return tuple(sorted(found))
