"""What turns latent values into ratings, and what features say of a row: to and from arrays and metadata."""

from typing import Any

import numpy as np
import polars as pl

from palate.factors.factors import FactorScorer
from palate.factors.likelihood.links import LINKS, likelihood_class
from palate.factors.row_precision import RowNoise
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields
from palate.model.file.json import quoted
from palate.model.file.tensors import (
    TensorReader,
    TensorWriter,
    check_all,
    check_ascending,
    check_finite,
    put_strings,
    take_strings,
)
from palate.solve.features import BAG, BINS, KINDS, TAGS, FeatureGroup, FeatureLink

_NAMES = ("levels", "cutpoints", "noise_sd")


def put_distribution(writer: TensorWriter, model: FactorScorer) -> dict[str, Any]:
    """Add levels, cutpoints and the noise where the model has them; return the rest, which is
    absent where it has none.
    """
    learned = model.likelihood.learned
    if learned.levels is not None:
        writer.put("levels", learned.levels, "float32", "cut+1")
    if learned.cutpoints is not None:
        writer.put("cutpoints", learned.cutpoints, "float32", "draw cut")
    if learned.noise_sd is not None:
        writer.put("noise_sd", learned.noise_sd, "float64", "draw")
    for side, own in (("user", model.factors.user.noise), ("item", model.factors.item.noise)):
        if own is not None:
            writer.put(f"{side}_noise.scale", own.scale, "float32", f"draw {side}")
            writer.put(f"{side}_noise.degrees", own.degrees, "float64", "draw")
            if own.sitting is not None:
                writer.put(f"{side}_noise.sitting", own.sitting, "float64", "draw")
    return {} if model.spread is None else {"spread": float(model.spread)}


def take_distribution(reader: TensorReader, fields: Fields, link: str) -> dict[str, Any]:
    """Return levels, cutpoints, noise and spread; None where the file has none."""
    result: dict[str, Any] = dict.fromkeys(_NAMES)
    if reader.has("levels"):
        result["levels"] = reader.take("levels", "float32", "cut+1")
        check_finite("levels", result["levels"])
        check_ascending("levels", result["levels"], strictly=True, words="strictly ascending")
    if reader.has("cutpoints"):
        result["cutpoints"] = _take_cutpoints(reader)
    if reader.has("noise_sd"):
        result["noise_sd"] = reader.take("noise_sd", "float64", "draw")
        check_all(
            "noise_sd",
            result["noise_sd"],
            "finite and not negative",
            lambda block: (block >= 0) & np.isfinite(block),
        )
    for side in ("user", "item"):
        result[f"{side}_noise"] = _take_noise(reader, side) if reader.has(f"{side}_noise.scale") else None
    if (result["user_noise"] is None) != (result["item_noise"] is None):
        raise Damage("tensors 'user_noise.scale' and 'item_noise.scale' must be there together or not at all")
    kind = likelihood_class(link)
    if result["user_noise"] is not None and (result["noise_sd"] is None or not kind.takes_row_noise):
        links = " or ".join(repr(one) for one in LINKS if likelihood_class(one).takes_row_noise)
        raise Damage(
            f"tensor 'user_noise.scale' must stand beside 'noise_sd' in a model with the link {links}"
        )
    for name in kind.needs:
        if name in _NAMES and result[name] is None:
            raise Damage(f"tensor {name!r} is missing")
    if "cutpoints" not in kind.needs and result["cutpoints"] is not None:
        raise Damage(f"tensor 'cutpoints' is not part of a model with the link {link!r}")
    result["spread"] = fields.take("spread", float) if fields.has("spread") else None
    if result["spread"] is not None and not (0 < result["spread"] < np.inf):
        raise Damage(f"'spread' in its metadata must be positive and finite; got {result['spread']}")
    return result


def _take_noise(reader: TensorReader, side: str) -> RowNoise:
    arrays = {}
    for part, dtype, axes in (
        ("scale", "float32", f"draw {side}"),
        ("degrees", "float64", "draw"),
        ("sitting", "float64", "draw"),
    ):
        if part == "sitting" and not reader.has(f"{side}_noise.sitting"):
            continue
        name = f"{side}_noise.{part}"
        arrays[part] = reader.take(name, dtype, axes)
        check_all(name, arrays[part], "positive and finite", lambda block: (block > 0) & np.isfinite(block))
    return RowNoise(**arrays)


def _take_cutpoints(reader: TensorReader) -> np.ndarray:
    cutpoints = reader.take("cutpoints", "float32", "draw cut")
    check_finite("cutpoints", cutpoints)
    fall = np.argwhere(np.diff(cutpoints, axis=1) < 0)
    if len(fall):
        draw, cut = (int(place) for place in fall[0])
        raise Damage(
            "tensor 'cutpoints' must be in ascending order in each draw; "
            f"got {cutpoints[draw, cut + 1]} after {cutpoints[draw, cut]} in draw {draw}"
        )
    return cutpoints


def put_features(writer: TensorWriter, name: str, link: FeatureLink | None, other: str) -> dict[str, Any]:
    """Add the weights of one side's features; return what the metadata has of them, nothing for a
    side without any.
    """
    if link is None:
        return {}
    groups = []
    for number, group in enumerate(link.groups):
        place = f"{name}.{number}"
        if group.kind == TAGS:
            put_strings(writer, place, pl.Series(list(group.values), dtype=pl.String), place)
        elif group.kind == BINS:
            writer.put(f"{place}.edges", np.asarray(group.edges, np.float64), "float64", place)
        writer.put(
            f"{place}.weights",
            group.weights,
            "float32",
            f"draw {_columns(group.kind, place, other)} factor+1",
        )
        groups.append({"name": group.name, "kind": group.kind})
    return {name: groups}


def take_features(reader: TensorReader, fields: Fields, name: str, other: str) -> FeatureLink | None:
    """Return the features of one side, or None."""
    if not fields.has(name):
        return None
    values = fields.take(name, list)
    groups = tuple(
        _take_group(reader, value, f"{name}.{number}", other) for number, value in enumerate(values)
    )
    names = [group.name for group in groups]
    if not names or len(set(names)) != len(names):
        raise Damage(f"{name!r} in its metadata must name at least one group of features, each once")
    return FeatureLink(groups)


def _take_group(reader: TensorReader, value: object, place: str, other: str) -> FeatureGroup:
    fields = Fields(value, f"a group of features under {quoted(place.split('.')[0])} in its metadata")
    name, kind = fields.take("name", str), fields.take_choice("kind", KINDS)
    fields.finish()
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    if kind == TAGS:
        texts = take_strings(reader, place, place)
        if not bool((texts.slice(1) > texts.slice(0, max(len(texts) - 1, 0))).all()):
            raise Damage(f"tensor '{place}.bytes' must be strictly ascending, each tag once")
        values = tuple(texts)
    elif kind == BINS:
        array = reader.take(f"{place}.edges", "float64", place)
        check_finite(f"{place}.edges", array)
        check_ascending(f"{place}.edges", array, strictly=True, words="strictly ascending")
        edges = tuple(float(edge) for edge in array)
    weights = reader.take(f"{place}.weights", "float32", f"draw {_columns(kind, place, other)} factor+1")
    check_finite(f"{place}.weights", weights)
    return FeatureGroup(name=name, kind=kind, weights=weights, values=values, edges=edges)


def _columns(kind: str, place: str, other: str) -> str:
    """Return the axis that counts a group's features."""
    return other if kind == BAG else f"{place}+1" if kind == BINS else place
