"""Evaluations as a whole: what is tested, what is left out, what is refused, and what nobody may lose."""

import dataclasses
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import palate
from palate import Baseline, LeastSquares, Ratings, splits
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.evaluation.evaluated_model import LeakError, held_out_ratings, training_ratings
from palate.evaluation.evaluating import evaluate
from palate.evaluation.scoring import top_lists

N_USERS, N_ITEMS = 40, 25
REFERENCES = ("baseline", "most popular", "popular lately", "neighbours")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """A scorer whose scores stand in a table; unknown users and items are worth 3."""

    users: Vocabulary
    items: Vocabulary
    scores: np.ndarray
    ratings: RatingMatrix | None = None
    scale: tuple[float, float] | None = (1.0, 5.0)
    catalog: None = None
    frame_kind: str = "polars"

    def score_pairs(self, user_index, item_index):
        known = (user_index >= 0) & (item_index >= 0)
        return np.where(known, self.scores[user_index, item_index], 3.0).astype(np.float32)

    def score_items(self, user_index):
        rows = np.asarray(user_index)[:, None]
        return np.where(rows >= 0, self.scores[rows, np.arange(len(self.items))], 3.0).astype(np.float32)


def table_of(train, scores, **changes):
    matrix = RatingMatrix.from_ratings(train)
    return Table(
        users=train.users, items=train.items, scores=np.asarray(scores, np.float32), ratings=matrix, **changes
    )


@pytest.fixture
def ratings(rng):
    users, items = np.nonzero(rng.random((N_USERS, N_ITEMS)) < 0.5)
    values = np.clip(np.round(3 + rng.normal(size=N_USERS)[users] + rng.normal(size=N_ITEMS)[items]), 1, 5)
    return Ratings.from_arrays(
        [f"u{user:02}" for user in users], items, values, scale=(1, 5), timestamp=np.arange(len(users))
    )


@pytest.fixture
def split(ratings):
    return splits.random(ratings, 0.25, seed=1)


@pytest.fixture
def model(split):
    return LeastSquares(n_factors=2, max_sweeps=5).fit(split.train)


SMALL = Ratings.from_arrays(["a", "a", "a", "b", "b"], [1, 2, 3, 1, 4], [5, 4, 3, 2, 1], scale=(1, 5))
# of items 1 to 5, a has seen 1 to 3 and b has seen 1 and 4
SMALL_TEST = Ratings.from_arrays(["a", "a", "b", "b"], [4, 5, 2, 5], [5, 2, 4, 5], scale=(1, 5))
SMALL_SCORES = [[9, 9, 9, 4, 5.5, 0], [9, 3, 2, 9, 5, 0]]  # of a and b for items 1 to 6


def small():
    items = Vocabulary.from_ids([1, 2, 3, 4, 5, 6])
    train = dataclasses.replace(SMALL, items=items)  # ids 1 to 4 keep their places
    return table_of(train, SMALL_SCORES)


def test_figures_by_hand():
    result = evaluate(small(), SMALL_TEST, k=(1, 2), baselines=False, resamples=0)
    # a: predicted 4 of 5 and 5.5 of 2; b: 3 of 4 and 5 of 5
    assert result.value("rmse_unclipped") == pytest.approx(math.sqrt((1 + 3.5**2 + 1 + 0) / 4))
    assert result.value("rmse") == pytest.approx(math.sqrt((1 + 9 + 1 + 0) / 4))
    assert result.value("mae") == pytest.approx(5 / 4)
    # relevant from 4 on: a likes 4, b likes 2 and 5. Lists: a gets 5, 4; b gets 5, 2
    assert result.value("precision", 1) == (0 + 1) / 2
    assert result.value("recall", 2) == (1 + 1) / 2
    assert result.value("mrr", 2) == (1 / 2 + 1) / 2
    assert result.value("coverage", 2) == 3 / 6
    # two users have training ratings; items 2, 4 and 5 have 1, 1 and none, which counts as 1
    assert result.value("novelty", 2) == 1.0
    assert result.value("popularity", 2) == (1 / 2 + 1 / 2) / 2
    assert result.about["n_relevant"] == 3
    assert result.about["relevant_from"] == 4


