"""The probability of a choice by the place of the item in the choice head's ranking.

`P(chosen) = level (place + shift) ** -slope`.

The three numbers are fitted by maximum likelihood to the numbers of held-out choices at each place
(a Poisson model). The curve falls with the place, so that it keeps the order of the choice head.
"""

from dataclasses import dataclass

import numpy as np

SHIFTS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
SLOPES = np.round(np.arange(0.1, 3.01, 0.05), 2)


@dataclass(frozen=True, kw_only=True)
class ChanceByPlace:
    """The probability that the item at a place of the choice head's ranking is chosen.

    Parameters
    ----------
    level, shift, slope : float
    average : float
        The probability that an item picked at random is chosen; 0 if there were no held-out choices.

    Examples
    --------
    >>> chance = ChanceByPlace(level=0.5, shift=0.0, slope=1.0, average=0.01)
    >>> chance.of(np.array([1, 10])).round(3).tolist()
    [0.5, 0.05]
    """

    level: float
    shift: float
    slope: float
    average: float

    def of(self, places: np.ndarray) -> np.ndarray:
        """Return the probability at each place (from 1), float64."""
        return np.asarray(np.minimum(np.exp(self.log(places)), 1.0))

    def log(self, places: np.ndarray) -> np.ndarray:
        """Return the logarithm of the curve, float64. It may be above 0, so that it falls at every place."""
        found: np.ndarray = np.log(self.level) - self.slope * np.log(
            np.asarray(places, np.float64) + self.shift
        )
        return found

    def in_words(self, place: int) -> str:
        """Return how likely the item at a place is to be chosen, compared with an item picked at random.

        The text is empty if this is not known.

        Examples
        --------
        >>> chance = ChanceByPlace(level=0.5, shift=0.0, slope=1.0, average=0.01)
        >>> chance.in_words(1), chance.in_words(6)
        ('far more likely to be chosen than most', 'more likely to be chosen than most')
        >>> chance.in_words(40), chance.in_words(400)
        ('about as likely to be chosen as most', 'less likely to be chosen than most')
        """
        return self.probability_in_words(float(self.of(np.array([place]))[0]))

    def probability_in_words(self, chance: float) -> str:
        """Return the same words for a probability that the item is chosen.

        >>> ChanceByPlace(level=0.5, shift=0.0, slope=1.0, average=0.01).probability_in_words(0.3)
        'far more likely to be chosen than most'
        """
        if self.average <= 0:
            return ""
        times = chance / self.average
        for least, words in ((20, "far more likely"), (5, "more likely")):
            if times >= least:
                return f"{words} to be chosen than most"
        return (
            "about as likely to be chosen as most" if times >= 0.5 else "less likely to be chosen than most"
        )


def fit_chance(hits: np.ndarray, n_users: int, average: float) -> ChanceByPlace:
    """Return the curve under which these hits are most likely.

    Parameters
    ----------
    hits : ndarray of shape (n_places,), int
        Number of users who chose the item at each place, from the first on.
    n_users : int
        Number of users whose rankings these are.
    average : float
        The probability that an item picked at random is chosen.

    Examples
    --------
    >>> places = np.arange(1, 301)
    >>> chance = fit_chance(np.round(4e5 / (places + 5)), 1_000_000, 0.001)
    >>> chance.shift, chance.slope
    (5.0, 1.0)
    """
    hits = np.asarray(hits, np.float64)
    total, places = hits.sum(), np.arange(1, len(hits) + 1)
    if not total or not n_users:  # nothing is known: the curve falls slowly, in the order of the choice head
        return ChanceByPlace(level=max(average, 1e-6), shift=1.0, slope=0.5, average=0.0)
    best = (-np.inf, 0.0, 0.0, 0.0)
    for shift in SHIFTS:
        logs = np.log(places + shift)
        for slope in SLOPES:
            level = total / (n_users * np.exp(-slope * logs).sum())
            likelihood = float(hits @ (np.log(level * n_users) - slope * logs) - total)
            best = max(best, (likelihood, float(level), shift, float(slope)))
    return ChanceByPlace(level=best[1], shift=best[2], slope=best[3], average=average)
