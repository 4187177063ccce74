"""The pictures of an experiment: errors by setting, errors as training goes on, and what lists tend to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from palate.evaluation.plotting import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from palate.experiments.grid import Experiment

_COLOURS = ("#1b6ca8", "#d1495b", "#3d8361", "#8d6a9f", "#c77b30", "#4d4d4d", "#7aa6c2", "#b5838d")

# beside the colours, for readers who cannot tell these apart; of another number than they are
_MARKERS = "osD^vPX*<>"


def save(experiment: "Experiment", folder: str | os.PathLike[str]) -> list[str]:
    """Write one picture for each grid of at least two cells, and return the paths."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for number, grid in enumerate(dict.fromkeys(row["grid"] for row in experiment.rows), 1):
        rows = [row for row in experiment.rows if row["grid"] == grid]
        if len(rows) < 2:
            continue
        figure = new_figure((15, 3.8))
        left, middle, timed, right = figure.subplots(1, 4)
        varied = _varied(rows)
        labels = [", ".join(f"{_value(row['settings'].get(key))}" for key in varied) for row in rows]
        _errors(left, rows, labels, ", ".join(varied))
        _curves(middle, rows, labels, by_sweep=True)
        _curves(timed, rows, labels, by_sweep=False)
        _lists(right, rows, labels, ", ".join(varied))
        figure.suptitle(f"{grid}", fontsize=12)
        path = target / f"{number:02}-{_plain(grid)}.png"
        figure.savefig(path, dpi=90)
        written.append(str(path))
    return written


def _varied(rows: list[dict[str, Any]]) -> list[str]:
    """Return the settings that differ between the cells; of those that go together the first."""
    found: list[str] = []
    seen: list[list[Any]] = []
    for key in dict.fromkeys(key for row in rows for key in row["settings"]):
        values = [row["settings"].get(key) for row in rows]
        if len({str(value) for value in values}) > 1 and values not in seen:
            found.append(key)
            seen.append(values)
    return found or ["cell"]


def _joined(rows: list[dict[str, Any]]) -> str:
    """Return the style of the line between cells.

    There is none unless the cells differ in one number and are in its order.
    """
    varied = _varied(rows)
    values = [row["settings"].get(varied[0]) for row in rows]
    if len(varied) > 1 or not all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    ):
        return ""
    return "-" if values in (sorted(values), sorted(values, reverse=True)) else ""


def _errors(axes: "Axes", rows: list[dict[str, Any]], labels: list[str], what: str) -> None:
    places = range(len(rows))
    for name, colour, marker in (("train_rmse", _COLOURS[0], "s"), ("validation_rmse", _COLOURS[1], "o")):
        values = [row["figures"][name] for row in rows]
        label = name.removesuffix("_rmse").replace("train", "training")
        axes.plot(places, values, marker=marker, linestyle=_joined(rows), color=colour, label=label)
    _ticks(axes, labels, what)
    axes.set(title="Error of the best sweep", ylabel="RMSE, stars")
    axes.legend(frameon=False)


def _curves(axes: "Axes", rows: list[dict[str, Any]], labels: list[str], by_sweep: bool) -> None:
    marks = zip(_COLOURS * len(rows), _MARKERS * len(rows), rows, labels, strict=False)
    for colour, marker, row, label in marks:
        seconds = pl.Series([took for took, _, _ in row["sweeps"]]).cum_sum()
        places = list(range(1, len(seconds) + 1)) if by_sweep else seconds
        _, train, validation = zip(*row["sweeps"], strict=True)
        axes.plot(places, validation, color=colour, marker=marker, ms=4, label=label)
        axes.plot(places, train, color=colour, linestyle=":")
    by, unit = ("sweep", "sweeps") if by_sweep else ("time", "seconds")
    axes.set(title=f"Error by {by}", xlabel=f"{unit} (dotted: training)", ylabel="RMSE, stars")
    if by_sweep:
        axes.legend(fontsize=7, framealpha=0.8, edgecolor="none", ncols=1 + len(rows) // 9)


def _lists(axes: "Axes", rows: list[dict[str, Any]], labels: list[str], what: str) -> None:
    places = range(len(rows))
    line = _joined(rows)
    rated = [row["figures"]["list_median_ratings"] for row in rows]
    axes.plot(places, rated, marker="o", linestyle=line, color=_COLOURS[2])
    axes.set(title="Items in lists", ylabel="median ratings of a listed item")
    axes.set_ylim(bottom=0)
    _ticks(axes, labels, what)
    other = axes.twinx()
    alike = [100 * row["figures"]["list_same_for_all"] for row in rows]
    other.plot(places, alike, marker="s", color=_COLOURS[4], linestyle=line and "--")
    other.set_ylabel("% in the 50 best means (squares)", color=_COLOURS[4])
    other.set_ylim(-3, 103)


def _ticks(axes: "Axes", labels: list[str], what: str) -> None:
    crowded = len(labels) > 8
    long = max(map(len, labels)) > 4 and len(labels) > 3
    rotation, fontsize = (90, 7) if crowded else (45 if long else 0, 9)
    axes.set_xticks(range(len(labels)), labels, rotation=rotation, fontsize=fontsize)
    axes.set_xlabel(what)


def _value(value: object) -> str:
    return "default" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _plain(name: str) -> str:
    plain = "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    return plain.strip("-").replace("--", "-")
