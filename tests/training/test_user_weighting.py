"""`user_weighting`: active users count less in what is learned of items."""

import numpy as np
import pytest

import palate


@pytest.fixture(scope="module")
def plays():
    """Return counts of 25 users, from 2 to 14 each, of 15 items."""
    rng = np.random.default_rng(2)
    taste = rng.normal(size=(25, 3)) @ rng.normal(size=(3, 15))
    order = np.argsort(-taste - rng.normal(size=taste.shape), axis=1)
    user = np.repeat(np.arange(25), 2 + np.arange(25) // 2)
    item = np.concatenate([order[one, : 2 + one // 2] for one in range(25)])
    return palate.Ratings.from_arrays(user, item, rng.integers(1, 6, len(user)))


def trainer(**options):
    shape = {"n_factors": 3, "l2_user": 1.0, "l2_item": 1.0, "max_sweeps": 400, "tolerance": 1e-9}
    return palate.LeastSquares.for_counts("linear", **(shape | options))


def test_items_solve_their_weighted_equations_and_users_their_own(plays):
    model = trainer(user_weighting=0.5).fit(plays, validation=0)
    counts = np.diff(plays.user_indptr)
    share = (counts / counts.mean()) ** -0.5
    p, q = model.user_factors[0].astype(float), model.item_factors[0].astype(float)
    weight = np.zeros((25, 15))
    weight[plays.user_index, plays.item_index] = plays.value
    observed, weight = weight > 0, np.where(weight > 0, weight, 1.0)
    for item in range(15):
        w = share * weight[:, item]
        expected = np.linalg.solve((p.T * w) @ p + np.eye(3), (p.T * w) @ observed[:, item])
        np.testing.assert_allclose(q[item], expected, atol=2e-3)
    for user in range(25):
        w = weight[user]
        expected = np.linalg.solve((q.T * w) @ q + np.eye(3), (q.T * w) @ observed[user])
        np.testing.assert_allclose(p[user], expected, atol=1e-4)


def test_a_user_folded_in_is_the_stored_one(plays):
    model = trainer(user_weighting=0.5, max_sweeps=3).fit(plays, validation=0)
    own = slice(plays.user_indptr[7], plays.user_indptr[8])
    folded = model.fold_in(plays.items.take(plays.item_index[own]), plays.value[own])
    np.testing.assert_allclose(folded.factors[0], model.user_factors[0, 7], rtol=1e-4, atol=1e-5)


def test_zero_counts_all_users_alike_and_it_is_remembered(plays, tmp_path):
    plain = trainer(max_sweeps=3).fit(plays, validation=0)
    assert np.array_equal(
        plain.item_factors, trainer(max_sweeps=3, user_weighting=0.0).fit(plays, validation=0).item_factors
    )
    model = trainer(max_sweeps=3, user_weighting=0.5).fit(plays, validation=0.2, refit=True)
    model.save(tmp_path / "model.palate")
    loaded = palate.load(tmp_path / "model.palate")
    assert loaded.trainer["user_weighting"] == 0.5
    assert not np.allclose(loaded.item_factors, plain.item_factors)


def test_training_goes_on_from_a_model_of_it(plays):
    first = trainer(user_weighting=0.5).fit(plays, validation=0)
    again = trainer(user_weighting=0.5, max_sweeps=1).fit(plays, validation=0, start=first)
    np.testing.assert_allclose(again.item_factors, first.item_factors, atol=2e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: palate.LeastSquares(user_weighting=0.5), "user_weighting must be 0 for ratings; got 0.5"),
        (lambda: trainer(user_weighting=-1.0), "user_weighting must be"),
        (lambda: trainer(user_weighting=float("nan")), "user_weighting must be"),
    ],
)
def test_bad_exponents(plays, make, message):
    with pytest.raises(ValueError, match=message):
        make().fit(plays, validation=0)
