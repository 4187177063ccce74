"""Figures of Matplotlib that belong to no window: made empty, and written to a file."""

import io
import os
from typing import TYPE_CHECKING, Any

from palate._requiring import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
