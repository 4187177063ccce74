"""How a slider changed a list: which items moved up or down, entered or left, and why they left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from palate.app.answers import Row
from palate.explorer.parts import count


@dataclass(frozen=True)
class Mark:
    """How an item moved: "same", "rose", "fell" or "new", and by how many places."""

    kind: str
    places: int = 0

    @property
    def words(self) -> str:
        """The mark in words, "" for an item that did not move.

        Examples
        --------
        >>> Mark("rose", 2).words, Mark("new").words, Mark("same").words
        ('up 2', 'new', '')
        """
        return {"rose": f"up {self.places}", "fell": f"down {self.places}", "new": "new"}.get(self.kind, "")


@dataclass(frozen=True)
class Gone:
    """An item that left a list, with the reason as a sentence."""

    row: Row
    why: str


def marks(before: Sequence[Row], after: Sequence[Row]) -> list[Mark]:
    """Return what became of each row of `after` since `before`."""
    place = {row.item.id: row.rank for row in before}
    return [_mark(place.get(row.item.id), row.rank) for row in after]


def _mark(before: int | None, now: int) -> Mark:
    if before is None:
        return Mark("new")
    if before == now:
        return Mark("same")
    return Mark("rose", before - now) if now < before else Mark("fell", now - before)


def gone(
    before: Sequence[Row],
    after: Sequence[Row],
    *,
    min_ratings: int = 0,
    caution: float = 0.0,
    alike: Callable[[str], str] | None = None,
    noun: str = "rating",
) -> list[Gone]:
    """Return the rows that left the list, each with the reason.

    A row has too few ratings, is like an item that stayed, or is too uncertain. `alike` names the item
    that one is much like, or is ""; `noun` is what the model's values are called.
    """
    there = {row.item.id for row in after}
    return [
        Gone(row, _why(row, min_ratings, caution, alike, noun)) for row in before if row.item.id not in there
    ]


def _why(row: Row, min_ratings: int, caution: float, alike: Callable[[str], str] | None, noun: str) -> str:
    n = row.item.n_ratings
    if n is not None and n < min_ratings:
        return f"It has {count(n, noun)}, fewer than {min_ratings:,}."
    if alike is not None and (other := alike(row.item.id)):
        return f"It is similar to {other}, which is on the list."
    if caution:
        from_how_many = "" if n is None else f" (from {count(n, noun)})"
        low = "" if row.low is None else f": its interval begins at {row.low:.1f}"
        return f"Its expected rating{from_how_many} is less certain than those of the items that stayed{low}."
    return "Other items rank above it now."


def summary(found: Sequence[Mark], left: Sequence[Gone]) -> str:
    """Return what changed in one sentence, for the region that screen readers read aloud.

    Examples
    --------
    >>> summary([Mark("new"), Mark("rose", 2), Mark("same")], [])
    'The list changed: 1 new, 1 up.'
    >>> summary([Mark("same")], [])
    'The list is the same.'
    """
    kinds = {"new": "new", "rose": "up", "fell": "down"}
    counts = {word: sum(mark.kind == kind for mark in found) for kind, word in kinds.items()}
    counts["gone"] = len(left)
    said = [f"{n} {word}" for word, n in counts.items() if n]
    return f"The list changed: {', '.join(said)}." if said else "The list is the same."
