"""The passes over ratings in time, each against NumPy: to the last bit but for products of vectors."""

import numpy as np
import pytest

from palate.kernels import timing
from palate.solve.rows import Rows, Side
from palate.training.rating_errors import NO_EFFECTS, RatingErrors


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


def rated(n_rows=30, n_columns=50, width=16):
    """Return rows of ratings and random vectors of rows and columns."""
    rng = np.random.default_rng(2)
    mask = rng.random((n_rows, n_columns)) < rng.random((n_rows, 1))  # from almost none to almost all
    mask[3] = False
    columns = np.nonzero(mask)[1].astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(mask.sum(axis=1))]).astype(np.int64)
    values = rng.normal(size=len(columns)).astype(np.float32)
    sides = (
        Side(rng.normal(size=(n, width)).astype(np.float32), rng.normal(size=n).astype(np.float32))
        for n in mask.shape
    )
    return Rows(indptr, columns, values, np.empty(0, np.float32), n_columns), *sides


@pytest.mark.parametrize("with_session_effects", [True, False])
@pytest.mark.parametrize("threads", [1, 2])
def test_errors_are_what_scores_and_session_effects_leave(with_session_effects, threads):
    rows, own, other = rated()
    user, item = np.repeat(np.arange(rows.n_rows), rows.counts), rows.columns
    rng = np.random.default_rng(3)
    session, effect = rng.integers(0, 40, len(item)).astype(np.int32), rng.normal(size=40).astype(np.float32)
    expected = rows.values - 0.3 - own.bias[user] - other.bias[item]
    expected = expected - np.einsum("nf,nf->n", own.factors[user], other.factors[item])
    effects = (effect, session) if with_session_effects else NO_EFFECTS
    if with_session_effects:
        expected = expected - effect[session]
    errors = RatingErrors.of(rows, own, other, 0.3, rows.weights, threads, effects)
    assert errors.values.dtype == np.float32
    assert errors.values == pytest.approx(expected, abs=1e-5)
    pair = rng.permutation(rows.n_rows).astype(np.int32)  # where the vector of each row stands
    moved = Side(np.empty_like(own.factors), np.empty_like(own.bias))
    moved.factors[pair], moved.bias[pair] = own.factors, own.bias
    found = RatingErrors.of(rows, moved, other, 0.3, rows.weights, threads, effects, pair[user])
    assert (found.values == errors.values).all()


def grouped(data, by_item):
    """Return ratings by 50 rows of three groups each: indptr, order, and group in the order of the rows."""
    rng = np.random.default_rng(1)
    counts = rng.multinomial(len(data[0]), np.full(50, 1 / 50))
    row = np.repeat(np.arange(50), counts)
    group = (row * 3 + rng.integers(0, 3, len(row))).astype(np.int32)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    if not by_item:
        return indptr, np.empty(0, np.int32), group
    return indptr, rng.permutation(len(row)).astype(np.int32), group


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("by_item", [True, False])
@pytest.mark.parametrize("changed", [True, False])
@pytest.mark.parametrize("with_session_effects", [True, False])
def test_sums_by_group_are_those_of_bincount(data, weighted, by_item, changed, with_session_effects):
    """What has changed is taken off first, and session effects are added, once."""
    values, _, weights, pair, effect = data
    indptr, order, group = grouped(data, by_item)
    session, effect = pair[::-1].copy(), effect.astype(np.float32)
    change = np.random.default_rng(4).normal(size=40).astype(np.float32)
    expected = values - change[pair] if changed else values
    expected = expected + effect[session] if with_session_effects else expected
    used = weights if weighted else np.ones(len(values), np.float32)
    for threads in (1, 2):
        errors = RatingErrors(values.copy(), weights if weighted else np.empty(0, np.float32))
        if changed:
            errors.less(change, pair)
        plus = (effect, session) if with_session_effects else NO_EFFECTS
        weight, total = errors.sums(indptr, order, group, 150, threads, plus)
        at = order if by_item else slice(None)
        assert (weight == np.bincount(group, used[at], 150)).all()
        assert (total == np.bincount(group, (used * expected)[at], 150)).all()
        assert (errors.values == expected).all()
        again = errors.sums(indptr, order, group, 150, threads)[1]  # nothing is left to be taken off
        assert (again == total).all()


@pytest.mark.parametrize("with_session_effects", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("changed", [True, False])
def test_sums_of_errors(data, weighted, with_session_effects, changed):
    values, _, weights, session, effect = data
    effect, pair = effect.astype(np.float32), session[::-1].copy()
    change = np.random.default_rng(4).normal(size=40).astype(np.float32)
    left = values - change[pair] if changed else values
    left = (left - effect[session] if with_session_effects else left).astype(np.float64)
    errors = RatingErrors(values, np.empty(0, np.float32))
    if changed:
        errors.less(change, pair)
    own = weights if weighted else np.ones_like(weights)
    less = (effect, session) if with_session_effects else NO_EFFECTS
    found = errors.total(weights if weighted else np.empty(0, np.float32), 1, less)
    assert found == pytest.approx((own @ left**2, own @ np.abs(left)), rel=1e-12)


@pytest.mark.parametrize("width", [8, 16, 40])
def test_moments_are_those_of_numpy(width):
    rng = np.random.default_rng(5)
    bounds = np.array([0, 3, 3, 400, 529], np.int64)  # blocks of 128, parts of them, and no pair at all
    factors = rng.normal(size=(529, width)).astype(np.float32)
    weight, total = rng.uniform(0.5, 9, size=529), rng.normal(size=529)
    out = np.full((4, width + 1, width + 2), np.nan)
    for chunk in range(4):
        timing.bin_moments(chunk, chunk + 1, bounds, factors, weight, total, out)
    expected = timing.bin_moments_reference(bounds, factors, weight, total)
    assert (np.tril(out[:, :, :-1], -1) == 0).all()
    assert out == pytest.approx(expected, abs=3e-5 * np.abs(expected).max())
