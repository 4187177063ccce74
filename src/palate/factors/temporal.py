"""Ratings in time: time bins, in which everyone's rows are shifted alike, and the sessions of a user,
each with a session effect.

In time bin t a user's row is `P_u + V_t` and an item's `Q_i + W_t` instead of P_u and Q_i, and all
ratings of one session are higher or lower by its session effect. A model holds its items as they
are in the last time bin and each user as in the time bin of their last rating, with what the items
were then in the bias. Predictions without a time are therefore for the time of the last rating.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from palate._checks import Setting, Words
from palate.data.vocabulary import rows_at

GAP = 86_400.0  # seconds without a rating after which another session begins
MOST = 20  # ratings after which another session begins
N_ERAS = 15


@dataclass(frozen=True, eq=False)
class Sittings:
    """The sessions of all users: those of user u are at `indptr[u] : indptr[u + 1]`, by ascending time."""

    indptr: np.ndarray  # (n_users + 1,) int64
    begin: np.ndarray  # (n_sittings,) int64, time of the first rating
    end: np.ndarray  # (n_sittings,) int64, time of the last one

    @classmethod
    def none(cls, n_users: int) -> "Sittings":
        """Return no session for anyone."""
        nothing = np.empty(0, np.int64)
        return cls(np.zeros(n_users + 1, np.int64), nothing, nothing)

    @classmethod
    def cut(cls, indptr: np.ndarray, times: np.ndarray) -> tuple["Sittings", np.ndarray]:
        """Return the sessions of users whose ratings begin at `indptr`, and which of them each
        rating belongs to (int32).

        A session ends at a day without a rating, or after 20 ratings; ratings of one time stay
        together, so that it may hold more.

        Examples
        --------
        >>> hour = 3600
        >>> sittings, which = Sittings.cut(np.array([0, 3]), np.array([0, 100 * hour, 1 * hour]))
        >>> which.tolist(), sittings.begin.tolist(), sittings.end.tolist()
        ([0, 1, 0], [0, 360000], [3600, 360000])
        """
        from palate.kernels.timing import cut_sittings, sitting_ends

        which, ends = np.empty(len(times), np.int32), np.empty(len(indptr), np.int64)
        n = cut_sittings(np.asarray(indptr, np.int64), times, GAP, MOST, which, ends)
        begin, end = np.empty(n, np.int64), np.empty(n, np.int64)
        sitting_ends(which, times, begin, end)
        return cls(ends, begin, end), which

    def __len__(self) -> int:
        return len(self.begin)

    def find(self, users: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return the session of each user that a time falls in or is within a day of, int64; -1
        where there is none.
        """
        from palate.kernels.timing import find_sittings

        out = np.empty(len(users), np.int64)
        user, time = np.ascontiguousarray(users, np.int64), np.ascontiguousarray(times, np.int64)
        find_sittings(self.indptr, self.begin, self.end, user, time, GAP, out)
        return out


