"""The front door: it chooses on validation, keeps both heads, and is saved, folded into, explained
and evaluated like any model.
"""

import dataclasses
import pickle
import re
import warnings
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest

import palate
from palate.app.core import Core
from palate.lists.ranking import rank
from palate.lists.strangers import UnknownUsersWarning
from palate.model.sum_model import SumModel
from palate.recommender import candidates
from palate.recommender.candidates import DENSE_ITEMS, FACTORS, ITEMS, POPULAR, SUM, Candidate, personal
from palate.recommender.choosing import Test as ListTest
from palate.recommender.choosing import (
    Trial,
    best_of_kind,
    chosen_of,
    clearly_better,
    tried,
    with_sums,
    worth_its_size,
)
from palate.training.training_data import EventsWarning, look_like_counts


def tastes(n_users=160, n_items=60, seed=4, times=False):
    """Return ratings of users who choose within one of four groups of items, a quarter of each popular."""
    rng = np.random.default_rng(seed)
    group_of_user = rng.integers(0, 4, n_users)
    users, items, values, stamps = [], [], [], []
    for user in range(n_users):
        weight = np.where(np.arange(n_items) % 4 == group_of_user[user], 8.0, 1.0) / (
            1 + np.arange(n_items) // 12
        )
        chosen = rng.choice(n_items, size=18, replace=False, p=weight / weight.sum())
        users += [user] * 18
        items += chosen.tolist()
        values += np.clip(
            np.round(3 + 1.2 * (chosen % 4 == group_of_user[user]) + rng.normal(0, 0.8, 18)), 1, 5
        ).tolist()
        stamps += (1_000_000_000 + rng.integers(0, 10**8, 18)).tolist()
    return palate.Ratings.from_arrays(users, items, values, timestamp=stamps if times else None, scale=(1, 5))


@pytest.fixture(scope="module")
def ratings():
    return tastes()


@pytest.fixture(scope="module")
def catalog():
    frame = pl.DataFrame(
        {
            "item_id": range(60),
            "title": [f"Film {item}" for item in range(60)],
            "genres": [f"G{item % 4}" for item in range(60)],
        }
    )
    return palate.Catalog.from_frame(frame, genres="genres")


@pytest.fixture(scope="module")
def model(ratings, catalog):
    return palate.Recommender(seconds=1e6).fit(ratings, catalog=catalog, seed=1)


@pytest.fixture(scope="module")
def tested(ratings):
    """Return a split and a model of its training part."""
    split = palate.splits.per_user(ratings, share=0.2, seed=3)
    return split, palate.Recommender().fit(split.train, seed=1)


def test_its_lists_beat_most_popular_on_choices_it_has_not_seen(tested):
    split, model = tested
    evaluation = palate.evaluate(model, split, k=10, resamples=50)
    assert evaluation.value("ndcg", 10) > 1.5 * evaluation.value("ndcg", 10, model="most popular")
    assert evaluation.value("rmse") < evaluation.value("rmse", model="baseline") + 0.02


def test_it_is_calibrated_by_its_star_head(tested, tmp_path):
    split, model = tested
    found = palate.calibrate(model, split, nominal=(0.5, 0.9))
    assert found.table.equals(palate.calibrate(model.stars, split, nominal=(0.5, 0.9)).table)
    assert found.about["model"] == "Recommender"
    everything = found.table.filter(pl.col("n_train") == "all")
    assert everything["error"].abs().max() < 0.05
    model.save(tmp_path / "both.palate")
    assert palate.calibrate(tmp_path / "both.palate", split, nominal=(0.5, 0.9)).table.equals(found.table)
    with pytest.raises(ValueError, match="held"):
        palate.calibrate(model)  # it is trained on everything
    with pytest.raises(ValueError, match="trained on"):
        palate.calibrate(model, split.train)
    alone = palate.Recommender(stars="none", seconds=0).fit(split.train)
    with pytest.raises(ValueError, match="model must have standard errors or draws; got 'Recommender'"):
        palate.calibrate(alone, split)


