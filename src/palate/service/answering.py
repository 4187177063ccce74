"""Answers as JSON: plain values in, bytes out, and one form for every error."""

import dataclasses
import json
from typing import Any

from palate._plain import plain
from palate.app.errors import ActivationError, CannotAnswer, NotKnown
from palate.store.changes import StoreError


@dataclasses.dataclass
class Problem:
    """What went wrong: `code` for programs, `message` for people.

    `rows` of a batch with what is wrong with each.
    """

    code: str
    message: str
    rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Failure:
    """The body of every answer that is not 2xx."""

    error: Problem


def as_json(value: object) -> bytes:
    """Return a value as JSON in UTF-8.

    Examples
    --------
    >>> as_json(Problem("é", "\\ud800", [{"at": float("inf")}]))
    b'{"code":"\\xc3\\xa9","message":"\\\\ud800","rows":[{"at":null}]}'
    """
    import orjson

    try:
        return orjson.dumps(value, default=plain)
    except TypeError:  # half a surrogate pair, or an integer of more than 64 bits
        text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (NotKnown, 404, "unknown"),
    (CannotAnswer, 422, "cannot_answer"),
    (ActivationError, 409, "not_activated"),
    (StoreError, 503, "store"),
    (ValueError, 422, "invalid"),
    (TypeError, 422, "invalid"),
)


def status_of(error: Exception) -> tuple[int, str]:
    """Return the status and the code of an error that the core raises.

    Examples
    --------
    >>> status_of(StoreError("full")), status_of(ValueError("n"))
    ((503, 'store'), (422, 'invalid'))
    """
    found = ((status, code) for kind, status, code in STATUS if isinstance(error, kind))
    return next(found, (500, "internal"))
