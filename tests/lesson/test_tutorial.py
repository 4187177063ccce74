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
    if "lesson.needs(" in path.read_text("utf-8") and not all(
        map(importlib.util.find_spec, ("keras", "jax"))
    ):
        return  # it then says what is missing, where the page has results
    page = path.with_suffix(".md").read_text("utf-8")
    assert runner.structure(page) == runner.structure(runner.page(cells, path.stem)), (
        "run scripts/run_tutorial.py"
    )


def test_every_question_is_checked_in_some_notebook():
    text = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    assert [number for number in range(1, 14) if f"q{number}.check(" not in text] == []
    assert [
        number for number in range(2, 14) if number not in (4, 5) and f"q{number}.solution()" not in text
    ] == []


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


def test_blank_notebooks_give_nothing_away(runner):
    for path in SCRIPTS:
        cells = runner.cells_of(path.read_text("utf-8"))
        blank = json.loads(runner.notebook(cells, True))["cells"]
        codes = ["".join(cell["source"]) for cell in blank if cell["cell_type"] == "code"]
        text = "\n".join(codes)
        assert not re.search(r"^q\d+\.(hint|solution)\(", text, re.M)
        assert "def published(" not in "".join("".join(cell["source"]) for cell in blank)
        assert "filled in below" not in "".join("".join(cell["source"]) for cell in blank)
        for answer in re.findall(r"q\d+\.check\((.*)\)", text):
            assert answer in ("", '""')
        kept = {line.strip() for code in codes for line in code.splitlines()}
        for cell in cells:
            if cell.solution:
                assert (
                    not {
                        line.strip()
                        for line in cell.text.splitlines()[1:]
                        if "return" in line or "predict" in line
                    }
                    & kept
                )
            for number in re.findall(r"^(q\d+)\.solution\(\)", cell.text, re.M):
                assert f"# {number}.solution()" in text


def test_a_blank_notebook_runs_up_to_the_question_and_its_checks_say_what_to_do(runner, capsys):
    script = """
# %%
from palate.lesson import q1, q2
# %% tags=["solution"]
def recommend(model, user_id, n=5):
    return model
# %%
q1.check(recommend)
q2.check(
    "a long answer"
    " on two lines"
)
q2.solution()
"""
    space = {"__name__": "__main__"}
    for cell in json.loads(runner.notebook(runner.cells_of(script), True))["cells"]:
        exec("".join(cell["source"]), space)
    shown = " ".join(capsys.readouterr().out.split())
    assert "Not yet: recommend(model, " in shown
    assert "returned None" in shown
    assert "there is no answer yet. Write a sentence or two" in shown
    assert "Solution" not in shown


NUMBER = re.compile(r"(?<![\w.=(])-?\d[\d,]*(?:\.\d+)?(?![\w^])")


def quoted(solution):
    """Return the figures that a solution quotes: decimals, per cents, and whole numbers of two
    digits and more; no code.
    """
    plain = re.sub(
        r"`[^`]*`|\w+\([^)]*\)|\w+ = [\d.]+|\([^)]*[*/^][^)]*\)|\d+ factors|\d+, \d+ and \d+ factors",
        " ",
        solution,
    )
    return [text for text in NUMBER.findall(plain) if "." in text or len(text) > 1]


def printed(text, number):
    """Return whether a text has a number, as it is or with more digits."""
    digits = len(number.partition(".")[2])
    return any(
        f"{float(found.replace(',', '')):,.{digits}f}" == f"{float(number.replace(',', '')):,.{digits}f}"
        for found in NUMBER.findall(text)
    )


def test_figures_of_a_text():
    assert quoted("RMSE 0.920 for 8 factors, 20 % of 100,000; at `f(0.8)`, d = 0.4, g(x=0.2), L2 of 1.") == [
        "0.920",
        "20",
        "100,000",
    ]
    assert printed("a  0.9204\nb 1.5", "0.920")
    assert not printed("a  0.9214", "0.920")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_every_figure_that_a_solution_quotes_is_on_its_page(path):
    from palate import lesson

    page = path.with_suffix(".md").read_text("utf-8")
    without = re.sub(r"```text\nSolution of .*?```", "", page, flags=re.S)
    without = re.sub(r"```python.*?```", "", without, flags=re.S)
    for name in re.findall(r"^(q\d+)\.solution\(\)", page, re.M):
        text = getattr(lesson, name).text
        assert f"Solution of {name}:\n\n{text[:20]}" in page
        for number in quoted(text):
            assert printed(without, number), f"{name} quotes {number}, which {path.stem} does not print"


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
    assert runner.structure(other) == runner.structure(
        page
    )  # numbers may differ a little from machine to machine
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
    first = "".join(
        "".join(cell["source"]) + "\n" for cell in json.loads(written[0].read_text("utf-8"))["cells"]
    )
    assert ("np.repeat(user_id" in first) != blank
    assert ("# Your turn." in first) == blank


def test_jupytext_takes_the_scripts_as_notebooks(runner):
    jupytext = pytest.importorskip("jupytext")
    for path in SCRIPTS:
        ours = [(cell.kind, cell.text.strip()) for cell in runner.cells_of(path.read_text("utf-8"))]
        theirs = [(cell.cell_type, cell.source.strip()) for cell in jupytext.read(path).cells]
        assert ours == theirs
