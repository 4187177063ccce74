"""One model as it is served: its ids as texts, its items, its filters, and users folded into it."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from palate._checks import is_number
from palate._recent import Recent
from palate.app.answers import ItemInfo, ModelInfo, Similar
from palate.app.diagnostics import Panel, panels
from palate.app.errors import BadRating, CannotAnswer, UnknownItem
from palate.app.positions import Positions, item_vectors
from palate.app.positions import positions as positions_of
from palate.app.titles import TitleIndex
from palate.data import columns as names
from palate.data.forks import filled
from palate.data.frames import to_polars
from palate.data.matrix import RatingMatrix
from palate.data.scales import outside
from palate.data.vocabulary import Vocabulary
from palate.factors.draws import has_spread
from palate.factors.item_index import item_catalog, item_table, share_items
from palate.lists.filters import Allowed, Filters
from palate.lists.likeness import Likeness, likeness_of
from palate.lists.where import Where
from palate.model.folded import grades_of_model, scale_of
from palate.model.model import Foldable, Model, ScorerModel
from palate.model.user_ratings import UserRatings
from palate.solve.grades import COUNTS

_MASKS = 64  # filters kept ready; an item mask is one byte per item
_INFOS = 100_000  # items whose description is kept ready
_MOST_STEPS = 20  # among which a rating is chosen; a scale with more has no steps
_OWN = {names.ITEM_ID, names.TITLE, names.YEAR, names.GENRES, names.N_RATINGS, names.MEAN_RATING}


class ServedModel:
    """A model with what answering needs, derived once.

    Parameters
    ----------
    model : FactorModel or Model
    model_id, version : str
    path : Path, optional
        The file it came from.
    """

    def __init__(self, model: Model, model_id: str, version: str, path: Path | None = None) -> None:
        self.model = dataclasses.replace(cast(Any, model), frame_kind="polars")
        self.id, self.version, self.path = model_id, version, path
        self.loaded_at = time.time()
        item_catalog(self.model)
        self.table: pl.DataFrame = item_table(self.model)
        self._columns = {column.name: column for column in self.table.get_columns()}
        self._more = [name for name in self.table.columns if name not in _OWN]
        self._masks: Recent[str, Allowed] = Recent(_MASKS)
        self._infos: Recent[int, ItemInfo] = Recent(_INFOS)
        self.list_seconds = float("inf")  # of a plain list; measured when the model is tried

    def __repr__(self) -> str:
        return f"ServedModel({self.id!r}, version {self.version}: {self.model!r})"

    def info(self, active: bool) -> ModelInfo:
        """Return what is told of the model; `active` says whether it answers when none is named."""
        model = self.model
        return ModelInfo(
            id=self.id,
            version=self.version,
            kind=str(model.trainer.get("name", "imported")),
            n_users=len(model.users),
            n_items=len(model.items),
            n_ratings=None if model.ratings is None else len(model.ratings),
            scale=None if model.scale is None else (float(model.scale[0]), float(model.scale[1])),
            levels=None if self.steps is None else tuple(float(level) for level in self.steps),
            knows_uncertainty=has_spread(model.predicts),
            knows_likeness=self.likeness is not None,
            loaded_at=self.loaded_at,
            path=None if self.path is None else str(self.path),
            active=active,
        )

    @cached_property
    def scale(self) -> tuple[float, float] | None:
        """The scale of ratings that the model takes in, be it to predict or to grade them; None for any."""
        grades = grades_of_model(self.model)
        counts = grades is not None and grades.kind == COUNTS
        return (0.0, float("inf")) if counts else scale_of(self.model)

    @cached_property
    def likeness(self) -> Likeness | None:
        """How alike items are, by their positions; None where nothing is known of that."""
        return likeness_of(self.model)

    @property
    def levels(self) -> np.ndarray | None:
        """The values that a rating may have, where the model knows no others."""
        predicts: Any = self.model.predicts
        likelihood = getattr(predicts, "likelihood", None)
        return predicts.levels if likelihood is not None and likelihood.discrete else None

    @cached_property
    def steps(self) -> np.ndarray | None:
        """The values among which a rating is chosen: the levels, or the steps of the scale that all ratings
        are on; None if they are on none.
        """
        scale, ratings = self.model.scale, self.model.ratings
        if self.levels is not None or scale is None or ratings is None or ratings.levels is None:
            return self.levels
        for step in (1.0, 0.5):
            if scale[1] - scale[0] < (_MOST_STEPS - 0.5) * step:
                steps = np.arange(scale[0], scale[1] + step / 2, step)
                if np.isin(ratings.levels, steps).all():
                    return steps
        return None

    # -- ids
    # --------------------------------------------------------------------------------------------------

    def user_index(self, user: str) -> int:
        """Return the row of a user's id as a text, -1 for one the model does not know."""
        return _position(self.model.users, user)

    def find_item(self, item: str) -> int:
        """Return the position of an item's id as a text, -1 for one the model does not know."""
        return self._places.get(item, -1)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {item: place for place, item in enumerate(self.item_ids)}

    def item_index(self, item: str) -> int:
        """Return the position of an item's id as a text; UnknownItem for one the model does not know."""
        found = self.find_item(item)
        if found < 0:
            raise self.unknown_item(item)
        return found

    def unknown_item(self, item: str) -> UnknownItem:
        """Return the error of an item that the model does not know."""
        known = f"which knows {len(self.model.items):,} items"
        return UnknownItem(f"item {item!r} is unknown to model {self.id!r}, {known}.")

    def item_id(self, index: int) -> str:
        """Return the id of an item as a text."""
        return str(self.model.items.id(index))

    @cached_property
    def item_ids(self) -> list[str]:
        """All ids of items as texts, in the order of the model."""
        return [str(value) for value in self.model.items.values.to_list()]

    # -- items
    # --------------------------------------------------------------------------------------------------

    def item(self, index: int) -> ItemInfo:
        """Return what the catalog says of the item at a position."""
        return self._infos.get(index, lambda: self._described(index))

    def _described(self, index: int) -> ItemInfo:
        row = {name: column[index] for name, column in self._columns.items()}
        mean = row.get(names.MEAN_RATING)
        return ItemInfo(
            id=self.item_id(index),
            title=_text(row.get(names.TITLE)),
            year=row.get(names.YEAR),
            genres=_text(row.get(names.GENRES)),
            n_ratings=row.get(names.N_RATINGS),
            mean_rating=None if mean is None or mean != mean else mean,
            more={name: row[name] for name in self._more},
        )

    @cached_property
    def counts(self) -> np.ndarray | None:
        """How often each item was rated, where that is known."""
        column = self._columns.get(names.N_RATINGS)
        return None if column is None else filled(column, 0).to_numpy()

    @cached_property
    def average(self) -> np.ndarray:
        """What somebody of whom nothing is known would think of each item, float32."""
        return np.asarray(self.model.score_items(np.array([-1]))[0], np.float32)

    @cached_property
    def positions(self) -> Positions:
        """Where the items lie on the map; CannotAnswer for a model whose items have no vectors."""
        vectors = item_vectors(self.model)
        if vectors is None:
            raise CannotAnswer(f"model {self.id!r} has no vectors of items, which a map needs.")
        return positions_of(vectors)

    @cached_property
    def panels(self) -> list[Panel]:
        """What the model is like inside, as far as it needs no ratings that were held out."""
        return panels(self.model, None)

    @cached_property
    def titles(self) -> TitleIndex:
        """The titles, ready to be searched."""

        n_items, columns = len(self.model.items), self._columns
        titles, years = (
            columns[name].to_list() if name in columns else [None] * n_items
            for name in (names.TITLE, names.YEAR)
        )
        counts = np.zeros(n_items, np.int64) if self.counts is None else self.counts
        return TitleIndex(self.item_ids, list(map(_text, titles)), years, counts)

    def allowed(self, min_ratings: int, where: Where | None) -> Allowed:
        """Return which items the filters keep; the last filters asked for are kept ready."""
        filters = Filters(min_ratings=min_ratings, where=where)
        # an expression of Polars has no text of its own
        if where is not None and not isinstance(where, str | Mapping):
            return filters.allowed(self.model)
        key = f"{min_ratings!r} {where!r}"
        return self._masks.get(key, lambda: filters.allowed(self.model))

    def similar(self, item: str, n: int) -> list[Similar]:
        """Return the n items most like one, best first; CannotAnswer for a model that cannot tell."""
        index = self.item_index(item)
        if not hasattr(self.model, "similar_items"):
            raise CannotAnswer(f"model {self.id!r} has no similar items.")
        try:
            frame = to_polars(self.model.similar_items(self.model.items.id(index), n))
        except (TypeError, ValueError, AttributeError) as error:
            raise CannotAnswer(f"model {self.id!r} cannot find similar items: {error}") from error
        return [
            Similar(int(rank), self.item(self.item_index(str(other))), float(similarity))
            for rank, other, similarity in frame.select("rank", "item_id", "similarity").rows()
        ]

    def most_alike(self, item: str, among: Sequence[str]) -> tuple[str, float]:
        """Return which of several items is most like one, and how alike the two are: at most 1."""
        if self.likeness is None or not among:
            raise CannotAnswer(f"model {self.id!r} has no similarities of items.")
        others = np.array([self.item_index(other) for other in among], np.int64)
        found = self.likeness(self.item_index(item), others)
        return among[int(found.argmax())], float(found.max())

    # -- users
    # --------------------------------------------------------------------------------------------------

    def can_hold(self, values: Sequence[Any]) -> bool:
        """Return whether `check_rating` would take all of these; it says which one it would not."""
        if not all(type(value) in (int, float) for value in values):
            return False
        given = np.array(values, np.float64)
        if not (np.abs(given) <= float(np.finfo(np.float32).max)).all():
            return False
        given = given.astype(np.float32)
        if self.scale is not None and outside(given, self.scale).any():
            return False
        return self.levels is None or bool(np.isin(given, self.levels).all())

    def checked_ratings(self, values: Sequence[float | None]) -> np.ndarray:
        """Return ratings that this model could take in, float32; BadRating if one is none."""
        if self.can_hold(values):
            return np.array(values, np.float32)
        return np.array([self.check_rating(value) for value in values], np.float32)

    def check_rating(self, value: object) -> float:
        """Return a rating that this model could take in; BadRating for any other."""
        if not is_number(value):
            raise BadRating(f"a rating must be a number; got {value!r}.")
        number = float(value)
        if not abs(number) <= float(np.finfo(np.float32).max):
            raise BadRating(f"a rating must be finite; got {value!r}.")
        if self.scale is not None and outside(np.array([number], np.float32), self.scale).any():
            low, high = self.scale
            must = "a count of at least 0" if high == np.inf else f"within the scale {low:g} to {high:g}"
            raise BadRating(f"a rating must be {must}; got {number:g}.")
        if self.levels is not None and np.float32(number) not in self.levels:
            levels = ", ".join(f"{level:g}" for level in self.levels)
            raise BadRating(f"a rating must be one of the model's levels {levels}; got {number:g}.")
        return number

    def own_ratings(self, row: int) -> UserRatings:
        """Return a user's training ratings, held-out ones among them.

        They are empty for the unknown user or without ratings.
        """
        ratings = self.model.ratings
        if row < 0 or ratings is None:
            return UserRatings.none()
        return UserRatings.stored(ratings, row)

    @property
    def can_fold(self) -> bool:
        """Whether the model can take in somebody new."""
        if isinstance(self.model, ScorerModel):
            return isinstance(self.model.scorer, Foldable)
        return type(self.model).with_users is not Model.with_users

    def folded(self, users: Vocabulary, matrix: RatingMatrix) -> Any:
        """Return the model whose only users have the rows of `matrix`.

        Everything asked of a user can be asked of it.
        """
        if not self.can_fold:
            raise CannotAnswer(f"model {self.id!r} cannot use new ratings. Train again with them.")
        small = self.model.with_users(users, matrix)
        share_items(self.model, small)
        return small


def _position(vocabulary: Vocabulary, text: str) -> int:
    """Return the position of the id that a text stands for, -1 if it is none.

    `7` is written "7" alone, not "07" or "+7".
    """
    try:
        value = vocabulary.parse(text)
    except ValueError:
        return -1
    return -1 if str(value) != text else int(vocabulary._position(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
