"""What all routes share: answers, ids in a path, and what the OpenAPI document says of failures."""

from typing import Any

from palate.app.core import Core
from palate.app.live import check_user
from palate.service.answering import Failure, as_json
from palate.service.guard import SLASH


def reply(value: object, status: int = 200) -> Any:
    """Return an answer in JSON."""
    from fastapi import Response

    return Response(as_json(value), status, media_type="application/json")


def id_of(text: str) -> str:
    """Return an id from a path as the caller meant it, checked for its length."""
    return check_user(text.replace(SLASH, "/"))


def of_now(core: Core, model: str | None) -> tuple[Core, tuple[str, str]]:
    """Return a view of the core with the models of now, and id and version of the one that answers."""
    view = core.now()
    info = view.model_info(model)
    return view, (info.id, info.version)


def failures(*status: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI says of answers that are not 2xx."""
    return {code: {"model": Failure} for code in (*status, 400, 401, 403, 408, 413, 422, 429, 503)}