def test_the_table_of_candidates_says_which_one_won(model):
    table = model.trainer["candidates"]
    sums = [row for row in table if " + " in row["name"] and "dense" not in row["name"]]
    assert len(sums) == 2
    assert max(row["ndcg"] for row in table) >= max(row["ndcg"] for row in sums)
    assert model.trainer["choice"] in {row["name"] for row in table}
    assert {"most popular", "linear items, local, l2 4"} <= {row["name"] for row in table}
    assert f"{model.trainer['choice']} has nDCG@10" in model.history.notes[0]
    assert model.history.stopped == f"Choices are predicted by {model.trainer['choice']}."
    assert model.trainer["beta_resolved"] in (0.0, 0.25, 0.5, 1.0, 2.0)
    assert len(model.ratings) == 160 * 18
    assert model.ratings.held_out is None


def test_predictions_are_the_star_heads_with_their_uncertainty(model):
    mean, std = model.predict([3, 4], [7, 8], return_std=True)
    assert mean.tolist() == model.stars.predict([3, 4], [7, 8]).tolist()
    assert (std > 0).all()
    assert model.scale == (1, 5)
    assert model.predict_frame(3, [7], interval=0.8)["predicted_rating"].to_list() == [mean[0]]


def test_lists_by_both_by_choice_and_by_stars(model):
    both, chosen, stars = (model.recommend(5, 8, by=by) for by in ("both", "chosen", "stars"))
    assert chosen["item_id"].to_list() == model.choice.recommend(5, 8)["item_id"].to_list()
    assert stars["item_id"].to_list() == model.stars.recommend(5, 8)["item_id"].to_list()
    assert both["item_id"].to_list() == palate_rank(model, 5, 8)
    assert (np.diff(both["chance"].to_numpy()) != 0).any()
    assert ((both["chance"] > 0) & (both["chance"] <= 1)).all()


def palate_rank(model, user, n):
    from palate.lists.ranking import rank

    return [
        model.items.id(item)
        for item in rank(model, np.array([model.users.index(user)]), n, exclude_seen=True).items[0]
    ]


def test_filters_apply_before_the_top_n(model):
    frame = model.recommend([5, 6], 4, where={"genres": "G2"})
    assert set(frame["genres"]) == {"G2"}
    assert frame.filter(pl.col("user_id") == 5).height == 4
    assert not set(model.recommend(5, 60)["item_id"]) & set(model.rated(5)["item_id"])
    assert model.recommend(5, 3, candidates=[1, 2, 3], exclude_seen=False)["item_id"].sort().to_list() == [
        1,
        2,
        3,
    ]


def test_each_row_says_both_in_words(model):
    words = model.recommend(5, 3, words=True)["in_words"].to_list()
    assert all(" to be chosen" in text and "; expected rating " in text for text in words)


@pytest.mark.parametrize("by", ["both", "stars"])
def test_caution_keeps_the_candidates(model, by):
    plain, careful = (model.recommend(5, 60, by=by, caution=caution) for caution in (0.0, 0.9))
    assert len(plain) == 60 - len(model.rated(5))
    assert sorted(plain["item_id"]) == sorted(careful["item_id"])


def test_caution_orders_stars_by_their_lower_bound(model):
    listed = model.recommend(5, 60, by="stars", caution=0.9)["item_id"].to_list()
    stars, error = model.predict(5, listed, return_std=True)
    lower = stars - NormalDist().inv_cdf(0.95) * error  # of the interval with 0.9
    assert np.all(np.diff(lower) <= 1e-5)
    assert not np.all(np.diff(stars) <= 0)


def test_someone_new_is_folded_into_both_heads(model):
    known = model.rated(5)
    newcomer = model.fold_in(known["item_id"].to_list(), known["rating"].to_list(), user_id="me")
    assert model.recommend(newcomer, 5)["item_id"].to_list() == model.recommend(5, 5)["item_id"].to_list()
    assert model.predict(newcomer, 7) == pytest.approx(model.predict(5, 7), abs=0.1)


def test_both_heads_are_explained(model):
    newcomer = model.fold_in([1, 2], [5, 4])
    for user in (5, newcomer):
        why = model.explain(user, 7)
        assert float(why.frame["contribution"].sum()) == pytest.approx(model.predict(user, 7), abs=1e-4)
        chosen = model.explain(user, 7, by="chosen")
        assert float(chosen.frame["contribution"].sum()) == pytest.approx(
            model.choice.predict(user, 7), abs=1e-4
        )
    with pytest.raises(ValueError, match="by must be one of 'chosen', 'stars'; got 'both'"):
        model.explain(5, 7, by="both")


