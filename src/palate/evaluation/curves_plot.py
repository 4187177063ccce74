"""The plot of hit curves: hit rate and recall by the length of the list."""

import os
from collections.abc import Sequence
from typing import Any

import polars as pl

from palate.evaluation.plotting import new_figure, written

_COLORS = ("#1f5f8b", "#b03a2e", "#3b7d4f", "#8a6d1f", "#5d4a7e")
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
            color = _COLORS[number % len(_COLORS)]
            line = "--" if model in dashed else "-"
            axes.plot(one["k"], 100 * one["value"], color=color, linestyle=line, label=model)
            if one["low"].null_count() == 0:
                axes.fill_between(one["k"], 100 * one["low"], 100 * one["high"], color=color, alpha=0.12)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("length of the list")
        axes.set_ylabel(_WORDS[metric])
        axes.set_title(_TITLES[metric])
        axes.grid(alpha=0.3)
        axes.legend(loc="best", frameon=False, fontsize=9)
    return written(figure, path)
