"""The format of model files: one table for each part of a model and for each kind of model.

Who adds a field to a model adds a row here, and it is saved and loaded. A field that older files do
not have is a `Maybe`, or has a default in its dataclass.
"""

from collections.abc import Mapping

import numpy as np

from palate.data.libraries import FRAME_KINDS
from palate.factors.likelihood.links import LINKS, likelihood_class
from palate.linear.low_rank import LowRankWeights
from palate.linear.weights import DenseWeights, ItemWeights, SparseWeights
from palate.model.file.catalog import CatalogOfItems
from palate.model.file.errors import Damage
from palate.model.file.features import Features
from palate.model.file.history import HistoryOfModel
from palate.model.file.ids import Ids
from palate.model.file.parts import (
    CONTEXT,
    FOLD,
    GRADES,
    PRIOR,
    RATINGS,
    Marked,
    ascending_in_draws,
    check_rows,
    not_negative,
    row_noise,
    some_draw,
    strictly_ascending,
)
from palate.model.file.schema import (
    Array,
    Choice,
    Input,
    Kind,
    Maybe,
    Output,
    Plain,
    Record,
    Row,
    Value,
    Values,
)
from palate.model.file.tensors import check_finite

TIME, LINEAR = "time", "linear"


def _in_order(scale: tuple[float, float] | None) -> bool:
    return scale is None or (bool(np.isfinite(scale).all()) and scale[0] <= scale[1])


def _check_likelihood(found: Values, given: Input) -> None:
    """Check that a model has all parts that its link needs, and no part of another link."""
    if (found["user_noise"] is None) != (found["item_noise"] is None):
        raise Damage("tensors 'user_noise.scale' and 'item_noise.scale' must be there together or not at all")
    link, kind = found["link"], likelihood_class(found["link"])
    if found["user_noise"] is not None and (found["noise_sd"] is None or not kind.takes_row_noise):
        links = " or ".join(repr(one) for one in LINKS if likelihood_class(one).takes_row_noise)
        must = f"stand beside 'noise_sd' in a model with the link {links}"
        raise Damage(f"tensor 'user_noise.scale' must {must}")
    for name in kind.needs:
        if found[name] is None and name == "scale":
            raise Damage(f"'scale' in its metadata must be two numbers for the link {link!r}; got null")
        if found[name] is None:
            raise Damage(f"tensor {name!r} is missing")
    if "cutpoints" not in kind.needs and found["cutpoints"] is not None:
        raise Damage(f"tensor 'cutpoints' is not part of a model with the link {link!r}")


_IDS = Row("users", Ids("user")), Row("items", Ids("item"))
_FRAME_KIND = Row("frame_kind", Choice(*FRAME_KINDS))
_DATA = Row("catalog", CatalogOfItems()), Row("ratings", RATINGS)
ORIGIN = Row("trainer", Plain("the trainer's parameters")), Row("history", HistoryOfModel())

FACTOR_MODEL: Record[Values] = Record(
    dict,
    *_IDS,
    Row("user_factors", Array("float32", "draw user factor", check_finite)),
    Row("item_factors", Array("float32", "draw item factor", check_finite)),
    Row("user_bias", Array("float32", "draw user", check_finite)),
    Row("item_bias", Array("float32", "draw item", check_finite)),
    Row("global_mean", Array("float64", "draw", check_finite, some_draw)),
    Row("link", Choice(*LINKS)),
    Row("levels", Maybe(Array("float32", "cut+1", check_finite, strictly_ascending))),
    Row("cutpoints", Maybe(Array("float32", "draw cut", check_finite, ascending_in_draws))),
    Row("noise_sd", Maybe(Array("float64", "draw", not_negative))),
    Row("user_noise", Maybe(row_noise("user"))),
    Row("item_noise", Maybe(row_noise("item"))),
    Row("spread", Maybe(Value[float](float, lambda value: 0 < value < np.inf, "positive and finite"))),
    Row("user_link", Maybe(Features("item"))),
    Row("item_link", Maybe(Features("user"))),
    Row("context", Marked(TIME, CONTEXT)),
    Row("fold", Maybe(FOLD)),
    Row("scale", Value(tuple[float, float] | None, _in_order, "two finite numbers in order")),
    _FRAME_KIND,
    Row("user_prior", PRIOR),
    Row("item_prior", PRIOR),
    *_DATA,
    *ORIGIN,
    check=_check_likelihood,
)


def _check_sparse(found: Values, given: Input) -> None:
    columns, indptr = f"{given.prefix}columns", f"{given.prefix}indptr"
    check_rows(columns, indptr, found["columns"], found["indptr"], given.reader.size("item"), "item")


class Weights(Kind[ItemWeights]):
    """The weights between items, in one of their forms, which the metadata name."""

    forms: Mapping[str, Record[ItemWeights]] = {
        "dense": Record(DenseWeights, Row("dense", Array("float32", "item item", check_finite)), own=False),
        "sparse": Record(
            SparseWeights,
            Row("indptr", Array("int64", "item+1")),
            Row("columns", Array("int32", "weight")),
            Row("values", Array("float32", "weight", check_finite)),
            own=False,
            check=_check_sparse,
        ),
        "low-rank": Record(
            LowRankWeights,
            Row("vectors", Array("float32", "item rank", check_finite)),
            Row("source_scale", Array("float32", "item", check_finite)),
            Row("target_scale", Array("float32", "item", check_finite)),
            own=False,
        ),
    }

    def put(self, out: Output, name: str, value: ItemWeights) -> None:
        """Add the weights."""
        form = next(form for form, record in self.forms.items() if record.make is type(value))
        out.values["form"] = form
        self.forms[form].put(out, name, value)

    def take(self, given: Input, name: str) -> ItemWeights:
        """Return the weights."""
        return self.forms[given.fields.take_choice("form", tuple(self.forms))].take(given, name)


LINEAR_MODEL: Record[Values] = Record(
    dict, *_IDS, Row("weights", Weights()), Row("grades", GRADES), _FRAME_KIND, *_DATA, *ORIGIN
)
