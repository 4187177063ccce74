"""Ratings on another scale than the model's are refused or spoken of, wherever ratings meet a model."""

import numpy as np
import pytest

import palate
from palate.data.scales import ScaleWarning, off_scale, outside

N_USERS, N_ITEMS = 30, 20


def stars(seed=0, low=1, high=5):
    """Return users, items and whole ratings of all pairs in half of a table."""
    rng = np.random.default_rng(seed)
    user, item = np.divmod(np.flatnonzero(rng.random(N_USERS * N_ITEMS) < 0.6), N_ITEMS)
    value = np.clip(
        np.round((low + high) / 2 + (user % 3 - 1) * (item % 3 - 1) + rng.normal(0, 1, len(user))), low, high
    )
    return user, item, value


def ratings_of(rows, factor=1.0, **how):
    user, item, value = stars()
    return palate.Ratings.from_arrays(user[rows], item[rows], value[rows] * factor, **how)


TEST = np.arange(len(stars()[0])) % 4 == 0


@pytest.fixture(scope="module")
def model():
    return palate.LeastSquares(n_factors=2, max_sweeps=5).fit(ratings_of(~TEST, scale=(1, 5)))


@pytest.fixture(scope="module")
def counted():
    return palate.LeastSquares.for_counts("everywhere", n_factors=2, max_sweeps=5).fit(
        ratings_of(~TEST), validation=0
    )


def test_a_test_on_the_models_scale_needs_no_word(model):
    notes = palate.evaluate(model, ratings_of(TEST), resamples=0).notes
    assert not any("scale" in note for note in notes)


@pytest.mark.parametrize("factor", [20, 100, -1])
def test_a_test_on_another_scale_is_refused_with_numbers_and_the_first_rating(model, factor):
    test = ratings_of(TEST, factor)
    row = (
        f"the first is {test.value[0]:g}, of user {test.users.id(test.user_index[0])!r} and item "
        f"{test.items.id(test.item_index[0])!r}"
    )
    with pytest.raises(
        ValueError,
        match=f"all {len(test)} test ratings lie outside the scale 1 to 5 of 'LeastSquares'; {row}",
    ):
        palate.evaluate(model, test, k=(), resamples=0)
    sure = palate.Gibbs(n_factors=2, sweeps=3, burn_in=1).fit(ratings_of(~TEST, scale=(1, 5)))
    with pytest.raises(ValueError, match=f"all {len(test)} test ratings lie outside"):
        palate.calibrate(sure, test)
    with pytest.raises(ValueError, match=f"all {len(test)} test ratings lie outside"):
        palate.compare({"one": model, "two": model}, test=test, resamples=0)


def test_shares_of_the_highest_rating_are_refused_although_some_fit(model):
    test = ratings_of(TEST, 0.2)  # five stars become 1, which is on the scale
    n = int((test.value < 1).sum())
    assert len(test) / 2 < n < len(test)
    with pytest.raises(ValueError, match=f"{n} of {len(test)} test ratings lie outside"):
        palate.evaluate(model, test, resamples=0)


def test_a_few_ratings_outside_are_told_and_tested(model):
    user, item, value = (column[TEST] for column in stars())
    value[3] = 5.5
    evaluation = palate.evaluate(model, palate.Ratings.from_arrays(user, item, value), resamples=0)
    assert (
        f"1 of {len(value)} test ratings lie outside the scale 1 to 5 of 'LeastSquares'; the first is 5.5"
        in evaluation.notes[0]
    )
    assert evaluation.about["n_test"] == len(value)


def test_ratings_of_new_users_must_be_on_the_scale(model):
    newcomers = palate.Ratings.from_arrays(np.arange(100, 110), np.arange(10), np.full(10, 80.0))
    test = palate.Ratings.from_arrays(np.arange(100, 110), np.arange(10, 20), np.full(10, 4.0))
    with pytest.raises(ValueError, match="all 10 ratings of fold_in lie outside the scale 1 to 5"):
        palate.evaluate(model, test, fold_in=newcomers, resamples=0)


