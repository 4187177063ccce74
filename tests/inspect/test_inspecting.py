"""A whole report, on models whose numbers are set by hand."""

import dataclasses

import numpy as np
import polars as pl
import pytest

import palate
import served_models
from palate.factors.row_precision import RowNoise
from palate.factors.temporal import Sessions, TimeContext
from palate.inspect import Report, Section, inspect_model, lists, plots, predictions
from palate.inspect.factors import norms, norms_by_count
from palate.inspect.lists import by_fame, obscurity_section
from palate.inspect.pages import item_page, user_page


@pytest.fixture(scope="module")
def model():
    """Return a model of 3 users and 4 items around a mean of 3; its predictions are in the test below."""
    ratings = palate.Ratings.from_arrays(
        [1, 1, 1, 2, 2, 3, 3], [*"abcabad"], [5, 3, 1, 4, 2, 5, 4], scale=(1, 5)
    )
    fitted = palate.LeastSquares(n_factors=2).fit(ratings, validation=0)
    users = np.array([[[3, 4], [0, 1], [0, 0]]], np.float32)
    items = np.array([[[1, 0], [0, 1], [0, 0], [0, 2]]], np.float32)
    return dataclasses.replace(
        fitted,
        user_factors=users,
        item_factors=items,
        user_bias=np.zeros((1, 3), np.float32),
        item_bias=np.array([[1, 0, -1, 0.5]], np.float32),
        global_mean=np.array([3.0]),
    )


def test_frames_have_known_answers(model):
    report = inspect_model(model, n=2)
    assert list(report) == [
        "weights",
        "norms",
        "highest_biases",
        "lowest_biases",
        "predictions",
        "most_recommended",
        "least_recommended",
        "obscurity",
    ]
    weights = {row["what"]: row for row in report["weights"].to_dicts()}
    assert weights["user norms"]["max"] == 5
    assert weights["item norms"]["mean"] == 1
    assert weights["item weights"]["count"] == 8
    assert report["highest_biases"].select("item_id", "n_ratings", "bias").rows() == [
        ("a", 3, 1.0),
        ("d", 1, 0.5),
    ]
    assert report["lowest_biases"]["item_id"].to_list() == ["c", "b"]
    (found,) = report["predictions"].to_dicts()
    # a b c d: 7 7 2 11.5 / 4 4 2 5.5 / 4 3 2 3.5, on a scale from 1 to 5
    assert (found["count"], found["max"], found["below"]) == (12, 11.5, 0)
    assert found["above"] == pytest.approx(4 / 12)
    assert found["mean"] == pytest.approx((7 + 7 + 2 + 11.5 + 4 + 4 + 2 + 5.5 + 4 + 3 + 2 + 3.5) / 12)


def test_lists_leave_out_what_was_rated(model):
    report = inspect_model(model, n=1)
    # user 1 can only get d, user 2 c or d, user 3 b or c
    assert report["most_recommended"].select("item_id", "n_lists", "share").rows() == [
        ("d", 2, pytest.approx(2 / 3))
    ]
    assert report["least_recommended"]["item_id"].to_list() == ["c"]
    obscure = dict(report["obscurity"].select("figure", "value").rows())
    assert obscure["coverage"] == 2 / 4
    assert obscure["rare share"] == 1
    assert obscure["n_ratings, median"] == 1
    assert obscure["mean rating"] == pytest.approx((4 + 4 + 2.5) / 3)
    assert obscure["popularity bias"] == pytest.approx(((1 + 1 + 2) / 3) / ((9 + 4 + 1 + 1) / 7))


def test_a_sample_is_named_and_obeyed(model):
    report = inspect_model(model, n=1, sample=2, seed=3)
    assert (
        "2 of the 3 users, drawn at random (seed 3): 8 predictions." in report.section("predictions").text[0]
    )
    assert "2 of the 3 users" in report.section("most_recommended").text[0]
    assert report["predictions"]["count"].to_list() == [8]


def test_draws_are_averaged(model):
    twice = _two_draws(model)
    report = inspect_model(twice, n=1)
    assert report["weights"].filter(what="user norms")["max"].to_list() == [10]
    assert report["weights"].filter(what="user weights")["count"].to_list() == [6]
    assert "2 draws" in report.text[0]
    assert "highest_biases" not in report  # they cancel out


