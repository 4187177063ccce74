"""Connections whose other end is slow: heads without end, answers that nobody reads, ends that are gone."""

import http.client
import socket
import threading
import time
from contextlib import ExitStack

import pytest

import served_models

pytest.importorskip("fastapi", reason="the service needs FastAPI (pip install 'palate[serve]')")
pytest.importorskip("uvicorn", reason="the service needs Uvicorn (pip install 'palate[serve]')")

from palate.app.core import Core
from palate.service.application import application
from palate.service.connections import HEAD_BYTES, PatientServer
from palate.service.serving import bound, configured
from palate.service.settings import Settings

SLOW = 60  # connections of each kind
LONG = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n"  # more than the buffers hold


@pytest.fixture(scope="module")
def server():
    """A service that waits a second for heads and for readers; yield its port and the server."""
    settings, core = Settings(), Core({"films": served_models.point_model()})
    listening = bound("127.0.0.1", 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    made = PatientServer(configured(application(core, settings), settings), head_seconds=1, read_seconds=1)
    thread = threading.Thread(target=made.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1], made
    made.should_exit = True
    thread.join(60)
    assert not thread.is_alive()


def connected(port, sends=b"", room=None):
    """Return a connection that has sent something; `room` is how many bytes it takes in unread."""
    made = socket.socket()
    if room is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    made.settimeout(60)
    made.connect(("127.0.0.1", port))
    made.sendall(sends)
    return made


def is_closed(connection):
    """Wait until the other end has closed or broken off a connection that got no answer."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def lists(port, n=1):
    """Ask for lists as others do; return the statuses."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    statuses = []
    for _ in range(n):
        connection.request("GET", "/v1/users/u1/recommendations")
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return statuses


def test_heads_that_never_end_are_broken_off_and_others_are_answered_meanwhile(server):
    port, running = server
    with ExitStack() as stack:
        silent = [stack.enter_context(connected(port)) for _ in range(SLOW)]
        slow = [stack.enter_context(connected(port, b"GET /health/live HTTP/1.1\r\nx:")) for _ in range(SLOW)]
        again = stack.enter_context(
            connected(port, b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\nGET /he")
        )
        assert lists(port, 20) == [200] * 20
        for byte in b" a b":  # drop by drop makes it no longer
            for connection in slow:
                connection.sendall(bytes([byte]))
            time.sleep(0.05)
        assert all(map(is_closed, [*silent, *slow]))
        assert again.recv(1000).startswith(b"HTTP/1.1 200")
        assert is_closed(again)
    until(lambda: not running.server_state.connections)


@pytest.mark.parametrize(
    "sent", [b"GET /" + b"a" * 3 * HEAD_BYTES, b"GET / HTTP/1.1\r\nx: " + b"a" * 3 * HEAD_BYTES]
)
def test_heads_that_are_too_long_are_refused_at_once(server, sent):
    port, _ = server
    with connected(port) as connection:
        try:
            connection.sendall(sent)
            answer = connection.recv(1000)
        except OSError:  # closed while it was still sending
            answer = b"HTTP/1.1 400"
        assert answer.startswith(b"HTTP/1.1 400")
    assert lists(port) == [200]


def test_answers_that_nobody_reads_are_broken_off_and_others_are_answered_meanwhile(server):
    port, running = server
    with ExitStack() as stack:
        unread = [stack.enter_context(connected(port, LONG, room=4096)) for _ in range(5)]
        until(lambda: sum(map(waits_to_be_read, list(running.server_state.connections))) == len(unread))
        assert lists(port, 5) == [200] * 5
        until(lambda: not running.server_state.connections)


def test_ends_that_are_gone_leave_nothing_open(server):
    port, running = server
    half = connected(port, LONG)
    half.shutdown(socket.SHUT_WR)  # asks, and says that nothing more will come
    gone = connected(
        port, b"PUT /v1/users/u1/ratings/1 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 90\r\n\r\n{"
    )
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone.close()  # is reset in the middle of a body
    until(lambda: not running.server_state.connections)
    half.close()
    assert lists(port) == [200]


def waits_to_be_read(connection):
    return connection.transport.get_write_buffer_size() > 0


def until(what, seconds=60):
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "this never became true"
        time.sleep(0.01)
