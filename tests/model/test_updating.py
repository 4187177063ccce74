"""Updates: what a model becomes when ratings come in, without a full fit."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import palate
from palate.data.catalog import Catalog
from palate.data.scales import ScaleWarning
from palate.linear.low_rank import LowRankWeights
from palate.model.joined import UnionWarning, join


def table(users, items, values, **options):
    return palate.Ratings.from_arrays(users, items, values, scale=(1, 5), **options)


def planted(n_users=60, n_items=40, seed=0):
    """Return users, items, and ratings of rank 1 with a little noise."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < 0.4)
    values = np.clip(np.round(3 + rng.normal(size=n_users)[users] * rng.normal(size=n_items)[items]), 1, 5)
    return users, items, values


USERS, ITEMS, VALUES = planted()
LATE = (USERS >= 55) | (ITEMS >= 37) | (np.arange(len(USERS)) % 20 == 0)
OLD, NEW = (table(USERS[part], ITEMS[part], VALUES[part]) for part in (~LATE, LATE))
BOTH = table(USERS, ITEMS, VALUES)
LEAST_SQUARES = palate.LeastSquares(n_factors=4, max_sweeps=20)


@pytest.fixture(scope="module")
def model():
    return LEAST_SQUARES.fit(OLD, validation=0)


@pytest.fixture(scope="module")
def updated(model):
    return model.update(NEW)


def test_a_user_ends_as_fold_in_would_find_them(updated):
    for user in (0, 57):
        rated = updated.rated(user)
        folded = updated.fold_in(rated["item_id"], rated["rating"])
        np.testing.assert_allclose(folded.factors, updated.user_factors[:, user], atol=1e-4)


def test_who_has_no_new_rating_stays_as_trained(model, updated):
    touched = set(NEW.to_frame()["user_id"])
    for user in (user for user in model.users.ids().tolist() if user not in touched):
        np.testing.assert_array_equal(
            model.user_factors[:, model.users.index(user)], updated.user_factors[:, updated.users.index(user)]
        )


def test_an_update_is_nearer_to_a_full_fit_than_the_model_before(model, updated):
    refit = LEAST_SQUARES.fit(BOTH, validation=0)
    known = model.users.ids()
    users, items = np.meshgrid(known, model.items.ids(), indexing="ij")
    scores = [m.predict(users.ravel(), items.ravel()) for m in (model, updated, refit)]
    far = [float(np.mean((score - scores[2]) ** 2)) for score in scores[:2]]
    assert far[1] < far[0]


def test_the_sums_of_a_spectral_model_are_the_decomposition_itself():
    before, after = (replace(OLD, timestamp=np.full(len(OLD), time)) for time in (0, 1))
    whole = palate.Spectral(n_factors=8, passes=40).fit(before, validation=0)
    again = whole.update(after)  # every rating is another one by its time alone
    assert f"{len(OLD):,} new or changed" in again.history.stopped
    np.testing.assert_allclose(
        again.item_factors, whole.item_factors, atol=1e-3 * np.abs(whole.item_factors).max()
    )
    np.testing.assert_allclose(
        again.user_factors, whole.user_factors, atol=1e-3 * np.abs(whole.user_factors).max()
    )


def test_a_new_item_of_a_spectral_model_resembles_the_one_it_copies():
    whole = palate.Spectral(n_factors=8).fit(OLD, validation=0)
    frame = OLD.to_frame()
    copied = frame["item_id"].value_counts(sort=True)["item_id"][0]
    rows = frame.filter(pl.col("item_id") == copied)
    more = whole.update(table(rows["user_id"].to_list(), [99] * rows.height, rows["rating"].to_list()))
    assert copied in more.similar_items(99, n=2)["item_id"].to_list()


