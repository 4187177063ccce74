"""Bounds of scores from item factors of eight bits: they hold, and lists chosen by them are exact."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from palate.factors.draws import bounded_scores, normal_quantile
from palate.kernels.screening import PANEL, pack_bytes
from palate.lists import ranking
from palate.lists.cautious import rank_cautiously
from palate.lists.pool import Pool
from palate.lists.ranking import rank
from posteriors import latent_draws, posterior_model


def exact_scores(model, user, sign, z):
    """Return `sign mean - z sd` over draws of all items, in float64."""
    latent = latent_draws(model)[:, user].astype(np.float64)
    return sign * latent.mean(axis=0) - z * latent.std(axis=0)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n_draws=st.integers(2, 30),
    n_factors=st.sampled_from([0, 1, 7, 8, 33]),
    n_items=st.sampled_from([1, PANEL - 1, PANEL, 3 * PANEL + 5]),
    whole=st.booleans(),
    sign=st.sampled_from([-1, 1]),
    z=st.floats(-3, 3),
    spread=st.sampled_from([1e-3, 1.0, 100.0]),
    level=st.sampled_from([0.0, 1e4]),
)
@example(
    seed=0, n_draws=30, n_factors=33, n_items=389, whole=False, sign=1, z=3.0, spread=1e-3, level=1e4
)  # almost equal draws far from 0: bounds must allow for rounding
def test_the_bounds_hold(seed, n_draws, n_factors, n_items, whole, sign, z, spread, level):
    shape, rng = (n_draws, n_items, n_factors), np.random.default_rng(seed)
    model = posterior_model(
        seed,
        n_draws=n_draws,
        n_factors=n_factors,
        n_items=n_items,
        whole=whole,
        item_factors=(spread * rng.normal(size=shape)).astype(np.float32),
        global_mean=np.full(n_draws, level),
    )
    for user in range(model.n_users):
        low, high = bounded_scores(model, user, sign, z)
        exact = exact_scores(model, user, sign, z)
        assert low.shape == high.shape == (n_items,)
        assert (low <= exact).all()
        assert (exact <= high).all()


def test_few_items_may_be_among_the_best():
    model = posterior_model(1, n_draws=8, n_factors=64, n_items=5000, whole=False, share=0.0)
    for user in range(model.n_users):
        low, high = bounded_scores(model, user, 1, 1.0)
        assert 10 <= (high >= np.sort(low)[-10]).sum() < 150


def test_an_entry_is_off_by_half_a_unit_at_most():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(3, 200, 5)).astype(np.float32)
    factors[1, 7] = 0
    items = pack_bytes(factors, np.zeros((3, 200), np.float32))
    assert items.values.shape == (2, 3, 8, PANEL)
    entries = (items.values * items.unit[:, :, None]).transpose(1, 0, 3, 2).reshape(3, 2 * PANEL, 8)
    unit = items.unit.transpose(1, 0, 2).reshape(3, 2 * PANEL, 1)
    assert (np.abs(entries[:, :200, :5] - factors) <= unit[:, :200] * (0.5 + 1e-5)).all()
    assert not entries[:, 200:].any()
    assert not entries[:, :, 5:].any()
    assert (unit[1, 7] == 0).all()


def test_items_that_are_not_finite_have_no_bounds():
    model = posterior_model(2, n_items=150, whole=False)
    model.item_factors[1, 3, 0] = np.nan
    model.item_bias[0, 140] = np.inf
    low, high = bounded_scores(model, 0, 1, 1.0)
    gone = np.flatnonzero(np.isnan(low) | np.isnan(high) | ~np.isfinite(low))
    np.testing.assert_array_equal(gone, [3, 140])
    found = rank_cautiously(model, np.array([0]), 150, 0.5, Pool())
    assert not np.isin(found.items, [3, 140]).any()
    np.testing.assert_array_equal(found.items[0, 148:], [-1, -1])
    assert np.isnan(found.scores[0, 148:]).all()


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 50),
    caution=st.floats(-0.999, 0.999),
    n_draws=st.sampled_from([2, 8]),
    exclude_seen=st.booleans(),
    ascending=st.booleans(),
    some=st.booleans(),
    whole=st.booleans(),
    n_items=st.sampled_from([3, 40, 300]),
)
def test_a_user_alone_has_the_list_of_exact_scores(
    seed, n, caution, n_draws, exclude_seen, ascending, some, whole, n_items
):
    model = posterior_model(seed, n_draws=n_draws, n_items=n_items, whole=whole)
    allowed = np.random.default_rng(seed).random(n_items) < 0.5 if some else None
    how = {"allowed": allowed, "exclude_seen": exclude_seen, "ascending": ascending}
    sign = -1 if ascending else 1
    for user in range(3):
        found = rank_cautiously(model, np.array([user]), n, caution, Pool.of(model, **how))
        exact = exact_scores(model, user, sign, normal_quantile(caution))
        if allowed is not None:
            exact[~allowed] = -np.inf
        if exclude_seen:
            own = slice(*model.ratings.indptr[user : user + 2])
            exact[model.ratings.items[own]] = -np.inf
        width = found.items.shape[1]
        best = -np.sort(-exact)[:width]
        there = np.isfinite(best)
        np.testing.assert_allclose(sign * found.scores[0, there], best[there], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(exact[found.items[0, there]], best[there], rtol=1e-5, atol=1e-5)
        assert (found.items[0, ~there] == -1).all()
        assert len(set(found.items[0, there])) == there.sum()


@pytest.mark.parametrize("caution", [0.8, -0.8])
def test_a_user_alone_has_the_list_of_a_user_among_others(caution):
    model = posterior_model(9, n_users=12, n_items=700, n_factors=9, whole=False)
    users = np.arange(12)
    together = rank_cautiously(model, users, 10, caution, Pool.of(model, exclude_seen=True))
    for user in users:
        alone = rank_cautiously(model, users[user : user + 1], 10, caution, Pool.of(model, exclude_seen=True))
        np.testing.assert_array_equal(alone.items[0], together.items[user])
        np.testing.assert_array_equal(alone.scores[0], together.scores[user])


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 50),
    link=st.sampled_from(["identity", "bounded", "ordinal", "noisy"]),
    exclude_seen=st.booleans(),
    ascending=st.booleans(),
    some=st.booleans(),
    whole=st.booleans(),
    n_items=st.sampled_from([3, 300]),
)
def test_a_list_by_the_mean_has_the_same_bits_with_bounds(
    seed, n, link, exclude_seen, ascending, some, whole, n_items
):
    model = posterior_model(seed, n_draws=5, n_items=n_items, n_factors=9, whole=whole, link=link)
    allowed = np.random.default_rng(seed).random(n_items) < 0.5 if some else None
    how = {"allowed": allowed, "exclude_seen": exclude_seen, "ascending": ascending}
    users = np.arange(3)
    plain = rank(model, users, n, **how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "SCREENED_BYTES", 0)
        found = rank(model, users, n, **how)
    np.testing.assert_array_equal(found.items, plain.items)
    np.testing.assert_array_equal(found.scores, plain.scores)
