"""JSON as a model file may contain it: limited in size before it is parsed, and without repeated keys."""

import json
import math
import re
from typing import Any

from palate.model.file.errors import Damage

MAX_DEPTH = 16
MAX_VALUES = 250_000
MAX_DIGITS = 19  # of an int64

_STRING = re.compile(r'"[^"]*"')
_INNERMOST = re.compile(r"\[\]|\{\}")
_NOT_A_BRACKET = re.compile(r"[^][}{]+")


def parse_json(text: str, what: str) -> dict[str, Any]:
    """Return the JSON object in an ASCII text; anything Python's parser is generous about is refused.

    Depth and number of values are bounded before parsing, so that a small hostile text cannot
    become a large object or exhaust the stack. Refused besides: a key given twice, NaN and
    Infinity, numbers beyond int64 or float64.
    """
    if not text.isascii():
        raise Damage(f"{what} must be ASCII text")
    _check_bounds(text, what)
    decoder = json.JSONDecoder(
        object_pairs_hook=lambda pairs: _object(pairs, what),
        parse_constant=lambda name: _refuse(f"{what} must hold finite numbers; got {name}"),
        parse_int=lambda digits: _integer(digits, what),
        parse_float=lambda digits: _float(digits, what),
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise Damage(f"{what} must be JSON; {error.msg} at character {error.pos}") from None
    if not isinstance(value, dict):
        raise Damage(f"{what} must be a JSON object; got {quoted(value)}")
    return value


def dump_json(value: dict[str, Any]) -> str:
    """Return the one text that stands for this object: ASCII, no spaces, keys in the order given."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def quoted(value: object) -> str:
    """Return a value from a file for an error message: ASCII, one line, at most 60 characters."""
    text = ascii(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_bounds(text: str, what: str) -> None:
    # Each value follows a bracket or a comma, so this bounds them from above (strings may hold such
    # characters, too).
    n_values = text.count("[") + text.count("{") + text.count(",")
    n_closed = text.count("]") + text.count("}")
    if max(n_values, n_closed) > MAX_VALUES:
        raise Damage(f"{what} must have at most {MAX_VALUES} values; got {max(n_values, n_closed)}")
    # in this order: what is left of quotation marks delimits strings
    unescaped = text.replace("\\\\", "").replace('\\"', "")
    brackets = _NOT_A_BRACKET.sub("", _STRING.sub("", unescaped))
    for _ in range(MAX_DEPTH):
        brackets = brackets and _INNERMOST.sub("", brackets)
    # What is left is deeper, or not closed; the parser names the place of a few unclosed ones better.
    n_opened = brackets.count("[") + brackets.count("{")
    if n_opened > MAX_DEPTH or 0 < n_opened == brackets.count("]") + brackets.count("}"):
        raise Damage(f"{what} must be nested at most {MAX_DEPTH} deep")


def _object(pairs: list[tuple[str, Any]], what: str) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Damage(f"{what} must name each key once; got {quoted(twice)} twice")
    return result


def _integer(digits: str, what: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS or not -(2**63) <= int(digits) < 2**63:
        raise Damage(f"{what} must hold integers below 2**63; got {quoted(digits)}")
    return int(digits)


def _float(digits: str, what: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Damage(f"{what} must hold finite numbers; got {quoted(digits)}")
    return value


def _refuse(reason: str) -> None:
    raise Damage(reason)
