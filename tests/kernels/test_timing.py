"""The passes over ratings in time, each against NumPy to the last bit."""

import numpy as np
import pytest

from palate.kernels import timing
from palate.training.time_bins import sums_by_group


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    n, n_groups = 5000, 40
    single = [rng.normal(size=n).astype(np.float32) for _ in range(2)]
    weights = rng.uniform(0.5, 2, size=n).astype(np.float32)
    return *single, weights, rng.integers(0, n_groups, n).astype(np.int32), rng.normal(size=n_groups)


def in_parts(part, n):
    for start in range(0, n, 700):
        part(start, min(n, start + 700))


def test_session_effects_are_taken_off_and_added(data):
    values, errors, _, session, session_effect = data
    session_effect, out = session_effect.astype(np.float32), np.empty_like(values)
    in_parts(
        lambda a, b: timing.less_session_effects(a, b, values, session_effect, session, out), len(values)
    )
    assert (out == values - session_effect[session]).all()
    expected = errors + session_effect[session]
    in_parts(lambda a, b: timing.plus_session_effects(a, b, errors, session_effect, session), len(values))
    assert (errors == expected).all()


@pytest.mark.parametrize("with_session_effects", [True, False])
def test_errors_are_what_scores_and_session_effects_leave(data, with_session_effects):
    values, scores, _, session, session_effect = data
    session_effect, mean = session_effect.astype(np.float32), np.float32(0.3)
    expected = (
        values
        - mean
        - scores
        - (session_effect[session] if with_session_effects else np.zeros(1, np.float32))
    )
    session = session if with_session_effects else np.empty(0, np.int32)
    in_parts(
        lambda a, b: timing.less_scores(a, b, values, mean, scores, session_effect, session), len(values)
    )
    assert (scores == expected).all()


def test_changes_of_pairs_are_taken_off(data):
    errors, _, _, pair, change = data
    change = change.astype(np.float32)
    expected = errors - change[pair]
    in_parts(lambda a, b: timing.less_changes(a, b, errors, change, pair), len(errors))
    assert (errors == expected).all()


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("by_item", [True, False])
def test_sums_by_group_are_those_of_bincount(data, weighted, by_item):
    """Groups belong to one row each, by user; by item their ratings are found by `place`."""
    errors, _, weights, _, _ = data
    rng = np.random.default_rng(1)
    counts = rng.multinomial(len(errors), np.full(50, 1 / 50))
    row = np.repeat(np.arange(50), counts)
    group = (row * 3 + rng.integers(0, 3, len(row))).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    place = np.empty(0, np.int32)
    if by_item:  # the same ratings in any order: those of a row are found in theirs
        shuffled = rng.permutation(len(row))
        group, place = group[shuffled], np.argsort(row[shuffled], kind="stable").astype(np.int32)
    given = weights if weighted else np.empty(0, np.float32)
    used = weights if weighted else np.ones(len(errors), np.float32)
    for threads in (1, 2):
        weight, total = sums_by_group(indptr, place, group, 150, given, errors, threads)
        assert (weight == np.bincount(group, used, 150)).all()
        assert (total == np.bincount(group, used * errors, 150)).all()


@pytest.mark.parametrize("with_session_effects", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_sums_of_errors(data, weighted, with_session_effects):
    errors, _, weights, session, session_effect = data
    session_effect = session_effect.astype(np.float32)
    left = errors.astype(np.float64) - 0.0
    if with_session_effects:
        left = (errors - session_effect[session]).astype(np.float64)
    own = weights if weighted else np.ones_like(weights)
    given = (session_effect, session if with_session_effects else np.empty(0, np.int32))
    found = timing.error_sums(
        0, len(errors), errors, *given, weights if weighted else np.empty(0, np.float32)
    )
    assert found == pytest.approx((own @ left**2, own @ np.abs(left)), rel=1e-12)
