"""The baselines that every model is compared with.

They are the damped biases, the most popular items, ever and lately, and item-to-item neighbours.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.evaluation.evaluated_model import EvaluatedModel, evaluated_model, training_ratings
from palate.evaluation.popular import popular_model
from palate.evaluation.test_set import TestSet
from palate.scorer import Scorer
from palate.solve.grades import ALIKE, RATINGS, popularity
from palate.training.baseline import Baseline
from palate.training.neighbours import Neighbours
from palate.training.progress import silent

BASELINE, MOST_POPULAR, LATELY, NEIGHBOURS = "baseline", "most popular", "popular lately", "neighbours"
LATELY_SHARE = 1 / 64  # half-life of popular lately, as a share of the span of the training times
FEW = 3  # ratings below which an item is not listed for being popular lately


def references(
    models: list[EvaluatedModel], test_set: TestSet, train: Ratings | None, threads: int | None = None
) -> list[EvaluatedModel]:
    """Return the references, made from what the first model was trained on.

    The baseline stands beside scores that are ratings. Where lists are tested there are the most
    popular items, the items popular lately (if the training ratings have times), and the nearest
    items by cosine (`Neighbours`). A caller's own model of one of these names takes its place.

    Parameters
    ----------
    models : list of EvaluatedModel
    test_set : TestSet
    train : Ratings or None
        What to make them from instead.
    threads : int, optional
    """
    first, taken = models[0], {model.name for model in models}
    scorer = first.scorer
    made_from = train if train is not None else training_ratings(scorer)
    entries = [
        evaluated_model(name, model, test_set.test, made_from)
        for name, model in _made(scorer, made_from, bool(test_set.ks), taken, threads)
    ]
    if made_from.users is scorer.users and made_from.items is scorer.items:
        # what the model held out is seen by these too
        entries = [replace(entry, seen=first.seen) for entry in entries]
    return entries


def _made(
    scorer: Scorer, ratings: Ratings, lists: bool, taken: set[str], threads: int | None
) -> Iterator[tuple[str, Scorer]]:
    """Yield the references with their names; without lists there is nothing to say of most of them."""
    if scorer.scale is not None and BASELINE not in taken:
        yield BASELINE, Baseline().fit(ratings, validation=0, callback=silent, threads=threads)
    if not lists:
        return
    matrix, times = RatingMatrix.from_ratings(ratings), ratings.timestamp
    by_counts = partial(popular_model, ratings.users, ratings.items, matrix)
    if MOST_POPULAR not in taken:
        yield MOST_POPULAR, by_counts(matrix.item_counts())
    span = 0.0 if times is None or not len(ratings) else float(np.ptp(times))
    if span and LATELY not in taken:
        yield LATELY, by_counts(popularity(matrix.items, matrix.n_items, times, span * LATELY_SHARE, FEW))
    if NEIGHBOURS not in taken:
        trainer = Neighbours(grades=_grades(scorer, ratings))
        yield NEIGHBOURS, trainer.fit(ratings, validation=0, threads=threads)


def _grades(scorer: Scorer, ratings: Ratings) -> str:
    """Return what the values say of a choice: nothing, unless they are ratings on a scale."""
    low, high = ratings.scale
    inside = len(ratings) and low <= ratings.value.min() and ratings.value.max() <= high
    return RATINGS if scorer.scale is not None and inside else ALIKE
