"""Folded rows of a posterior follow the posterior: against closed forms, and against sums over a grid."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from palate.data.ratings import Ratings
from palate.factors.row_precision import RowNoise
from palate.model.factor_model import FactorModel
from palate.solve.features import FeatureGroup, FeatureLink
from palate.solve.prior import RowPrior
from palate.solve.rows import Rows

N_DRAWS = 2500
PRECISION = np.array([[2.0, 0.3], [0.3, 1.5]])
MEAN = np.array([0.4, -0.2])


def repeated(array, dtype=np.float32):
    return np.repeat(np.asarray(array, dtype)[None], N_DRAWS, axis=0)


@pytest.fixture(scope="module")
def gauss():
    """Return one user and the items 1, 2, 3, the same in every draw: what differs between folded
    draws is their own noise.
    """
    ratings = Ratings.from_arrays([1, 1, 1], [1, 2, 3], [5.0, 1.0, 3.0], scale=(1, 5))
    prior = RowPrior(precision=repeated(PRECISION), mean=repeated(MEAN))
    return FactorModel(
        users=ratings.users,
        items=ratings.items,
        user_factors=repeated([[0.5]]),
        item_factors=repeated([[1.0], [-0.5], [0.25]]),
        user_bias=repeated([0.0]),
        item_bias=repeated([0.5, 0.0, -0.5]),
        global_mean=np.full(N_DRAWS, 3.0),
        user_prior=prior,
        item_prior=prior,
        scale=(1.0, 5.0),
        noise_sd=np.full(N_DRAWS, 0.8),
    )


@pytest.fixture(scope="module")
def ordinal(gauss):
    levels, cutpoints = np.array([1, 2, 5], np.float32), repeated([-0.4, 0.9])
    return replace(
        gauss,
        link="ordinal",
        levels=levels,
        cutpoints=cutpoints,
        global_mean=np.zeros(N_DRAWS),
        noise_sd=np.ones(N_DRAWS),
    )


@pytest.fixture(scope="module")
def noisy_ordinal(ordinal, noisy):
    return replace(ordinal, user_noise=noisy.user_noise, item_noise=noisy.item_noise)


@pytest.fixture(scope="module")
def noisy(gauss):
    """Return the model with items that are rated with more and with less noise than others, and
    users who differ widely.
    """
    degrees = np.full(N_DRAWS, 5.0)
    users = RowNoise(scale=repeated([1.0]), degrees=degrees)
    return replace(
        gauss, user_noise=users, item_noise=RowNoise(scale=repeated([0.5, 2.0, 1.0]), degrees=degrees)
    )


def few(model):
    """Return the model's first 9 draws."""
    arrays = (
        "user_factors",
        "item_factors",
        "user_bias",
        "item_bias",
        "global_mean",
        "noise_sd",
        "cutpoints",
    )
    cut = {name: getattr(model, name)[:9] for name in arrays if getattr(model, name) is not None}
    prior = RowPrior(precision=model.user_prior.precision[:9], mean=model.user_prior.mean[:9])
    for side in ("user", "item"):
        own = getattr(model, f"{side}_noise")
        cut[f"{side}_noise"] = None if own is None else RowNoise(scale=own.scale[:9], degrees=own.degrees[:9])
    return replace(model, **cut, user_prior=prior, item_prior=prior)


def moments(folded):
    x = np.column_stack([folded.factors[:, 0], folded.bias])
    return x.mean(axis=0), np.cov(x.T)


def test_one_rating_gives_the_conjugate_posterior(gauss):
    mean, cov = moments(gauss.fold_in([1], [5.0]))
    x = np.array([1.0, 1.0])
    system = PRECISION + np.outer(x, x)  # in units in which a rating has precision 1
    np.testing.assert_allclose(mean, np.linalg.solve(system, PRECISION @ MEAN + x * (5 - 3 - 0.5)), atol=0.05)
    np.testing.assert_allclose(cov, 0.8**2 * np.linalg.inv(system), atol=0.035)


