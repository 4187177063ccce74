"""Lists shaped as a whole: boosts, caps per value, and diversity by maximal marginal relevance.

A list is filled place by place. Each place takes the item with the highest

    (1 - diversity) r_i / max r - diversity max over the items listed so far of likeness(i, j)

among those that the caps leave, the higher-ranked of equal ones. `r_i` is the item's chance of
being chosen times its boost. The chance falls with the place in the ranking, so that no item behind
the first m can have a value above `(1 - diversity) max boost chance(m) / max r`: as soon as what a
place takes has as much, it is what all items would have given. Where it has less, more items are
taken from the ranking, all of them if need be. The list is therefore exactly that of the greedy
rule over all items.

Each item that is listed is compared once with all that may follow.

References
----------
Carbonell, Goldstein (1998), "The Use of MMR, Diversity-Based Reranking for Reordering Documents and
Producing Summaries".
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from palate._checks import ArgumentError, check_number
from palate.data.arguments import warn_caller
from palate.lists.boosts import Boost, boosts_of
from palate.lists.caps import AtMost, Caps, Count, caps_of
from palate.lists.likeness import Likeness, among, likeness_of
from palate.lists.lookup import UserRows
from palate.scorer import Scorer

FIRST = 64  # items taken from a ranking at first
WIDER = 16  # factor on their number each time they were too few
SHIFT, SLOPE = 5.0, 0.8  # of the chance by place, as two heads fit it to the bundled ratings

Arrays = tuple[np.ndarray, ...]  # items (m, width), then what is known of each place of a ranking


class ShortListWarning(UserWarning):
    """Caps leave fewer items than were asked for; the message names the values that are full."""


def chance_by_place(found: Arrays) -> np.ndarray:
    """Return the chance of the items of a ranking: `((1 + shift) / (place + shift)) ** slope`.

    Examples
    --------
    >>> chance_by_place((np.array([[7, 3, 9]]),)).round(3).tolist()
    [[1.0, 0.884, 0.794]]
    """
    places = np.arange(1, found[0].shape[1] + 1)
    return np.broadcast_to(((1 + SHIFT) / (places + SHIFT)) ** SLOPE, found[0].shape)


@dataclass(frozen=True, eq=False)
class Shape:
    """What changes lists as a whole: boosts, caps and diversity."""

    diversity: float
    caps: list[Caps]
    boost: np.ndarray | None
    likeness: Likeness | None

    @property
    def most(self) -> float:
        """The largest factor on an item's chance."""
        return 1.0 if self.boost is None else max(1.0, float(self.boost.max()))


def shape_of(
    scorer: Scorer, diversity: object = 0.0, at_most: AtMost | None = None, boost: Boost | None = None
) -> Shape | None:
    """Return the shape that the arguments of `recommend` ask for, None if they ask for nothing.

    Raises
    ------
    TypeError, ValueError, KeyError
        If an argument is of the wrong kind or out of range, or names what there is not.
    """
    diversity = check_diversity(diversity)
    caps, factors = caps_of(at_most, scorer), boosts_of(boost, scorer)
    if not diversity and not caps and factors is None:
        return None
    likeness = likeness_of(scorer) if diversity else None
    if diversity and likeness is None:
        must = "be 0 for a model without vectors or weights of items, and without genres"
        raise ArgumentError("diversity", must, f"{diversity:g}", "Train with a catalog that has genres.")
    return Shape(diversity, caps, factors, likeness)


def check_diversity(diversity: object) -> float:
    """Return the diversity if it is a number from 0 to 1."""
    number = check_number("diversity", diversity)
    if not 0 <= number <= 1:
        advice = "0 ranks by the chance alone, 1 by the difference from the items above."
        raise ArgumentError("diversity", "be between 0 and 1", f"{number:g}", advice)
    return number


@dataclass(frozen=True, eq=False)
class Shaped:
    """Shaped lists: the results of `ranked` for the items taken, and where caps left places empty."""

    arrays: Arrays  # each (n_rows, n): -1, NaN or 0 at free places
    full: dict[int, list[str]]  # for rows whose lists are shorter because of caps: the values that are full


