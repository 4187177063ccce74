"""A least-squares model knows how sure it is: noise and scale from its own ratings, and what is
asked of it afterwards.
"""

from dataclasses import replace

import numpy as np
import pytest

from palate import Baseline, LeastSquares, Ratings, average, load


def planted(n_users=120, n_items=80, noise=0.5, seed=0):
    rng = np.random.default_rng(seed)
    p, q = rng.normal(0, 0.6, (n_users, 3)), rng.normal(0, 0.6, (n_items, 3))
    pairs = rng.choice(n_users * n_items, 5000, replace=False)
    users, items = np.divmod(pairs, n_items)
    exact = (
        3.5
        + rng.normal(0, 0.4, n_users)[users]
        + rng.normal(0, 0.4, n_items)[items]
        + np.einsum("nf,nf->n", p[users], q[items])
    )
    values = exact + rng.normal(0, noise, len(exact))
    order = rng.permutation(len(pairs))
    cut = order[:4500], order[4500:]
    train, test = (Ratings.from_arrays(users[part], items[part], values[part]) for part in cut)
    return train, test, exact[cut[1]]


@pytest.fixture(scope="module")
def fitted():
    train, test, exact = planted()
    trainer = LeastSquares(
        n_factors=3, l2_user=0.7, l2_item=0.7, l2_scaling=0, l2_bias=1.5
    )  # noise over factor variance
    return trainer.fit(train, validation=0.15, seed=3), test, exact


def pairs(ratings):
    frame = ratings.to_frame()
    return frame["user_id"].to_list(), frame["item_id"].to_list(), frame["rating"].to_numpy()


def test_noise_and_coverage_of_planted_ratings(fitted):
    model, test, _ = fitted
    assert model.noise_sd[0] == pytest.approx(0.5, abs=0.06)
    assert 0.5 < model.spread < 2.5
    users, items, values = pairs(test)
    for share in (0.5, 0.8, 0.95):
        _, low, high = model.predict(users, items, interval=share, interval_of="rating")
        assert np.mean((values >= low) & (values <= high)) == pytest.approx(share, abs=0.06)


def test_intervals_of_the_mean_hold_the_planted_means(fitted):
    model, test, _ = fitted
    frame = test.to_frame()
    _, _, exact = planted()
    # the frame is in the order of ids, the planted means in that of the draw
    values = dict(zip(zip(*planted_pairs(), strict=True), exact, strict=True))
    users, items = frame["user_id"].to_list(), frame["item_id"].to_list()
    wanted = np.array([values[pair] for pair in zip(users, items, strict=True)])
    _, low, high = model.predict(users, items, interval=0.8)
    assert 0.65 < np.mean((wanted >= low) & (wanted <= high)) < 0.95


def planted_pairs(n_users=120, n_items=80, seed=0):
    rng = np.random.default_rng(seed)
    rng.normal(0, 0.6, (n_users, 3)), rng.normal(0, 0.6, (n_items, 3))
    users, items = np.divmod(rng.choice(n_users * n_items, 5000, replace=False), n_items)
    rng.normal(0, 0.4, n_users), rng.normal(0, 0.4, n_items), rng.normal(0, 0.5, 5000)
    chosen = rng.permutation(5000)[4500:]
    return users[chosen].tolist(), items[chosen].tolist()


def test_fewer_ratings_are_less_sure(fitted):
    model, _, _ = fitted
    counts = model.ratings.item_counts()
    items = [model.items.id(int(place)) for place in (counts.argmin(), counts.argmax())]
    rare, popular = model.predict(0, items, return_std=True)[1]
    assert rare > popular
    unknown = model.predict(0, -5, unknown="baseline", return_std=True)[1]
    assert unknown > rare


def test_folded_users_have_standard_errors(fitted):
    model, _, _ = fitted
    few, many = model.fold_in([1], [4.0]), model.fold_in(list(range(30)), [4.0] * 30)
    stds = [model.predict(user, 40, return_std=True)[1] for user in (few, many)]
    assert stds[0] > stds[1] > 0
    alone = model.predict(5, 40, return_std=True)[1]
    together = model.predict([few, 5], 40, return_std=True)[1]
    np.testing.assert_allclose(together, [stds[0], alone], rtol=1e-5)
    frame = model.predict_frame(few, [40], interval=0.5)
    assert (frame["low"] < frame["high"]).all()


