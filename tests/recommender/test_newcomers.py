"""What users get of whom nothing is known, where items are popular only while they are new."""

import warnings

import numpy as np
import pytest

import palate
from palate.app.core import Core
from palate.lists.popular import counts_for_newcomers
from palate.recommender.newcomers import for_newcomers

WEEK = 604_800


def regulars_and_newcomers():
    """Regular users choose what they always chose; each week new users choose what is new then."""
    rng = np.random.default_rng(0)
    regular = np.repeat(np.arange(300), 30)
    own = 40 * (regular % 2) + rng.integers(0, 40, len(regular))
    new = np.repeat(np.arange(300, 300 + 80 * 40), 3)
    week = (new - 300) // 80
    hits = 80 + 3 * week + rng.integers(0, 8, len(new))
    times = np.concatenate(
        [rng.integers(0, 40 * WEEK, len(regular)), week * WEEK + rng.integers(0, WEEK, len(new))]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return palate.Ratings.from_arrays(
            np.concatenate([regular, new]), np.concatenate([own, hits]), None, timestamp=times
        )


@pytest.fixture(scope="module")
def ratings():
    return regulars_and_newcomers()


@pytest.fixture(scope="module")
def model(ratings):
    return palate.Recommender().fit(ratings)


@pytest.fixture(scope="module")
def hits(ratings, model):
    """Return the items of the first list, counted by hand."""
    ages = (ratings.timestamp - ratings.timestamp.max()) / model.choice.trainer["newcomers_half_life"]
    counts = np.bincount(ratings.item_index, 2.0**ages, ratings.n_items)
    return ratings.items.take(np.argsort(-counts, kind="stable")[:5]).to_list()


@pytest.mark.filterwarnings("ignore:user 'nobody' is unknown")
def test_newcomers_get_what_was_popular_lately_where_that_is_better_for_them(model, hits, tmp_path):
    assert not model.trainer["choice"].startswith("popular")
    assert model.history.notes[-1].startswith(
        "Users of whom nothing is known get the items that were popular l"
    )
    assert min(hits) > 80 + 3 * 30  # hits of the last weeks
    model.save(tmp_path / "m.palate")
    for one in (model, palate.load(tmp_path / "m.palate")):
        assert one.recommend(["nobody"], 5, unknown="popular")["item_id"].to_list() == hits
    served = Core({"m": model}).recommend("nobody", n=5)
    assert [row.item.id for row in served.rows] == [str(item) for item in hits]


def test_a_test_of_new_users_is_of_the_same_lists(model, hits):
    test = palate.Ratings.from_arrays([f"new {item}" for item in hits], hits, None)
    users = palate.Ratings.from_arrays([-item for item in hits], hits, None)
    assert test.n_users == 5
    assert palate.evaluate(model, users, k=5, resamples=0, baselines=False).value("recall", 5) == 1


@pytest.mark.filterwarnings("ignore:user 20000 is unknown")
def test_an_update_counts_again(model):
    times = np.full(500, model.ratings.timestamp.max())
    new = palate.Ratings.from_arrays(10_000 + np.arange(500), np.full(500, 3), None, timestamp=times)
    later = model.update(new)
    assert later.recommend(20_000, 1, unknown="popular")["item_id"].to_list() == [3]


def test_without_ratings_the_numbers_of_ratings_decide(model, tmp_path):
    model.save(tmp_path / "m.palate", ratings=False)
    counts = counts_for_newcomers(palate.load(tmp_path / "m.palate"))
    assert counts.tolist() == model.ratings.item_counts().tolist()
    assert counts_for_newcomers(model).tolist() != counts.tolist()


def test_the_most_popular_stay_where_few_are_new_or_held_out_ratings_are_given(ratings):
    late = ratings.timestamp > np.quantile(ratings.timestamp, 0.9)
    train, held = ratings.select(~late), ratings.select(late)
    assert for_newcomers(train, held, 0.0) is not None
    assert for_newcomers(train, held.select(np.arange(len(held)) < 200), 0.0) is None
    known = held.select(held.user_index < 300)
    assert for_newcomers(train, known, 0.0) is None
    assert for_newcomers(train, held, np.inf) is None
    given = palate.Recommender(seconds=0.0).fit(train, validation=held)
    assert "newcomers_half_life" not in given.choice.trainer
