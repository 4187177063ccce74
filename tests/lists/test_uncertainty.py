"""Standard errors, intervals and distributions of two draws worked out by hand, for every link."""

from dataclasses import replace
from math import exp
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palate.data.ratings import Ratings
from palate.factors.pairs import Pairs
from palate.factors.row_precision import RowNoise
from palate.kernels import predictive
from palate.model.factor_model import FactorModel
from palate.solve.prior import RowPrior

PHI = NormalDist().cdf
Z80 = NormalDist().inv_cdf(0.9)


def row_prior(n_draws, n_factors):
    return RowPrior(
        precision=np.repeat(np.eye(n_factors + 1, dtype=np.float32)[None], n_draws, axis=0),
        mean=np.zeros((n_draws, n_factors + 1), np.float32),
    )


@pytest.fixture
def gauss():
    """Return users al, bo and items 1, 2 in two draws: s(al, 1) is 3 and 4, s(bo, 2) is 2.5 and 2."""
    ratings = Ratings.from_arrays(["al", "bo"], [1, 2], [5.0, 1.0], scale=(1, 5))
    return FactorModel(
        users=ratings.users,
        items=ratings.items,
        user_factors=np.array([[[1.0], [-1.0]], [[1.0], [0.0]]], np.float32),
        item_factors=np.array([[[0.5], [0.5]], [[1.0], [0.5]]], np.float32),
        user_bias=np.array([[0.0, 0.0], [0.5, -0.5]], np.float32),
        item_bias=np.array([[-0.5, 0.0], [-0.5, -0.5]], np.float32),
        global_mean=np.array([3.0, 3.0]),
        user_prior=row_prior(2, 1),
        item_prior=row_prior(2, 1),
        scale=(1.0, 5.0),
        noise_sd=np.array([1.0, 0.5]),
        levels=np.array([1, 2, 3, 4, 5], np.float32),
    )


@pytest.fixture
def ordinal(gauss):
    """Return the same latent values less 3, as an ordered probit over 1, 3 and 5."""
    cutpoints = np.array([[-1.0, 1.0], [0.0, 0.5]], np.float32)
    levels = np.array([1, 3, 5], np.float32)
    return replace(
        gauss,
        link="ordinal",
        levels=levels,
        cutpoints=cutpoints,
        global_mean=np.zeros(2),
        noise_sd=np.ones(2),
    )


def shares(latent, cutpoints):
    below = [0.0, *(PHI(cut - latent) for cut in cutpoints), 1.0]
    return np.diff(below)


def test_standard_errors_are_the_spread_of_the_draws(gauss):
    mean, std = gauss.predict(["al", "bo"], [1, 2], return_std=True)
    np.testing.assert_allclose(mean, [3.5, 2.25])
    np.testing.assert_allclose(std, [0.5, 0.25])
    assert mean.dtype == std.dtype == np.float32
    assert gauss.predict("al", 1, return_std=True) == (3.5, 0.5)
    assert gauss.predict("al", 1) == 3.5


def test_interval_of_the_mean(gauss):
    _, low, high = gauss.predict("al", [1, 1], interval=0.8)
    np.testing.assert_allclose(low, 3.5 - Z80 * 0.5, rtol=1e-6)
    np.testing.assert_allclose(high, 3.5 + Z80 * 0.5, rtol=1e-6)
    assert gauss.predict("al", 1, interval=0.8, return_std=True)[1] == 0.5
    assert gauss.predict("al", 1, interval=0.99999, clip=True)[2] == 5


def test_interval_of_a_rating_is_the_mixtures(gauss):
    _, low, high = gauss.predict("al", 1, interval=0.9, interval_of="rating")
    for end, share in ((low, 0.05), (high, 0.95)):
        assert (PHI((end - 3) / 1) + PHI((end - 4) / 0.5)) / 2 == pytest.approx(share, abs=1e-6)


def test_distribution_is_that_of_rounded_ratings(gauss):
    found = gauss.predict_distribution("bo", 2)
    edges = [1.5, 2.5, 3.5, 4.5]
    below = [0.0, *((PHI(e - 2.5) + PHI((e - 2) / 0.5)) / 2 for e in edges), 1.0]
    np.testing.assert_allclose(found, np.diff(below), atol=1e-12)
    assert gauss.predict_distribution(["bo", "al"], 2).shape == (2, 5)


def test_levels_come_from_the_ratings_where_the_model_has_none(gauss):
    from palate.data.matrix import RatingMatrix

    known = Ratings.from_arrays(["al", "bo"], [1, 2], [5.0, 1.0])
    two = replace(gauss, levels=None, ratings=RatingMatrix.from_ratings(known))
    np.testing.assert_allclose(two.predict_distribution("bo", 2)[0], (PHI(0.5) + PHI(2)) / 2)
    with pytest.raises(ValueError, match=r"a model with at most 100 rating levels; this one has none\."):
        replace(gauss, levels=None).predict_distribution("bo", 2)
    with pytest.raises(ValueError, match=r"this one has 101\."):
        replace(gauss, levels=np.arange(101, dtype=np.float32)).predict_distribution("bo", 2)


