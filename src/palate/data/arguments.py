"""Calls with an argument that a function does not have are answered with the one that was meant."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from palate._checks import ArgumentTypeError
from palate._nearest import called_here, nearest

T = TypeVar("T")
# Arguments of before, which warn for one version: old name, name of today.
RENAMED = {"deny": "exclude_items", "worst": "ascending"}
F = TypeVar("F", bound=Callable[..., Any])


def helpful(function: F) -> F:
    """Return the function with a helpful error for an unknown keyword.

    The error is one sentence that names what the function takes instead. A keyword that was renamed
    is passed on under its new name, with a warning.
    """
    taken = inspect.signature(function).parameters
    any_name = any(one.kind is one.VAR_KEYWORD for one in taken.values())
    names = [name for name in taken if name != "self"]

    @functools.wraps(function)
    def called(*args: object, **named: object) -> Any:
        if not any_name or not named.keys().isdisjoint(RENAMED):
            named = _with_new_names(named, taken, any_name)
        for name in named:
            if name not in taken and not any_name:
                whose = type(args[0]).__name__ if args and "self" in taken else None
                raise TypeError(_message(function, name, names, whose))
        return function(*args, **named)

    return cast(F, called)


def _with_new_names(named: dict[str, Any], taken: Mapping[str, Any], any_name: bool) -> dict[str, Any]:
    """Return keywords with the name of today for each that was renamed.

    >>> with warnings.catch_warnings(action="ignore"):
    ...     _with_new_names({"n": 3, "deny": [7]}, {"n": ..., "exclude_items": ...}, False)
    {'n': 3, 'exclude_items': [7]}
    """
    found = {}
    for name, value in named.items():
        new = name
        if name in RENAMED and name not in taken and (any_name or RENAMED[name] in taken):
            new = RENAMED[name]
            said = f"{name}= is now {new}=; the old name will be removed in the next minor version."
            warn_caller(said, DeprecationWarning)
        if new in found or (new != name and new in named):
            raise ArgumentTypeError(new, "be given once", f"{new}= and {name}=, its old name")
        found[new] = value
    return found


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn as from the first line of code outside palate, however many functions of palate stand between."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).split(".")[0] == "palate":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def helpful_methods(cls: type[T]) -> type[T]:
    """Return the class with `helpful` around its constructor and its public methods."""
    for name, value in list(vars(cls).items()):
        if inspect.isfunction(value) and (name == "__init__" or not name.startswith("_")):
            setattr(cls, name, helpful(value))
    return cls


def ids_and_ratings(ids: object, ratings: object, side: str) -> tuple[Any, Any]:
    """Return the ids and ratings of a fold-in, which may be given as one mapping of id to rating.

    >>> ids_and_ratings({1: 5.0, 7: 2.0}, None, "items")
    ([1, 7], [5.0, 2.0])
    """
    if isinstance(ids, Mapping):
        if ratings is not None:
            must = f"be left out where {side} is a mapping of id to rating"
            raise ArgumentTypeError("ratings", must, "both")
        return list(ids), list(ids.values())
    if ratings is None:
        must = f"be given beside {side}, or {side} be a mapping of id to rating"
        raise ArgumentTypeError("ratings", must, f"{side} alone")
    return ids, ratings


def check_named(function: Callable[..., Any], given: Iterable[str], names: list[str]) -> None:
    """Raise TypeError for a keyword that a function does not take, where it passes on others by name.

    >>> def fit(ratings, **options): ...
    >>> check_named(fit, ["seed"], ["ratings", "seed"])
    """
    for name in given:
        if name not in names:
            raise TypeError(_message(function, name, names))


def _message(function: Callable[..., Any], given: str, names: list[str], whose: str | None = None) -> str:
    """Return the sentence of a wrong keyword of a function, or of a method of the class `whose`.

    >>> def recommend(users, n): ...
    >>> _message(recommend, "top", ["users", "n"])
    "recommend takes no argument 'top'. Did you mean n=?"
    """
    called = function.__qualname__.removesuffix(".__init__").rpartition("<locals>.")[2]
    if whose is not None:  # the class of the object, not the one that it has the method of
        called = whose if function.__name__ == "__init__" else f"{whose}.{function.__name__}"
    meant = called_here(given, names) or nearest(given, names)
    hint = f"It takes {', '.join(names)}."
    if meant:
        hint = f"Did you mean {' or '.join(f'{name}=' for name in meant)}?"
    return f"{called} takes no argument {given!r}. {hint}"
