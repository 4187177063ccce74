"""The reliability plot: coverage, the PIT, and coverage by the items' numbers of ratings."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from palate.evaluation.plotting import new_figure, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from palate.evaluation.calibration import Calibration

_BLUE, _GREY, _RED = "#1f5f8b", "#777777", "#b03a2e"


def draw(calibration: "Calibration", path: str | os.PathLike[str] | None = None) -> Any:
    """Return the figure, or write it to `path` and return None.

    Raises
    ------
    ImportError
        If Matplotlib is not installed.
    """
    figure = new_figure((14, 4.6))
    left, middle, right = figure.subplots(1, 3)
    plain = replace(calibration, frame_kind="polars")
    _reliability(left, plain)
    _pit(middle, plain)
    _by_fame(right, plain)
    return written(figure, path)


def _reliability(axes: "Axes", calibration: "Calibration") -> None:
    nominal = np.linspace(0.02, 0.98, 49)
    central = np.sort(calibration.foretold.central)
    coverage = np.searchsorted(central, nominal, side="right") / len(central)
    axes.plot([0, 100], [0, 100], color=_GREY, linestyle="--", label="as they say")
    axes.plot(100 * nominal, 100 * coverage, color=_BLUE, label=str(calibration.about["model"]))
    for share in calibration.nominal:
        covered = 100 * calibration.covered(share)
        axes.plot([100 * share], [covered], "o", color=_BLUE)
        axes.annotate(
            f"{covered:.1f}",
            (100 * share, covered),
            textcoords="offset points",
            xytext=(-7, 5),
            ha="right",
            fontsize=9,
        )
    axes.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    axes.set_xlabel("share of the interval (%)")
    axes.set_ylabel("ratings inside (%)")
    axes.set_title("Intervals of one rating")
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    axes.grid(alpha=0.3)


def _pit(axes: "Axes", calibration: "Calibration") -> None:
    pit = calibration.pit
    width = pit["high"][0] - pit["low"][0]
    axes.bar(
        pit["low"].to_numpy(),
        100 * pit["share"].to_numpy(),
        width=width,
        align="edge",
        facecolor="#d6e4ee",
        edgecolor=_BLUE,
    )
    axes.axhline(100 / len(pit), color=_GREY, linestyle="--")
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability given to lower ratings (PIT)")
    axes.set_ylabel("ratings (%)")
    axes.set_title("PIT: flat if right, a valley if intervals are too narrow")
    axes.grid(axis="y", alpha=0.3)


def _by_fame(axes: "Axes", calibration: "Calibration") -> None:
    table = calibration.table.to_dicts()
    labels = list(dict.fromkeys(row["n_train"] for row in table if row["n_train"] != "all"))
    colors = (_BLUE, _RED, "#3b7d4f", "#8a6d1f", "#5d4a7e")
    for number, share in enumerate(calibration.nominal):
        rows = [row for row in table if row["nominal"] == share and row["n_train"] != "all"]
        at = np.arange(len(labels)) + 0.12 * (number - (len(calibration.nominal) - 1) / 2)
        axes.errorbar(
            at,
            [100 * row["error"] for row in rows],
            yerr=[200 * row["se"] for row in rows],
            fmt="osD^v"[number % 5],
            markersize=4,
            color=colors[number % len(colors)],
            label=f"{100 * share:.3g} %",
            capsize=2,
            linewidth=1,
        )
    axes.axhline(0, color=_GREY, linestyle="--")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", fontsize=8)
    axes.set_xlabel("training ratings of the item (tenths of the test)")
    axes.set_ylabel("coverage minus nominal (points, ±2 standard errors)")
    axes.set_title("By number of ratings of the item")
    axes.legend(loc="best", frameon=False, fontsize=9, ncols=2)
    axes.grid(axis="y", alpha=0.3)
