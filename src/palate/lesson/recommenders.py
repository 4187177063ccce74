"""Telling a right `recommend` from a wrong one: by calling it with hidden models, users and numbers."""

import inspect
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from palate.lesson.hidden import HiddenModel, Stage, hidden_model, stage
from palate.lesson.lists import Case, check_list, scores, strangers
from palate.lesson.surroundings import Surroundings, ids_of, is_frame
from palate.lesson.verdict import Verdict, Wrong

_PACKAGE = str(Path(__file__).parents[1])


def check_recommender(answer: Any, notebook: dict[str, Any], *, name: str, threshold: bool) -> Verdict:
    """Return the verdict on a function `recommend(model, user_id, n=5)`.

    If it has a threshold, it takes `min_ratings=1000` as well.

    Parameters
    ----------
    answer : object
        What the learner handed in.
    notebook : dict
        The learner's variables. Where the function names no tables, its films and ratings are
        `movies` and `df` of these; no hidden call is for their `uid`.
    name : str
        What the question calls the function.
    threshold : bool
    """
    try:
        _check_signature(answer, name, threshold)
        floor = _default_floor(answer) if threshold else 0
        around = Surroundings(answer, notebook)
        try:
            on = stage(around.ratings(), around.movies())
            remarks = _run(answer, around, on, _cases(on, name, floor, notebook.get("uid")))
        finally:
            around.restore()
    except Wrong as wrong:
        return Verdict(False, str(wrong))
    said = f"{name} is right for every hidden model, user and n that it was tried with."
    return Verdict(True, " ".join([said, *remarks]))


def _check_signature(answer: object, name: str, threshold: bool) -> None:
    options = "n=5, min_ratings=1000" if threshold else "n=5"
    if answer is None:
        raise Wrong(
            f"There is nothing to check yet: write {name}(model, user_id, {options}) and pass it, "
            f"check({name})."
        )
    if not callable(answer):
        raise Wrong(
            f"The answer must be a function; got {_kind(answer)}. Pass the function itself, check({name}), "
            f"not what it returned."
        )
    try:
        signature = inspect.signature(answer)
        signature.bind(None, None, **dict.fromkeys(["n", "min_ratings"] if threshold else ["n"], 1))
        signature.bind(None, None)
    except TypeError as error:
        raise Wrong(f"The function must take (model, user_id, {options}); {error}.") from None
    except ValueError:  # of a callable that does not tell
        pass


def _default_floor(answer: Callable[..., Any]) -> int:
    """Return the function's own default of min_ratings.

    It is the exercise's, unless the learner chose one that suits the ratings.
    """
    try:
        default = inspect.signature(answer).parameters["min_ratings"].default
    except (KeyError, TypeError, ValueError):
        return 1000
    return default if isinstance(default, int) else 1000