def test_per_user_holds_every_user_and_its_mean_is_the_figure(model, split):
    result = evaluate(model, split, k=5, resamples=0)
    per_user = result.per_user.filter(pl.col("model") == "LeastSquares")
    assert sorted(per_user["user_id"]) == sorted(set(split.test.to_frame()["user_id"]))
    assert per_user["ndcg@5"].mean() == pytest.approx(result.value("ndcg", 5))
    assert (
        per_user["ndcg@5"].null_count()
        == (per_user["n_relevant"] == 0).sum()
        == result.about["n_users_without_relevant"]
    )
    squares = (per_user["rmse"] ** 2 * per_user["n_test"]).sum() / per_user["n_test"].sum()
    assert math.sqrt(squares) == pytest.approx(result.value("rmse"))
    trained = np.bincount(training_ratings(model).user_index)  # without what decided when to stop
    assert per_user["n_train"].to_list() == trained[split.train.users.indices(per_user["user_id"])].tolist()


def test_activity_and_popularity_add_up(model, split):
    result = evaluate(model, split, k=(3, 6), resamples=0)
    for frame in (result.by_activity, result.by_popularity):
        mine = frame.filter(pl.col("model") == "LeastSquares")
        assert mine["n_test"].sum() == len(split.test)
        squares = (mine["rmse"] ** 2 * mine["n_test"]).sum() / mine["n_test"].sum()
        assert math.sqrt(squares) == pytest.approx(result.value("rmse"))
    assert result.by_activity.filter(pl.col("model") == "baseline")["n_users"].sum() == len(result.users)
    for name in result.models:
        assert result.by_popularity.filter(pl.col("model") == name)[
            "share_of_lists@6"
        ].sum() == pytest.approx(1)


def test_training_items_are_never_listed_and_everything_else_is_ranked(ratings):
    train = splits.random(ratings, 0.5).train
    test = splits.random(ratings, 0.5).test
    scores = np.full((N_USERS, N_ITEMS), 1.0)
    scores[train.user_index, train.item_index] = 5.0  # a scorer that would list what was trained on
    scores[test.user_index, test.item_index] = 3.0
    result = evaluate(table_of(train, scores), test, k=N_ITEMS, relevant_from=0, resamples=0, baselines=False)
    assert result.value("map", N_ITEMS) == pytest.approx(1.0)
    assert result.value("capped_recall", N_ITEMS) == 1.0


def test_ties_are_broken_by_item_id(ratings, split):
    flat = table_of(split.train, np.full((N_USERS, N_ITEMS), 2.0))
    result = evaluate(flat, split, k=3, resamples=0, baselines=False)
    for row, user in enumerate(result.users):
        index = split.train.users.index(user)
        seen = set(split.train.item_index[split.train.user_index == index].tolist())
        free = [item for item in range(N_ITEMS) if item not in seen][:3]
        liked = split.test.item_index[(split.test.user_index == index) & (split.test.value >= 4)]
        if len(liked):
            assert result.per_user["precision@3"][row] == pytest.approx(
                len(set(free) & set(liked.tolist())) / 3
            )


def test_the_references_stand_beside_the_model(model, split):
    result = evaluate(model, split, k=5, resamples=0)
    assert result.models == ("LeastSquares", *REFERENCES)
    baseline = Baseline().fit(training_ratings(model), validation=0)
    clipped = np.clip(
        baseline.predict(split.test.to_frame()["user_id"], split.test.to_frame()["item_id"]), 1, 5
    )
    expected = math.sqrt(np.mean((clipped.astype(float) - split.test.value) ** 2))
    assert result.value("rmse", model="baseline") == pytest.approx(expected, abs=1e-6)
    with pytest.raises(KeyError, match="unknown figure 'rmse' of 'most popular'; there are ndcg@5"):
        result.value("rmse", model="most popular")


