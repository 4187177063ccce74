"""From what was typed to what the library takes: models, ids, titles, and the ratings of someone new."""

import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate._checks import ArgumentError
from palate._nearest import did_you_mean
from palate.cli.errors import usage_error
from palate.cli.options import time_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from palate.data.vocabulary import Vocabulary
    from palate.model.factor_model import FactorModel
    from palate.model.folded import FoldedUser
    from palate.model.model import Model

_SEARCHED = 50_000  # ids among which a similar one is looked for
_LISTED = 6  # matches named in a message
_MOST_COMMAS = 20  # that an id on the command line may hold


def load(path: Path, others: Iterable[str | None] = ()) -> "FactorModel":
    """Return the model in a file; `others` are the arguments beside it, among which it may stand by
    mistake.
    """
    from palate.model.file.loading import load_model

    if str(path) == "-":
        raise usage_error("the model must be a file; got '-'. Write standard input to a file first")
    if not path.exists():
        file = next(
            (other for other in others if other and other.endswith(".palate") and Path(other).is_file()), None
        )
        if file is not None:
            raise usage_error(f"the model comes first: '{file}', then '{path}'")
        raise FileNotFoundError(
            f"there is no model file '{path}'; palate train RATINGS -o {path} makes one from ratings."
        )
    model: FactorModel = load_model(path)
    return model


def holds_counts(model: "FactorModel") -> bool:
    """Return whether a model was trained on counts, of which those of a pair add up."""
    about = model.trainer
    return bool(
        about.get("counts", "none") != "none"
        or "counts" in (about.get("values_resolved"), about.get("grades"))
    )


def of_ratings(model: "Model") -> Any:
    """Return what a model predicts ratings by: the star head of one of two heads, else the model itself.

    Raises
    ------
    ValueError
        If the model is of choices alone, and no model of factors.
    """
    found = getattr(model, "predicts", model)
    if not hasattr(found, "item_factors"):
        name = model.trainer.get("name")
        raise ArgumentError(
            "this", "be used with a model of factors", f"a model of {name}, which predicts choices"
        )
    return found


def known_id(vocabulary: "Vocabulary", text: str, side: str) -> Any:
    """Return the id that a text stands for.

    Raises
    ------
    KeyError
        If the model does not know it; the message says what its ids are like.
    """
    for candidate in dict.fromkeys(
        (text, text.strip())
    ):  # blanks at the ends are part of an id, if there is such an id
        try:
            found = vocabulary.parse(candidate, f"{side} id")
            if vocabulary.indices([found])[0] >= 0:
                return found
        except (ValueError, OverflowError):
            pass
    article = "an" if vocabulary.type_name == "integer" else "a"
    example = (
        f"'{vocabulary.id(0)}'"
        if vocabulary.kind == "str" and len(vocabulary)
        else vocabulary.id(0)
        if len(vocabulary)
        else ""
    )
    kind = (
        f"{article} {vocabulary.type_name} such as {example}" if len(vocabulary) else "nothing: it has none"
    )
    near = (
        did_you_mean(text, vocabulary.values.to_list())
        if vocabulary.kind == "str" and len(vocabulary) <= _SEARCHED
        else ""
    )
    count = f"{len(vocabulary):,} {side}{'' if len(vocabulary) == 1 else 's'}"
    raise KeyError(
        f"unknown {side} id '{text}': {'an' if side == 'item' else 'a'} {side} id of this model is {kind} "
        f"({count}).{near}"
        + (
            f" '{text}' is not an option of this command either; see --help."
            if text[:1] == "-" and not text[1:2].isdigit()
            else ""
        )
    )


def user_ids(model: "Model", texts: list[str], unknown: str = "raise") -> list[Any]:
    """Return the users that were named; unknown ones are an error under "raise", and stand as they
    are otherwise.
    """
    if unknown != "raise":
        return [model.users.parse(text, "user id") for text in texts]
    return [known_id(model.users, text, "user") for text in texts]


