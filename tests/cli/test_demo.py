"""`palate demo`: the story it tells is true of its figures, and the commands it recommends run."""

import contextlib
import io
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

import palate as library
from command_line import DOCS, assert_same, check_docs, process, sessions
from palate.cli import main
from palate.cli.demo import _next, _save_plot
from palate.cli.demo_story import Story, clear_taste


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Return the folder, the text and the figures of one run each."""
    folder = tmp_path_factory.mktemp("demo")
    text = process("demo", cwd=folder, env={"COLUMNS": "88"})
    assert text.returncode == 0, text.stderr
    with contextlib.redirect_stdout(io.StringIO()) as figures:
        assert main(["demo", "-o", str(folder / "again"), "--user", "63", "--json"]) == 0
    return folder, text.stdout, json.loads(figures.getvalue()), text.stderr


def test_the_figures_tell_the_lesson(demo):
    none, lesson, chosen, default, baseline = demo[2]["models"]
    assert none["highest"] > lesson["highest"] > 10
    assert none["median_n_ratings"] < 20
    assert lesson["median_n_ratings"] < 20
    assert lesson["outside_share"] > 0.05
    assert chosen["median_n_ratings"] > 5 * lesson["median_n_ratings"]
    assert chosen["outside_share"] < 0.001
    assert none["rmse"] > lesson["rmse"] > chosen["rmse"] > baseline["rmse"] > default["rmse"] + 0.01
    assert default["median_n_ratings"] > 3 * lesson["median_n_ratings"]


def test_the_text_is_that_of_the_page(demo):
    ((command, shown),) = sessions("demo.md")
    assert_same(command, shown, demo[1])


def test_the_text_has_the_figures(demo):
    _, text, figures, _ = demo
    for told in figures["models"]:
        assert f"{told['rmse']:.4f}" in text
    assert f"User {figures['user_id']}\n" in text
    assert "\x1b" not in text


def test_the_saved_model_is_the_default_one(demo):
    folder, _, figures, _ = demo
    model = library.load(folder / "palate-demo" / "model.palate")
    assert model.recommend(figures["user_id"], 5)["item_id"].to_list() == figures["models"][3]["recommended"]
    assert model.history.n_validation == figures["n_validation"]


def test_the_saved_lists_are_those_of_the_last_chapter_and_beat_the_most_popular(demo):
    folder, text, figures, _ = demo
    model = library.load(folder / "palate-demo" / "lists.palate")
    listed = model.recommend(figures["user_id"], 5)
    assert listed["item_id"].to_list() == figures["lists"]["recommended"]
    ndcg = figures["lists"]["ndcg@10"]
    both, *others = ndcg.values()
    assert both > 2 * ndcg["most popular"]
    assert both > max(others)
    chapter = text.split("6. A list that this person would take")[1]
    assert f"{both:.4f}" in chapter
    assert f"reach {both / ndcg['most popular']:.1f} times" in " ".join(chapter.split())
    assert "the difference is clear" in " ".join(chapter.split())


def test_nothing_is_left_to_say_on_the_error_stream(demo):
    assert demo[3] == ""


def test_the_plot_is_a_picture_and_always_the_same(demo):
    folder = demo[0]
    first, second = (folder / name / "plot.png" for name in ("palate-demo", "again"))
    assert first.read_bytes().startswith(b"\x89PNG")
    assert first.read_bytes() == second.read_bytes()


def test_what_it_says_to_type_next_works(demo, palate, monkeypatch):
    folder, text, _, _ = demo
    monkeypatch.chdir(folder)
    commands = re.findall(r"^  palate (.+)$", text, re.MULTILINE)
    assert len(commands) == 7
    for command in commands:
        done = palate(*shlex.split(command))
        assert done.code == 0, command + done.err
        assert "Nothing found" not in done.out, command


def test_the_commands_that_the_readme_begins_with_work(demo, palate, monkeypatch):
    runner = check_docs()
    block = next(
        block for block in runner.blocks_of(DOCS.parent / "README.md") if "palate demo" in block.text
    )
    first, *commands = (shlex.split(command)[1:] for command in runner.commands_of(block))
    assert first == ["demo"]
    assert "tests/cli/test_demo.py" in block.reason
    assert len(commands) == 4
    monkeypatch.chdir(demo[0])
    for command in commands:
        done = palate(*command)
        assert done.code == 0, (command, done.err)
        assert "Nothing found" not in done.out, command


def test_without_matplotlib_there_is_no_plot(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert _save_plot(None, tmp_path / "plot.png") is None
    assert not (tmp_path / "plot.png").exists()


def test_without_a_plot_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    _next(Story(*[None] * 10, user=63, taste={}), Path("out"), None)
    assert "A plot needs matplotlib: pip install 'palate[plots]'." in capsys.readouterr().out


def test_a_user_that_is_not_there(refused, tmp_path):
    assert "unknown user id '99999'" in refused("demo", "-o", tmp_path, "--user", "99999")


def test_a_folder_that_cannot_be(refused, tmp_path):
    (tmp_path / "file").write_text("")
    refused("demo", "-o", tmp_path / "file")


def test_the_rule_for_the_user(demo):
    import polars as pl

    tastes = pl.DataFrame(
        {
            "user_id": [1, 2, 3, 4],
            "genre": ["Drama", "Crime", "Crime", "Drama"],
            "liking": [0.9, 0.8, 0.7, 0.6],
            "n_in_genre": [30, 19, 30, 30],
            "n_ratings": [500, 80, 80, 80],
        }
    )
    assert clear_taste(tastes)["user_id"] == 3
