"""Run the tutorial, show it with its results, or turn it into notebooks.

`python scripts/run_tutorial.py [NAME ...]` runs docs/tutorial/*.py cell by cell and writes NAME.md
beside each, with what every cell shows, and its pictures under docs/tutorial/images. `--check` runs
without writing, and fails where a page has other headings, code or numbers of results than its
script. `--notebooks FOLDER` writes .ipynb files, not executed; with `--blank` without what gives
answers away, for whoever wants to do the lesson: code to be written is left to write, answers in
words are empty, hints and solutions are commented out, and cells tagged "spoiler" are left out.

The scripts are in Jupytext's percent format, so that Jupytext (`jupytext --to ipynb`), VS Code,
Spyder and PyCharm take them as they are.
"""

import argparse
import ast
import contextlib
import io
import json
import os
import re
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "tutorial"
CELL = re.compile(r"^# %%(?P<kind> \[markdown\])?(?P<rest>.*)$")
ROWS, WIDTH, DPI = 12, 130, 70
TURN = "# Your turn.\n"


@dataclass
class Cell:
    """A cell of a notebook: its kind, its text, and whether it holds a solution."""

    kind: str  # "markdown" or "code"
    text: str
    solution: bool = False  # to be written by who does the lesson
    spoiler: bool = False  # shows a solution
    line: int = 1
    results: list[str] = field(default_factory=list)  # Markdown


def cells_of(script: str) -> list[Cell]:
    """Return the cells of a script in percent format; what stands above the first is left out."""
    cells: list[Cell] = []
    for number, line in enumerate(script.splitlines(), 1):
        if match := CELL.match(line):
            kind = "markdown" if match["kind"] else "code"
            cells.append(Cell(kind, "", "solution" in match["rest"], "spoiler" in match["rest"], number + 1))
        elif cells:
            text = re.sub(r"^# ?", "", line) if cells[-1].kind == "markdown" else line
            cells[-1].text += text + "\n"
    for cell in cells:
        cell.text = cell.text.strip("\n") + "\n"
    return cells


def run(cells: list[Cell], name: str, images: Path | None) -> dict[str, Any]:
    """Run the code of cells in one namespace, keep what each shows in its results, and return the
    namespace.
    """
    os.environ["MPLBACKEND"] = "Agg"
    namespace: dict[str, Any] = {
        "__name__": "__main__",
        "display": lambda *values: [print(shown(value)) for value in values],
    }
    for number, cell in enumerate(cells):
        if cell.kind == "code":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), warnings.catch_warnings():
                warnings.filterwarnings(
                    "ignore", "FigureCanvasAgg is non-interactive"
                )  # plt.show() without a screen
                value = execute(cell, namespace, name)
                if value is not None and not hasattr(value, "_ipython_display_"):
                    print(shown(value))
            if text := printed.getvalue().rstrip():
                cell.results.append("```text\n" + re.sub(r" +$", "", text, flags=re.M) + "\n```")
            cell.results += pictures(f"{name}-{number}", images)
    return namespace


def execute(cell: Cell, namespace: dict[str, Any], name: str) -> Any:
    """Run a cell and return the value of its last expression."""
    tree = ast.parse("\n" * (cell.line - 1) + cell.text, f"{name}.py")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, f"{name}.py", "exec"), namespace)
    return (
        None if last is None else eval(compile(ast.Expression(last.value), f"{name}.py", "eval"), namespace)
    )


def shown(value: Any) -> str:
    """Return a value as a notebook would show it, in text."""
    if type(value).__module__.startswith("pandas") and hasattr(value, "to_string"):
        if value.ndim == 2:
            return value.to_string(max_rows=ROWS, line_width=WIDTH, max_colwidth=44)
        return value.to_string(max_rows=2 * ROWS)
    return repr(value)


def pictures(stem: str, images: Path | None) -> list[str]:
    """Return Markdown for the open figures, saved in a folder if there is one, and close them."""
    if "matplotlib" not in sys.modules:
        return []
    from matplotlib import pyplot as plt

    links = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        title = figure.axes[0].get_title() or "picture" if figure.axes else "picture"
        path = f"{stem}.png" if len(plt.get_fignums()) == 1 else f"{stem}-{number}.png"
        if images is not None:
            images.mkdir(parents=True, exist_ok=True)
            figure.savefig(images / path, dpi=DPI, metadata={"Software": None})
        links.append(f"![{title}](images/{path})")
    plt.close("all")
    return links


def page(cells: list[Cell], name: str) -> str:
    """Return the cells with their results as Markdown."""
    parts = [f"<!-- Written by scripts/run_tutorial.py from {name}.py. -->"]
    for cell in cells:
        parts += (
            [cell.text.rstrip()]
            if cell.kind == "markdown"
            else [f"```python\n{cell.text.rstrip()}\n```", *cell.results]
        )
    return "\n\n".join(parts) + "\n"


