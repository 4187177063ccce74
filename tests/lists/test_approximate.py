"""Approximate lists: candidates of an index, filtered and ranked by exact scores."""

import sys

import numpy as np
import pytest
from polars.testing import assert_frame_equal

import palate
from palate.lists import approximate
from palate.lists.search_index import SearchIndex

pytest.importorskip("usearch")

N_ITEMS = 600


def planted(trainer, seed=0):
    """Fit a trainer to planted ratings; every user has rated about a tenth of the items."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((40, N_ITEMS)) < 0.1)
    likes = rng.normal(size=(40, 3)) @ rng.normal(size=(3, N_ITEMS)) + rng.normal(size=N_ITEMS)
    values = np.clip(np.round(3 + likes[users, items]), 1, 5)
    ratings = palate.Ratings.from_arrays(users, items, values, scale=(1, 5))
    return trainer.fit(ratings, validation=0, seed=seed)


@pytest.fixture(scope="module")
def model():
    return planted(palate.LeastSquares(n_factors=4, max_sweeps=4))


@pytest.fixture
def small(monkeypatch):
    """Let a catalog of hundreds of items be searched, as one of millions is."""
    monkeypatch.setattr(approximate, "EXACT_FROM", 1)
    monkeypatch.setattr(approximate, "FIRST", 32)


def hits(found, exact):
    return found.join(exact, on=["user_id", "item_id"]).height / exact.height


@pytest.mark.parametrize(
    "trainer",
    [
        palate.LeastSquares(n_factors=4, max_sweeps=4),
        palate.LeastSquares(n_factors=3, max_sweeps=4, link="bounded"),
        palate.Gibbs(n_factors=2, sweeps=8, burn_in=4),
        palate.Spectral(n_factors=4),
        palate.Baseline(),
    ],
    ids=["least squares", "bounded", "draws", "spectral", "baseline"],
)
def test_lists_are_exact_where_the_candidates_are_all_items(small, monkeypatch, trainer):
    model = planted(trainer)
    monkeypatch.setattr(approximate, "FIRST", model.n_items)
    found, exact = model.recommend(n=5, approximate=True), model.recommend(n=5)
    assert found.columns == [*exact.columns, "search"]
    assert set(found["search"]) == {"approximate"}
    assert_frame_equal(found.drop("search"), exact, abs_tol=1e-5)
    score = exact.columns[3]
    assert (found[score].to_numpy() == model.predict(found["user_id"], found["item_id"])).all()


def test_few_candidates_find_most_of_the_best(small, model):
    found, exact = model.recommend(n=5, approximate=True), model.recommend(n=5)
    assert hits(found, exact) > 0.95
    assert (found["rank"] == exact["rank"]).all()


def test_filters_and_what_was_seen_apply_before_the_top_n(small, model):
    how = {"min_ratings": 4, "exclude_items": model.recommend(n=1)["item_id"].unique().to_list()}
    found, exact = model.recommend(n=8, approximate=True, **how), model.recommend(n=8, **how)
    assert hits(found, exact) > 0.95
    assert not set(found["item_id"]) & set(how["exclude_items"])
    assert not found.join(model.rated(None), on=["user_id", "item_id"]).height


def test_few_allowed_items_and_small_catalogs_are_ranked_exactly(small, monkeypatch, model):
    few = list(range(0, N_ITEMS, 60))
    found, exact = (model.recommend(n=4, candidates=few, approximate=choice) for choice in (True, False))
    assert set(found["search"]) == {"exact"}
    assert_frame_equal(found.drop("search"), exact, check_exact=True)
    monkeypatch.setattr(approximate, "EXACT_FROM", 32)
    assert set(model.recommend(3, approximate=True)["search"]) == {"exact"}


def test_users_with_too_few_candidates_are_asked_again(small, monkeypatch, model):
    monkeypatch.setattr(approximate, "FIRST", 1)
    monkeypatch.setattr(approximate, "SPARE", 1)
    found, exact = model.recommend(n=5, approximate=True), model.recommend(n=5)
    assert (found.group_by("user_id").len()["len"] == 5).all()
    assert hits(found, exact) > 0.6


def test_an_index_is_written_once_and_read_again(small, model, tmp_path):
    path = tmp_path / "items.index"
    first = model.recommend(n=3, approximate=path)
    written = path.read_bytes()
    model.save(tmp_path / "m.palate")
    loaded = palate.load(tmp_path / "m.palate")
    assert_frame_equal(loaded.recommend(n=3, approximate=str(path)), first, check_exact=True)
    assert path.read_bytes() == written


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda written: b"PAR1" + written, "must be an index that palate wrote; got another file"),
        (lambda written: written[:-9], "must be whole; got a damaged or shortened file"),
        (lambda written: written[:15] + b"x" + written[15:], "must be whole; got a damaged"),
        (lambda written: written[:15] + b"7\n", "must be whole; got a damaged"),
    ],
    ids=["another file", "shortened", "no JSON", "no mapping"],
)
def test_damaged_files_are_refused(small, model, tmp_path, change, message):
    path = tmp_path / "items.index"
    SearchIndex.build(model).save(path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(palate.ArgumentError, match=rf"the index '.*items.index' {message}"):
        palate.Model.recommend(planted(palate.LeastSquares(n_factors=4, max_sweeps=4)), 3, approximate=path)


def test_the_index_of_another_model_is_refused(small, model, tmp_path):
    SearchIndex.build(model).save(tmp_path / "items.index")
    other = planted(palate.LeastSquares(n_factors=4, max_sweeps=1))
    with pytest.raises(palate.ArgumentError, match="must be the index of this model; got that of other item"):
        other.recommend(3, approximate=tmp_path / "items.index")


def test_new_and_unknown_users_have_approximate_lists_too(small, model):
    new = model.fold_in({3: 5, 7: 1, 90: 4})
    found = model.recommend(new, 5, approximate=True)
    assert len(set(found["item_id"]) & set(model.recommend(new, 5)["item_id"])) >= 4
    with pytest.warns(UserWarning, match="user 999 is unknown"):
        mixed = model.recommend([1, 999], 2, approximate=True, unknown="popular")
    assert mixed["search"].to_list() == ["approximate"] * 2 + ["exact"] * 2


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_one_head_is_searched_and_both_are_not(small):
    model = planted(palate.Recommender())
    found = model.recommend(n=3, by="stars", approximate=True)
    assert hits(found, model.recommend(n=3, by="stars")) > 0.9
    with pytest.raises(palate.ArgumentError, match="approximate must be left out with by='both'"):
        model.recommend(n=3, approximate=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"caution": 0.8}, "caution must be left out with approximate=; got 0.8"),
        ({"ascending": True}, "ascending must be left out with approximate=; got True"),
        ({"diversity": 0.5}, "diversity must be left out with approximate=; got 0.5"),
        ({"at_most": {"n_ratings": 1}}, "at_most must be left out with approximate="),
        ({"timestamp": 5}, "timestamp must be left out with approximate="),
        ({"approximate": 3}, "approximate must be True, False or the path of an index; got int"),
    ],
)
def test_what_needs_all_scores_is_refused(model, options, message):
    with pytest.raises((palate.ArgumentError, TypeError), match=message):
        model.recommend(3, **{"approximate": True, **options})


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        (
            palate.Gibbs(n_factors=2, sweeps=6, burn_in=4, likelihood="ordinal"),
            r"point estimate under the ordinal link.*2 draws\. Leave out approximate=",
        ),
        (palate.LinearItems(), "approximate must be left out for a model whose scores are not products"),
    ],
)
def test_models_whose_order_no_inner_product_has_are_refused(trainer, message):
    with pytest.raises(palate.ArgumentError, match=message):
        planted(trainer).recommend(3, approximate=True)


def test_without_usearch_one_sentence(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", None)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(ImportError, match=r"an approximate list needs usearch.* pip install .palate\[ann\]"):
        model.recommend(3, approximate=True)
