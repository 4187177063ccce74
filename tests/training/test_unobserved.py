"""Pairs without a rating: the whole objective against dense solves, counts, and conjugate gradients."""

import dataclasses

import numpy as np
import pytest

import palate
from palate import LeastSquares, Ratings
from palate.solve.confidence import Confidence

N_USERS, N_ITEMS = 30, 20
TRAINER = LeastSquares(
    n_factors=3,
    l2_user=0.5,
    l2_item=0.6,
    l2_scaling=0.5,
    unobserved_weight=0.1,
    imputed_value=2.0,
    l2_bias=2.0,
    dropout=0.1,
    tolerance=1e-8,
    max_sweeps=500,
)


@pytest.fixture(scope="module")
def ratings():
    rng = np.random.default_rng(0)
    mask = rng.random((N_USERS, N_ITEMS)) < 0.3
    mask[range(N_USERS), np.arange(N_USERS) % N_ITEMS] = True
    user, item = np.nonzero(mask)
    return Ratings.from_arrays(user, item, rng.integers(1, 6, len(user)))


def dense(ratings, observed_weight, target, w0, r0):
    """Return the full matrices of weights and targets."""
    weights, targets = np.full((N_USERS, N_ITEMS), float(w0)), np.full((N_USERS, N_ITEMS), float(r0))
    weights[ratings.user_index, ratings.item_index] = observed_weight
    targets[ratings.user_index, ratings.item_index] = target
    return weights, targets


def scores(model):
    bias = model.user_bias[0].astype(float)[:, None] + model.item_bias[0].astype(float)
    return (
        model.global_mean[0]
        + bias
        + model.user_factors[0].astype(float) @ model.item_factors[0].astype(float).T
    )


@pytest.mark.parametrize("solver", ["exact", "conjugate"])
def test_the_objective_over_all_pairs_is_the_documented_one(ratings, solver):
    model = dataclasses.replace(TRAINER, solver=solver).fit(ratings, validation=0)
    weights, targets = dense(ratings, 1.0, ratings.value, 0.1, 2.0)
    observed = weights == 1
    p, q = model.user_factors[0].astype(float), model.item_factors[0].astype(float)
    strength_u = (observed.sum(axis=1) + 0.1 * N_ITEMS) ** 0.5
    strength_i = (observed.sum(axis=0) + 0.1 * N_USERS) ** 0.5
    expected = (
        (weights * (targets - scores(model)) ** 2).sum()
        + (1 / 0.9**2 - 1) * (observed * ((p**2) @ (q**2).T)).sum()
        + 0.5 * strength_u @ (p**2).sum(axis=1)
        + 0.6 * strength_i @ (q**2).sum(axis=1)
        + 2.0 * (np.square(model.user_bias).sum() + np.square(model.item_bias).sum())
    )
    assert model.history.sweeps[-1].objective == pytest.approx(expected, rel=1e-5)


def test_a_user_is_the_dense_solution_of_all_pairs(ratings):
    model = dataclasses.replace(TRAINER, dropout=0.0, n_factors=4).fit(ratings, validation=0)
    weights, targets = dense(ratings, 1.0, ratings.value, 0.1, 2.0)
    design = np.hstack([model.item_factors[0], np.ones((N_ITEMS, 1))]).astype(float)
    for user in range(N_USERS):
        n = (ratings.user_index == user).sum()
        ridge = np.diag([0.5 * (n + 0.1 * N_ITEMS) ** 0.5] * 4 + [2.0])
        left = design.T @ (weights[user][:, None] * design) + ridge
        right = design.T @ (weights[user] * (targets[user] - model.global_mean[0] - model.item_bias[0]))
        expected = np.linalg.solve(left, right)
        np.testing.assert_allclose(
            np.append(model.user_factors[0, user], model.user_bias[0, user]), expected, atol=1e-4
        )


