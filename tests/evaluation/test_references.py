"""References beside a model, users known and new apart, and hit curves."""

import dataclasses

import numpy as np
import polars as pl
import pytest

import palate
from palate import Ratings, splits
from palate.data.catalog import Catalog
from palate.evaluation.metrics import beyond
from palate.evaluation.metrics.lists import Lists

N_USERS, N_ITEMS = 40, 25


@pytest.fixture
def ratings(rng):
    users, items = np.nonzero(rng.random((N_USERS, N_ITEMS)) < 0.5)
    values = np.clip(np.round(3 + rng.normal(size=N_USERS)[users] + rng.normal(size=N_ITEMS)[items]), 1, 5)
    times = rng.integers(0, 10_000, len(users))
    return Ratings.from_arrays(
        [f"u{user:02}" for user in users], items, values, scale=(1, 5), timestamp=times
    )


@pytest.fixture
def split(ratings):
    return splits.random(ratings, 0.25, seed=1)


class Oracle:
    """Scores that a test likes, or dislikes, most."""

    scale, catalog, frame_kind = (1.0, 5.0), None, "polars"

    def __init__(self, split, sign):
        from palate.data.matrix import RatingMatrix

        self.users, self.items = split.train.users, split.train.items
        self.ratings = RatingMatrix.from_ratings(split.train)
        self.scores = np.full((len(self.users), len(self.items)), 3.0, np.float32)
        self.scores[split.test.user_index, split.test.item_index] = 3 + sign * (split.test.value - 3)

    def score_pairs(self, user, item):
        return self.scores[user, item]

    def score_items(self, user):
        return self.scores[user]


def test_what_a_model_does_not_beat_is_named(split):
    models = {"good": Oracle(split, 1), "bad": Oracle(split, -1)}
    found = palate.evaluate(models, split, k=5, resamples=200)
    references = ("baseline", "most popular", "popular lately", "neighbours")
    assert found.references == references
    assert found.unbeaten("good") == ()
    assert found.unbeaten("bad") == references
    frame = found.against_references()
    assert frame.columns == ["model", "reference", "metric", "k", "difference", "low", "high", "beaten"]
    assert frame.height == 2 * (len(references) + 1)  # nDCG beside all, RMSE beside the baseline
    row = frame.row(by_predicate=(pl.col("model") == "good") & (pl.col("metric") == "rmse"), named=True)
    assert row["beaten"]
    assert row["high"] < 0
    text = str(found)
    assert (
        "By nDCG@5, good beats baseline, most popular, popular lately and neighbours (paired 95% intervals)."
        in text
    )
    assert "By nDCG@5, bad does not beat baseline, most popular, popular lately or neighbours" in text
    assert "By RMSE, bad does not beat baseline (paired 95% intervals)." in text
    assert found.to_dict()["against_references"] == frame.to_dicts()


def test_without_intervals_the_difference_decides(split):
    found = palate.evaluate(Oracle(split, 1), split, k=5, resamples=0)
    assert found.unbeaten() == ()
    assert "(without intervals)" in str(found)
    predictions = palate.evaluate(Oracle(split, -1), split, k=(), resamples=0)
    assert predictions.unbeaten() == ("baseline",)


def test_references_rank_the_same_candidates(split):
    stock = [1, 2, 3]
    found = palate.evaluate(Oracle(split, 1), split, k=5, resamples=0, candidates=stock)
    for name in found.models:
        assert found.value("coverage", 5, name) <= 3 / N_ITEMS


def test_popular_lately_needs_times_and_counts_late_ratings_more():
    train = Ratings.from_arrays(
        [1, 2, 3, 4, 5, 6, 7],
        ["old", "old", "old", "old", "new", "new", "new"],
        [5.0] * 7,
        timestamp=[0, 0, 0, 0, 6400, 6399, 6398],
        scale=(1, 5),
    )
    test = Ratings.from_arrays([8], ["new"], [5.0], scale=(1, 5))
    found = palate.evaluate(palate.Baseline().fit(train, validation=0), test, k=1, resamples=0)
    assert found.value("hit_rate", 1, "popular lately") == 1
    assert found.value("hit_rate", 1, "most popular") == 0
    timeless = dataclasses.replace(train, timestamp=None)
    found = palate.evaluate(palate.Baseline().fit(timeless, validation=0), test, k=1, resamples=0)
    assert "popular lately" not in found.models


