"""Every conditional of a Gibbs sweep against closed forms, and the whole sweep by Geweke's
joint-distribution test.
"""

import math
import os
from dataclasses import replace

import numpy as np
import pytest

import palate
from palate.factors.conditionals import draw_row_precisions
from palate.kernels.random import key_of
from palate.solve.features import FeatureBlock
from palate.solve.rows import Rows, Side
from palate.training.gibbs.chain import ChainModel, ChainState, draw_rows, latent_values, sweep
from palate.training.gibbs.clock import Clock
from palate.training.gibbs.convergence import effective_size, split_rhat
from palate.training.gibbs.cutpoints import draw_cutpoints
from palate.training.gibbs.hyperprior import (
    draw_degrees,
    normal_wishart,
    precision_of,
    wishart,
)
from palate.training.gibbs.likelihood import BothWays, Levels, Values
from palate.training.gibbs.noise import telling_ratings
from palate.training.gibbs.prior import draw_prior, draw_weights
from palate.training.gibbs.sides import SideModel, SideState
from palate.training.gibbs.temporal import TimeModel
from palate.training.gibbs.time_state import NoTime, TimeState
from palate.training.training_data import EqualRatingsWarning, Problem

JOINT_DRAWS = 10_000 if os.environ.get("PALATE_SOAK") else 1000


def dense_rows(mask, values):
    indptr = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    users, items = np.nonzero(mask)
    return Rows(
        indptr,
        items.astype(np.int32),
        values[users, items].astype(np.float32),
        np.empty(0, np.float32),
        mask.shape[1],
    )


def block_of(features):
    """Return the block of a binary matrix."""
    return FeatureBlock.of_rows(dense_rows(features, np.ones(features.shape)))


def dense(block, n_rows):
    out = np.zeros((n_rows, block.n_columns))
    for row in range(n_rows):
        out[row, block.columns[block.indptr[row] : block.indptr[row + 1]]] = block.scale[row]
    return out


class TestHyperparameters:
    def test_wishart_has_mean_degrees_times_scale(self):
        rng = np.random.default_rng(0)
        inverse_scale = np.array([[2.0, 0.5], [0.5, 1.0]])
        draws = np.stack([wishart(inverse_scale, 7.0, rng) for _ in range(4000)])
        scale = np.linalg.inv(inverse_scale)
        deviation = np.sqrt(7 * (scale**2 + np.outer(np.diag(scale), np.diag(scale))) / 4000)
        assert (np.abs(draws.mean(axis=0) - 7 * scale) < 4.5 * deviation).all()

    def test_mean_and_precision_follow_the_closed_form(self):
        rng = np.random.default_rng(1)
        rows = rng.normal([1.0, -2.0], [0.5, 2.0], size=(20, 2))
        moments = 20, rows.sum(axis=0), rows.T @ rows
        extra = np.array([[1.0, 0.2], [0.2, 3.0]])
        draws = [normal_wishart(*moments, extra, 5, rng) for _ in range(4000)]
        average = rows.mean(axis=0)
        inverse = (
            np.eye(2) + (rows - average).T @ (rows - average) + extra + 40 / 22 * np.outer(average, average)
        )
        wanted = (2 + 20 + 5) * np.linalg.inv(inverse)
        found = np.mean([precision for _, precision in draws], axis=0)
        np.testing.assert_allclose(found, wanted, rtol=0.05, atol=0.02)
        np.testing.assert_allclose(np.mean([mean for mean, _ in draws], axis=0), 20 * average / 22, atol=0.05)

    def test_precision_has_the_gamma_mean(self):
        rng = np.random.default_rng(2)
        draws = [precision_of(30, 12.0, rng) for _ in range(4000)]
        assert np.mean(draws) == pytest.approx(16 / 7, rel=0.02)

    def test_precisions_of_rows_have_the_conjugate_mean_and_variance(self):
        rng = np.random.default_rng(3)
        counts, squares = np.repeat([0, 4, 100], 20_000), np.repeat([0.0, 8.0, 25.0], 20_000)
        draws = draw_row_precisions(6.0, counts, squares, rng.gamma).reshape(3, -1)
        shape, rate = np.array([3.0, 5.0, 53.0]), np.array([3.0, 7.0, 15.5])
        np.testing.assert_allclose(draws.mean(axis=1), shape / rate, rtol=0.02)
        np.testing.assert_allclose(draws.var(axis=1), shape / rate**2, rtol=0.06)

    def test_degrees_have_the_posterior_of_a_grid(self):
        rng = np.random.default_rng(4)
        precisions = rng.gamma(3.0, 1 / 3.0, size=60)  # 6 degrees
        grid = np.linspace(0.05, 60, 60_000)
        log = len(precisions) * (grid / 2 * np.log(grid / 2) - np.vectorize(math.lgamma)(grid / 2))
        log += (
            (grid / 2 - 1) * np.log(precisions).sum()
            - grid / 2 * precisions.sum()
            + np.log(grid)
            - 0.1 * grid
        )
        weight = np.exp(log - log.max())
        mean = np.average(grid, weights=weight)
        sd = np.sqrt(np.average((grid - mean) ** 2, weights=weight))
        draws = [30.0]
        for _ in range(6000):
            draws.append(draw_degrees(draws[-1], precisions, rng))
        kept = np.array(draws[100:])
        worth = effective_size(kept[None, :, None])[0]
        assert worth > 1500
        assert kept.mean() == pytest.approx(mean, abs=4.5 * sd / np.sqrt(worth))
        assert kept.std() == pytest.approx(sd, rel=0.1)