def test_a_model_of_the_name_takes_the_place_of_the_baseline(model, split):
    own = Baseline(damping_user=50.0).fit(split.train)
    result = evaluate({"mine": model, "baseline": own}, split, k=(), resamples=0)
    assert result.models == ("mine", "baseline")
    assert result.value("rmse", model="baseline") != evaluate(model, split, k=(), resamples=0).value(
        "rmse", model="baseline"
    )


def test_without_a_test_the_held_out_ratings_are_tested_and_may_be_listed(ratings):
    model = LeastSquares(n_factors=2, max_sweeps=5).fit(ratings, validation=0.2)
    result = evaluate(model, k=N_ITEMS, relevant_from=0, resamples=0)
    history = next(report for report in model.history.sweeps if report.sweep == model.history.best_sweep)
    assert result.value("rmse_unclipped") == pytest.approx(history.validation_rmse, abs=1e-6)
    assert result.value("recall", N_ITEMS) == 1.0  # everything not trained on is listed
    assert "used these held-out ratings to decide when to stop" in result.notes[0]


def test_the_same_ratings_given_as_test_are_the_same_evaluation(ratings):
    model = LeastSquares(n_factors=2, max_sweeps=5).fit(ratings, validation=0.2)
    held_out = held_out_ratings(model, "x")
    first, second = evaluate(model, k=5), evaluate(model, held_out, k=5)
    assert first.table().equals(second.table())


def test_validation_ratings_are_left_out_of_lists_of_another_test(split):
    """What a model held out is known to the service that uses it; only the test itself may be listed."""
    model = LeastSquares(n_factors=2, max_sweeps=3).fit(split.train, validation=0.5)
    result = evaluate(model, split, k=N_ITEMS, relevant_from=0, resamples=0)
    seen = np.bincount(split.train.user_index, minlength=N_USERS)
    per_user = result.per_user.filter(pl.col("model") == "most popular")
    free = N_ITEMS - seen[split.train.users.indices(per_user["user_id"])]
    expected = per_user["n_relevant"].to_numpy() / N_ITEMS
    np.testing.assert_allclose(per_user[f"precision@{N_ITEMS}"], expected)
    assert (free >= per_user["n_relevant"].to_numpy()).all()


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (lambda train, held: train.select(np.arange(7)), "of 7, 7 were trained on"),
        (
            lambda train, held: held.select(np.arange(3)),
            "of 3, 3 were held out to decide when training stops",
        ),
    ],
)
def test_test_ratings_that_the_model_knows_are_refused_with_the_count(ratings, part, message):
    model = LeastSquares(n_factors=2, max_sweeps=3).fit(ratings, validation=0.2)
    test = part(training_ratings(model), held_out_ratings(model, "x"))
    with pytest.raises(LeakError, match=message):
        evaluate(model, test)


def test_a_test_of_another_data_set_is_refused(model):
    strange = Ratings.from_arrays(["x", "y"], [1_000, 2_000], [3, 4], scale=(1, 5))
    with pytest.raises(
        ValueError,
        match=r"test must have users or items that 'LeastSquares' knows; got ids such as user 'x' and item "
        r"'1000'\. The model has ids such as user 'u00' and item '0'\.$",
    ):
        evaluate(model, strange)


def test_a_leak_of_both_kinds_names_both(ratings):
    model = LeastSquares(n_factors=2, max_sweeps=3).fit(ratings, validation=0.2)
    n_held = int(model.ratings.held_out.sum())
    with pytest.raises(
        LeakError,
        match=f"of {len(ratings)}, {len(ratings) - n_held} were trained on and {n_held} were held out",
    ):
        evaluate(model, ratings)