def test_no_rating_gives_the_prior(gauss):
    mean, cov = moments(gauss.fold_in([], []))
    np.testing.assert_allclose(mean, MEAN, atol=0.05)
    np.testing.assert_allclose(cov, 0.64 * np.linalg.inv(PRECISION), atol=0.035)
    one, many = (
        gauss.predict(gauss.fold_in(items, [4.0] * len(items)), 3, return_std=True)[1]
        for items in ([], [1, 2, 3])
    )
    assert one > many


def test_items_are_drawn_too(gauss):
    film = gauss.fold_in_item([1], [4.0], item_id=9)
    x = np.array([0.5, 1.0])
    system = PRECISION + np.outer(x, x)
    np.testing.assert_allclose(
        moments(film)[0], np.linalg.solve(system, PRECISION @ MEAN + x * (4 - 3)), atol=0.05
    )
    assert gauss.predict(1, film, return_std=True)[1] > 0


def test_a_row_of_its_own_noise_has_the_posterior_of_a_grid(noisy):
    """Factor, bias and scale given two ratings that the prior finds surprising: the noise grows,
    and they pull less.
    """
    folded = noisy.fold_in([1, 2], [5.0, 1.0])
    factor, bias, log_precision = np.meshgrid(
        np.linspace(-4, 5, 61), np.linspace(-4, 5, 61), np.linspace(-4, 2, 81), indexing="ij"
    )
    away = np.stack([factor - MEAN[0], bias - MEAN[1]])
    log = -0.5 / 0.64 * np.einsum("aijk,ab,bijk->ijk", away, PRECISION, away)
    log += 2.5 * log_precision - 2.5 * np.exp(
        log_precision
    )  # Gamma(5 / 2, 5 / 2) and the measure of a logarithm
    for x, target, scale in ((1.0, 5.0 - 3.5, 0.5), (-0.5, 1.0 - 3.0, 2.0)):
        precision = np.exp(log_precision) / (0.8 * scale) ** 2
        log += 0.5 * log_precision - 0.5 * precision * (target - factor * x - bias) ** 2
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean, cov = moments(folded)
    wanted = np.array([(weight * factor).sum(), (weight * bias).sum()])
    np.testing.assert_allclose(mean, wanted, atol=0.06)
    assert cov[0, 0] == pytest.approx((weight * (factor - wanted[0]) ** 2).sum(), abs=0.05)
    found = -2 * np.log(folded.scale.astype(float))
    assert found.mean() == pytest.approx((weight * log_precision).sum(), abs=0.06)
    assert found.std() == pytest.approx(
        np.sqrt((weight * log_precision**2).sum() - (weight * log_precision).sum() ** 2), abs=0.06
    )


def test_a_row_without_ratings_has_the_noise_of_the_prior(noisy):
    scale = noisy.fold_in([], []).scale.astype(float)
    assert np.mean(scale**-2) == pytest.approx(1.0, abs=4.5 * np.sqrt(0.4 / N_DRAWS))
    assert np.var(scale**-2) == pytest.approx(0.4, rel=0.2)
    low, high = noisy.predict(noisy.fold_in([], []), [2, 1], interval=0.8, interval_of="rating")[1:]
    assert (high - low)[0] > 1.5 * (high - low)[1]  # item 2 is rated with four times the noise of item 1


def posterior_on_a_grid(items, codes):
    """Return mean and covariance of factor and bias given levels, by summing over a fine grid."""
    factor, bias = np.meshgrid(np.linspace(-4, 4, 65), np.linspace(-4, 4, 65), indexing="ij")
    phi = np.vectorize(NormalDist().cdf)
    away = np.stack([factor - MEAN[0], bias - MEAN[1]])
    log = -0.5 * np.einsum("aij,ab,bij->ij", away, PRECISION, away)
    edges = [-np.inf, -0.4, 0.9, np.inf]
    for item, code in zip(items, codes, strict=True):
        latent = factor * [1.0, -0.5, 0.25][item] + bias + [0.5, 0.0, -0.5][item]
        log += np.log(np.maximum(phi(edges[code + 1] - latent) - phi(edges[code] - latent), 1e-300))
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    x = np.stack([factor.ravel(), bias.ravel()])
    mean = x @ weight.ravel()
    return mean, (x * weight.ravel()) @ x.T - np.outer(mean, mean)