class TestRows:
    def test_draws_have_the_mean_and_covariance_of_the_conjugate_posterior(self):
        rng = np.random.default_rng(0)
        side, noise = SideModel(0, 2, ()), 2.5
        other = Side.padded(rng.normal(size=(4, 2)).astype(np.float32), rng.normal(size=4).astype(np.float32))
        precision = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 3.0]])
        prior_mean = np.array([0.5, -0.5, 0.2])
        n = 4000  # many users with the same ratings: as many draws in one call
        ratings = np.array([1.0, 2.0, 0.5, -1.0])
        rows = dense_rows(np.ones((n, 4), bool), np.tile(ratings, (n, 1)))
        start = side.start(Side.padded(np.zeros((n, 2), np.float32), np.zeros(n, np.float32)))
        state = replace(start, mean=prior_mean, precision=precision)
        drawn, _ = draw_rows(side, state, rows, other, 0.3, noise, Clock(0, 0, 1, 2))
        x = np.hstack([drawn.vectors.factors[:, :2], drawn.vectors.bias[:, None]]).astype(np.float64)
        design = np.hstack([other.factors[:, :2], np.ones((4, 1))]).astype(np.float64)
        system = precision + noise * design.T @ design
        mean = np.linalg.solve(
            system, precision @ prior_mean + noise * design.T @ (ratings - 0.3 - other.bias)
        )
        covariance = np.linalg.inv(system)
        assert (np.abs(x.mean(axis=0) - mean) < 4.5 * np.sqrt(np.diag(covariance) / n)).all()
        np.testing.assert_allclose(
            np.cov(x.T), covariance, atol=0.1 * np.sqrt(covariance.max() * covariance.max())
        )
        assert (drawn.vectors.factors[:, 2:] == 0).all()  # padding takes no noise

    def test_one_user_and_one_item_have_the_analytic_posterior(self):
        """With a known item and a prior N(0, 1) of the user's bias, one rating r leaves N(r / 2, 1
        / 2) at unit noise.
        """
        side = SideModel(0, 1, ())
        n = 4000
        other = Side.padded(np.zeros((1, 1), np.float32), np.zeros(1, np.float32))
        start = side.start(Side.padded(np.zeros((n, 1), np.float32), np.zeros(n, np.float32)))
        rows = dense_rows(np.ones((n, 1), bool), np.full((n, 1), 1.8))
        drawn, _ = draw_rows(side, start, rows, other, 0.0, 1.0, Clock(3, 0, 1, 1))
        assert drawn.vectors.bias.mean() == pytest.approx(0.9, abs=4.5 * np.sqrt(0.5 / n))
        assert drawn.vectors.bias.var() == pytest.approx(0.5, rel=0.1)


