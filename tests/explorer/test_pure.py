"""What the pages of the explorer are made of, without a browser."""

import socket
import sys
import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from palate import Baseline, LeastSquares, Ratings, Recommender
from palate.app import diagnostics, positions
from palate.app.answers import Answer, ItemInfo, Part, Reasons, Row
from palate.cli import main
from palate.explorer import bundled, colors, figures, people, server
from palate.explorer.cases import Case, append_case, check_cases, read_cases
from palate.explorer.changes import gone, marks, summary
from palate.explorer.state import State
from palate.explorer.views.lists import about, shares
from palate.store.memory import MemoryStore
from site_of_films import N_ITEMS, data


@pytest.fixture(scope="module")
def model():
    ratings, catalog = data()
    return LeastSquares(n_factors=3).fit(ratings, catalog=catalog, seed=1)


def rows(*ids, counts=None):
    return [
        Row(place + 1, ItemInfo(one, n_ratings=(counts or {}).get(one, 9)), 1.0)
        for place, one in enumerate(ids)
    ]


def test_an_address_and_its_state_are_the_same_both_ways():
    state = State.of(
        {"model": "b", "user": "x&y=ä", "caution": "0.5", "min_ratings": "20", "own": "1,2"}, ["a", "b"]
    )
    query = dict(part.split("=", 1) for part in state.address("/p").removeprefix("/p?").split("&"))
    from urllib.parse import unquote_plus

    assert State.of({name: unquote_plus(value) for name, value in query.items()}, ["a", "b"]) == state


@pytest.mark.parametrize("text", ["-1", "nan", "2", "", "inf"])
def test_a_caution_that_cannot_be_is_told(text):
    state = State.of({"caution": text}, ["a"])
    assert state.caution == 0
    assert state.notes == (f"caution must be a number from 0 to 0.95; got {text!r}.",)


def test_the_twelve_are_heavy_light_odd_new_and_ones_own(model):
    found, note = people.twelve_people(model)
    assert (len(found), note) == (12, "")
    assert len({one.user for one in found}) == 12
    counts = model.ratings.user_counts()
    heavy = [int(one.user) for one in found if one.why.startswith("heavy")]
    light = [int(one.user) for one in found if one.why.startswith("light")]
    assert len(heavy) == 3
    assert sorted(counts[heavy]) == sorted(counts)[-3:]
    assert sorted(counts[light]) == sorted(counts)[:2]


def test_a_model_without_ratings_says_that_nobody_is_known(model, tmp_path):
    import palate

    model.save(tmp_path / "m.palate", ratings=False)
    found, note = people.twelve_people(palate.load(tmp_path / "m.palate"))
    assert "saved without its ratings" in note
    assert all(one.why == "a user of the model" for one in found[:9])


def test_agreement_is_the_correlation_with_the_means(model):
    ratings = model.ratings
    user = int(np.argmax(ratings.user_counts()))
    own = slice(ratings.indptr[user], ratings.indptr[user + 1])
    expected = np.corrcoef(ratings.values(own), ratings.item_means()[ratings.items[own]])[0, 1]
    assert people.agreements(ratings)[user] == pytest.approx(expected, abs=1e-6)


def test_positions_are_the_two_principal_axes_and_the_same_each_time(rng):
    vectors = rng.normal(size=(200, 5)) * [9, 4, 1, 1, 1]
    found, again = positions.positions(vectors), positions.positions(vectors)
    np.testing.assert_array_equal(found.points, again.points)
    apart = vectors - vectors.mean(axis=0)
    singular = np.linalg.svd(apart, compute_uv=False)
    assert found.share == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum())
    np.testing.assert_allclose((found.points.astype(float) ** 2).sum(axis=0), singular[:2] ** 2, rtol=1e-4)
    np.testing.assert_allclose(found.place(vectors[3]), found.points[[3]], rtol=1e-4, atol=1e-5)


def test_the_point_of_a_taste_is_a_weighted_mean_and_its_ellipse_holds_it(rng):
    """The mean of many samples of one taste lies within the ellipse as often as it says."""
    center, inside = np.array([2.0, -1.0]), 0
    for _ in range(400):
        points = center + rng.normal(size=(40, 2)) @ np.array([[2.0, 0.5], [0.0, 1.0]])
        taste = positions.taste_of(points, rng.integers(6, 11, 40) / 2)
        apart = taste.point - center
        inside += apart @ np.linalg.solve(taste.covariance, apart) <= -2 * np.log(0.05)
    assert 0.88 <= inside / 400 <= 0.98  # 95 %, a little less with 40 ratings
    ring = taste.ring() - taste.point
    np.testing.assert_allclose(
        np.einsum("nf,nf->n", ring, np.linalg.solve(taste.covariance, ring.T).T), -2 * np.log(0.05)
    )