def test_it_has_similar_items(model):
    near = model.similar_items(8, 5)["item_id"].to_list()
    assert sum(item % 4 == 0 for item in near) >= 3


def test_saved_and_loaded_it_answers_the_same(model, tmp_path):
    model.save(tmp_path / "both.palate")
    loaded = palate.load(tmp_path / "both.palate")
    assert loaded.recommend([5, 6], 5, words=True).equals(model.recommend([5, 6], 5, words=True))
    assert (
        loaded.predict([3], [7], return_std=True)[1].tolist()
        == model.predict([3], [7], return_std=True)[1].tolist()
    )
    assert loaded.trainer == model.trainer
    again = pickle.loads(pickle.dumps(loaded))
    assert again.recommend(5, 5).equals(model.recommend(5, 5))
    model.save(tmp_path / "again.palate")
    assert (tmp_path / "both.palate").read_bytes() == (tmp_path / "again.palate").read_bytes()


def test_a_sum_is_saved_and_folded_like_any_head(ratings, tmp_path):
    parts = (
        palate.LinearItems().fit(ratings, validation=0),
        palate.Spectral(n_factors=8).fit(ratings, validation=0),
    )
    total = SumModel.of(parts, (1.0, 0.5))
    scores = [part.score_items(np.array([3, 4])) for part in parts]
    expected = sum(
        weight * score / score.std(axis=1, keepdims=True)
        for weight, score in zip((1.0, 0.5), scores, strict=True)
    )
    np.testing.assert_allclose(total.score_items(np.array([3, 4])), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        total.score_pairs(np.array([4, 3]), np.array([7, 9])), [expected[1, 7], expected[0, 9]], rtol=1e-5
    )
    known = total.rated(3)
    newcomer = total.fold_in(known["item_id"].to_list(), known["rating"].to_list())
    assert total.recommend(newcomer, 5)["item_id"].to_list() == total.recommend(3, 5)["item_id"].to_list()


def test_tables_without_ratings_have_the_choice_head_alone(ratings):
    alike = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, np.ones(len(ratings)))
    model = palate.Recommender().fit(alike, seed=1)
    assert model.stars is None
    assert model.scale is None
    frame = model.recommend(5, 2, words=True)
    assert "predicted_rating" not in frame.columns
    assert all(text.endswith("more likely to be chosen than most") for text in frame["in_words"])
    with pytest.raises(ValueError, match="by must be 'both' or 'chosen' for a model without a star head"):
        model.recommend(5, by="stars")
    with pytest.raises(ValueError, match=r"caution must be 0 for a model without a star head.*; got 0\.5\.$"):
        model.recommend(5, caution=0.5)
    with pytest.raises(ValueError, match="explore must be left out for a model without a star head"):
        model.recommend(5, explore="thompson")
    counts = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, np.ones(len(ratings)) * 3)
    assert palate.Recommender(values="counts").fit(counts, seed=1).stars is None


def test_three_ratings_are_enough_and_it_says_that_nothing_was_chosen():
    few = palate.Ratings.from_arrays(["al", "al", "bo"], ["x", "y", "x"], [5, 4, 4], scale=(1, 5))
    model = palate.Recommender().fit(few)
    assert model.recommend("bo", 1)["item_id"].to_list() == ["y"]
    said = "This model of choices was not compared with others: 0 users have a held-out"
    assert model.history.notes[0].startswith(f"{said} rating of 4 or more, which counts as liked, and 20")
    assert model.recommend("bo", 1, words=True)["in_words"][0].startswith("expected rating ")
    alike = palate.Recommender(values="alike").fit(few)
    said_of_alike = alike.recommend("bo", 1, words=True)["in_words"].to_list()
    assert said_of_alike == ["how likely it is to be chosen is not known"]
    assert alike.history.notes[0] == f"{said} choice, and 20 are needed."