@pytest.mark.parametrize(("items", "codes"), [([0], [2]), ([0, 1, 2], [0, 2, 1])])
def test_levels_give_the_posterior_of_ordered_probit(ordinal, items, codes):
    folded = ordinal.fold_in([item + 1 for item in items], np.array([1, 2, 5], np.float32)[codes])
    mean, cov = moments(folded)
    wanted_mean, wanted_cov = posterior_on_a_grid(items, codes)
    np.testing.assert_allclose(mean, wanted_mean, atol=0.06)
    np.testing.assert_allclose(cov, wanted_cov, atol=0.06)


def test_levels_of_a_row_of_its_own_noise_have_the_posterior_of_a_grid(noisy_ordinal):
    items, codes = [0, 1, 2], [0, 2, 1]
    folded = noisy_ordinal.fold_in([1, 2, 3], [1.0, 5.0, 2.0])
    grid = np.linspace(-4, 4, 49)
    factor, bias, log_precision = np.meshgrid(grid, grid, np.linspace(-4, 2, 41), indexing="ij")
    away = np.stack([factor - MEAN[0], bias - MEAN[1]])
    log = (
        -0.5 * np.einsum("aijk,ab,bijk->ijk", away, PRECISION, away)
        + 2.5 * log_precision
        - 2.5 * np.exp(log_precision)
    )
    edges, phi = [-np.inf, -0.4, 0.9, np.inf], np.vectorize(NormalDist().cdf)
    for item, code in zip(items, codes, strict=True):
        root = np.exp(log_precision / 2) / [0.5, 2.0, 1.0][item]
        latent = factor * [1.0, -0.5, 0.25][item] + bias + [0.5, 0.0, -0.5][item]
        log += np.log(
            np.maximum(phi((edges[code + 1] - latent) * root) - phi((edges[code] - latent) * root), 1e-300)
        )
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    mean, _ = moments(folded)
    np.testing.assert_allclose(mean, [(weight * factor).sum(), (weight * bias).sum()], atol=0.07)
    assert np.mean(-2 * np.log(folded.scale.astype(float))) == pytest.approx(
        (weight * log_precision).sum(), abs=0.08
    )


@pytest.mark.parametrize("kind", ["gauss", "noisy", "ordinal", "noisy_ordinal"])
def test_the_same_ratings_give_the_same_draws_in_any_company(request, kind):
    from palate.factors.folded_rows import ToFold
    from palate.model.folded import solve_side

    model = few(request.getfixturevalue(kind))
    alone = model.fold_in([3, 1], [2.0, 5.0])
    assert (alone.factors == model.fold_in([1, 3], [5.0, 2.0]).factors).all()
    assert (alone.factors != model.fold_in([1, 3], [2.0, 5.0]).factors).any()
    rows = Rows(
        np.array([0, 1, 3]),
        np.array([1, 0, 2], np.int32),
        np.array([1, 5, 2], np.float32),
        np.empty(0, np.float32),
        3,
    )
    found = solve_side(model, "user", ToFold(rows, threads=2))
    np.testing.assert_array_equal(found.factors[:, 1], alone.factors)
    np.testing.assert_array_equal(found.bias[:, 1], alone.bias)
    if kind.startswith("noisy"):
        np.testing.assert_array_equal(found.scale[:, 1], alone.scale)


def test_features_move_the_prior_mean(gauss):
    bag = FeatureGroup(name="rated", kind="bag", weights=repeated([[0.5, 0.1], [0.0, 0.0], [0.0, 0.3]]))
    tags = FeatureGroup(
        name="country", kind="tags", weights=repeated([[1.0, 0.0], [0.0, 2.0]]), values=("de", "fr")
    )
    linked = replace(gauss, user_link=FeatureLink((bag, tags)))
    nobody = moments(linked.fold_in([], [], {"country": "fr"}))[0]
    np.testing.assert_allclose(nobody, MEAN + np.array([0, 2]), atol=0.05)
    plain = moments(replace(gauss, user_link=FeatureLink((tags,))).fold_in([1, 3], [4.0, 4.0]))[0]
    bagged = moments(linked.fold_in([1, 3], [4.0, 4.0]))[0]
    x = np.array([[1.0, 1.0], [0.25, 1.0]])
    pull = np.linalg.solve(PRECISION + x.T @ x, PRECISION @ (np.array([0.5, 0.4]) / np.sqrt(2)))
    np.testing.assert_allclose(bagged - plain, pull, atol=1e-4)  # their noise is the same
    with pytest.raises(KeyError, match=r"unknown feature 'age'; the model has 'country'\."):
        linked.fold_in([1], [4.0], {"age": 3})
    with pytest.raises(
        ValueError, match=r"features must be left out for a model trained without features of this side"
    ):
        gauss.fold_in([1], [4.0], {"age": 3})


