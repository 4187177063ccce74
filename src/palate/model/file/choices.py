"""What a model of choices keeps to fold users in: to and from arrays and metadata."""

from typing import Any

import numpy as np

from palate.factors.sums import SumFold
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields, fields_of
from palate.model.file.tensors import TensorReader, TensorWriter, check_finite
from palate.solve.grades import KINDS, Grades

_ARRAYS = (("item_scale", "item"), ("factor_scale", "factor"))


def put_grades(grades: Grades) -> dict[str, Any]:
    """Return the grades for the metadata."""
    return fields_of(grades)


def take_grades(values: object, where: str) -> Grades:
    """Return the grades."""
    fields = Fields(values, where)
    grades = Grades(**fields.take_fields_of(Grades))
    fields.finish()
    if grades.kind not in KINDS:
        raise Damage(f"'kind' in {where} must be one of {', '.join(KINDS)}; got {grades.kind!r}")
    numbers = (grades.least, grades.low, grades.high, 1.0 if grades.half_life is None else grades.half_life)
    good = (
        np.isfinite(numbers).all() and 0 < grades.least <= 1 and grades.low <= grades.high and numbers[-1] > 0
    )
    if not good or (grades.kind == "counts" and grades.low < 0):
        raise Damage(
            f"{where} must have least in (0, 1], low not above high, and half_life positive; got {grades}"
        )
    return grades


def put_fold(writer: TensorWriter, fold: SumFold | None) -> dict[str, Any]:
    """Add the scales of a fold-in by sums; return its grades, nothing for a model without."""
    if fold is None:
        return {}
    for name, axis in _ARRAYS:
        writer.put(f"fold.{name}", getattr(fold, name), "float32", axis)
    return {"fold": put_grades(fold.grades)}


def take_fold(reader: TensorReader, fields: Fields) -> SumFold | None:
    """Return the fold-in by sums, or None."""
    if not fields.has("fold"):
        return None
    grades = take_grades(fields.take("fold", dict), "'fold' in its metadata")
    arrays = {name: reader.take(f"fold.{name}", "float32", axis) for name, axis in _ARRAYS}
    for name, array in arrays.items():
        check_finite(f"fold.{name}", array)
    return SumFold(grades=grades, **arrays)
