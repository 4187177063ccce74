"""Compression: exact where the rank allows, the best product where not, and a model that serves
like any other.
"""

from dataclasses import replace

import numpy as np
import pytest

from model_files import noisy_model, ordinal_model
from palate import LeastSquares, Ratings, average


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(1)
    users, items = np.divmod(rng.choice(40 * 25, 400, replace=False), 25)
    ratings = Ratings.from_arrays(users, items, np.round(rng.uniform(1, 5, 400)))
    trainer = LeastSquares(n_factors=3, max_sweeps=8, l2_user=0.5, l2_item=0.5)
    return average([trainer.fit(ratings, validation=0, seed=seed) for seed in range(3)])


def products(model):
    return (
        np.einsum("duf,dif->ui", model.user_factors.astype(float), model.item_factors.astype(float))
        / model.n_draws
    )


def loss_in_words(note):
    return float(note.split("differ by ")[1].split(" ")[0])


def test_is_exact_when_the_rank_allows(model):
    point = model.compress(9)
    assert (point.n_draws, point.n_factors) == (1, 9)
    everyone = np.arange(model.n_users)
    np.testing.assert_allclose(point.score_items(everyone), model.score_items(everyone), atol=2e-5)
    assert loss_in_words(point.history.notes[-1]) == 0
    assert point.history.notes[-1].startswith(
        "Compressed from 3 draws of 3 factors to one of 9: predictions of training pairs"
    )


@pytest.mark.parametrize("k", [1, 2, 5])
def test_is_the_best_product_of_fewer_factors(model, k):
    point = model.compress(k)
    u, s, v = np.linalg.svd(products(model))
    np.testing.assert_allclose(products(point), (u[:, :k] * s[:k]) @ v[:k], atol=1e-4)
    ratings = model.ratings
    users = np.repeat(np.arange(model.n_users), np.diff(ratings.indptr))
    gap = model.score_pairs(users, ratings.items) - point.score_pairs(users, ratings.items)
    assert loss_in_words(point.history.notes[-1]) == pytest.approx(
        np.sqrt(np.mean(gap.astype(float) ** 2)), abs=6e-5
    )
    assert point.trainer["compressed_to"] == k


def test_losses_fall_with_the_number_of_factors(model):
    losses = [loss_in_words(model.compress(k).history.notes[-1]) for k in (1, 3, 6, 9)]
    assert losses == sorted(losses, reverse=True)


def test_a_model_whose_rows_have_their_own_noise():
    noisy = replace(noisy_model(), user_link=None, item_link=None)
    point = noisy.compress(4)
    assert point.user_noise is None
    assert point.item_noise is None
    np.testing.assert_allclose(point.score_items(np.arange(3)), noisy.score_items(np.arange(3)), atol=1e-5)


def test_serves_like_any_other(model, tmp_path):
    point = model.compress(6)
    point.save(tmp_path / "point.palate")
    items, ratings = list(range(10)), [4.0] * 10
    folded, wanted = (one.predict(one.fold_in(items, ratings), items).mean() for one in (point, model))
    assert folded == pytest.approx(wanted, abs=0.5)
    assert point.recommend(3, 2).height == 2
    with pytest.raises(ValueError, match=r"return_std must be left out"):
        point.predict(3, 4, return_std=True)


def test_the_same_draws_give_the_same_model(model):
    assert (model.compress(4).user_factors == model.compress(4).user_factors).all()


@pytest.mark.parametrize(
    ("change", "k", "error", "message"),
    [
        ({}, 0, ValueError, r"k must be between 1 and 9, the factors of all draws together; got 0\."),
        ({}, 10, ValueError, r"k must be between 1 and 9, the factors of all draws together; got 10\."),
        ({}, 2.0, TypeError, r"k must be an integer; got 2\.0\."),
        (
            {"ratings": None},
            2,
            ValueError,
            r"compress needs the ratings of the model to measure its loss; this model was saved without",
        ),
    ],
)
def test_what_cannot_be_compressed(model, change, k, error, message):
    with pytest.raises(error, match=message):
        replace(model, **change).compress(k)


def test_other_links_have_no_product():
    with pytest.raises(
        ValueError, match=r"compress must be used with a model with the link 'identity'; got 'ordinal'"
    ):
        ordinal_model().compress(2)
