"""The scripts in examples/ run as they stand, on ratings that come with palate, and print what they
promise.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
PROMISED = {
    "cautious_lists.py": "By what is expected at least:",
    "compare_trainers.py": "Least squares predicts better by 0.0",
    "errors_by_activity.py": "n_test",
    "client.py": "After 5 stars for The Matrix, by films (fold-in):",
    "newcomer.py": "predicted_rating",
    "rank_a_csv.py": "671 users, 3355 rows in lists.csv",
}

pytestmark = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason="the examples are not in the source distribution"
)


def run(name, folder, *arguments):
    environment = {**os.environ, "POLARS_FMT_MAX_COLS": "20"}
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def test_every_example_is_run():
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == set(PROMISED)
    page = (ROOT / "docs" / "examples.md").read_text("utf-8")
    assert all(f"(../examples/{name})" in page for name in names)


@pytest.mark.parametrize("name", PROMISED)
def test_an_example_runs_and_leaves_nothing(name, tmp_path):
    done = run(name, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert PROMISED[name] in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_example_takes_files_of_ones_own(tmp_path):
    rows = [
        f"u{user},i{item},{1 + (user + item) % 5}"
        for user in range(8)
        for item in range(8)
        if (user * item) % 3
    ]
    (tmp_path / "mine.csv").write_text("user_id,item_id,rating\n" + "\n".join(rows) + "\n", "utf-8")
    done = run("rank_a_csv.py", tmp_path, "mine.csv", "lists.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "lists.csv").read_text("utf-8").startswith("user_id,item_id,rank,predicted_rating")


@pytest.mark.parametrize("name", PROMISED)
def test_an_example_says_how_it_is_run(name):
    assert f"python examples/{name}" in (EXAMPLES / name).read_text("utf-8")