def test_two_models_without_a_test_must_have_held_out_the_same(ratings):
    one, other = (
        LeastSquares(n_factors=2, max_sweeps=3).fit(ratings, validation=0.2, seed=seed) for seed in (0, 1)
    )
    with pytest.raises(LeakError, match="must be new to 'LeastSquares 2'"):
        evaluate([one, other])
    same = Baseline().fit(ratings, validation=0.2, seed=0)
    assert evaluate([one, same], k=(), resamples=0).models == ("LeastSquares", "Baseline", "baseline")


def test_a_model_that_held_nothing_out_needs_a_test(ratings, tmp_path):
    with pytest.raises(
        ValueError, match="test must be given for 'Baseline', which held no ratings out of training"
    ):
        evaluate(Baseline().fit(ratings, validation=0))
    Baseline().fit(ratings).save(tmp_path / "bare.palate", ratings=False)
    with pytest.raises(
        ValueError, match="test must be given for 'bare', which was saved without its ratings"
    ):
        evaluate(tmp_path / "bare.palate")


def test_saved_models_are_loaded_and_named_by_their_file(model, split, tmp_path):
    model.save(tmp_path / "one.palate")
    result = evaluate(str(tmp_path / "one.palate"), split, k=5, resamples=0)
    assert result.models[0] == "one"
    assert result.value("ndcg", 5) == evaluate(model, split, k=5, resamples=0).value("ndcg", 5)


def test_a_model_saved_without_ratings_is_told_what_it_was_trained_on(model, split, tmp_path):
    model.save(tmp_path / "bare.palate", ratings=False)
    bare = palate.load(tmp_path / "bare.palate")
    with pytest.raises(
        ValueError, match=r"'LeastSquares' has no ratings\. Pass train= with the ratings it was trained on"
    ):
        evaluate(bare, split.test)
    told = evaluate(bare, split.test, train=split.train, k=5, resamples=0)
    assert told.value("ndcg", 5) == evaluate(model, split, k=5, resamples=0).value("ndcg", 5)
    with pytest.raises(LeakError, match="were trained on"):
        evaluate(bare, split.train, train=split.train)


def test_users_and_items_that_are_new_count_at_their_prior(ratings):
    train = ratings.select((ratings.user_index < 35) & (ratings.item_index < 20))
    train = Ratings.from_frame(train.to_frame(), timestamp="timestamp", scale=(1, 5))  # without the other ids
    test = ratings.select((ratings.user_index >= 35) | (ratings.item_index >= 20))
    model = LeastSquares(n_factors=2, max_sweeps=4).fit(train, validation=0)
    result = evaluate(model, test, k=5, resamples=0)
    cold = result.outcomes[0].cold
    assert cold == {
        "users": 5,
        "users_ratings": int((test.user_index >= 35).sum()),
        "items": 5,
        "items_ratings": int((test.item_index >= 20).sum()),
    }
    frame = test.to_frame()
    predicted = np.clip(model.predict(frame["user_id"], frame["item_id"], unknown="baseline"), 1, 5)
    assert result.value("rmse") == pytest.approx(
        math.sqrt(np.mean((predicted.astype(float) - test.value) ** 2))
    )
    assert (
        f"5 users have no training rating; their {cold['users_ratings']} test ratings are included"
        in " ".join(result.notes)
    )
    assert result.by_activity.filter(pl.col("n_train") == "0")["n_users"].unique().to_list() == [5]
    new_users = result.per_user.filter((pl.col("n_train") == 0) & (pl.col("model") == "LeastSquares"))
    assert new_users["popularity@5"].n_unique() == 1  # all new users get one list
    assert new_users["popularity@5"].null_count() == 0


def test_ids_that_the_vocabulary_knows_but_training_did_not_see_are_cold_too(ratings):
    split = splits.by_time(ratings, share=0.3)  # times ascend with the users: the last users are all tested
    model = LeastSquares(n_factors=2, max_sweeps=4).fit(split.train, validation=0)
    trained = np.bincount(split.train.user_index, minlength=N_USERS)
    expected = len({user for user in split.test.user_index.tolist() if trained[user] == 0})
    assert evaluate(model, split, k=(), resamples=0).outcomes[0].cold["users"] == expected > 0


