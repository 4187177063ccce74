"""The explorer as a program: its pages, its port on loopback, and the watch for newer model files."""

import socket
from collections.abc import Callable
from typing import Any

from palate._requiring import require
from palate.app.watching import Watcher
from palate.explorer.bundled import BundledTraining
from palate.explorer.state import State
from palate.explorer.workspace import Workspace

HOST = "127.0.0.1"
PORT = 8850


def check_installed() -> None:
    """Raise ImportError in one sentence unless NiceGUI is installed."""
    require("nicegui", "NiceGUI", "explore", "the explorer")


def free_port(port: int | None) -> int:
    """Return a port on loopback: the one asked for, 0 for any, or the first free from 8850 on.

    Raises
    ------
    OSError
        If the port that was asked for is in use; the message says what to type.
    """
    wanted = range(PORT, PORT + 20) if port is None else [port]
    for one in wanted:
        with socket.socket() as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((HOST, one))
                return int(probe.getsockname()[1])
            except OSError:
                continue
    if port is None:
        ports = f"the ports {PORT} to {PORT + 19}"
        raise OSError(f"{ports} are in use; name another one: palate explore --port 9000.")
    raise OSError(f"port {port} is in use; let palate find a free one: palate explore --port 0.")


def add_pages(source: Workspace | BundledTraining) -> None:
    """Give NiceGUI the pages of a workspace; while there is none, each shows how far the training is."""
    from fastapi import Request
    from fastapi.responses import HTMLResponse
    from nicegui import app, ui

    from palate.explorer.frame import Page
    from palate.explorer.look import CSS, PAGES, SCRIPT
    from palate.explorer.views import compare, diagnostics, item, map, people, rate, recommendations, waiting  # noqa: A004

    ui.add_head_html(f"<style>{CSS}</style>{SCRIPT}", shared=True)

    def draw(request: Request, path: str, show: Callable[[Page], None]) -> None:
        space = source if isinstance(source, Workspace) else source.space
        if space is not None:
            show(Page(space, State.of(request.query_params, space.models()), path))
        elif isinstance(source, BundledTraining):
            waiting.show(source)

    def add(path: str, show: Callable[[Page], None]) -> None:
        def shown(request: Request) -> None:
            draw(request, path, show)

        ui.page(path, response_timeout=60)(shown)

    views = (people, rate, recommendations, compare, map, diagnostics)
    for path, view in zip(PAGES, views, strict=True):
        add(path, view.show)

    @app.exception_handler(404)
    async def missing(request: Request, _: Exception) -> HTMLResponse:
        return HTMLResponse(missing_page(request.url.path), 404)

    @ui.page("/item/{item_id:path}", response_timeout=60)
    def item_page(request: Request, item_id: str) -> None:
        from urllib.parse import quote

        draw(request, f"/item/{quote(item_id, safe='')}", lambda page: item.show(page, item_id))


def missing_page(path: str) -> str:
    """Return the page for an address that the explorer does not have, in HTML.

    >>> "There is no page /&lt;b&gt; here." in missing_page("/<b>")
    True
    """
    from html import escape

    from palate.explorer.look import CSS, MISSING, PAGES

    links = " ".join(f'<a href="{place}">{escape(name)}</a>' for place, name in PAGES.items())
    return MISSING.format(css=CSS, path=escape(path), links=links)


def serve(
    source: Workspace | BundledTraining,
    port: int,
    *,
    browser: bool = True,
    started: Callable[[str], Any] | None = None,
) -> None:
    """Serve the explorer on loopback until it is interrupted.

    Parameters
    ----------
    source : Workspace or BundledTraining
        Closed at the end.
    port : int
    browser : bool, default True
        Whether to open a page.
    started : callable, optional
        Is called with the address once it answers.
    """
    from nicegui import app, ui

    add_pages(source)
    if started is not None:
        app.on_startup(lambda: started(f"http://{HOST}:{port}/"))
    if isinstance(source, Workspace):  # nobody else has the files of the bundled models
        app.on_shutdown(Watcher(source.core).close)
    app.on_shutdown(source.close)
    ui.run(
        host=HOST,
        port=port,
        title="palate",
        dark=None,
        language="en-US",
        reload=False,
        show=browser,
        tailwind=False,
        show_welcome_message=False,
        reconnect_timeout=5.0,
        binding_refresh_interval=None,
        favicon="🎬",
        endpoint_documentation="none",
        access_log=False,
    )
