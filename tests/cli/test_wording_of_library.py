"""What the library says in errors and warnings speaks at a terminal of options, never of Python."""

import ast
import re
from pathlib import Path

import pytest

import palate
from palate.cli.messages import for_command_line

SOURCE = Path(palate.__file__).parent
# Layers whose errors no command shows: commands themselves speak of options, kernels are silent,
# the lesson is in notebooks, and Spark and other tools are driven from Python alone.
NOT_SHOWN = {"cli", "integrations", "kernels", "lesson", "spark"}
PYTHON = re.compile(r"\b[a-z_]{3,}=(?=[\[({'\"\w])|\bpalate\.[A-Za-z]\w*|\bTrue\b|\bFalse\b|\bNone\b")


def text_of(node):
    """Return the text of a string or an f-string, with `0` for what is filled in; None for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values)
    return None


def messages():
    """Yield where and what of every message of a ValueError, KeyError, LookupError or warning."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path.relative_to(SOURCE).parts[0] in NOT_SHOWN:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            call, name = node, ast.unparse(node.func).split(".")[-1]
            shown = (
                name
                in (
                    "ValueError",
                    "KeyError",
                    "LeakError",
                    "ModelFileError",
                    "SplitFileError",
                    "FileNotFoundError",
                )
                or name == "warn"
            )
            text = text_of(call.args[0]) if shown else None
            if text is not None:
                yield f"{path.relative_to(SOURCE)}:{call.lineno}", text


# Messages that no command can cause: it has no such argument, or always gives what is asked for.
NEVER_AT_A_TERMINAL = (
    "per_user takes",
    "by_time takes",
    "held_out_users takes",
    "unknown data set",
    "gain='rating'",
    "weights must be left out",
    "ratings must have a column of",
    "scale must be given for",
    "0 must be given for",
    "y must hold the ratings",
)


def test_there_are_messages_to_walk():
    assert len(list(messages())) > 200


@pytest.mark.parametrize(("place", "text"), list(messages()))
def test_a_message_speaks_of_options(place, text):
    if not text.startswith(NEVER_AT_A_TERMINAL):
        shown = for_command_line(text)
        assert not PYTHON.search(shown), f"{place}: {shown}"


def test_filters_are_written_as_options():
    message = (
        "nothing is left to recommend: where={'genres': ['Drama', 'War'], 'year': (1980, 1989)} "
        "keeps none of 3 items."
    )
    assert for_command_line(message) == (
        "nothing is left to recommend: --genres 'Drama|War' --year 1980-1989 keeps none of 3 items."
    )