def test_popularity_is_counted_again():
    timed = [
        table(u, i, v, timestamp=np.arange(len(u)))
        for u, i, v in ((USERS[~LATE], ITEMS[~LATE], VALUES[~LATE]), (USERS[LATE], ITEMS[LATE], VALUES[LATE]))
    ]
    trainer = palate.Popular(half_life=50, min_ratings=2)
    one = trainer.fit(timed[0]).update(timed[1])
    other = trainer.fit(palate.union(trainer.fit(timed[0]), timed[1]))
    np.testing.assert_array_equal(one.item_bias, other.item_bias)
    with (
        pytest.raises(ValueError, match="must have timestamps for this model of Popular"),
        pytest.warns(UnionWarning),
    ):
        one.update(NEW)


@pytest.mark.parametrize(("form", "least_user"), [("local", 0), ("dense", 0), ("dense", 40)])
def test_linear_weights_stay_and_new_items_say_that_they_have_none(form, least_user):
    old = table(*(part[~LATE & (least_user <= USERS)] for part in (USERS, ITEMS, VALUES)))
    linear = palate.LinearItems(form=form).fit(old, validation=0)
    assert isinstance(linear.weights, LowRankWeights) == (least_user == 40)
    more = linear.update(NEW)
    assert "new items have no weights until the model is trained again" in more.history.notes[0]
    known = more.items.indices(linear.items.ids())
    for item in range(3):
        np.testing.assert_array_equal(more.weights.row(known[item])[known], linear.weights.row(item))
    new = np.setdiff1d(np.arange(len(more.items)), known)
    assert not more.score_items(np.arange(len(more.users)))[:, new].any()


def test_a_model_of_two_heads_updates_both():
    model = palate.Recommender().fit(BOTH)
    more = model.update(table([0, 100], [200, 200], [5, 4]))
    assert more.n_users == model.n_users + 1
    assert more.choice.users == more.stars.users == more.users
    assert more.choice.ratings is more.stars.ratings
    assert 200 in more.recommend(100, n=50, exclude_seen=False, by="stars")["item_id"].to_list()
    live = model.user_with(0, {int(model.items.id(1)): 5})
    assert int(model.items.id(1)) not in model.recommend(live, n=40)["item_id"].to_list()


def test_features_of_new_items_come_from_the_catalog():
    genres = {item: "Comedy" if item % 2 else "Horror" for item in range(40)}
    catalog = Catalog.from_frame(pl.DataFrame({"item_id": list(genres), "genres": list(genres.values())}))
    trainer = palate.LeastSquares(n_factors=2, max_sweeps=5, item_features="raters,genres", l2_features=1.0)
    model = trainer.fit(OLD, validation=0, catalog=catalog)
    fresh = table([0, 1], [100, 101], [3, 3])
    about = Catalog.from_frame(pl.DataFrame({"item_id": [100, 101], "genres": ["Comedy", "Horror"]}))
    told, untold = model.update(fresh, catalog=about), model.update(fresh)
    assert told.catalog.frame.filter(pl.col("item_id") == 101)["genres"].item() == "Horror"
    assert told.catalog.frame.filter(pl.col("item_id") == 3)["genres"].item() == "Comedy"
    assert not np.allclose(told.predict(5, 100), untold.predict(5, 100))


def test_user_features_are_said_to_be_missing():
    people = pl.DataFrame({"user_id": range(60), "sex": ["f", "m"] * 30})
    trainer = palate.LeastSquares(n_factors=2, max_sweeps=3, user_features="sex")
    model = trainer.fit(OLD, validation=0, user_table=people)
    assert "1 user was solved without theirs" in model.update(table([0], [1], [5])).history.notes[0]


def test_what_was_held_out_stays_held_out():
    model = LEAST_SQUARES.fit(OLD, validation=0.2)
    more = model.update(NEW)
    assert int(more.ratings.held_out.sum()) == int(model.ratings.held_out.sum())
    assert more.history.n_validation == model.history.n_validation
    at = int(np.flatnonzero(model.ratings.held_out)[0])
    user = int(np.searchsorted(model.ratings.indptr, at, side="right") - 1)
    live = model.user_with(model.users.id(user), {})
    np.testing.assert_allclose(live.factors, model.user_factors[:, user], atol=1e-4)
    assert live.held_out.any()