def test_saved_and_loaded_it_knows_the_same(fitted, tmp_path):
    model, _, _ = fitted
    model.save(tmp_path / "m.palate")
    loaded = load(tmp_path / "m.palate")
    assert (
        loaded.predict(3, [1, 2], return_std=True)[1].tolist()
        == model.predict(3, [1, 2], return_std=True)[1].tolist()
    )
    model.save(tmp_path / "bare.palate", ratings=False)
    with pytest.raises(ValueError, match=r"return_std must be left out for a model without standard errors"):
        load(tmp_path / "bare.palate").predict(3, 1, return_std=True)


def test_distribution_over_levels(fitted):
    model, _, _ = fitted
    known = replace(model, levels=np.array([1, 2, 3, 4, 5], np.float32))
    shares = known.predict_distribution(3, [1, 2])
    assert shares.shape == (2, 5)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert abs(shares @ [1, 2, 3, 4, 5] - known.predict(3, [1, 2])).max() < 0.1


def test_every_form_of_the_objective():
    train, _, _ = planted(seed=5)
    for trainer in (
        LeastSquares(n_factors=3, dropout=0.2),
        LeastSquares(n_factors=3, unobserved_weight=0.01),
        LeastSquares(n_factors=3, l2_user=0, l2_item=0),
        LeastSquares(n_factors=3, l2_user=1e6, l2_item=1e6),
        LeastSquares(n_factors=3, biases=False),
        Baseline(),
    ):
        model = trainer.fit(train, seed=1)
        _, std = model.predict([0, 1], [2, 3], return_std=True)
        assert np.isfinite(std).all(), trainer
        assert (std > 0).all(), trainer


def test_without_validation_or_by_average_it_does_not_know():
    train, _, _ = planted()
    trainer = LeastSquares(n_factors=2, max_sweeps=3)
    unsure = trainer.fit(train, validation=0)
    assert unsure.spread is None
    assert unsure.noise_sd is None
    sure = trainer.fit(train, refit=True)
    assert sure.spread is not None
    assert sure.ratings.held_out is None
    both = average([sure, sure])
    assert both.spread is None
    assert both.noise_sd is None
    with pytest.raises(ValueError, match=r"interval must be left out for a model without"):
        both.predict(0, 1, interval=0.8)
    counts = Ratings.from_arrays(train.user_index, train.item_index, np.ones(len(train)))
    assert LeastSquares.for_counts(n_factors=2, max_sweeps=2).fit(counts).spread is None


def test_threads_change_no_bit():
    train, _, _ = planted()
    one, two = (LeastSquares(n_factors=3, max_sweeps=3).fit(train, threads=threads) for threads in (1, 2))
    assert (one.noise_sd[0], one.spread) == (two.noise_sd[0], two.spread)


def test_ratings_without_noise_have_none():
    ratings = Ratings.from_arrays(np.repeat(np.arange(30), 10), np.tile(np.arange(10), 30), np.full(300, 3.0))
    assert LeastSquares(n_factors=2).fit(ratings, validation=0.2).spread is None


def test_weights_scale_the_noise():
    train, _, _ = planted()
    weighted = Ratings.from_arrays(
        train.user_index, train.item_index, train.value, weight=np.full(len(train), 4.0, np.float32)
    )
    trainer = LeastSquares(n_factors=3, l2_user=20.0, l2_item=20.0, l2_scaling=0)
    plain = LeastSquares(n_factors=3, l2_user=5.0, l2_item=5.0, l2_scaling=0, l2_bias=0.5).fit(train)
    heavy = trainer.fit(weighted)
    # a weight of 4 is a rating of a quarter of the noise variance: the noise of weight 1 doubles
    assert heavy.noise_sd[0] / plain.noise_sd[0] == pytest.approx(2, rel=0.05)


def test_lucky_held_out_ratings_do_not_make_standard_errors_vanish():
    """Held-out ratings that are predicted exactly made all standard errors a hundredth of what they are."""
    rng = np.random.default_rng(0)
    user, item = (index.ravel() for index in np.meshgrid(np.arange(60), np.arange(40), indexing="ij"))
    rated = rng.random(len(user)) < 0.5
    value = 3 + rng.normal(0, 0.5, 60)[user] + rng.normal(0, 0.5, 40)[item] + rng.normal(0, 1, len(user))
    train = Ratings.from_arrays(user[rated], item[rated], value[rated], scale=(-5, 11))
    trainer = LeastSquares(n_factors=2, max_sweeps=5)
    exact = trainer.fit(train, validation=0).predict(user[~rated], item[~rated])
    held = Ratings.from_arrays(user[~rated], item[~rated], exact, scale=(-5, 11))
    model = trainer.fit(train, validation=held)
    assert model.spread == 1.0
