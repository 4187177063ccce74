"""`palate recommend --all`."""

import json
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

import palate as library


def test_everyone_gets_a_list(palate, model, tmp_path):
    out = tmp_path / "lists.parquet"
    done = palate("recommend", model, "--all", "--n", 3, "--min-ratings", 2, "-o", out)
    assert (done.code, done.out) == (0, f"Wrote 90 rows to {out}.\n")
    frame = pl.read_parquet(out)
    assert frame.equals(library.load(model).recommend(None, 3, min_ratings=2).select(frame.columns))
    again = palate("recommend", model, "--all", "--n", 3, "-o", out, "--json")
    assert json.loads(again.out) == {"output": str(out), "rows": 90, "replaced": True}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--all"], "--all must be given with --output and a .parquet file; got none"),
        (
            ["--all", "-o", "lists.csv"],
            "--all must be given with --output and a .parquet file; got 'lists.csv'",
        ),
        (["--all", "--all-users"], "name the users, or give --all-users"),
        (["5", "--all"], "name the users, or give --all-users"),
    ],
)
def test_what_does_not_go_together_is_said(refused, model, options, message):
    assert message in refused("recommend", model, *options, code=2)


def test_an_interrupt_says_how_to_go_on(palate, model, tmp_path, monkeypatch):
    from palate.lists import streaming

    monkeypatch.setattr(streaming, "ROWS_PER_BLOCK", 30)
    whole = streaming._put_together

    def interrupt(files, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(streaming, "_put_together", interrupt)
    out = tmp_path / "lists.parquet"
    stopped = palate("recommend", model, "--all", "--n", 3, "-o", out)
    assert stopped.code == 130
    assert (
        stopped.err
        == "palate: interrupted after the lists of 30 of 30 users; the same command continues from "
        "there.\n"
    )
    monkeypatch.setattr(streaming, "_put_together", whole)
    assert palate("recommend", model, "--all", "--n", 3, "-o", out).code == 0


def test_a_killed_process_loses_no_block_that_was_written(palate, model, tmp_path):
    out = tmp_path / "lists.parquet"
    code = (
        "import sys, time\nfrom palate.lists import streaming\nstreaming.ROWS_PER_BLOCK = 9\nimport palate\n"
        "palate.load(sys.argv[1]).recommend_all(sys.argv[2], 3, progress=lambda done, of: time.sleep(600) "
        "if done == 9 else None)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(model), str(out)])
    parts = tmp_path / "lists.parquet.parts"
    ends = time.monotonic() + 120
    while len(list(parts.glob("*.parquet"))) < 3 and time.monotonic() < ends:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = {file.name: file.stat().st_mtime_ns for file in parts.glob("*.parquet")}
    assert len(first) == 3
    rest = code.replace("time.sleep(600) if done == 9 else None", "None")
    subprocess.run([sys.executable, "-c", rest, str(model), str(out)], check=True)
    frame = pl.read_parquet(out)
    assert frame.equals(library.load(model).recommend(None, 3).select(frame.columns))
