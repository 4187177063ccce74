"""The routes of models: which there are, new files, the map and the diagnostics."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from palate.app.core import Core
from palate.app.diagnostics import Panel
from palate.app.errors import NotKnown
from palate.service import bodies
from palate.service.answering import Failure, Problem
from palate.service.replying import failures, id_of, of_now, reply
from palate.service.settings import Settings

SUFFIX = ".palate"
_MOST_NAME = 255


class NoFolder(ValueError):
    """The service takes in no files."""


def file_of(folder: Path | None, name: str) -> Path:
    """Return a model file of the folder by its name.

    Raises
    ------
    NoFolder
        If the service has no folder of models.
    NotKnown
        If there is no such file.
    ValueError
        If the name is none: a path, or of another kind of file, or a link that leads out of the folder.
    """
    if folder is None:
        raise NoFolder(
            "this service does not accept model files. Start it with their folder: palate serve "
            "--models FOLDER."
        )
    plain = name.isprintable() and not set(name) & set('/\\:"') and not name.startswith(".")
    if not plain or not name.endswith(SUFFIX) or len(name.encode()) > _MOST_NAME:
        raise ValueError(
            f"file must be the name of a file in the folder of models, ending in {SUFFIX}; got {name[:80]!r}."
        )
    path = folder / name
    if not path.is_file():
        raise NotKnown(f"there is no file {name!r} in the folder of models.")
    if path.resolve().parent != folder.resolve():
        raise ValueError(f"file must be in the folder of models; {name!r} is a link to a file outside.")
    return path


def model_routes(router: APIRouter, core: Core, settings: Settings) -> None:
    """Add the routes of models."""

    def all_models() -> Any:
        return reply(bodies.ModelsOut(core.models, core.last_failure))

    @router.get("/models", response_model=bodies.ModelsOut, responses=failures())
    def models() -> Any:
        """List the models that are served."""
        return all_models()

    @router.post("/models", response_model=bodies.ModelsOut, responses=failures(404, 409))
    def take(body: bodies.ModelIn) -> Any:
        """Serve a file of the folder of models, called by its name without the ending, or read it again."""
        try:
            path = file_of(settings.models, body.file)
        except NoFolder as error:
            return reply(Failure(Problem("no_folder", str(error))), 403)
        core.activate(path.stem, path, make_active=body.activate)
        return all_models()

    @router.post("/models/{model}:activate", response_model=bodies.ModelsOut, responses=failures(404, 409))
    def activate(model: str) -> Any:
        """Read a model's file again, take it into use if it is sound, and let it answer when no
        model is named.
        """
        core.activate(id_of(model))
        return all_models()


def map_routes(router: APIRouter, core: Core) -> None:
    """Add the routes of the map and the diagnostics."""
    binary = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}

    @router.get(
        "/map",
        response_class=Response,
        responses={
            **failures(404),
            200: {"content": binary},
            304: {"description": "The map has not changed."},
        },
    )
    def positions(request: Request, model: str | None = None) -> Any:
        """Give two numbers for each item, where it lies on the map: float32, little-endian, in the order
        of `/v1/map/items`. The ETag is the version of the model.
        """
        view, (name, version) = of_now(core, model)
        headers = {"etag": f'"{name.encode().hex()}-{version}"', "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        points = view.positions(model).points.astype("<f4")
        return Response(points.tobytes(), headers=headers, media_type="application/octet-stream")

    @router.get("/map/items", response_model=bodies.MapItems, responses=failures(404))
    def items(model: str | None = None) -> Any:
        """List the ids of all items, in the order of their positions."""
        view, stamp = of_now(core, model)
        return reply(bodies.MapItems(*stamp, view.item_ids(model)))

    @router.get("/diagnostics", response_model=bodies.DiagnosticsOut, responses=failures(404))
    def diagnostics(model: str | None = None) -> Any:
        """Tell what a model is like inside: norms, the long tail, the range of predictions, its training."""
        view, stamp = of_now(core, model)
        panels, card = view.diagnostics(model)
        return reply(bodies.DiagnosticsOut(*stamp, [_panel(one) for one in panels], dict(card)))


def _panel(panel: Panel) -> bodies.PanelOut:
    """Return a panel of the diagnostics as it is sent."""
    columns = {} if panel.frame is None else panel.frame.to_dict(as_series=False)
    return bodies.PanelOut(panel.heading, panel.text, columns)