def item_ids(model: "Model", texts: list[str], unknown: str = "raise") -> list[Any]:
    """Return the items that were named by id, or by what palate calls them; other texts of a title
    get a hint.

    Unknown ones are an error under "raise"; otherwise they stand as they are.
    """
    found = []
    for text in texts:
        try:
            found.append(known_id(model.items, text, "item"))
        except KeyError as error:
            labelled = _labelled(model, text)
            if len(labelled) == 1:
                found.append(model.items.id(int(labelled[0])))
                continue
            if unknown != "raise":
                found.append(
                    model.items.parse(text.strip() if model.items.kind != "str" else text, "item id")
                )
                continue
            if has_titles(model) and len(rated_with_title(model, text)):
                raise KeyError(
                    f"{error.args[0]} To name items by title: --title {shlex.quote(text)}."
                ) from None
            raise
    return found


def _labelled(model: "Model", text: str) -> Any:
    """Return the positions of the items that are called exactly so: by title, by title and year, or
    "item 7".
    """
    if has_titles(model):
        from palate.factors.item_index import item_catalog

        rows = item_catalog(model).find(text, exact=True)
        rows = rows[rows < len(model.items)]
        if len(rows):
            return rows
    if text.startswith("item "):
        try:
            return [model.items.index(known_id(model.items, text.removeprefix("item "), "item"))]
        except KeyError:
            pass
    return []


def _is_item(model: "Model", text: str) -> bool:
    """Return whether a text names an item; without the message, which looks for similar ids."""
    for candidate in dict.fromkeys((text, text.strip())):
        try:
            if model.items.indices([model.items.parse(candidate)])[0] >= 0:
                return True
        except (ValueError, OverflowError):
            pass
    return len(_labelled(model, text)) == 1


def listed_ids(model: "Model", text: str | None, unknown: str = "raise") -> list[Any] | None:
    """Return the items of `--candidates` or `--exclude-items`.

    They are ids with commas between, or a file with one id per line.

    See `item_ids` for `unknown`.

    An id may itself hold commas: of the ways to take the list apart the one with the longest ids is meant.

    Raises
    ------
    KeyError
        If an id is unknown, or the text can be read in two ways.
    """
    if text is None:
        return None
    path, is_file = _list_file(text)
    if not is_file or (text == "-" and _is_item(model, text)):
        return item_ids(model, _apart(model, text), unknown)
    if _is_item(model, text):
        raise KeyError(f"'{text}' is an item and a file; write './{text}' for the file.")
    return item_ids(model, [_unquoted(model, line) for line in _lines(path) if line.strip()], unknown)


def _list_file(text: str) -> tuple[Path, bool]:
    """Return the path in a text, "-" for standard input, and whether it is a file or a pipe."""
    path = Path(text)
    try:
        return path, text == "-" or (path.exists() and not path.is_dir())  # a pipe, too
    except (OSError, ValueError):  # too long for a name, or no name: a list
        return path, False


def _lines(path: Path) -> list[str]:
    """Return the lines of a file without their ends, which alone are no part of an id."""
    if str(path) == "-":
        return sys.stdin.buffer.read().decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    return path.read_text("utf-8-sig").split("\n")  # reading turns other line ends into this one


def _unquoted(model: "Model", line: str) -> str:
    """Return an id in the double quotes of CSV without them, unless they are part of it."""
    bare = line.strip()
    if len(bare) < 2 or bare[0] != '"' or bare[-1] != '"' or _is_item(model, line):
        return line
    return bare[1:-1].replace('""', '"')


def _apart(model: "Model", text: str) -> list[str]:
    parts = text.split(",")
    if len(parts) == 1:
        return parts
    found, at = [], 0
    while at < len(parts):
        ends = range(min(len(parts), at + _MOST_COMMAS + 1), at + 1, -1)
        end = next((end for end in ends if _is_item(model, ",".join(parts[at:end]))), at + 1)
        found.append(",".join(parts[at:end]))
        at = end
    if len(found) < len(parts) and all(part.strip() and _is_item(model, part) for part in parts):
        raise KeyError(
            f"'{text}' is ambiguous, because an id contains a comma; write the ids to a file, one per line."
        )
    return [part for part in found if part.strip()]


