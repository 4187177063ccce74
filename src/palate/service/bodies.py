"""What routes take and give beside the core's own answers; the OpenAPI document is made from these."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from palate.app.answers import ItemInfo, ModelInfo, OwnRating, Row, Similar


class _Number:
    """Marks a number in a body: a text is none, and neither is true."""

    @staticmethod
    def __get_pydantic_core_schema__(
        source: object, handler: Callable[[object], dict[str, object]]
    ) -> dict[str, object]:
        """Return the schema by which Pydantic reads it."""
        return {**handler(source), "strict": True}


Number = Annotated[float, _Number()]
Whole = Annotated[int, _Number()]


class Exact:
    """A body in which a name that is not known is an error, and not left out."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass
class RatingIn(Exact):
    """A rating; null says that the user has seen the item and has no opinion."""

    rating: Number | None


@dataclass
class SessionRating(Exact):
    """One rating of somebody who is known by ratings alone."""

    item: str
    rating: Number


@dataclass
class SessionIn(Exact):
    """Ratings of somebody who is known by nothing else, and what list is wanted."""

    ratings: list[SessionRating]
    n: Whole = 10
    model: str | None = None
    caution: Number = 0.0
    diversity: Number = 0.0
    min_ratings: Whole = 0
    genre: list[str] = field(default_factory=list)
    year_from: Whole | None = None
    year_to: Whole | None = None
    explain: list[str] = field(default_factory=list)


@dataclass
class BatchRow(Exact):
    """One rating of a batch."""

    user: str
    item: str
    rating: Number | None


@dataclass
class BatchIn(Exact):
    """Ratings that are kept all together or not at all, at most 1,000."""

    ratings: list[BatchRow]


@dataclass
class Stamp:
    """Which model answered."""

    model_id: str
    model_version: str


@dataclass
class Recommendations:
    """A list. `cursor` is for the next page.

    `fresh` says that a page could not go on, and that this is page 1 of a newer list.
    """

    recommendation_id: str
    model_id: str
    model_version: str
    source: str
    rows: list[Row]
    cursor: str | None = None
    fresh: bool = False


@dataclass
class Kept:
    """What was kept: the revision of the store after it, and of how many ratings."""

    revision: int
    n: int


@dataclass
class ForgottenOut:
    """A user who was deleted; older models contain the user until they are trained again."""

    user: str
    n_deleted: int
    remains: str


@dataclass
class SimilarOut(Stamp):
    """Items like one."""

    item: ItemInfo
    rows: list[Similar]


@dataclass
class ItemsOut(Stamp):
    """Items that fit a search."""

    rows: list[ItemInfo]


@dataclass
class ItemOut(Stamp):
    """One item."""

    item: ItemInfo


@dataclass
class UserOut(Stamp):
    """What is known of a user."""

    id: str
    source: str
    n_model_ratings: int
    n_live_ratings: int
    revision: int


@dataclass
class RatingsOut(Stamp):
    """What a user rated; live ratings first."""

    user: str
    rows: list[OwnRating]


@dataclass
class ModelsOut:
    """The models that are served, and why the last swap failed if it did."""

    models: list[ModelInfo]
    last_failure: str | None = None


@dataclass
class Live:
    """The process answers."""

    status: str


@dataclass
class Ready:
    """Whether the service may be sent requests, and why not."""

    status: str
    reasons: list[str]
    models: list[Stamp]


@dataclass
class ModelIn(Exact):
    """A model file of the service's folder: its name alone, without a path. The model is called by it."""

    file: str
    activate: bool = False


@dataclass
class MapItems(Stamp):
    """The ids of all items, in the order of the positions that `/v1/map` gives."""

    items: list[str]


@dataclass
class PanelOut:
    """One question about a model: `columns` by name, or none where `text` says why."""

    heading: str
    text: str
    columns: dict[str, list[Any]]


@dataclass
class DiagnosticsOut(Stamp):
    """What a model is like inside, and its card."""

    panels: list[PanelOut]
    card: dict[str, str]
