"""The core: models, live ratings, lists and explanations, beneath the explorer and the service alike."""

import copy
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from palate._checks import ArgumentError
from palate.app.activating import load_file, memory_allows, version_of_object, warmed_up
from palate.app.answers import (
    Answer,
    Comparison,
    ItemInfo,
    ModelInfo,
    OwnRating,
    Reasons,
    Similar,
    UserInfo,
)
from palate.app.diagnostics import Panel, card
from palate.app.errors import ActivationError, BadRows, CannotAnswer, UnknownItem, UnknownModel, UnknownUser
from palate.app.explaining import reasons
from palate.app.listing import EXPLAIN, UNCERTAINTY, WHY, best, with_reasons, with_uncertainty
from palate.app.people import People
from palate.app.positions import Positions
from palate.app.served import ServedModel
from palate.data.frames import to_polars
from palate.lists.recommending import check_n
from palate.lists.where import Where
from palate.model.model import Model
from palate.store.changes import RATED, REMOVED, Change, Forgotten, RatingStore
from palate.store.memory import MemoryStore


@dataclass(frozen=True)
class _State:
    """Everything a question reads, replaced as a whole: a question that has begun goes on with what
    it began with.
    """

    people: Mapping[str, People]
    active: str


QUICK = 0.003  # seconds


