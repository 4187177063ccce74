"""`palate inspect`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import arguments, options
from palate.cli.arguments import load, of_ratings
from palate.cli.errors import usage_error
from palate.cli.input import busy
from palate.cli.output import Column, print_heading, print_json, print_table, print_text
from palate.cli.writing import check_writable, files_in, instead_of

if TYPE_CHECKING:
    from palate.inspect.report import Report, Section
    from palate.model.model import Model


def inspect(
    model: Path,
    item: str | None = None,
    user: str | None = None,
    distinctive: bool = False,
    n: options.Length = 10,
    sample: Annotated[int | None, typer.Option(min=1)] = None,
    seed: options.NotNegative = 0,
    html: Path | None = None,
    plots: Path | None = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Show norms, weights and biases of a model, its predictions and recommendations, and how
    obscure these are.

    Examples:

        palate inspect model.palate

        palate inspect model.palate --html model.html

        palate inspect model.palate --item "Toy Story (1995)"

        palate inspect model.palate --user 15 --plots pictures

    Parameters
    ----------
    item : ITEM
        Show one item, given by id or part of its title.
    user : USER
        Show one user.
    distinctive
        Show the users with the clearest tastes.
    sample : USERS
        Number of users for predictions and lists; all by default if that is quick.
    seed
        Seed of the sample.
    html : FILE
        File for one page with all tables and plots.
    """
    if sum((item is not None, user is not None, distinctive)) > 1:
        raise usage_error("only one of --item, --user and --distinctive can be given")
    if html is not None:
        check_writable(html)
    if plots is not None and plots.exists() and not plots.is_dir():
        raise usage_error(f"--plots must be a folder; got the file '{plots}'")
    loaded = load(model)
    if item is not None or user is not None or distinctive:
        of_ratings(loaded)
    with busy("inspecting"):
        report = _report(
            loaded, item, user, distinctive, n, {"sample": sample, "seed": seed, "threads": threads}
        )
        before = files_in(plots) | ({str(html)} if html is not None and html.is_file() else set())
        written = [] if plots is None else report.plot(plots)
        if html is not None:
            report.html(html)
            written.append(str(html))
    if as_json:
        print_json({**report.to_dict(), "written": written})
    elif written:
        print_text(f"Wrote {', '.join(written)}{instead_of(len(before.intersection(written)))}.")
    else:
        _show(report)


def _report(
    model: "Model", item: str | None, user: str | None, distinctive: bool, n: int, how: dict[str, Any]
) -> "Report":
    """Return what was asked for."""
    from palate.inspect import pages
    from palate.inspect.clear_taste import distinctive_report
    from palate.inspect.inspecting import inspect_model
    from palate.inspect.predictions import predicting

    shown: Any = model
    if item is not None:
        return pages.item_page(shown, arguments.item_named(model, item), n=n)
    if user is not None:
        return pages.user_page(shown, arguments.user_ids(model, [user])[0], n=n)
    return distinctive_report(predicting(shown), n) if distinctive else inspect_model(shown, n=n, **how)


def _show(report: "Report") -> None:
    """Print a report as text and tables."""
    print_text(report.title, *report.text)
    for section in report.sections:
        print_heading(section.heading)
        if section.text:
            print_text(*section.text, "")
        if section.frame.height:
            print_table(*_table(section))
        else:
            print_text("Nothing found.")


def _table(section: "Section") -> tuple[Any, tuple[Any, ...]]:
    """Return the frame with shares in per cent, and its columns."""
    import polars as pl

    from palate.inspect.columns import COLUMNS

    frame, columns = section.frame, []
    for name in frame.columns:
        heading, kind = COLUMNS.get(name, (name.replace("_", " "), "text"))
        if kind == "share":
            frame, heading, kind = frame.with_columns(pl.col(name) * 100), f"{heading} (%)", "stars"
        columns.append(Column(name, heading, kind))
    return frame, tuple(columns)
