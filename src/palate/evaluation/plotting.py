"""Figures of Matplotlib that belong to no window: made empty, and written to a file."""

import io
import os
from typing import TYPE_CHECKING, Any, Literal

from palate._requiring import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, PALE, GREY, RED = "#1f5f8b", "#d6e4ee", "#777777", "#b03a2e"
COLORS = (BLUE, RED, "#3b7d4f", "#8a6d1f", "#5d4a7e")
Grid = Literal["x", "y", "both"]  # the axis whose values have lines
Place = Literal["best", "upper left", "upper center"]
_NO_VERSION = {"Software": None}  # the same figure gives the same bytes


def new_figure(size: tuple[float, float]) -> Any:
    """Return an empty figure of this size in inches, of no window.

    Raises
    ------
    ImportError
        If Matplotlib is not installed.
    """
    canvas, made = (
        require(f"matplotlib.{name}", "Matplotlib", "plots", "a plot")
        for name in ("backends.backend_agg", "figure")
    )
    figure = made.Figure(figsize=size, layout="constrained")
    canvas.FigureCanvasAgg(figure)
    return figure


def labelled(
    axes: "Axes", title: str, x: str, y: str, *, grid: Grid = "both", legend: Place | None = None
) -> None:
    """Write what a plot and its axes show, and draw its grid, and its legend where a place is named."""
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(axis=grid, alpha=0.3)
    if legend is not None:
        axes.legend(loc=legend, frameon=False, fontsize=9)


def written(figure: "Figure", path: str | os.PathLike[str] | None) -> Any:
    """Return the figure, or write it to `path` and return None."""
    if path is None:
        return figure
    figure.savefig(path, dpi=100, metadata=_NO_VERSION if str(path).lower().endswith(".png") else None)
    return None


def png_of(figure: "Figure", dpi: int) -> bytes:
    """Return the bytes of a figure's PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata=_NO_VERSION)
    return buffer.getvalue()
