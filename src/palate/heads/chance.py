"""The probability of a choice by the item's place in a ranking, and by how much the user chooses.

`P(chosen) = 1 - exp(-level (place + shift) ** -slope (n / usual) ** activity)`, where n is the
number of choices of the user that the model knows.

The numbers are those under which the hits of held-out choices are most likely; the level is then
moved so that about as many of the first ten items are chosen as were. The curve falls with the place, and
grows with n alike at all places, so that the order of the choice head is kept.
"""

from dataclasses import dataclass

import numpy as np

SHIFTS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
SLOPES = (0.1, 3.0)  # least and greatest
ACTIVITIES = (0.0, 2.0)
GROUPS = 24  # of users with about as many choices, which are counted together
LISTED = 10  # places at which as many choices are expected as there were
_DOUBT = 10  # hits that the curve fitted to all places counts as there
_STEPS = 40  # of Newton's method, of which it takes about ten
_RIDGE = 1e-6


@dataclass(frozen=True, kw_only=True)
class ChanceByPlace:
    """The probability that the item at a place of the choice head's ranking is chosen.

    Parameters
    ----------
    level, shift, slope : float
    average : float
        The rate of an item picked at random; 0 if there were no held-out choices.
    activity : float, default 0.0
        How much more users choose of whom more choices are known: 1 is in proportion, 0 not at all.
    usual : float, default 1.0
        Number of choices of the user whose rate is `level (place + shift) ** -slope`.

    Examples
    --------
    >>> chance = ChanceByPlace(level=0.5, shift=0.0, slope=1.0, average=0.01, activity=1.0, usual=20.0)
    >>> chance.of(np.array([1, 10])).round(3).tolist()
    [0.393, 0.049]
    >>> chance.of(np.array([1, 10]), np.array([2, 200])).round(3).tolist()
    [0.049, 0.393]
    """

    level: float
    shift: float
    slope: float
    average: float
    activity: float = 0.0
    usual: float = 1.0

    def of(self, places: np.ndarray, n_choices: np.ndarray | None = None) -> np.ndarray:
        """Return the probability at each place (from 1), float64.

        It is that of users with `n_choices` known choices, else of the usual user.
        """
        rate = np.exp(self.log(places))
        if n_choices is not None:
            rate = rate * (np.maximum(n_choices, 1) / self.usual) ** self.activity
        return np.asarray(-np.expm1(-rate))

    def log(self, places: np.ndarray) -> np.ndarray:
        """Return the logarithm of the usual user's rate, which falls at every place, float64."""
        shifted = np.asarray(places, np.float64) + self.shift
        return np.asarray(np.log(self.level) - self.slope * np.log(shifted))

    def in_words(self, place: int) -> str:
        """Return how likely the item at a place is to be chosen, compared with an item picked at random.

        The text is empty if this is not known. How much a user chooses does not matter: it changes both
        alike.

        Examples
        --------
        >>> chance = ChanceByPlace(level=0.5, shift=0.0, slope=1.0, average=0.01)
        >>> chance.in_words(1), chance.in_words(6)
        ('far more likely to be chosen than most', 'more likely to be chosen than most')
        >>> chance.in_words(40), chance.in_words(400)
        ('about as likely to be chosen as most', 'less likely to be chosen than most')
        """
        return self._in_words(float(np.exp(self.log(np.array([place]))[0])))

    def probability_in_words(self, chance: float, n_choices: int | None = None) -> str:
        """Return the same words for a probability that a user with `n_choices` known choices chooses an item.

        >>> chance = ChanceByPlace(level=0.5, shift=0.0, slope=1.0, average=0.01, activity=1.0, usual=20.0)
        >>> chance.probability_in_words(0.03), chance.probability_in_words(0.03, 2)
        ('about as likely to be chosen as most', 'far more likely to be chosen than most')
        """
        rate = -float(np.log1p(-min(chance, 1 - 1e-12)))
        if n_choices is not None:
            rate /= (max(n_choices, 1) / self.usual) ** self.activity
        return self._in_words(rate)

    def _in_words(self, rate: float) -> str:
        if self.average <= 0:
            return ""
        times = rate / self.average * (1 + 1e-9)
        for least, words in ((20, "far more likely"), (5, "more likely")):
            if times >= least:
                return f"{words} to be chosen than most"
        usual = "about as likely to be chosen as most"
        return usual if times >= 0.5 else "less likely to be chosen than most"


def not_known(n_items: int) -> ChanceByPlace:
    """Return the curve for the case without held-out choices: it falls slowly with the place."""
    return ChanceByPlace(level=max(1 / max(1, n_items), 1e-6), shift=1.0, slope=0.5, average=0.0)


