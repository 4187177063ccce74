"""Pictures of a report's sections, each drawn from the section's own frames."""

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from palate.evaluation.plotting import BLUE, GREY, PALE, RED, labelled, new_figure, png_of

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from palate.inspect.report import Report, Section


@lru_cache(maxsize=16)  # a page and a folder of pictures are often asked for together
def png(section: "Section") -> bytes:
    """Return a section's picture.

    Raises
    ------
    ImportError
        If Matplotlib is not installed.
    """
    draw, size = _DRAWN[section.plot or ""]
    figure = new_figure(size)
    draw(figure, section)
    return png_of(figure, 90)


def save(report: "Report", folder: str | os.PathLike[str]) -> list[str]:
    """Write the pictures of a report into a folder and return their paths."""
    from palate._files import replace_file

    pictures = {section.name: png(section) for section in report.sections if section.plot}
    os.makedirs(folder, exist_ok=True)
    paths = {name: os.path.join(os.fsdecode(folder), f"{name}.png") for name in pictures}
    for name, path in paths.items():
        replace_file(path, [pictures[name]])
    return list(paths.values())


def _weights(figure: "Figure", section: "Section") -> None:
    figure.supxlabel("the outermost bars include all values beyond", fontsize=9, color=GREY)
    columns = len(section.frame) // 2
    figure.set_size_inches(figure.get_figwidth() * columns / 3, figure.get_figheight())
    panels = figure.subplots(2, columns).T.ravel()
    for axes, name in zip(panels, section.frame["what"].to_list(), strict=True):
        (row,) = section.frame.filter(what=name).to_dicts()
        _bars(axes, section, name)
        units = {"biases": "bias (rating units)", "noise": "factor on the noise"}
        label = units.get(name.split()[1], name.split()[1].removesuffix("s"))
        number = f"mean {row['mean']:.3g}, std {row['std']:.3g}" if row["count"] else "none"
        axes.set_title(f"{row['count']:,} {name} ({number})", fontsize=10)
        axes.set_xlabel(label)
        axes.set_ylabel("share (%)")


def _bars(axes: "Axes", section: "Section", name: str) -> None:
    """Draw the bins of one name."""
    found = section.bins.filter(what=name)  # type: ignore[union-attr]
    low, high, share = (found[column].to_numpy() for column in ("low", "high", "share"))
    axes.bar(low, 100 * share, width=high - low, align="edge", facecolor=PALE, edgecolor=BLUE, linewidth=0.6)
    axes.grid(axis="y", alpha=0.3)


def _norms(figure: "Figure", section: "Section") -> None:
    for axes, side in zip(figure.subplots(1, 2), ("user", "item"), strict=True):
        found = section.frame.filter(side=side)
        at = np.sqrt(np.maximum(found["from"].to_numpy(), 0.5) * np.maximum(found["to"].to_numpy(), 0.5))
        low, middle, high = (found[f"norm_q{q}"].to_numpy() for q in (10, 50, 90))
        axes.fill_between(at, low, high, color=PALE, label="10 % to 90 %")
        axes.plot(at, middle, "o-", color=BLUE, label="median")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.set_ylim(bottom=0)
        x, y = f"ratings per {side} (log scale)", f"norm of the {side} vector"
        labelled(axes, f"Norms of {side}s", x, y, legend="best")


def _predictions(figure: "Figure", section: "Section") -> None:
    axes = figure.subplots()
    _bars(axes, section, "predictions")
    for place, mark in enumerate(section.marks):
        axes.axvline(mark, color=RED, linestyle="--", label=None if place else "ends of the rating scale")
    x = "predicted rating; the outermost bars include all values beyond"
    labelled(axes, "Distribution of predictions", x, "share (%)", grid="y")
    if section.marks:
        axes.legend(loc="upper left", frameon=False, fontsize=9)


def _fame(figure: "Figure", section: "Section") -> None:
    # which every section with this plot has
    axes, found = figure.subplots(), cast("pl.DataFrame", section.bins)
    ends = found.select("from", "to").rows()
    labels = [f"{low:,}" if low == high else f"{low:,}–{high:,}" for low, high in ends]
    columns = (
        ("share_of_items", "items", GREY, ""),
        ("share_of_ratings", "ratings", BLUE, "///"),
        ("share_of_lists", "recommended", RED, "..."),
    )
    for place, (column, label, color, hatch) in enumerate(columns):
        at = np.arange(len(labels)) + 0.27 * (place - 1)
        look: dict[str, Any] = {"color": color, "hatch": hatch, "edgecolor": "white", "linewidth": 0}
        axes.bar(at, 100 * found[column].to_numpy(), width=0.27, label=label, **look)
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", fontsize=8)
    title = "Number of ratings: all items, rated items, recommended items"
    labelled(axes, title, "ratings per item", "share (%)", grid="y", legend="best")


def _time_bins(figure: "Figure", section: "Section") -> None:
    axes, found = figure.subplots(), section.frame
    at = np.arange(len(found))
    begins = found["begins"]
    if begins.dtype.is_temporal():
        begins = begins.dt.strftime("%Y-%m")
    low, middle, high = (found[name].to_numpy() for name in ("higher_low", "higher", "higher_high"))
    axes.fill_between(at, low, high, color=PALE, label="80 % interval")
    axes.plot(at, middle, "o-", color=BLUE)
    axes.axhline(0, color=GREY, linewidth=0.8)
    labels = ["start" if one is None else str(one) for one in begins.to_list()]
    axes.set_xticks(at, labels, rotation=45, ha="right", fontsize=8)
    title = "Rating of an average item by an average user"
    x = "start of the time bin; all have about the same number of ratings"
    labelled(axes, title, x, "difference from the average", grid="y", legend="best")


def _levels(figure: "Figure", section: "Section") -> None:
    axes = figure.subplots()
    labels = [f"{level:g}" for level in section.frame["level"].to_list()]
    axes.bar(range(len(labels)), section.frame["n"].to_numpy(), facecolor=PALE, edgecolor=BLUE)
    axes.set_xticks(range(len(labels)), labels)
    labelled(axes, "Ratings given", "rating", "how many", grid="y")


def _tastes(figure: "Figure", section: "Section") -> None:
    axes, found = figure.subplots(), section.frame.reverse()
    likings, clarities = (found[name].to_numpy() for name in ("liking", "clarity"))
    axes.barh(range(len(found)), likings, color=[BLUE if one > 0 else GREY for one in clarities])
    axes.axvline(0, color="black", linewidth=0.8)
    labels = [f"{one} ({n})" for one, n in found.select("taste", "n_in_taste").rows()]
    axes.set_yticks(range(len(found)), labels, fontsize=9)
    axes.set_xlabel("mean residual inside the genre minus outside (stars)")
    axes.set_title("Tastes by genre, number of ratings in brackets (blue: clear)", fontsize=11)
    axes.grid(axis="x", alpha=0.3)


_DRAWN = {
    "weights": (_weights, (12, 6)),
    "norms": (_norms, (11, 4.2)),
    "predictions": (_predictions, (7.5, 4)),
    "fame": (_fame, (8.5, 4.4)),
    "time_bins": (_time_bins, (8.5, 4.2)),
    "levels": (_levels, (6.5, 3.4)),
    "tastes": (_tastes, (7.5, 4.8)),
}
