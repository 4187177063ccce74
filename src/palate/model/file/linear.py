"""A linear item model to and from arrays and metadata, in the same kind of file as a factor model."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from palate.data.frames import FRAME_KINDS
from palate.linear.weights import ItemWeights
from palate.model.file.catalog import put_catalog, take_catalog
from palate.model.file.choices import put_grades, take_grades
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields, check_plain, to_json
from palate.model.file.parts import (
    put_history,
    put_ratings,
    put_vocabulary,
    take_history,
    take_ratings,
    take_vocabulary,
)
from palate.model.file.tensors import TensorReader, TensorWriter, check_all, check_finite, check_offsets
from palate.model.linear_model import LinearModel

LINEAR = "linear"  # what the metadata calls such a model under "kind"


def pack_linear(
    model: LinearModel, ratings: bool, versions: dict[str, str]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays and the metadata that stand for a linear item model."""
    writer = TensorWriter()
    metadata = {
        "kind": LINEAR,
        "versions": versions,
        "users": put_vocabulary(writer, "users", "user", model.users),
        "items": put_vocabulary(writer, "items", "item", model.items),
        "form": _put_weights(writer, model.weights),
        "grades": put_grades(model.grades),
        "frame_kind": model.frame_kind,
        "catalog": None if model.catalog is None else put_catalog(writer, model.catalog),
        "ratings": put_ratings(writer, model.ratings) if ratings and model.ratings is not None else None,
        "trainer": to_json(model.trainer, "the trainer's parameters", finite=True),
        "history": put_history(model.history),
    }
    return writer.tensors, {**metadata, "tensors": dict(sorted(writer.axes.items()))}


def unpack_linear(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, Any]) -> LinearModel:
    """Return the linear item model that arrays and metadata stand for, or raise Damage naming what
    is wrong.
    """
    fields = Fields(metadata, "its metadata")
    reader = TensorReader(tensors, fields.take("tensors", dict))
    fields.take_choice("kind", (LINEAR,))
    check_plain(fields.take("versions", dict), "'versions' in its metadata")
    users = take_vocabulary(reader, fields.take("users", dict), "users", "user")
    items = take_vocabulary(reader, fields.take("items", dict), "items", "item")
    weights = _take_weights(reader, fields.take_choice("form", ("dense", "sparse")), len(items))
    grades = take_grades(fields.take("grades", dict), "'grades' in its metadata")
    frame_kind = fields.take_choice("frame_kind", FRAME_KINDS)
    catalog, ratings = fields.take("catalog", dict | None), fields.take("ratings", dict | None)
    model = LinearModel(
        users=users,
        items=items,
        weights=weights,
        grades=grades,
        frame_kind=frame_kind,
        catalog=None if catalog is None else take_catalog(reader, catalog, items),
        ratings=None if ratings is None else take_ratings(reader, ratings),
        trainer=fields.take("trainer", dict),
        history=take_history(fields.take("history", dict)),
    )
    check_plain(model.trainer, "'trainer' in its metadata")
    fields.finish()
    reader.finish()
    return model


def _put_weights(writer: TensorWriter, weights: ItemWeights) -> str:
    if weights.dense is not None:
        writer.put("weights.dense", weights.dense, "float32", "item item")
        return "dense"
    for name, dtype, axes in _SPARSE:
        writer.put(f"weights.{name}", getattr(weights, name), dtype, axes)
    return "sparse"


_SPARSE = (("indptr", "int64", "item+1"), ("columns", "int32", "weight"), ("values", "float32", "weight"))


def _take_weights(reader: TensorReader, form: str, n_items: int) -> ItemWeights:
    if form == "dense":
        dense = reader.take("weights.dense", "float32", "item item")
        check_finite("weights.dense", dense)
        return ItemWeights(n_items=n_items, dense=dense)
    indptr, columns, values = (reader.take(f"weights.{name}", dtype, axes) for name, dtype, axes in _SPARSE)
    check_offsets("weights.indptr", indptr, len(columns))
    check_all(
        "weights.columns",
        columns,
        f"between 0 and {n_items - 1}",
        lambda block: (block >= 0) & (block < n_items),
    )
    check_finite("weights.values", values)
    falls = np.diff(columns) <= 0
    starts = np.zeros(len(columns) + 1, bool)
    starts[indptr] = True
    if len(columns) and (falls & ~starts[1:-1]).any():
        raise Damage("tensor 'weights.columns' must ascend in each item's row, each item once")
    return ItemWeights(n_items=n_items, indptr=indptr, columns=columns, values=values)
