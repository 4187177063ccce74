"""The reliability plot: coverage, the PIT, and coverage by the items' numbers of ratings."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from palate.evaluation.plotting import BLUE, COLORS, GREY, PALE, labelled, new_figure, written

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from palate.evaluation.calibration import Calibration


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
    axes.plot([0, 100], [0, 100], color=GREY, linestyle="--", label="as they say")
    axes.plot(100 * nominal, 100 * coverage, color=BLUE, label=str(calibration.about["model"]))
    for share in calibration.nominal:
        covered = 100 * calibration.covered(share)
        axes.plot([100 * share], [covered], "o", color=BLUE)
        axes.annotate(
            f"{covered:.1f}",
            (100 * share, covered),
            textcoords="offset points",
            xytext=(-7, 5),
            ha="right",
            fontsize=9,
        )
    axes.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    x, y = "share of the interval (%)", "ratings inside (%)"
    labelled(axes, "Intervals of one rating", x, y, legend="upper left")


def _pit(axes: "Axes", calibration: "Calibration") -> None:
    pit = calibration.pit
    width = pit["high"][0] - pit["low"][0]
    axes.bar(
        pit["low"].to_numpy(),
        100 * pit["share"].to_numpy(),
        width=width,
        align="edge",
        facecolor=PALE,
        edgecolor=BLUE,
    )
    axes.axhline(100 / len(pit), color=GREY, linestyle="--")
    axes.set_xlim(0, 1)
    title = "PIT: flat if right, a valley if intervals are too narrow"
    labelled(axes, title, "probability given to lower ratings (PIT)", "ratings (%)", grid="y")


def _by_fame(axes: "Axes", calibration: "Calibration") -> None:
    table = calibration.table.to_dicts()
    labels = list(dict.fromkeys(row["n_train"] for row in table if row["n_train"] != "all"))
    for number, share in enumerate(calibration.nominal):
        rows = [row for row in table if row["nominal"] == share and row["n_train"] != "all"]
        at = np.arange(len(labels)) + 0.12 * (number - (len(calibration.nominal) - 1) / 2)
        axes.errorbar(
            at,
            [100 * row["error"] for row in rows],
            yerr=[200 * row["se"] for row in rows],
            fmt="osD^v"[number % 5],
            markersize=4,
            color=COLORS[number % len(COLORS)],
            label=f"{100 * share:.3g} %",
            capsize=2,
            linewidth=1,
        )
    axes.axhline(0, color=GREY, linestyle="--")
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", fontsize=8)
    x = "training ratings of the item (tenths of the test)"
    y = "coverage minus nominal (points, ±2 standard errors)"
    labelled(axes, "By number of ratings of the item", x, y, grid="y")
    axes.legend(loc="best", frameon=False, fontsize=9, ncols=2)