def test_noise_of_rows_is_told(model):
    scales = {"user": [[1.0, 0.5, 2.0]], "item": [[1.0, 1.5, 0.5, 1.2]]}
    noise = {
        f"{side}_noise": RowNoise(scale=np.array(rows, np.float32), degrees=np.array([5.0]))
        for side, rows in scales.items()
    }
    noisy = dataclasses.replace(model, spread=None, noise_sd=np.ones(1), **noise)
    report = inspect_model(noisy, n=2)
    assert report["divisive"].select("item_id", "noise_scale").rows() == [
        ("b", 1.5),
        ("d", pytest.approx(1.2)),
    ]
    assert report["agreed"].select("item_id", "noise_scale").rows() == [("c", 0.5), ("a", 1.0)]
    assert report["weights"].filter(what="user noise")["max"].to_list() == [2]
    numbers = {row["figure"]: row for row in user_page(noisy, 2)["numbers"].to_dicts()}
    assert (numbers["noise scale"]["value"], numbers["noise scale"]["share"]) == (0.5, 0)
    assert "noise scale" not in user_page(model, 2)["numbers"]["figure"].to_list()


def _two_draws(model):
    """Return a model whose second draw has user vectors three times as long and biases of the other sign."""
    return dataclasses.replace(
        model,
        user_factors=np.concatenate([model.user_factors, 3 * model.user_factors]),
        item_factors=np.repeat(model.item_factors, 2, axis=0),
        user_bias=np.repeat(model.user_bias, 2, axis=0),
        item_bias=np.concatenate([model.item_bias, -model.item_bias]),
        global_mean=np.array([3.0, 3.0]),
        user_prior=_twice(model.user_prior),
        item_prior=_twice(model.item_prior),
    )


def _twice(prior):
    return dataclasses.replace(
        prior, mean=np.repeat(prior.mean, 2, axis=0), precision=np.repeat(prior.precision, 2, axis=0)
    )


def test_a_model_saved_without_ratings_leaves_out_what_needs_them(model):
    report = inspect_model(dataclasses.replace(model, ratings=None), n=1)
    assert "norms" not in list(report)
    assert "saved without its ratings" in report.text[0]
    assert "including items that they rated" in report.section("most_recommended").text[0]


def test_scores_have_no_scale():
    plays = palate.Ratings.from_arrays([1, 2, 2], ["a", "b", "a"], [3, 4, 1])
    report = inspect_model(palate.LeastSquares.for_counts(n_factors=1).fit(plays, validation=0), n=1)
    assert "above" not in report["predictions"].columns
    assert report.section("predictions").marks == ()


def test_a_bounded_link_never_leaves_the_scale(model):
    report = inspect_model(dataclasses.replace(model, link="bounded"), n=1)
    assert report["predictions"].select("below", "above").row(0) == (0, 0)
    assert report.section("predictions").text[1].startswith("0 % lie outside the scale of 1 to 5")
    assert report["most_recommended"].select("item_id", "n_lists").row(0) == ("d", 2)


def test_large_models_are_looked_at_in_part(model, monkeypatch):
    monkeypatch.setattr(lists, "PAIRS", 8)
    assert lists.affordable(model) == 2
    assert lists.affordable(_two_draws(model)) == 1
    assert lists.affordable(dataclasses.replace(model, link="bounded")) == 1
    monkeypatch.setattr(predictions, "PAIRS", 4)
    report = inspect_model(model, n=1)
    assert "1 of the 3 users, drawn at random" in report.section("predictions").text[0]
    assert "2 of the 3 users, drawn at random" in report.section("obscurity").text[0]


def test_a_baseline_has_no_factors_to_describe():
    ratings = palate.Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [5, 3, 4], scale=(1, 5))
    report = inspect_model(palate.Baseline().fit(ratings, validation=0), n=1)
    assert report["weights"].filter(what="item weights")["count"].to_list() == [0]
    report.to_dict()


def test_norms_by_count_groups_by_powers_of_two():
    found = norms_by_count("item", np.array([9.0, 1, 2, 4, 5]), np.array([0, 1, 2, 3, 9]))
    assert found.select("from", "to", "n", "norm_q50").rows() == [
        (0, 0, 1, 9),
        (1, 1, 1, 1),
        (2, 3, 2, 3),
        (8, 15, 1, 5),
    ]
    assert norms(np.array([[[3.0, 4.0]], [[0.0, 1.0]]])).tolist() == [3]


def test_fame_of_lists():
    found = by_fame(np.array([1, 1, 2, 4]), np.array([3, 3, 0]))
    assert found["share_of_items"].to_list() == [0.5, 0.25, 0.25]
    assert found["share_of_ratings"].to_list() == [0.25, 0.25, 0.5]
    assert found["share_of_lists"].to_list() == pytest.approx([1 / 3, 0, 2 / 3])


def test_empty_lists_have_no_figures(model):
    found = obscurity_section(model, np.full((3, 1), -1), "nobody").frame
    assert found["value"][0] is None


def test_frames_come_in_the_models_library(model):
    pandas = pytest.importorskip("pandas")
    assert isinstance(
        inspect_model(dataclasses.replace(model, frame_kind="pandas"), n=1)["weights"], pandas.DataFrame
    )


