"""An open-loop generator of HTTP requests over connections that are kept: asyncio in one thread.

Each request has its time, and its latency counts from then, so that waiting behind a slow one is
counted, too. What the generator itself was late by is measured beside it: where that is small, a
latency is the service's.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MOST = 400  # connections; a request that finds none free waits, and its time runs


def request(method: str, path: str, body: object = None) -> bytes:
    """Return the bytes of a request.

    Examples
    --------
    >>> request("GET", "/a")
    b'GET /a HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Length: 0\\r\\n\\r\\n'
    """
    data = b"" if body is None else json.dumps(body).encode()
    kind = "" if body is None else "Content-Type: application/json\r\n"
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}Content-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


class Connection(asyncio.Protocol):
    """One connection, which has one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._got, self._wanted, self._status = b"", -1, 0
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, data: bytes) -> "asyncio.Future[int]":
        """Send a request; the future has its status once all of the answer is there."""
        self._got, self._wanted = b"", -1
        self._answer = asyncio.get_running_loop().create_future()
        assert self.transport is not None
        self.transport.write(data)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Collect an answer; all of this service's have a length."""
        self._got += data
        if self._wanted < 0:
            end = self._got.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._got[:end].lower()
            self._status = int(head[9:12])
            self._wanted = end + 4 + int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._got) >= self._wanted:
            self._end(self._status)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a request that was under way as failed."""
        self._end(0)

    def _end(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


@dataclass(frozen=True)
class Load:
    """What came of a load: milliseconds by request, statuses, and how late requests were sent."""

    latency: np.ndarray
    status: np.ndarray
    late: np.ndarray
    processor: float  # seconds that the generator took

    @property
    def failed(self) -> int:
        """How many requests were not answered 200."""
        return int((self.status != 200).sum())


def together(parts: list[Load]) -> Load:
    """Return several loads as one."""
    return Load(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("latency", "status", "late")),
        processor=sum(part.processor for part in parts),
    )


class Pool:
    """The connections to one port."""

    def __init__(self, port: int) -> None:
        self.port, self.free = port, list[Connection]()
        self._room = asyncio.Semaphore(MOST)

    async def ask(self, data: bytes) -> int:
        """Send a request over a free connection; return its status, 0 if the connection broke.

        A connection that was kept may be closed by the service just when it is asked again; then the
        request is sent over a new one, as clients do.
        """
        async with self._room:
            while self.free and (transport := self.free[-1].transport) is not None and transport.is_closing():
                self.free.pop()
            kept = bool(self.free)
            connection = self.free.pop() if kept else await self._connected()
            status = await connection.ask(data)
            if not status and kept:
                connection = await self._connected()
                status = await connection.ask(data)
            self.free.append(connection)
            return status

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, "127.0.0.1", self.port))[1]

    def close(self) -> None:
        """Close what is open."""
        for connection in self.free:
            if connection.transport is not None:
                connection.transport.close()


async def _open_loop(port: int, rate: float, n: int, make: Callable[[int], bytes]) -> Load:
    latency, late, status = np.zeros(n), np.zeros(n), np.zeros(n, np.int64)
    pool, began = Pool(port), time.process_time()
    start = time.perf_counter() + 0.2

    async def one(place: int, due: float, data: bytes) -> None:
        late[place] = (time.perf_counter() - due) * 1e3
        status[place] = await pool.ask(data)
        latency[place] = (time.perf_counter() - due) * 1e3

    tasks = []
    for place in range(n):
        data, due = make(place), start + place / rate
        left = due - time.perf_counter()
        await asyncio.sleep(max(0.0, left))
        tasks.append(asyncio.create_task(one(place, due, data)))
    await asyncio.gather(*tasks)
    pool.close()
    return Load(latency, status, late, time.process_time() - began)


async def _closed_loop(port: int, n: int, at_once: int, make: Callable[[int], bytes]) -> Load:
    latency, status = np.zeros(n), np.zeros(n, np.int64)
    pool, places, began = Pool(port), iter(range(n)), time.process_time()

    async def worker() -> None:
        for place in places:
            sent = time.perf_counter()
            status[place] = await pool.ask(make(place))
            latency[place] = (time.perf_counter() - sent) * 1e3

    await asyncio.gather(*(worker() for _ in range(at_once)))
    pool.close()
    return Load(latency, status, np.zeros(n), time.process_time() - began)


def open_loop(port: int, rate: float, n: int, make: Callable[[int], bytes]) -> Load:
    """Send n requests at a rate a second, whatever the answers take; `make(place)` gives each."""
    return asyncio.run(_open_loop(port, rate, n, make))


def closed_loop(port: int, n: int, at_once: int, make: Callable[[int], bytes]) -> Load:
    """Send n requests, each as soon as one of those before it is answered."""
    return asyncio.run(_closed_loop(port, n, at_once, make))
