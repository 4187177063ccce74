"""The table of a model of two heads: each head is a model of its own, whose arrays are under the head's name.

Ids, ratings and catalog are stored once, with the choice head. Every head is checked as if it were
a file of its own.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast

import numpy as np

from palate.heads.chance import ChanceByPlace
from palate.heads.ranking import TwoHeads
from palate.model.answers import data_of
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields
from palate.model.file.packing import FACTORS, WEIGHTS, Form
from palate.model.file.parts import finite_from_0
from palate.model.file.schema import ALL, Input, Kind, Members, Output, Plain, Record, Row, Value, Values
from palate.model.file.tables import ORIGIN
from palate.model.recommender_model import RecommenderModel
from palate.model.sum_model import SumModel
from palate.scorer import Scorer

S = TypeVar("S", bound=Scorer)
FACTORS_KIND, SUM = "factors", "sum"  # what the metadata of a head call it, beside the kinds of files
_FORMS = {FACTORS_KIND: FACTORS, WEIGHTS.kind: WEIGHTS}


class Head(Kind[Any]):
    """A head: a model, or a sum of models.

    Its arrays are under its name and a slash. A head with a `first` one, a field that was read
    before, has the ids, ratings and catalog of that, and may be none.
    """

    def __init__(self, first: str = "") -> None:
        self.first = first

    def put(self, out: Output, name: str, value: object) -> None:
        """Add the arrays of the head, and its metadata; null for none."""
        if value is None and self.first:
            out.values[name] = None
            return
        out.values[name] = put_head(out, name, _bare(cast(Scorer, value)) if self.first else value)

    def take(self, given: Input, name: str) -> Any:
        """Return the head."""
        about = given.fields.take(name, dict | None if self.first else dict)
        if about is None:
            return None
        found = take_head(given, name, about)
        return _with_common_parts(found, given.made[self.first]) if self.first else found


class Parts(Kind[tuple[Any, ...]]):
    """The models of a sum, named by their numbers; the first one has what it keeps for all."""

    def put(self, out: Output, name: str, value: tuple[Any, ...]) -> None:
        """Add the models."""
        out.values[name] = [
            put_head(out, str(at), _bare(part) if at else part) for at, part in enumerate(value)
        ]

    def take(self, given: Input, name: str) -> tuple[Any, ...]:
        """Return the models."""
        parts = given.fields.take(name, list)
        if not parts or len(parts) != len(given.made["weights"]):
            raise Damage(f"{given.name!r} in its metadata must have as many parts as weights")
        first, *others = (take_head(given, str(at), about) for at, about in enumerate(parts))
        return first, *(_with_common_parts(other, first) for other in others)


class LikedFrom(Kind[float]):
    """The lowest rating that says that somebody liked an item; null where every rating does."""

    def put(self, out: Output, name: str, value: float) -> None:
        """Set the number."""
        out.values[name] = float(value) if np.isfinite(value) else None

    def take(self, given: Input, name: str) -> float:
        """Return the number."""
        found: float | None = given.fields.take(name, float | None)
        return -np.inf if found is None else found


def put_head(out: Output, name: str, head: object) -> dict[str, Any]:
    """Add the arrays of a model, and return its metadata."""
    if isinstance(head, SumModel):
        values: dict[str, Any] = {"kind": SUM}
        SUM_MODEL.write(Output(out.writer, values, f"{out.prefix}{name}/"), head)
        return values
    kind = next((kind for kind, form in _FORMS.items() if isinstance(head, form.cls)), None)
    if kind is None:
        raise Damage(f"a head of kind {type(head).__name__} has no file format")
    tensors, metadata = _FORMS[kind].pack(head)
    out.writer.tensors |= {f"{out.prefix}{name}/{key}": array for key, array in tensors.items()}
    return {"kind": kind, **metadata}


def take_head(given: Input, name: str, about: object) -> Any:
    """Return the model of this name, of which the metadata say this."""
    fields, prefix = Fields(about, f"{name!r} in its metadata"), f"{given.prefix}{name}/"
    kind = fields.take_choice("kind", (*_FORMS, SUM))
    if kind == SUM:
        found = SUM_MODEL.read(Input(given.reader, fields, {}, prefix, name))
        fields.finish()
        return replace(SumModel.of(found["parts"], found["weights"]), trainer=found["trainer"])
    form = _FORMS[kind]
    metadata = {key: value for key, value in cast(Mapping[str, Any], about).items() if key != "kind"}
    return form.model_of(given.reader.within(prefix), {**({"kind": kind} if form.kind else {}), **metadata})


def _bare(head: S) -> S:
    """Return a head without what the first head keeps for both."""
    return cast(S, replace(cast(Any, head), ratings=None, catalog=None))


def _with_common_parts(head: S, first: Scorer) -> S:
    """Return a head with what the first head keeps for both."""
    if head.users != first.users or head.items != first.items:
        raise Damage("its heads must have the same users and items")
    shared = {"users": first.users, "items": first.items, "ratings": first.ratings, "catalog": first.catalog}
    return cast(S, replace(cast(Any, head), **shared))


def _check_chance(found: Values, given: Input) -> None:
    if found["level"] <= 0 or found["shift"] < 0 or found.get("usual", 1.0) <= 0:
        raise Damage("'chance' in its metadata must have a level and usual above 0 and a shift of at least 0")


_NOT_NEGATIVE = Value[float](float, finite_from_0, "a finite number of at least 0")
SUM_MODEL: Record[Values] = Record(
    dict,
    Row("weights", Value(tuple[float, ...], lambda values: np.isfinite(values).all(), "finite numbers")),
    Row("trainer", Plain("the trainer's parameters")),
    Row("parts", Parts()),
)
CHANCE = Record(ChanceByPlace, Row(ALL, Members(ChanceByPlace)), check=_check_chance)
RECOMMENDER_MODEL: Record[Values] = Record(
    dict,
    Row("heads.choice", Head(), "choice"),
    Row("heads.stars", Head(first="heads.choice"), "stars"),
    Row("heads.chance", CHANCE, "chance"),
    Row("heads.beta", _NOT_NEGATIVE, "beta"),
    Row("heads.liked_from", LikedFrom(), "liked_from"),
    Row("heads.noise", _NOT_NEGATIVE, "noise"),
    *ORIGIN,
)


def _recommender(**found: object) -> RecommenderModel:
    heads: dict[str, Any] = {name: found.pop(name) for name in list(found) if name.startswith("heads.")}
    choice = heads["heads.choice"]
    two = TwoHeads(**{name.removeprefix("heads."): part for name, part in heads.items()})
    rest: dict[str, Any] = found
    return RecommenderModel(heads=two, **data_of(choice), **rest)


def _without_ratings(head: object) -> Any:
    """Return a head without its ratings, see `Form.bare`."""
    if isinstance(head, SumModel):
        return replace(head, parts=tuple(map(_without_ratings, head.parts)), ratings=None)
    form = next((form for form in _FORMS.values() if isinstance(head, form.cls)), None)
    return head if form is None else form.bare(head)


def _bare_heads(model: RecommenderModel) -> RecommenderModel:
    heads = model.heads
    choice, stars = (_without_ratings(head) for head in (heads.choice, heads.stars))
    return replace(model, heads=replace(heads, choice=choice, stars=stars), ratings=None)


HEADS = Form("recommender", RecommenderModel, RECOMMENDER_MODEL, _recommender, _bare_heads, names_axes=False)
