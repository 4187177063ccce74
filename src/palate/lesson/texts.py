"""The texts of the lesson: read from the files beside the code, and shown as a notebook shows output."""

import sys
import textwrap
import tomllib
from importlib import resources
from typing import Any

_WIDTH = 92


def read(name: str) -> dict[str, Any]:
    """Return what one of the files declares.

    Examples
    --------
    >>> read("questions.toml")["q5"]["variable"]
    'l2_reccs'
    """
    return tomllib.loads(resources.files("palate.lesson").joinpath(name).read_text("utf-8"))


def say(text: str) -> None:
    """Show a text: paragraphs are wrapped, indented lines (code) stay as they are."""
    sys.stdout.write("\n".join(_wrapped(line) for line in text.strip("\n").splitlines()) + "\n")


def _wrapped(line: str) -> str:
    if line.startswith(" ") or len(line) <= _WIDTH:
        return line
    indent = "  " if line.startswith("- ") else ""
    return textwrap.fill(
        line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
