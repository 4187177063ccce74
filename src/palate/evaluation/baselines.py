"""What every model is compared with: the damped biases, and what most people rated."""

from dataclasses import replace

from palate.data.ratings import Ratings
from palate.evaluation.evaluated_model import Contestant, enter, training_ratings
from palate.evaluation.popular import MostPopular
from palate.evaluation.test_set import Question
from palate.training.baseline import Baseline

BASELINE, MOST_POPULAR = "baseline", "most popular"


def references(
    models: list[Contestant], question: Question, train: Ratings | None, threads: int | None = None
) -> list[Contestant]:
    """Return the baseline (where scores are ratings) and the most popular items (where lists are
    tested), made from what the first model was trained on.

    A caller's own model of one of the two names takes its place.

    Parameters
    ----------
    models : list of Contestant
    question : Question
    train : Ratings or None
        What to make them from instead.
    threads : int, optional
    """
    test = question.test
    first, taken = models[0], {model.name for model in models}
    scorer = first.scorer
    made_from = train if train is not None else training_ratings(scorer)
    entries = []
    if scorer.scale is not None and BASELINE not in taken:
        model = Baseline().fit(made_from, validation=0, callback=_silent, threads=threads)
        entries.append(enter(BASELINE, model, test, made_from))
    if question.ks and MOST_POPULAR not in taken:  # without lists there is nothing to say of it
        entries.append(enter(MOST_POPULAR, MostPopular.of(made_from), test, made_from))
    if made_from.users is scorer.users and made_from.items is scorer.items:
        entries = [
            replace(entry, seen=first.seen) for entry in entries
        ]  # what the model held out is seen by these too
    return entries


def _silent(report: object) -> None:
    """Take the place of the progress bar."""