def test_held_out_users_are_folded_in(ratings):
    split = splits.held_out_users(ratings, share=0.3, seed=2)
    model = LeastSquares(n_factors=3, max_sweeps=6).fit(split.train, validation=0)
    result = evaluate(model, split, k=5, resamples=0)
    known, tested = split.fold_in.to_frame(), split.test.to_frame()
    squares = []
    for (user,), own in tested.group_by("user_id"):
        mine = known.filter(pl.col("user_id") == user)
        folded = model.fold_in(mine["item_id"].to_list(), mine["rating"].to_list())
        predicted = np.clip(model.predict(folded, own["item_id"].to_list()), 1, 5)
        squares += ((predicted.astype(float) - own["rating"].to_numpy()) ** 2).tolist()
        listed = model.recommend(folded, n=5)["item_id"].to_list()
        liked = own.filter(pl.col("rating") >= 4)["item_id"].to_list()
        row = result.per_user.filter((pl.col("user_id") == user) & (pl.col("model") == "LeastSquares"))
        if liked:
            assert row["precision@5"].item() == pytest.approx(len(set(listed) & set(liked)) / 5)
        assert row["n_train"].item() == mine.height
    assert result.value("rmse") == pytest.approx(math.sqrt(np.mean(squares)), abs=1e-5)
    assert result.models == ("LeastSquares", *REFERENCES)
    assert result.value("rmse") != evaluate(model, split.test, k=(), resamples=0).value("rmse")


def test_fold_in_refuses_what_was_trained_on_or_is_tested(ratings):
    split = splits.held_out_users(ratings, share=0.3)
    model = Baseline().fit(split.train, validation=0)
    with pytest.raises(
        LeakError, match="the users of fold_in must be new to 'Baseline'; it was trained on ratings of 28"
    ):
        evaluate(model, split.test, fold_in=split.train)
    with pytest.raises(LeakError, match="the ratings of fold_in must not be tested; "):
        evaluate(model, split.test, fold_in=split.test)
    with pytest.raises(
        TypeError, match=r"'Table' must have a method with_users\(users, ratings\) to be tested on new users"
    ):
        evaluate(table_of(split.train, np.ones((N_USERS, N_ITEMS))), split)


def test_scores_that_are_no_ratings_have_lists_alone_and_all_test_items_are_relevant(split):
    popular = palate.Popular(min_ratings=1).fit(split.train)
    result = evaluate(popular, split, k=4, resamples=0)
    assert result.models == ("Popular", *REFERENCES[1:])
    assert result.about["relevant_from"] is None
    assert result.about["n_relevant"] == len(split.test)
    assert {metric for metric, _ in result.outcomes[0].figures}.isdisjoint({"rmse", "mae"})
    assert result.value("ndcg", 4) == result.value("ndcg", 4, model="most popular")
    with pytest.raises(
        ValueError, match="k must hold the length of a list; the scores of 'Popular' are not ratings"
    ):
        evaluate(popular, split, k=())


def test_most_popular_ranks_by_the_number_of_ratings(split):
    popular = palate.Popular(min_ratings=1).fit(split.train)
    counts = np.bincount(split.train.item_index, minlength=N_ITEMS)
    expected = sorted(range(N_ITEMS), key=lambda item: (-counts[item], item))
    listed = top_lists(popular, np.array([-1]), N_ITEMS)
    assert listed[0].tolist() == expected
    assert popular.score_pairs(np.array([0, -1, 0]), np.array([3, 3, -1])).tolist() == [
        counts[3],
        counts[3],
        0,
    ]
    assert popular.score_items(np.array([0, 1])).tolist() == [counts.tolist()] * 2