def eras_of(edges: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the time bin of each time, int32, where time bins end at `edges`."""
    return np.searchsorted(edges, times, side="right").astype(np.int32)


def last_eras(users: np.ndarray, eras: np.ndarray, n_users: int, n_eras: int) -> np.ndarray:
    """Return the last of each user's time bins, int32; the last of all for a user without any."""
    found = np.full(n_users, -1, np.int32)
    np.maximum.at(found, users, eras)
    found[found < 0] = n_eras - 1
    return found


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeContext:
    """What a model knows of time.

    Parameters
    ----------
    edges : ndarray of shape (n_eras - 1,), int64
        Times at which a time bin ends and the next begins.
    user_shift, item_shift : ndarray of shape (n_draws, n_eras, n_factors + 1), float32
        What is added to every user's and every item's row in a time bin, beside the last one, the
        bias last.
    home : ndarray of shape (n_users,), int32
        The time bin that each user's row is of: that of the last rating, or the last for a user
        without any.
    sittings : Sittings
    mood : ndarray of shape (n_draws, n_sittings), float32
        What is added to the latent value of all ratings of a session.

    References
    ----------
    Koren (2009), "Collaborative Filtering with Temporal Dynamics": time bins of items, and users
    who differ from day to day.
    """

    edges: np.ndarray
    user_shift: np.ndarray
    item_shift: np.ndarray
    home: np.ndarray
    sittings: Sittings
    mood: np.ndarray

    @property
    def n_eras(self) -> int:
        """Number of time bins."""
        return len(self.edges) + 1

    def eras(self, times: np.ndarray) -> np.ndarray:
        """Return the time bin of each time, int32; what is before the first or after the last rating is
        in the first or last time bin.
        """
        return eras_of(self.edges, times)

    def of_users(
        self, home: np.ndarray, sittings: Sittings | None = None, mood: np.ndarray | None = None
    ) -> "TimeContext":
        """Return what is known of time for other users: the time bins that their rows are of, and their
        sessions where these are known.
        """
        if sittings is None or mood is None:
            sittings, mood = Sittings.none(len(home)), np.empty((len(self.mood), 0), np.float32)
        return replace(self, home=home.astype(np.int32), sittings=sittings, mood=mood)

    def of_rows(self, index: np.ndarray) -> "TimeContext":
        """Return what is known of time for some of the users; -1 names a new one, who is of the last
        time bin and has no sessions.
        """
        sittings, mood = _of_rows(self.sittings, self.mood, index)
        return self.of_users(rows_at(self.home, index, fill=self.n_eras - 1), sittings, mood)

    def with_rows(
        self, index: np.ndarray, home: np.ndarray, sittings: Sittings, mood: np.ndarray
    ) -> "TimeContext":
        """Return the context with the users of an index in these time bins, and with these sessions."""
        rows, eras = np.arange(len(self.home)), self.home.copy()
        rows[index], eras[index] = len(eras) + np.arange(len(index)), home
        both = Sittings(
            np.concatenate([self.sittings.indptr, sittings.indptr[1:] + self.sittings.indptr[-1]]),
            np.concatenate([self.sittings.begin, sittings.begin]),
            np.concatenate([self.sittings.end, sittings.end]),
        )
        return self.of_users(eras, *_of_rows(both, np.hstack([self.mood, mood]), rows))

    def draws(self, at: slice) -> "TimeContext":
        """Return what some draws know of time."""
        return replace(
            self, user_shift=self.user_shift[at], item_shift=self.item_shift[at], mood=self.mood[at]
        )

    @staticmethod
    def stacked(contexts: Sequence["TimeContext | None"]) -> "TimeContext | None":
        """Return the draws of what several models know of time; None if none knows of it.

        Raises
        ------
        ValueError
            If they know of other time bins or sessions, as models of other ratings do.
        """
        known = [context for context in contexts if context is not None]
        if not known:
            return None
        first = known[0]
        if len(known) < len(contexts) or not all(first.same_times(other) for other in known[1:]):
            raise ValueError(
                Words(
                    "models must have the same time bins and sessions, or none; fit them to the "
                    "same training ratings: with ",
                    Setting("validation", 0),
                    ", or the same validation Ratings.",
                )
            )
        return replace(
            first,
            user_shift=np.concatenate([context.user_shift for context in known]),
            item_shift=np.concatenate([context.item_shift for context in known]),
            mood=np.concatenate([context.mood for context in known]),
        )

    def same_times(self, other: "TimeContext") -> bool:
        """Return whether another context knows of the same time bins and sessions."""
        return (
            np.array_equal(self.edges, other.edges)
            and np.array_equal(self.home, other.home)
            and np.array_equal(self.sittings.begin, other.sittings.begin)
            and np.array_equal(self.sittings.end, other.sittings.end)
            and np.array_equal(self.sittings.indptr, other.sittings.indptr)
        )

    def moved(
        self, factors: np.ndarray, bias: np.ndarray, before: np.ndarray, after: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows of users that are of the time bins `before` as they are in the time bins `after`.

        Parameters
        ----------
        factors : ndarray of shape (n_draws, n, n_factors), float32
        bias : ndarray of shape (n_draws, n), float32
        before, after : ndarray of shape (n,), int
        """
        for era, sign in ((before, np.float32(-1)), (after, np.float32(1))):
            own, other = self.user_shift[:, era], self.item_shift[:, era]
            there = (
                factors + own[:, :, :-1] if sign > 0 else factors
            )  # the vector in the time bin, which met the items of then
            bias = bias + sign * (
                own[:, :, -1] + other[:, :, -1] + np.einsum("dnf,dnf->dn", there, other[:, :, :-1])
            )
            factors = factors + sign * own[:, :, :-1]
        return factors, bias


def _of_rows(sittings: Sittings, mood: np.ndarray, rows: np.ndarray) -> tuple[Sittings, np.ndarray]:
    """Return the sessions of some users, and their session effects; none for -1."""
    start = np.where(rows < 0, 0, sittings.indptr[rows])
    counts = np.where(rows < 0, 0, sittings.indptr[rows + 1] - start)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    at = np.arange(indptr[-1]) + np.repeat(start - indptr[:-1], counts)
    return Sittings(indptr, sittings.begin[at], sittings.end[at]), mood[:, at]