def has_titles(model: "Model") -> bool:
    """Return whether the model's catalog has titles."""
    return model.catalog is not None and "title" in model.catalog.frame.columns


def rated_with_title(model: "Model", text: str) -> Any:
    """Return the positions of the model's items whose title contains a text; those it equals if
    there are any.
    """
    from palate.factors.item_index import item_catalog

    catalog = item_catalog(model)
    for exact in (True, False):
        rows = catalog.find(text, exact=exact)
        rows = rows[rows < len(model.items)]  # what nobody rated has no vector
        if len(rows):
            break
    return rows


def item_with_title(model: "Model", text: str) -> Any:
    """Return the id of the one item with a title.

    Raises
    ------
    KeyError
        If none has it, or several do; they are then listed.
    """
    if not has_titles(model):
        raise ValueError(
            "--title needs a model whose catalog has titles; this one has none. Name the item by its id."
        )
    rows = rated_with_title(model, text)
    if not len(rows):
        from palate.factors.item_index import item_catalog
        from palate.lists.chosen_items import near_titles

        raise KeyError(f"no title contains '{text}'.{near_titles(item_catalog(model), text)}")
    if len(rows) > 1:
        raise KeyError(f"'{text}' fits {len(rows):,} titles: {_listed(model, rows)}. {_advice(model, rows)}")
    return model.items.id(int(rows[0]))


def _listed(model: "Model", rows: "np.ndarray") -> str:
    from palate.factors.item_index import item_catalog

    table = item_catalog(model).rows(rows[:_LISTED])
    years = table["year"].to_list() if "year" in table.columns else [None] * table.height
    entries = [
        f"{item} {title}" + ("" if year is None else f" ({year})")
        for item, title, year in zip(table["item_id"].to_list(), table["title"].to_list(), years, strict=True)
    ]
    more = f"; and {len(rows) - _LISTED:,} more" if len(rows) > _LISTED else ""
    return "; ".join(entries) + more


def _advice(model: "Model", rows: "np.ndarray") -> str:
    from palate.factors.item_index import item_catalog

    table = item_catalog(model).rows(rows[:1])
    example = (
        f", such as '{table['key'][0]}'," if "key" in table.columns and table["key"][0] is not None else ""
    )
    return f"Give more of the title{example} or an id."


def item_named(model: "Model", text: str) -> Any:
    """Return the item that a text names, by id or by title.

    Raises
    ------
    KeyError
        If it names none, several, or one as an id and another as a title (then `id:` or `title:` in
        front decides).
    """
    if text.startswith("id:"):
        return known_id(model.items, text.removeprefix("id:"), "item")
    if text.startswith("title:"):
        return item_with_title(model, text.removeprefix("title:"))
    try:
        by_id = known_id(model.items, text, "item")
    except KeyError:
        if len(_labelled(model, text)) == 1:
            return item_ids(model, [text])[0]
        if not has_titles(model):
            raise
        return item_with_title(model, text.strip())
    if has_titles(model):
        from palate.factors.item_index import item_catalog

        others = [
            row for row in item_catalog(model).find(text, exact=True) if row != model.items.index(by_id)
        ]
        if others:
            raise KeyError(
                f"'{text}' is the id of one item and the title of another; write id:{text} or title:{text}."
            )
    return by_id


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
    """Return the ratings of a CSV or Parquet file with a column of items (ids or titles), one of
    ratings, and perhaps `timestamp`.
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


def label(model: "Model", item: object) -> str:
    """Return what to call an item in a sentence: its title, else its id."""
    from palate.factors.item_index import item_table

    row = item_table(model).row(model.items.index(item), named=True)
    title, year = row.get("title"), row.get("year")
    return f"item {item}" if title is None else title if year is None else f"{title} ({year})"


def _saying(words: str) -> Callable[[int], str]:
    return lambda place: words


def has_heads(loaded: "Model", path: Path, by: str | None) -> bool:
    """Return whether a model has two heads, which --by chooses from."""
    two = hasattr(loaded, "heads")
    if by is not None and not two:
        raise usage_error(
            f"--by is for a model of two heads, which `palate train` makes without options; {path} has one"
        )
    return two
