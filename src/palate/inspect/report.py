"""Reports of inspections: sections of sentences and frames, shown as text, JSON, pictures or a page."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from palate._plain import plain
from palate.data.frames import from_polars


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a report: sentences, a frame, and a plot.

    Parameters
    ----------
    name : str
        Name in the report, such as "norms".
    heading : str
    text : tuple of str
        Sentences that describe the frame and the sample.
    frame : polars.DataFrame
        The answer.
    bins : polars.DataFrame, optional
        Data of the plot, if they are not `frame`.
    plot : str, optional
        Name of the function in `palate.inspect.plots` that draws it.
    marks : tuple of float
        Values to mark in the plot, such as the ends of the rating scale.

    Examples
    --------
    >>> Section("biases", "Biases", (), pl.DataFrame({"bias": [0.5]})).plot is None
    True
    """

    name: str
    heading: str
    text: tuple[str, ...]
    frame: pl.DataFrame
    bins: pl.DataFrame | None = None
    plot: str | None = None
    marks: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Report:
    """The result of an inspection: frames by name, with sentences and plots.

    Parameters
    ----------
    title : str
    text : tuple of str
        Description of the model.
    sections : tuple of Section
    frame_kind : str, default "polars"
        Library of the frames that `report[name]` returns.

    Examples
    --------
    >>> section = Section("biases", "Biases", (), pl.DataFrame({"bias": [0.5]}))
    >>> report = Report(title="A model", text=(), sections=(section,))
    >>> report
    Report('A model': biases)
    >>> report["biases"]["bias"].to_list()
    [0.5]
    """

    title: str
    text: tuple[str, ...]
    sections: tuple[Section, ...] = field(default=())
    frame_kind: str = "polars"

    def __repr__(self) -> str:
        return f"Report({self.title!r}: {', '.join(self)})"

    def __iter__(self) -> Iterator[str]:
        return (section.name for section in self.sections)

    def section(self, name: str) -> Section:
        """Return the section called `name`.

        Raises
        ------
        KeyError
            If there is none. The message lists the sections.
        """
        for section in self.sections:
            if section.name == name:
                return section
        raise KeyError(f"unknown section {name!r}; the sections of this report are {', '.join(self)}.")

    def __getitem__(self, name: str) -> Any:
        return from_polars(self.section(name).frame, self.frame_kind)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values: title, text, and each section with its rows and bins."""
        sections = {
            one.name: {"heading": one.heading, "text": one.text, "rows": one.frame, "bins": one.bins}
            for one in self.sections
        }
        return {"title": self.title, "text": list(self.text), "sections": plain(sections)}

    def plot(self, folder: str | os.PathLike[str]) -> list[str]:
        """Write the plots of all sections as PNG files to a folder, which is created if necessary.

        Parameters
        ----------
        folder : str or path

        Returns
        -------
        list of str
            Paths of the files.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        """
        from palate.inspect.plots import save

        return save(self, folder)

    def html(self, path: str | os.PathLike[str]) -> None:
        """Write one self-contained HTML page with all tables and pictures.

        The page opens offline; it loads nothing and runs no script.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        """
        from palate._files import replace_file
        from palate.inspect.html import page

        replace_file(path, [page(self).encode()])
