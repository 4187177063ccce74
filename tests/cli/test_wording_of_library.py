"""What the library says in errors and warnings speaks at a terminal of options, never of Python."""

import ast
import functools
import re
from pathlib import Path

import polars as pl
import pytest
import typer

import palate
from palate._checks import ArgumentError, Call, InPython, Setting, Words
from palate.cli.commands import app
from palate.cli.messages import CALLS, about_option, for_command_line
from palate.lists.where import describe

SOURCE = Path(palate.__file__).parent
# Layers whose errors no command shows: commands themselves speak of options, kernels are silent,
# the lesson is in notebooks, and Spark and other tools are driven from Python alone.
NOT_SHOWN = {"cli", "integrations", "kernels", "lesson", "spark"}
SHOWN = (
    "ValueError",
    "KeyError",
    "LeakError",
    "ModelFileError",
    "SplitFileError",
    "FileNotFoundError",
    "warn",
    "warn_caller",
)
PYTHON = re.compile(r"\b[a-z_]{3,}=(?=[\[({'\"\w])|\bpalate\.[A-Za-z]\w*|\bTrue\b|\bFalse\b|\bNone\b")


def text_of(node):
    """Return the text of a string, an f-string (with `0` for what is filled in) or a name that was given
    one of these, or a message in parts; None for other nodes.
    """
    while hasattr(node, "given"):
        node = node.given
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part if isinstance(part, ast.Constant) else part.value for part in node.values)
        return "".join(text_of(part) or "0" for part in parts)
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    if name == "Words":
        return Words(*(text_of(part) or "0" for part in node.args))
    if name == "Words.of":
        return Words.of(text_of(node.args[0]) or "0")
    if name in ("Setting", "Call", "InPython"):
        known = {"Setting": Setting, "Call": Call, "InPython": InPython}[name]
        return known(*map(literal, node.args), **{one.arg: literal(one.value) for one in node.keywords})
    return None


def literal(node):
    return node.value if isinstance(node, ast.Constant) else 0


def error_of(node):
    """Return an error of arguments as a call in the source makes it."""
    parts = {"argument": "0", "must": "0", "got": None, "advice": ""}
    given = [*zip(parts, node.args, strict=False), *((one.arg, one.value) for one in node.keywords)]
    return ArgumentError(**(parts | {name: text_of(value) or "0" for name, value in given}))


def note_given(tree):
    """Note at each name in a function the last value that it was given above, as `given`."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            nodes = list(ast.walk(function))
            given = [
                node
                for node in nodes
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            ]
            for name in (node for node in nodes if isinstance(node, ast.Name)):
                above = [
                    one for one in given if one.targets[0].id == name.id and one.end_lineno < name.lineno
                ]
                if above:
                    name.given = max(above, key=lambda one: one.lineno).value
    return tree


@functools.cache  # asked for by several tests, and all of the source is read for it
def calls():
    """Return where and what of every call in a layer whose errors a command may show."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        if path.relative_to(SOURCE).parts[0] in NOT_SHOWN:
            continue
        for node in ast.walk(note_given(ast.parse(path.read_text("utf-8")))):
            if isinstance(node, ast.Call) and node.args:
                place = f"{path.relative_to(SOURCE)}:{node.lineno}"
                found.append((place, ast.unparse(node.func).split(".")[-1], node))
    return found


def messages():
    """Yield where and what of every message of an error or a warning that a command may show."""
    for place, name, node in calls():
        if name == "ArgumentError":
            yield place, error_of(node).args[0]
        elif name in SHOWN and text_of(node.args[0]) is not None:
            yield place, text_of(node.args[0])


def errors():
    return [(place, error_of(node)) for place, name, node in calls() if name == "ArgumentError"]


# Messages that no command can cause: it has no such argument, or always gives what is asked for.
NEVER_AT_A_TERMINAL = (
    "per_user takes",
    "by_time takes",
    "held_out_users takes",
    "unknown data set",
    "items cannot be folded into this model",
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


@pytest.mark.parametrize(
    ("place", "error"), errors(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_an_error_of_an_argument_is_about_its_option(place, error):
    shown = about_option(error, "--option")
    assert shown.startswith("--option must "), place
    if not str(error).startswith(NEVER_AT_A_TERMINAL):
        assert not PYTHON.search(shown), f"{place}: {shown}"


def options_of(command):
    """Return the parameters of a command and of those inside it."""
    inside = getattr(command, "commands", {})
    return {one.name for one in command.params}.union(*(options_of(one) for one in inside.values()))


# Arguments that no command sets: it has no such option, or it makes the value itself, always a right one.
NOT_TYPED = {
    "half_sweeps",
    "before",
    "by_popularity",
    "compress",
    "cutoff",
    "cutpoints",
    "equal",
    "errors",
    "explain",
    "features",
    "fold",
    "held_out",
    "items_0",
    "levels",
    "n_folds",
    "offset",
    "path",
    "score_items",
    "share",
    "similarity",
    "times",
    "timestamps",
    "traces",
    "trainers",
    "updated",
    "vectors",
    "weights",
    "year_from",
}


def test_every_argument_that_can_be_wrong_is_an_option_or_is_not_typed():
    options = options_of(typer.main.get_command(app))
    named = {error.argument for _, error in errors() if re.fullmatch(r"[a-z]\w+", error.argument)}
    assert named - options - NOT_TYPED == set()
    assert NOT_TYPED & options == set(), "this is an option: shorten NOT_TYPED"
    assert NOT_TYPED - named == set(), "no error has this argument: shorten NOT_TYPED"


def test_functions_of_the_library_have_words_at_a_terminal():
    said = [text_of(node) for _, _, node in calls() if ast.unparse(node.func) in ("Call", "Words.of")]
    parts = [part for one in said for part in (one.parts if isinstance(one, Words) else [one])]
    named = {part.python for part in parts if isinstance(part, Call) and isinstance(part.python, str)}
    of_export = {"palate.LeastSquares", "palate.Spectral"}  # `palate export` shows those of integrations
    assert named | of_export == set(CALLS)


def test_filters_are_written_as_options():
    where = {"genres": ["Drama", "War"], "year": (1980, 1989)}
    message = Words("no item is left to recommend: ", describe(where), " keeps none of 3 items.")
    assert message == f"no item is left to recommend: where={where} keeps none of 3 items."
    assert for_command_line(message) == (
        "no item is left to recommend: --genres 'Drama|War' --year 1980-1989 keeps none of 3 items."
    )
    assert for_command_line(describe("year > 1")) == "--where 'year > 1'"
    assert (
        for_command_line(describe({"year": pl.col("year") > 1})) == "--where and the other filters together"
    )


def test_words_of_a_message_are_no_arguments():
    """Only parts that say so, and Python's own syntax, become options; English never does."""
    for text in ("n_factors must be at least 1", "the scale of validation", "n_ratings=3 and superuser='x'"):
        assert for_command_line(text) == text
