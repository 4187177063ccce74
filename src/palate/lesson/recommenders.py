"""Telling a right `recommend` from a wrong one: by calling it with hidden models, users and numbers."""

import inspect
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from palate.lesson.hidden import HiddenModel, Stage, hidden_model, stage
from palate.lesson.surroundings import Surroundings, ids_of, is_frame
from palate.lesson.verdict import Verdict, Wrong

_TOLERANCE = 1e-4  # of predictions that are summed up in another order


@dataclass(frozen=True, eq=False)
class Case:
    """One call of the learner's function."""

    name: str  # of the function
    model: HiddenModel
    user: Any
    n: int | None  # None: not passed
    min_ratings: int | None
    default_floor: int  # what min_ratings is then; 0 for a function without a threshold

    @property
    def size(self) -> int:
        return 5 if self.n is None else self.n

    @property
    def floor(self) -> int:
        return self.default_floor if self.min_ratings is None else self.min_ratings

    @property
    def options(self) -> dict[str, int]:
        given = {"n": self.n, "min_ratings": self.min_ratings}
        return {name: value for name, value in given.items() if value is not None}

    def __str__(self) -> str:
        options = "".join(f", {name}={value}" for name, value in self.options.items())
        return f"{self.name}(model, {self.user!r}{options})"


def check_recommender(answer: Any, name: str, notebook: dict[str, Any], *, threshold: bool) -> Verdict:
    """Return the verdict on a function `recommend(model, user_id, n=5)`, or with `min_ratings=1000` if it has a threshold.

    Parameters
    ----------
    answer : object
        What the learner handed in.
    name : str
        What the question calls the function.
    notebook : dict
        The learner's variables. Where the function names no tables, its films and ratings are `movies` and `df` of these; no hidden call is
        for their `uid`.
    threshold : bool
    """
    try:
        _check_signature(answer, name, threshold)
        floor = _default_floor(answer) if threshold else 0
        around = Surroundings(answer, notebook)
        try:
            remarks = _run(answer, around, _cases(stage(around.ratings(), around.movies()), name, floor, notebook.get("uid")))
        finally:
            around.restore()
    except Wrong as wrong:
        return Verdict(False, str(wrong))
    return Verdict(True, " ".join([f"{name} is right for every hidden model, user and n that it was tried with.", *remarks]))


def _check_signature(answer: Any, name: str, threshold: bool) -> None:
    options = "n=5, min_ratings=1000" if threshold else "n=5"
    if answer is None:
        raise Wrong(f"There is nothing to check yet: write {name}(model, user_id, {options}) and pass it, check({name}).")
    if not callable(answer):
        raise Wrong(
            f"The answer must be a function; got {_kind(answer)}. Pass the function itself, check({name}), not what it returned."
        )
    try:
        signature = inspect.signature(answer)
        signature.bind(None, None, **dict.fromkeys(["n", "min_ratings"] if threshold else ["n"], 1))
        signature.bind(None, None)
    except TypeError as error:
        raise Wrong(f"The function must take (model, user_id, {options}); {error}.") from None
    except ValueError:  # of a callable that does not tell
        pass


def _default_floor(answer: Any) -> int:
    """Return the function's own default of min_ratings: the exercise's, unless the learner chose one that fits the ratings."""
    try:
        default = inspect.signature(answer).parameters["min_ratings"].default
    except (KeyError, TypeError, ValueError):
        return 1000
    return default if isinstance(default, int) else 1000