def test_the_point_of_one_rating_has_no_ellipse_and_of_none_there_is_no_point():
    taste = positions.taste_of(np.array([[1.0, 2.0]]), np.array([0.5]))
    assert (taste.point.tolist(), taste.ring()) == ([1.0, 2.0], None)
    assert positions.taste_of(np.empty((0, 2)), np.empty(0)) is None


def test_what_is_rated_lowest_hardly_counts():
    taste = positions.taste_of(np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([1.0, 5.0]))
    assert taste.point == pytest.approx([1, 1], abs=2e-3)


def test_positions_of_one_factor_lie_on_a_line(rng):
    assert (positions.positions(rng.normal(size=(9, 1))).points[:, 1] == 0).all()


def test_positions_refuse_what_is_no_number():
    with pytest.raises(ValueError, match="vectors must be finite numbers"):
        positions.positions(np.array([[1.0, np.nan]]))


@pytest.mark.parametrize("by", colors.COLORS)
def test_every_item_has_one_colour(model, by):
    from palate.factors.item_index import item_table

    found = colors.groups(item_table(model), by)
    assert sorted(np.concatenate([group.items for group in found]).tolist()) == list(range(N_ITEMS))


def test_an_unknown_colour_is_refused():
    with pytest.raises(ValueError, match="color must be one of 'year'"):
        colors.groups(pl.DataFrame({"year": [1]}), "mood")


def test_a_model_without_vectors_has_no_map():
    ratings, _ = data()
    assert positions.item_vectors(Baseline().fit(ratings)) is None


def test_marks_say_what_rose_fell_and_came():
    found = marks(rows("a", "b", "c"), rows("c", "a", "d"))
    assert [mark.words for mark in found] == ["up 2", "down 1", "new"]
    left = gone(rows("a", "b", "c", counts={"b": 2}), rows("c", "a", "d"), min_ratings=5)
    assert [(one.row.item.id, one.why) for one in left] == [("b", "It has 2 ratings, fewer than 5.")]
    assert summary(found, left) == "The list changed: 1 new, 1 up, 1 down, 1 gone."


def test_what_caution_removes_is_said_to_be_uncertain():
    (left,) = gone(rows("a"), rows("b"), caution=0.5)
    assert "less certain" in left.why


def test_what_diversity_removes_is_said_to_be_like_an_item_of_the_list():
    near = {"a": "Alien (1979)", "b": ""}
    found = gone(rows("a", "b"), rows("c"), alike=near.get)
    assert [one.why for one in found] == [
        "It is similar to Alien (1979), which is on the list.",
        "Other items rank above it now.",
    ]


def test_cases_are_kept_and_found_again(model, tmp_path):
    path = tmp_path / "cases.jsonl"
    listed = model.recommend(0, 11)["item_id"].to_list()
    for item in (listed[2], listed[10]):
        append_case(path, Case(user="0", item=str(item), title="<b>", models=("m",), rank=3, note="ä\n"))
    append_case(path, Case(user="me", item=str(listed[0]), ratings={str(listed[1]): 5.0}))
    append_case(path, Case(user="me", item="1"))
    found = check_cases(model, read_cases(path))
    assert [one.rank for one in found[:2]] == [3, 0]
    new = model.recommend(model.fold_in([listed[1]], [5.0]), 10)["item_id"].to_list()
    assert found[2].rank == (new.index(listed[0]) + 1 if listed[0] in new else 0)
    assert "is not in the model" in found[3].problem


