"""What the diagnostics page shows of a model, as frames.

Each becomes a chart and a table with the same numbers.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from palate.data.ratings import Ratings
from palate.evaluation.evaluation import Evaluation
from palate.factors.draws import has_spread
from palate.inspect.factors import norms as vector_norms
from palate.inspect.factors import norms_by_count
from palate.inspect.predictions import PAIRS, predictions
from palate.inspect.statistics import sampled
from palate.model.model import Model
from palate.model.nouns import INTERACTION, noun_of

_SAMPLE = 2_000_000  # predictions that the histogram is made of
_BINS = 30
_TAIL = 20
_NO_TEST = "No ratings were held out of training. Name a file with test ratings: --test FILE."


@dataclass(frozen=True, eq=False)
class Panel:
    """One chart of a model, with its heading and text.

    Parameters
    ----------
    heading : str
    text : str
        What the frame holds, or why there is none.
    frame : polars.DataFrame, optional
    x : str
        The column along the x axis.
    lines : tuple of str
        The columns that are drawn.
    kind : {"line", "bar"}
    """

    heading: str
    text: str
    frame: pl.DataFrame | None = None
    x: str = ""
    lines: tuple[str, ...] = ()
    kind: str = "line"


def panels(model: Model, evaluation: Evaluation | None, test: Ratings | None = None) -> list[Panel]:
    """Return everything that the page shows of a model; a panel without a frame says why.

    Errors are those of the `evaluation`, and calibration is measured on the `test` ratings or on
    those held out.

    Examples
    --------
    >>> from palate import LeastSquares, Ratings
    >>> ratings = Ratings.from_arrays(
    ...     [1, 1, 2, 2, 3], ["a", "b", "a", "c", "b"], [5, 3, 4, 2, 4], scale=(1, 5)
    ... )
    >>> [panel.heading for panel in panels(LeastSquares(n_factors=2).fit(ratings, validation=0), None)][:3]
    ['Norms of items against number of ratings', 'The long tail', 'Range of predictions']
    """
    stars: Any = model.predicts
    found = [norm_panel(stars), tail_panel(model), range_panel(stars), curve_panel(stars)]
    found += [
        _error_panel("Error by popularity of items", evaluation, "by_popularity", "an item"),
        _error_panel("Error by length of history", evaluation, "by_activity", "a user"),
    ]
    return found if evaluation is None else [*found, calibration_panel(stars, test)]


def norm_panel(model: Model) -> Panel:
    """Return the length of the items' vectors by number of ratings."""
    noun = noun_of(model)
    heading = f"Norms of items against number of {noun}s"
    factors = getattr(model, "item_factors", None)
    if factors is None or not factors.shape[2] or model.ratings is None:
        return Panel(heading, f"This model has no vectors, or was saved without its {noun}s.")
    frame = norms_by_count("item", vector_norms(factors), model.ratings.item_counts())
    frame = frame.select(_spans(frame, noun), items="n", low="norm_q10", median="norm_q50", high="norm_q90")
    lines = "The lines are the 10 % quantile, the median and the 90 % quantile."
    text = f"If items with few {noun}s have short vectors, they are kept from the top of lists. {lines}"
    return Panel(heading, text, frame, f"{noun}s", ("low", "median", "high"))


def _spans(frame: pl.DataFrame, noun: str) -> pl.Series:
    pairs = zip(frame["from"].to_list(), frame["to"].to_list(), strict=True)
    spans = [f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in pairs]
    return pl.Series(f"{noun}s", spans)


def tail_panel(model: Model) -> Panel:
    """Return which share of all ratings the most rated items have."""
    heading, noun = "The long tail", noun_of(model)
    if model.ratings is None:
        return Panel(heading, f"This model was saved without its {noun}s.")
    counts = np.sort(model.ratings.item_counts())[::-1]
    total = max(1, int(counts.sum()))
    shares = np.linspace(0, 1, _TAIL + 1)
    taken = [float(counts[: round(share * len(counts))].sum()) / total for share in shares]
    frame = pl.DataFrame({"items": [f"{share:.0%}" for share in shares], f"{noun}s": np.round(taken, 4)})
    text = f"The share of all {noun}s that belong to the most popular items, by the share of these items."
    return Panel(heading, text, frame, "items", (f"{noun}s",))


