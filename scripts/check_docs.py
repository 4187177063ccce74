"""Run what the documentation tells a reader to run, and follow its links.

`python scripts/check_docs.py [FILE ...]` takes README.md and docs/*.md by default, two files at a
time, each in a process of its own. The blocks of a file run in the order they stand, in one empty
temporary folder: ```python blocks share one namespace (a block with `>>>` is a doctest, its output
is compared), and of ```console and ```bash blocks the commands whose first word is in RUN below are
run and must succeed (those of palate in the process of the page, which spares each of them the
imports). A ```text block that follows at once shows what was printed and is compared with it: lines
may be wrapped otherwise, `...` stands for any words, and a number may differ in its last digit.
A block below the comment `<!-- not run: reason -->` is only shown. Of the
pages in COMPARED only the links are followed by default.
"""

import contextlib
import doctest
import io
import multiprocessing
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
WORKERS = 2  # pages that are checked at a time
COMPARED = {"cli.md", "demo.md"}  # whose commands tests/cli runs, to compare their output with the page
RUN = {"palate", "python", "printf", "cat", "head", "ls"}

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}) *(?P<language>[\w-]*).*$")
NOT_RUN = re.compile(r"^\s*<!-- not run: (?P<reason>.+) -->\s*$")
LAST_DIGITS = 2.5  # by how many units of its last digit a number may differ from what is printed here
WORD = re.compile(r"[^\s│┆─═╞╡┌┐└┘╪┬┴|]+")
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)[^)]*\)")


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, its language and text, and why it is not run (None when it is).

    `follows` is whether it follows another block with nothing but empty lines between.
    """

    path: Path
    line: int
    language: str
    text: str
    reason: str | None
    follows: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def blocks_of(path: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a Markdown file in order."""
    fence = start = reason = None
    follows = False
    body: list[str] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if fence is None:
            if fence := FENCE.match(line):
                start, body = number, []
            elif line.strip():
                skip = NOT_RUN.match(line)
                reason, follows = skip["reason"] if skip else None, False
        elif line.strip() == fence["ticks"]:
            yield Block(path, start, fence["language"], "\n".join(body) + "\n", reason, follows)
            fence, reason, follows = None, None, True
        else:
            body.append(line.removeprefix(fence["indent"]))
    if fence is not None:
        raise ValueError(f"{path}:{start}: the block must be closed.")


def commands_of(block: Block) -> Iterator[str]:
    """Yield the commands of a shell block: after `$ ` where there are prompts, else every line;
    backslashes joined.
    """
    lines = re.sub(r"\\\n\s*(?:> )?", "", block.text).splitlines()
    prompted = any(line.startswith("$ ") for line in lines)
    for line in lines:
        command = line.removeprefix("$ ").strip()
        if command and not command.startswith("#") and (line.startswith("$ ") or not prompted):
            yield command


def run_shell(block: Block) -> None:
    """Run the commands of a block that are palate's or make files for it, and print what they print."""
    for command in commands_of(block):
        if command.split()[0] in RUN:
            code, printed = run_here(command) if is_plain(command) else run_in_a_shell(command)
            if code:
                raise RuntimeError(f"`{command}` exited with {code}:\n{printed}")
            print(printed)


def is_plain(command: str) -> bool:
    """Return whether a command is one of palate's that asks nothing of a shell but to split words."""
    return command.startswith("palate ") and not re.search(r"[|&;<>$`*?~]", command)


def run_here(command: str) -> tuple[int, str]:
    """Run a command of palate in this process, which has imported its libraries."""
    from palate.cli import main

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(shlex.split(command)[1:])
    return code, printed.getvalue()


