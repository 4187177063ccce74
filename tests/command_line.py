"""What the tests of the command line share: running it, and a table of ratings with a catalog of
awkward titles.
"""

import doctest
import importlib.util
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

TITLES = {1: "Heat", 2: "Heat Lightning", 3: "Amélie", 4: "東京物語", 5: "12", 6: "[REC]", 7: "Evil\x1b[2J"}
DOCS = Path(__file__).parents[1] / "docs"
PALATE = str(Path(sys.executable).parent / "palate")


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


def process(*arguments, **options):
    """Run palate as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | options.pop(
        "env", {}
    )
    return subprocess.run(
        [PALATE, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        **options,
    )


def ratings_frame(n_users=30, n_items=40, n=500, seed=1):
    """Return ratings from 1 to 5 with a taste in them: odd users like odd items."""
    rng = np.random.default_rng(seed)
    pairs = rng.choice(n_users * n_items, n, replace=False)
    user, item = np.divmod(np.sort(pairs), n_items)
    value = np.clip(3 + (-1.0) ** (user + item) + rng.normal(0, 0.5, n).round(), 1, 5)
    return pl.DataFrame({"user_id": user + 1, "item_id": item + 1, "rating": value})


def items_frame(n_items=40):
    """Return a catalog with awkward titles among plain ones."""
    ids = range(1, n_items + 1)
    return pl.DataFrame(
        {
            "item_id": ids,
            "title": [TITLES.get(item, f"Film number {item}") for item in ids],
            "year": [1970 + item for item in ids],
            "genres": ["Comedy|Crime" if item % 2 else "Drama" for item in ids],
        }
    )


def check_docs():
    """Return the module that runs the documentation."""
    spec = importlib.util.spec_from_file_location("check_docs", DOCS.parent / "scripts" / "check_docs.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sessions(page):
    """Yield (command, output shown) of a page in order."""
    for block in check_docs().blocks_of(DOCS / page):
        if block.language == "console":
            for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield command.removesuffix(" || true"), output


def loose(text):
    """Return a text without its numbers and without what depends on their widths."""
    return re.sub(r"-?\d[\d,.]*", "#", re.sub(r"─+", "─", text))


def assert_same(command, shown, printed):
    """Check that what a page shows is what a command printed; numbers may differ, and `...` stands
    for anything.
    """
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    same = doctest.OutputChecker().check_output(loose(shown), loose(printed), flags)
    assert same, f"$ {command}\n{printed}\n-- but the page shows --\n{shown}"