def test_a_table_with_fewer_items_than_factors_has_both_heads():
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((80, 11)) < 0.98)
    table = palate.Ratings.from_arrays(users, items, rng.integers(1, 6, len(users)), scale=(1, 5))
    model = palate.Recommender().fit(table)
    assert "has nDCG@10" in model.history.notes[0]
    assert len(model.recommend(3, 2, exclude_seen=False)) == 2
    assert model.stars.history.earlier == ()  # it was fitted from where the first one ended


@pytest.mark.parametrize(
    ("n_users", "n_items", "tried"), [(3, 35_000, True), (3_000, 100_000, True), (3_000, 120_000, False)]
)
def test_dense_weights_are_tried_where_they_fit_in_memory(n_users, n_items, tried):
    items = np.arange(n_items)
    table = palate.Ratings.from_arrays(items % n_users, items, 1 + items % 5, scale=(1, 5))
    assert any(one.large for one in personal(table, "ratings")) == tried


@pytest.fixture(scope="module")
def passing_hits():
    """Each item is a hit for ten weeks of a hundred: what was popular ever, or with one's own
    taste, is of little use at the end.
    """
    rng = np.random.default_rng(0)
    week = np.repeat(np.arange(100), 400)
    item = np.clip(week * 3 + rng.integers(0, 30, len(week)), 0, 329)
    user = rng.integers(0, 400, len(week))
    time = week * 604_800 + rng.integers(0, 604_800, len(week))
    return palate.Ratings.from_arrays(
        user, item, rng.integers(4, 6, len(week)), timestamp=time, scale=(1, 5), duplicates="last"
    )


@pytest.fixture(scope="module")
def lately(passing_hits):
    """Return a model whose choice head is what was popular lately."""
    return palate.Recommender().fit(passing_hits, seed=0)


def test_popular_lately_is_the_choice_where_items_come_and_go(lately):
    model = lately
    assert model.trainer["choice"].startswith("popular lately")
    first = model.history.notes[0]
    assert first.startswith(f"On the latest tenth of all ratings, {model.trainer['choice']} has nDCG@10 ")
    names = [row["name"] for row in model.trainer["candidates"]]
    assert len(names) == len(set(names))  # lists for other ratings are not beside each other in one table


def test_the_chance_of_what_is_popular_lately_is_that_of_the_time_after_training(passing_hits, lately):
    late = passing_hits.timestamp > np.quantile(passing_hits.timestamp, 0.9)
    earlier = palate.Popular(half_life=lately.choice.trainer["half_life"])
    users = np.unique(passing_hits.user_index[late])
    found = rank(earlier.fit(passing_hits.select(~late)), users, 10, exclude_seen=True).items
    chosen = np.zeros((passing_hits.n_users, passing_hits.n_items), bool)
    chosen[passing_hits.user_index[late], passing_hits.item_index[late]] = True
    n_choices = np.bincount(passing_hits.user_index[~late], minlength=passing_hits.n_users)[users]
    said = lately.heads.chance.of(np.arange(1, 11), n_choices[:, None])
    assert said.mean() == pytest.approx(chosen[users[:, None], found].mean(), rel=0.1)


def test_held_out_ratings_that_are_given_decide_alone(passing_hits):
    """A random part of the past asks for what its users were up to then, the last weeks for what is new."""
    trainer = palate.Recommender(stars="none")
    split = palate.splits.per_user(passing_hits, seed=1)
    model = trainer.fit(split.train, validation=split.test, seed=0)
    assert not model.trainer["choice"].startswith("popular lately")
    assert not any("latest tenth" in note for note in model.history.notes)
    late = passing_hits.timestamp > np.quantile(passing_hits.timestamp, 0.9)
    model = trainer.fit(passing_hits.select(~late), validation=passing_hits.select(late), seed=0)
    assert model.trainer["choice"].startswith("popular lately")


def test_strangers_get_what_was_popular_lately_where_that_is_the_choice(lately):
    with pytest.warns(UnknownUsersWarning):
        found = lately.recommend(["nobody"], 5, unknown="popular")
    order = np.argsort(-lately.choice.score_items(np.array([0]))[0], kind="stable")
    assert found["item_id"].to_list() == lately.items.take(order[:5]).to_list()
    assert found["item_id"].to_list() != np.argsort(-np.bincount(lately.ratings.items))[:5].tolist()
    served = Core({"lately": lately}).recommend("nobody", n=5)
    assert served.source == "popular fallback"
    assert [row.item.id for row in served.rows] == [str(item) for item in found["item_id"]]


