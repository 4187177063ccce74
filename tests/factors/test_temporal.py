"""Sittings and eras."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.factors.temporal import GAP, MOST, Sessions, TimeContext
from palate.kernels.timing import shift_rows

DAY = 86_400


def indptr_of(counts):
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


histories = st.lists(st.lists(st.integers(-10 * DAY, 10 * DAY), max_size=70), min_size=1, max_size=4)


@given(histories)
def test_sessions_are_the_runs_of_each_users_ratings_in_time(histories):
    times = np.array([time for history in histories for time in history], np.int64)
    sessions, which = Sessions.cut(indptr_of([len(history) for history in histories]), times)
    expected = []
    for history in histories:
        runs = []
        for time in sorted(history):
            if not runs or time - runs[-1][-1] > GAP or (len(runs[-1]) >= MOST and time != runs[-1][-1]):
                runs.append([])
            runs[-1].append(time)
        expected.append(runs)
    assert np.diff(sessions.indptr).tolist() == [len(runs) for runs in expected]
    assert sessions.begin.tolist() == [run[0] for runs in expected for run in runs]
    assert sessions.end.tolist() == [run[-1] for runs in expected for run in runs]
    users = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    assert ((sessions.indptr[users] <= which) & (which < sessions.indptr[users + 1])).all()
    assert ((sessions.begin[which] <= times) & (times <= sessions.end[which])).all()


@given(histories)
def test_a_rating_finds_its_own_session(histories):
    times = np.array([time for history in histories for time in history], np.int64)
    users = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    sessions, which = Sessions.cut(indptr_of([len(history) for history in histories]), times)
    assert (sessions.find(users, times) == which).all()


@given(histories, st.integers(0, 3), st.integers(-12 * DAY, 12 * DAY))
def test_another_time_finds_the_nearest_session_within_a_day(histories, user, time):
    user %= len(histories)
    times = np.array([time for history in histories for time in history], np.int64)
    sessions, _ = Sessions.cut(indptr_of([len(history) for history in histories]), times)
    found = int(sessions.find(np.array([user]), np.array([time]))[0])
    own = np.arange(sessions.indptr[user], sessions.indptr[user + 1])
    away = np.maximum(0, np.maximum(sessions.begin[own] - time, time - sessions.end[own]))
    if found < 0:
        assert not len(own) or away.min() > GAP or away.min() == GAP
    else:
        assert found in own
        assert away[found - own[0]] == away.min() <= GAP


def test_unknown_users_and_no_sessions_find_none():
    sessions, _ = Sessions.cut(np.array([0, 1]), np.array([5]))
    assert sessions.find(np.array([-1, 0]), np.array([5, 5])).tolist() == [-1, 0]
    assert Sessions.none(3).find(np.array([0, 2]), np.array([5, 5])).tolist() == [-1, -1]
    assert len(Sessions.none(3)) == 0


def test_times_at_the_ends_of_int64_are_far_apart():
    ends = np.array([np.iinfo(np.int64).min, np.iinfo(np.int64).max])
    sessions, which = Sessions.cut(np.array([0, 2]), ends)
    assert which.tolist() == [0, 1]
    assert sessions.find(np.array([0, 0]), ends).tolist() == [0, 1]


def test_time_bins_are_between_edges():
    context = TimeContext(
        edges=np.array([10, 20]),
        user_shift=np.zeros((1, 3, 2), np.float32),
        item_shift=np.zeros((1, 3, 2), np.float32),
        user_time_bin=np.zeros(1, np.int32),
        sessions=Sessions.none(1),
        session_effect=np.zeros((1, 0), np.float32),
    )
    assert context.n_time_bins == 3
    assert context.time_bins(np.array([-5, 9, 10, 19, 20, 99])).tolist() == [0, 0, 1, 1, 2, 2]


def test_shifted_rows_score_as_both_sides_in_their_time_bin():
    rng = np.random.default_rng(0)
    factors, bias = rng.normal(size=(4, 8)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    own, other = (rng.normal(size=(3, 9)).astype(np.float32) for _ in range(2))
    rows, time_bins = np.array([3, 0, 0], np.int32), np.array([2, 0, 1], np.int32)
    out, out_bias = np.empty((3, 8), np.float32), np.empty(3, np.float32)
    shift_rows(0, 3, factors, bias, rows, time_bins, own, other, out, out_bias)
    user = rng.normal(size=8)
    moved = user + other[time_bins, :8].astype(float)
    item = factors[rows] + own[time_bins, :8].astype(float)
    wanted = np.sum(moved * item, axis=1) + bias[rows] + own[time_bins, 8] + other[time_bins, 8]
    assert out @ user + out_bias == pytest.approx(wanted, rel=1e-5)
