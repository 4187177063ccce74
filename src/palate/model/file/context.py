"""What a model knows of time: to and from arrays."""

import numpy as np

from palate.factors.temporal import Sittings, TimeContext
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields
from palate.model.file.tensors import (
    TensorReader,
    TensorWriter,
    check_all,
    check_ascending,
    check_finite,
    check_offsets,
)

TIME = "time"
_SHIFT = "draw edge+1 factor+1"


def put_context(writer: TensorWriter, context: TimeContext | None) -> str | None:
    """Add the arrays of a context; return what the metadata calls it."""
    if context is None:
        return None
    writer.put("context.edges", context.edges, "int64", "edge")
    writer.put("context.user_shift", context.user_shift, "float32", _SHIFT)
    writer.put("context.item_shift", context.item_shift, "float32", _SHIFT)
    writer.put("context.home", context.home, "int32", "user")
    writer.put("context.sittings", context.sittings.indptr, "int64", "user+1")
    writer.put("context.begin", context.sittings.begin, "int64", "sitting")
    writer.put("context.end", context.sittings.end, "int64", "sitting")
    writer.put("context.mood", context.mood, "float32", "draw sitting")
    return TIME


def take_context(reader: TensorReader, fields: Fields) -> TimeContext | None:
    """Return the context, or None for a model that knows of none."""
    kind = fields.take("context", str | None)
    if kind is None:
        return None
    if kind != TIME:
        raise Damage(f"'context' in its metadata must be null or {TIME!r}; got {kind!r}")
    edges = reader.take("context.edges", "int64", "edge")
    check_ascending("context.edges", edges, strictly=True, words="strictly ascending")
    arrays = {}
    for name, axes in (("user_shift", _SHIFT), ("item_shift", _SHIFT)):
        arrays[name] = reader.take(f"context.{name}", "float32", axes)
        check_finite(f"context.{name}", arrays[name])
        if arrays[name][:, -1].any():
            raise Damage(f"tensor 'context.{name}' must be 0 in the last era")
    home = reader.take("context.home", "int32", "user")
    n_eras = len(edges) + 1
    check_all(
        "context.home", home, f"between 0 and {n_eras - 1}", lambda block: (block >= 0) & (block < n_eras)
    )
    indptr = reader.take("context.sittings", "int64", "user+1")
    begin, end = (reader.take(f"context.{name}", "int64", "sitting") for name in ("begin", "end"))
    check_offsets("context.sittings", indptr, len(begin))
    _check_order(indptr, begin, end)
    mood = reader.take("context.mood", "float32", "draw sitting")
    check_finite("context.mood", mood)
    return TimeContext(edges=edges, home=home, sittings=Sittings(indptr, begin, end), mood=mood, **arrays)


def _check_order(indptr: np.ndarray, begin: np.ndarray, end: np.ndarray) -> None:
    """Check that no sitting ends before it begins, and that each user's follow each other."""
    wrong = end < begin
    first = np.zeros(len(begin) + 1, np.bool_)
    first[indptr] = True
    wrong[1:] |= (begin[1:] <= end[:-1]) & ~first[1:-1]
    if wrong.any():
        raise Damage(
            "tensors 'context.begin' and 'context.end' must be of sittings that follow each other; "
            f"the one at position {int(np.argmax(wrong))} does not"
        )
