"""What `palate evaluate` and `palate crossval` share: options, and how an evaluation is shown."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate.cli.errors import usage_error
from palate.cli.messages import for_command_line
from palate.cli.output import deliver, print_cells, print_json, print_rows, print_text

if TYPE_CHECKING:
    from palate.evaluation.evaluation import Evaluation

VIEWS = ("activity", "popularity", "known", "user", "fold")


def lengths(k: list[int] | None, no_lists: bool) -> tuple[int, ...]:
    """Return the lengths of lists that were asked for."""
    if no_lists and k:
        raise usage_error("choose --k or --no-lists, not both")
    return () if no_lists else tuple(k or (10,))


def check_view(by: str | None, allowed: tuple[str, ...]) -> None:
    """Check the name of a view."""
    if by is not None and by not in allowed:
        raise usage_error(f"--by must be {', '.join(allowed[:-1])} or {allowed[-1]}; got '{by}'")


def show(
    evaluation: "Evaluation", by: str | None, as_json: bool, output: Path | None, title: str = ""
) -> None:
    """Print an evaluation: the table in words, one of its frames, or everything as JSON.

    A frame may be written to a file instead.
    """
    plain = replace(evaluation, frame_kind="polars")
    if output is not None:
        deliver(_view(plain, by), as_json=as_json, output=output)
    elif as_json:
        print_json(_document(plain, by))
    else:
        _print(plain, by, title)


def _view(evaluation: "Evaluation", by: str | None) -> Any:
    name = "per_user" if by == "user" else f"by_{by}"
    return evaluation.table() if by is None else getattr(evaluation, name)


def _document(evaluation: "Evaluation", by: str | None) -> dict[str, Any]:
    document = evaluation.to_dict()
    return document | {"per_user": evaluation.per_user} if by == "user" else document


def _print(evaluation: "Evaluation", by: str | None, title: str) -> None:
    from palate.evaluation.text import explanation, summary, table_rows

    print_text(*([title] if title else []), summary(evaluation), "")
    if by is None:
        print_cells(*table_rows(evaluation))
        print_text("", *map(for_command_line, explanation(evaluation)))
        return
    frame = _view(evaluation, by)
    print_rows(frame, *("error" if dtype.is_float() else "id" for dtype in frame.dtypes))