def test_k_beyond_the_catalog(model, split):
    result = evaluate(model, split, k=(5, 1000), resamples=0)
    assert result.value("recall", 1000) == 1.0
    per_user = result.per_user.filter(pl.col("model") == "LeastSquares").drop_nulls("precision@1000")
    np.testing.assert_allclose(per_user["precision@1000"], per_user["n_relevant"] / 1000)
    assert f"Lists of 1,000 are longer than the catalog of {N_ITEMS} items" in " ".join(result.notes)


def test_users_without_a_relevant_item_are_counted_apart(split, model):
    result = evaluate(model, split, k=5, relevant_from=5, resamples=0)
    few = result.about["n_users_without_relevant"]
    assert few == (result.n_relevant == 0).sum() > 0
    assert (
        f"{few} users have no relevant test rating and are included in RMSE and MAE, but not in "
        "metrics of lists." in result.notes
    )
    none = evaluate(model, split, k=5, relevant_from=6, resamples=20)
    assert math.isnan(none.value("ndcg", 5))
    assert none.table().filter(metric="ndcg", model="LeastSquares")["low"].to_list() == [None]
    assert not math.isnan(none.value("rmse"))
    assert "nDCG@5 of LeastSquares and baseline cannot be compared" in str(none)


def test_a_user_who_has_seen_everything_has_an_empty_list():
    train = Ratings.from_arrays([1, 1, 2], ["x", "y", "x"], [3, 4, 5], scale=(1, 5))
    test = Ratings.from_arrays([1, 2], ["z", "y"], [4, 5], scale=(1, 5))  # nobody trained on z
    result = evaluate(Baseline().fit(train, validation=0), test, k=2, resamples=0)
    assert result.per_user["hit_rate@2"].to_list() == [0.0, 1.0] * len(result.models)
    assert result.per_user["novelty@2"].null_count() == len(result.models)


def test_intervals_hold_the_figure_and_are_seeded(model, split):
    first, again = (evaluate(model, split, k=5, resamples=300) for _ in range(2))
    table = first.table().drop_nulls("low")
    assert ((table["low"] <= table["value"]) & (table["value"] <= table["high"])).all()
    assert first.table().equals(again.table())
    other = evaluate(model, split, k=5, resamples=300, seed=1)
    assert not first.table().equals(other.table())
    wider = evaluate(model, split, k=5, resamples=300, confidence=0.99).table().drop_nulls("low")
    assert ((wider["high"] - wider["low"]) >= (table["high"] - table["low"])).all()


def test_differences_are_paired(model, split):
    better = LeastSquares(n_factors=2, max_sweeps=5, l2_bias=2.1).fit(split.train)
    result = evaluate({"one": model, "two": better}, split, k=5, resamples=300, baselines=False)
    row = result.differences().filter(metric="rmse").row(0, named=True)
    assert row["difference"] == pytest.approx(result.value("rmse") - result.value("rmse", model="two"))
    own = result.table().filter(model="one", metric="rmse").row(0, named=True)
    assert row["high"] - row["low"] < 0.2 * (
        own["high"] - own["low"]
    )  # almost the same model: what they share cancels out
    back = result.differences(of="two").filter(metric="rmse").row(0, named=True)
    assert (back["difference"], back["low"]) == pytest.approx((-row["difference"], -row["high"]))
    same = evaluate({"one": model, "two": model}, split, k=5, resamples=50, baselines=False).differences()
    assert same["difference"].to_list() == [0.0] * same.height
    assert not same["clear"].any()


def test_no_resamples_means_no_intervals(model, split):
    result = evaluate(model, split, k=5, resamples=0)
    assert result.table()["low"].null_count() == result.table().height
    assert result.differences()["clear"].null_count() == result.differences().height
    assert "In brackets" not in str(result)