def test_similar_items_are_those_of_the_star_head_where_the_choice_is_popularity(lately):
    found = lately.similar_items(100, n=4)
    assert found.equals(lately.stars.similar_items(100, n=4))
    assert len(Core({"lately": lately}).similar("100", 4)) == 4


def test_values_that_look_like_counts_are_taken_for_them_and_it_says_so(ratings):
    rng = np.random.default_rng(0)
    plays = rng.geometric(0.1, len(ratings)).astype(np.float32)
    table = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, plays)
    quick = palate.Recommender(seconds=0.0)
    with pytest.warns(EventsWarning, match=r"taken for counts.* numbers from 1 to \d+.* values='ratings'"):
        model = quick.fit(table)
    assert model.stars is None
    assert model.trainer["values_resolved"] == "counts"
    with warnings.catch_warnings():
        warnings.simplefilter("error", EventsWarning)
        counts = dataclasses.replace(quick, values="counts").fit(table)
        others = [
            quick.fit(
                palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, plays, scale=(0, 500))
            ),
            dataclasses.replace(quick, values="ratings").fit(table),
            dataclasses.replace(quick, liked_from=10).fit(table),
            quick.fit(ratings),
        ]
    assert model.recommend().equals(counts.recommend())
    assert [other.trainer["values_resolved"] for other in others] == ["ratings"] * 4
    assert re.search(
        r"ha(s|ve) a held-out rating of [0-9.]+ or more, which counts as liked", others[0].history.notes[0]
    )


def test_counts_of_which_some_are_negative_are_taken_for_ratings_and_it_says_so(ratings):
    plays = np.random.default_rng(0).geometric(0.1, len(ratings)).astype(np.float32)
    plays[::50] *= -1
    table = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, plays)
    with pytest.warns(EventsWarning, match=r"but some are negative.*pass values='counts'; if they are rat"):
        model = palate.Recommender(seconds=0.0).fit(table)
    assert model.trainer["values_resolved"] == "ratings"


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([0] * 6 + [5, 8, 10], False),  # zeros that mean "not rated"
        ([0.2] * 6 + [300.5], True),  # hours
        ([1.0, 2.5, 3.5, 4.0, 10], False),
        ([1] * 8 + [6], True),
        ([-1, 1, 1], False),
    ],
)
def test_counts_are_told_from_ratings(values, counts):
    assert look_like_counts(np.array(values, np.float32)) == counts


def test_returned_purchases_are_no_counts(ratings):
    values = ratings.value.copy()
    values[0] = -2
    table = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, values)
    with pytest.raises(ValueError, match="must be at least 0 where they are counts; got -2, and 1 of 2,"):
        palate.Recommender(values="counts", seconds=0.0).fit(table, validation=0)


def test_time_that_runs_out_leaves_candidates_untried(ratings):
    model = palate.Recommender(seconds=0.0, stars="none").fit(ratings, seed=1)
    assert len(model.trainer["candidates"]) >= 2
    assert any("There was no time to try" in note for note in model.history.notes)


@pytest.mark.parametrize(("most", "kinds"), [(10**6, [ITEMS, FACTORS]), (0, [FACTORS, ITEMS])])
def test_local_models_are_tried_first_unless_there_are_very_many_items(ratings, most, kinds, monkeypatch):
    monkeypatch.setattr(candidates, "MANY_ITEMS", most)
    found = [one.kind for one in personal(ratings, "ratings") if one.kind in kinds]
    assert list(dict.fromkeys(found)) == kinds


def test_candidates_that_were_trained_together_are_all_tried_when_time_runs_out(ratings):
    spectral = [Candidate(f"{k} factors", FACTORS, palate.Spectral(n_factors=k)) for k in (4, 8)]
    local = [one for one in personal(ratings, "ratings") if one.kind == ITEMS]
    for first in (spectral, local):
        other = Candidate("most popular", POPULAR, palate.Popular())
        test = ListTest.of(ratings, ratings, 4.0)
        trials, left = tried(
            [other, other, first[0], *first[1:]], ratings, test, until=0.0, threads=1, tell=lambda name: None
        )
        assert [len(trials), len(left)] == [2, len(first)]  # none of them was trained in time
        trials, left = tried([other, *first], ratings, test, until=0.0, threads=1, tell=lambda name: None)
        assert [trial.candidate for trial in trials[1:]] == first
        assert not left


