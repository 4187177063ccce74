"""What the core answers with: plain values whose ids are texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STORED, FOLD_IN, POPULAR = "stored", "fold-in", "popular fallback"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model that is served.

    `version` changes with the content of the model file; `kind` is the name of the trainer.
    `levels` are the values among which a rating is chosen, where there are few. `active` says whether
    it answers when no model is named. A model that `knows_uncertainty` takes a
    caution, one that `knows_likeness` a diversity.
    """

    id: str
    version: str
    kind: str
    n_users: int
    n_items: int
    n_ratings: int | None
    scale: tuple[float, float] | None
    levels: tuple[float, ...] | None
    knows_uncertainty: bool
    knows_likeness: bool
    loaded_at: float
    path: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class ItemInfo:
    """What is known of an item; what the catalog does not say is None.

    `more` holds the catalog's other columns.
    """

    id: str
    title: str | None = None
    year: int | None = None
    genres: str | None = None
    n_ratings: int | None = None
    mean_rating: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The title, or the id of an item without one."""
        return self.title or self.id


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score: "mean", "user bias", "item bias", "rating" and others, with what it adds.

    Ratings have their `item` and the `rating` that the user gave it.
    """

    part: str
    contribution: float
    item: ItemInfo | None = None
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a user is predicted what they are predicted: parts that add up to `score`, strongest ratings first.

    `prediction` is what the model says of the pair; it is another number than `score` for models
    whose scores are turned into ratings. `in_words` is the whole explanation as a text.
    """

    user: str
    item: ItemInfo
    model_id: str
    model_version: str
    source: str
    prediction: float
    score: float
    parts: tuple[Part, ...]
    in_words: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One recommended item.

    Parameters
    ----------
    rank : int
        From 1, counted from the first item of the whole list.
    item : ItemInfo
    score : float
        What ranks.
    predicted_rating : float, optional
        In units of the ratings; None of models whose scores are no ratings.
    chance : float, optional
        Probability that the item is chosen, of a model that knows it.
    likely : str, default ""
        The same in words, compared with an item picked at random; empty if it is not known.
    sd, low, high : float, optional
        Standard error of the predicted rating and the 80 % interval, where they were asked for and are known.
    in_words : str, optional
        The interval as a sentence.
    why : tuple of Part
        The user's ratings that count most for this item, where that was asked for: of a model of two
        heads, those that make it likely to be chosen, else those that the predicted rating is due to.
    """

    rank: int
    item: ItemInfo
    score: float
    predicted_rating: float | None = None
    chance: float | None = None
    likely: str = ""
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    in_words: str | None = None
    why: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A list of recommendations, with the model that made it and where it came from.

    `source` is "stored" for a user as the model was trained on them, "fold-in" for one with live
    ratings or with ratings sent along, and "popular fallback" for somebody the model knows nothing
    of. `revision` is that of the user's live ratings.
    """

    model_id: str
    model_version: str
    source: str
    rows: tuple[Row, ...]
    revision: int = 0

    @property
    def items(self) -> tuple[str, ...]:
        """The ids of the items, best first."""
        return tuple(row.item.id for row in self.rows)


@dataclass(frozen=True, slots=True)
class Similar:
    """One item that is like another."""

    rank: int
    item: ItemInfo
    similarity: float


@dataclass(frozen=True, slots=True)
class OwnRating:
    """One rating of a user. `origin` is "model" or "live".

    `state` is "rated" or "seen" (without an opinion).
    """

    item: ItemInfo
    rating: float | None
    state: str
    origin: str
    at: int | None = None
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class UserInfo:
    """What is known of a user. `source` says what a list would be made from; see `Answer`."""

    id: str
    source: str
    n_model_ratings: int
    n_live_ratings: int
    revision: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The lists of two models for one user, and how many items they share."""

    user: str
    first: Answer
    second: Answer
    shared: tuple[str, ...]
