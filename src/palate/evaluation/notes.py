"""What a reader of an evaluation must know about its figures."""

from typing import Any

import numpy as np

from palate.evaluation.evaluated_model import Contestant
from palate.evaluation.scoring import Outcome
from palate.evaluation.test_set import Question
from palate.factors.temporal_scores import knows_time
from palate.scorer import Scorer

TIMELESS = (
    "{} is a model with time, but the test has no timestamps. Its ratings are predicted for the "
    "time of each user's last rating."
)


def all_relevant(question: Question, named: list[tuple[Scorer, str]]) -> list[str]:
    """Return a note for models without a scale whose ratings differ: all ratings count as relevant."""
    values = question.test.value
    counted = [name for scorer, name in named if scorer.scale is None]
    if not counted or not question.ks or question.relevant_from is not None or values.min() == values.max():
        return []
    return [
        f"The scores of {', '.join(map(repr, counted))} are not ratings, so all {len(values):,} "
        f"test ratings count as relevant, from {values.min():g} to {values.max():g}; "
        f"relevant_from={values.max():g} would count only the highest."
    ]


def _candidate_note(question: Question, first: Contestant) -> str:
    n_known = int(question.may_list(first.scorer.items).sum())
    elsewhere = int(np.count_nonzero(~question.may_list(question.test.items)[question.test.item_index]))
    unknown = len(question.candidates) - n_known
    more = f" ({unknown:,} more are unknown to {first.name})" if unknown else ""
    return (
        f"Lists hold {n_known:,} candidates{more}; {elsewhere:,} test ratings of other items are "
        "included in RMSE and MAE only."
    )


def notes_on(
    question: Question, about: dict[str, Any], contestants: list[Contestant], outcomes: tuple[Outcome, ...]
) -> list[str]:
    """Return what a reader must know about the figures."""
    first, cold = contestants[0], outcomes[0].cold
    notes = [] if question.candidates is None else [_candidate_note(question, first)]
    if first.selected:
        notes.append(
            f"{first.name} used these held-out ratings to decide when to stop, so its figures are "
            "slightly too good."
        )
    timeless = (
        [one.name for one in contestants if knows_time(one.scorer)] if question.test.timestamp is None else []
    )
    if timeless:
        notes.append(TIMELESS.format(", ".join(timeless)))
    if question.ks and about["n_users_without_relevant"]:
        notes.append(
            f"{about['n_users_without_relevant']:,} users have no relevant test rating. They are "
            "included in RMSE and MAE, but not in metrics of lists."
        )
    notes += [
        f"{cold[side]:,} {side} have no training rating; their {cold[f'{side}_ratings']:,} test "
        f"ratings are included, with the prediction for an average {side.removesuffix('s')}."
        for side in ("users", "items")
        if cold[side]
    ]
    n_items = len(first.scorer.items)
    if question.ks and question.ks[-1] > n_items:
        notes.append(
            f"Lists of {question.ks[-1]:,} are longer than the catalog of {n_items:,} items; precision "
            f"still divides by k."
        )
    return notes