def test_the_same_seed_gives_the_same_model_and_steps_are_told(ratings):
    steps = []
    one = palate.Recommender(seconds=1e6).fit(ratings, seed=1, callback=steps.append)
    other = palate.Recommender(seconds=1e6).fit(ratings, seed=1)
    assert one.recommend(5, 5).equals(other.recommend(5, 5))
    assert steps[0] == "most popular"
    assert steps[-1] == "predicted ratings, on all ratings"


def test_a_trial_is_clearly_better_by_two_standard_errors():
    def trial(quality):
        return Trial(Candidate("x", "items", None), None, np.asarray(quality), 0.0)

    assert clearly_better(trial([0.5, 0.6, 0.5, 0.6]), trial([0.1, 0.2, 0.1, 0.2]))
    assert not clearly_better(trial([0.5, 0.0, 0.5, 0.0]), trial([0.4, 0.1, 0.0, 0.4]))
    assert not clearly_better(trial([0.5]), trial([0.1]))


def test_dense_weights_have_to_be_one_percent_better():
    def trial(name, mean):
        return Trial(Candidate(name, "items", None, name == "dense"), None, np.array([mean]), 0.0)

    dense, local = trial("dense", 0.200), trial("local", 0.199)
    assert worth_its_size([dense, local]) is local
    assert worth_its_size([trial("dense", 0.21), local]).mean == 0.21
    assert worth_its_size([dense]) is dense
    assert worth_its_size([]) is None


def test_a_sum_is_taken_unless_another_model_is_clearly_better():
    noise = np.random.default_rng(0).normal(scale=0.05, size=400)
    noise -= noise.mean()

    def trial(kind, mean, large=False):
        quality = np.full(400, mean) + noise * (kind == SUM)
        return Trial(Candidate(kind, kind, None, large), None, quality, 0.0)

    total, single = trial(SUM, 0.2), trial(ITEMS, 0.203)
    assert chosen_of([single, total]) is total
    better = trial(ITEMS, 0.22)
    assert chosen_of([better, single, total]) is better
    assert chosen_of([trial(SUM, 0.2005, large=True), total]) is total
    assert chosen_of([single]) is single
    assert chosen_of([]) is None


def test_a_far_setting_has_to_be_clearly_better_than_the_usual_ones():
    noise = np.random.default_rng(0).normal(scale=0.05, size=400)
    noise -= noise.mean()

    def trial(mean, far):
        candidate = Candidate("x", FACTORS, None, far=far)
        return Trial(candidate, None, np.full(400, mean) + noise * far, 0.0)

    usual = trial(0.2, False)
    assert best_of_kind([trial(0.203, True), usual]) is usual
    better = trial(0.22, True)
    assert best_of_kind([better, usual, trial(0.21, True)]) is better
    assert chosen_of([trial(0.203, True), usual]) is usual  # where there was no time for a sum
    assert chosen_of([better, usual]) is better
    assert best_of_kind([better]) is better
    assert best_of_kind([]) is None


def test_tables_of_few_rows_have_usual_candidates():
    table = palate.Ratings.from_arrays([0, 0, 1, 1, 2], [0, 1, 1, 2, 0], [5, 4, 3, 4, 1], scale=(1, 5))
    names = [one.name for one in personal(table, "ratings") if one.kind == FACTORS and not one.far]
    assert names == ["spectral, 3 factors"]


