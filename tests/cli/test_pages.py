"""What docs/cli.md shows is what the commands print; numbers aside, which the processor may change
a little.
"""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from command_line import DOCS, assert_same, sessions


def test_the_output_on_the_page_is_the_output(palate, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "88")
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    for command, shown in sessions("cli.md"):
        if command.startswith("palate "):
            result = palate(*shlex.split(command)[1:])
            assert_same(command, shown, result.out + result.err)
        else:
            run = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
            assert_same(command, shown, run.stdout)


def test_every_command_has_an_example_on_the_page():
    text = (DOCS / "cli.md").read_text("utf-8")
    for command in (
        "demo",
        "prepare",
        "train",
        "recommend",
        "predict",
        "rated",
        "similar",
        "info",
        "evaluate",
        "crossval",
    ):
        assert f"palate {command}" in text
