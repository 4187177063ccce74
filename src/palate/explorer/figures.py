"""The three figures above the twelve people, on ratings that the model has not seen."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from palate._checks import ArgumentError
from palate.data.ratings import Ratings
from palate.evaluation.evaluating import evaluate
from palate.evaluation.evaluation import Evaluation

WANTED = (
    ("ndcg", 10, "Lists: nDCG@10", "How high relevant items rank among the first ten; 1 is perfect."),
    ("recall", 10, "Lists: recall@10", "Share of the relevant items that are among the first ten."),
    ("rmse", None, "Stars: RMSE", "Typical error of predicted ratings. Lower is better."),
)
RESAMPLES = 200
_ASK = "Name a file with test ratings: --test FILE."


@dataclass(frozen=True)
class Figure:
    """One figure of the models and the references, the models first: each name with the value in words."""

    heading: str
    meaning: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figures:
    """The three figures, and a sentence about what they were measured on.

    Without figures the sentence says why.
    """

    figures: tuple[Figure, ...]
    source: str
    evaluation: Evaluation | None = None


def measure(models: dict[str, Any], test: Ratings | None, test_name: str = "") -> Figures:
    """Return the figures of models on the test ratings, or on what the first model held out.

    Examples
    --------
    >>> import palate
    >>> model = palate.Baseline().fit(palate.datasets.load("movielens-small").ratings)
    >>> found = measure({"mine": model}, None)
    >>> found.source
    'Measured on the 5,000 ratings by which mine decided when to stop. The figures are slightly too good.'
    >>> [figure.heading for figure in found.figures]
    ['Lists: nDCG@10', 'Lists: recall@10', 'Stars: RMSE']
    """
    first = next(iter(models))
    try:
        evaluation = evaluate(models, test, k=10, resamples=RESAMPLES)
    except ValueError as error:
        why = str(error)
        if isinstance(error, ArgumentError) and error.argument == "test":
            why = " ".join((f"test ratings must {error.must}. {_ASK}", *_notes(models)))
        return Figures((), f"The models were not evaluated: {why}")
    n = evaluation.about["n_test"]
    if test is None:
        ratings = f"the {n:,} ratings by which {first} decided when to stop"
        source = f"Measured on {ratings}. The figures are slightly too good."
    else:
        source = f"Measured on {n:,} test ratings{f' of {test_name}' if test_name else ''}."
    return Figures(tuple(_figures(evaluation)), source, evaluation)


def _notes(models: dict[str, Any]) -> list[str]:
    """Return how good the models were that chose themselves on held-out ratings."""
    return [
        f"About {name}: {model.history.notes[0]}"
        for name, model in models.items()
        if model.trainer.get("candidates") and model.history.notes
    ]


def _figures(evaluation: Evaluation) -> list[Figure]:
    found = []
    rows = evaluation.table().filter(pl.col("value").is_not_nan()).to_dicts()
    for metric, k, heading, meaning in WANTED:
        fitting = [row for row in rows if row["metric"] == metric and row["k"] == k]
        if fitting:
            shown = tuple((row["model"], _words(row["value"], row["low"], row["high"])) for row in fitting)
            found.append(Figure(heading, meaning, shown))
    return found


def _words(value: float, low: float | None, high: float | None) -> str:
    """Return a value with the ends of its 95 % interval where they are known.

    Examples
    --------
    >>> _words(0.25, 0.2, 0.3)
    '0.250 (0.200 to 0.300)'
    """
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
