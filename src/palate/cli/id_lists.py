"""Lists of items in one option: ids separated by commas, or a file with one id per line."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate.cli.arguments import is_item, item_ids

if TYPE_CHECKING:
    from palate.model.model import Model

_MOST_COMMAS = 20  # that an id on the command line may hold


def listed_ids(model: "Model", text: str | None, unknown: str = "raise") -> list[Any] | None:
    """Return the items of `--candidates` or `--exclude-items`.

    They are ids separated by commas, or a file with one id per line.

    See `item_ids` for `unknown`.

    An id may itself hold commas: of the ways to take the list apart the one with the longest ids is meant.

    Raises
    ------
    KeyError
        If an id is unknown, or the text can be read in two ways.
    """
    if text is None:
        return None
    path, is_file = _list_file(text)
    if not is_file or (text == "-" and is_item(model, text)):
        return item_ids(model, _apart(model, text), unknown)
    if is_item(model, text):
        raise KeyError(f"'{text}' is an item and a file; write './{text}' for the file.")
    return item_ids(model, [_unquoted(model, line) for line in _lines(path) if line.strip()], unknown)


def _list_file(text: str) -> tuple[Path, bool]:
    """Return the path in a text, "-" for standard input, and whether it is a file or a pipe."""
    path = Path(text)
    try:
        return path, text == "-" or (path.exists() and not path.is_dir())  # a pipe, too
    except (OSError, ValueError):  # too long for a name, or no name: a list
        return path, False


def _lines(path: Path) -> list[str]:
    """Return the lines of a file without their ends, which alone are no part of an id."""
    if str(path) == "-":
        return sys.stdin.buffer.read().decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    return path.read_text("utf-8-sig").split("\n")  # reading turns other line ends into this one


def _unquoted(model: "Model", line: str) -> str:
    """Return an id in the double quotes of CSV without them, unless they are part of it."""
    bare = line.strip()
    if len(bare) < 2 or bare[0] != '"' or bare[-1] != '"' or is_item(model, line):
        return line
    return bare[1:-1].replace('""', '"')


def _apart(model: "Model", text: str) -> list[str]:
    parts = text.split(",")
    if len(parts) == 1:
        return parts
    found, at = [], 0
    while at < len(parts):
        ends = range(min(len(parts), at + _MOST_COMMAS + 1), at + 1, -1)
        end = next((end for end in ends if is_item(model, ",".join(parts[at:end]))), at + 1)
        found.append(",".join(parts[at:end]))
        at = end
    if len(found) < len(parts) and all(part.strip() and is_item(model, part) for part in parts):
        raise KeyError(
            f"'{text}' is ambiguous, because an id contains a comma; write the ids to a file, one per line."
        )
    return [part for part in found if part.strip()]