def fit_chance(hits: np.ndarray, n_choices: np.ndarray, n_shown: np.ndarray, average: float) -> ChanceByPlace:
    """Return the curve under which these hits are most likely.

    Parameters
    ----------
    hits : ndarray of shape (n_users, n_places), bool
        Whether each user chose the item at each place, from the first on.
    n_choices : ndarray of shape (n_users,), int
        Number of choices that are known of each user.
    n_shown : ndarray of shape (n_users,), int
        Number of places that each user's ranking has.
    average : float
        The mean over users of the rate of an item picked at random.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> n_choices, places = rng.integers(5, 100, 4000), np.arange(1, 301)
    >>> true = ChanceByPlace(level=2.0, shift=5.0, slope=1.0, average=0.001, activity=1.0, usual=50.0)
    >>> hits = rng.random((4000, 300)) < true.of(places, n_choices[:, None])
    >>> found = fit_chance(hits, n_choices, np.full(4000, 300), 0.001)
    >>> found.shift, round(found.slope, 1), round(found.activity, 1)
    (5.0, 1.0, 1.0)
    """
    if not hits.any():
        return not_known(hits.shape[1])
    usual = float(np.maximum(n_choices, 1).mean())
    hit, shown, logs = _grouped(hits, np.log(np.maximum(n_choices, 1) / usual), n_shown)
    places = np.arange(1, hits.shape[1] + 1)
    found = [_fitted(hit, shown, logs, np.log(places + shift)) for shift in SHIFTS]
    best = int(np.argmax([likelihood for likelihood, _ in found]))
    log_level, slope, activity = found[best][1]
    rate = np.exp(log_level + activity * logs[:, None] - slope * np.log(places + SHIFTS[best]))
    log_level += _correction(hit[:, :LISTED], shown[:, :LISTED], rate[:, :LISTED])
    of_usual = float(np.mean(np.exp(activity * np.log(np.maximum(n_choices, 1) / usual))))
    return ChanceByPlace(
        level=float(np.exp(log_level)),
        shift=SHIFTS[best],
        slope=float(slope),
        average=average / of_usual,
        activity=float(activity),
        usual=usual,
    )


def _grouped(
    hits: np.ndarray, logs: np.ndarray, n_shown: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return hits and users at each place, (n_groups, n_places), and the mean log activity of each group."""
    order, places = np.argsort(logs, kind="stable"), np.arange(hits.shape[1])
    parts = [part for part in np.array_split(order, GROUPS) if len(part)]
    hit = np.array([hits[part].sum(axis=0) for part in parts], np.float64)
    shown = np.array([(n_shown[part, None] > places).sum(axis=0) for part in parts], np.float64)
    return hit, shown, np.array([logs[part].mean() for part in parts])


def _fitted(
    hit: np.ndarray, shown: np.ndarray, logs: np.ndarray, places: np.ndarray
) -> tuple[float, tuple[float, float, float]]:
    """Return the log likelihood and the (log level, slope, activity) with the highest, within their limits.

    It is a binomial model with a complementary log-log link, fitted by Fisher scoring.
    """
    ones = np.ones(hit.shape)
    table = np.stack([ones, -places * ones, logs[:, None] * ones], axis=-1).reshape(-1, 3)
    hit, shown = hit.ravel(), shown.ravel()
    first = np.array([np.log(hit.sum() / shown.sum()) + places.mean(), 1.0, 0.0])
    at, free = _maximum(hit, shown, table, first, [0, 1, 2]), [0, 1, 2]
    for column, (least, most) in ((1, SLOPES), (2, ACTIVITIES)):
        if not least <= at[column] <= most:
            at[column] = np.clip(at[column], least, most)
            free.remove(column)
            at = _maximum(hit, shown, table, at, free)
    at[1], at[2] = np.clip(at[1], *SLOPES), np.clip(at[2], *ACTIVITIES)
    rate = np.exp(table @ at)
    likelihood = hit @ np.log(np.maximum(-np.expm1(-rate), 1e-300)) - (shown - hit) @ rate
    return float(likelihood), (float(at[0]), float(at[1]), float(at[2]))


def _correction(hit: np.ndarray, shown: np.ndarray, rate: np.ndarray) -> float:
    """Return what to add to the logarithms of rates to expect about as many hits as there were."""

    def expected(add: float) -> float:
        return float((shown * -np.expm1(-rate * np.exp(add))).sum())

    wanted = expected(0.0) * (hit.sum() + _DOUBT) / (expected(0.0) + _DOUBT)
    low, high = -3.0, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if expected(middle) < wanted else (low, middle)
    return (low + high) / 2


def _maximum(
    hit: np.ndarray, shown: np.ndarray, table: np.ndarray, at: np.ndarray, free: list[int]
) -> np.ndarray:
    """Return the coefficients of the highest likelihood, of which those not `free` stay."""
    columns, at = table[:, free], at.copy()
    for _ in range(_STEPS):
        rate = np.exp(np.clip(table @ at, -30, 3))
        chance = np.maximum(-np.expm1(-rate), 1e-13)
        slope = rate * np.exp(-rate)
        weight = shown * slope**2 / (chance * np.maximum(1 - chance, 1e-13))
        gradient = columns.T @ ((hit - shown * chance) * slope / (chance * np.maximum(1 - chance, 1e-13)))
        step = np.linalg.solve((columns.T * weight) @ columns + _RIDGE * np.eye(len(free)), gradient)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        at[free] += step
        if np.abs(step).max() < 1e-8:
            break
    return at