@pytest.mark.parametrize(("rating", "place"), [(100, 0), (0, 0), (5.01, 1), (-1, 1)])
def test_fold_in_refuses_a_rating_outside_and_says_which(model, rating, place):
    ratings = [4.0, 4.0]
    ratings[place] = rating
    with pytest.raises(
        ValueError, match=rf"a rating must be within the model's scale 1 to 5; got {rating:g} for item 3"
    ):
        model.fold_in([1, 3] if place else [3, 1], ratings)
    with pytest.raises(ValueError, match=rf"got {rating:g} for user 3 \(ratings\[{place}\]\)"):
        model.fold_in_item([1, 3] if place else [3, 1], ratings)


@pytest.mark.parametrize(
    "trainer",
    [palate.LeastSquares(n_factors=2), palate.Baseline(), palate.Gibbs(n_factors=2, sweeps=2, burn_in=1)],
)
@pytest.mark.parametrize("factor", [20, 0.01])
def test_start_refuses_ratings_of_another_scale(model, trainer, factor):
    with pytest.raises(ValueError, match="lie outside the scale 1 to 5 of the model to start from"):
        trainer.fit(ratings_of(TEST, factor), start=model)


def test_start_goes_on_with_a_few_outside_and_says_so(model):
    user, item, value = stars()
    value[0] = 6
    with pytest.warns(
        ScaleWarning,
        match=f"1 of {len(value)} ratings lie outside the scale 1 to 5 of the model to start from",
    ):
        palate.LeastSquares(n_factors=2, max_sweeps=2).fit(
            palate.Ratings.from_arrays(user, item, value), start=model
        )


def test_validation_ratings_must_be_on_the_scale_of_the_training_ratings():
    with pytest.raises(
        ValueError, match=r"all .* validation ratings lie outside the scale 1 to 5 of the training ratings"
    ):
        palate.Baseline().fit(ratings_of(~TEST), validation=ratings_of(TEST, 20))


def test_validation_ratings_may_exceed_what_happens_to_be_observed(recwarn):
    train = palate.Ratings.from_arrays([1, 1, 2], [1, 2, 1], [3, 4, 4])
    palate.Baseline().fit(train, validation=palate.Ratings.from_arrays([2, 3, 3], [2, 1, 2], [5, 4, 3]))
    assert not [one for one in recwarn if issubclass(one.category, ScaleWarning)]


def test_ratings_in_one_part_of_a_wider_scale_are_asked_about():
    user, item, value = stars()
    wide = palate.Baseline().fit(
        palate.Ratings.from_arrays(user[~TEST], item[~TEST], 2 * value[~TEST], scale=(1, 10))
    )
    note = palate.evaluate(wide, ratings_of(TEST), k=(), resamples=0).notes[0]
    assert note.startswith(f"All {TEST.sum()} test ratings lie between 1 and 5, where ")
    assert note.endswith("are they on the scale 1 to 10 of 'Baseline'?")


def test_a_declared_scale_that_differs_is_told():
    user, item, value = stars()
    wide = palate.Baseline().fit(
        palate.Ratings.from_arrays(user[~TEST], item[~TEST], value[~TEST], scale=(1, 10))
    )
    note = palate.evaluate(wide, ratings_of(TEST, scale=(1, 5)), k=(), resamples=0).notes[0]
    assert (
        note == "The test ratings are declared to be on a scale of 1 to 5, which is not the scale 1 to 10 of "
        "'Baseline'."
    )


def test_a_model_of_counts_says_that_low_ratings_count_as_relevant(counted):
    notes = palate.evaluate(counted, ratings_of(TEST), resamples=0, baselines=False).notes
    assert f"so all {TEST.sum()} test ratings count as relevant, from 1 to 5" in notes[0]
    chosen = palate.evaluate(counted, ratings_of(TEST), relevant_from=4, resamples=0, baselines=False).notes
    assert not any("count as relevant" in note for note in chosen)


def test_counts_are_refused_by_a_model_of_ratings(model):
    user, item, value = (column[TEST] for column in stars())
    plays = palate.Ratings.from_arrays(user, item, value * 40 - 30)
    with pytest.raises(ValueError, match="lie outside the scale 1 to 5"):
        palate.evaluate(model, plays, resamples=0)