class TestWeights:
    def setup_method(self):
        rng = np.random.default_rng(5)
        self.features = [rng.random((12, 3)) < 0.4, rng.random((12, 2)) < 0.6]
        self.side = SideModel(0, 1, tuple(block_of(features) for features in self.features))
        vectors = Side.padded(
            rng.normal(size=(12, 1)).astype(np.float32), rng.normal(size=12).astype(np.float32)
        )
        precision = np.array([[2.0, 0.4], [0.4, 1.0]])
        self.state = replace(
            self.side.start(vectors),
            mean=np.array([0.3, -0.1]),
            precision=precision,
            strengths=np.array([0.5, 2.0]),
        )

    def test_draws_have_the_mean_and_covariance_of_the_ridge_regression(self):
        n = 1500
        drawn = np.stack(
            [
                draw_weights(self.side, self.state, Clock(0, 0, number, 1))[:, self.side.columns]
                for number in range(n)
            ]
        )
        f = np.hstack([dense(block, 12) for block in self.side.blocks])
        system = f.T @ f + np.diag([0.5, 0.5, 0.5, 2.0, 2.0])
        x = np.hstack([self.state.vectors.factors[:, :1], self.state.vectors.bias[:, None]]) - self.state.mean
        mean = np.linalg.solve(system, f.T @ x)
        covariance = np.kron(np.linalg.inv(system), np.linalg.inv(self.state.precision))
        deviation = np.sqrt(np.diag(covariance)).reshape(mean.shape)
        assert (np.abs(drawn.mean(axis=0) - mean) < 4.5 * deviation / np.sqrt(n)).all()
        found = np.cov(drawn.reshape(n, -1).T)
        assert (np.abs(found - covariance) < 5 * np.sqrt(2 / n) * np.outer(deviation, deviation) + 1e-3).all()

    def test_what_features_explain_is_their_matrix_times_the_weights(self):
        weights = np.zeros_like(self.state.weights)
        weights[:, self.side.columns] = np.arange(10).reshape(5, 2)
        explained = self.side.explained(replace(self.state, weights=weights), 1)
        f = np.hstack([dense(block, 12) for block in self.side.blocks])
        np.testing.assert_allclose(
            explained[:, self.side.columns], f @ np.arange(10).reshape(5, 2), rtol=1e-5
        )

    def test_features_that_nobody_has_change_nothing(self):
        plain = SideModel(0, 1, ())
        empty = SideModel(0, 1, (block_of(np.zeros((12, 0), bool)),))
        clock = Clock(0, 0, 1, 1)
        a = draw_prior(plain, plain.start(self.state.vectors), clock)
        b = draw_prior(empty, empty.start(self.state.vectors), clock)
        assert (a.mean == b.mean).all()
        assert (a.precision == b.precision).all()


def test_planted_cutpoints_are_recovered():
    rng = np.random.default_rng(0)
    cuts = np.array([-1.2, -0.3, 0.9])
    latent = rng.normal(size=20_000).astype(np.float32)
    codes = np.searchsorted(cuts, latent + rng.normal(size=20_000)).astype(np.uint8)
    drawn = [np.array([-0.5, 0.0, 0.5])]
    for _ in range(120):
        drawn.append(draw_cutpoints(drawn[-1], latent, codes, np.empty(0, np.float32), rng, 2))
    kept = np.array(drawn[20:])
    assert (np.diff(kept, axis=1) > 0).all()
    assert len(np.unique(kept[:, 0])) > 60  # most proposals are taken, from a start far off, too
    assert np.abs(kept.mean(axis=0) - cuts).max() < 0.05
    assert 0.003 < kept.std(axis=0).max() < 0.03


# The joint-distribution test (Geweke 2004, "Getting it right"), with independent replicates:
# parameters are drawn from their prior, data given them, and one sweep is made given the data. What
# it leaves must be distributed as the prior, too.

N_USERS, N_ITEMS, K = 4, 3, 1


