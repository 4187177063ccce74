"""The plot of hit curves: hit rate and recall by the length of the list."""

import os
from collections.abc import Sequence
from typing import Any

import polars as pl

from palate.evaluation.plotting import COLORS, labelled, new_figure, written

_WORDS = {"hit_rate": "users with a hit (%)", "recall": "relevant items listed (%)"}
_TITLES = {"hit_rate": "Hit rate", "recall": "Recall"}


def draw(
    curves: pl.DataFrame,
    models: Sequence[str],
    dashed: Sequence[str],
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Return the figure, or write it to `path` and return None.

    Parameters
    ----------
    curves : polars.DataFrame
        model, metric, k, value, low, high.
    models, dashed : sequence of str
        Whose curves are drawn, and which of them are dashed.
    path : path, optional

    Raises
    ------
    ImportError
        If Matplotlib is not installed.
    """
    figure = new_figure((11, 4.6))
    for axes, metric in zip(figure.subplots(1, 2), _TITLES, strict=True):
        for number, model in enumerate(models):
            one = curves.filter((pl.col("model") == model) & (pl.col("metric") == metric)).sort("k")
            color = COLORS[number % len(COLORS)]
            line = "--" if model in dashed else "-"
            axes.plot(one["k"], 100 * one["value"], color=color, linestyle=line, label=model)
            if one["low"].null_count() == 0:
                axes.fill_between(one["k"], 100 * one["low"], 100 * one["high"], color=color, alpha=0.12)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        labelled(axes, _TITLES[metric], "length of the list", _WORDS[metric], legend="best")
    return written(figure, path)
