"""Output of the lesson: a verdict, hint or solution goes to standard output, as in a notebook."""

import sys
import textwrap

_WIDTH = 92


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