def test_serendipity_is_what_the_most_popular_list_does_not_hold():
    # five users like a and b; user 1 likes the rare c, too, which the model puts first
    train = Ratings.from_arrays(
        [1, 2, 2, 3, 3, 4, 4], ["x", "a", "b", "a", "b", "a", "c"], [4.0] * 7, scale=(1, 5)
    )
    test = Ratings.from_arrays([1, 1], ["a", "c"], [5.0, 5.0], scale=(1, 5))

    class Own(Oracle):
        def __init__(self):
            super().__init__(splits.Split(train, np.zeros(7, np.uint8), "own"), 1)
            self.scores[0] = [2, 1, 3, 0]  # of a, b, c and x: c, a, b

    found = palate.evaluate(Own(), test, k=(1, 2), resamples=0)
    assert found.value("serendipity", 1) == 1  # c, where most popular lists a
    assert found.value("serendipity", 2) == 1 / 2  # c of c and a; most popular lists a and b
    assert found.value("serendipity", 2, "most popular") == 0


def test_diversity_by_genres_by_hand(split):
    genres = ["A|B" if item % 2 else "A" for item in range(N_ITEMS)]
    catalog = Catalog.from_frame(pl.DataFrame({"item_id": range(N_ITEMS), "genres": genres}))
    model = palate.Spectral(n_factors=4).fit(split.train, validation=0, catalog=catalog)
    found = palate.evaluate(model, split, k=5, resamples=0)
    user = found.per_user.filter(pl.col("model") == "Spectral")["user_id"][0]
    listed = model.recommend(user, n=5)["item_id"].to_list()
    pairs = [(a, b) for place, a in enumerate(listed) for b in listed[place + 1 :]]
    expected = np.mean([0.0 if a % 2 == b % 2 else 0.5 for a, b in pairs])
    assert found.per_user["diversity@5"][0] == pytest.approx(expected)


def test_diversity_by_vectors_where_there_are_no_genres(split):
    model = palate.Spectral(n_factors=4).fit(split.train, validation=0)
    found = palate.evaluate(model, split, k=3, resamples=0)
    vectors = model.item_factors[0] / np.linalg.norm(model.item_factors[0], axis=1, keepdims=True)
    first = found.per_user["user_id"][0]
    at = model.items.indices(model.recommend(first, n=3)["item_id"])
    cosines = (vectors[at] @ vectors[at].T)[np.triu_indices(3, 1)]
    assert found.per_user["diversity@3"][0] == pytest.approx(1 - cosines.mean(), abs=1e-6)
    assert "diversity" not in {
        metric for metric, _ in palate.evaluate(Oracle(split, 1), split, k=3, resamples=0).outcomes[0].figures
    }


def test_lists_of_one_item_each_are_no_error():
    found = beyond.diversity(np.array([[3], [4], [-1]]), (1,), lambda item, items: np.ones(len(items)))
    assert np.isnan(found[0]).all()


def test_lists_of_fewer_than_two_items_have_no_diversity():
    found = beyond.diversity(np.array([[3, -1], [-1, -1], [0, 1]]), (2,), lambda item, items: 0 * items)
    assert np.isnan(found[0][:2]).all()
    assert found[0][2] == 1


