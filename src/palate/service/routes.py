"""The routes: each asks the core one question."""

import uuid
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from palate._checks import ArgumentError
from palate.app.answers import Answer, Comparison, Reasons
from palate.app.core import Core
from palate.app.listing import EXPLAIN
from palate.app.live import check_user
from palate.service import bodies
from palate.service.answering import Failure
from palate.service.cursor import make_cursor, read_cursor
from palate.service.metrics import Metrics
from palate.service.queries import ListQuery, documented, read
from palate.service.replying import failures, id_of, of_now, reply
from palate.service.settings import MOST_ITEMS, MOST_ROWS, Settings

MOST_YEAR = 2**31 - 1  # what a column of years holds
LISTS = "/v1/users/{user}/recommendations"
_LISTED = ("model", "caution", "diversity", "min_ratings")  # as the core has them, too
REMAINS = (
    "A salted hash of the id, so that the user is left out from now on. Older model files and "
    "backups contain the user's ratings until they are replaced."
)


def _how(asked: ListQuery | bodies.SessionIn) -> dict[str, Any]:
    """Return what the core takes for the length of a list, its order, and its items."""
    where: dict[str, Any] = {"genres": list(asked.genre)} if asked.genre else {}
    if asked.year_from is not None or asked.year_to is not None:
        where["year"] = _years(asked.year_from, asked.year_to)
    return {"n": asked.n, "where": where or None, **{name: getattr(asked, name) for name in _LISTED}}


def _years(first: int | None, last: int | None) -> tuple[int | None, int | None]:
    for name, year in (("year_from", first), ("year_to", last)):
        if year is not None and abs(year) > MOST_YEAR:
            raise ArgumentError(name, "be a year", f"{year}")
    if first is not None and last is not None and first > last:
        raise ArgumentError("year_from", "be at most year_to", f"{first} and {last}")
    return first, last


def _explain(asked: str | None) -> tuple[str, ...]:
    parts = tuple(part for part in (asked or "").split(",") if part)
    for part in parts:
        if part not in EXPLAIN:
            must = f"be of {' and '.join(EXPLAIN)}, with a comma between"
            raise ArgumentError("explain", must, f"{part!r}")
    return parts


def _listed(answer: Answer, cursor: str | None = None, fresh: bool = False) -> bodies.Recommendations:
    of_model = answer.model_id, answer.model_version, answer.source
    return bodies.Recommendations(uuid.uuid4().hex, *of_model, list(answer.rows), cursor, fresh)


def list_routes(router: APIRouter, core: Core, settings: Settings) -> None:
    """Add the routes of lists, as the OpenAPI document has it."""
    router.get(
        LISTS.removeprefix("/v1"),
        response_model=bodies.Recommendations,
        responses=failures(404, 409),
        openapi_extra=documented(ListQuery),
    )(list_answer(core, settings))


def list_answer(core: Core, settings: Settings) -> Callable[..., Any]:
    """Return what answers the route of lists, which needs nothing but the request."""

    async def recommendations(request: Request) -> Any:
        """List the best items for a user.

        Somebody unknown gets the most popular ones, and `source` says so.
        """
        user, query = id_of(request.path_params["user"]), read(ListQuery, request)
        if query.plain and core.answers_quickly(user, query.model):
            return _page(core, settings, user, query)
        return await run_in_threadpool(_page, core, settings, user, query)

    return recommendations


def session_routes(router: APIRouter, core: Core) -> None:
    """Add the routes of lists for somebody known by ratings alone, and of two lists side by side."""

    @router.post("/recommendations", response_model=bodies.Recommendations, responses=failures(404))
    def session(body: bodies.SessionIn) -> Any:
        """List the best items for somebody who is known by the ratings sent along; nothing is kept."""
        if not 1 <= body.n <= MOST_ITEMS:
            raise ArgumentError("n", f"be 1 to {MOST_ITEMS}", f"{body.n}")
        ratings: dict[str, float] = {}
        for row in body.ratings:
            if row.item in ratings:
                got = f"item {row.item!r} twice"
                raise ArgumentError("ratings", "not repeat an item", got, "Keep one of its ratings.")
            ratings[row.item] = row.rating
        return reply(_listed(core.recommend(ratings=ratings, explain=body.explain, **_how(body))))

    @router.get("/compare", response_model=Comparison, responses=failures(404))
    def compare(user: str, models: str, n: Annotated[int, Query(ge=1, le=MOST_ITEMS)] = 10) -> Any:
        """Set the lists of two models for one user side by side; `models` names them with a comma between."""
        names = models.split(",")
        if len(names) != 2:
            raise ArgumentError("models", "be two ids with a comma between", f"{models!r}")
        return reply(core.now().compare(check_user(user), names[0], names[1], n=n))


def _page(core: Core, settings: Settings, user: str, query: ListQuery) -> Any:
    """Answer one page: the first, or the one that a cursor points at.

    If the list is another by now, the answer is 409 with a fresh first page.
    """
    cursor = query.cursor
    how = {**_how(query), "exclude_seen": query.exclude_seen, "explain": _explain(query.explain)}
    listed = [getattr(query, name) for name in (*_LISTED, "exclude_seen")]
    asked = [user, *listed, query.genre, query.year_from, query.year_to]
    given, offset = (None, 0) if cursor is None else read_cursor(settings.secret, cursor)
    answer = core.recommend(user, offset=offset, **how)
    state = _state(asked, answer)
    fresh = given is not None and given != state
    if fresh:
        answer, offset = core.recommend(user, offset=0, **how), 0
        state = _state(asked, answer)
    following = None
    if len(answer.rows) == query.n:
        following = make_cursor(settings.secret, state, offset + query.n)
    return reply(_listed(answer, following, fresh), 409 if fresh else 200)


