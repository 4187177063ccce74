"""What a page shows, as its address says it: model, user and sliders.

So a page can be shared, and the back button works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

ME = "me"  # whose ratings are those of the person at the screen
MOST_MIN_RATINGS = 200
MOST_CAUTION = 0.95
MOST_DIVERSITY = 0.95


@dataclass(frozen=True, kw_only=True)
class State:
    """What is shown.

    Parameters
    ----------
    model : str
    other : str
        The second model, where two are compared; the same when there is one.
    user : str
    min_ratings : int
    caution, diversity : float
    color : str
        What the map is coloured by.
    own : tuple of str
        Users that stand beside the chosen ones on the first page.
    notes : tuple of str
        What of the address could not be used, each a sentence.

    Examples
    --------
    >>> state = State.of({"user": "7", "caution": "2"}, ["a", "b"])
    >>> state.user, state.other, state.caution, state.notes
    ('7', 'b', 0.0, ("caution must be a number from 0 to 0.95; got '2'.",))
    >>> state.address("/rate", caution=0.5)
    '/rate?user=7&caution=0.5'
    """

    model: str
    other: str
    models: tuple[str, ...]
    user: str = ME
    min_ratings: int = 0
    caution: float = 0.0
    diversity: float = 0.0
    color: str = "year"
    own: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: Mapping[str, str], models: Sequence[str]) -> Self:
        """Return the state that an address asks for; what cannot be used is told in `notes`."""
        notes: list[str] = []

        def model(name: str, default: str) -> str:
            given = query.get(name, default)
            if given in models:
                return given
            notes.append(f"{name} must be one of {', '.join(map(repr, models))}; got {given!r}.")
            return default

        return cls(
            model=model("model", models[0]),
            other=model("other", models[min(1, len(models) - 1)]),
            models=tuple(models),
            user=query.get("user") or ME,
            min_ratings=int(_number(query, "min_ratings", MOST_MIN_RATINGS, notes)),
            caution=_number(query, "caution", MOST_CAUTION, notes),
            diversity=_number(query, "diversity", MOST_DIVERSITY, notes),
            color=query.get("color", "year"),
            own=tuple(name for name in query.get("own", "").split(",") if name)[:2],
            notes=tuple(notes),
        )

    def but(self, **changes: object) -> Self:
        """Return the state with some of it changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def address(self, path: str, **changes: object) -> str:
        """Return the address of a page in this state, with some of it changed.

        What is as by default is left out.
        """
        state, default = self.but(**changes), State.of({}, self.models)
        shown: dict[str, str] = {}
        for name in ("model", "other", "user", "min_ratings", "caution", "diversity", "color"):
            value = getattr(state, name)
            if value != getattr(default, name):
                shown[name] = f"{value:g}" if isinstance(value, float) else str(value)
        if state.own:
            shown["own"] = ",".join(state.own)
        return f"{path}?{urlencode(shown)}" if shown else path


def _number(query: Mapping[str, str], name: str, most: float, notes: list[str]) -> float:
    text = query.get(name)
    if text is None:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        value = -1
    if 0 <= value <= most:
        return value
    notes.append(f"{name} must be a number from 0 to {most:g}; got {text!r}.")
    return 0.0