def range_panel(model: Model) -> Panel:
    """Return how predictions are distributed, and how many leave the scale."""
    heading = "Range of predictions"
    users = sampled(len(model.users), max(1, min(_SAMPLE, PAIRS) // max(1, len(model.items))), 0)
    values = predictions(model, users)
    if not values.size:
        return Panel(heading, "The model has no users or no items.")
    counts, edges = np.histogram(values, bins=_round_edges(float(values.min()), float(values.max())))
    frame = pl.DataFrame({"from": edges[:-1], "to": edges[1:], "predictions": counts})
    text = f"Predictions of all items for {len(users):,} of {len(model.users):,} users."
    if model.scale is not None:
        outside = float(((values < model.scale[0]) | (values > model.scale[1])).mean())
        text += f" {outside:.2%} lie outside the scale of {model.scale[0]:g} to {model.scale[1]:g}."
    return Panel(heading, text, frame, "from", ("predictions",), "bar")


def _round_edges(low: float, high: float) -> np.ndarray:
    """Return the edges of at most 30 bins that hold both ends: multiples of 1, 2 or 5 and a power of ten.

    Examples
    --------
    >>> _round_edges(0.31, 4.96)[[0, 1, -1]].tolist()
    [0.2, 0.4, 5.0]
    >>> _round_edges(3.0, 3.0).tolist()
    [3.0, 4.0]
    """
    if not high > low:
        return np.array([np.floor(low), np.floor(low) + 1])
    power = 10.0 ** np.floor(np.log10((high - low) / _BINS))
    step = next(size * power for size in (1, 2, 5, 10, 20) if (high - low) / (size * power) <= _BINS - 1)
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    return np.asarray(np.round(np.arange(first, last + 1) * step, 10))


def curve_panel(model: Model) -> Panel:
    """Return the errors sweep by sweep."""
    heading = "Learning curve"
    sweeps = model.history.sweeps
    if not sweeps:
        return Panel(heading, "This model keeps no record of its sweeps.")
    columns = {
        "training": [one.train_rmse for one in sweeps],
        "validation": [one.validation_rmse for one in sweeps],
    }
    known = {name: values for name, values in columns.items() if any(value is not None for value in values)}
    frame = pl.DataFrame({"sweep": [one.sweep for one in sweeps], **known})
    text = f"RMSE of {' and '.join(known)} ratings after each sweep. {model.history.stopped}".strip()
    return Panel(heading, text, frame, "sweep", tuple(known))


def _error_panel(heading: str, evaluation: Evaluation | None, by: str, whose: str) -> Panel:
    if evaluation is None:
        return Panel(heading, _NO_TEST)
    frame: pl.DataFrame = getattr(evaluation, by)
    if "rmse" not in frame.columns:
        return Panel(heading, "The scores of this model are not ratings.")
    own = frame.filter(pl.col("model") == evaluation.models[0])
    shown = own.select("n_train", "n_test", pl.col("rmse").round(4))
    text = f"RMSE by number of training ratings of {whose}."
    return Panel(heading, text, shown, "n_train", ("rmse",), "bar")


def calibration_panel(model: Model, test: Ratings | None = None) -> Panel:
    """Return the coverage of the intervals, on `test` or on what was held out."""
    heading = "Calibration"
    held = model.ratings is not None and bool(np.any(model.ratings.held_out))
    if model.scale is None or not has_spread(model):
        return Panel(heading, "This model has no standard errors.")
    if test is None and not held:
        return Panel(heading, _NO_TEST)
    from palate.evaluation.calibration import calibrate

    try:
        frame = calibrate(model, test).table.filter(pl.col("n_train") == "all")
    except (ValueError, TypeError, AttributeError) as error:
        return Panel(heading, str(error))
    shown = frame.select(nominal="nominal", coverage=pl.col("coverage").round(4))
    whose = "held-out" if test is None else "test"
    text = f"The share of {whose} ratings inside the intervals, beside the share that should be inside."
    return Panel(heading, text, shown, "nominal", ("coverage", "nominal"))


# The settings of a model of two heads, in words.
_NAMES = {
    "values": "Values (setting)",
    "values_resolved": "Values",
    "stars": "Model of ratings",
    "choice": "Model of choices",
    "beta": "Weight of the rating (setting)",
    "beta_resolved": "Weight of the rating",
    "seconds": "Seconds to try models of choices",
}
_OF_RATINGS = frozenset({"stars", "beta", "beta_resolved"})


def card(model: Model) -> list[tuple[str, str]]:
    """Return the model card: pairs of a name and what there is to say."""
    noun = f"{noun_of(model)}s".capitalize()
    rows = [
        ("Trainer", str(model.trainer.get("name", "imported"))),
        ("Users", f"{len(model.users):,}"),
        ("Items", f"{len(model.items):,}"),
        (noun, "saved without" if model.ratings is None else f"{len(model.ratings):,}"),
        ("Scale", "none" if model.scale is None else f"{model.scale[0]:g} to {model.scale[1]:g}"),
    ]
    factors = getattr(model.predicts, "item_factors", None)
    if factors is not None:
        draws = f", {factors.shape[0]} draws" if factors.shape[0] > 1 else ""
        rows.append(("Factors", f"{factors.shape[2]}{draws}"))
    rows += [
        (_NAMES.get(name, name.replace("_", " ").capitalize()), str(value))
        for name, value in model.trainer.items()
        if _plain(name, value, model)
    ]
    notes = " ".join(model.history.notes)
    return [*rows, ("Notes", notes)] if notes else rows


def _plain(name: str, value: object, model: Model) -> bool:
    """Return whether a setting is shown: one word or number, and nothing of ratings where there are none."""
    if name in _OF_RATINGS and noun_of(model) == INTERACTION:
        return False
    return name != "name" and value is not None and isinstance(value, str | int | float | bool)
