"""What every request passes first: keys, the limit of a body, headers of every answer, and the counts."""

import asyncio
import hmac
import math
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from palate.service.answering import Failure, Problem, as_json
from palate.service.metrics import Metrics
from palate.service.settings import BODY_BYTES, BODY_SECONDS, LOOPBACK, Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SLASH = "\ue02f"  # stands for a slash within an id while a path is matched; a private character
OPEN = frozenset({"/health/live", "/health/ready"})  # answered without a key
READING_POSTS = frozenset({"/v1/recommendations"})  # a question that is too long for an address
HEADERS = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str, after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.after = status, code, after


class Guard:
    """The outermost layer: nothing reaches a route that does not pass it."""

    def __init__(self, app: App, settings: Settings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics
        self._limits = None if settings.rate_limit is None else Limits(settings.rate_limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, head = time.perf_counter(), 500, scope["method"] == "HEAD"
        # HEAD is answered as GET is, without the body
        inner: Scope = {**scope, "method": "GET"} if head else scope

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                others = [pair for pair in HEADERS if pair[0] not in given]
                message["headers"] = [*message["headers"], *others]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            inner["path"] = matched_path(scope)
            self._check(inner)
            body = await _body(scope, receive)
            await self.app(inner, _again(body, receive), sending)
        except _Refused as refused:
            await _refuse(refused, sending)
        finally:
            route = getattr(inner.get("route"), "path", None) or "unmatched"
            self.metrics.count(scope["method"], route, status, time.perf_counter() - started)

    def _check(self, scope: Scope) -> None:
        settings, path, method = self.settings, scope["path"], scope["method"]
        headers = {name.lower(): value for name, value in scope["headers"]}
        if settings.open_to_all:
            _check_local(headers, settings.origins)
            if path not in OPEN:
                self._check_rate(b"")
            return
        if path in OPEN or (method == "OPTIONS" and b"access-control-request-method" in headers):
            return
        given = _key(headers)
        may_write = _one_of(given, settings.write_keys)
        if not (may_write or _one_of(given, settings.read_keys)):
            said = "a key must be sent as 'Authorization: Bearer KEY'; got none, or an unknown one."
            raise _Refused(401, "key", said)
        reads = method in ("GET", "OPTIONS") or (method == "POST" and path in READING_POSTS)
        if not (reads or may_write):
            raise _Refused(403, "key", "this needs a key for writing; got one for reading.")
        self._check_rate(given)

    def _check_rate(self, key: bytes) -> None:
        after = 0.0 if self._limits is None else self._limits.wait(key)
        if after:
            rate, seconds = self.settings.rate_limit, math.ceil(after)
            said = f"a key may send {rate:g} requests a second; got more. Try again in {seconds} s."
            raise _Refused(429, "rate", said, seconds)


def matched_path(scope: Scope) -> str:
    """Return a request's path with slashes within ids kept apart from those between parts."""
    raw = scope.get("raw_path")
    if not raw:
        return str(scope["path"])
    try:
        parts = [unquote_to_bytes(part).decode("utf-8") for part in raw.split(b"?")[0].split(b"/")]
    except UnicodeDecodeError:
        raise _Refused(400, "path", "the path must be UTF-8, percent-encoded.") from None
    if any(SLASH in part or "\0" in part for part in parts):
        raise _Refused(400, "path", "the path must be free of zero bytes and of the character U+E02F.")
    return "/".join(part.replace("/", SLASH) for part in parts)


def _check_local(headers: dict[bytes, bytes], origins: Iterable[str]) -> None:
    """Refuse web pages in a browser, which name foreign hosts or origins, where there are no keys."""
    host = urlsplit("//" + headers.get(b"host", b"localhost").decode("latin-1")).hostname or ""
    if host not in LOOPBACK:
        raise _Refused(400, "host", "a service without keys must be addressed as 127.0.0.1 or localhost.")
    origin = headers.get(b"origin", b"").decode("latin-1")
    if origin and origin not in origins and urlsplit(origin).hostname not in LOOPBACK:
        raise _Refused(
            403,
            "origin",
            "a service without keys does not accept requests from this web page. Allow its origin "
            "with --origin.",
        )


def _key(headers: dict[bytes, bytes]) -> bytes:
    scheme, _, key = headers.get(b"authorization", b"").partition(b" ")
    return key.strip() if scheme.lower() == b"bearer" else headers.get(b"x-api-key", b"")


def _one_of(given: bytes, keys: Iterable[str]) -> bool:
    """Compare with every key, in a time that does not tell how much of one fits."""
    return sum(hmac.compare_digest(given, key.encode()) for key in keys) > 0


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Return the whole body of a request; too long, too slow or broken off is refused."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > BODY_BYTES:
        raise _Refused(413, "body", f"a body must have at most {BODY_BYTES:,} bytes.")
    if length == b"0" and b"transfer-encoding" not in headers:
        return b""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    said = "the body must be complete; the connection ended before that."
                    raise _Refused(400, "body", said)
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > BODY_BYTES:
                    raise _Refused(413, "body", f"a body must have at most {BODY_BYTES:,} bytes.")
                if not message.get("more_body"):
                    return b"".join(parts)
    except TimeoutError:
        raise _Refused(408, "body", f"a body must arrive within {BODY_SECONDS:g} seconds.") from None


def _again(body: bytes, receive: Receive) -> Receive:
    whole: MutableMapping[str, Any] = {"type": "http.request", "body": body, "more_body": False}
    messages = iter([whole])

    async def receiving() -> MutableMapping[str, Any]:
        return next(messages, None) or await receive()

    return receiving


async def _refuse(refused: _Refused, send: Send) -> None:
    body = as_json(Failure(Problem(refused.code, str(refused))))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.after is not None:
        headers.append((b"retry-after", str(refused.after).encode()))
    if refused.status in (408, 413):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Limits:
    """How many requests each key may send: a bucket fills at a rate, and each request takes one from it.

    It is asked from the event loop alone.

    Parameters
    ----------
    rate : float
        Requests a second. A bucket holds as many as come in a second, one at least.
    clock : callable
        Seconds that never go back.

    Examples
    --------
    >>> now = 0.0
    >>> limits = Limits(2, lambda: now)
    >>> [limits.wait(b"a") for _ in range(3)], limits.wait(b"b")
    ([0.0, 0.0, 0.5], 0.0)
    >>> now = 0.5
    >>> limits.wait(b"a"), limits.wait(b"a")
    (0.0, 0.5)
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._most, self._clock = rate, max(1.0, rate), clock
        self._buckets: dict[bytes, tuple[float, float]] = {}  # what was left, and when

    def wait(self, key: bytes) -> float:
        """Take one request of a key; return the seconds until it may be sent, 0 if it may now."""
        now = self._clock()
        left, before = self._buckets.get(key, (self._most, now))
        left = min(self._most, left + (now - before) * self._rate)
        if left < 1:
            return (1 - left) / self._rate
        self._buckets[key] = left - 1, now
        return 0.0
