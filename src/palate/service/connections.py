"""Connections whose other end is too slow, or sends a head without end.

This is imported when a service starts, as it needs Uvicorn.
"""

import time
from typing import cast

from uvicorn import Config, Server
from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_BYTES = 1 << 16
HEAD_SECONDS = 10.0  # from the start of a connection, or the end of an answer, to the end of a request's head
READ_SECONDS = 60.0  # for taking in an answer


class Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """One connection over HTTP; the head of a request has at most 64 KiB."""

    _head = 0

    def data_received(self, data: bytes) -> None:
        """Take in what was sent."""
        super().data_received(data)
        self._head = self._head + len(data) if self.sends_head else 0
        if self._head > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of a request must have at most 64 KiB.")

    @property
    def sends_head(self) -> bool:
        """Whether the other end has yet to send the head of a request."""
        return self.cycle is None or bool(self.cycle.response_complete)


class PatientServer(Server):
    """A server that breaks off connections whose other end does not do its part in time."""

    def __init__(
        self, config: Config, head_seconds: float = HEAD_SECONDS, read_seconds: float = READ_SECONDS
    ) -> None:
        super().__init__(config)
        self._seconds = {"head": head_seconds, "read": read_seconds}
        self._since: dict[Connection, tuple[tuple[str, int], float]] = {}

    async def on_tick(self, counter: int) -> bool:
        """Look after the connections once a second."""
        if counter % 10 == 0:
            self._look(time.monotonic())
        return await super().on_tick(counter)

    def _look(self, now: float) -> None:
        waiting = {}
        for connection in cast(list[Connection], list(self.server_state.connections)):
            owed = _owed(connection)
            if owed is None:
                continue
            before, since = self._since.get(connection, (owed, now))
            since = since if before == owed else now
            if now - since >= self._seconds[owed[0]]:
                connection.transport.abort()
            else:
                waiting[connection] = owed, since
        self._since = waiting


def _owed(connection: Connection) -> tuple[str, int] | None:
    """Return what the other end has to do and in which exchange; None while the service has to answer."""
    exchange = id(connection.cycle)
    if connection.transport.get_write_buffer_size():
        return "read", exchange
    return ("head", exchange) if connection.sends_head else None
