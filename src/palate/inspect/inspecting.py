"""A model from outside and inside: its numbers, its predictions, and what it recommends to everyone."""

from typing import cast

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.forks import needs_threads
from palate.factors.factors import FactorScorer
from palate.inspect.factors import bias_sections, noise_sections, weight_sections
from palate.inspect.lists import list_sections
from palate.inspect.predictions import predicting, prediction_section
from palate.inspect.report import Report, Section
from palate.inspect.time_bins import time_bin_sections
from palate.scorer import Scorer


@needs_threads("inspect_model")
def inspect_model(
    model: Scorer, *, n: int = 10, sample: int | None = None, seed: int = 0, threads: int | None = None
) -> Report:
    """Return a report on a model: its factors and biases, predictions and recommendations.

    For a `Recommender`, factors, biases and predictions are those of the star head, and
    recommendations are those of both heads.

    Its frames, by name: `weights`, `norms`, `highest_biases`, `lowest_biases`, `divisive`,
    `agreed`, `time_bins`, `risen`, `fallen`, `predictions`, `most_recommended`, `least_recommended`,
    `obscurity`. Frames that do not apply are left out: `norms` and `obscurity` for a model saved
    without its ratings, biases for a model without them, `divisive` and `agreed` for one with
    shared noise, `time_bins`, `risen` and `fallen` for one without time bins, and all but
    `most_recommended` and `obscurity` for a model without factors.

    Parameters
    ----------
    model : FactorModel, RecommenderModel or another model
    n : int, default 10
        Length of each user's list, and of the tables of items.
    sample : int, optional
        Number of users for predictions and lists. Default: all, or as many as give at most 20
        million predictions, and lists from at most a thousand million. The report says so.
    seed : int, default 0
        Seed of the sample.
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If n or sample is below 1.
    TypeError
        If it is given something else than a model.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.Ratings.from_arrays(
    ...     [1, 1, 2, 2, 3], ["a", "b", "a", "c", "b"], [5, 3, 4, 2, 4], scale=(1, 5)
    ... )
    >>> model = palate.LeastSquares(n_factors=2).fit(ratings, validation=0)
    >>> report = inspect_model(model, n=2)
    >>> list(report)[:3]
    ['weights', 'norms', 'highest_biases']
    >>> report["weights"]["count"].to_list()
    [3, 3, 6, 6, 3, 3]
    """
    for name, value in (("n", n), ("sample", sample)):
        if value is not None and value < 1:
            raise ArgumentError(name, "be at least 1", f"{value}")
    if not hasattr(model, "score_items"):
        raise ArgumentTypeError("inspect_model", "be given a model", f"{type(model).__name__}")
    learned = predicting(model)
    sections = _learned(learned, n, sample, seed) if has_factors(learned) else []
    return Report(
        title="What the model learned",
        text=about(model),
        sections=(*sections, *list_sections(model, n, sample, seed, threads)),
        frame_kind=model.frame_kind,
    )


def has_factors(model: Scorer) -> bool:
    """Return whether a model has factors, of which all sections can be made."""
    return hasattr(model, "user_factors")


def _learned(model: FactorScorer, n: int, sample: int | None, seed: int) -> list[Section]:
    return [
        *weight_sections(model),
        *bias_sections(model, n),
        *noise_sections(model, n),
        *time_bin_sections(model, n),
        prediction_section(model, sample, seed),
    ]


def about(model: Scorer) -> tuple[str, ...]:
    """Return sentences about the model."""
    learned = predicting(model)
    trainer = getattr(model, "trainer", {})
    kept = "saved without its ratings" if model.ratings is None else f"{len(model.ratings):,} ratings"
    said = [f"{len(model.users):,} users", f"{len(model.items):,} items", *_size(learned), kept]
    first = f"{trainer.get('name') or 'Model'}: {', '.join(said)}."
    if not has_factors(learned):
        return first, "This model has no factors, so only its lists are shown."
    if learned is model:
        return (first,)
    choice = f" ({trainer['choice']})" if trainer.get("choice") else ""
    name = getattr(learned, "trainer", {}).get("name", "")
    return first, (
        f"Norms, weights, biases and predictions are those of its star head ({name}). Lists are those "
        f"that it recommends, ordered by the choice head{choice} and the star head."
    )


def _size(model: Scorer) -> list[str]:
    """Return how many factors and draws a model has."""
    if not has_factors(model):
        return []
    n_draws, _, n_factors = cast(FactorScorer, model).user_factors.shape
    return [f"{n_factors} factors", *([] if n_draws == 1 else [f"{n_draws} draws"])]
