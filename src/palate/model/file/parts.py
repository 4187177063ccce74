"""The parts of a model, each to and from arrays and metadata, every rule of it checked on the way in."""

import re
from typing import Any

import numpy as np
import polars as pl

from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields, fields_of, from_json
from palate.model.file.tensors import (
    TensorReader,
    TensorWriter,
    check_all,
    check_ascending,
    check_finite,
    check_flags,
    check_offsets,
    put_strings,
    take_strings,
)
from palate.model.history import History, SweepReport
from palate.solve.prior import RowPrior

_ARRAYS_OF_PRIOR = ("precision", "mean")
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def put_vocabulary(writer: TensorWriter, name: str, axis: str, vocabulary: Vocabulary) -> dict[str, Any]:
    """Add the ids of one side as `<name>.ids`, or as text."""
    if vocabulary.kind in ("int", "uint"):
        writer.put(f"{name}.ids", vocabulary.values.to_numpy(), f"{vocabulary.kind}64", axis)
    else:
        put_strings(writer, name, vocabulary.values, axis)
    return {"kind": vocabulary.kind}


def take_vocabulary(reader: TensorReader, values: object, name: str, axis: str) -> Vocabulary:
    """Return the vocabulary of one side."""
    fields = Fields(values, f"{name!r} in its metadata")
    kind = fields.take_choice("kind", ("int", "uint", "str", "uuid"))
    fields.finish()
    words = "strictly ascending, each id once"
    if kind in ("int", "uint"):
        ids = reader.take(f"{name}.ids", f"{kind}64", axis)
        check_ascending(f"{name}.ids", ids, strictly=True, words=words)
        series = pl.Series("id", ids)
    else:
        series = take_strings(reader, name, axis).alias("id")
        if not bool((series.slice(1) > series.slice(0, len(series) - 1)).all()):
            raise Damage(f"tensor '{name}.bytes' must be {words}, by code point")
        if kind == "uuid" and not all(map(_UUID.fullmatch, series.to_list())):
            raise Damage(f"tensor '{name}.bytes' must hold UUIDs in lower case with hyphens")
    if not len(series):
        raise Damage(
            f"tensor '{name}.{'ids' if kind in ('int', 'uint') else 'offsets'}' must have at least one id"
        )
    return Vocabulary(series, kind)


def put_prior(writer: TensorWriter, name: str, prior: RowPrior) -> dict[str, Any]:
    """Add precision and mean of one side's prior; return the rest of it."""
    writer.put(f"{name}.precision", prior.precision, "float32", "draw factor+1 factor+1")
    writer.put(f"{name}.mean", prior.mean, "float32", "draw factor+1")
    return fields_of(prior, leave_out=_ARRAYS_OF_PRIOR)


def take_prior(reader: TensorReader, values: object, name: str) -> RowPrior:
    """Return the prior of one side."""
    fields = Fields(values, f"{name!r} in its metadata")
    numbers = fields.take_fields_of(RowPrior, leave_out=_ARRAYS_OF_PRIOR)
    fields.finish()
    for key, value in numbers.items():
        if not np.isfinite(value):
            raise Damage(f"{key!r} of {name!r} in its metadata must be finite; got {value}")
    precision = reader.take(f"{name}.precision", "float32", "draw factor+1 factor+1")
    mean = reader.take(f"{name}.mean", "float32", "draw factor+1")
    check_finite(f"{name}.precision", precision)
    check_finite(f"{name}.mean", mean)
    return RowPrior(precision=precision, mean=mean, **numbers)


def put_ratings(writer: TensorWriter, ratings: RatingMatrix) -> dict[str, Any]:
    """Add the arrays of the ratings; which there are says the metadata."""
    writer.put("ratings.indptr", ratings.indptr, "int64", "user+1")
    writer.put("ratings.items", ratings.items, "int32", "rating")
    if ratings.levels is None:
        writer.put("ratings.values", ratings.codes, "float32", "rating")
    else:
        writer.put("ratings.codes", ratings.codes, "uint8 uint16", "rating")
        writer.put("ratings.levels", ratings.levels, "float32", "level")
    if ratings.held_out is not None:
        writer.put("ratings.held_out", ratings.held_out.view(np.uint8), "uint8", "rating")
    if ratings.weight is not None:
        writer.put("ratings.weight", ratings.weight, "float32", "rating")
    if ratings.timestamp is not None:
        writer.put("ratings.timestamp", ratings.timestamp, "int64", "rating")
    return {"n_items": int(ratings.n_items)}


