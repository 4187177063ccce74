"""A model from outside and inside: its numbers, its predictions, and what it recommends to everyone."""

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.forks import needs_threads
from palate.factors.factors import FactorScorer
from palate.inspect.factors import bias_sections, noise_sections, weight_sections
from palate.inspect.lists import list_sections
from palate.inspect.predictions import prediction_section
from palate.inspect.report import Report
from palate.inspect.time_bins import time_bin_sections


@needs_threads("inspect_model")
def inspect_model(
    model: FactorScorer, *, n: int = 10, sample: int | None = None, seed: int = 0, threads: int | None = None
) -> Report:
    """Return a report on a model: its factors and biases, predictions and recommendations.

    Its frames, by name: `weights`, `norms`, `highest_biases`, `lowest_biases`, `divisive`,
    `agreed`, `time_bins`, `risen`, `fallen`, `predictions`, `most_recommended`, `least_recommended`,
    `obscurity`. Frames that do not apply are left out: `norms` and `obscurity` for a model saved
    without its ratings, biases for a model without them, `divisive` and `agreed` for one with
    shared noise, `time_bins`, `risen` and `fallen` for one without time bins.

    Parameters
    ----------
    model : FactorModel
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
        If the model has no factors.

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
    if not hasattr(model, "user_factors"):
        raise ArgumentTypeError("inspect_model", "be given a model with factors", f"{type(model).__name__}")
    sections = [
        *weight_sections(model),
        *bias_sections(model, n),
        *noise_sections(model, n),
        *time_bin_sections(model, n),
        prediction_section(model, sample, seed),
        *list_sections(model, n, sample, seed, threads),
    ]
    return Report(
        title="What the model learned",
        text=about(model),
        sections=tuple(sections),
        frame_kind=model.frame_kind,
    )


def about(model: FactorScorer) -> tuple[str, ...]:
    """Return a sentence about the model."""
    n_draws, n_users, n_factors = model.user_factors.shape
    name = getattr(model, "trainer", {}).get("name") or "Model"
    kept = "saved without its ratings" if model.ratings is None else f"{len(model.ratings):,} ratings"
    draws = "" if n_draws == 1 else f", {n_draws} draws"
    return (f"{name}: {n_users:,} users, {len(model.items):,} items, {n_factors} factors{draws}, {kept}.",)