def _cases(stage: Stage, name: str, floor: int, uid: object) -> Iterator[Case]:
    first, second = hidden_model(stage, 1, 1.0), hidden_model(stage, 2, 6.0)
    users = stage.users(3, 4, uid)
    al, bo, cy, di = (users * 4)[:4]
    calls: list[tuple[HiddenModel, Any, int | None, int | None]]
    if not floor:
        lengths = [(first, al, None), (first, bo, None), (second, bo, 12), (second, cy, 1), (first, al, 7)]
        calls = [(*call, None) for call in lengths]
    else:
        counts = np.sort(stage.counts)[::-1]
        few, some = int(counts[min(2, len(counts) - 1)]), int(counts[min(200, len(counts) // 2)])
        wide = max(5, int((counts >= some).sum()) // 2)  # so wide that a filter after head leaves some
        # the best film stands on the threshold
        best = int(stage.counts[np.argsort(-scores(second, cy, stage.item_ids))[0]])
        calls = [
            (first, al, wide, some),
            (first, bo, 5, some),
            (second, bo, 12, some),
            (second, cy, 3, best),
            (first, di, 5, 1),
            (second, al, 50, few),
            (first, al, 5, int(counts[0]) + 1),
            (first, bo, None, None),
        ]
    for model, user, n, least in calls:
        yield Case(name, model, user, n, least, floor)


def _run(answer: Callable[..., Any], around: Surroundings, on: Stage, cases: Iterator[Case]) -> list[str]:
    """Check every case; raise Wrong at the first that fails, else return remarks."""
    before: tuple[Case, list[Any]] | None = None
    remarks: list[str] = []
    for case in cases:
        case.model.forget()
        try:
            frame = _call(answer, case, on)
            ids = _check_frame(frame, case, on)
            remarks += check_list(ids, case, on, before)
        except Wrong as wrong:
            left = around.changes()
            raise Wrong(f"{wrong} Besides, {left[0]}." if left else str(wrong)) from None
        remarks += _remark_on_offset(frame, ids, case)
        before = case, ids
    if left := around.changes():
        raise Wrong(
            f"The lists are right, but {left[0]}: what one call leaves behind, the next one and every other "
            "cell will find. Work on a copy (`movies.copy()`, or `movies.loc[ids].copy()`)."
        )
    return [remark for remark in dict.fromkeys(remarks) if remark]


def _call(answer: Callable[..., Any], case: Case, stage: Stage) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return answer(case.model, case.user, **case.options)
    except (Exception, SystemExit) as error:
        stranger = strangers(case)
        if stranger:
            raise Wrong(stranger) from None
        said = " ".join(str(error).split()) or "no message"
        raise Wrong(
            f"{case} raised {type(error).__name__}: {said[:300]}{_where(error)}.{_empty_advice(case, stage)}"
        ) from None


def _where(error: BaseException) -> str:
    """Return the line of the learner's code that an error passed through last."""
    own = [
        entry
        for entry in traceback.extract_tb(error.__traceback__)[1:]
        if not entry.filename.startswith(_PACKAGE) and "site-packages" not in entry.filename
    ]
    if not own:
        return ""
    line = f" `{own[-1].line}`" if own[-1].line else ""
    return f" (line {own[-1].lineno} of your code,{line or ' in ' + own[-1].name})"


def _empty_advice(case: Case, stage: Stage) -> str:
    if case.floor <= stage.counts.max():
        return ""
    return " No film has that many ratings: the right answer is a frame without rows."


def _check_frame(frame: pl.DataFrame, case: Case, stage: Stage) -> list[Any]:
    """Return the ids in what the function returned."""
    if frame is None:
        raise Wrong(f"{case} returned None: the function must end in `return` with a frame.")
    if not is_frame(frame):
        raise Wrong(f"{case} must return a frame with a column movieId; got {_kind(frame)}.")
    series = ids_of(frame)
    if series is None:
        found = ", ".join(repr(str(column)) for column in frame.columns) or "none"
        raise Wrong(
            f"{case} must return a frame with a column movieId (or item_id); got the columns {found}."
        )
    ids = series.to_list()
    if len(set(ids)) < len(ids):
        twice = next(item for item in ids if ids.count(item) > 1)
        raise Wrong(
            f"{case} returned movieId {twice!r} more than once: each film may stand in the list once."
        )
    known = set(stage.base.items.values.to_list())
    if strange := [item for item in ids if item not in known]:
        raise Wrong(f"{case} returned movieId {strange[0]!r}, which is no film of the ratings.")
    return ids


def _remark_on_offset(frame: pl.DataFrame, ids: list[Any], case: Case) -> list[str]:
    """Say so if predictions in the frame are still centred; they rank alike."""
    if "predicted_rating" not in frame.columns or not ids:
        return []
    shown = np.asarray(pl.Series(frame["predicted_rating"].to_list(), strict=False), dtype=np.float64)
    if len(shown) == len(ids) and np.allclose(shown, scores(case.model, case.user, ids), atol=1e-3):
        return ["(predicted_rating is still centred: add the offset to show stars. The order is the same.)"]
    return []


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"an empty {name}" if hasattr(value, "__len__") and len(value) == 0 else f"a {name}"
