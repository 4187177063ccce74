"""`palate inspect`, end to end on files."""

import json

import pytest


def test_text(palate, model):
    result = palate("inspect", model, "--n", 3)
    assert (result.code, result.err) == (0, "")
    for heading in (
        "Norms, weights and biases",
        "Norm against number of ratings",
        "Predictions",
        "Most recommended",
        "Obscurity",
    ):
        assert heading in result.out
    assert "lie outside the scale of 1 to 5" in result.out


def test_json_page_and_pictures(palate, model, tmp_path):
    pytest.importorskip("matplotlib")
    result = palate(
        "inspect",
        model,
        "--json",
        "--sample",
        2,
        "--html",
        tmp_path / "m.html",
        "--plots",
        tmp_path / "plots",
    )
    document = json.loads(result.out)
    assert document["sections"]["weights"]["rows"][0]["what"] == "user norms"
    bins = [one for one in document["sections"]["weights"]["bins"] if one["what"] == "user norms"]
    assert sum(one["share"] for one in bins) == pytest.approx(1)
    assert "drawn at random (seed 0)" in document["sections"]["predictions"]["text"][0]
    assert len(document["written"]) == 5
    assert (tmp_path / "m.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert palate("inspect", model, "--html", tmp_path / "m.html").out == (
        f"Wrote {tmp_path / 'm.html'}, in place of the file that was there.\n"
    )


def test_pages_and_clear_tastes(palate, model):
    loaded = json.loads(palate("inspect", model, "--json").out)
    item = loaded["sections"]["highest_biases"]["rows"][0]
    page = json.loads(palate("inspect", model, "--item", item["item_id"], "--json").out)
    named = json.loads(palate("inspect", model, "--item", f"title:{item['title']}", "--json").out)
    assert page == named
    assert "Recommended" in palate("inspect", model, "--user", 1, "--n", 3).out
    assert "Users with a clear taste" in palate("inspect", model, "--distinctive").out


def test_a_bare_model(palate, bare_model):
    assert palate("inspect", bare_model).code == 0
    assert palate("inspect", bare_model, "--user", 1).code == 0


def test_bad_input_is_one_line(refused, model, bare_model, tmp_path):
    assert refused("inspect", model, "--item", 1, "--user", 1, code=2).startswith(
        "only one of --item, --user and --distinctive"
    )
    assert "unknown user id '99999'" in refused("inspect", model, "--user", 99999)
    assert "no title contains 'No such'" in refused("inspect", model, "--item", "No such")
    assert "saved without them" in refused("inspect", bare_model, "--distinctive")
    assert "there is no such folder" in refused("inspect", model, "--html", tmp_path / "none" / "x.html")
    (tmp_path / "file").write_text("")
    assert "--plots must be a folder" in refused("inspect", model, "--plots", tmp_path / "file", code=2)


def test_a_model_of_choices_shows_its_lists_and_has_no_pages(palate, tmp_path):
    clicks = tmp_path / "clicks.csv"
    clicks.write_text("user_id,item_id\n" + "".join(f"u{row % 9},i{row % 7}\n" for row in range(40)))
    model = tmp_path / "clicks.palate"
    assert palate("train", clicks, "-o", model, "--no-rating", "--trainer", "linear-items").code == 0
    assert "only its lists are shown" in palate("inspect", model, "--n", 2).out
    found = palate("inspect", model, "--user", "u1")
    assert (found.code, found.out) == (1, "")
    assert "a model of LinearItems for choices alone has none" in found.err
