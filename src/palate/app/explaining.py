"""Why an item is predicted what it is predicted, for every kind of model that can say so."""

from typing import Any

import polars as pl

from palate.app.answers import Part, Reasons
from palate.app.errors import CannotAnswer
from palate.app.served import Asked, ServedModel
from palate.data.frames import to_polars


def reasons(served: ServedModel, asked: Asked, item: str, user: str = "") -> Reasons:
    """Return the parts that the score of an item is the sum of.

    Raises
    ------
    UnknownItem
        If the model does not know the item.
    CannotAnswer
        If nothing is known of the user, the model holds no ratings, or it is of a kind that cannot
        be explained.
    """
    index = served.item_index(item)
    if asked.row < 0:
        raise CannotAnswer(f"an explanation needs a user with ratings; user {user!r} has none.")
    if asked.model.ratings is None:
        raise CannotAnswer(
            f"an explanation needs the ratings of the users; model {served.id!r} was saved without them. "
            f"Save it with its ratings."
        )
    key = served.model.items.id(index)
    predicts = getattr(asked.model, "predicts", asked.model)
    if hasattr(predicts, "explain"):
        found = predicts.explain(asked.user, key)
        parts, prediction, score, words = (
            _parts(served, found.table),
            found.prediction,
            found.score,
            str(found),
        )
    elif hasattr(predicts, "contributions"):
        frame = to_polars(predicts.contributions(asked.user, key))
        parts = _ratings(served, asked, frame.to_dicts())
        score = sum(part.contribution for part in parts)
        prediction, words = score, ""
    else:
        raise CannotAnswer(
            f"model {served.id!r} is of a kind ({type(predicts).__name__}) that cannot explain its scores."
        )
    return Reasons(
        user=user,
        item=served.item(index),
        model_id=served.id,
        model_version=served.version,
        source=asked.source,
        prediction=float(prediction),
        score=float(score),
        parts=parts,
        in_words=words,
    )


def _parts(served: ServedModel, table: pl.DataFrame) -> tuple[Part, ...]:
    return tuple(
        Part(
            part=row["part"],
            contribution=float(row["contribution"]),
            item=None if row.get("item_id") is None else served.item(served.item_index(str(row["item_id"]))),
            rating=row.get("rating"),
        )
        for row in table.to_dicts()
    )


def _ratings(served: ServedModel, asked: Asked, rows: list[dict[str, Any]]) -> tuple[Part, ...]:
    items, values, _ = asked.model.ratings.row(asked.row)
    given = dict(zip(items.tolist(), values.tolist(), strict=True))
    parts = []
    for row in sorted(rows, key=lambda row: -abs(row["contribution"])):
        index = served.item_index(str(row["item_id"]))
        parts.append(Part("rating", float(row["contribution"]), served.item(index), given.get(index)))
    return tuple(parts)