@pytest.mark.parametrize("argument", ["n", "sample"])
def test_numbers_must_be_at_least_1(model, argument):
    with pytest.raises(ValueError, match=f"{argument} must be at least 1; got 0"):
        inspect_model(model, **{argument: 0})


def test_a_scorer_without_factors_is_refused():
    with pytest.raises(TypeError, match="must be given a model; got int"):
        inspect_model(3)


def test_an_unknown_section_lists_those_there_are():
    report = Report(
        title="x", text=(), sections=(Section(name="one", heading="One", text=(), frame=pl.DataFrame()),)
    )
    with pytest.raises(KeyError, match="unknown section 'two'; the sections of this report are one"):
        report["two"]


def test_time_bins_are_told_with_what_rose_and_fell(model):
    """Two eras; in the first every user's vector is longer by (1, 0) than in the last and every
    rating higher by 0.5.
    """
    n_factors = model.user_factors.shape[2]
    user_shift = np.zeros((1, 2, n_factors + 1), np.float32)
    user_shift[0, 0, 0], user_shift[0, 0, -1] = 1, 0.5
    context = TimeContext(
        edges=np.array([1_000_000_000]),
        user_shift=user_shift,
        item_shift=np.zeros_like(user_shift),
        user_time_bin=np.ones(3, np.int32),
        sessions=Sessions.none(3),
        session_effect=np.zeros((1, 0), np.float32),
    )
    times = np.linspace(9e8, 11e8, len(model.ratings)).astype(np.int64)
    timed = dataclasses.replace(
        model, context=context, ratings=dataclasses.replace(model.ratings, timestamp=times)
    )
    report = inspect_model(timed, n=2)
    time_bins = report["time_bins"]
    weights = model.ratings.item_counts()
    first = model.item_factors[0, :, 0].astype(float)
    share = np.array(time_bins["n_ratings"].to_list()) / len(model.ratings)
    higher = 0.5 + np.average(first, weights=weights)
    assert time_bins["higher"].to_list() == pytest.approx([higher * share[1], -higher * share[0]])
    assert time_bins["n_ratings"].to_list() == [int((times < 1e9).sum()), int((times >= 1e9).sum())]
    assert time_bins["begins"].dt.year().to_list() == [1998, 2001]
    change = np.average(first, weights=weights) - first
    for name, order in (
        ("risen", np.argsort(-change, kind="stable")),
        ("fallen", np.argsort(change, kind="stable")),
    ):
        assert sorted(report[name]["change"].to_list()) == pytest.approx(sorted(change[order[:2]]))
    assert plots.png(report.section("time_bins")).startswith(b"\x89PNG")
    numbered = dataclasses.replace(context, edges=np.array([7]))
    plain = inspect_model(dataclasses.replace(timed, context=numbered, ratings=None), n=2)["time_bins"]
    assert plain["begins"].to_list() == [None, 7]
    assert "n_ratings" not in plain.columns
    assert "time_bins" not in inspect_model(model, n=2)


@pytest.fixture(scope="module")
def both():
    """Return a model of two heads."""
    return served_models.two_heads()


def test_lists_of_two_heads_are_those_that_it_recommends(both):
    report = inspect_model(both, n=3)
    of_stars = inspect_model(both.stars, n=3)
    assert list(report) == list(of_stars)
    assert report["weights"].equals(of_stars["weights"])
    assert report["predictions"].equals(of_stars["predictions"])
    assert report["least_recommended"].equals(of_stars["least_recommended"])
    listed = both.recommend(n=3)["item_id"].value_counts()
    counts = dict(listed.rows())
    assert report["most_recommended"]["n_lists"].to_list() == sorted(counts.values(), reverse=True)[:3]
    assert all(counts[row["item_id"]] == row["n_lists"] for row in report["most_recommended"].to_dicts())
    assert "those of its star head (LeastSquares)" in report.text[1]
    page = user_page(both, "u7", n=4)
    assert page["best"]["item_id"].to_list() == both.recommend("u7", 4)["item_id"].to_list()
    assert page["worst"].equals(user_page(both.stars, "u7", n=4)["worst"])
    assert item_page(both, 5)["similar"].equals(item_page(both.stars, 5)["similar"])


def test_a_model_without_factors_has_its_lists(both):
    model = palate.LinearItems().fit(served_models.ratings())
    report = inspect_model(model, n=3)
    assert list(report) == ["most_recommended", "obscurity"]
    assert report.text[1] == "This model has no factors, so only its lists are shown."
    alone = palate.Recommender(stars="none", seconds=0.0).fit(served_models.ratings())
    assert inspect_model(alone, n=3)["most_recommended"]["n_lists"].sum() > 0