def test_ordinal_predictions_are_means_after_the_link(ordinal):
    each = [shares(0.0, [-1, 1]) @ [1, 3, 5], shares(1.0, [0, 0.5]) @ [1, 3, 5]]
    mean, std, low, high = ordinal.predict("al", 1, return_std=True, interval=0.8)
    assert mean == pytest.approx(np.mean(each), abs=1e-6)
    assert std == pytest.approx(np.std(each), abs=1e-6)
    assert (low, high) == pytest.approx((mean - Z80 * std, mean + Z80 * std), abs=1e-6)
    together = (shares(0.0, [-1, 1]) + shares(1.0, [0, 0.5])) / 2
    np.testing.assert_allclose(ordinal.predict_distribution("al", 1), together, atol=1e-7)
    _, low, high = ordinal.predict("al", 1, interval=0.5, interval_of="rating")
    below = np.cumsum(together)
    assert (low, high) == tuple(np.array([1, 3, 5])[[int((below < share).sum()) for share in (0.25, 0.75)]])


def test_ordinal_intervals_stay_within_the_levels(ordinal):
    _, low, high = ordinal.predict(["al", "bo"], [1, 2], interval=0.999999)
    assert (low >= 1).all()
    assert (high <= 5).all()


def test_all_items_and_pairs_agree_under_every_link(gauss, ordinal):
    bounded = replace(gauss, link="bounded", global_mean=np.zeros(2))
    assert bounded.predict("al", 1) == pytest.approx(
        np.mean([1 + 4 / (1 + exp(-s)) for s in (0.0, 1.0)]), abs=1e-6
    )
    noises = [
        RowNoise(scale=np.array([[0.5, 1.0, 2.0][: len(rows)]] * 2, np.float32), degrees=np.array([6.0, 9.0]))
        for rows in (ordinal.users, ordinal.items)
    ]
    for model in (gauss, ordinal, bounded, replace(ordinal, user_noise=noises[0], item_noise=noises[1])):
        users = np.array([1, 0, -1])
        pairs = model.score_pairs(np.repeat(users, 2), np.tile([0, 1], 3)).reshape(3, 2)
        np.testing.assert_allclose(model.score_items(users), pairs, atol=5e-6)


@pytest.mark.parametrize("shift", [-30.0, -6.5, -1.0, 0.0, 1.3, 6.5, 30.0])
def test_the_table_of_a_link_is_near_the_link(ordinal, shift):
    everyone = np.repeat(np.arange(2), 2), np.tile(np.arange(2), 2)
    for model in (ordinal, replace(ordinal, link="bounded", cutpoints=None)):
        shifted = replace(model, global_mean=np.array([shift, shift / 2]))
        exact = shifted.score_pairs(*everyone).reshape(2, 2)
        np.testing.assert_allclose(shifted.score_items(np.arange(2)), exact, atol=1e-5)


def test_every_link_is_ranked_and_compared(ordinal):
    frame = ordinal.recommend(["al", "bo"], 2, exclude_seen=False)
    for user, item, score in frame.select("user_id", "item_id", "predicted_rating").rows():
        assert ordinal.predict(user, item) == pytest.approx(score, abs=5e-6)
    assert (frame.filter(rank=1)["predicted_rating"] >= frame.filter(rank=2)["predicted_rating"]).all()
    assert ordinal.similar_items(1, 1)["item_id"].to_list() == [2]


def test_unknown_rows_are_less_sure(gauss):
    assert np.isnan(gauss.predict("zoe", 1, unknown="nan", return_std=True, interval=0.8)).all()
    assert np.isnan(gauss.predict_distribution("zoe", 1, unknown="nan")).all()
    mean, std = gauss.predict("zoe", 1, unknown="baseline", return_std=True)
    assert mean == pytest.approx(gauss.predict("zoe", 1, unknown="baseline"))
    latent = np.array([3 - 0.5, 3 - 0.5])  # the prior mean is zero
    assert mean == pytest.approx(latent.mean())
    assert std > 0
    assert std == gauss.predict("zoe", 1, unknown="baseline", return_std=True)[1]
    assert gauss.predict_distribution("zoe", 9, unknown="baseline").sum() == pytest.approx(1)