def _cases(stage: Stage, name: str, floor: int, uid: Any) -> Iterator[tuple[Stage, Case]]:
    first, second = hidden_model(stage, 1, 1.0), hidden_model(stage, 2, 6.0)
    users = stage.users(3, 4, uid)
    al, bo, cy, di = (users * 4)[:4]
    calls: list[tuple[HiddenModel, Any, int | None, int | None]]
    if not floor:
        calls = [
            (first, al, None, None),
            (first, bo, None, None),
            (second, bo, 12, None),
            (second, cy, 1, None),
            (first, al, 7, None),
        ]
    else:
        counts = np.sort(stage.counts)[::-1]
        few, some = int(counts[min(2, len(counts) - 1)]), int(counts[min(200, len(counts) // 2)])
        best = int(stage.counts[np.argsort(-_scores(second, cy, stage.item_ids))[0]])  # the best film stands on the threshold
        calls = [
            (first, al, 5, some), (first, bo, 5, some), (second, bo, 12, some), (second, cy, 3, best), (first, di, 5, 1),
            (second, al, 50, few), (first, al, 5, int(counts[0]) + 1), (first, bo, None, None),
        ]  # fmt: skip
    for model, user, n, least in calls:
        yield stage, Case(name, model, user, n, least, floor)


def _run(answer: Callable[..., Any], around: Surroundings, cases: Iterator[tuple[Stage, Case]]) -> list[str]:
    """Check every case; raise Wrong at the first that fails, else return remarks."""
    before: tuple[Case, list[Any]] | None = None
    remarks: list[str] = []
    for on, case in cases:
        case.model.forget()
        try:
            frame = _call(answer, case, on)
            ids = _check_frame(frame, case, on)
            remarks += _check_list(ids, case, on, before)
        except Wrong as wrong:
            left = around.changes()
            raise Wrong(f"{wrong} Besides, {left[0]}." if left else str(wrong)) from None
        remarks += _remark_on_offset(frame, ids, case)
        before = case, ids
    if left := around.changes():
        raise Wrong(
            f"The lists are right, but {left[0]}: what one call leaves behind, the next one and every other cell will find. "
            "Work on a copy (`movies.copy()`, or `movies.loc[ids].copy()`)."
        )
    return [remark for remark in dict.fromkeys(remarks) if remark]


def _call(answer: Callable[..., Any], case: Case, stage: Stage) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return answer(case.model, case.user, **case.options)
    except (Exception, SystemExit) as error:
        stranger = _strangers(case)
        if stranger:
            raise Wrong(stranger) from None
        said = " ".join(str(error).split()) or "no message"
        raise Wrong(f"{case} raised {type(error).__name__}: {said[:300]}{_where(error)}.{_empty_advice(case, stage)}") from None


def _where(error: BaseException) -> str:
    """Return the line of the learner's code that an error passed through last."""
    frames = [
        entry for entry in traceback.extract_tb(error.__traceback__)[1:] if "palate" not in entry.filename.split("/")[-4:]
    ]
    own = [entry for entry in frames if "site-packages" not in entry.filename]
    if not own:
        return ""
    line = f" `{own[-1].line}`" if own[-1].line else ""
    return f" (line {own[-1].lineno} of your code,{line or ' in ' + own[-1].name})"


def _empty_advice(case: Case, stage: Stage) -> str:
    return (
        " No film has that many ratings: the right answer is a frame without rows." if case.floor > stage.counts.max() else ""
    )


def _check_frame(frame: Any, case: Case, stage: Stage) -> list[Any]:
    """Return the ids in what the function returned."""
    if frame is None:
        raise Wrong(f"{case} returned None: the function must end in `return` with a frame.")
    if not is_frame(frame):
        raise Wrong(f"{case} must return a frame with a column movieId; got {_kind(frame)}.")
    series = ids_of(frame)
    if series is None:
        found = ", ".join(repr(str(column)) for column in frame.columns) or "none"
        raise Wrong(f"{case} must return a frame with a column movieId (or item_id); got the columns {found}.")
    ids = series.to_list()
    if len(set(ids)) < len(ids):
        twice = next(item for item in ids if ids.count(item) > 1)
        raise Wrong(f"{case} returned movieId {twice!r} more than once: each film may stand in the list once.")
    known = set(stage.base.items.values.to_list())
    if strange := [item for item in ids if item not in known]:
        raise Wrong(f"{case} returned movieId {strange[0]!r}, which is no film of the ratings.")
    return ids


def _check_list(ids: list[Any], case: Case, stage: Stage, before: tuple[Case, list[Any]] | None) -> list[str]:
    """Compare the ids with the right list: of all films, or of those that the user has not rated."""
    allowed = stage.counts >= case.floor
    everything = _best(case, stage, allowed)
    unseen = _best(case, stage, allowed & ~_seen(case, stage))
    if not _below(ids, case, stage):
        if _same(ids, everything, case):
            return [] if everything else [_nothing_left(case, stage)]
        if _same(ids, unseen, case):
            return ["(It leaves out what the user has rated, which the exercise does not; both are right.)"]
    for problem in (_about_asking, _about_threshold, _about_number, _about_order):
        if message := problem(ids, case, stage, everything, before):
            raise Wrong(message)
    raise Wrong(_first_difference(ids, everything, case))


def _about_threshold(ids: list[Any], case: Case, stage: Stage, right: list[Any], before: Any) -> str | None:
    low = _below(ids, case, stage)
    if not low:
        return None
    item, count = low[0]
    return (
        f"{case} returned movieId {item!r}, which has {count} ratings, fewer than min_ratings={case.floor}: keep only films with "
        "n_ratings >= min_ratings, before taking the best."
    )


def _below(ids: list[Any], case: Case, stage: Stage) -> list[tuple[Any, int]]:
    """Return the ids with fewer ratings than the threshold, and how many they have."""
    counts = dict(zip(stage.item_ids, stage.counts.tolist(), strict=True))
    return [(item, counts.get(item, 0)) for item in ids if counts.get(item, 0) < case.floor]


def _nothing_left(case: Case, stage: Stage) -> str:
    if case.min_ratings is not None:  # a call made to leave nothing
        return ""
    return (
        f"With the default, min_ratings={case.floor}, it rightly returns nothing here: the most-rated film has "
        f"{int(stage.counts.max())} ratings. Pass a threshold that fits, such as min_ratings=50."
    )


def _about_asking(ids: list[Any], case: Case, stage: Stage, right: list[Any], before: Any) -> str | None:
    """Say whom the function asked the model about, if not about the user it was called for."""
    if stranger := _strangers(case):
        return stranger
    if case.model.calls:
        return None
    if before is not None and ids and set(ids) & set(before[1]) and ids[:3] == before[1][:3]:
        return (
            f"{case} returned the list of the call before it, {before[0]}, and did not ask its model: predictions were kept from "
            "an earlier call. Compute them anew in each call."
        )
    if not right and not ids:
        return None
    return (
        f"{case} did not ask the model it was given for predictions. Does it use a model, or predictions, from outside? "
        "Call model.predict in the function, every time."
    )


def _strangers(case: Case) -> str | None:
    others = case.model.asked - {case.user}
    if not others or case.user in case.model.asked:
        return None
    return (
        f"{case} asked the model about user {next(iter(others))!r}: the function does not use its argument user_id but a variable "
        "from outside. Use user_id in model.predict."
    )


def _about_number(ids: list[Any], case: Case, stage: Stage, right: list[Any], before: Any) -> str | None:
    if len(ids) == len(right):
        return None
    if not ids:
        return f"{case} returned no films; there are {len(right)} to return."
    if not right:
        return f"{case} returned {len(ids)} films, and no film satisfies the call: a frame without rows is right."
    passed = f"n={case.size}" if case.n is not None else "the default n=5"
    left = "" if len(right) == case.size else f" ({len(right)} have at least {case.floor} ratings)"
    return f"{case} returned {len(ids)} films; with {passed} there must be {len(right)}{left}. Take the first n: head(n)."


def _about_order(ids: list[Any], case: Case, stage: Stage, right: list[Any], before: Any) -> str | None:
    if set(ids) == set(right):
        return (
            f"{case} returned the right films in the wrong order: the highest prediction comes first. Sort descending, by "
            "predictions as they come from the model, neither clipped nor rounded."
        )
    allowed = stage.counts >= case.floor
    worst = _best(case, stage, allowed, ascending=True)
    if set(ids) == set(worst) and len(ids):
        return f"{case} returned the films with the lowest predictions: sort descending (ascending=False) before head(n)."
    return None


def _first_difference(ids: list[Any], right: list[Any], case: Case) -> str:
    mine, best = (_scores(case.model, case.user, items) + case.model.mean for items in (ids, right))
    place = next(place for place in range(len(ids)) if abs(mine[place] - best[place]) > _TOLERANCE * (1 + abs(best[place])))
    advice = "rank all films, with predictions as they come from the model"
    if case.floor:
        advice = "leave out films below the threshold first and take the best n of the others"
    return (
        f"{case} has movieId {ids[place]!r} in place {place + 1}, predicted {mine[place]:.2f}; movieId {right[place]!r} belongs "
        f"there, predicted {best[place]:.2f}. {advice[0].upper()}{advice[1:]}."
    )


def _best(case: Case, stage: Stage, allowed: np.ndarray, ascending: bool = False) -> list[Any]:
    candidates = [item for item, fits in zip(stage.item_ids, allowed, strict=True) if fits]
    scores = _scores(case.model, case.user, candidates)
    order = np.argsort(scores if ascending else -scores, kind="stable")[: case.size]
    return [candidates[place] for place in order]


def _scores(model: HiddenModel, user: Any, items: list[Any]) -> np.ndarray:
    """Centred predictions, without being noted."""
    if not items:
        return np.zeros(0)
    return np.asarray(model.model.predict(user, items), dtype=np.float64) - model.mean


def _same(ids: list[Any], right: list[Any], case: Case) -> bool:
    """Return whether the predictions are those of the right list, so that equal ones may stand in any order."""
    if len(ids) != len(right):
        return False
    mine, best = (_scores(case.model, case.user, items) for items in (ids, right))
    return bool(np.allclose(mine, best, rtol=_TOLERANCE, atol=_TOLERANCE))


def _seen(case: Case, stage: Stage) -> np.ndarray:
    matrix, base = stage.base.ratings, stage.base
    items, _, _ = matrix.row(base.users.index(case.user))  # type: ignore[union-attr]
    return np.isin(base.items.indices(stage.item_ids), items)


def _remark_on_offset(frame: Any, ids: list[Any], case: Case) -> list[str]:
    """Say so if predictions in the frame are still centred; they rank alike."""
    if "predicted_rating" not in frame.columns or not ids:
        return []
    shown = np.asarray(pl.Series(frame["predicted_rating"].to_list(), strict=False), dtype=np.float64)
    if len(shown) == len(ids) and np.allclose(shown, _scores(case.model, case.user, ids), atol=1e-3):
        return ["(predicted_rating is still centred: add the offset to show stars. The order is the same.)"]
    return []


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"an empty {name}" if hasattr(value, "__len__") and len(value) == 0 else f"a {name}"
