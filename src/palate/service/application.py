"""The application: routes within the guard, and every error in one form."""

import json
import logging
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from palate._checks import ArgumentError, demand
from palate._requiring import require
from palate.app.core import Core
from palate.app.errors import BadRows
from palate.service.answering import Failure, Problem, status_of
from palate.service.guard import Guard
from palate.service.metrics import Metrics
from palate.service.replying import reply
from palate.service.settings import Settings
from palate.store.changes import StoreError

if TYPE_CHECKING:
    from fastapi import FastAPI, HTTPException, Request
    from fastapi.exceptions import RequestValidationError


LOG = logging.getLogger("palate.service")
LISTED = "/openapi.json lists what each request takes"
_LONGEST = 80  # characters of a wrong value that are said again


def check_installed() -> None:
    """Raise ImportError in one sentence unless FastAPI and Uvicorn are installed."""
    require("fastapi", "FastAPI", "serve", "the service")
    require("uvicorn", "Uvicorn", "serve", "the service")


def application(core: Core, settings: Settings | None = None) -> Any:
    """Return the service as an ASGI application.

    Parameters
    ----------
    core : Core
    settings : Settings, optional
        Default: for this machine alone, without keys.

    Raises
    ------
    ImportError
        Without FastAPI; the message says what to install.
    """
    check_installed()
    from fastapi import APIRouter, Depends, FastAPI

    from palate.service import model_routes, routes
    from palate.service.queries import QuickRoute, only_known_names

    settings, metrics = settings or Settings(), Metrics()
    app = FastAPI(
        title="palate",
        version=version("palate"),
        docs_url=None,
        redoc_url=None,
        root_path=settings.root_path,
        redirect_slashes=False,  # a redirect would name http behind a proxy that speaks https
        description="Recommendations, with the model that made them, what they are based on, and their "
        "uncertainty.",
    )
    app.router.routes.append(QuickRoute(routes.LISTS, routes.list_answer(core, settings)))
    tags = ("lists", "items", "users", "models")
    lists, items, users, models = (APIRouter(prefix="/v1", tags=[tag]) for tag in tags)
    operation = APIRouter(tags=["operation"])
    routes.list_routes(lists, core, settings)
    routes.session_routes(lists, core)
    routes.item_routes(items, core)
    routes.user_routes(users, core)
    routes.rating_routes(users, core)
    model_routes.model_routes(models, core, settings)
    model_routes.map_routes(models, core)
    routes.health_routes(operation, core, metrics)
    for router in (lists, items, users, models, operation):
        app.include_router(router, dependencies=[Depends(only_known_names)])
    _answer_errors(app)
    if settings.origins:
        _allow(app, settings.origins)
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    return app


def _allow(app: "FastAPI", origins: Iterable[str]) -> None:
    """Let web pages from these origins send requests."""
    from starlette.middleware.cors import CORSMiddleware

    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "PUT", "POST", "DELETE"],
        allow_headers=["authorization", "content-type", "x-api-key"],
    )


def _answer_errors(app: "FastAPI") -> None:
    """Answer every error in one form."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in (LookupError, ValueError, TypeError, RuntimeError, ImportError):
        app.add_exception_handler(kind, _of_core)


def _invalid(_: "Request", error: Exception) -> Any:
    """Answer a request whose values are of the wrong kind: each with its name."""
    said = "; ".join(_wrong(one) for one in cast("RequestValidationError", error).errors()[:20]) + "."
    return reply(Failure(Problem("invalid", said)), 422)


def _wrong(problem: Mapping[str, Any]) -> str:
    """Return what is wrong with one value.

    Examples
    --------
    >>> _wrong({"loc": ("query", "n"), "msg": "Input should be a valid integer", "type": "", "input": "x"})
    "n must be a whole number; got 'x'"
    >>> _wrong({"loc": ("query", "m"), "msg": "", "type": "extra_forbidden", "input": "x"})
    "'m' is unknown here; /openapi.json lists what each request takes"
    """
    name = ".".join(map(str, problem["loc"][1:]))
    if problem["type"] == "json_invalid":
        return f"the body must be JSON; there is an error at character {name}"
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{name!r} is unknown here; {LISTED}"
    if problem["type"] == "missing":
        return f"{name or 'a body'} is required"
    if not name:
        return "the body must be a JSON object; send it with content-type: application/json"
    text, given = str(problem["msg"]), problem.get("input")
    got = f"; got {_as_sent(given)}" if given is None or isinstance(given, str | int | float) else ""
    got = got if len(got) < _LONGEST else ""
    must = demand(text)
    return f"{name}: {text[:1].lower()}{text[1:]}{got}" if must is None else f"{name} must {must}{got}"


def _as_sent(value: object) -> str:
    """Return a value as a message shows it: null, true and NaN as JSON has them, a text in quotes.

    >>> _as_sent(None), _as_sent(True), _as_sent("x"), _as_sent(2.5)
    ('null', 'true', "'x'", '2.5')
    """
    return repr(value) if isinstance(value, str) else json.dumps(value)


def _http(request: "Request", error: Exception) -> Any:
    known = cast("HTTPException", error)
    path = request.url.path[:_LONGEST]
    said = {
        "Not Found": f"there is no route {path}; /openapi.json lists all routes.",
        "Method Not Allowed": f"{request.method} is not a method of {path}; /openapi.json lists all routes.",
        "There was an error parsing the body": "the body must be JSON; this one cannot be read.",
    }.get(str(known.detail), str(known.detail))
    answer = reply(Failure(Problem("http", said)), known.status_code)
    answer.headers.update(known.headers or {})
    return answer


def _of_core(_: object, error: Exception) -> Any:
    status, code = status_of(error)
    if status == 500:
        LOG.error("unexpected error: %s", error, exc_info=error)
        said = "the request failed because of an error in the service; its log has the details."
        return reply(Failure(Problem(code, said)), status)
    if isinstance(error, StoreError):
        LOG.error("%s", error)
    problems = error.problems if isinstance(error, BadRows) else ()
    rows = [{"row": place, "message": message} for place, message in problems]
    return reply(Failure(Problem(code, _of_request(error), rows)), status)


def _of_request(error: Exception) -> str:
    """Return the message of an error by the names of a request, which asks for one `genre` or several."""
    named = isinstance(error, ArgumentError) and error.argument == "genres"
    return f"genre{str(error).removeprefix('genres')}" if named else str(error)
