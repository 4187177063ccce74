"""Every command that a command prints works as printed, in a shell."""

import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from command_line import ratings_frame
from palate.cli.reading_options import as_words

AWKWARD = "my $HOME; it's"


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """Work in a folder with a file that only its reading options can read, under a name that a
    shell would take apart.
    """
    monkeypatch.chdir(tmp_path)
    frame = ratings_frame().select(who="user_id", what=-pl.col("item_id"), stars="rating")
    frame.write_csv(f"{AWKWARD}.txt", separator="|")
    return f"{AWKWARD}.txt"


READ = (
    "--separator",
    "|",
    "--user",
    "who",
    "--item",
    "what",
    "--rating",
    "stars",
    "--scale",
    "1",
    "5",
    "--missing",
    "-1",
    "--missing",
    "NA",
    "--duplicates",
    "mean",
    "--skip-empty",
)


def in_a_shell(line):
    """Run one line and return what it printed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-c", line], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


def printed(text):
    """Return the commands in an output."""
    return re.findall(r"^(?:Next: | *)(palate .*)$", text, flags=re.MULTILINE)


def test_train_tune_and_prepare_print_what_works(palate, odd):
    for number, command in enumerate(
        (
            ("train", "-o", f"{AWKWARD}.palate", "--n-factors", 2),
            ("tune", "--trials", 1),
            ("prepare", "-o", f"{AWKWARD} dir"),
        )
    ):
        result = palate(command[0], odd, *READ, *command[1:])
        assert result.code == 0, result.err
        lines = printed(result.out)
        assert len(lines) == 1, result.out
        out = in_a_shell(lines[0] if number == 0 else f"{lines[0]} -o again{number}.palate")
        for line in printed(out):  # what the printed command prints
            in_a_shell(line)


def test_a_file_that_begins_with_a_minus(palate, odd, tmp_path):
    (tmp_path / odd).rename(tmp_path / "-r.txt")
    result = palate("tune", *READ, "--trials", 1, "--", "-r.txt")
    (line,) = printed(result.out)
    in_a_shell(line.replace("palate train", "palate train -o m.palate"))


def test_tune_without_ratings_names_the_bundled_files(tmp_path):
    from palate.datasets import _bundled_files
    from palate.experiments.tuning import Tuned
    from palate.training.als.least_squares import LeastSquares

    ratings, films = _bundled_files()
    trainer = LeastSquares(n_factors=2, biases=False, max_sweeps=2)
    found = Tuned(trainer, 1.0, 1.0, 1.0, 1.0, None, "")
    line = found.command(str(ratings), ["--items", str(films), "--scale", "0.5", "5"])
    assert "--no-biases" in line
    assert "100,004 ratings" in in_a_shell(f"{line} -o {tmp_path / 'm.palate'}")


def test_words_of_reading_options():
    assert as_words({}) == []
    assert as_words(
        {"header": False, "quote": False, "separator": "\t", "missing": ("-1", "x y"), "user": "1"}
    ) == [
        "--user",
        "1",
        "--separator",
        "tab",
        "--no-header",
        "--no-quotes",
        "--missing",
        "-1",
        "--missing",
        "x y",
    ]
    assert as_words({"user": "who", "scale": (0.5, 5.0)}) == [
        "--user",
        "who",
        "--scale",
        "0.5",
        "5",
    ]