def shaped(
    shape: Shape,
    ranked: Callable[[np.ndarray, int], Arrays],
    n_rows: int,
    n: int,
    n_items: int,
    chance: Callable[[Arrays], np.ndarray] = chance_by_place,
) -> Shaped:
    """Return the shaped list of each row.

    Parameters
    ----------
    shape : Shape
    ranked : callable
        `ranked(rows, width)` returns the items of the first `width` places of these rows, -1 at
        free ones, and further arrays of that form.
    n_rows, n : int
    n_items : int
        How many items the filters leave: no ranking is longer.
    chance : callable
        Gives what `ranked` returns a chance at each place, which must not rise.
    """
    n = min(n, n_items)
    out: list[np.ndarray] = []
    full: dict[int, list[str]] = {}
    open_, width = np.arange(n_rows), max(FIRST, 4 * n)
    while True:
        width = min(width, n_items)
        found = ranked(open_, width)
        out = out or [np.full((n_rows, n), _nothing(array), array.dtype) for array in found]
        chances, left = chance(found), []
        for at, row in enumerate(open_):
            taken = _Filling(shape, found[0][at], chances[at], complete=width >= n_items).list(n)
            if taken is None:
                left.append(row)
                continue
            columns, filled = taken
            for array, target in zip(found, out, strict=True):
                target[row, : len(columns)] = array[at, columns]
            if filled:
                full[int(row)] = filled
        open_, width = np.array(left, np.int64), WIDER * width
        if not len(open_):
            return Shaped(tuple(out), full)


def _nothing(array: np.ndarray) -> float:
    return np.nan if array.dtype.kind == "f" else -1


class _Filling:
    """One list being filled from the first places of a ranking."""

    def __init__(self, shape: Shape, items: np.ndarray, chance: np.ndarray, complete: bool) -> None:
        there = items >= 0
        self.shape, self.items = shape, items[there]
        self.complete = complete or not there.all()
        gain = chance[there] if shape.boost is None else chance[there] * shape.boost[self.items]
        top = float(gain.max()) if len(gain) else 1.0
        self.gain = (1 - shape.diversity) * gain / top
        self.beyond = (
            (1 - shape.diversity) * float(chance[there][-1]) * shape.most / top if len(gain) else 0.0
        )
        self.counts = [Count(caps, np.zeros(len(caps.limits), np.int64)) for caps in shape.caps]
        self.n_items = len(shape.caps[0].tags.indptr) - 1 if shape.caps else 0
        self.taken: list[int] = []
        self.value = self.gain.copy()  # of each place; -inf where it is not free
        self.nearest = np.zeros(len(self.items))  # to those of the list
        self.alike = None if shape.likeness is None else among(shape.likeness, self.items)

    def list(self, n: int) -> tuple[np.ndarray, list[str]] | None:
        """Return the places taken, and the values whose caps left too few.

        Return None if an item behind could belong to the list.
        """
        while len(self.taken) < n:
            best = int(np.argmax(self.value)) if len(self.value) else -1  # the first of equal ones
            value = -np.inf if best < 0 else self.value[best]
            ended = value == -np.inf
            if not self.complete and (ended or value < self.beyond or self.beyond > 1 - self.shape.diversity):
                return None
            if ended:
                break
            self._take(best)
            if self.alike is not None and len(self.taken) < n:
                self._compare(int(self.items[best]), self.alike)
        short = len(self.taken) < min(n, len(self.items))
        full = [value for count in self.counts for value in count.full()] if short else []
        return np.array(self.taken, np.int64), full

    def _compare(self, item: int, alike: Callable[[int], np.ndarray]) -> None:
        """Lower the value of every remaining place that is similar to an item of the list."""
        np.maximum(self.nearest, np.minimum(alike(item), 1.0), out=self.nearest)
        free = self.value > -np.inf
        np.subtract(self.gain, self.shape.diversity * self.nearest, out=self.value, where=free)

    def _take(self, place: int) -> None:
        item = int(self.items[place])
        self.taken.append(place)
        self.value[place] = -np.inf
        full = [holders for count in self.counts for holders in count.add(item)]
        if full:
            # In one array over items: searching the ranking for each item would take most of the time.
            left = np.ones(self.n_items, bool)
            left[np.concatenate(full)] = False
            self.value[~left[self.items]] = -np.inf


def warn_if_short(rows: UserRows, n: int, found: Shaped) -> None:
    """Say whose lists are shorter than asked for because of caps."""
    if not found.full:
        return
    first = min(found.full)
    n_listed = int((found.arrays[0][first] >= 0).sum())
    listed = ", ".join(found.full[first][:5]) + (", ..." if len(found.full[first]) > 5 else "")
    whom = f"user {rows.labels[first]!r}"
    if len(found.full) > 1:
        whom = f"{len(found.full):,} users, the first of them {rows.labels[first]!r}"
    said = f"at_most leaves {n_listed} of {n} places filled for {whom}"
    warn_caller(f"{said}: the limits of these values are reached: {listed}.", ShortListWarning)