def test_frames_have_the_same_columns(gauss):
    frame = gauss.predict_frame("al", [1, 2], return_std=True, interval=0.8, interval_of="rating")
    assert frame.columns[:6] == ["user_id", "item_id", "predicted_rating", "std", "low", "high"]
    mean, std, low, high = gauss.predict("al", [1, 2], return_std=True, interval=0.8, interval_of="rating")
    for name, values in (("predicted_rating", mean), ("std", std), ("low", low), ("high", high)):
        assert frame[name].to_numpy().tolist() == values.tolist()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"interval": 1.0},
            ValueError,
            r"interval must be between 0 and 1, neither included; got 1\. 0\.8 is an 80 % interval\.",
        ),
        ({"interval": True}, TypeError, r"interval must be a number between 0 and 1, or None; got True\."),
        (
            {"interval": 0.5, "interval_of": "rank"},
            ValueError,
            r"interval_of must be 'mean' or 'rating'; got 'rank'\.",
        ),
    ],
)
def test_questions_out_of_range(gauss, options, error, message):
    with pytest.raises(error, match=message):
        gauss.predict("al", 1, **options)


def test_a_model_that_does_not_know_is_not_asked(gauss, model):
    with pytest.raises(
        ValueError,
        match=r"return_std must be left out for a model without standard errors; got True",
    ):
        replace(gauss, noise_sd=None).predict("al", 1, return_std=True)
    with pytest.raises(
        ValueError, match=r"interval must be left out for a model without standard errors; got 0\.8"
    ):
        model.predict("ann", 10, interval=0.8)
    with pytest.raises(ValueError, match=r"predict_distribution must be left out for a model without"):
        model.predict_distribution("ann", 10)


some_draws = st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 3)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(draws=some_draws, share=st.floats(0.001, 0.999))
def test_quantiles_of_a_mixture_invert_its_distribution(draws, share):
    expected, noise = np.array([[s for s, _ in draws]]), np.array([[n for _, n in draws]])
    out = np.empty(1)
    predictive.mixture_quantiles(expected, noise, NormalDist().inv_cdf(share), share, out)
    below = predictive.mixture_below_reference(expected, noise, out)[0, 0]
    sd = np.sqrt(expected.var() + np.mean(noise**2))
    density = np.mean([NormalDist(s, n).pdf(out[0]) for s, n in draws])
    assert abs(below - share) <= 1e-5 * sd * density + 1e-9
    kernel = np.empty((1, 1))
    predictive.mixture_below(expected, noise, out, kernel)
    assert kernel[0, 0] == pytest.approx(below, abs=1e-12)


@pytest.fixture
def noisy(gauss):
    degrees = np.array([6.0, 9.0])
    scales = [np.array([[0.5, 1.0, 2.0][: len(rows)]] * 2, np.float32) for rows in (gauss.users, gauss.items)]
    users, items = (RowNoise(scale=scale, degrees=degrees) for scale in scales)
    return replace(gauss, user_noise=users, item_noise=items)


def test_noise_of_rows_multiplies(noisy, gauss):
    found = Pairs.of(noisy, np.array([0, 1, 0]), np.array([0, 0, 1])).noise()
    shares = np.array([0.25, 0.5, 0.5])
    np.testing.assert_allclose(found, shares[:, None] * gauss.noise_sd, rtol=1e-6)
    np.testing.assert_allclose(Pairs.of(gauss, np.array([0]), np.array([0])).noise(), gauss.noise_sd[None])


def test_intervals_and_distributions_follow_the_noise_of_the_pair(noisy, gauss):
    user, item = noisy.users.id(0), noisy.items.id(0)
    quiet, plain = (
        model.predict(user, item, interval=0.8, interval_of="rating")[1:] for model in (noisy, gauss)
    )
    assert quiet[1] - quiet[0] < plain[1] - plain[0]
    means = [model.predict(user, item, interval=0.8)[1:] for model in (noisy, gauss)]
    np.testing.assert_array_equal(*means)
    expected = Pairs.of(noisy, np.array([0]), np.array([0])).over_draws(lambda found, _: found)
    sds = 0.25 * gauss.noise_sd[None]
    edges = np.array(quiet, float)
    np.testing.assert_allclose(
        predictive.mixture_below_reference(expected, sds, edges), [[0.1, 0.9]], atol=1e-4
    )


def test_an_unknown_row_has_noise_from_its_prior(noisy):
    found = Pairs.of(noisy, np.array([-1, 0]), np.array([0, -1])).noise()
    assert (found > 0).all()
    again = Pairs.of(noisy, np.array([-1]), np.array([0])).noise()
    np.testing.assert_array_equal(found[:1], again)  # the same in any company
    many = RowNoise(scale=np.ones((4000, 0), np.float32), degrees=np.full(4000, 8.0))
    assert np.mean(many.unknown("item") ** -2) == pytest.approx(1, abs=4.5 * np.sqrt(0.25 / 4000))


def test_quantiles_without_noise_are_those_of_the_draws():
    out = np.empty(1)
    predictive.mixture_quantiles(np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 3)), 0.0, 0.5, out)
    assert out[0] == pytest.approx(2.0, abs=1e-5)
