"""What a model answers to MLflow: predictions of a table of pairs, or lists of a table of users."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from palate._checks import ArgumentError
from palate.data.frames import from_polars, to_polars
from palate.data.vocabulary import Vocabulary
from palate.model.model import Model

if TYPE_CHECKING:
    import pandas as pd


PREDICT, RECOMMEND = "predict", "recommend"
# Parameters of a request, with their defaults. An empty text stands for what the task does of itself.
PARAMETERS: dict[str, Any] = {
    "task": PREDICT,
    "clip": False,
    "n": 10,
    "min_ratings": 0,
    "exclude_seen": True,
    "where": "",
    "unknown": "",
}
_OF = {PREDICT: ("clip", "unknown"), RECOMMEND: ("n", "min_ratings", "exclude_seen", "where", "unknown")}


class Served:
    """A model as MLflow's `pyfunc` asks it."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def get_raw_model(self) -> Any:
        """Return the model itself."""
        return self.model

    def predict(self, table: "pd.DataFrame", params: Mapping[str, Any] | None = None) -> Any:
        """Return one prediction a row, or with `task="recommend"` the lists of the users as a pandas frame.

        Raises ValueError if a column is missing, a parameter is unknown or is one of the other task.
        """
        given = _checked(params)
        users = self._ids(table, "user_id", self.model.users)
        if given.pop("task") == RECOMMEND:
            return self._lists(users, given)
        items = self._ids(table, "item_id", self.model.items)
        given.setdefault("unknown", "baseline")
        return np.asarray(self.model.predict(users, items, **given), np.float32)

    def _lists(self, users: list[Any], given: dict[str, Any]) -> Any:
        n = given.pop("n", PARAMETERS["n"])
        return from_polars(to_polars(self.model.recommend(list(dict.fromkeys(users)), n, **given)), "pandas")

    def _ids(self, table: "pd.DataFrame", column: str, vocabulary: Vocabulary) -> list[Any]:
        if not hasattr(table, "columns"):
            must = f"be a table with the column {column}"
            raise ArgumentError("the input", must, type(table).__name__)
        if column not in table.columns:
            got = f"the columns {', '.join(map(str, table.columns))}"
            raise ArgumentError(f"column {column}", "be in the input", got)
        # kinds of ids that MLflow has not: they come as text
        read = {"uuid": UUID, "uint": int}.get(vocabulary.kind)
        values = table[column].tolist()
        if read is None:
            return values
        return [read(value) if isinstance(value, str) else value for value in values]


def _checked(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the task and what was asked of it beside the defaults."""
    given = dict(params or {})
    for name in given:
        if name not in PARAMETERS:
            raise ArgumentError("params", f"be of {', '.join(PARAMETERS)}", f"{name!r}")
    asked = {name: value for name, value in given.items() if value != PARAMETERS[name]}
    task = asked.setdefault("task", PREDICT)
    if task not in _OF:
        raise ArgumentError("task", "be 'predict' or 'recommend'", f"{task!r}")
    for name in asked:
        if name != "task" and name not in _OF[task]:
            raise ArgumentError(name, f"be left out where the task is {task!r}", f"{asked[name]!r}")
    return asked