def test_counts_and_ratings_do_not_start_from_each_other(model, counted):
    with pytest.raises(
        ValueError, match="start must be a model of ratings as the trainer; got one of counts"
    ):
        palate.LeastSquares(n_factors=2).fit(ratings_of(~TEST), start=counted)
    with pytest.raises(
        ValueError, match="start must be a model of counts as the trainer; got one of ratings"
    ):
        palate.LeastSquares.for_counts("everywhere", n_factors=2).fit(ratings_of(~TEST), start=model)


def test_models_of_different_scales_have_no_average_and_are_compared_with_a_word(model):
    other = palate.LeastSquares(n_factors=2, max_sweeps=5).fit(ratings_of(~TEST, 20))
    with pytest.raises(ValueError, match="models must have one rating scale; got 1 to 5 and 20 to 100"):
        palate.average([model, other])
    note = palate.compare({"stars": model, "points": other}, resamples=0).note
    assert "different scales (stars 1 to 5, points 20 to 100)" in note


def test_the_ends_of_a_scale_are_on_it_in_single_precision():
    assert not outside(np.array([0.1, 0.7], np.float32), (0.1, 0.7)).any()
    assert off_scale(palate.Ratings.from_arrays([1], [1], [0.1]), (0.1, 0.7), "'x'", "ratings") is None


@pytest.mark.parametrize(
    "verb",
    [
        "fit",
        "crossval",
        "random",
        "k_fold",
        "per_user",
        "leave_one_out",
        "held_out_users",
        "experiment",
        "evaluate",
    ],
)
def test_a_dataset_is_taken_wherever_ratings_are(verb, model):
    ratings = ratings_of(~TEST)
    catalog = palate.Catalog.from_items(ratings.items)
    data = palate.Dataset(name="mine", ratings=ratings, catalog=catalog)
    quick = palate.Baseline(max_sweeps=2)
    if verb == "fit":
        assert quick.fit(data).n_items == ratings.n_items
        assert (
            quick.fit(
                ratings, validation=palate.Dataset(name="held", ratings=ratings_of(TEST))
            ).history.n_validation
            == TEST.sum()
        )
    elif verb == "crossval":
        assert palate.crossval(quick, data, folds=2, k=(), resamples=0).about["n_test"] == len(ratings)
    elif verb == "experiment":
        assert len(palate.experiment(data, {"grid": [{"name": "a", "trainer": "baseline"}]}).table) == 1
    elif verb == "evaluate":
        held = palate.Dataset(name="held", ratings=ratings_of(TEST))
        assert palate.evaluate(model, held, train=data, resamples=0).about["n_test"] == TEST.sum()
    else:
        how = {"per_user": {"n": 1}, "held_out_users": {"n": 2}}.get(verb, {})
        assert getattr(palate.splits, verb)(data, **how).ratings is ratings


def test_the_catalog_of_a_dataset_is_taken_too():
    import polars as pl

    ratings = palate.Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [3, 4, 5])
    catalog = palate.Catalog.from_frame(pl.DataFrame({"item_id": ["a", "b"], "title": ["Alien", "Brazil"]}))
    model = palate.Baseline().fit(palate.Dataset(name="mine", ratings=ratings, catalog=catalog), validation=0)
    assert model.recommend(2)["title"].to_list() == ["Brazil"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("films.csv", r"got 'films.csv'. Read the file: palate.read\('films.csv'\)"),
        ([1, 2], r"got list. Use palate.Ratings.from_frame\(...\) or palate.Ratings.from_arrays\(...\)"),
        (None, "got NoneType"),
    ],
)
def test_what_is_no_ratings_is_told_how_to_become_some(given, message):
    with pytest.raises(TypeError, match=message):
        palate.Baseline().fit(given)


def test_a_frame_is_told_how_to_become_ratings():
    import polars as pl

    with pytest.raises(TypeError, match=r"got DataFrame. Use palate.Ratings.from_frame\(...\)"):
        palate.Baseline().fit(pl.DataFrame({"user_id": [1], "item_id": [2], "rating": [3]}))