class Core:
    """Models, live ratings, and every question that the explorer and the service answer.

    Ids of users, items and models are texts. All methods may be called from several threads at
    once; a question is answered by one model from beginning to end, also while another one is taken
    into use.

    Parameters
    ----------
    models : mapping of str to model
        By the id each is called by; the first one answers when no model is named.
    store : RatingStore, optional
        Where live ratings are kept; in memory alone when None.

    Examples
    --------
    >>> from palate import LeastSquares, Ratings
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
    ... )
    >>> core = Core({"films": LeastSquares(n_factors=2).fit(ratings, validation=0)})
    >>> core.recommend("al").items, core.recommend("al").source
    (('3',), 'stored')
    >>> revision = core.rate("dee", "1", 4.0)
    >>> answer = core.recommend("dee")
    >>> answer.source, sorted(answer.items)
    ('fold-in', ['2', '3'])
    >>> core.recommend("nobody").source
    'popular fallback'
    """

    def __init__(self, models: Mapping[str, Any], *, store: RatingStore | None = None) -> None:
        served = [
            ServedModel(model, model_id, version_of_object(model)) for model_id, model in models.items()
        ]
        self._start(served, store)

    @classmethod
    def open(cls, paths: Sequence[Path | str], *, store: RatingStore | None = None) -> "Core":
        """Return the core of model files, each called by its file name without the ending; the
        first one is active.

        Raises
        ------
        ValueError
            If there is no file, or two have one name.
        ModelFileError, OSError
            If one cannot be read.
        """
        files = [Path(path) for path in paths]
        ids = [path.stem for path in files]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(
                f"models must have different file names, which are their ids; {twice[0]!r} appears twice."
            )
        core = cls.__new__(cls)
        core._start([load_file(path, path.stem) for path in files], store)
        return core

    def _start(self, served: list[ServedModel], store: RatingStore | None) -> None:
        if not served:
            raise ArgumentError("a core", "have at least one model", "none")
        self.store: RatingStore = MemoryStore() if store is None else store
        self._changing = threading.Lock()
        self.n_swaps = 0
        self.last_failure: str | None = None
        people: dict[str, People] = {}
        for one in served:
            _check_same_scale([*(p.served for p in people.values()), one])
            people[one.id] = warmed_up(People(one, self.store))
        self._state = _State(MappingProxyType(people), served[0].id)

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    # -- models
    # --------------------------------------------------------------------------------------------------

    @property
    def models(self) -> list[ModelInfo]:
        """The models, in the order in which they were given."""
        state = self._state
        return [people.served.info(name == state.active) for name, people in state.people.items()]

    def now(self) -> "Core":
        """Return a view of this core that goes on with the models of now: several questions asked
        of it are answered by the same ones.
        """
        return copy.copy(self)

    def model(self, model: str | None = None) -> Any:
        """Return the palate model of this id (the active one when None), for what the core has no
        question for.
        """
        return self._people(model).served.model

    def model_info(self, model: str | None = None) -> ModelInfo:
        """Return what is told of a model."""
        state = self._state
        people = self._people(model)
        return people.served.info(people.served.id == state.active)

    def activate(
        self, model_id: str, path: Path | str | None = None, *, make_active: bool = True
    ) -> ModelInfo:
        """Take a model file into use: load it, fold the live users into it, try it, and put it in
        place at once.

        Parameters
        ----------
        model_id : str
            Of a model that is served; a new one needs a path.
        path : path, optional
            The file; the model's own when None, read again.
        make_active : bool, default True
            Whether it answers from now on when no model is named.

        Raises
        ------
        UnknownModel
            If there is no such model and no path.
        ActivationError
            If anything fails; the models that were there go on answering.
        """
        with self._changing:
            state = self._state
            old = state.people.get(model_id)
            if old is None and path is None:
                raise UnknownModel(self._no_model(model_id))
            source = Path(path) if path is not None else old.served.path if old is not None else None
            try:
                new = self._prepared(model_id, source, old)
            except Exception as error:
                self.last_failure = f"model {model_id!r} could not be used: {error}"
                kept = "" if old is None else f" Version {old.served.version} stays in use."
                raise ActivationError(f"{self.last_failure}{kept}") from error
            people = MappingProxyType({**state.people, model_id: new})
            self._state = _State(people, model_id if make_active else state.active)
            self.n_swaps += 1
            self.last_failure = None
            return new.served.info(self._state.active == model_id)

    def add(self, model_id: str, model: Model, *, make_active: bool = False) -> ModelInfo:
        """Serve a model that is in memory, in place of one of this id if there is one."""
        with self._changing:
            state = self._state
            new = self._ready(ServedModel(model, model_id, version_of_object(model)))
            self._state = _State(
                MappingProxyType({**state.people, model_id: new}), model_id if make_active else state.active
            )
            return new.served.info(self._state.active == model_id)

    def _prepared(self, model_id: str, source: Path | None, old: People | None) -> People:
        if source is None:
            if old is None:
                raise UnknownModel(self._no_model(model_id))
            return old  # made in memory: there is nothing to read again
        memory_allows(source)
        served = load_file(source, model_id)
        if old is not None and served.version == old.served.version and source == old.served.path:
            return old
        return self._ready(served)

    def _ready(self, served: ServedModel) -> People:
        others = [people.served for name, people in self._state.people.items() if name != served.id]
        _check_same_scale([*others, served])
        return warmed_up(People(served, self.store))

    def _people(self, model: str | None) -> People:
        state = self._state
        found = state.people.get(state.active if model is None else model)
        if found is None:
            raise UnknownModel(self._no_model(str(model)))
        return found

    def _no_model(self, model_id: str) -> str:
        return f"there is no model {model_id!r}; there are {', '.join(map(repr, self._state.people))}."

    # -- lists
    # --------------------------------------------------------------------------------------------------

    def recommend(
        self,
        user: str | None = None,
        *,
        ratings: Mapping[str, float] | None = None,
        n: int = 10,
        model: str | None = None,
        caution: float = 0.0,
        min_ratings: int = 0,
        where: Where | None = None,
        exclude_seen: bool = True,
        offset: int = 0,
        explain: Sequence[str] = (),
        diversity: float = 0.0,
    ) -> Answer:
        """Return the best items of a user, or of somebody known by ratings alone.

        Parameters
        ----------
        user : str, optional
            Live ratings count beside those of the training. Somebody unknown gets the most-rated items.
        ratings : mapping of item to rating, optional
            Instead of a user.
        n, caution, min_ratings, where, exclude_seen, diversity
            As in `FactorModel.recommend`. What was rated or marked live never comes back, even
            without `exclude_seen`.
        model : str, optional
            The active one when None.
        offset : int, default 0
            How many items of the list to leave out at its beginning.
        explain : sequence of {"why", "uncertainty"}
            What to add to each row.

        Raises
        ------
        UnknownModel, UnknownItem
            If there is no such model, or an item of `ratings` is none of the model's.
        ValueError
            If an argument is out of range, or the model cannot answer.
        """
        asking = [name for name in explain if name not in EXPLAIN]
        if asking:
            raise ArgumentError("explain", f"be of {', '.join(map(repr, EXPLAIN))}", f"{asking[0]!r}")
        people = self._people(model)
        asked = self._asked(people, user, ratings)
        rows = best(people.served, asked, n, caution, min_ratings, where, exclude_seen, offset, diversity)
        if UNCERTAINTY in explain:
            rows = with_uncertainty(people.served, asked, rows)
        if WHY in explain:
            rows = with_reasons(people.served, asked, rows)
        revision = 0 if user is None else self.store.revision_of(user)
        return Answer(people.served.id, people.served.version, asked.source, tuple(rows), revision)

    def _asked(self, people: People, user: str | None, ratings: Mapping[str, float] | None) -> Any:
        if (user is None) == (ratings is None):
            raise ValueError(
                "a list needs either a user or ratings; got " + ("both." if user else "neither.")
            )
        return people.known(user) if user is not None else people.stranger(ratings or {})

    def answers_quickly(self, user: str, model: str | None = None) -> bool:
        """Return whether a plain list of this user takes too little to be worth another thread."""
        people = self._people(model)
        return people.served.list_seconds < QUICK and people.is_ready(user)

    def compare(self, user: str, first: str, second: str, *, n: int = 10) -> Comparison:
        """Return the lists of two models for one user, with `n` items each."""
        one, two = (self.recommend(user, model=name, n=n) for name in (first, second))
        return Comparison(user, one, two, tuple(item for item in one.items if item in set(two.items)))

    def similar(self, item: str, n: int = 10, model: str | None = None) -> list[Similar]:
        """Return the n items most like one, best first."""
        served, n = self._people(model).served, check_n(n)
        index = served.item_index(item)
        if not hasattr(served.model, "similar_items"):
            raise CannotAnswer(f"model {served.id!r} has no similar items.")
        try:
            frame = to_polars(served.model.similar_items(served.model.items.id(index), n))
        except (TypeError, ValueError, AttributeError) as error:
            raise CannotAnswer(f"model {served.id!r} cannot find similar items: {error}") from error
        return [
            Similar(
                int(row["rank"]),
                served.item(served.item_index(str(row["item_id"]))),
                float(row["similarity"]),
            )
            for row in frame.select("rank", "item_id", "similarity").to_dicts()
        ]

    def most_alike(self, item: str, among: Sequence[str], model: str | None = None) -> tuple[str, float]:
        """Return which of several items is most like one, and how alike the two are: at most 1.

        UnknownItem if the model does not know one of them, CannotAnswer where it knows of no likeness.
        """
        served = self._people(model).served
        if served.likeness is None or not among:
            raise CannotAnswer(f"model {served.id!r} does not know how alike its items are.")
        others = np.array([served.item_index(other) for other in among], np.int64)
        found = served.likeness(served.item_index(item), others)
        return among[int(found.argmax())], float(found.max())

    def explain(self, user: str, item: str, model: str | None = None) -> Reasons:
        """Return what the prediction of an item for a user is made of, live ratings included.

        Raises UnknownItem, or CannotAnswer where nothing is known of the user or the model cannot explain.
        """
        people = self._people(model)
        return reasons(people.served, people.known(user), item, user)

    # -- items and users
    # ---------------------------------------------------------------------------------------------------

    def search(self, query: str, n: int = 10, model: str | None = None) -> list[ItemInfo]:
        """Return the items whose titles fit a query, whatever its case and accents, the best known
        first; an id fits, too.
        """
        served, n = self._people(model).served, check_n(n)
        return [served.item(int(at)) for at in served.titles.search(query, n)]

    def item(self, item: str, model: str | None = None) -> ItemInfo:
        """Return what is known of an item; UnknownItem if the model does not know it."""
        served = self._people(model).served
        return served.item(served.item_index(item))

    def user(self, user: str, model: str | None = None) -> UserInfo:
        """Return what is known of a user; UnknownUser if that is nothing."""
        people = self._people(model)
        live, row = self.store.of(user), people.stored_row(user)
        if not live and row < 0:
            raise UnknownUser(
                f"user {user!r} is unknown: neither in model {people.served.id!r} nor with live ratings."
            )
        n_live = sum(rating.state != REMOVED for rating in live.values())
        return UserInfo(
            id=user,
            source=people.known(user).source,
            n_model_ratings=len(people.served.own_ratings(row)[0]),
            n_live_ratings=n_live,
            revision=self.store.revision_of(user),
        )

    def ratings(self, user: str, model: str | None = None) -> list[OwnRating]:
        """Return what a user rated: live ratings, latest first, then those of the model's training,
        highest first. Live ones win.

        UnknownUser if nothing is known of the user.
        """
        people = self._people(model)
        served, row, live = people.served, people.stored_row(user), self.store.of(user)
        if not live and row < 0:
            raise UnknownUser(
                f"user {user!r} is unknown: neither in model {served.id!r} nor with live ratings."
            )
        out = []
        for item, rating in sorted(live.items(), key=lambda pair: -pair[1].revision):
            if rating.state != REMOVED:
                index = served.find_item(item)
                about = ItemInfo(item) if index < 0 else served.item(index)
                out.append(OwnRating(about, rating.value, rating.state, "live", rating.at))
        if row >= 0 and served.model.ratings is not None:
            items, values, held_out = served.model.ratings.row(row)
            for at in sorted(range(len(items)), key=lambda at: -values[at]):
                about = served.item(int(items[at]))
                if about.id not in live:
                    out.append(
                        OwnRating(about, float(values[at]), RATED, "model", held_out=bool(held_out[at]))
                    )
        return out

    def positions(self, model: str | None = None) -> Positions:
        """Return where the items lie on the map, in the order of `item_ids`; CannotAnswer without vectors."""
        return self._people(model).served.positions

    def item_ids(self, model: str | None = None) -> list[str]:
        """Return the ids of all items, in the order of the model."""
        return self._people(model).served.item_ids

    def diagnostics(self, model: str | None = None) -> tuple[list[Panel], list[tuple[str, str]]]:
        """Return what a model is like inside, panel by panel, and its card. Made once for each version."""
        served = self._people(model).served
        return served.panels, card(served.model)

    # -- live ratings
    # ------------------------------------------------------------------------------------------------------

    def rate(self, user: str, item: str, rating: float | None) -> int:
        """Keep a rating, or with None that the user has seen the item and has no opinion; return
        the user's revision.

        It is durable when this returns. The same again changes nothing that anybody sees, so that
        trying again is safe.

        Raises
        ------
        UnknownItem
            If the active model does not know the item.
        BadRating
            If the rating is not finite, off the scale, or none of the levels.
        StoreError
            If the store cannot be written; then nothing was kept.
        """
        return self.store.write([self._change(user, item, rating)])

    def rate_many(self, rows: Iterable[tuple[str, str, float | None]]) -> int:
        """Keep all of these ratings (user, item, rating) or none; return the store's revision.

        Raises
        ------
        BadRows
            With every row that cannot be kept.
        StoreError
            If the store cannot be written.
        """
        given = list(rows)
        if self._can_keep(given):
            return self.store.write(
                [Change(user, item, None if value is None else float(value)) for user, item, value in given]
            )
        changes, problems = [], []
        for place, (user, item, rating) in enumerate(given):
            try:
                changes.append(self._change(user, item, rating))
            except (LookupError, ValueError) as error:
                problems.append((place, str(error)))
        if problems:
            raise BadRows(problems)
        return self.store.write(changes)

    def _can_keep(self, rows: Sequence[tuple[str, str, float | None]]) -> bool:
        """Return whether `_change` would take all of these, which is quick to see of many at once."""
        served = self._people(None).served
        for user in {user for user, _, _ in rows}:
            try:
                check_user(user)
            except ValueError:
                return False
        known = all(served.find_item(item) >= 0 for _, item, _ in rows)
        return known and served.can_hold([rating for _, _, rating in rows if rating is not None])

    def _change(self, user: str, item: str, rating: float | None) -> Change:
        served = self._people(None).served
        check_user(user)
        if served.find_item(item) < 0 and not any(
            p.served.find_item(item) >= 0 for p in self._state.people.values()
        ):
            raise UnknownItem(
                f"item {item!r} is unknown to model {served.id!r}, which knows {len(served.model.items):,} "
                f"items."
            )
        return Change(user, item, None if rating is None else served.check_rating(rating))

    def unrate(self, user: str, item: str) -> int:
        """Take back a rating, live or of the model's training; the item may be recommended again.
        Return the user's revision.
        """
        check_user(user)
        if item not in self.store.of(user):
            self._people(None).served.item_index(item)
        return self.store.write([Change(user, item, removed=True)])

    def forget(self, user: str) -> Forgotten:
        """Delete what a user rated live, and answer from now on as if the models had never seen the user."""
        check_user(user)
        return self.store.forget(user)


MOST_BYTES = 256  # of an id


def check_user(user: str) -> str:
    """Return a user's id if it is a text of 1 to 256 bytes in UTF-8."""
    try:
        size = len(user.encode("utf-8"))
    except UnicodeEncodeError:
        raise ArgumentError("an id", "be valid Unicode", f"{user!r}") from None
    if not 0 < size <= MOST_BYTES or "\0" in user:
        raise ArgumentError(
            "an id", f"have 1 to {MOST_BYTES} bytes in UTF-8, none of them zero", f"one of {size:,} bytes"
        )
    return user


def _check_same_scale(models: Sequence[ServedModel]) -> None:
    """Refuse models whose ratings have different scales: one live rating is told to all of them."""
    scaled = [served for served in models if served.model.scale is not None]
    for served in scaled[1:]:
        if served.model.scale != scaled[0].model.scale:
            raise ValueError(
                f"models served together must be of one rating scale; {scaled[0].id!r} has "
                f"{scaled[0].model.scale}, "
                f"{served.id!r} has {served.model.scale}. Serve them apart."
            )
