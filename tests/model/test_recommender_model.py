"""Two heads: the curve of chances, and the exactness of lists ranked by both."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import palate
from palate.heads.chance import ChanceByPlace, fit_chance
from palate.heads.ranking import TwoHeads, liked_log
from palate.lists.pool import Pool
from palate.lists.ranking import rank
from write_kinds import planted


class Table:
    """A scorer whose scores are given."""

    ratings = catalog = scale = None
    frame_kind = "polars"

    def __init__(self, scores):
        self.scores = np.asarray(scores, np.float32)
        self.users = palate.Vocabulary.from_ids(list(range(self.scores.shape[0])))
        self.items = palate.Vocabulary.from_ids(list(range(self.scores.shape[1])))

    def score_pairs(self, users, items):
        return self.scores[users, items]

    def score_items(self, users):
        return self.scores[users]


def brute(heads, user, n, allowed):
    """Return the top n of one user by scoring everything."""
    order = sorted(allowed, key=lambda item: (-heads.choice.scores[user, item], item))
    scored = []
    for place, item in enumerate(order, start=1):
        score = heads.chance.log(np.array([place]))[0]
        if heads.stars is not None and heads.beta:
            mean = np.array([heads.stars.scores[user, item]])
            score += heads.beta * liked_log(mean, heads.noise, heads.liked_from)[0]
        scored.append((-score, item))
    return [item for _, item in sorted(scored)[:n]]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    n=st.integers(1, 12),
    beta=st.sampled_from([0.0, 0.5, 1.0, 4.0]),
    slope=st.sampled_from([0.1, 0.8, 2.0]),
)
def test_lists_by_both_are_exact(seed, n, beta, slope):
    rng = np.random.default_rng(seed)
    choice, stars = Table(rng.normal(size=(5, 300))), Table(rng.uniform(1, 5, size=(5, 300)))
    chance = ChanceByPlace(level=0.4, shift=2.0, slope=slope, average=0.01)
    heads = TwoHeads(choice=choice, stars=stars, chance=chance, beta=beta, liked_from=4.0, noise=0.8)
    allowed = rng.random(300) < 0.9
    picked = heads.pick(np.arange(5), n, Pool(mask=allowed))
    for user in range(5):
        assert picked.items[user].tolist() == brute(heads, user, n, np.flatnonzero(allowed))


def test_what_was_seen_is_left_out_and_fewer_items_than_asked_are_marked():
    choice = Table([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]])
    chance = ChanceByPlace(level=0.4, shift=1.0, slope=1.0, average=0.1)
    heads = TwoHeads(choice=choice, stars=None, chance=chance, beta=1.0, liked_from=4.0, noise=1.0)
    seen = (np.array([0, 2, 2]), np.array([0, 1], np.int32))
    picked = heads.pick(np.array([0, 1]), 3, Pool(seen=seen))
    assert picked.items.tolist() == [[2, -1, -1], [2, 1, 0]]
    assert picked.places.tolist() == [[1, 0, 0], [1, 2, 3]]
    assert np.isnan(picked.scores[0, 1:]).all()


def test_a_lower_mean_lowers_an_item():
    choice, stars = Table([[2.0, 1.9, 1.8]]), Table([[4.0, 4.0, 4.0]])
    chance = ChanceByPlace(level=0.4, shift=5.0, slope=0.2, average=0.1)
    heads = TwoHeads(choice=choice, stars=stars, chance=chance, beta=1.0, liked_from=4.0, noise=0.5)
    assert heads.pick(np.array([0]), 3, Pool()).items.tolist() == [[0, 1, 2]]
    unsure = heads.pick(
        np.array([0]), 3, Pool(), lowered=lambda users, items, mean: mean - 2.0 * (items == 0)
    )
    assert unsure.items.tolist() == [[1, 2, 0]]


def test_the_curve_of_chances_is_found_again():
    places = np.arange(1, 301)
    true = ChanceByPlace(level=0.6, shift=10.0, slope=0.9, average=0.001)
    hits = np.random.default_rng(0).random((20_000, 300)) < true.of(places)
    found = fit_chance(hits, np.full(20_000, 7), np.full(20_000, 300), 0.001)
    np.testing.assert_allclose(found.of(places), true.of(places), rtol=0.05)
    np.testing.assert_allclose(found.of(places, np.array([7])), found.of(places))
    assert found.average == pytest.approx(0.001)


def test_users_who_choose_more_have_higher_chances_and_the_same_order():
    rng, places = np.random.default_rng(1), np.arange(1, 101)
    n_choices = np.exp(rng.uniform(0, 6, 6000)).astype(int) + 1
    rate = 0.004 * n_choices[:, None] / (places + 5.0)
    found = fit_chance(rng.random(rate.shape) < 1 - np.exp(-rate), n_choices, np.full(6000, 100), 0.001)
    for n in (2, 20, 200):
        expected = 1 - np.exp(-0.004 * n / (places + 5.0))
        np.testing.assert_allclose(found.of(places, np.array([n])), expected, rtol=0.1)
        chance = float(found.of(np.array([3]), np.array([n]))[0])
        assert found.probability_in_words(chance, n) == found.in_words(3)
    assert found.of(np.array([1]), np.array([10**9]))[0] == 1


def test_places_that_a_short_ranking_does_not_have_are_no_misses():
    """Everything is as likely to be chosen, but most users have four items left and few have forty."""
    rng, n_shown = np.random.default_rng(2), np.where(np.arange(5000) % 10, 4, 40)
    hits = (rng.random((5000, 40)) < 0.2) & (np.arange(40) < n_shown[:, None])
    found = fit_chance(hits, np.full(5000, 9), n_shown, 0.2)
    np.testing.assert_allclose(found.of(np.array([1, 4, 20, 40])), 0.2, rtol=0.25)


def test_without_hits_the_order_of_the_choice_head_is_kept():
    chance = fit_chance(np.zeros((5, 10), bool), np.full(5, 3), np.full(5, 10), 0.01)
    assert (np.diff(chance.log(np.arange(1, 11))) < 0).all()
    assert 0 < chance.of(np.array([1]))[0] < 1
    assert chance.in_words(1) == "", "no choice was held out that could say how likely one is"


def test_popular_counts_and_popular_lately_forgets():
    ratings = planted()
    model = palate.Popular().fit(ratings)
    counts = np.bincount(ratings.item_index, minlength=20)
    assert model.score_items(np.array([0]))[0].tolist() == counts.tolist()
    lately = palate.Popular(half_life=50_000_000).fit(ratings)
    weights = 2.0 ** ((ratings.timestamp - ratings.timestamp.max()) / 50_000_000)
    np.testing.assert_allclose(
        lately.score_items(np.array([3]))[0],
        np.bincount(ratings.item_index, weights, minlength=20),
        rtol=1e-6,
    )
    newcomer = lately.fold_in([1, 2], [5, 4])
    own = rank(lately, np.array([0]), 20).items[0]
    assert (
        lately.recommend(newcomer, 3)["item_id"].to_list() == [item for item in own if item not in (1, 2)][:3]
    )


def test_items_with_few_ratings_come_after_all_others():
    ratings = palate.Ratings.from_arrays(
        [1, 2, 3, 1, 2], ["a", "a", "a", "new", "newer"], [3] * 5, timestamp=[0, 0, 0, 99, 100]
    )
    lately = palate.Popular(half_life=50, min_ratings=3).fit(ratings)
    order = np.argsort(-lately.score_items(np.array([0]))[0])
    assert [lately.items.id(item) for item in order] == ["a", "newer", "new"]


@pytest.mark.parametrize(
    ("half_life", "message"),
    [(0.0, "half_life must be above 0"), (-1.0, "half_life must be"), (5.0, "must have timestamps")],
)
def test_a_half_life_needs_to_be_positive_and_times(half_life, message):
    ratings = palate.Ratings.from_arrays([1, 2], [1, 2], [3, 4])
    with pytest.raises(ValueError, match=message):
        palate.Popular(half_life=half_life).fit(ratings)


@pytest.fixture(scope="module")
def rated_table():
    rng = np.random.default_rng(4)
    users, items = np.nonzero(rng.random((40, 15)) < 0.4)
    return palate.Ratings.from_arrays(users, items, rng.integers(1, 6, len(users)), scale=(1, 5))


@pytest.fixture(scope="module")
def two_heads(rated_table):
    return palate.Recommender().fit(rated_table)


class TestStrangers:
    @pytest.mark.parametrize("by", ["both", "chosen", "stars"])
    def test_who_is_unknown_is_skipped_or_gets_what_is_popular(self, two_heads, by):
        with pytest.warns(UserWarning, match="user 999 is unknown: left out"):
            assert two_heads.recommend([3, 999], n=2, by=by, unknown="skip")[
                "user_id"
            ].unique().to_list() == [3]
        with pytest.warns(UserWarning, match="user 999 is unknown: its list is of the most popular items"):
            frame = two_heads.recommend([3, 999], n=2, by=by, unknown="popular")
        assert frame["source"].to_list() == ["model"] * 2 + ["most popular"] * 2
        with pytest.raises(KeyError, match="999"):
            two_heads.recommend([3, 999], by=by)

    def test_of_strangers_alone_there_are_the_same_columns(self, two_heads):
        with pytest.warns(UserWarning, match="2 users are unknown"):
            frame = two_heads.recommend([998, 999], n=2, words=True, unknown="popular")
        assert frame["chance"].null_count() == 4
        assert frame.columns[:6] == ["user_id", "item_id", "rank", "predicted_rating", "chance", "in_words"]

    def test_linear_models_answer_strangers_too(self, rated_table):
        linear = palate.LinearItems().fit(rated_table, validation=0)
        with pytest.warns(UserWarning, match="most popular"):
            assert linear.recommend([999], n=2, unknown="popular").height == 2

    def test_calibration_is_that_of_the_star_head(self, two_heads, rated_table):
        table_of = palate.calibrate(
            two_heads, palate.Ratings.from_arrays([0, 1, 2], [*_unrated(rated_table, 3)], [3, 4, 5])
        ).table
        assert table_of.height


def _unrated(table, n):
    """Return an item that each of the first n users has not rated."""
    for user in range(n):
        yield int(np.setdiff1d(np.arange(15), table.item_index[table.user_index == user])[0])


def test_equal_ratings_are_choices_like_others(recwarn):
    table = palate.Ratings.from_arrays([0, 0, 1], [0, 1, 0], [4, 4, 4])
    for trainer in (palate.Popular(), palate.Spectral(), palate.LinearItems()):
        trainer.fit(table, validation=0)
    assert not recwarn.list