def test_many_rows_with_bags_are_each_alone(gauss):
    from palate.factors.folded_rows import ToFold
    from palate.model.folded import solve_side

    bag = FeatureGroup(name="rated", kind="bag", weights=repeated([[0.5, 0.1], [0.2, 0.0], [0.0, 0.3]])[:9])
    model = replace(few(gauss), user_link=FeatureLink((bag,)))
    rows = Rows(
        np.array([0, 1, 3]),
        np.array([1, 0, 2], np.int32),
        np.array([1, 5, 2], np.float32),
        np.empty(0, np.float32),
        3,
    )
    factors = solve_side(model, "user", ToFold(rows)).factors
    np.testing.assert_allclose(factors[:, 1], model.fold_in([1, 3], [5.0, 2.0]).factors, atol=1e-5)
    assert model.predict(model.fold_in([1], [5.0]), 2) == pytest.approx(
        float(model.predict([model.fold_in([1], [5.0])], 2)[0]), abs=1e-6
    )


def test_ordinal_ratings_must_be_levels(ordinal):
    with pytest.raises(ValueError, match=r"ratings must be among the model's levels 1, 2, 5; got 3\."):
        ordinal.fold_in([1], [3.0])
    with pytest.raises(ValueError, match=r"weights must be left out for a model with likelihood='ordinal'"):
        ordinal.fold_in([1], [5.0], weights=[2.0])


@pytest.mark.parametrize("root", [1.0, 0.6])
def test_newton_terms_are_the_derivatives_of_the_log_probability(root):
    from palate.kernels.fold import newton_terms

    cutpoints, phi = np.array([-0.5, 0.2, 1.5]), NormalDist().cdf
    edges = [-np.inf, *cutpoints, np.inf]

    def log(s, code):
        return np.log(phi((edges[code + 1] - s) * root) - phi((edges[code] - s) * root))

    precision = np.full(0 if root == 1 else 1, root**2, np.float32)
    for s in (-2.0, 0.1, 1.7):
        for code in range(4):
            target, weight = np.empty(1, np.float32), np.empty(1, np.float32)
            newton_terms(np.array([s], np.float32), np.array([code]), cutpoints, precision, target, weight)
            h, s32 = 1e-4, float(np.float32(s))
            slope = (log(s32 + h, code) - log(s32 - h, code)) / (2 * h)
            bend = -(log(s32 + h, code) - 2 * log(s32, code) + log(s32 - h, code)) / h**2
            assert weight[0] == pytest.approx(bend, rel=1e-3)
            assert (target[0] - s32) * weight[0] == pytest.approx(slope, rel=1e-3)


def test_a_single_draw_of_levels_is_drawn_as_one_of_many(ordinal):
    """Its ratings are no latent values, so that a plain solve of them would be far off."""
    one, first = slice(0, 1), ordinal.user_prior
    prior = RowPrior(precision=first.precision[one], mean=first.mean[one])
    fields = (
        "user_factors",
        "item_factors",
        "user_bias",
        "item_bias",
        "global_mean",
        "cutpoints",
        "noise_sd",
    )
    alone = replace(
        ordinal,
        user_prior=prior,
        item_prior=prior,
        **{name: getattr(ordinal, name)[one] for name in fields},
    )
    among, single = (model.fold_in([1, 2, 3], [5, 1, 2]) for model in (ordinal, alone))
    np.testing.assert_array_equal(single.factors[0], among.factors[0])
    np.testing.assert_array_equal(single.bias[0], among.bias[0])
