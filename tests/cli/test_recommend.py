"""`palate recommend` with caution, draws and words, end to end on files."""

import json

import pytest

from posteriors import posterior_model


@pytest.fixture(scope="module")
def sure(tmp_path_factory):
    """Return the file of a model with draws of a posterior."""
    path = tmp_path_factory.mktemp("sure") / "sure.palate"
    posterior_model(whole=False).save(path)
    return path


def test_caution_shows_what_ranks_and_how_sure_it_is(palate, sure):
    result = palate("recommend", sure, 0, "--caution", 0.8)
    assert (result.code, result.err) == (0, "")
    heading = result.out.splitlines()[2].split()
    assert heading == ["#", "id", "ratings", "mean", "predicted", "score", "std", "low", "high"]
    rows = json.loads(palate("recommend", sure, 0, "--caution", 0.8, "--json").out)
    assert len(rows) == 5
    assert [row["score"] for row in rows] == pytest.approx([row["low"] for row in rows], abs=1e-3)


def test_words_stand_for_the_numbers(palate, sure):
    result = palate("recommend", sure, 0, "--words", "--n", 2)
    assert result.code == 0
    assert result.out.splitlines()[2].split() == ["#", "id", "ratings", "predicted", "in", "words"]
    assert "expected (" in result.out
    assert "; a single rating is likely to be " in result.out


def test_draws_are_chosen_by_the_seed(palate, sure):
    first, again, other = (
        palate("recommend", sure, "--all-users", "--explore", "thompson", "--seed", s).out for s in (1, 1, 2)
    )
    assert first == again != other


def test_bad_arguments_name_the_option(refused, sure, bare_model):
    assert refused("recommend", sure, 0, "--caution", 1.5, code=2).startswith(
        "--caution must be between -1 and 1"
    )
    assert refused("recommend", sure, 0, "--explore", "more", code=2).startswith(
        "--explore must be 'thompson'"
    )
    message = refused("recommend", bare_model, "--all-users", "--include-seen", "--caution", 0.8, code=2)
    assert message.startswith("--caution must be 0 for a model without standard errors; got 0.8.")


def test_approximate_lists_keep_their_index_in_a_file(palate, refused, bare_model, sure, tmp_path):
    pytest.importorskip("usearch")
    index = tmp_path / "items.index"
    rows = json.loads(palate("recommend", sure, 0, "--approximate", index, "--json").out)
    assert {row["search"] for row in rows} == {"exact"}  # of few items
    assert not index.exists()
    message = refused("recommend", sure, 0, "--approximate", index, "--caution", 0.5, code=2)
    assert message.startswith("--caution must be left out with --approximate; got 0.5.")


def test_a_model_of_two_heads_has_no_list_of_a_time(folder, tmp_path, palate, refused):
    model = tmp_path / "both.palate"
    assert palate("train", folder / "ratings.csv", "-o", model, "--seconds", 0).code == 0
    message = refused("recommend", model, 1, "--at", "2010-01-01")
    assert message.startswith("this model cannot predict for a given time")
