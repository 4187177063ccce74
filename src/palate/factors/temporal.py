"""Ratings in time: time bins, which shift the rows of all alike, and users' sessions with their effects.

In time bin t a user's row is `P_u + V_t` and an item's `Q_i + W_t` instead of P_u and Q_i, and all
ratings of one session are higher or lower by its session effect. A model holds its items as they
are in the last time bin and each user as in the time bin of their last rating, with what the items
were then in the bias. Predictions without a time are therefore for the time of the last rating.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from palate._checks import Words
from palate.data.vocabulary import entries_at, rows_at
from palate.solve.draws import OfDraws

GAP = 86_400.0  # seconds without a rating after which a new session begins
MOST = 20  # ratings after which a new session begins
N_TIME_BINS = 15


@dataclass(frozen=True, eq=False)
class Sessions:
    """The sessions of all users: those of user u are at `indptr[u] : indptr[u + 1]`, by ascending time."""

    indptr: np.ndarray  # (n_users + 1,) int64
    begin: np.ndarray  # (n_sessions,) int64, time of the first rating
    end: np.ndarray  # (n_sessions,) int64, time of the last one

    @classmethod
    def none(cls, n_users: int) -> "Sessions":
        """Return no session for anyone."""
        nothing = np.empty(0, np.int64)
        return cls(np.zeros(n_users + 1, np.int64), nothing, nothing)

    @classmethod
    def cut(cls, indptr: np.ndarray, times: np.ndarray) -> tuple["Sessions", np.ndarray]:
        """Return the sessions of users whose ratings begin at `indptr`, and that of each rating.

        A session ends at a day without a rating, or after 20 ratings; ratings of one time stay
        together, so that it may hold more.

        Examples
        --------
        >>> hour = 3600
        >>> sessions, which = Sessions.cut(np.array([0, 3]), np.array([0, 100 * hour, 1 * hour]))
        >>> which.tolist(), sessions.begin.tolist(), sessions.end.tolist()
        ([0, 1, 0], [0, 360000], [3600, 360000])
        """
        from palate.kernels.timing import cut_sessions, session_ends

        which, ends = np.empty(len(times), np.int32), np.empty(len(indptr), np.int64)
        n = cut_sessions(np.asarray(indptr, np.int64), times, GAP, MOST, which, ends)
        begin, end = np.empty(n, np.int64), np.empty(n, np.int64)
        session_ends(which, times, begin, end)
        return cls(ends, begin, end), which

    def __len__(self) -> int:
        return len(self.begin)

    def find(self, users: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return the session of each user that a time falls in or is within a day of, int64; -1 for none."""
        from palate.kernels.timing import find_sessions

        out = np.empty(len(users), np.int64)
        user, time = np.ascontiguousarray(users, np.int64), np.ascontiguousarray(times, np.int64)
        find_sessions(self.indptr, self.begin, self.end, user, time, GAP, out)
        return out