def test_frames_are_of_the_kind_of_the_ratings(split):
    frame = pd.DataFrame(split.ratings.to_frame().to_dict(as_series=False))
    ratings = Ratings.from_frame(frame, scale=(1, 5))
    again = splits.random(ratings, 0.25, seed=1)
    result = evaluate(Baseline().fit(again.train), again, k=3, resamples=10)
    frames = (result.table(), result.differences(), result.per_user, result.by_activity, result.by_popularity)
    assert all(isinstance(frame, pd.DataFrame) for frame in frames)
    assert result.by_fold is None
    assert isinstance(result.to_dict()["figures"], list)


@pytest.fixture(scope="module")
def thirty():
    """Thirty ratings: those held out, a model of the others, and what its evaluation says."""
    rows = [(row % 6, (row * 7) % 11, 1 + row % 5) for row in range(30)]
    train = Ratings.from_arrays(*zip(*((u, i, v) for u, i, v in rows if i > 2), strict=True), scale=(1, 5))
    model = Baseline().fit(train, validation=0)
    held = [(u, i, v) for u, i, v in rows if i <= 2]
    return held, model, evaluated_rows(model, held)


def evaluated_rows(model, rows):
    return evaluate(model, Ratings.from_arrays(*zip(*rows, strict=True), scale=(1, 5)), k=2, resamples=5)


@given(order=st.permutations(range(30)))
def test_the_order_of_users_and_rows_does_not_matter(thirty, order):
    held, model, first = thirty
    shuffled = [held[row % len(held)] for row in order]
    second = evaluated_rows(model, list(dict.fromkeys(shuffled)))
    assert first.table().equals(second.table())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be at least 1; got 0"),
        ({"gain": "log"}, "gain must be one of 'binary', 'rating'; got 'log'"),
        ({"relevant_from": float("nan")}, "relevant_from must be a number; got NaN"),
        ({"resamples": -1}, "resamples must be at least 0; got -1"),
        ({"confidence": 1.0}, r"confidence must be between 0 and 1, neither included; got 1\."),
        ({"models": []}, "models must hold at least one model; got none"),
    ],
)
def test_bad_values_are_refused(arguments, message, model, split):
    with pytest.raises(ValueError, match=message):
        evaluate(**{"models": model, "test": split, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": "5"}, "k must hold whole numbers; got '5'"),
        ({"k": 2.5}, "k must hold whole numbers; got 2.5"),
        ({"k": True}, "k must hold whole numbers; got True"),
        ({"relevant_from": "4"}, "relevant_from must be a number; got '4'"),
        ({"seed": None}, "seed must be an integer; got None"),
        ({"confidence": "high"}, "confidence must be a number; got 'high'"),
        ({"models": 3}, "models must be models, scorers or paths of saved models; got int"),
        ({"test": [1, 2]}, "test must be palate.Ratings or what palate.read returns or a split; got list"),
    ],
)
def test_bad_kinds_are_refused(arguments, message, model, split):
    with pytest.raises(TypeError, match=message):
        evaluate(**{"models": model, "test": split, **arguments})


def test_an_empty_test_is_refused(model, split):
    with pytest.raises(ValueError, match="test must hold at least one rating; got none"):
        evaluate(model, split.test.select(np.zeros(len(split.test), bool)))


def test_ids_of_another_type_are_refused_instead_of_all_being_unknown(model, split):
    frame = split.test.to_frame().with_columns(pl.col("item_id").cast(pl.String))
    with pytest.raises(
        TypeError, match="item ids of the test must be integers as in 'LeastSquares'; got strings"
    ):
        evaluate(model, Ratings.from_frame(frame, scale=(1, 5)))


def test_negative_gains_are_refused(model):
    train = Ratings.from_arrays([1, 1, 2], ["x", "y", "x"], [-3, 4, 5], scale=(-10, 10))
    test = Ratings.from_arrays([1, 2], ["z", "y"], [-4, 5], scale=(-10, 10))
    own = Baseline().fit(train, validation=0)
    with pytest.raises(ValueError, match="gain='rating' must have relevant ratings of at least 0; got -4"):
        evaluate(own, test, k=2, gain="rating", relevant_from=-10)
    assert evaluate(own, test, k=2, gain="rating").about["n_relevant"] == 1


