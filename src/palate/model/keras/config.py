"""The layers in the description of a Keras model, checked to be those of a factorization.

Nothing is built from the description.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from palate._checks import is_number
from palate.model.file.errors import Damage
from palate.model.file.json import parse_json, quoted

USER, ITEM, USER_BIAS, ITEM_BIAS = "user_embedding", "movie_embedding", "user_bias", "movie_bias"
NEEDED, OPTIONAL = (USER, ITEM), (USER_BIAS, ITEM_BIAS)
_EMBEDDING = "Embedding"
# Layers that leave the sum `bias + bias + factors . factors` what it is.
_HARMLESS = ("InputLayer", _EMBEDDING, "Dropout", "SpatialDropout1D", "Dot", "Flatten", "Reshape", "Add")
_SHOWN = 12


@dataclass(frozen=True)
class KerasLayer:
    """One layer of a model's description."""

    name: str
    kind: str
    config: dict[str, Any]
    inputs: frozenset[str] = frozenset()

    def penalty(self) -> tuple[float, float]:
        """Return the strengths (l1, l2) of the penalty on an embedding."""
        outer = self.config.get("embeddings_regularizer")
        inner = outer.get("config") if isinstance(outer, dict) else None
        given = inner if isinstance(inner, dict) else {}
        return _strength(given.get("l1")), _strength(given.get("l2"))


@dataclass(frozen=True)
class KerasPlan:
    """The layers of a model, in the order of its description; empty for a file of weights alone."""

    layers: tuple[KerasLayer, ...] = field(default=())

    def layer(self, name: str) -> KerasLayer | None:
        """Return the layer of a name."""
        return next((layer for layer in self.layers if layer.name == name), None)

    @property
    def dropout(self) -> float:
        """The rate of dropout on both embeddings; 0 if they differ, are absent or make no sense."""
        rates = {_strength(layer.config.get("rate")) for layer in self.layers if layer.kind == "Dropout"}
        rate = rates.pop() if len(rates) == 1 else 0.0
        return rate if rate < 1 else 0.0

    def counters(self) -> dict[str, str]:
        """Return the group of each layer's weights in a Keras 3 file: its class in snake case.

        Layers of one class are numbered from the second on.
        """
        seen: Counter[str] = Counter()
        groups = {}
        for layer in self.layers:
            base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", layer.kind).lower()
            groups[layer.name] = f"{base}_{seen[base]}" if seen[base] else base
            seen[base] += 1
        return groups


def read_plan(text: str, what: str) -> KerasPlan:
    """Return the layers that a model's description in JSON names.

    Raises
    ------
    Damage
        If it describes no model of layers, one with layers that run code or are foreign to a
        factorization, or one whose layers feed each other in a circle.
    """
    model = parse_json(text, what)
    config = model.get("config")
    entries = config.get("layers") if isinstance(config, dict) else None
    if not isinstance(entries, list):
        raise Damage(f"{what} must describe a model of layers; got {quoted(model.get('class_name'))}")
    layers = tuple(_layer(entry, what) for entry in entries)
    names = [layer.name for layer in layers]
    if len(set(names)) < len(names):
        repeated = Counter(names).most_common(1)[0][0]
        raise Damage(f"{what} must name each layer once; got {quoted(repeated)} twice")
    plan = KerasPlan(layers)
    check_present(names)
    for layer in layers:
        _check_kind(layer)
    _check_order(layers)
    return plan


def check_present(names: list[str]) -> None:
    """Check that the layers of the lesson's models are among the names."""
    missing = [name for name in NEEDED if name not in names]
    if missing:
        shown = ", ".join(quoted(name) for name in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
        raise Damage(f"it must have layers named {' and '.join(map(repr, NEEDED))}; got {shown or 'none'}")


def _layer(entry: Any, what: str) -> KerasLayer:
    config = entry.get("config") if isinstance(entry, dict) else None
    if not isinstance(config, dict):
        raise Damage(f"{what} must describe each layer; got {quoted(entry)}")
    name, kind = entry.get("name", config.get("name")), entry.get("class_name")
    if not isinstance(name, str) or not isinstance(kind, str):
        raise Damage(f"{what} must give each layer a name and a class; got {quoted(name)} and {quoted(kind)}")
    return KerasLayer(name, kind, config, frozenset(_sources(entry.get("inbound_nodes"))))


def _sources(nodes: object) -> Iterator[str]:
    """Yield the names of the layers that feed a layer, in old files and new ones.

    They are in lists `[name, number, number, ...]`.
    """
    open_ = [nodes]
    while open_:
        match open_.pop():
            case dict(values):
                open_.extend(values.values())
            case [str(name), int(), int(), *_]:
                yield name
            case list(values):
                open_.extend(values)


def _check_kind(layer: KerasLayer) -> None:
    named = f"layer {quoted(layer.name)}"
    if layer.kind == "Lambda":
        what = "a Lambda layer, which holds code; no code in a file is ever run"
        raise Damage(f"{named} is {what}, so it is no model to read")
    if layer.kind not in _HARMLESS:
        what = f"of class {quoted(layer.kind)}; a matrix factorization has only {', '.join(_HARMLESS)}"
        raise Damage(f"{named} is {what}. A network of other layers cannot become a FactorModel")
    if layer.name in (*NEEDED, *OPTIONAL) and layer.kind != _EMBEDDING:
        raise Damage(f"{named} must be of class {_EMBEDDING}; got {layer.kind}")
    if layer.kind == _EMBEDDING and layer.name not in (*NEEDED, *OPTIONAL):
        there = ", ".join((*NEEDED, *OPTIONAL))
        raise Damage(f"{named} is an Embedding that a FactorModel has no place for; it has {there}")
    if layer.kind == "Dot" and layer.config.get("normalize"):
        raise Damage(f"{named} must be a plain product; it is a cosine (normalize=True)")


def _check_order(layers: tuple[KerasLayer, ...]) -> None:
    """Check that no layer feeds itself, through others or directly."""
    waiting = {layer.name: layer.inputs for layer in layers}
    while waiting:
        ready = [name for name, inputs in waiting.items() if not inputs & waiting.keys()]
        if not ready:
            raise Damage(f"the layers must not feed each other in a circle; {quoted(min(waiting))} does")
        for name in ready:
            del waiting[name]


def _strength(value: object) -> float:
    """Return a strength or rate as the files have it, 0 for what is none."""
    if not is_number(value) or not math.isfinite(value) or value < 0:
        return 0.0
    return float(value)