def time_bins_of(edges: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the time bin of each time, int32, where time bins end at `edges`."""
    return np.searchsorted(edges, times, side="right").astype(np.int32)


def last_time_bins(users: np.ndarray, time_bins: np.ndarray, n_users: int, n_time_bins: int) -> np.ndarray:
    """Return the last of each user's time bins, int32; the last of all for a user without any."""
    found = np.full(n_users, -1, np.int32)
    np.maximum.at(found, users, time_bins)
    found[found < 0] = n_time_bins - 1
    return found


@dataclass(frozen=True, eq=False, kw_only=True)
class TimeContext(OfDraws):
    """The time bins and sessions of a model, and their parameters.

    Parameters
    ----------
    edges : ndarray of shape (n_time_bins - 1,), int64
        Times at which a time bin ends and the next begins.
    user_shift, item_shift : ndarray of shape (n_draws, n_time_bins, n_factors + 1), float32
        What is added to every user's and every item's row in a time bin, beside the last one, the
        bias last.
    user_time_bin : ndarray of shape (n_users,), int32
        The time bin that each user's row is of: that of the last rating, or the last for a user
        without any.
    sessions : Sessions
    session_effect : ndarray of shape (n_draws, n_sessions), float32
        What is added to the latent value of all ratings of a session.

    References
    ----------
    Koren (2009), "Collaborative Filtering with Temporal Dynamics": time bins of items, and users
    who differ from day to day.
    """

    of_draws: ClassVar[tuple[str, ...]] = ("user_shift", "item_shift", "session_effect")

    edges: np.ndarray
    user_shift: np.ndarray
    item_shift: np.ndarray
    user_time_bin: np.ndarray
    sessions: Sessions
    session_effect: np.ndarray

    @property
    def n_time_bins(self) -> int:
        """Number of time bins."""
        return len(self.edges) + 1

    def time_bins(self, times: np.ndarray) -> np.ndarray:
        """Return the time bin of each time, int32.

        Times before the first or after the last rating are in the first or last time bin.
        """
        return time_bins_of(self.edges, times)

    def of_users(
        self,
        user_time_bin: np.ndarray,
        sessions: Sessions | None = None,
        session_effect: np.ndarray | None = None,
    ) -> "TimeContext":
        """Return the context of other users: the time bins of their rows, and their sessions if known."""
        if sessions is None or session_effect is None:
            sessions = Sessions.none(len(user_time_bin))
            session_effect = np.empty((len(self.session_effect), 0), np.float32)
        return replace(
            self,
            user_time_bin=user_time_bin.astype(np.int32),
            sessions=sessions,
            session_effect=session_effect,
        )

    def of_rows(self, index: np.ndarray) -> "TimeContext":
        """Return what is known of time for some of the users.

        The index -1 names a new user, who is of the last time bin and has no sessions.
        """
        sessions, session_effect = _of_rows(self.sessions, self.session_effect, index)
        time_bins = rows_at(self.user_time_bin, index, fill=self.n_time_bins - 1)
        return self.of_users(time_bins, sessions, session_effect)

    def with_rows(
        self, index: np.ndarray, user_time_bin: np.ndarray, sessions: Sessions, session_effect: np.ndarray
    ) -> "TimeContext":
        """Return the context with the users of an index in these time bins, and with these sessions."""
        rows, time_bins = np.arange(len(self.user_time_bin)), self.user_time_bin.copy()
        rows[index], time_bins[index] = len(time_bins) + np.arange(len(index)), user_time_bin
        both = Sessions(
            np.concatenate([self.sessions.indptr, sessions.indptr[1:] + self.sessions.indptr[-1]]),
            np.concatenate([self.sessions.begin, sessions.begin]),
            np.concatenate([self.sessions.end, sessions.end]),
        )
        effects = np.hstack([self.session_effect, session_effect])
        return self.of_users(time_bins, *_of_rows(both, effects, rows))

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
                Words.of(
                    "models must have the same time bins and sessions, or none; fit them to the same "
                    "training ratings: with `validation=0`, or the same validation Ratings."
                )
            )
        return first.joined(known)

    def same_times(self, other: "TimeContext") -> bool:
        """Return whether another context has the same time bins and sessions."""
        mine, theirs = (
            (one.edges, one.user_time_bin, one.sessions.begin, one.sessions.end, one.sessions.indptr)
            for one in (self, other)
        )
        return all(map(np.array_equal, mine, theirs))

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
        for time_bin, sign in ((before, np.float32(-1)), (after, np.float32(1))):
            own, other = self.user_shift[:, time_bin], self.item_shift[:, time_bin]
            # the vector in the time bin, for items of the same bin
            there = factors + own[:, :, :-1] if sign > 0 else factors
            bias = bias + sign * (
                own[:, :, -1] + other[:, :, -1] + np.einsum("dnf,dnf->dn", there, other[:, :, :-1])
            )
            factors = factors + sign * own[:, :, :-1]
        return factors, bias


def _of_rows(sessions: Sessions, session_effect: np.ndarray, rows: np.ndarray) -> tuple[Sessions, np.ndarray]:
    """Return the sessions of some users, and their session effects; none for -1."""
    at, indptr = entries_at(sessions.indptr, rows)
    return Sessions(indptr, sessions.begin[at], sessions.end[at]), session_effect[:, at]
