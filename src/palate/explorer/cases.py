"""Recommendations that looked wrong to a person: stored as JSON Lines, and checked in other models."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from palate._checks import ArgumentError
from palate.data.frames import to_polars
from palate.data.vocabulary import Vocabulary
from palate.model.model import Model

PLACES = 10


@dataclass(frozen=True, kw_only=True)
class Case:
    """One recommendation that looked wrong.

    Parameters
    ----------
    user, item : str
    title : str
    models : tuple of str
        Names of the models that recommended it.
    rank : int
    note : str
        What the person said about it.
    at : str
        When, in ISO 8601.
    ratings : dict of str to float
        The user's live ratings, by item. The list of a user who is not in the model cannot be made
        again without them.
    """

    user: str
    item: str
    title: str = ""
    models: tuple[str, ...] = ()
    rank: int = 0
    note: str = ""
    at: str = ""
    ratings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Whether an item is still recommended: `rank` is its rank in the user's first ten, or 0.

    `problem` says why this could not be checked.
    """

    case: Case
    rank: int
    problem: str = ""

    @property
    def words(self) -> str:
        """What was found, as a line.

        Examples
        --------
        >>> Finding(Case(user="7", item="318", title="Speed"), 3).words
        'user 7, Speed (318): still recommended, at rank 3'
        """
        title = f"{self.case.title} ({self.case.item})" if self.case.title else f"item {self.case.item}"
        found = f"still recommended, at rank {self.rank}" if self.rank else "no longer recommended"
        return f"user {self.case.user}, {title}: {f'not checked, {self.problem}' if self.problem else found}"


def append_case(path: str | os.PathLike[str], case: Case) -> None:
    """Add a case to a file as one line, and wait until it is on the disk."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(case), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_cases(path: str | os.PathLike[str]) -> list[Case]:
    """Return the cases of a file.

    Raises
    ------
    ValueError
        If a line is no case; the message names it.
    """
    lines = enumerate(Path(path).read_text("utf-8").splitlines(), start=1)
    return [_case(line, f"{os.fspath(path)}, line {number}") for number, line in lines if line.strip()]


def _case(line: str, where: str) -> Case:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where} must be a JSON object; {error}.") from None
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in ("user", "item")):
        raise ArgumentError(where, "be a JSON object with the texts user and item", f"{line[:80]!r}")
    ratings = value.get("ratings", {})
    if not isinstance(ratings, dict) or not all(isinstance(one, int | float) for one in ratings.values()):
        raise ArgumentError(where, "have a number as the rating of each item", f"{str(ratings)[:80]!r}")
    known = {name: value[name] for name in ("user", "item", "title", "rank", "note", "at") if name in value}
    return Case(
        **known,
        models=tuple(value.get("models", ())),
        ratings={name: float(one) for name, one in ratings.items()},
    )


def check_cases(model: Model, cases: Iterable[Case]) -> list[Finding]:
    """Return for each case whether the item is still among the user's first ten in a model."""
    return [_finding(model, case) for case in cases]


def _finding(model: Model, case: Case) -> Finding:
    index = _index(model.items, case.item)
    if index < 0:
        return Finding(case, 0, f"item {case.item!r} is not in the model")
    user: Any = None
    try:
        row = _index(model.users, case.user)
        if case.ratings:
            user = _with_live_ratings(model, row, case.ratings)
        elif row >= 0:
            user = model.users.id(row)
        if user is None:
            why = f"user {case.user!r} is not in the model, and the case has no ratings of this user"
            return Finding(case, 0, why)
        listed = to_polars(model.recommend(user, PLACES, exclude_seen=model.ratings is not None or row < 0))
    except (ValueError, KeyError, TypeError) as error:
        return Finding(case, 0, str(error.args[0] if error.args else error))
    places = listed["item_id"].to_list()
    wanted = model.items.id(index)
    return Finding(case, places.index(wanted) + 1 if wanted in places else 0)


def _with_live_ratings(model: Model, row: int, ratings: dict[str, float]) -> Any:
    """Return the user whose ratings are those the model knows and those of the case."""
    own: dict[Any, float] = {}
    if row >= 0 and model.ratings is not None:
        items, values, _ = model.ratings.row(row)
        own = {model.items.id(int(item)): float(value) for item, value in zip(items, values, strict=True)}
    for item, value in ratings.items():
        index = _index(model.items, item)
        if index >= 0:
            own[model.items.id(index)] = value
    return model.fold_in(own) if own else None


def _index(vocabulary: Vocabulary, text: str) -> int:
    try:
        return int(vocabulary.indices([vocabulary.parse(text)])[0])
    except (ValueError, OverflowError):
        return -1
