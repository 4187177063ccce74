"""The notebooks run from top to bottom, their solutions pass the checkers, and their pages are current."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "tutorial"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.fixture(scope="module")
def runner():
    spec = importlib.util.spec_from_file_location("run_tutorial", ROOT / "scripts" / "run_tutorial.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def results(runner, path, tmp_path, monkeypatch):
    """Run a script in an empty folder and return its cells with their results."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    cells = runner.cells_of(path.read_text("utf-8"))
    runner.run(cells, path.stem, None)
    return cells


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_it_runs_its_answers_are_right_and_its_page_is_current(path, runner, tmp_path, monkeypatch):
    cells = results(runner, path, tmp_path, monkeypatch)
    for cell in cells:
        checks = len(re.findall(r"^q\d+\.check\(", cell.text, re.M)) if cell.kind == "code" else 0
        shown = "\n".join(cell.results)
        if "def published(" in cell.text:  # the exercise's own solutions, which are wrong
            assert shown.count("Not yet: ") == checks == 1
        else:
            assert len(re.findall("^Right: ", shown, re.M)) == checks, shown
    if "lesson.needs(" in path.read_text("utf-8") and not all(map(importlib.util.find_spec, ("keras", "jax"))):
        return  # it then says what is missing, where the page has results
    page = path.with_suffix(".md").read_text("utf-8")
    assert runner.structure(page) == runner.structure(runner.page(cells, path.stem)), "run scripts/run_tutorial.py"


def test_every_question_is_checked_in_some_notebook():
    text = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    assert [number for number in range(1, 14) if f"q{number}.check(" not in text] == []
    assert [number for number in range(2, 14) if number not in (4, 5) and f"q{number}.solution()" not in text] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_each_asks_first_for_the_libraries_it_needs(path, runner):
    first = next(cell for cell in runner.cells_of(path.read_text("utf-8")) if cell.kind == "code")
    assert re.search(r"^lesson\.require\(.*\"pandas\"", first.text, re.M)
    before = first.text[: first.text.index("lesson.require")]
    assert "pandas" not in before
    assert "matplotlib" not in before


def test_pages_are_small_and_their_links_and_pictures_are_there():
    pages = sorted(FOLDER.glob("*.md"))
    assert {page.stem for page in pages} == {path.stem for path in SCRIPTS} | {"README"}
    used = set()
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#\s]+)\)", page.read_text("utf-8")):
            assert (FOLDER / target).exists(), f"{page.name}: {target}"
            used.add(target)
    pictures = list((FOLDER / "images").glob("*"))
    assert {f"images/{picture.name}" for picture in pictures} <= used
    assert sum(file.stat().st_size for file in [*pages, *pictures]) < 300_000


SCRIPT = """# above the first cell
# %% [markdown]
# # A title
#
# Text.

# %% tags=["solution"]
answer = 40 + 2

# %%
print("so")
answer
"""


def test_cells_of_a_script(runner):
    cells = runner.cells_of(SCRIPT)
    assert [(cell.kind, cell.text, cell.solution, cell.line) for cell in cells] == [
        ("markdown", "# A title\n\nText.\n", False, 3),
        ("code", "answer = 40 + 2\n", True, 8),
        ("code", 'print("so")\nanswer\n', False, 11),
    ]


def test_a_cell_shows_what_it_prints_and_its_last_value(runner):
    cells = runner.cells_of(SCRIPT)
    assert runner.run(cells, "sample", None)["answer"] == 42
    assert [cell.results for cell in cells] == [[], [], ["```text\nso\n42\n```"]]
    page = runner.page(cells, "sample")
    assert page.endswith('```python\nprint("so")\nanswer\n```\n\n```text\nso\n42\n```\n')
    assert runner.structure(page) == ["# A title", "answer = 40 + 2", 'print("so")', "answer", "```text"]
    other = page.replace("42\n```", "43\n```")
    assert runner.structure(other) == runner.structure(page)  # numbers may differ a little from machine to machine
    assert runner.structure(page.replace("print", "pprint")) != runner.structure(page)


def test_an_error_in_a_script_is_told_with_its_line(runner, tmp_path, monkeypatch, capsys):
    path = tmp_path / "broken.py"
    path.write_text('# %%\nx = 1\n\n# %%\nraise RuntimeError("as it is")\n')
    monkeypatch.setattr(runner, "FOLDER", tmp_path)
    assert runner.main(["--check"]) == 1
    shown = capsys.readouterr().out
    assert "FAILED  broken" in shown
    assert 'broken.py", line 5' in shown
    assert "as it is" in shown


def test_pages_are_written_and_compared(runner, tmp_path, monkeypatch, capsys):
    path = tmp_path / "sample.py"
    path.write_text(SCRIPT)
    monkeypatch.setattr(runner, "FOLDER", tmp_path)
    assert runner.main(["--check"]) == 1
    assert "sample.md differs from its script: run scripts/run_tutorial.py sample" in capsys.readouterr().out
    assert runner.main(["sample"]) == 0
    assert "# A title" in (tmp_path / "sample.md").read_text()
    assert runner.main(["--check"]) == 0


@pytest.mark.parametrize("blank", [False, True])
def test_notebooks_are_valid_and_blank_ones_lack_the_solutions(blank, runner, tmp_path):
    assert runner.main(["--notebooks", str(tmp_path), *(["--blank"] if blank else [])]) == 0
    written = sorted(tmp_path.glob("*.ipynb"))
    assert [path.stem for path in written] == [path.stem for path in SCRIPTS]
    for path in written:
        whole = json.loads(path.read_text("utf-8"))
        assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
        ids = [cell["id"] for cell in whole["cells"]]
        assert len(set(ids)) == len(ids)
        for cell in whole["cells"]:
            assert set(cell) == {"cell_type", "id", "metadata", "source"} | (
                {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
            )
    first = "".join("".join(cell["source"]) + "\n" for cell in json.loads(written[0].read_text("utf-8"))["cells"])
    assert ("def recommend(" in first) != blank
    assert ("# Your turn." in first) == blank


def test_jupytext_takes_the_scripts_as_notebooks(runner):
    jupytext = pytest.importorskip("jupytext")
    for path in SCRIPTS:
        ours = [(cell.kind, cell.text.strip()) for cell in runner.cells_of(path.read_text("utf-8"))]
        theirs = [(cell.cell_type, cell.source.strip()) for cell in jupytext.read(path).cells]
        assert ours == theirs