def test_serendipity_is_undefined_without_relevant_items():
    lists = Lists.match(np.array([[0, 1]]), 2, np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    assert np.isnan(beyond.serendipity(lists, 2, np.array([[0, 1]]))).all()


@pytest.fixture
def cut(ratings):
    """Return an evaluation after a cut in time, with users and items that are new there."""
    times = 100 * ratings.user_index.astype(np.int64) + ratings.item_index
    timed = dataclasses.replace(ratings, timestamp=np.where(ratings.item_index == 7, 9999, times))
    split = splits.by_time(timed, share=0.3)
    model = palate.LeastSquares(n_factors=2, max_sweeps=4).fit(split.train, validation=0)
    return palate.evaluate(model, split, k=5, resamples=100)


def test_known_and_new_users_are_counted_and_measured_apart(cut):
    known, new = cut.among("known"), cut.among("new")
    assert len(known.users) + len(new.users) == len(cut.users)
    assert (known.n_train > 0).all()
    assert (new.n_train == 0).all()
    assert known.about["n_test"] + new.about["n_test"] == cut.about["n_test"]
    squares = known.value("rmse") ** 2 * known.about["n_test"] + new.value("rmse") ** 2 * new.about["n_test"]
    assert np.sqrt(squares / cut.about["n_test"]) == pytest.approx(cut.value("rmse"))
    assert str(known).startswith("Evaluated on ")
    assert f"nDCG@5 of the {len(known.users):,} users with training ratings: LeastSquares" in str(cut)
    with pytest.raises(ValueError, match="by_popularity must be used with the evaluation of all users"):
        _ = known.by_popularity
    assert "by_popularity" not in known.to_dict()


def test_differences_by_popularity_are_paired_and_add_up(cut):
    frame = cut.differences(by="popularity")
    assert frame.columns[:5] == ["n_train", "model", "against", "metric", "k"]
    plain = cut.by_popularity
    for model in ("baseline", "most popular"):
        for metric, name, k in (("rmse", "rmse", None), ("recall", "recall@5", 5)):
            here = frame.filter(
                (pl.col("against") == model) & (pl.col("metric") == metric) & pl.col("k").eq_missing(k)
            )
            for number, difference in here.select("n_train", "difference").rows():
                mine, other = (
                    plain.filter((pl.col("model") == one) & (pl.col("n_train") == number))[name][0]
                    for one in ("LeastSquares", model)
                )
                expected = None if mine is None or other is None else pytest.approx(mine - other, abs=1e-6)
                assert difference == expected
    known = frame.filter(pl.col("difference").is_not_null())
    assert known.height > 4
    assert (known["low"] <= known["high"]).all()
    assert not frame.filter((pl.col("against") == "most popular") & (pl.col("metric") == "rmse")).height
    with pytest.raises(ValueError, match="by must be used with the evaluation of all users"):
        cut.among("known").differences(by="popularity")


def test_folds_are_joined_by_popularity(ratings):
    found = palate.crossval(palate.Popular(), ratings, k=3, folds=2, resamples=20)
    plain = found.by_popularity
    frame = found.differences(by="popularity").filter(pl.col("against") == found.models[1])
    for number, difference in (
        frame.filter(pl.col("metric") == "recall").select("n_train", "difference").rows()
    ):
        mine, other = (
            plain.filter((pl.col("model") == one) & (pl.col("n_train") == number))["recall@3"][0]
            for one in found.models[:2]
        )
        assert difference == (None if mine is None or other is None else pytest.approx(mine - other))


def test_by_known_holds_users_and_items(cut):
    frame = cut.by_known.filter(pl.col("model") == "LeastSquares")
    users = frame.filter((pl.col("side") == "user") & (pl.col("metric") == "rmse"))
    assert dict(users.select("known", "n").rows()) == {
        True: len(cut.among("known").users),
        False: len(cut.among("new").users),
    }
    assert users["low"].null_count() == 0
    items = frame.filter((pl.col("side") == "item") & (pl.col("metric") == "rmse"))
    assert items["n"].sum() == cut.about["n_test"]
    total = (items["value"] ** 2 * items["n"]).sum() / items["n"].sum()
    assert np.sqrt(total) == pytest.approx(cut.value("rmse"))


@pytest.mark.parametrize(("by", "column"), [("activity", "n_train"), ("known", "users")])
def test_differences_of_groups_are_those_of_the_users_of_each(cut, by, column):
    frame = cut.differences(by=by)
    assert frame.columns[0] == column
    if by == "known":
        new = frame.filter(pl.col("users") == "new").drop("users")
        assert new.equals(cut.among("new").differences())
    else:
        assert (
            frame["n_train"].unique().sort().to_list() == cut.by_activity["n_train"].unique().sort().to_list()
        )


@pytest.mark.parametrize(
    ("users", "message"),
    [("old", "got 'old'"), ([True], r"got bool of shape \(1,\)"), (np.zeros(3), "got float64")],
)
def test_users_must_be_a_group_or_a_mask(cut, users, message):
    with pytest.raises(ValueError, match=message):
        cut.among(users)


def test_a_group_without_users_is_refused(split):
    found = palate.evaluate(Oracle(split, 1), split, k=(), resamples=0)
    with pytest.raises(ValueError, match="users must leave at least one of 39 users"):
        found.among("new")
    with pytest.raises(ValueError, match="by must be 'activity', 'known', 'popularity' or None; got 'item'"):
        found.differences(by="item")


def test_hit_curves_are_the_figures_of_every_length(split, tmp_path):
    model = palate.Spectral(n_factors=4).fit(split.train, validation=0)
    curves = palate.hit_curves(model, split, n=6, resamples=20)
    found = palate.evaluate(model, split, k=range(1, 7), resamples=0)
    for name in curves.models:
        for metric in ("hit_rate", "recall"):
            values = [curves.value(metric, k, name) for k in range(1, 7)]
            assert values == pytest.approx([found.value(metric, k, name) for k in range(1, 7)])
            assert values == sorted(values)
    assert curves.frame.height == 2 * 6 * len(curves.models)
    assert curves.differences()["low"].null_count() == 0
    assert curves.to_dict()["n"] == 6
    assert "most popular" in repr(curves)
    curves.plot(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert len(curves.plot().axes) == 2


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (2.5, TypeError), (True, TypeError)])
def test_the_length_of_curves_must_be_a_count(split, n, error):
    with pytest.raises(error, match="n must be"):
        palate.hit_curves(Oracle(split, 1), split, n=n)
