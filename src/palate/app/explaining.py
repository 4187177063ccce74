"""Why an item is predicted what it is predicted, for every kind of model that can say so."""

from typing import Any

from palate.app.answers import Part, Reasons
from palate.app.asked import Asked
from palate.app.errors import CannotAnswer
from palate.app.served import ServedModel


def reasons(served: ServedModel, asked: Asked, item: str, user: str = "", by: str | None = None) -> Reasons:
    """Return the parts that the score of an item is the sum of.

    `by` names the head that is explained, "stars" or "chosen", for a model of two heads.

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
        saved = f"model {served.id!r} was saved without them. Save it with its ratings."
        raise CannotAnswer(f"an explanation needs the ratings of the users; {saved}")
    if by is not None and not hasattr(asked.model, "heads"):
        raise CannotAnswer(f"by is for a model of two heads; model {served.id!r} has one. Leave it out.")
    key, head = served.model.items.id(index), {} if by is None else {"by": by}
    try:
        found = asked.model.explain(asked.user, key, **head)
    except ValueError as error:
        raise CannotAnswer(f"model {served.id!r} cannot explain its scores: {error}") from error
    return Reasons(
        user=user,
        item=served.item(index),
        model_id=served.id,
        model_version=served.version,
        source=asked.source,
        prediction=found.prediction,
        score=found.score,
        parts=tuple(_part(served, row) for row in found.table.to_dicts()),
        in_words=str(found),
    )


def _part(served: ServedModel, row: dict[str, Any]) -> Part:
    of = row.get("item_id")
    item = None if of is None else served.item(served.item_index(str(of)))
    return Part(row["part"], float(row["contribution"]), item, row.get("rating"))
