"""The tables of the parts of a model file, and the checks of their arrays."""

from typing import Any

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.factors.row_precision import RowNoise
from palate.factors.sums import SumFold
from palate.factors.temporal import Sessions, TimeContext
from palate.model.file.errors import Damage
from palate.model.file.schema import (
    ALL,
    Array,
    Flags,
    Input,
    Kind,
    Maybe,
    Members,
    Output,
    Record,
    Row,
    Value,
    Values,
)
from palate.model.file.tensors import (
    blocks,
    check_all,
    check_ascending,
    check_finite,
    check_flags,
    check_offsets,
)
from palate.solve.grades import KINDS, Grades
from palate.solve.prior import RowPrior

# Checks of arrays


def strictly_ascending(name: str, array: np.ndarray) -> None:
    """Check that an array ascends, without equal values."""
    check_ascending(name, array, strictly=True, words="strictly ascending")


def positive(name: str, array: np.ndarray) -> None:
    """Check that all values are positive and finite."""
    check_all(name, array, "positive and finite", lambda block: (block > 0) & np.isfinite(block))


def not_negative(name: str, array: np.ndarray) -> None:
    """Check that all values are finite, and none is below 0."""
    check_all(name, array, "finite and not negative", lambda block: (block >= 0) & np.isfinite(block))


def some_draw(name: str, array: np.ndarray) -> None:
    """Check that there is a draw."""
    if not len(array):
        raise Damage(f"tensor {name!r} must have at least one draw")


def ascending_in_draws(name: str, cutpoints: np.ndarray) -> None:
    """Check that cutpoints do not fall within a draw."""
    fall = np.argwhere(np.diff(cutpoints, axis=1) < 0)
    if len(fall):
        draw, cut = (int(place) for place in fall[0])
        got = f"{cutpoints[draw, cut + 1]} after {cutpoints[draw, cut]} in draw {draw}"
        raise Damage(f"tensor {name!r} must be in ascending order in each draw; got {got}")


def zero_at_last(name: str, shift: np.ndarray) -> None:
    """Check that nothing is shifted in the last time bin."""
    if shift[:, -1].any():
        raise Damage(f"tensor {name!r} must be 0 in the last time bin")


def below(name: str, array: np.ndarray, n: int) -> None:
    """Check that all values are positions among n."""
    check_all(name, array, f"between 0 and {n - 1}", lambda block: (block >= 0) & (block < n))


def check_rows(name: str, offsets: str, columns: np.ndarray, indptr: np.ndarray, n: int, whose: str) -> None:
    """Check the columns of compressed rows: they are positions among n, and ascend in each row."""
    check_offsets(offsets, indptr, len(columns))
    below(name, columns, n)
    starts = np.zeros(len(columns) + 1, dtype=np.bool_)  # a byte per entry, where the array itself has four
    starts[indptr] = True
    for begin, block in blocks(columns[:-1]):
        after = slice(begin + 1, begin + 1 + len(block))
        good = (block < columns[after]) | starts[after]
        if not good.all():
            position = begin + int(np.argmin(good)) + 1
            got = f"{columns[position]} after {columns[position - 1]} at position {position}"
            raise Damage(f"tensor {name!r} must ascend in each {whose}'s row, each item once; got {got}")


def finite_from_0(value: float) -> bool:
    """Return whether a number is finite and at least 0."""
    return 0 <= value < np.inf


# Parts of models


PRIOR = Record(
    RowPrior,
    Row(ALL, Members(RowPrior, "precision", "mean", "per_rating")),
    Row("per_rating", Maybe(Value(float, finite_from_0, "a finite number of at least 0"), 0.0)),
    Row("precision", Array("float32", "draw factor+1 factor+1", check_finite)),
    Row("mean", Array("float32", "draw factor+1", check_finite)),
)


def row_noise(side: str) -> Record[RowNoise]:
    """Return the table of the noise of one side's rows."""
    return Record(
        RowNoise,
        Row("scale", Array("float32", f"draw {side}", positive)),
        Row("degrees", Array("float64", "draw", positive)),
        Row("session", Maybe(Array("float64", "draw", positive)), "sitting"),
        own=False,
    )


def _check_time(found: Values, given: Input) -> None:
    below("context.home", found["user_time_bin"], len(found["edges"]) + 1)
    indptr, begin, end = (found[f"sessions.{part}"] for part in ("indptr", "begin", "end"))
    check_offsets("context.sittings", indptr, len(begin))
    wrong = end < begin
    first = np.zeros(len(begin) + 1, np.bool_)
    first[indptr] = True
    wrong[1:] |= (begin[1:] <= end[:-1]) & ~first[1:-1]
    if wrong.any():
        must = "tensors 'context.begin' and 'context.end' must be of sessions that follow each other"
        raise Damage(f"{must}; the one at position {int(np.argmax(wrong))} does not")