def prior_state(model, rng):
    sides = []
    for side, n in ((model.users, N_USERS), (model.items, N_ITEMS)):
        d = K + 1
        precision = wishart(np.eye(d), d, rng)
        root = np.linalg.inv(np.linalg.cholesky(precision))
        mean = rng.standard_normal(d) @ root / np.sqrt(2)
        strengths = np.array([rng.gamma(1.0) for _ in side.blocks])
        weights = np.zeros((int(side.bounds[-1]), side.width + 8), np.float32)
        for group, strength in enumerate(strengths):
            part = slice(side.bounds[group], side.bounds[group + 1])
            n_columns = side.blocks[group].n_columns
            weights[part, side.columns] = rng.standard_normal((n_columns, d)) @ root / np.sqrt(strength)
        degrees, own = 10.0, np.empty(0)
        if side.own_noise:
            degrees = rng.gamma(2.0) / 0.1
            own = rng.gamma(degrees / 2, size=n) / (degrees / 2)
        state = SideState(
            Side.padded(np.zeros((n, K), np.float32), np.zeros(n, np.float32)),
            mean,
            precision,
            weights,
            strengths,
            own,
            degrees,
        )
        x = mean + rng.standard_normal((n, d)) @ root
        explained = side.explained(state, 1)
        if explained is not None:
            x = x + explained[:, side.columns]
        sides.append(
            replace(state, vectors=Side.padded(x[:, :K].astype(np.float32), x[:, K].astype(np.float32)))
        )
    time = prior_time(model, sides, rng)
    if model.likelihood.levels is None:
        return ChainState(sides[0], sides[1], rng.gamma(1.0), np.empty(0), np.empty(0, np.float32), time)
    cutpoints = np.sort(10 * rng.standard_normal(len(model.likelihood.levels) - 1))
    return ChainState(sides[0], sides[1], 1.0, cutpoints, latent_values(model, *sides, time, 1), time)


def prior_time(model, sides, rng):
    if isinstance(model.time, NoTime):
        return model.time.start(K)
    strengths, shifts = rng.gamma(1.0, size=2), []
    for strength, state, side in zip(strengths, sides, (model.users, model.items), strict=True):
        root = np.linalg.inv(np.linalg.cholesky(state.precision * strength))
        shift = np.zeros((model.time.time_bins.n_time_bins, side.width + 1), np.float32)
        if len(model.time.time_bins.edges):
            shift[:, side.columns] = np.cumsum(rng.standard_normal((len(shift), K + 1)) @ root, axis=0)
        shifts.append(shift)
    precision = rng.gamma(1.0)
    session_effect = rng.standard_normal(len(model.time.sessions)) / np.sqrt(precision)
    return TimeState(*shifts, strengths, session_effect.astype(np.float32), precision)


def precisions(model, state):
    """Return the precision of each rating's noise beside the one that all share."""
    if not state.users.own.size:
        return np.ones(len(model.ratings.by_user.values))
    rows = model.ratings.by_user
    users = np.repeat(np.arange(N_USERS), rows.counts)
    return state.users.own[users] * model.time.of_columns(1, state.items.own)[rows.columns]


def with_data(model, state, rng):
    """Return the model with ratings drawn given a state."""
    latent = latent_values(model, state.users, state.items, state.time, 1)
    z = rng.standard_normal(len(latent))
    if model.likelihood.levels is not None:
        codes = np.searchsorted(state.cutpoints, latent + z / np.sqrt(precisions(model, state))).astype(
            np.uint8
        )
        return replace(model, likelihood=replace(model.likelihood, codes=codes))
    values = (latent + z / np.sqrt(state.noise * precisions(model, state))).astype(np.float32)
    return replace(model, ratings=model.ratings.with_values(values))


