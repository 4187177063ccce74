"""A model of two heads to one file and back: the heads' own arrays and metadata under names of their own.

Ids, ratings and catalog are stored once, with the choice head. Every head is checked as if it were
a file of its own.
"""

import io
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar, cast

import numpy as np

from palate._files import replace_file
from palate.heads.chance import ChanceByPlace
from palate.heads.ranking import TwoHeads
from palate.model.factor_model import FactorModel
from palate.model.file import container
from palate.model.file import loading as model_file
from palate.model.file.errors import Damage, ModelFileError
from palate.model.file.fields import Fields, check_plain, to_json
from palate.model.file.history import put_history, take_history
from palate.model.file.tables import LINEAR
from palate.model.linear_model import LinearModel
from palate.model.recommender_model import RecommenderModel
from palate.model.sum_model import SumModel
from palate.scorer import Scorer

S = TypeVar("S", bound=Scorer)

RECOMMENDER = "recommender"  # what the metadata calls such a model under "kind"
FACTORS, SUM = "factors", "sum"
_CHANCE = ("level", "shift", "slope", "average")


def save_heads(model: RecommenderModel, path: str | os.PathLike[str], *, ratings: bool = True) -> None:
    """Write the model to one file, atomically; see `palate.model.file.loading.save_model`."""
    replace_file(path, _encoded(model, ratings, f"the model cannot be saved as {os.fsdecode(path)}"))


def dumps(model: RecommenderModel) -> bytes:
    """Return the bytes of the model's file, ratings included."""
    return b"".join(_encoded(model, True, "the model cannot be turned into bytes"))


def loads(data: bytes) -> RecommenderModel:
    """Return the model in the bytes of a file; raises ModelFileError for damaged ones."""
    try:
        return unpack(*container.decode(io.BytesIO(data), len(data)))
    except Damage as damage:
        raise ModelFileError(f"the model in memory is not a usable model file: {damage}.") from None


def pack(model: RecommenderModel, ratings: bool = True) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the metadata that stand for a model."""
    tensors: dict[str, np.ndarray] = {}
    heads = model.heads
    metadata = {
        "kind": RECOMMENDER,
        "versions": model_file.versions(),
        "choice": _put(tensors, "choice", heads.choice, ratings),
        "stars": None if heads.stars is None else _put(tensors, "stars", _bare(heads.stars), True),
        "chance": asdict(heads.chance),
        "beta": float(heads.beta),
        "liked_from": float(heads.liked_from) if math.isfinite(heads.liked_from) else None,
        "noise": float(heads.noise),
        "trainer": to_json(model.trainer, "the trainer's parameters", finite=True),
        "history": put_history(model.history),
    }
    return tensors, metadata


def unpack(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> RecommenderModel:
    """Return the model that arrays and metadata stand for, or raise Damage naming what is wrong."""
    fields = Fields(metadata, "its metadata")
    fields.take_choice("kind", (RECOMMENDER,))
    check_plain(fields.take("versions", dict), "'versions' in its metadata")
    left = dict(tensors)
    choice = _take(left, "choice", fields.take("choice", dict))
    about = fields.take("stars", dict | None)
    stars = None if about is None else _dressed(_take(left, "stars", about), choice)
    if left:
        raise Damage(f"tensor {min(left)!r} is of no head")
    chance = _take_chance(fields.take("chance", dict))
    beta, liked_from = fields.take("beta", float), fields.take("liked_from", float | None)
    noise = fields.take("noise", float)
    for name, value in (("beta", beta), ("noise", noise)):
        if not (math.isfinite(value) and value >= 0):
            raise Damage(f"{name!r} in its metadata must be a finite number of at least 0; got {value}")
    trainer = fields.take("trainer", dict)
    check_plain(trainer, "'trainer' in its metadata")
    history = take_history(fields.take("history", dict))
    fields.finish()
    heads = TwoHeads(
        choice=choice,
        stars=stars,
        chance=chance,
        beta=beta,
        liked_from=-np.inf if liked_from is None else liked_from,
        noise=noise,
    )
    return RecommenderModel(
        heads=heads,
        users=choice.users,
        items=choice.items,
        catalog=choice.catalog,
        ratings=choice.ratings,
        trainer=trainer,
        history=history,
        frame_kind=choice.frame_kind,
    )


def _put(tensors: dict[str, np.ndarray], name: str, head: object, ratings: bool) -> dict[str, Any]:
    """Add a head's arrays under `name/...` and return its metadata."""
    if isinstance(head, SumModel):
        parts = [_put(tensors, f"{name}/0", head.parts[0], ratings)]
        parts += [
            _put(tensors, f"{name}/{at}", _bare(part), True)
            for at, part in enumerate(head.parts[1:], start=1)
        ]
        trainer = to_json(head.trainer, "the trainer's parameters", finite=True)
        return {
            "kind": SUM,
            "weights": [float(weight) for weight in head.weights],
            "trainer": trainer,
            "parts": parts,
        }
    if not isinstance(head, LinearModel | FactorModel):
        raise Damage(f"a head of kind {type(head).__name__} has no file format")
    arrays, metadata = model_file.pack(head, ratings)
    if isinstance(head, FactorModel):
        metadata = {"kind": FACTORS, **metadata}
    tensors |= {f"{name}/{key}": array for key, array in arrays.items()}
    return metadata


