"""The signed place at which a list goes on.

It holds for one version of a model and one state of the user's ratings.
"""

import base64
import hashlib
import hmac
import json
from typing import Any


class BadCursor(ValueError):
    """A cursor that this service did not make."""


def make_cursor(secret: bytes, state: list[Any], offset: int) -> str:
    """Return the cursor of a place in a list; `state` is what the list was made from.

    Examples
    --------
    >>> cursor = make_cursor(b"s", ["films", "v1", 3], 10)
    >>> read_cursor(b"s", cursor)
    (['films', 'v1', 3], 10)
    >>> read_cursor(b"other", cursor)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    palate.service.cursor.BadCursor: cursor must be from a response of this service. ...
    """
    body = json.dumps([state, offset], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_signature(secret, body) + body).decode().rstrip("=")


def read_cursor(secret: bytes, cursor: str) -> tuple[list[Any], int]:
    """Return what a cursor says; BadCursor if it is not ours."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        signature, body = raw[:16], raw[16:]
        if not hmac.compare_digest(signature, _signature(secret, body)):
            raise ValueError
        state, offset = json.loads(body)
    except ValueError:
        raise BadCursor(
            "cursor must be from a response of this service. Leave it out to begin with page 1."
        ) from None
    return list(state), int(offset)


def _signature(secret: bytes, body: bytes) -> bytes:
    return hmac.new(secret, body, hashlib.sha256).digest()[:16]
