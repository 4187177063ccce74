"""The commands that README, Makefile and CI name are the same ones."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_the_first_screen_of_the_readme_holds_the_two_commands():
    screen = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:40])
    assert "make demo" in screen
    assert "make test" in screen


def test_ci_runs_what_the_readme_says():
    run = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert "make check" in run
    assert "make test" in run


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_every_target_that_a_page_names_exists(page):
    named = re.findall(r"(?:`|\$ )make ([a-z]+)", (ROOT / page).read_text("utf-8"))
    assert set(named) <= TARGETS
