"""Every command that reads ratings reads them the same way, and its messages name its own options."""

import os
import sys

import pytest
import typer

from command_line import ratings_frame
from palate.cli.commands import app
from palate.cli.reading_options import _DECLARED, ITEM_SIDE

READING = {
    "prepare": {"weight"},
    "train": set(),
    "evaluate": set(ITEM_SIDE),
    "calibrate": set(ITEM_SIDE),
    "crossval": set(),
    "compare": set(ITEM_SIDE),
    "experiment": set(),
    "tune": set(),
    "convert": set(),
}


@pytest.mark.parametrize("command", READING)
def test_commands_that_read_ratings_have_all_reading_options(command):
    params = {one.name for one in typer.main.get_command(app).commands[command].params}
    own = {"user": "user_column"} if command == "compare" else {}
    assert {own.get(name, name) for name in _DECLARED if name not in READING[command]} <= params


@pytest.fixture
def odd(tmp_path):
    """Return a file whose columns have names of their own."""
    path = tmp_path / "odd.csv"
    ratings_frame().rename({"user_id": "who", "item_id": "what", "rating": "stars"}).write_csv(
        path, separator="\t"
    )
    return path


NAMED = ("--user", "who", "--item", "what", "--rating", "stars", "--separator", r"\t")


def test_tune_names_columns(palate, odd):
    done = palate("tune", odd, "--trials", 2, "--seconds", 20, *NAMED)
    assert done.code == 0, done
    assert "2 settings were tried" in done.out


def test_experiment_names_columns(palate, odd, tmp_path):
    (tmp_path / "plan.toml").write_text('[[grid]]\nname = "size"\nn_factors = [1, 2]\n')
    done = palate("experiment", odd, "--plan", tmp_path / "plan.toml", *NAMED)
    assert done.code == 0, done
    assert "size" in done.out


def test_compare_calls_the_column_of_users_otherwise(palate, refused, model, odd):
    assert "Name it with --user-column" in refused("compare", model, model, "--test", odd)
    assert "must be new to 'model'" in refused(
        "compare", model, model, "--test", odd, "--user-column", "who", *NAMED[2:]
    )


def test_the_advice_about_a_file_without_a_header_works(palate, refused, tmp_path):
    path = tmp_path / "bare.csv"
    ratings_frame().write_csv(path, include_header=False)
    line = refused("train", path, "-o", tmp_path / "m.palate")
    assert "pass --no-header, and the columns are called 1, 2, 3" in line
    done = palate("train", path, "-o", tmp_path / "m.palate", "--no-header", "--n-factors", 1)
    assert done.code == 0, done
    assert ": 500 ratings of" in done.out
    assert "user 1, item 2, rating 3. Pass other numbers as --user, --item, --rating" in done.err


def test_marks_and_quotes_by_option(palate, refused, tmp_path):
    path = tmp_path / "marked.csv"
    path.write_text(
        "user_id,item_id,rating\n"
        + "".join(f'{user},12" {item},{3 + user % 2}\n' for user in range(9) for item in "ab")
        + "1,c,-1\n"
    )
    assert "pass --no-quotes" in refused("train", path, "-o", tmp_path / "m.palate")
    done = palate(
        "train",
        path,
        "-o",
        tmp_path / "m.palate",
        "--no-quotes",
        "--missing",
        "-1",
        "--missing",
        "NA",
        "--n-factors",
        1,
    )
    assert done.code == 0, done
    assert "1 of 19 rows of marked.csv hold '-1', 'NA' for a rating and are left out." in done.err
    assert "18 ratings" in done.out


def test_ids_that_differ_by_blanks_at_their_ends_are_told(palate, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id,rating\nann,Heat,4\nbo,Heat ,3\nbo,Alien,4\n")
    result = palate("train", path, "-o", tmp_path / "a.palate", "--scale", "1", "5")
    assert result.code == 0
    assert "1 item id differs from another one only by blanks at the ends" in " ".join(result.err.split())


def test_what_threads_write_about_damage_is_not_shown_and_all_else_is(capfd):
    from palate.cli.input import without_panics

    with without_panics():
        os.write(2, b"thread 'tokio' panicked at row_group_decode.rs\n   0: rust_begin_unwind\n")
        sys.stderr.write("what palate says\n")
    with without_panics():
        os.write(2, b"a note of a library\n")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "what palate says\na note of a library\nlater\n"