class TestDuplicates:
    @pytest.fixture
    def timed(self):
        old = table([0, 0, 1], [0, 1, 0], [1, 2, 3], timestamp=[10, 10, 10])
        return palate.Baseline().fit(old, validation=0)

    def test_the_later_rating_counts_and_of_equal_times_the_new_one(self, timed):
        new = table([0, 0, 1], [0, 1, 0], [5, 5, 5], timestamp=[9, 10, 11])
        with pytest.warns(UnionWarning, match="1 new ratings are older"):
            more = timed.update(new)
        assert more.ratings.values().tolist() == [1, 5, 5]
        assert (join(timed, new).n_replaced, join(timed, new).n_older) == (2, 1)

    @pytest.mark.parametrize(("policy", "value"), [("mean", 3.0), ("sum", 6.0)])
    def test_means_and_sums(self, timed, policy, value):
        joined = join(timed, table([0], [0], [5], timestamp=[9]), policy)
        assert joined.ratings.value.tolist() == [value, 2, 3]
        assert joined.changed.tolist() == [True, False, False]

    def test_errors(self, timed):
        with pytest.raises(
            ValueError, match="1 pairs are rated in the model and in the new ratings, and duplicates='error'"
        ):
            timed.update(table([0], [0], [5], timestamp=[9]), duplicates="error")
        with pytest.raises(ValueError, match="duplicates must be one of"):
            timed.update(table([0], [0], [5], timestamp=[9]), duplicates="first")

    def test_counts_of_a_default_model_add_up(self):
        rng = np.random.default_rng(2)
        users, items = np.nonzero(rng.random((20, 12)) < 0.5)
        plays = palate.Ratings.from_arrays(users, items, rng.integers(1, 40, len(users)))
        model = palate.Recommender(values="counts", seconds=0.0).fit(plays)
        user, item = int(users[0]), int(items[0])
        updated = model.update(palate.Ratings.from_arrays([user], [item], [7]))
        before, after = (
            one.rated(user).filter(pl.col("item_id") == item)["rating"][0] for one in (model, updated)
        )
        assert after == before + 7

    def test_counts_add_up(self):
        plays = palate.Ratings.from_arrays([0, 0, 1], ["a", "b", "a"], [3, 1, 2])
        model = palate.LeastSquares.for_counts(n_factors=2).fit(plays, validation=0)
        more = model.update(palate.Ratings.from_arrays([0], ["a"], [4]))
        assert more.ratings.values().tolist() == [7, 1, 2]
        with pytest.raises(ValueError, match="counts must be at least 0; got -1"):
            model.update(palate.Ratings.from_arrays([0], ["a"], [-1]))

    def test_weights_that_one_side_lacks_are_1(self, timed):
        more = timed.update(table([2], [0], [5], timestamp=[9], weight=[2.0]))
        assert more.ratings.weight.tolist() == [1, 1, 1, 2]


def test_ids_of_another_type_are_refused(model):
    with pytest.raises(TypeError, match="user ids must be integers as in the model; got strings"):
        model.update(table(["0"], [1], [5]))
    with pytest.raises(KeyError, match=r"this is of type str\. Did you mean 0"):
        model.user_with("0", {1: 5})


@pytest.mark.parametrize("trainer", [LEAST_SQUARES, palate.Spectral(), palate.LinearItems()])
def test_ratings_off_the_scale_are_refused(trainer):
    model = trainer.fit(OLD, validation=0)
    new = palate.Ratings.from_arrays([0, 1, 2, 3], [1, 1, 1, 1], [5, 4, 3, 7])
    with pytest.raises(
        ValueError, match="1 of 4 new ratings lie outside the scale 1 to 5 of the model; the first is 7"
    ):
        model.update(new)
    with pytest.raises(ValueError, match="all 3 new ratings lie outside"):
        model.update(palate.Ratings.from_arrays([0, 1, 2], [1, 1, 1], [70, 80, 90]))
    with pytest.warns(ScaleWarning, match="declared to be on a scale of 0 to 10"):
        model.update(palate.Ratings.from_arrays([0], [1], [5], scale=(0, 10)))


