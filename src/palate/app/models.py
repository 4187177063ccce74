"""The models that are served: which there are, which one answers, and how one takes another's place."""

import copy
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from palate._checks import ArgumentError
from palate.app.activating import load_file, memory_allows, version_of_object, warmed_up
from palate.app.answers import ModelInfo
from palate.app.errors import ActivationError, UnknownModel
from palate.app.people import People
from palate.app.served import ServedModel
from palate.model.model import Model
from palate.store.mirror import RatingStore

_LOG = logging.getLogger(__name__)
SHARE = 0.5  # of the time that users are folded in while others are answered


@dataclass(frozen=True)
class _State:
    """Everything a question reads, replaced as a whole.

    A question that has begun goes on with what it began with.
    """

    people: Mapping[str, People]
    active: str


class Models:
    """The models by id, each with the users of one store; safe to share between threads.

    Parameters
    ----------
    served : sequence of ServedModel
        The first one answers when no model is named.
    store : RatingStore
    """

    def __init__(self, served: Sequence[ServedModel], store: RatingStore) -> None:
        if not served:
            raise ArgumentError("a core", "have at least one model", "none")
        self.store = store
        self._changing = threading.Lock()
        self.n_swaps = 0  # how many times a model was taken into use since the start
        self.last_failure: str | None = None  # why the last model could not be taken into use
        people: dict[str, People] = {}
        for one in served:
            _check_same_scale([*(p.served for p in people.values()), one])
            people[one.id] = warmed_up(People(one, store))
        self._state = _State(MappingProxyType(people), served[0].id)

    def now(self) -> Self:
        """Return a view with the models of now, which answer several questions alike."""
        return copy.copy(self)

    @property
    def models(self) -> list[ModelInfo]:
        """The models, in the order in which they were given."""
        state = self._state
        return [people.served.info(name == state.active) for name, people in state.people.items()]

    def model_info(self, model: str | None = None) -> ModelInfo:
        """Return what is told of one model, the active one when None."""
        state = self._state
        people = self.people(model)
        return people.served.info(people.served.id == state.active)

    def people(self, model: str | None) -> People:
        """Return the users of a model, of the active one when None; UnknownModel if there is none."""
        state = self._state
        found = state.people.get(state.active if model is None else model)
        if found is None:
            there = ", ".join(map(repr, state.people))
            raise UnknownModel(f"there is no model {str(model)!r}; there are {there}.")
        return found

    def any_knows(self, item: str) -> bool:
        """Return whether one of the models knows an item."""
        return any(people.served.find_item(item) >= 0 for people in self._state.people.values())

    def activate(
        self, model_id: str, path: Path | str | None = None, *, make_active: bool = True
    ) -> ModelInfo:
        """Load a model file, fold the live users into the model, try it, and put it in place at once.

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
            old = self._state.people.get(model_id)
            source = self.people(model_id).served.path if path is None else Path(path)
            try:
                new = self._prepared(model_id, source, old)
            except Exception as error:
                self.last_failure = f"model {model_id!r} could not be used: {_said(error)}"
                kept = "" if old is None else f" Version {old.served.version} stays in use."
                _LOG.error("%s%s", self.last_failure, kept)
                raise ActivationError(f"{self.last_failure}{kept}") from error
            before, info = self._state.active, self._put(new, make_active)
            if new is not old:
                self.n_swaps += 1
                _LOG.info("model %r now has version %s", info.id, info.version)
            if info.active and before != info.id:
                _LOG.info("model %r is now the default model", info.id)
            self.last_failure = None
            return info

    def add(self, model_id: str, model: Model, *, make_active: bool = False) -> ModelInfo:
        """Serve a model that is in memory, in place of one of this id if there is one."""
        with self._changing:
            served = ServedModel(model, model_id, version_of_object(model))
            return self._put(self._ready(served), make_active)

    def _put(self, people: People, make_active: bool) -> ModelInfo:
        """Put a model in place by one assignment."""
        state, name = self._state, people.served.id
        active = name if make_active else state.active
        self._state = _State(MappingProxyType({**state.people, name: people}), active)
        return people.served.info(active == name)

    def _prepared(self, model_id: str, source: Path | None, old: People | None) -> People:
        if source is None:  # made in memory: there is nothing to read again
            return self.people(model_id)
        memory_allows(source)
        served = load_file(source, model_id)
        if old is not None and served.version == old.served.version and source == old.served.path:
            return old
        return self._ready(served)

    def _ready(self, served: ServedModel) -> People:
        others = [people.served for name, people in self._state.people.items() if name != served.id]
        _check_same_scale([*others, served])
        return warmed_up(People(served, self.store), SHARE)


def _said(error: Exception) -> str:
    """Return an error as a sentence; one of the system has none of its own."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename} cannot be read: {error.strerror}."
    return str(error)


def _check_same_scale(models: Sequence[ServedModel]) -> None:
    """Refuse models whose ratings have different scales: one live rating is told to all of them."""
    scaled = [served for served in models if served.model.scale is not None]
    for served in scaled[1:]:
        if served.model.scale != scaled[0].model.scale:
            scales = f"{scaled[0].id!r} has {scaled[0].model.scale}, {served.id!r} has {served.model.scale}"
            raise ValueError(
                f"models served together must have the same rating scale; {scales}. Serve them apart."
            )