@pytest.mark.parametrize(
    "line", ["nonsense", "[1]", '{"user": 1, "item": "2"}', '{"user": "1", "item": "2", "ratings": [1]}']
)
def test_a_line_that_is_no_case_is_named(line, tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(ValueError, match="line 2 must"):
        read_cases(path)


def test_evaluate_fails_while_a_case_is_there(model, tmp_path, capsys):
    model.save(tmp_path / "m.palate")
    listed = model.recommend(0, 11)["item_id"].to_list()
    path = tmp_path / "cases.jsonl"
    append_case(path, Case(user="0", item=str(listed[10])))
    assert main(["evaluate", str(tmp_path / "m.palate"), "--cases", str(path)]) == 0
    append_case(path, Case(user="0", item=str(listed[0])))
    assert main(["evaluate", str(tmp_path / "m.palate"), "--cases", str(path)]) == 1
    assert "still recommended, at rank 1" in capsys.readouterr().out
    assert main(["evaluate", "--cases", str(path)]) == 2


def test_figures_are_those_of_the_evaluation(model):
    import palate

    found = figures.measure({"m": model}, None)
    wanted = palate.evaluate({"m": model}, k=10, resamples=0)
    values = wanted.value("ndcg", 10), wanted.value("recall", 10), wanted.value("rmse")
    for figure, value in zip(found.figures, values, strict=True):
        assert figure.rows[0][0] == "m"
        assert figure.rows[0][1].startswith(f"{value:.3f} (")


def test_without_held_out_ratings_the_figures_say_so():
    ratings, _ = data()
    found = figures.measure({"m": Baseline().fit(ratings, validation=0)}, None)
    assert found.figures == ()
    assert "--test FILE" in found.source


def test_diagnostics_have_a_panel_for_each_question(model):
    found = diagnostics.panels(model, figures.measure({"m": model}, None).evaluation)
    assert [panel.heading for panel in found if panel.frame is None] == []
    assert len(found) == 7
    tail = found[1].frame
    assert tail["ratings"].to_list()[-1] == 1.0
    assert dict(diagnostics.card(model))["Items"] == str(N_ITEMS)
    assert diagnostics.curve_panel(model).text.startswith("RMSE of training and validation ratings")


def test_the_card_of_a_model_of_counts_says_nothing_of_ratings(model):
    rows = model.rated(None).to_dicts()
    counts = Ratings.from_arrays(
        [row["user_id"] for row in rows], [row["item_id"] for row in rows], [1.0] * len(rows)
    )
    said = dict(diagnostics.card(Recommender(values="counts").fit(counts)))
    assert "Model of choices" in said
    assert not {"Model of ratings", "Weight of the rating, as asked", "Ratings"} & set(said)


def test_a_port_in_use_is_named_with_what_to_type():
    with socket.socket() as taken:
        taken.bind((server.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            OSError, match=f"port {port} is in use; let palate find a free one: palate explore --port 0"
        ):
            server.free_port(port)
    assert server.free_port(0) > 0


def test_without_nicegui_one_sentence_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "nicegui", None)
    assert main(["explore"]) == 1
    assert 'pip install "palate[explore]"' in capsys.readouterr().err


def test_a_model_that_is_not_there_is_named(tmp_path, capsys):
    assert main(["explore", str(tmp_path / "none.palate"), "--port", "0", "--no-browser"]) == 1
    assert "none.palate" in capsys.readouterr().err


def _ended(training):
    while not training.progress.ended(training.names):
        time.sleep(0.02)
    return training.words()


def test_a_training_that_cannot_save_is_told(tmp_path):
    said: list[str] = []
    training = bundled.BundledTraining(
        tmp_path / "none", MemoryStore(), tmp_path / "cases", said.append, names=("after",)
    )
    words = _ended(training)
    training.close()
    assert words.startswith("The training failed: ")
    assert words.endswith("To show a model of your own, use palate explore MODEL.")
    assert training.space is None
    assert len(said) == 2
    assert said[0].startswith("training least squares")


def test_a_training_that_is_killed_is_told(tmp_path):
    training = bundled.BundledTraining(tmp_path, MemoryStore(), tmp_path / "cases", list)
    training._process.kill()
    assert "ended with exit code -9" in _ended(training)
    training.close()


def test_test_ratings_need_a_model(capsys, tmp_path):
    assert main(["explore", "--test", str(tmp_path / "x.csv")]) == 2
    assert "--test needs MODEL" in capsys.readouterr().err


def test_a_model_that_held_nothing_out_is_asked_for_test_ratings():
    ratings, _ = data()
    said = figures.measure({"mine": Baseline().fit(ratings, validation=0)}, None).source
    assert said.startswith(
        "The models were not evaluated: test ratings must be given for 'mine', which held no ratings out of "
        "training. "
        "Name a file with test ratings: --test FILE."
    )


def test_a_list_by_both_heads_says_what_orders_it():
    row = Row(1, ItemInfo("x"), 4.2, predicted_rating=4.2)
    by_rating = Answer("m", "1", "stored", (row,))
    assert about(by_rating) == "This list is made from the ratings that the model was trained on."
    by_both = Answer("m", "1", "stored", (replace(row, chance=0.2),))
    assert "The first items are likely to be chosen, and to be rated highly if they are." in about(by_both)
    assert about(by_both).endswith(
        "'Far more likely than most' means at least 20 times as likely as an item picked at random."
    )


def test_a_choice_is_explained_by_shares_of_what_raises_its_score():
    parts = (
        Part("rating", 3.0, ItemInfo("a", "Heat"), 5.0),
        Part("rating", -2.0, ItemInfo("b", "Alien"), 1.0),
        Part("rating", 1.0, ItemInfo("c", "Big"), 4.5),
        Part("popularity", 4.0),
    )
    found = Reasons("me", ItemInfo("x"), "m", "1", "fold-in", 6.0, 6.0, parts)
    assert shares(found) == [("38%", "your 5 for Heat"), ("12%", "your 4.5 for Big")]
    assert shares(replace(found, user="7"), 1) == [("38%", "their 5 for Heat")]
    assert shares(replace(found, parts=parts[1:2])) == []


def test_an_address_without_a_page_names_the_pages():
    page = server.missing_page("/<script>")
    assert "There is no page /&lt;script&gt; here." in page
    assert '<a href="/rate">Rate</a>' in page
    assert "<script" not in page