def _state(asked: Sequence[Any], answer: Answer) -> list[Any]:
    """Return what a list was made from, of values that JSON gives back as they are."""
    return [*asked, answer.model_id, answer.model_version, answer.revision]


def item_routes(router: APIRouter, core: Core) -> None:
    """Add the routes of items."""
    n_items = Annotated[int, Query(ge=1, le=MOST_ITEMS)]

    @router.get("/items", response_model=bodies.ItemsOut, responses=failures(404))
    def search(q: Annotated[str, Query(max_length=256)], n: n_items = 10, model: str | None = None) -> Any:
        """Search items by title, whatever the case and the accents."""
        view, stamp = of_now(core, model)
        return reply(bodies.ItemsOut(*stamp, view.search(q, n, model)))

    @router.get("/items/{item}", response_model=bodies.ItemOut, responses=failures(404))
    def item(item: str, model: str | None = None) -> Any:
        """Tell what is known of an item."""
        view, stamp = of_now(core, model)
        return reply(bodies.ItemOut(*stamp, view.item(id_of(item), model)))

    @router.get("/items/{item}/similar", response_model=bodies.SimilarOut, responses=failures(404))
    def similar(item: str, n: n_items = 10, model: str | None = None) -> Any:
        """List the items most like one."""
        view, stamp = of_now(core, model)
        key = id_of(item)
        return reply(bodies.SimilarOut(*stamp, view.item(key, model), view.similar(key, n, model)))


def user_routes(router: APIRouter, core: Core) -> None:
    """Add the routes of users."""

    @router.get("/users/{user}", response_model=bodies.UserOut, responses=failures(404))
    def user(user: str, model: str | None = None) -> Any:
        """Tell what is known of a user."""
        view, stamp = of_now(core, model)
        found = view.user(id_of(user), model)
        counts = found.n_model_ratings, found.n_live_ratings, found.revision
        return reply(bodies.UserOut(*stamp, found.id, found.source, *counts))

    @router.get("/users/{user}/ratings", response_model=bodies.RatingsOut, responses=failures(404))
    def ratings(user: str, model: str | None = None) -> Any:
        """List what a user rated: live ratings, then those of the model's training that no live one
        replaces.
        """
        view, stamp = of_now(core, model)
        key = id_of(user)
        return reply(bodies.RatingsOut(*stamp, key, view.ratings(key, model)))

    @router.get("/users/{user}/explain/{item}", response_model=Reasons, responses=failures(404))
    def explain(
        user: str, item: str, model: str | None = None, by: Literal["stars", "chosen"] | None = None
    ) -> Any:
        """Explain a prediction: parts that add up to the score."""
        return reply(core.explain(id_of(user), id_of(item), model, by))


def rating_routes(router: APIRouter, core: Core) -> None:
    """Add the routes that change ratings."""

    @router.put("/users/{user}/ratings/{item}", response_model=bodies.Kept, responses=failures(404))
    def rate(user: str, item: str, body: bodies.RatingIn) -> Any:
        """Keep a rating. It is durable when the answer comes; sending it again changes nothing."""
        return reply(bodies.Kept(core.rate(id_of(user), id_of(item), body.rating), 1))

    @router.delete("/users/{user}/ratings/{item}", response_model=bodies.Kept, responses=failures(404))
    def unrate(user: str, item: str) -> Any:
        """Take back a rating, live or of the model's training."""
        return reply(bodies.Kept(core.unrate(id_of(user), id_of(item)), 1))

    @router.delete("/users/{user}", response_model=bodies.ForgottenOut, responses=failures())
    def forget(user: str) -> Any:
        """Forget a user: delete the live ratings, and answer as if the models had never seen the user."""
        found = core.forget(id_of(user))
        return reply(bodies.ForgottenOut(found.user, found.n_deleted, REMAINS))

    @router.post("/ratings:batch", response_model=bodies.Kept, responses=failures(404))
    def batch(body: bodies.BatchIn) -> Any:
        """Keep many ratings, all or none; of a batch that cannot be kept, every wrong row is named."""
        if len(body.ratings) > MOST_ROWS:
            raise ArgumentError("ratings", f"be at most {MOST_ROWS:,} in one batch", f"{len(body.ratings):,}")
        revision = core.rate_many((row.user, row.item, row.rating) for row in body.ratings)
        return reply(bodies.Kept(revision, len(body.ratings)))


def health_routes(router: APIRouter, core: Core, metrics: Metrics) -> None:
    """Add the routes for who runs the service."""

    @router.get("/health/live", response_model=bodies.Live)
    async def live() -> Any:
        """Say that the process answers. It touches neither store nor model."""
        return reply(bodies.Live("live"))

    @router.get("/health/ready", response_model=bodies.Ready, responses={503: {"model": bodies.Ready}})
    def ready() -> Any:
        """Say whether requests may be sent here: the store can be written, and a model is in use."""
        problem = core.store.problem()
        reasons = [] if problem is None else [problem]
        models = [bodies.Stamp(model.id, model.version) for model in core.models]
        said, status = ("not ready", 503) if reasons else ("ready", 200)
        return reply(bodies.Ready(said, reasons, models), status)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 401: {"model": Failure}},
    )
    def counts() -> Any:
        """Give counts and times as Prometheus reads them."""
        return Response(metrics.text(core), media_type="text/plain; version=0.0.4")