def test_scores_that_are_not_finite_are_refused(split):
    broken = table_of(split.train, np.full((N_USERS, N_ITEMS), np.nan))
    with pytest.raises(
        ValueError, match=f"score_pairs of 'Table' must return finite numbers.*; {len(split.test)} of"
    ):
        evaluate(broken, split, k=())


def test_unknown_models_and_figures_are_named(model, split):
    result = evaluate(model, split, k=(), resamples=0)
    with pytest.raises(KeyError, match="unknown model 'x'; there are 'LeastSquares', 'baseline'"):
        result.value("rmse", model="x")
    with pytest.raises(KeyError, match="unknown figure 'ndcg@5' of 'LeastSquares'; there are rmse, mae"):
        result.value("ndcg", 5)
    with pytest.raises(KeyError, match="unknown model 'x'"):
        result.differences(of="x")


def test_the_report_says_who_is_better(model, split):
    good = table_of(split.train, np.full((N_USERS, N_ITEMS), 3.0))
    perfect = good.scores.copy()
    perfect[split.test.user_index, split.test.item_index] = split.test.value
    result = evaluate(
        {"oracle": dataclasses.replace(good, scores=perfect), "flat": good}, split, k=5, resamples=100
    )
    text = str(result)
    assert "RMSE: oracle is better than flat by" in text
    assert "no clear difference between flat" not in text
    assert text.startswith(f"Evaluated on {len(split.test)} ratings of ")
    lines = text.splitlines()
    assert lines[2].split() == ["oracle", "flat", *" ".join(REFERENCES).split()]
    assert lines[3].startswith("RMSE")
    assert repr(result) == text
    reverse = evaluate(
        {"flat": good, "oracle": dataclasses.replace(good, scores=perfect)}, split, k=5, resamples=100
    )
    assert "nDCG@5: flat is worse than oracle by" in str(reverse)


def test_models_of_counts_are_folded_in_like_fold_in(ratings):
    split = splits.held_out_users(ratings, share=0.3, seed=2)
    model = LeastSquares.for_counts("linear", n_factors=3, max_sweeps=5, alpha=7.0).fit(
        split.train, validation=0
    )
    result = evaluate(model, split, k=5, resamples=0)
    assert result.models == ("LeastSquares", *REFERENCES[1:])
    assert result.about["n_relevant"] == len(split.test)
    known = split.fold_in.to_frame()
    for (user,), own in split.test.to_frame().group_by("user_id"):
        mine = known.filter(pl.col("user_id") == user)
        listed = model.recommend(model.fold_in(mine["item_id"].to_list(), mine["rating"].to_list()), n=5)[
            "item_id"
        ].to_list()
        row = result.per_user.filter((pl.col("user_id") == user) & (pl.col("model") == "LeastSquares"))
        assert row["precision@5"].item() == pytest.approx(len(set(listed) & set(own["item_id"])) / 5)


def test_negative_counts_are_refused_by_the_trainer():
    counts = Ratings.from_arrays([1, 1, 2], ["x", "y", "x"], [3, -1, 5])
    with pytest.raises(ValueError, match="counts must be"):
        LeastSquares.for_counts().fit(counts, validation=0)


def test_only_held_out_ratings_that_chose_something_make_figures_too_good():
    data = palate.datasets.load("movielens-small")
    few = data.ratings.select(data.ratings.user_index < 60)
    note = "used these held-out ratings to decide when to stop, so its figures are slightly too good."
    chosen = palate.LeastSquares(n_factors=2, max_sweeps=3).fit(few)
    watched = palate.Gibbs(n_factors=2, sweeps=6, burn_in=2).fit(few)
    for model, says in ((chosen, True), (watched, False)):
        notes = palate.evaluate(model, k=(), resamples=0, baselines=False).notes
        assert any(note in one for one in notes) == says