def test_counts_of_the_default_model_add_up():
    rng = np.random.default_rng(0)
    plays = pl.DataFrame({"user_id": rng.integers(0, 40, 2000), "item_id": rng.integers(0, 30, 2000)})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = palate.Recommender(seconds=0.0).fit(palate.Ratings.from_frame(plays, rating=None))
    user, item = plays.row(0)
    before = model.rated(user).filter(item_id=item)["rating"].item()
    after = model.update(palate.Ratings.from_frame(plays[:1], rating=None))
    assert after.rated(user).filter(item_id=item)["rating"].item() == before + 1


def test_a_table_of_items_is_no_catalog(model):
    items = pl.DataFrame({"item_id": [1], "title": ["Heat"]})
    new = palate.Ratings.from_arrays([0], [1], [3])
    for call in (lambda: model.update(new, catalog=items), lambda: palate.Popular().fit(new, catalog=items)):
        with pytest.raises(TypeError, match=r"catalog must be a palate.Catalog; got DataFrame. Make one"):
            call()


def test_models_that_cannot_be_updated(model):
    with pytest.raises(ValueError, match="must have its ratings"):
        replace(model, ratings=None).update(NEW)
    with pytest.raises(ValueError, match="saved with ratings=False"):
        replace(model, ratings=None).user_with(0, {1: 5})
    own = palate.Model.of(model, OLD, name="mine")
    with pytest.raises(ValueError, match="a model of mine cannot be updated"):
        own.update(NEW)
    with pytest.raises(TypeError, match="ratings must be"):
        model.update([[1, 2, 3]])


def test_updates_follow_each_other_and_their_history_is_kept(model, tmp_path):
    day = model
    for user in (70, 71):
        day = day.update(table([user], [1], [5]))
    assert [one.stopped[:7] for one in day.history.earlier][1:] == ["Updated"]
    assert "2 new or changed" not in day.history.stopped
    assert day.history.notes[-1].endswith("are newer than the training.")
    day.save(tmp_path / "m.palate")
    assert palate.load(tmp_path / "m.palate").history == day.history


def test_a_user_with_further_ratings_is_the_user_of_the_update(model):
    item = int(np.setdiff1d(model.items.ids(), model.rated(3)["item_id"])[0])
    live = model.user_with(3, {item: 5})
    fold = model.fold_in(
        np.append(model.rated(3)["item_id"], item), np.append(model.rated(3)["rating"], 5).astype(np.float32)
    )
    np.testing.assert_allclose(live.factors, fold.factors, atol=1e-5)
    assert model.predict(live, item) == pytest.approx(model.predict(fold, item), abs=1e-5)
    again = model.user_with(3, {int(model.rated(3)["item_id"][0]): 1})
    assert len(again.rated) == len(model.rated(3))
    assert len(model.user_with("nobody" if model.users.kind == "str" else 10**6, {item: 5}).rated) == 1


def test_times_of_a_live_rating():
    timed = table(USERS, ITEMS, VALUES, timestamp=np.arange(len(USERS)))
    spectral = palate.Spectral(n_factors=4, half_life=100.0).fit(timed, validation=0)
    item = int(np.setdiff1d(spectral.items.ids(), spectral.rated(3)["item_id"])[0])
    late, early = spectral.user_with(3, {item: 5}), spectral.user_with(3, [item], [5], timestamps=[0])
    assert not np.allclose(late.factors, early.factors)
    linear = palate.LinearItems(half_life=100.0).fit(timed, validation=0)
    assert linear.user_with(3, {item: 5}).times.max() == len(USERS) - 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert linear.user_with(3, [item], [5], weights=[2.0]).weights.max() == 2


def test_a_table_without_ratings_changes_nothing(model):
    none = NEW.select(np.zeros(len(NEW), bool))
    assert model.update(none).history.stopped.startswith("Updated with 0 new or changed ratings of 0 users")