def test_sums_are_of_the_best_of_each_kind(ratings):
    held = palate.splits.per_user(ratings, share=0.1, seed=0)
    test = ListTest.of(held.train, held.test, 4.0)
    found, _ = tried(
        [
            Candidate("a", FACTORS, palate.Spectral(n_factors=4)),
            Candidate("b", ITEMS, palate.LinearItems(l2=2)),
            Candidate("c", ITEMS, palate.LinearItems(l2=4)),
            Candidate("d", DENSE_ITEMS, palate.LinearItems(form="dense", l2=300), True),
        ],
        held.train,
        test,
        until=np.inf,
        threads=1,
        tell=str,
    )
    best = max(found[1:3], key=lambda trial: trial.mean).candidate.name
    every = with_sums(found, test, str)
    assert every[:4] == found
    sums = {trial.candidate.name: trial for trial in every[4:]}
    assert list(sums) == [f"{first} + {w} x a" for first in (best, f"d + {best}") for w in (0.4, 0.8)]
    three = sums[f"d + {best} + 0.8 x a"]
    assert three.candidate.large
    assert not sums[f"{best} + 0.8 x a"].candidate.large
    again = three.candidate.trainer.fit(held.train, validation=0)
    assert again.weights == (1.0, 1.0, 0.8)
    assert test.quality(test.lists(three.scores, 10)).tolist() == three.quality.tolist()
    lists = rank(again, test.users, 10, exclude_seen=True).items
    assert (test.lists(three.scores, 10) == lists).mean() > 0.99  # the dense part agrees to 1e-5
    assert with_sums(found[1:3], test, str) == found[1:3]


def test_quality_is_ndcg_of_the_first_ten():
    both = palate.Ratings.from_arrays([0, 0, 1, 1], [0, 1, 1, 0], [5, 4, 5, 1], scale=(1, 5))
    train, held = both.select(both.value == 5), both.select(both.value < 5)
    test = ListTest.of(train, held, 4.0)
    assert test.users.tolist() == [0]  # the other held-out rating is no liked one
    assert test.quality(np.array([[1, 0]])).tolist() == [1.0]
    assert test.quality(np.array([[0, 1]])).tolist() == [1 / np.log2(3)]
    assert test.hits(np.array([[0, 1]])).tolist() == [[False, True]]
    everyone = ListTest.of_all(train, held)
    assert everyone.users.tolist() == [0, 1]
    assert everyone.hits(np.array([[0, 1], [1, 0]])).tolist() == [[False, True], [False, True]]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"values": "stars"}, ValueError, "values must be one of"),
        ({"stars": "svd"}, ValueError, "stars must be one of"),
        ({"beta": -1.0}, ValueError, "beta must be a finite number of at least 0"),
        ({"seconds": -1.0}, ValueError, "seconds must be a finite number of at least 0"),
        ({"liked_from": 9.0}, ValueError, r"liked_from must be on the ratings' scale \S+ to \S+; got 9"),
        ({"beta": "much"}, ValueError, "beta must be a number of at least 0 or auto"),
    ],
)
def test_options_out_of_range(ratings, options, error, message):
    with pytest.raises(error, match=message):
        palate.Recommender(**options).fit(ratings)


def test_questions_it_cannot_answer(model):
    with pytest.raises(ValueError, match="by must be one of 'both', 'chosen', 'stars'; got 'taste'"):
        model.recommend(5, by="taste")
    with pytest.raises(ValueError, match="ascending must be left out with by='both'"):
        model.recommend(5, ascending=True)
    for by in ("both", "chosen", "stars"):
        with pytest.raises(TypeError, match=r"RecommenderModel.recommend takes no argument 'k'"):
            model.recommend(1, by=by, k=3)
    with pytest.raises(ValueError, match="caution must be at least 0 with by='both'"):
        model.recommend(5, caution=-0.5)
    with pytest.raises(ValueError, match="words must be left out with by='chosen'"):
        model.recommend(5, by="chosen", words=True)
    with pytest.raises(
        ValueError, match=r"caution must be 0 with by='chosen' here: .* has no standard errors"
    ):
        model.recommend(5, by="chosen", caution=0.5)
    with pytest.raises(ValueError, match=r"validation must be a share in \[0, 1\) or Ratings"):
        palate.Recommender().fit(tastes(), validation=1.0)
    with pytest.raises(TypeError, match=r"validation must be a share in \[0, 1\) or Ratings; got 'half'"):
        palate.Recommender().fit(tastes(), validation="half")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fold_in_item", r"no attribute 'fold_in_item'; ask one of its heads: model.stars.fold_in_item"),
        ("colour", "no attribute 'colour'$"),
    ],
)
def test_what_only_a_head_has_is_looked_for_there(model, name, message):
    with pytest.raises(AttributeError, match=message):
        getattr(model, name)
    assert not hasattr(pickle.loads(pickle.dumps(model)), name)