def _time(**found: np.ndarray) -> TimeContext:
    sessions = Sessions(*(found.pop(f"sessions.{part}") for part in ("indptr", "begin", "end")))
    return TimeContext(sessions=sessions, **found)


_SHIFT = Array("float32", "draw edge+1 factor+1", check_finite, zero_at_last)
# Tensors and axes keep the names that they had in the first files: "home", "mood", "sitting".
CONTEXT = Record(
    _time,
    Row("edges", Array("int64", "edge", strictly_ascending)),
    Row("user_shift", _SHIFT),
    Row("item_shift", _SHIFT),
    Row("user_time_bin", Array("int32", "user"), "home"),
    Row("sessions.indptr", Array("int64", "user+1"), "sittings"),
    Row("sessions.begin", Array("int64", "sitting"), "begin"),
    Row("sessions.end", Array("int64", "sitting"), "end"),
    Row("session_effect", Array("float32", "draw sitting", check_finite), "mood"),
    own=False,
    check=_check_time,
)


class Marked(Kind[Any]):
    """A record whose kind is named by a word in the metadata; null if there is no record."""

    def __init__(self, mark: str, record: Record[Any]) -> None:
        self.mark, self.record = mark, record

    def put(self, out: Output, name: str, value: object) -> None:
        """Write the record and the word."""
        out.values[name] = None if value is None else self.mark
        if value is not None:
            self.record.put(out, name, value)

    def take(self, given: Input, name: str) -> object:
        """Return the record, or None."""
        mark = given.fields.take(name, str | None)
        if mark is None:
            return None
        if mark != self.mark:
            raise Damage(f"{name!r} in its metadata must be null or {self.mark!r}; got {mark!r}")
        return self.record.take(given, name)


def _check_grades(found: Values, given: Input) -> None:
    where, grades = given.fields.where, Grades(**found.get("grades", found))
    if grades.kind not in KINDS:
        raise Damage(f"'kind' in {where} must be one of {', '.join(KINDS)}; got {grades.kind!r}")
    numbers = (grades.least, grades.low, grades.high, 1.0 if grades.half_life is None else grades.half_life)
    good = 0 < grades.least <= 1 and grades.low <= grades.high and numbers[-1] > 0
    if not good or not np.isfinite(numbers).all() or (grades.kind == "counts" and grades.low < 0):
        must = "have least in (0, 1], low not above high, and half_life positive"
        raise Damage(f"{where} must {must}; got {grades}")


def _fold(grades: Values, **scales: np.ndarray) -> SumFold:
    return SumFold(grades=Grades(**grades), **scales)


GRADES: Record[Grades] = Record(Grades, Row(ALL, Members(Grades)), check=_check_grades)
FOLD: Record[SumFold] = Record(
    _fold,
    Row("grades", Members(Grades)),
    Row("item_scale", Array("float32", "item", check_finite)),
    Row("factor_scale", Array("float32", "factor", check_finite)),
    check=_check_grades,
)


class StarCodes(Kind[Any]):
    """The ratings' values: codes of their levels, or the values themselves where they are of too many."""

    codes = Array("uint8 uint16", "rating")
    levels = Array("float32", "level", check_finite, strictly_ascending)
    values = Array("float32", "rating", check_finite)

    def put(self, out: Output, name: str, value: RatingMatrix) -> None:
        """Add the codes and levels, or the values."""
        if value.levels is None:
            self.values.put(out, "values", value.codes)
        else:
            self.codes.put(out, "codes", value.codes)
            self.levels.put(out, "levels", value.levels)

    def take(self, given: Input, name: str) -> Values:
        """Return codes and levels."""
        if self.values.there(given, "values"):
            return {"codes": self.values.take(given, "values"), "levels": None}
        codes, levels = self.codes.take(given, "codes"), self.levels.take(given, "levels")
        n = len(levels)
        check_all("ratings.codes", codes, f"below the number of levels, {n}", lambda block: block < n)
        return {"codes": codes, "levels": levels}


def _check_ratings(found: Values, given: Input) -> None:
    indptr, items, n_items = found["indptr"], found["items"], found["n_items"]
    if n_items != given.reader.size("item"):
        must = f"be {given.reader.size('item')}, the number of items"
        raise Damage(f"'n_items' of 'ratings' in its metadata must {must}; got {n_items}")
    check_rows("ratings.items", "ratings.indptr", items, indptr, n_items, "user")


RATINGS = Record(
    RatingMatrix,
    Row("n_items", Value[int](int)),
    Row("indptr", Array("int64", "user+1")),
    Row("items", Array("int32", "rating")),
    Row(ALL, StarCodes()),
    Row("held_out", Maybe(Flags("uint8", "rating", check_flags))),
    Row("weight", Maybe(Array("float32", "rating", positive))),
    Row("timestamp", Maybe(Array("int64", "rating"))),
    null=True,
    check=_check_ratings,
)