FORMS = {
    "one-plus": lambda counts, w0: (1 + 3.0 * counts, 1.0, 1.0),
    "linear": lambda counts, w0: (3.0 * counts, 1.0, 1.0),
    "everywhere": lambda counts, w0: (1 + w0, 1 / (1 + w0), w0),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("solver", ["exact", "conjugate"])
def test_each_form_of_counts_is_its_papers_objective(ratings, form, solver):
    """Users solved against the fixed items, over all pairs, with the paper's own weights."""
    w0 = 0.2 if form == "everywhere" else 1.0
    trainer = LeastSquares.for_counts(
        form,
        n_factors=3,
        alpha=3.0,
        l2_user=0.4,
        l2_item=0.4,
        unobserved_weight=w0,
        l2_scaling=0.0,
        solver=solver,
    )
    model = trainer.fit(ratings, validation=0)
    observed, target, elsewhere = FORMS[form](ratings.value.astype(float), w0)
    weights, targets = dense(ratings, observed, target, elsewhere, 0.0)
    q = model.item_factors[0].astype(float)
    for user in range(N_USERS):
        left = q.T @ (weights[user][:, None] * q) + 0.4 * np.eye(3)
        expected = np.linalg.solve(left, q.T @ (weights[user] * targets[user]))
        np.testing.assert_allclose(model.user_factors[0, user], expected, atol=2e-4)
    assert model.scale is None
    assert "score" in model.recommend(0, n=1).columns


def test_rendles_form_is_the_loss_over_all_pairs_plus_the_observed_one(ratings):
    """sum_obs (1 - s)^2 + w0 sum_all s^2 differs from the single square by a constant, whatever s is."""
    w0, rng = 0.2, np.random.default_rng(1)
    weights, targets = dense(ratings, 1 + w0, 1 / (1 + w0), w0, 0.0)
    observed = weights > 1
    differences = []
    for _ in range(5):
        s = rng.normal(size=weights.shape)
        two_sums = ((1 - s)[observed] ** 2).sum() + w0 * (s**2).sum()
        differences.append(two_sums - (weights * (targets - s) ** 2).sum())
    np.testing.assert_allclose(differences, differences[0])


@pytest.mark.parametrize("form", ["none", *FORMS])
def test_fold_in_of_known_counts_is_the_stored_user(ratings, form):
    trainer = TRAINER if form == "none" else LeastSquares.for_counts(form, n_factors=5)
    for solver in ("exact", "conjugate"):
        model = dataclasses.replace(trainer, solver=solver).fit(ratings, validation=0)
        mine = ratings.user_index == 7
        folded = model.fold_in(ratings.item_index[mine], ratings.value[mine])
        np.testing.assert_allclose(folded.factors[0], model.user_factors[0, 7], atol=1e-5)


def test_conjugate_gradients_reach_the_exact_optimum():
    data = palate.datasets.load("movielens-small").ratings
    exact, conjugate = (
        LeastSquares(n_factors=40, l2_user=2.0, l2_item=2.0, solver=solver).fit(data)
        for solver in ("exact", "conjugate")
    )
    errors = [
        model.history.sweeps[model.history.best_sweep - 1].validation_rmse for model in (exact, conjugate)
    ]
    assert errors[1] == pytest.approx(errors[0], abs=0.002)
    assert LeastSquares(n_factors=256).steps == 0
    assert LeastSquares(n_factors=257).steps == 4


def test_every_pair_observed_leaves_nothing_unobserved():
    rng = np.random.default_rng(2)
    user, item = np.nonzero(np.ones((8, 6), bool))
    full = Ratings.from_arrays(user, item, rng.integers(1, 6, 48))
    trainer = LeastSquares(
        n_factors=2, l2_user=1.0, l2_item=1.0, l2_scaling=0.0, tolerance=1e-9, max_sweeps=400, patience=5
    )
    without = trainer.fit(full, validation=0)
    with_w0 = dataclasses.replace(trainer, unobserved_weight=0.5, imputed_value=1.0).fit(
        full, validation=0, start=without
    )
    np.testing.assert_allclose(with_w0.predict(user, item), without.predict(user, item), atol=2e-3)


def test_an_obscure_item_is_pulled_to_the_imputed_value():
    data = palate.datasets.load("movielens-small").ratings
    plain = LeastSquares(n_factors=8).fit(data)
    pulled = LeastSquares(n_factors=8, unobserved_weight=0.02, imputed_value=2.5, max_sweeps=10).fit(data)
    counts = plain.ratings.item_counts()
    obscure = np.flatnonzero(counts <= 2)
    users = np.arange(0, 671, 10)
    top = [
        np.median([counts[i] for i in m.items.indices(m.recommend(m.users.take(users), n=10)["item_id"])])
        for m in (plain, pulled)
    ]
    assert top[1] > top[0]
    assert pulled.score_items(users)[:, obscure].max() < plain.score_items(users)[:, obscure].max()


def test_counts_must_be_positive_and_options_known(ratings):
    bad = Ratings.from_arrays([1, 1, 2], [1, 2, 1], [3, -1, 2])
    with pytest.raises(
        ValueError, match=r"counts must be positive; got -1 .* Leave pairs without a count out"
    ):
        LeastSquares.for_counts().fit(bad, validation=0)
    with pytest.raises(ValueError, match="form must be one of 'one-plus', 'linear', 'everywhere'; got 'log'"):
        LeastSquares.for_counts("log")
    for change, message in [
        ({"unobserved_weight": -1}, "unobserved_weight must be a finite number of at least 0; got -1"),
        ({"imputed_value": float("inf")}, "imputed_value must be a finite number or 'mean'; got inf"),
        ({"counts": "plays"}, "counts must be one of 'none'"),
        ({"solver": "fast"}, "solver must be one of 'auto', 'exact', 'conjugate'; got 'fast'"),
        ({"solver": "conjugate", "l1_bias": 1.0}, "l1_bias must be 0 with solver='conjugate'"),
    ]:
        with pytest.raises(ValueError, match=message):
            LeastSquares(**change).fit(ratings)
    with pytest.raises(TypeError, match="imputed_value must be a number or 'mean'; got 'low'"):
        LeastSquares(imputed_value="low").fit(ratings)


def test_confidence_multiplies_observation_weights():
    values, weights = Confidence("linear", 2.0, 1.0).apply(
        np.array([3.0], np.float32), np.array([0.5], np.float32)
    )
    assert (values.tolist(), weights.tolist()) == ([1.0], [3.0])