def _take(left: dict[str, np.ndarray], name: str, metadata: Mapping[str, Any]) -> Any:
    """Return a head, and take its arrays out of `left`."""
    kind = metadata.get("kind")
    if kind == SUM:
        fields = Fields(metadata, f"{name!r} in its metadata")
        fields.take_choice("kind", (SUM,))
        parts, weights, trainer = (
            fields.take("parts", list),
            fields.take("weights", list),
            fields.take("trainer", dict),
        )
        fields.finish()
        check_plain(trainer, f"'trainer' of {name!r} in its metadata")
        if len(parts) != len(weights) or not parts or not all(isinstance(part, dict) for part in parts):
            raise Damage(f"{name!r} in its metadata must have as many parts as weights")
        if not all(isinstance(weight, float) and math.isfinite(weight) for weight in weights):
            raise Damage(f"the weights of {name!r} in its metadata must be finite numbers")
        first = _take(left, f"{name}/0", parts[0])
        others = [
            _dressed(_take(left, f"{name}/{at}", part), first) for at, part in enumerate(parts[1:], start=1)
        ]
        return replace(SumModel.of((first, *others), tuple(weights)), trainer=trainer)
    prefix = f"{name}/"
    own = {key.removeprefix(prefix): left.pop(key) for key in list(left) if key.startswith(prefix)}
    if kind == LINEAR:
        return model_file.model_of(own, metadata)
    if kind == FACTORS:
        return model_file.model_of(own, {key: value for key, value in metadata.items() if key != "kind"})
    raise Damage(
        f"'kind' of {name!r} in its metadata must be {FACTORS!r}, {LINEAR!r} or {SUM!r}; got {kind!r}"
    )


def _bare(head: S) -> S:
    """Return a head without what the choice head keeps for both."""
    return cast(S, replace(cast(Any, head), ratings=None, catalog=None))


def _dressed(head: S, first: Scorer) -> S:
    """Return a head with what the choice head keeps for both."""
    if head.users != first.users or head.items != first.items:
        raise Damage("its heads must have the same users and items")
    shared = {"users": first.users, "items": first.items, "ratings": first.ratings, "catalog": first.catalog}
    return cast(S, replace(cast(Any, head), **shared))


def _take_chance(values: Mapping[str, Any]) -> ChanceByPlace:
    fields = Fields(values, "'chance' in its metadata")
    numbers = {name: fields.take(name, float) for name in _CHANCE}
    fields.finish()
    if (
        not all(math.isfinite(value) for value in numbers.values())
        or numbers["level"] <= 0
        or numbers["shift"] < 0
    ):
        raise Damage("'chance' in its metadata must hold finite numbers, the level above 0")
    return ChanceByPlace(**numbers)


def _encoded(model: RecommenderModel, ratings: bool, what: str) -> list[bytes | memoryview]:
    try:
        tensors, metadata = pack(model, ratings)
        unpack(
            tensors, metadata
        )  # what is saved must load: the same checks now, while the model is still there
        return container.encode(tensors, metadata)
    except Damage as damage:
        raise ModelFileError(f"{what}: {damage}.") from None