def quantities(state):
    """Return functions of the parameters whose distributions are light-tailed enough to compare."""
    found = [np.log(state.noise)] if state.cutpoints.size == 0 else list(np.tanh(state.cutpoints / 10))
    for side in (state.users, state.items):
        found += [
            np.tanh(side.mean[0]),
            np.tanh(side.mean[1]),
            np.log(side.precision[0, 0]),
            np.log(side.precision[1, 1]),
        ]
        found += [side.precision[0, 1] / np.sqrt(side.precision[0, 0] * side.precision[1, 1])]
        found += [
            np.tanh(side.vectors.factors[0, 0]),
            np.tanh(side.vectors.bias[0]),
            np.tanh(side.vectors.bias).mean(),
        ]
        found += [np.log(np.abs(side.vectors.factors[:, 0])).mean()]
        found += list(np.log(side.strengths)) + list(np.tanh(side.weights[:, 0]))
        found += [np.tanh(np.log(own)) for own in side.own] + (
            [np.log(side.degrees)] if side.own.size else []
        )
    if state.time.session_effect.size:
        found += [*np.tanh(state.time.session_effect), np.log(state.time.session_effect_precision)]
    if len(state.time.user_shift) > 1:
        found += list(np.log(state.time.strengths))
        for shift in state.time.shifts:
            found += list(np.tanh(shift[:, [0, 8]]).ravel())
    return np.array(found)


def small_model(ordinal, with_features, own_noise, time=()):
    mask = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], bool)
    rows = dense_rows(mask, np.zeros(mask.shape))
    turned = rows.transposed()
    place = np.argsort(np.nonzero(mask)[1], kind="stable").astype(np.int32)
    blocks = ((), ())
    if with_features:
        tags = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], bool)
        blocks = ((FeatureBlock.of_rows(rows, turned), block_of(tags)), (FeatureBlock.of_rows(turned, rows),))
    likelihood = Values()
    if ordinal:
        likelihood = Levels(np.array([1.0, 2.0, 3.0], np.float32), np.zeros(mask.sum(), np.uint8))
    users = SideModel(0, K, blocks[0], own_noise, errors=not ordinal)
    items = SideModel(1, K, blocks[1], own_noise)
    timing = NoTime()
    if time:
        timing = TimeModel.build(rows, np.array([0, 9, 5, 9, 5, 0, 0, 0, 9]) * 100_000, time, place)
    ratings = BothWays(timing.columns_of(rows, 0), timing.columns_of(turned, 1), place)
    return ChainModel(ratings, 0.0, 1.0, users, items, likelihood, timing)


@pytest.mark.parametrize(
    ("ordinal", "with_features", "own_noise", "time"),
    [
        (False, False, False, ()),
        (False, True, False, ()),
        (True, False, False, ()),
        (True, True, False, ()),
        (False, False, True, ()),
        (False, True, True, ()),
        (True, False, True, ()),
        (False, False, False, ("bins",)),
        (False, True, True, ("bins", "sessions")),
        (True, False, True, ("bins", "sessions")),
    ],
)
def test_sweeps_leave_the_joint_distribution_as_it_is(ordinal, with_features, own_noise, time):
    model = small_model(ordinal, with_features, own_noise, time)
    rng = np.random.default_rng(
        10 if own_noise else 7
    )  # seeds without a prior draw that is too large for float32
    changes = []
    for number in range(JOINT_DRAWS):
        state = prior_state(model, rng)
        after = sweep(with_data(model, state, rng), state, Clock(11, 0, number + 1, 1))
        changes.append(quantities(after) - quantities(state))
    changes = np.stack(changes)
    deviation = changes.std(axis=0)
    assert (deviation > 0).all()
    assert (np.abs(changes.mean(axis=0)) < 4.2 * deviation / np.sqrt(len(changes))).all()


class TestConvergence:
    def test_independent_draws_have_rhat_one_and_their_own_number(self):
        traces = np.random.default_rng(0).normal(size=(2, 500, 20))
        assert split_rhat(traces).max() < 1.02
        assert np.median(effective_size(traces)) == pytest.approx(1000, rel=0.15)

    def test_a_correlated_chain_is_worth_less(self):
        """An autoregression of coefficient c is worth (1 - c) / (1 + c) of its length."""
        rng = np.random.default_rng(1)
        x = np.zeros((1, 4000, 30))
        for t in range(1, 4000):
            x[0, t] = 0.8 * x[0, t - 1] + rng.normal(size=30)
        assert np.median(effective_size(x)) == pytest.approx(4000 / 9, rel=0.2)

    def test_chains_that_disagree_are_found_out(self):
        traces = np.random.default_rng(2).normal(size=(2, 100, 1)) + np.array([0, 5])[:, None, None]
        assert split_rhat(traces)[0] > 2

    def test_too_short_traces_are_refused(self):
        with pytest.raises(ValueError, match="at least 4 sweeps; got 3"):
            split_rhat(np.zeros((1, 3, 1)))


