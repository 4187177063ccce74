"""What a reader of an evaluation must know about its figures."""

from typing import Any

import numpy as np

from palate._words import one_or_more
from palate.evaluation.evaluated_model import EvaluatedModel
from palate.evaluation.scoring import Outcome
from palate.evaluation.test_set import TestSet
from palate.factors.temporal_scores import knows_time
from palate.scorer import Scorer

TIMELESS = (
    "{} is a model with time, but the test has no timestamps. Its ratings are predicted for the "
    "time of each user's last rating."
)


def all_relevant(test_set: TestSet, named: list[tuple[Scorer, str]]) -> list[str]:
    """Return a note for models without a scale whose ratings differ: all ratings count as relevant."""
    values = test_set.test.value
    counted = [name for scorer, name in named if scorer.scale is None]
    if not counted or not test_set.ks or test_set.relevant_from is not None or values.min() == values.max():
        return []
    return [
        f"The scores of {', '.join(map(repr, counted))} are not ratings, so all {len(values):,} "
        f"test ratings count as relevant, from {values.min():g} to {values.max():g}; "
        f"relevant_from={values.max():g} would count only the highest."
    ]


def _candidate_note(test_set: TestSet, first: EvaluatedModel) -> str:
    n_known = int(test_set.may_list(first.scorer.items).sum())
    elsewhere = int(np.count_nonzero(~test_set.may_list(test_set.test.items)[test_set.test.item_index]))
    unknown = len(test_set.candidates) - n_known
    more = f" ({unknown:,} more {'is' if unknown == 1 else 'are'} unknown to {first.name})" if unknown else ""
    return (
        f"Lists hold {n_known:,} candidates{more}; {elsewhere:,} test ratings of other items are "
        "included in RMSE and MAE only."
    )


def notes_on(
    test_set: TestSet, about: dict[str, Any], evaluated: list[EvaluatedModel], outcomes: tuple[Outcome, ...]
) -> list[str]:
    """Return what a reader must know about the figures."""
    first, cold = evaluated[0], outcomes[0].cold
    notes = [] if test_set.candidates is None else [_candidate_note(test_set, first)]
    if first.selected:
        notes.append(
            f"{first.name} used these held-out ratings to decide when to stop, so its figures are "
            "slightly too good."
        )
    timeless = (
        [one.name for one in evaluated if knows_time(one.scorer)] if test_set.test.timestamp is None else []
    )
    if timeless:
        notes.append(TIMELESS.format(", ".join(timeless)))
    notes += without_relevant(about, "test rating")
    notes += [
        _cold_note(side, cold[f"{side}s"], cold[f"{side}s_ratings"])
        for side in ("user", "item")
        if cold[f"{side}s"]
    ]
    n_items = len(first.scorer.items)
    if test_set.ks and test_set.ks[-1] > n_items:
        notes.append(
            f"Lists of {test_set.ks[-1]:,} are longer than the catalog of {n_items:,} items; precision "
            f"still divides by k."
        )
    return notes


def without_relevant(about: dict[str, Any], rating: str) -> list[str]:
    """Return a note where lists are tested and users have no relevant rating, which is called `rating`."""
    n = about["n_users_without_relevant"]
    if not (about["k"] and n):
        return []
    who = one_or_more(n, "user", f"has no relevant {rating} and is", f"have no relevant {rating} and are")
    return [f"{who} included in RMSE and MAE, but not in metrics of lists."]


def _cold_note(side: str, n: int, n_ratings: int) -> str:
    """Return the note on users or items that were not trained on.

    >>> _cold_note("item", 1, 3)
    '1 item has no training rating; its 3 test ratings are included, with the prediction for an average item.'
    """
    who = one_or_more(n, side, "has no training rating", "have no training rating")
    whose = "its" if n == 1 and side == "item" else "their"
    tested = one_or_more(n_ratings, "test rating", "is", "are")
    return f"{who}; {whose} {tested} included, with the prediction for an average {side}."
