"""The tables that a learner's function uses: found by the names in its code, and watched for changes."""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

import polars as pl

from palate.data.frames import column_names, to_polars
from palate.lesson.setting import Lesson

_ITEM_COLUMNS = ("movieId", "item_id")
_MAX_DEPTH = 4  # of helpers that call helpers


@dataclass
class Watched:
    """A table that the function can reach, as it was before the check."""

    name: str
    home: dict[str, Any] | None  # the namespace it is a global of
    frame: Any
    columns: list[Any]
    copy: Any

    def change(self) -> str | None:
        """Return what has happened to the table since, or None."""
        now: Any = self.frame if self.home is None else self.home.get(self.name)
        if not is_frame(now):
            return f"it replaced `{self.name}`"
        added = [str(column) for column in now.columns if column not in self.columns]
        if added:
            return f"it left the column {', '.join(map(repr, added))} in `{self.name}`"
        if now is not self.frame or not self.copy.equals(now):
            return f"it changed `{self.name}`"
        return None

    def restore(self) -> None:
        """Take added columns out again, and put a replaced table back."""
        if self.home is not None:
            self.home[self.name] = self.frame
        for column in [column for column in self.frame.columns if column not in self.columns]:
            if isinstance(self.frame, pl.DataFrame):
                self.frame.drop_in_place(column)
            else:
                del self.frame[column]


class Surroundings:
    """The tables around a function."""

    def __init__(self, function: Callable[..., Any], notebook: dict[str, Any]) -> None:
        self.watched: list[Watched] = []
        known = [(notebook, name, notebook.get(name)) for name in ("df", "movies", "movies_df")]
        for home, name, value in [*_reachable(function, set()), *known]:
            frames = [(name, home, value)]
            if isinstance(value, Lesson):
                frames = [(f"{name}.df", None, value.df), (f"{name}.movies", None, value.movies)]
            for label, where, frame in frames:
                if is_frame(frame) and all(frame is not seen.frame for seen in self.watched):
                    copy = frame.copy() if hasattr(frame, "iloc") else frame.clone()
                    self.watched.append(Watched(label, where, frame, list(frame.columns), copy))

    def changes(self) -> list[str]:
        """Return what has happened to the tables since."""
        return [change for watched in self.watched if (change := watched.change())]

    def restore(self) -> None:
        """Undo what can be undone."""
        for watched in self.watched:
            if watched.change():
                watched.restore()

    def ratings(self) -> pl.DataFrame | None:
        """Return userId, movieId, rating of the function's table of ratings, or None."""
        for watched in self.watched:
            if {"userId", "movieId", "rating"} <= set(watched.columns):
                return to_polars(watched.copy, ["userId", "movieId", "rating"])
        return None

    def movies(self) -> pl.DataFrame | None:
        """Return movieId and n_ratings of the function's table of films, or None."""
        for watched in self.watched:
            if "n_ratings" in watched.columns and "rating" not in watched.columns:
                ids = ids_of(watched.copy)
                if ids is not None:
                    return to_polars(watched.copy, ["n_ratings"]).select(ids.alias("movieId"), "n_ratings")
        return None


def is_frame(value: object) -> bool:
    """Return whether a value is a data frame of pandas or Polars."""
    library = type(value).__module__.split(".")[0]
    return type(value).__name__ == "DataFrame" and library in ("pandas", "polars")


def ids_of(frame: Any) -> pl.Series | None:
    """Return the column movieId or item_id of a frame, or its index of such a name, or None."""
    names = column_names(frame)
    for name in _ITEM_COLUMNS:
        if name in names:
            return to_polars(frame, [name])[name]
    if getattr(getattr(frame, "index", None), "name", None) in _ITEM_COLUMNS:
        return pl.Series(frame.index.to_list())
    return None


def _reachable(
    function: Any, seen: set[int], depth: int = 0
) -> Iterator[tuple[dict[str, Any] | None, str, Any]]:
    """Yield (globals, name, value) of what a function and its helpers name, its closure and its defaults."""
    if isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = type(function).__call__  # of an object that is called like a function
    if not hasattr(function, "__code__") or id(function) in seen or depth > _MAX_DEPTH:
        return
    seen.add(id(function))
    for home, name, value in _named_by(function):
        yield home, name, value
        if inspect.isfunction(value):
            yield from _reachable(value, seen, depth + 1)


def _named_by(function: Any) -> Iterator[tuple[dict[str, Any] | None, str, Any]]:
    """Yield (globals, name, value) of what a function itself names, and of its closure."""
    for name in dict.fromkeys(_names_in(function.__code__)):
        if name in function.__globals__:
            yield function.__globals__, name, function.__globals__[name]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not bound yet
            yield None, name, cell.cell_contents


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)