def test_streams_of_a_clock_differ():
    keys = {
        int(Clock(seed, chain, sweep_, 1).key(stream, side))
        for seed in (0, 1)
        for chain in (0, 1)
        for sweep_ in (0, 1)
        for stream in range(10)
        for side in range(4)
    }
    assert len(keys) == 2 * 2 * 2 * 10 * 4
    assert int(key_of(0, 0, 0)) not in keys


@pytest.mark.parametrize("degrees", [1.0, 0.5, 30.0])
def test_degrees_stay_above_one_where_rows_differ_more_than_any_t_distribution(degrees):
    precisions = np.exp(np.random.default_rng(0).normal(0, 5, 500))
    rng = np.random.default_rng(1)
    for _ in range(20):
        degrees = draw_degrees(degrees, precisions, rng)
        assert degrees >= 1.0
    assert degrees < 1.5


def test_likes_of_users_who_like_everything_do_not_take_all_precision():
    """A user whose ratings are all equal has no error, and would have ever more precision."""
    rng = np.random.default_rng(2)
    user, item = np.repeat(np.arange(200), 10), rng.integers(0, 60, 2000)
    liked = np.where(user % 4 == 0, rng.random(2000) < 0.5, 1)
    ratings = palate.Ratings.from_arrays(user, item, liked, scale=(0, 1), duplicates="last")
    model = palate.Gibbs(n_factors=4, sweeps=60, burn_in=30).fit(ratings, validation=0, threads=1)
    assert np.isfinite(model.noise_sd).all()
    assert np.isfinite(model.user_noise.scale).all()


@pytest.mark.parametrize("noise", ["own", "shared"])
@pytest.mark.parametrize("flat", ["users", "items"])
def test_users_who_give_one_rating_alone_do_not_make_the_noise_of_the_others_vanish(noise, flat):
    """Half of the users give 5 stars to everything, which some vectors of items meet exactly."""
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(150), 30)
    item = np.concatenate([rng.choice(100, 30, replace=False) for _ in range(150)])
    expected = 3.5 + rng.normal(0, 0.4, 150)[user] + rng.normal(0, 0.6, 100)[item]
    rating = np.clip(np.rint(expected + rng.normal(0, 0.7, len(user))), 1, 5)
    rating[user % 2 == 0] = 5
    pairs = (user, item) if flat == "users" else (item, user)
    ratings = palate.Ratings.from_arrays(*pairs, rating, scale=(1, 5))
    model = palate.Gibbs(n_factors=16, sweeps=60, burn_in=30, noise=noise).fit(ratings, validation=0)
    assert 0.6 < np.mean(model.noise_sd) < 0.8


def test_ratings_that_say_nothing_of_the_noise_are_those_of_rows_with_five_equal_ones():
    user = np.array([0] * 6 + [1] * 6 + [2] * 4)
    item = np.array([0, 1, 2, 3, 4, 5] * 2 + [0, 1, 2, 3])
    rating = np.array([5] * 6 + [5, 4, 3, 2, 1, 5] + [4] * 4)
    held = np.zeros(16, bool)
    problem = Problem.build(palate.Ratings.from_arrays(user, item, rating, scale=(1, 5)), held)
    by_user, by_item = telling_ratings(problem.by_user, problem.by_item)
    assert by_user.tolist() == [0] * 6 + [1] * 10, "four equal ratings may be equal by chance"
    assert by_item.tolist() == [0, 1, 1] * 4 + [0, 1] * 2
    equal = palate.Ratings.from_arrays(user[:6], item[:6], rating[:6], scale=(1, 5))
    with pytest.warns(EqualRatingsWarning):
        alike = Problem.build(equal, held[:6])
    told = telling_ratings(alike.by_user, alike.by_item)
    assert [len(side) for side in told] == [0, 0], "else nothing would be left"
