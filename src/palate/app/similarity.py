"""Items that are like an item."""

from collections.abc import Sequence

import numpy as np

from palate.app.answers import Similar
from palate.app.errors import CannotAnswer
from palate.app.served import ServedModel
from palate.data.frames import to_polars


def similar(served: ServedModel, item: str, n: int) -> list[Similar]:
    """Return the n items most like one, best first; CannotAnswer for a model that cannot tell."""
    index = served.item_index(item)
    if not hasattr(served.model, "similar_items"):
        raise CannotAnswer(f"model {served.id!r} has no similar items.")
    try:
        frame = to_polars(served.model.similar_items(served.model.items.id(index), n))
    except (TypeError, ValueError, AttributeError) as error:
        raise CannotAnswer(f"model {served.id!r} cannot find similar items: {error}") from error
    return [
        Similar(
            int(row["rank"]),
            served.item(served.item_index(str(row["item_id"]))),
            float(row["similarity"]),
        )
        for row in frame.select("rank", "item_id", "similarity").to_dicts()
    ]


def most_alike(served: ServedModel, item: str, among: Sequence[str]) -> tuple[str, float]:
    """Return which of several items is most like one, and how alike the two are: at most 1."""
    if served.likeness is None or not among:
        raise CannotAnswer(f"model {served.id!r} does not know how alike its items are.")
    others = np.array([served.item_index(other) for other in among], np.int64)
    found = served.likeness(served.item_index(item), others)
    return among[int(found.argmax())], float(found.max())