def take_ratings(reader: TensorReader, values: object) -> RatingMatrix:
    """Return the ratings."""
    fields = Fields(values, "'ratings' in its metadata")
    n_items = fields.take("n_items", int)
    fields.finish()
    if n_items != reader.size("item"):
        raise Damage(
            f"'n_items' of 'ratings' in its metadata must be {reader.size('item')}, the number of items; "
            f"got {n_items}"
        )
    indptr = reader.take("ratings.indptr", "int64", "user+1")
    items = reader.take("ratings.items", "int32", "rating")
    _check_rows(indptr, items, n_items)
    codes, levels = _take_values(reader)
    optional: dict[str, np.ndarray] = {}
    if reader.has("ratings.held_out"):
        optional["held_out"] = check_flags(
            "ratings.held_out", reader.take("ratings.held_out", "uint8", "rating")
        )
    if reader.has("ratings.weight"):
        optional["weight"] = reader.take("ratings.weight", "float32", "rating")
        check_all(
            "ratings.weight",
            optional["weight"],
            "positive and finite",
            lambda block: (block > 0) & np.isfinite(block),
        )
    if reader.has("ratings.timestamp"):
        optional["timestamp"] = reader.take("ratings.timestamp", "int64", "rating")
    return RatingMatrix(indptr=indptr, items=items, codes=codes, levels=levels, n_items=n_items, **optional)


def _take_values(reader: TensorReader) -> tuple[np.ndarray, np.ndarray | None]:
    if reader.has("ratings.values"):
        values = reader.take("ratings.values", "float32", "rating")
        check_finite("ratings.values", values)
        return values, None
    codes = reader.take("ratings.codes", "uint8 uint16", "rating")
    levels = reader.take("ratings.levels", "float32", "level")
    check_finite("ratings.levels", levels)
    check_ascending("ratings.levels", levels, strictly=True, words="strictly ascending")
    n_levels = len(levels)
    check_all(
        "ratings.codes", codes, f"below the number of levels, {n_levels}", lambda block: block < n_levels
    )
    return codes, levels


def _check_rows(indptr: np.ndarray, items: np.ndarray, n_items: int) -> None:
    check_offsets("ratings.indptr", indptr, len(items))
    check_all(
        "ratings.items", items, f"between 0 and {n_items - 1}", lambda block: (block >= 0) & (block < n_items)
    )
    starts = np.zeros(len(items) + 1, dtype=np.bool_)  # a byte per rating, where the array itself has four
    starts[indptr] = True
    block = 1 << 20
    for begin in range(0, len(items) - 1, block):
        after = items[begin + 1 : begin + 1 + block]
        good = (items[begin : begin + len(after)] < after) | starts[begin + 1 : begin + 1 + len(after)]
        if not good.all():
            position = begin + int(np.argmin(good)) + 1
            raise Damage(
                "tensor 'ratings.items' must ascend in each user's row, each item once; "
                f"got {items[position]} after {items[position - 1]} at position {position}"
            )


def put_history(history: History) -> dict[str, Any]:
    """Return the history for the metadata, with one list per figure instead of one object per sweep."""
    sweeps = [fields_of(sweep) for sweep in history.sweeps]
    columns = (
        {name: [sweep[name] for sweep in sweeps] for name in fields_of(history.sweeps[0])} if sweeps else {}
    )
    earlier = {"earlier": [put_history(one) for one in history.earlier]} if history.earlier else {}
    return {"sweeps": columns, **fields_of(history, leave_out=("sweeps", "earlier")), **earlier}


def take_history(values: object, first: bool = True) -> History:
    """Return the history; only the `first` holds others, of the models it was started from."""
    fields = Fields(values, "'history' in its metadata")
    columns = Fields(fields.take("sweeps", dict), "'sweeps' of 'history' in its metadata")
    nested = fields.take("earlier", list) if first and fields.has("earlier") else []
    earlier = tuple(take_history(one, first=False) for one in nested)
    rest = fields.take_fields_of(History, leave_out=("sweeps", "earlier"))
    fields.finish()
    return History(sweeps=_take_sweeps(columns), **rest, earlier=earlier)


def _take_sweeps(columns: Fields) -> tuple[SweepReport, ...]:
    if columns.is_empty():
        return ()
    figures = columns.take_fields_of(SweepReport, each=True)
    columns.finish()
    lengths = {len(column) for column in figures.values()}
    if len(lengths) != 1:
        raise Damage("'sweeps' of 'history' in its metadata must have lists of one length")
    return tuple(
        SweepReport(**dict(zip(figures, row, strict=True))) for row in zip(*figures.values(), strict=True)
    )


def take_scale(values: object) -> tuple[float, float] | None:
    """Return the rating scale."""
    scale = from_json(values, tuple[float, float] | None, "'scale' in its metadata")
    if scale is not None and not (np.isfinite(scale).all() and scale[0] <= scale[1]):
        raise Damage(f"'scale' in its metadata must be two finite numbers in order; got {scale}")
    return scale