def structure(text: str) -> list[str]:
    """Return what of a page is the same on every machine: headings, code, and where there are
    results and pictures.
    """
    kept, language = [], None
    for line in text.splitlines():
        if line.startswith("```"):
            language = line[3:] if language is None else None
            kept += [line] if line == "```text" else []
        elif language == "python" or (language is None and line.startswith(("#", "![", "- "))):
            kept.append(line)
    return kept


def blank_of(cell: Cell) -> str:
    """Return the code of a cell without what it gives away."""
    statements = ast.parse(cell.text).body
    if cell.solution:
        return TURN + "\n\n".join(_stub(cell.text, statement) for statement in statements) + "\n"
    lines = cell.text.splitlines()
    for statement in statements:
        question, verb = _asked(statement)
        first, last = statement.lineno - 1, statement.end_lineno
        if verb in ("hint", "solution"):
            lines[first:last] = [f"# {line}" for line in lines[first:last]]
        elif verb == "check":
            worded = any(isinstance(part, ast.Constant) for part in statement.value.args)
            new = (
                f'{question}.check("")  # your answer, between the quotes'
                if worded
                else f"{question}.check()"
            )
            lines[first:last] = [new] + [""] * (last - first - 1)
    return "\n".join(lines).rstrip() + "\n"


def _asked(statement: ast.stmt) -> tuple[str, str]:
    """Return the question and the verb of a statement such as `q2.hint()`, or two empty texts."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    if (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and re.fullmatch(r"q\d+", function.value.id)
    ):
        return function.value.id, function.attr
    return "", ""


def _stub(text: str, statement: ast.stmt) -> str:
    """Return what is left of a statement for who is to write it: the head of a function, the name
    of a variable.
    """
    if isinstance(statement, ast.FunctionDef):
        return text.splitlines()[statement.lineno - 1] + "\n    pass"
    if isinstance(statement, ast.Assign):
        return f"{ast.unparse(statement.targets[0])} = None"
    return ""


def notebook(cells: list[Cell], blank: bool) -> str:
    """Return the cells as a Jupyter notebook, without results; solutions left out if `blank`."""
    entries = []
    for number, cell in enumerate(cells):
        if blank and cell.spoiler:
            continue
        text = (blank_of(cell) if blank and cell.kind == "code" else cell.text).rstrip("\n")
        entry: dict[str, Any] = {
            "cell_type": cell.kind,
            "id": f"cell-{number}",
            "metadata": {},
            "source": text.splitlines(keepends=True),
        }
        if cell.kind == "code":
            entry |= {"execution_count": None, "outputs": []}
        entries.append(entry)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": entries, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return 1 if something fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="scripts by name, such as 1_recommend; default all")
    parser.add_argument(
        "--check", action="store_true", help="run and compare with the pages, without writing"
    )
    parser.add_argument("--notebooks", type=Path, metavar="FOLDER", help="write .ipynb files there instead")
    parser.add_argument("--blank", action="store_true", help="leave the solutions out of the notebooks")
    options = parser.parse_args(arguments)
    failed = False
    for path in sorted(FOLDER.glob("*.py")):
        if options.names and path.stem not in options.names:
            continue
        cells = cells_of(path.read_text("utf-8"))
        if options.notebooks is not None:
            options.notebooks.mkdir(parents=True, exist_ok=True)
            file = options.notebooks / f"{path.stem}.ipynb"
            file.write_text(notebook(cells, options.blank), "utf-8")
            print(f"Wrote {file}", flush=True)
            continue
        problem = write_page(path, cells, options.check)
        print(f"{'FAILED' if problem else 'ok'}  {path.stem}  {problem or ''}".rstrip(), flush=True)
        failed = failed or bool(problem)
    return int(failed)


def write_page(path: Path, cells: list[Cell], check: bool) -> str | None:
    """Run a script in an empty folder and write its page, or compare; return what is wrong."""
    target, home = path.with_suffix(".md"), Path.cwd()
    with tempfile.TemporaryDirectory(prefix="palate-tutorial-") as folder:
        os.chdir(folder)
        try:
            run(cells, path.stem, None if check else FOLDER / "images")
        except Exception:
            return traceback.format_exc(limit=-2)
        finally:
            os.chdir(home)
    text = page(cells, path.stem)
    if not check:
        target.write_text(text, "utf-8")
    elif not target.exists() or structure(target.read_text("utf-8")) != structure(text):
        return f"{target.name} differs from its script: run scripts/run_tutorial.py {path.stem}"
    return None


if __name__ == "__main__":
    sys.exit(main())
