"""The ratings of somebody new, as `--rate` and a file of `--fold-in` give them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate._checks import ArgumentError
from palate.cli.arguments import item_ids, item_named, item_with_title
from palate.cli.errors import usage_error
from palate.cli.options import time_of

if TYPE_CHECKING:
    import polars as pl

    from palate.model.factor_model import FactorModel
    from palate.model.folded import FoldedUser


def newcomer(model: "FactorModel", rates: list[str], path: Path | None) -> "FoldedUser":
    """Return the user with the ratings of `--rate 'Title=5'` and of a file of ratings (`--fold-in`)."""
    import numpy as np

    from palate.data.scales import check_rating

    given: dict[Any, float] = {}
    times: list[Any] = []
    for item, rating, label, time in [
        *_rates(model, rates),
        *([] if path is None else _rating_file(model, path)),
    ]:
        if item in given:
            raise ArgumentError("each item", "be rated once", f"a second rating of '{label}'")
        check_rating(np.array([rating]), model.scale, _saying(f"for '{label}'"))
        given[item] = rating
        times.append(time)
    timed = [time is not None for time in times]
    if any(timed) and not all(timed):
        raise ValueError(
            "--rate has no time; write that rating to the file of --fold-in, or remove the column "
            "timestamp from the file."
        )
    return model.fold_in(
        list(given), list(given.values()), user_id="you", timestamps=times if any(timed) else None
    )


def _rates(model: "FactorModel", rates: list[str]) -> list[tuple[Any, float, str, None]]:
    found = []
    for text in rates:
        name, equals, number = text.rpartition("=")
        try:
            rating = float(number)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise usage_error(f"--rate must be TITLE=RATING or ID=RATING, such as 'Heat=4.5'; got '{text}'")
        found.append((item_named(model, name), rating, name, None))
    return found


def _rating_file(model: "FactorModel", path: Path) -> list[tuple[Any, float, str, Any]]:
    """Return the ratings of a file with columns of items and ratings, and perhaps of times.

    Items are ids or titles.
    """
    from palate.io.tables import whole_table

    table = whole_table(path, typed=False)
    item = _column(table, ("itemid", "movieid", "bookid", "item", "id", "title"), "item_id (or title)", path)
    rating = _column(table, ("rating", "stars", "score"), "rating", path)
    by_title = item.lower() == "title"
    time = next((name for name in table.columns if name.lower() in ("timestamp", "time", "date")), None)
    time = time if model.context is not None else None
    times = table[time].to_list() if time is not None else [None] * len(table)
    found = []
    for row, (label, value) in enumerate(table.select(item, rating).iter_rows(), 1):
        try:
            if not label or not value:
                raise ArgumentError("rating" if label else "item", "be given", "an empty cell")
            one = item_with_title(model, label) if by_title else item_ids(model, [label])[0]
            found.append((one, float(value), label, None if time is None else _time(times[row - 1])))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path.name}, row {row}: {error.args[0]}") from None
    return found


def _time(text: str | None) -> Any:
    """Return the time in a cell of a file."""
    if not text:
        raise ArgumentError("timestamp", "be given in every row or none", "an empty cell")
    try:
        return time_of(text)
    except ValueError as error:
        raise ValueError(f"timestamp {error}.") from None


def _column(table: "pl.DataFrame", names: tuple[str, ...], wanted: str, path: Path) -> str:
    """Return the column of one of these names, whatever its case and underscores."""
    found = {name.lower().replace("_", ""): name for name in reversed(table.columns)}
    for name in names:
        if name in found:
            return found[name]
    listed = ", ".join(map(repr, table.columns))
    raise ArgumentError(path.name, f"have the column {wanted}", f"the columns {listed}")


def _saying(words: str) -> Callable[[int], str]:
    return lambda place: words
