"""`make` on a machine that lacks something says what is missing in one sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "environment.sh"
TOOLS = ("sh", "sed", "sort", "cat", "cmp", "rm", "dirname", "printf", "tail")


@pytest.fixture
def machine(tmp_path):
    """Return a folder of commands that stands for a machine: its only PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def add(machine, name, script):
    path = machine / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def build(machine):
    """Ask for the user's environment in a folder that does not exist; it is never made in these tests."""
    command = ["sh", str(SCRIPT), "user", str(machine.parent / "environment")]
    run = subprocess.run(command, env={"PATH": str(machine)}, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert not (machine.parent / "environment").exists()
    return run


def only_sentence(run):
    assert "Traceback" not in run.stdout + run.stderr
    (sentence,) = run.stderr.splitlines()
    return sentence


def test_no_python(machine):
    assert only_sentence(build(machine)) == "palate: Python 3.11 or newer must be on PATH; found none."


def test_an_old_python(machine):
    add(machine, "python3", 'case "$1" in -V) echo Python 3.8.10 ;; *) exit 1 ;; esac')
    assert (
        only_sentence(build(machine)) == "palate: Python 3.11 or newer must be on PATH; found Python 3.8.10."
    )


def test_a_python_without_venv(machine):
    add(machine, "python3", f'case "$*" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"')
    assert "python3 cannot make virtual environments; install the package python3-venv" in only_sentence(
        build(machine)
    )


def test_a_python_whose_venv_fails_late(machine):
    report = "The virtual environment was not created successfully because ensurepip is not available."
    add(
        machine,
        "python3",
        f'case "$*" in "-m venv"*) echo "{report}"; exit 1 ;; esac\nexec {base_python()} "$@"',
    )
    assert "install the package python3-venv" in only_sentence(build(machine))


def test_a_command_that_does_not_run_is_passed_over(machine):
    add(machine, "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    add(
        machine,
        "python3.12",
        f'case "$*" in "-m venv"*) echo chosen; exit 1 ;; esac\nexec {base_python()} "$@"',
    )
    add(machine, "python3.11", "exit 99")
    run = build(machine)
    assert run.stdout.startswith("making ")
    assert only_sentence(run).endswith("failed: chosen")


def base_python():
    # Not this environment's own: the script goes past environments to the interpreter they were made from.
    return os.path.realpath(sys._base_executable)


def test_the_supported_versions_come_from_the_project_newest_first():
    run = subprocess.run(["sh", str(SCRIPT), "versions"], capture_output=True, text=True, check=True)
    versions = [tuple(map(int, version.split("."))) for version in run.stdout.split()]
    assert versions == sorted(versions, reverse=True)
    assert versions[-1] == (3, 11)
