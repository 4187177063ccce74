"""Running the service: a socket, Uvicorn, and an orderly end."""

import errno
import gc
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from palate.app.core import Core
from palate.app.watching import Watcher
from palate.service.application import application
from palate.service.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp
    from uvicorn import Config

MOST_AT_ONCE = 512  # requests and connections; more are answered 503
SWITCH_SECONDS = 0.0005  # after which a thread that waits may go on


class PortInUse(OSError):
    """Another program listens where the service should."""


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 is any free one.

    Raises
    ------
    PortInUse
        With what to type instead.
    OSError
        If the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(2048)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} on {host} is in use by another program. Choose another: --port {port + 1}"
            ) from None
        raise OSError(f"cannot listen on {host}, port {port}: {error.strerror or error}.") from None
    return made


def serve(
    core: Core,
    settings: Settings,
    port: int = 8000,
    *,
    watch: bool = False,
    started: Callable[[str], Any] | None = None,
) -> None:
    """Serve until the process is told to end; what waits to be written is written before.

    Parameters
    ----------
    core : Core
        Closed at the end.
    settings : Settings
    port : int, default 8000
    watch : bool, default False
        Whether model files that are saved anew are taken into use.
    started : callable, optional
        Called with the address once the service listens.
    """
    app = application(core, settings)
    from palate.service.connections import PatientServer

    listening = bound(settings.host, port)
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    watcher = Watcher(core) if watch else None
    _share_the_processor()
    try:
        if started is not None:
            started(f"http://{shown}:{listening.getsockname()[1]}")
        PatientServer(configured(app, settings)).run(sockets=[listening])
    finally:
        if watcher is not None:
            watcher.close()
        core.close()
        listening.close()


def _share_the_processor() -> None:
    """Let threads wait less for the interpreter, and spare the collector what is there already.

    What the libraries made at the start are some hundred thousand objects.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()


def configured(app: "ASGIApp", settings: Settings) -> "Config":
    """Return how Uvicorn runs the service."""
    from uvicorn import Config

    from palate.service.connections import Connection

    return Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
        server_header=False,
        root_path=settings.root_path,
    )
