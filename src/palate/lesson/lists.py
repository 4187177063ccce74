"""A list of films against the right one: what is wrong with it, in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from palate.lesson.hidden import HiddenModel, Stage
from palate.lesson.verdict import Wrong

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


def check_list(ids: list[Any], case: Case, stage: Stage, before: tuple[Case, list[Any]] | None) -> list[str]:
    """Compare the ids with the right list: of all films, or of those that the user has not rated."""
    allowed = stage.counts >= case.floor
    everything = _best(case, stage, allowed)
    unseen = _best(case, stage, allowed & ~_seen(case, stage))
    if not _below(ids, case, stage):
        if _same(ids, everything, case):
            return [] if everything else [_nothing_left(case, stage)]
        if _same(ids, unseen, case):
            return ["(It leaves out what the user has rated, which the exercise does not; both are right.)"]
    raise Wrong(
        _about_asking(ids, case, everything, before)
        or _about_late_filter(ids, case, stage, everything)
        or _about_other_threshold(ids, case, stage, everything)
        or _about_threshold(ids, case, stage)
        or _about_number(ids, case, everything)
        or _about_order(ids, case, stage, everything)
        or _first_difference(ids, everything, case)
    )


def _about_late_filter(ids: list[Any], case: Case, stage: Stage, right: list[Any]) -> str | None:
    """Recognise the best n of all films, filtered afterwards."""
    if not case.floor or not 0 < len(ids) < len(right):
        return None
    first = _best(case, stage, np.ones(len(stage.counts), dtype=bool))
    low = {item for item, _ in _below(first, case, stage)}
    if not low or not _same(ids, [item for item in first if item not in low], case):
        return None
    return (
        f"{case} returned {len(ids)} films; there must be {len(right)}: it took the best {case.size} of "
        f"all films and filtered them "
        "afterwards. Keep the films with n_ratings >= min_ratings first, and take head(n) of those."
    )


def _about_other_threshold(ids: list[Any], case: Case, stage: Stage, right: list[Any]) -> str | None:
    """Recognise the best films above a threshold that is not the one asked for."""
    if not case.floor:
        return None
    if not ids and right:
        return (
            f"{case} returned no films; there are {len(right)} with at least min_ratings={case.floor} "
            "ratings. Is there a number, such as 1000, where the argument min_ratings should stand?"
        )
    counts = dict(zip(stage.item_ids, stage.counts.tolist(), strict=True))
    found = scores(case.model, case.user, ids)
    if not ids or any(np.diff(found) > _TOLERANCE):
        return None
    everything = scores(case.model, case.user, stage.item_ids)
    passed_over = [
        counts[item]
        for item, score in zip(stage.item_ids, everything, strict=True)
        if score > found[-1] and item not in set(ids)
    ]
    low, high = max(passed_over, default=0), min(counts[item] for item in ids)
    if not passed_over or low >= high or low < case.floor <= high:
        return None
    if low == case.floor:
        return (
            f"{case} left out films with {low} ratings: at least min_ratings={low} includes those, "
            f"n_ratings >= min_ratings."
        )
    return (
        f"{case} returned the best films with at least {high} ratings, not with at least "
        f"min_ratings={case.floor}: is there a number "
        f"{'like' if low + 1 == high else f'between {low + 1} and'} {high} where the argument min_ratings "
        f"should stand?"
    )


def _about_threshold(ids: list[Any], case: Case, stage: Stage) -> str | None:
    low = _below(ids, case, stage)
    if not low:
        return None
    item, count = low[0]
    return (
        f"{case} returned movieId {item!r}, which has {count} ratings, fewer than min_ratings={case.floor}: "
        "keep only films with n_ratings >= min_ratings, before taking the best."
    )


def _below(ids: list[Any], case: Case, stage: Stage) -> list[tuple[Any, int]]:
    """Return the ids with fewer ratings than the threshold, and how many they have."""
    counts = dict(zip(stage.item_ids, stage.counts.tolist(), strict=True))
    return [(item, counts.get(item, 0)) for item in ids if counts.get(item, 0) < case.floor]


def _nothing_left(case: Case, stage: Stage) -> str:
    if case.min_ratings is not None:  # a call made to leave nothing
        return ""
    return (
        f"With the default, min_ratings={case.floor}, it rightly returns nothing here: the most-rated film "
        f"has {int(stage.counts.max())} ratings. Pass a threshold that fits, such as min_ratings=50."
    )


def _about_asking(
    ids: list[Any], case: Case, right: list[Any], before: tuple[Case, list[Any]] | None
) -> str | None:
    """Say whom the function asked the model about, if not about the user it was called for."""
    if stranger := strangers(case):
        return stranger
    if case.model.calls:
        return None
    if before is not None and ids and set(ids) & set(before[1]) and ids[:3] == before[1][:3]:
        return (
            f"{case} returned the list of the call before it, {before[0]}, and did not ask its model: "
            "predictions were kept from an earlier call. Compute them anew in each call."
        )
    if not right and not ids:
        return None
    return (
        f"{case} did not ask the model it was given for predictions. Does it use a model, or predictions, "
        "from outside? Call model.predict in the function, every time."
    )


def strangers(case: Case) -> str | None:
    others = case.model.asked - {case.user}
    if not others or case.user in case.model.asked:
        return None
    return (
        f"{case} asked the model about user {next(iter(others))!r}: the function does not use its argument "
        "user_id but a variable from outside. Use user_id in model.predict."
    )


def _about_number(ids: list[Any], case: Case, right: list[Any]) -> str | None:
    if len(ids) == len(right):
        return None
    if not ids:
        return f"{case} returned no films; there are {len(right)} to return."
    if not right:
        return (
            f"{case} returned {len(ids)} films, and no film satisfies the call: a frame without rows is "
            f"right."
        )
    passed = f"n={case.size}" if case.n is not None else "the default n=5"
    left = "" if len(right) == case.size else f" ({len(right)} have at least {case.floor} ratings)"
    return (
        f"{case} returned {len(ids)} films; with {passed} there must be {len(right)}{left}. Take the "
        f"first n: head(n)."
    )


def _about_order(ids: list[Any], case: Case, stage: Stage, right: list[Any]) -> str | None:
    if set(ids) == set(right):
        return (
            f"{case} returned the right films in the wrong order: the highest prediction comes first. Sort "
            "descending, by predictions as they come from the model, neither clipped nor rounded."
        )
    allowed = stage.counts >= case.floor
    worst = _best(case, stage, allowed, ascending=True)
    if set(ids) == set(worst) and len(ids):
        return (
            f"{case} returned the films with the lowest predictions: sort descending (ascending=False) "
            f"before head(n)."
        )
    return None


def _first_difference(ids: list[Any], right: list[Any], case: Case) -> str:
    mine, best = (scores(case.model, case.user, items) + case.model.mean for items in (ids, right))
    place = next(
        place
        for place in range(len(ids))
        if abs(mine[place] - best[place]) > _TOLERANCE * (1 + abs(best[place]))
    )
    advice = "rank all films, with predictions as they come from the model"
    if case.floor:
        advice = "leave out films below the threshold first and take the best n of the others"
    return (
        f"{case} has movieId {ids[place]!r} in place {place + 1}, predicted {mine[place]:.2f}; movieId "
        f"{right[place]!r} belongs there, predicted {best[place]:.2f}. {advice[0].upper()}{advice[1:]}."
    )


def _best(case: Case, stage: Stage, allowed: np.ndarray, ascending: bool = False) -> list[Any]:
    candidates = [item for item, fits in zip(stage.item_ids, allowed, strict=True) if fits]
    found = scores(case.model, case.user, candidates)
    order = np.argsort(found if ascending else -found, kind="stable")[: case.size]
    return [candidates[place] for place in order]


def scores(model: HiddenModel, user: object, items: list[Any]) -> np.ndarray:
    """Centred predictions, without being noted."""
    if not items:
        return np.zeros(0)
    return np.asarray(model.model.predict(user, items), dtype=np.float64) - model.mean


def _same(ids: list[Any], right: list[Any], case: Case) -> bool:
    """Return whether the predictions are those of the right list.

    Items with equal predictions may be in any order.
    """
    if len(ids) != len(right):
        return False
    mine, best = (scores(case.model, case.user, items) for items in (ids, right))
    return bool(np.allclose(mine, best, rtol=_TOLERANCE, atol=_TOLERANCE))


def _seen(case: Case, stage: Stage) -> np.ndarray:
    matrix, base = stage.base.ratings, stage.base
    items, _, _ = matrix.row(base.users.index(case.user))  # type: ignore[union-attr]
    return np.isin(base.items.indices(stage.item_ids), items)
