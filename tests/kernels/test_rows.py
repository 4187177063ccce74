"""The row solver against its NumPy reference, at every width and with every term."""

import os

import numpy as np
import pytest

from palate.kernels.double import solve_double
from palate.kernels.ratings import N_STATS
from palate.kernels.rows import solve_row_reference, solve_rows
from palate.kernels.systems import Systems

SOAK = int(os.environ.get("PALATE_SOAK", "0") or 0)
MEAN, IMPUTED = 3.5, 1.0


class Case:
    """Random rows with all the terms of the objective, padded as the wrapper pads them."""

    def __init__(
        self, k, seed, *, n_rows=6, n_columns=40, most=60, weights=False, w0=0.0, prior_mean=False, full=False
    ):
        rng = np.random.default_rng(seed)
        self.k, self.width = k, -(-k // 8) * 8
        counts = rng.integers(0 if w0 else 1, most, n_rows)
        self.indptr = np.concatenate([[0], np.cumsum(counts)])
        self.columns = np.concatenate(
            [np.sort(rng.permutation(n_columns)[: min(c, n_columns)]) for c in counts]
        ).astype(np.int32)
        self.indptr = np.concatenate([[0], np.cumsum(np.minimum(counts, n_columns))]).astype(np.int64)
        n = len(self.columns)
        self.values = rng.integers(1, 6, n).astype(np.float32)
        self.weights = rng.uniform(0.5, 2, n).astype(np.float32) if weights else np.empty(0, np.float32)
        self.other = np.zeros((n_columns, self.width), np.float32)
        self.other[:, :k] = rng.normal(0, 0.4, (n_columns, k))
        self.other_bias = rng.normal(0, 0.3, n_columns).astype(np.float32)
        self.precision = np.eye(self.width + 1, dtype=np.float32)
        block = np.diag(rng.uniform(0.5, 2, k + 1))
        if full:
            root = rng.normal(0, 0.3, (k + 1, k + 1))
            block += root @ root.T
        where = [*range(k), self.width]
        self.precision[np.ix_(where, where)] = block
        self.strength = (
            np.ones(n_rows, np.float32) if full else rng.uniform(0.5, 3, n_rows).astype(np.float32)
        )
        self.prior_mean = np.zeros((0, self.width + 1), np.float32)
        if prior_mean:
            self.prior_mean = np.zeros((n_rows, self.width + 1), np.float32)
            self.prior_mean[:, where] = rng.normal(size=(n_rows, k + 1))
        self.w0 = w0
        x = np.hstack([self.other, np.ones((n_columns, 1))]).astype(np.float64)
        empty = np.empty((0, 0), np.float32), np.empty(0, np.float32)
        base = w0 * x.T @ x, w0 * x.T @ (IMPUTED - MEAN - self.other_bias)
        self.base_gram, self.base_rhs = (b.astype(np.float32) for b in base) if w0 else empty

    def solve(self, *, dropout=0.0, l1=0.0, bias=True, double=False, noise=None):
        n_rows, single = len(self.indptr) - 1, np.float32
        out, out_bias = np.empty((n_rows, self.width), single), np.empty(n_rows, single)
        stats = np.zeros((n_rows, N_STATS))
        noise = np.empty((0, self.width + 1), single) if noise is None else noise
        systems = Systems(
            self.indptr,
            self.columns,
            self.values,
            self.weights,
            single(MEAN),
            self.other,
            self.other_bias,
            self.precision,
            self.strength,
            self.prior_mean,
            self.base_gram,
            self.base_rhs,
            single(self.w0),
            single(IMPUTED),
            single(dropout),
            single(l1),
            bias,
        )
        rest = noise, out, out_bias, stats, np.zeros(n_rows, bool)
        n_double = solve_rows(0, n_rows, systems, double, *rest)
        if n_double:
            solve_double(0, n_rows, systems, *rest)
        return np.hstack([out, out_bias[:, None]]).astype(np.float64), stats, n_double

    def system(self, row, dropout=0.0):
        span = slice(self.indptr[row], self.indptr[row + 1])
        weights = self.weights[span].astype(float) if self.weights.size else np.ones(span.stop - span.start)
        mean = self.prior_mean[row] if len(self.prior_mean) else np.zeros(self.width + 1)
        base = (self.base_gram, self.base_rhs) if self.w0 else (0.0, 0.0)
        return solve_row_reference(
            self.columns[span],
            self.values[span].astype(float),
            weights,
            MEAN,
            self.other,
            self.other_bias,
            self.precision,
            self.strength[row],
            mean,
            *base,
            self.w0,
            IMPUTED,
            dropout,
        )

    def worst_backward_error(self, solution, **terms):
        errors = [0.0]
        for row in range(len(self.indptr) - 1):
            a, h = self.system(row, **terms)
            x = solution[row]
            scale = np.linalg.norm(a) * np.linalg.norm(x) + np.linalg.norm(h)
            errors.append(np.linalg.norm(a @ x - h) / scale)
        return max(errors)


@pytest.mark.parametrize("k", range(1, 131, 1 if SOAK else 3))
def test_every_width_solves_its_system(k):
    case = Case(k, seed=k)
    solution, _, n_double = case.solve()
    assert case.worst_backward_error(solution) <= 1e-6
    assert n_double == 0
    assert (solution[:, k : case.width] == 0).all()


@pytest.mark.parametrize("seed", range(500 if SOAK else 40))
def test_all_terms_together(seed):
    rng = np.random.default_rng(seed)
    w0, dropout = rng.choice([0.0, 0.05, 0.7]), rng.choice([0.0, 0.3])
    options = {
        "weights": bool(rng.integers(2)),
        "prior_mean": bool(rng.integers(2)),
        "full": bool(rng.integers(2)),
    }
    case = Case(int(rng.integers(1, 50)), seed, n_columns=300, most=290, w0=w0, **options)
    single, _, _ = case.solve(dropout=dropout)
    double, _, n_double = case.solve(dropout=dropout, double=True)
    assert case.worst_backward_error(single, dropout=dropout) <= 1e-5
    assert n_double == len(case.strength)
    np.testing.assert_allclose(single, double, atol=2e-3)


def test_the_solution_is_the_minimum_of_the_objective_with_l1_on_the_bias():
    case, l1 = Case(5, seed=3), 4.0
    solution, _, _ = case.solve(l1=l1)
    rng = np.random.default_rng(0)
    for row, x in enumerate(solution):
        a, h = case.system(row)

        def objective(y, a=a, h=h):
            return y @ a @ y - 2 * h @ y + l1 * abs(y[-1])

        for _ in range(200):
            step = rng.normal(0, 0.02, len(x))
            step[5 : case.width] = 0
            assert objective(x) <= objective(x + step) + 1e-6


def test_a_large_l1_sets_the_bias_to_exactly_zero_and_solves_for_the_factors_alone():
    case = Case(4, seed=1)
    solution, _, _ = case.solve(l1=1e4)
    without, _, _ = case.solve(bias=False)
    assert (solution[:, -1] == 0).all()
    np.testing.assert_allclose(solution, without, atol=1e-6)
    for row, x in enumerate(without):
        a, h = case.system(row)
        np.testing.assert_allclose(a[:4, :4] @ x[:4], h[:4], atol=1e-4)


def test_stats_are_the_errors_of_the_row():
    case = Case(7, seed=5, weights=True)
    solution, stats, _ = case.solve(dropout=0.5)
    for row, x in enumerate(solution):
        span = slice(case.indptr[row], case.indptr[row + 1])
        columns, weights = case.columns[span], case.weights[span]
        score = MEAN + x[-1] + case.other_bias[columns] + case.other[columns] @ x[:-1]
        error = case.values[span] - score
        dropout = 0.5 * (weights[:, None] * (x[:-1] * case.other[columns]) ** 2).sum()
        expected = [weights @ error**2, weights @ np.abs(error), dropout, ((IMPUTED - score) ** 2).sum()]
        np.testing.assert_allclose(stats[row], expected, rtol=1e-4)


def test_a_row_without_ratings_is_its_prior_mean():
    case = Case(3, seed=2, n_rows=3, prior_mean=True)
    case.indptr = np.zeros(4, np.int64)
    case.columns, case.values = case.columns[:0], case.values[:0]
    solution, stats, _ = case.solve()
    np.testing.assert_array_equal(solution, case.prior_mean)
    assert (stats == 0).all()


@pytest.mark.parametrize("k", [8, 33, 128])
def test_no_penalty_is_finite_in_float64(k):
    case = Case(k, seed=k, n_rows=30, most=2)
    case.precision[:] = 0
    padded = range(k, case.width)
    case.precision[padded, padded] = 1
    solution, _, n_double = case.solve(double=True)
    assert np.isfinite(solution).all()
    assert n_double == 30


def test_a_breakdown_in_float32_falls_back_to_float64():
    case = Case(8, seed=0, n_rows=20, most=3)
    case.precision[range(8), range(8)] = 0
    solution, _, n_double = case.solve()
    assert n_double == 20
    assert np.isfinite(solution).all()


def test_noise_has_the_covariance_of_the_posterior():
    """x + A^(-1/2) z over many z has mean A^-1 h and covariance A^-1."""
    n = 40_000
    case = Case(3, seed=4, n_rows=1, most=30)
    counts = np.diff(case.indptr)
    case.indptr = np.arange(n + 1) * counts[0]
    case.columns, case.values = np.tile(case.columns, n), np.tile(case.values, n)
    case.strength = np.repeat(case.strength, n)
    noise = np.zeros((n, case.width + 1), np.float32)
    noise[:, [0, 1, 2, -1]] = np.random.default_rng(1).normal(size=(n, 4))
    for double in (False, True):
        draws = case.solve(noise=noise, double=double)[0][:, [0, 1, 2, -1]]
        a, h = case.system(0)
        keep = [0, 1, 2, case.width]
        covariance = np.linalg.inv(a[np.ix_(keep, keep)])
        deviation = np.sqrt(np.diag(covariance))
        np.testing.assert_allclose(
            draws.mean(axis=0), covariance @ h[keep], atol=4 * deviation.max() / np.sqrt(n)
        )
        np.testing.assert_allclose(
            np.cov(draws.T) / np.outer(deviation, deviation),
            covariance / np.outer(deviation, deviation),
            atol=0.03,
        )
