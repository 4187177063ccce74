"""The figure of `palate demo`: error against penalty, and how well known what is recommended is."""

from typing import TYPE_CHECKING

import numpy as np

from palate.cli.demo_story import Story
from palate.evaluation.plotting import BLUE, GREY, PALE, RED, labelled, new_figure, png_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw(story: Story) -> bytes:
    """Return the figure as PNG.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure = new_figure((12, 5))
    left, right = figure.subplots(1, 2)
    _error_by_penalty(left, story)
    _fame(right, story)
    return png_of(figure, 120)


def _error_by_penalty(axes: "Axes", story: Story) -> None:
    """Validation error of the models without biases against the penalty, beside baseline and default."""
    strengths = [strength for strength, _ in story.tried]
    rmse = [told.errors.rmse for _, told in story.tried]
    axes.plot(strengths, rmse, "o-", color=BLUE, label="without biases")
    best = story.strength, story.chosen.errors.rmse
    axes.plot(*best, "o", color=BLUE, markersize=12, fillstyle="none")
    _note(axes, "chosen", best, -22, BLUE)
    for told, color, style, label in (
        (story.lesson, RED, ":", "the lesson's penalty"),
        (story.baseline, GREY, "--", "baseline (biases alone)"),
        (story.default, "black", "-", "palate's defaults (with biases)"),
    ):
        axes.axhline(told.errors.rmse, color=color, linestyle=style, label=f"{label}: {told.errors.rmse:.3f}")
    axes.set_xscale("log")
    axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
    axes.minorticks_off()
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))  # room for the legend above the lines
    x, y = "penalty on the factors (l2_user, l2_item)", "RMSE on held-out ratings (stars)"
    labelled(axes, "The penalty, chosen on validation", x, y, legend="upper center")


def _fame(axes: "Axes", story: Story) -> None:
    """Number of ratings of the films in everyone's top 10, one bar per model."""
    models = story.models[::-1]
    for place, told in enumerate(models, 1):
        counts = told.top_counts.to_numpy()
        low, first, median, third, high = np.quantile(counts, (0.05, 0.25, 0.5, 0.75, 0.95))
        axes.hlines(place, low, high, color=BLUE)
        axes.barh(place, third - first, left=first, height=0.5, facecolor=PALE, edgecolor=BLUE, zorder=2)
        axes.vlines(median, place - 0.25, place + 0.25, color=RED, linewidth=2, zorder=3)
        _note(axes, f"{median:g}", (median, place + 0.25), 3, RED)
    axes.set_xscale("log")
    ticks = [1, 3, 10, 30, 100, 300]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(1, len(models) + 1), [_broken(told.name) for told in models])
    axes.set_ylim(0.5, len(models) + 0.75)
    x = "ratings per film (log scale; box: middle half; line: 5 % to 95 %)"
    labelled(axes, "How well known the films in everyone's ten best are", x, "", grid="x")


def _note(axes: "Axes", text: str, at: tuple[float, float], above: int, color: str) -> None:
    """Write a text so many points above a place, or below it."""
    axes.annotate(text, at, textcoords="offset points", xytext=(0, above), ha="center", color=color)


def _broken(name: str) -> str:
    return name.replace(" (", "\n(").replace(" chosen", "\nchosen")
