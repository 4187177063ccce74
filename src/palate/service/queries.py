"""What a list may be asked for in an address, checked in one step.

The route that is asked most reads its parameters here. This is imported when the routes are made, as it needs
FastAPI.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.routing import Match, Route
from starlette.types import Scope

from palate.service.settings import MOST_ITEMS


class ListQuery(BaseModel):
    """What a list of recommendations is asked for."""

    model_config = ConfigDict(extra="forbid")

    n: Annotated[int, Field(ge=1, le=MOST_ITEMS)] = 10
    cursor: Annotated[str | None, Field(max_length=2000)] = None
    exclude_seen: bool = True
    genre: Annotated[list[str], Field(max_length=50, description="Items of one of these genres.")] = []
    year_from: int | None = None
    year_to: int | None = None
    min_ratings: Annotated[int, Field(ge=0, lt=2**62)] = 0
    caution: Annotated[float, Field(gt=-1, lt=1)] = 0.0
    diversity: Annotated[
        float, Field(ge=0, le=1, description="0: only by score. 1: as different from each other as possible.")
    ] = 0.0
    model: str | None = None
    explain: Annotated[str | None, Field(description="why, uncertainty, or both with a comma between.")] = (
        None
    )

    @property
    def plain(self) -> bool:
        """Whether nothing is asked that takes longer than the list itself."""
        more = self.caution, self.diversity, self.explain, self.genre, self.min_ratings
        return not any(more) and self.year_from is None and self.year_to is None


Query = TypeVar("Query", bound=BaseModel)


def read(kind: type[Query], request: Request) -> Query:
    """Return the query of a request; RequestValidationError for one that cannot be, which is answered 422."""
    text = request.scope["query_string"].decode("latin-1")
    given: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name == "genre":
            given.setdefault(name, []).append(value)
        else:
            given[name] = value
    try:
        return kind(**given)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in problems]) from None


async def only_known_names(request: Request) -> None:
    """Refuse a query with a name that the route does not have, such as `N=5` for `n=5`."""
    route = request.scope["route"]
    unknown = set(request.query_params) - {parameter.alias for parameter in route.dependant.query_params}
    if unknown:
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name), "msg": ""} for name in sorted(unknown)]
        )


def documented(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the parameters of a user's lists as the OpenAPI document holds them."""
    properties = kind.model_json_schema()["properties"]
    user = {"name": "user", "in": "path", "required": True, "schema": {"type": "string"}}
    parameters: list[dict[str, Any]] = [user]
    for name, schema in properties.items():
        about = {"description": schema.pop("description")} if "description" in schema else {}
        parameters.append({"name": name, "in": "query", "required": False, "schema": schema, **about})
    return {"parameters": parameters}


class QuickRoute(Route):
    """A route of GET that is matched before those of FastAPI and passes none of their steps."""

    def __init__(self, path: str, endpoint: Callable[..., Any]) -> None:
        super().__init__(path, endpoint, methods=["GET"], include_in_schema=False)
        self.methods = {"GET"}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether a request is for this route, with what it adds to the scope."""
        found, added = super().matches(scope)
        return found, {**added, "route": self}
