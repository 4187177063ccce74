"""X of scikit-learn as pairs: the columns of users, items and times of an array or a frame."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from palate._checks import ArgumentError
from palate.data.frames import check_apart, column_names, to_polars
from palate.data.libraries import is_frame
from palate.data.series import to_series

_EXACT = 2.0**53  # from here on a float no longer stands for one whole number
Place = int | str | None


@dataclass(frozen=True, eq=False)
class Pairs:
    """The columns of X that say who rated what, and when."""

    users: Any
    items: Any
    timestamps: Any = None


def pairs_of(X: Any, user: Place, item: Place, timestamp: Place) -> Pairs:
    """Return the named columns of X, or both columns of an X that has two where none is named.

    Parameters
    ----------
    X : array of two dimensions, or data frame
    user, item, timestamp : int or str or None
        Position or name of a column; names are for frames.

    Raises
    ------
    ValueError
        If X has other than two columns and none is named, a column is not there, or an id is a fraction.

    Examples
    --------
    >>> pairs_of(np.array([[1.0, 7.0], [2.0, 7.0]]), None, None, None).users.tolist()
    [1, 2]
    """
    found: list[Any] = column_names(X) if is_frame(X) else list(range(X.shape[1]))
    places = _places(found, user, item, timestamp)
    columns = [None if place is None else _column(X, found[place]) for place in places]
    for name, values in (("user", columns[0]), ("item", columns[1])):
        _check_whole(name, values)
    users, items = (_whole(values) for values in columns[:2])
    return Pairs(users, items, columns[2])


def _places(found: list[Any], user: Place, item: Place, timestamp: Place) -> list[int | None]:
    if user is None and item is None:
        wanted = 2 + (timestamp is not None)
        if len(found) != wanted:
            raise ArgumentError(
                "X",
                f"have {wanted} columns, users and items{' and times' if timestamp is not None else ''}, "
                f"where user= and item= do not name them",
                f"{len(found)} feature(s)",
            )
        time = None if timestamp is None else _place(found, "timestamp", timestamp)
        first, second, *_ = (place for place in range(len(found)) if place != time)
        return [first, second, time]
    if user is None or item is None:
        raise ArgumentError("user and item", "be named together", f"user={user!r} and item={item!r}")
    named = (("user", user), ("item", item), ("timestamp", timestamp))
    places = {name: None if place is None else _place(found, name, place) for name, place in named}
    check_apart({name: None if place is None else found[place] for name, place in places.items()})
    return list(places.values())


def _place(found: list[Any], name: str, place: int | str) -> int:
    """Return the position of a column that is named, or is given by its position."""
    if place in found and not isinstance(place, bool):
        return found.index(place)
    if isinstance(place, int) and not isinstance(place, bool) and -len(found) <= place < len(found):
        return place % len(found)
    shown = ", ".join(map(repr, found[:10])) + (", ..." if len(found) > 10 else "")
    raise ArgumentError(name, f"be a column of X, which has {len(found)} feature(s): {shown}", f"{place!r}")


def _column(X: Any, name: Any) -> Any:
    if is_frame(X):
        return to_polars(X, [name]).to_series()
    column = X[:, name]
    return to_series(column.tolist()) if column.dtype == object else column


def _check_whole(name: str, values: object) -> None:
    """Check ids that a numeric array holds as floats, as it does where another column has fractions."""
    if not (isinstance(values, np.ndarray) and values.dtype.kind == "f"):
        return
    wrong = ~(np.isfinite(values) & (values == np.floor(values)) & (np.abs(values) < _EXACT))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ArgumentError(name, "hold ids: whole numbers or text", f"{values[row]:g} in row {row} of X")


def _whole(values: object) -> Any:
    return values.astype(np.int64) if isinstance(values, np.ndarray) and values.dtype.kind == "f" else values