def run_in_a_shell(command: str) -> tuple[int, str]:
    """Run a command in a process of its own."""
    run = subprocess.run(
        command, shell=True, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    return run.returncode, run.stdout + run.stderr


def environment() -> dict[str, str]:
    """Return the variables for a page: `palate` and `python` are the ones this script runs under."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {"PATH": path, "NO_COLOR": "1", "MPLBACKEND": "Agg"}


def run_python(block: Block, namespace: dict) -> None:
    """Run a Python block in the file's namespace; a session with prompts is compared with its output."""
    if block.text.lstrip().startswith(">>>"):
        test = doctest.DocTestParser().get_doctest(
            block.text, namespace, str(block), str(block.path), block.line
        )
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        output: list[str] = []
        if doctest.DocTestRunner(optionflags=flags).run(test, out=output.append, clear_globs=False).failed:
            raise RuntimeError("".join(output))
        namespace.update(test.globs)
    else:
        # newlines in front make the line numbers of a traceback those of the document
        exec(compile("\n" * block.line + block.text, str(block.path), "exec"), namespace)


def differs(shown: str, printed: str) -> str | None:
    """Return the part of a shown text that was not printed, None where all of it was.

    >>> differs("RMSE 0.868\\n...\\nSaved.", "RMSE  0.869\\n│ MAE ┆ 0.66 │\\nSaved.")
    >>> differs("RMSE 0.868", "RMSE 0.878")
    'RMSE 0.868'
    """
    words, place = WORD.findall(printed), 0
    for part in re.split(r"(?<!\S)\.\.\.(?!\S)", shown):
        wanted = WORD.findall(part)
        starts = range(place, len(words) - len(wanted) + 1)
        found = next((at for at in starts if all(map(alike, wanted, words[at:]))), None)
        if found is None:
            return part.strip("\n")
        place = found + len(wanted)
    return None


def alike(wanted: str, word: str) -> bool:
    """Return whether two words are the same, or numbers that differ in the last digit at most.

    >>> alike("(0.81-0.89)", "(0.82-0.89)"), alike("3.10", "3.20"), alike("31", "32")
    (True, False, False)
    """
    if wanted == word:
        return True
    numbers = [re.findall(r"\d[\d,]*\.\d+", one) for one in (wanted, word)]
    rest = [re.sub(r"\d[\d,]*\.\d+", "#", one) for one in (wanted, word)]
    if rest[0] != rest[1]:
        return False
    return all(
        abs(float(one.replace(",", "")) - float(other.replace(",", "")))
        <= LAST_DIGITS * 10.0 ** -min(len(number.split(".")[1]) for number in (one, other))
        for one, other in zip(*numbers, strict=True)
    )


def run_block(block: Block, namespace: dict) -> None:
    """Run one block in the current folder."""
    if block.language == "python":
        run_python(block, namespace)
    elif block.language in ("console", "bash", "sh"):
        run_shell(block)


def problems_of(path: Path) -> Iterator[str]:
    """Yield one message per broken link and per block that fails."""
    yield from broken_links(path)
    yield from failing_blocks(path)


def broken_links(path: Path) -> Iterator[str]:
    """Yield one message per link of a file that leads nowhere."""
    prose = re.sub(r"^ *(`{3,}).*?^ *\1", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.finditer(prose):
        if not (path.parent / link["target"]).exists():
            yield f"{path}: the link to {link['target']} leads nowhere."


def failing_blocks(path: Path) -> Iterator[str]:
    """Run the blocks of a file in a new folder, and yield one message per block that fails."""
    namespace: dict = {"__name__": "__main__"}
    home = Path.cwd()
    with (
        tempfile.TemporaryDirectory(prefix="palate-docs-") as folder,
        mock.patch.dict(os.environ, environment()),
    ):
        os.chdir(folder)
        try:
            printed = None  # by the block before, None where it was not run
            for block in blocks_of(path):
                if block.language == "text":
                    if block.follows and printed and block.reason is None:
                        missing = differs(block.text, printed)
                        if missing is not None:
                            yield f"{block}: this was not printed:\n{missing}\nbut this was:\n{printed}"
                    continue
                printed = None
                if block.reason is None:
                    output = io.StringIO()
                    try:
                        with contextlib.redirect_stdout(output):
                            run_block(block, namespace)
                        printed = output.getvalue()
                    except Exception:
                        yield f"{block}: {output.getvalue()}{traceback.format_exc(limit=-1)}"
        finally:
            os.chdir(home)


def checked(path: Path, run: bool) -> tuple[float, list[str]]:
    """Return the seconds that the check of a page took, and its problems; `run` runs its blocks."""
    started = time.perf_counter()
    problems = list(problems_of(path) if run else broken_links(path))
    return time.perf_counter() - started, problems


def main(names: list[str]) -> int:
    """Check the named files and print a line for each; return 1 when one of them has a problem."""
    paths = [Path(name).resolve() for name in names] or [
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
    failed = False
    # Each page has a process of its own, so that what one page imports or sets cannot help another.
    with ProcessPoolExecutor(
        min(len(paths), WORKERS), mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1
    ) as pool:
        run = [bool(names) or path.name not in COMPARED for path in paths]
        for path, (seconds, problems) in zip(paths, pool.map(checked, paths, run), strict=True):
            print(f"{'FAILED' if problems else 'ok'}  {path.name}  {seconds:.1f} s", flush=True)
            for problem in problems:
                print(problem, file=sys.stderr)
            failed = failed or bool(problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
