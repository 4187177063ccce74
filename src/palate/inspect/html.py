"""A report as one HTML page that loads no script, style sheet or font from elsewhere."""

import base64
import hashlib
import math
from html import escape
from importlib import resources
from string import Template

import polars as pl

from palate.inspect.columns import COLUMNS
from palate.inspect.plots import png
from palate.inspect.report import Report, Section

_WIDEST = 10  # columns of a table that fit the page
_HERE = resources.files("palate.inspect")
_STYLE = _HERE.joinpath("page.css").read_text("utf-8")
_PAGE = Template(_HERE.joinpath("page.html").read_text("utf-8"))


def page(report: Report) -> str:
    """Return a report as HTML: titles and all other text are escaped, pictures stand in it as data.

    A policy in its head forbids scripts, loading and everything else but its own style and
    pictures, should a text ever get past the escaping.

    Raises
    ------
    ImportError
        If Matplotlib is not installed.
    """
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    )
    links = " ".join(
        f'<a href="#{escape(section.name)}">{_text(section.heading)}</a>' for section in report.sections
    )
    return _PAGE.substitute(
        policy=policy,
        title=_text(report.title),
        style=_STYLE,
        sentences="\n".join(f"<p>{_text(sentence)}</p>" for sentence in report.text),
        links=links,
        sections="\n".join(map(_section, report.sections)),
    )


def _section(section: Section) -> str:
    parts = [f'<section id="{escape(section.name)}">', f"<h2>{_text(section.heading)}</h2>"]
    parts += [f"<p>{_text(sentence)}</p>" for sentence in section.text]
    if section.plot:
        data = base64.b64encode(png(section)).decode()
        parts.append(f'<p><img alt="{_text(section.heading)}" src="data:image/png;base64,{data}"></p>')
    return "\n".join([*parts, _table(section.frame), "</section>"])


def _table(frame: pl.DataFrame) -> str:
    if not frame.height:
        return "<p>Nothing found.</p>"
    heads = [_text(COLUMNS.get(name, (name.replace("_", " "), ""))[0]) for name in frame.columns]
    numeric = [frame[name].dtype.is_numeric() for name in frame.columns]
    rows = [[cell(row[name], kind_of(name)) for name in frame.columns] for row in frame.iter_rows(named=True)]
    if len(heads) > _WIDEST >= len(rows):  # a row for each column, or the last would be beyond the page
        heads, numeric, rows = _turned(heads, rows)
    head = "".join(f"<th{_class(one)}>{name}</th>" for name, one in zip(heads, numeric, strict=True))
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{_class(one)} data-of="{name}">{value}</td>'
            for name, one, value in zip(heads, numeric, row, strict=True)
        )
        + "</tr>\n"
        for row in rows
    )
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def _turned(heads: list[str], rows: list[list[str]]) -> tuple[list[str], list[bool], list[list[str]]]:
    """Return a table with its rows as columns, named by what stood first in them."""
    turned = [list(row) for row in zip(heads, *rows, strict=True)]
    return turned[0], [False] + [True] * len(rows), turned[1:]


def _class(numeric: bool) -> str:
    return ' class="number"' if numeric else ""


def kind_of(name: str) -> str:
    """Return how a column's values are written."""
    return COLUMNS.get(name, ("", "text"))[1]


def cell(value: object, kind: str) -> str:
    """Return a value as escaped text.

    >>> cell(0.1234, "share"), cell(1234, "count"), cell("<b>", "text"), cell(None, "stars")
    ('12.3 %', '1,234', '&lt;b&gt;', '–')
    """
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int | float):
        formats = {"share": "{:.1%}", "count": "{:,}", "stars": "{:.2f}", "number": "{:.4g}"}
        return formats.get(kind, "{}").format(value).replace("%", " %")
    text = str(value)
    return _text(text.replace("|", ", ") if kind == "text" else text)


def _text(value: str) -> str:
    """Return text for HTML; characters that no page may hold become the replacement character."""
    return escape(
        "".join(one if one in "\t\n" or one.isprintable() or one == " " else "\ufffd" for one in value)
    )