def test_numbers_of_events_are_counts_and_other_trainers_say_that_they_are_no_ratings():
    users, items = [0, 0, 0, 1, 1, 2], [5, 5, 6, 6, 7, 5]
    events = palate.Ratings.from_arrays(users, items, None)
    assert palate.Recommender().fit(events).trainer["values_resolved"] == "counts"
    with pytest.warns(UserWarning, match=r"taken for its rating. Train with palate.LeastSquares.for_counts"):
        palate.LeastSquares(n_factors=1, max_sweeps=1).fit(events, validation=0)
    with pytest.warns(UserWarning, match=r"taken for its rating. Train with grades='counts'"):
        palate.Spectral(n_factors=1).fit(events, validation=0)


def test_a_dataset_is_its_ratings_with_its_catalog():
    data = palate.datasets.load("movielens-small")
    some = np.isin(data.ratings.user_index, np.arange(60))
    model = palate.Recommender(seconds=0).fit(
        palate.Dataset(name="some", ratings=data.ratings.select(some), catalog=data.catalog)
    )
    assert model.recommend(model.users.ids()[0], n=2)["title"].null_count() == 0


def test_users_of_five_ratings_are_held_out_from_and_a_choice_head_is_chosen():
    """A tenth of five ratings is half a rating: it is one of every second user."""
    rng = np.random.default_rng(0)
    item = (rng.integers(0, 40, (600, 5)) * 3 + np.arange(600)[:, None]) % 120  # each user keeps to a third
    ratings = palate.Ratings.from_arrays(
        np.repeat(np.arange(600), 5), item.ravel(), rng.integers(4, 6, 3000), scale=(1, 5), duplicates="last"
    )
    model = palate.Recommender().fit(ratings)
    assert model.history.notes[0].startswith("On the held-out choices of ")
    assert len(model.trainer["candidates"]) > 5
    assert model.predict(0, 0, return_std=True)[1] > 0
    assert "more likely to be chosen" in model.recommend(0, 1, words=True)["in_words"][0]


def test_the_chance_of_a_choice_is_what_happens_to_users_of_few_and_of_many_choices():
    rng = np.random.default_rng(1)
    counts = np.exp(rng.uniform(np.log(3), np.log(200), 900)).astype(int)
    weights = 1 / (np.arange(400) + 5.0)
    pairs = [
        (user, item)
        for user, n in enumerate(counts)
        for item in rng.choice(400, n, replace=False, p=weights / weights.sum())
    ]
    user, item = np.array(pairs).T
    later = rng.random(len(user)) < 0.1
    ratings = palate.Ratings.from_arrays(user[~later], item[~later], None)
    lists = palate.Recommender().fit(ratings).recommend(n=10)
    chosen = set(zip(user[later].tolist(), item[later].tolist(), strict=True))
    hit = np.array([pair in chosen for pair in zip(lists["user_id"], lists["item_id"], strict=True)])
    n = np.bincount(user[~later], minlength=900)[lists["user_id"].to_numpy()]
    for few, many in ((1, 10), (11, 60), (61, 400)):
        some = (n >= few) & (n <= many)
        assert lists["chance"].to_numpy()[some].mean() == pytest.approx(hit[some].mean(), rel=0.35)


def test_without_a_scale_an_outlier_does_not_say_what_is_liked(ratings):
    value = ratings.value.astype(float)
    value[7] = 500
    odd = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, value)
    model = palate.Recommender(values="ratings").fit(odd, seed=1)
    assert model.heads.liked_from == np.quantile(value, 0.75, method="higher")
    assert model.history.notes[0].startswith("On the held-out choices of ")
    said = f"Ratings of {model.heads.liked_from:g} or more count as liked, the highest quarter of the ratings"
    assert model.history.notes[-1].startswith(said)
    usual = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, ratings.value)
    assert palate.Recommender().fit(usual, seed=1).heads.liked_from == 4.0
    declared = palate.Ratings.from_arrays(ratings.user_index, ratings.item_index, value, scale=(1, 500))
    with_scale = palate.Recommender().fit(declared, seed=1)
    assert with_scale.heads.liked_from == 375.25
    assert with_scale.history.notes[0].startswith("This model of choices was not compared with others: ")
