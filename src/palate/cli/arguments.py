"""From what was typed to what the library takes: models, ids, titles, and the ratings of someone new."""

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate._nearest import did_you_mean
from palate._words import counted
from palate.cli.errors import usage_error

if TYPE_CHECKING:
    import numpy as np

    from palate.data.catalog import Catalog
    from palate.data.vocabulary import Vocabulary
    from palate.model.factor_model import FactorModel
    from palate.model.model import Model

_SEARCHED = 50_000  # ids among which a similar one is looked for
_TABLES = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".jsonl")
_LISTED = 6  # matches named in a message


def load(path: Path, others: Iterable[str | None] = ()) -> "FactorModel":
    """Return the model in a file.

    `others` are the arguments beside it, among which it may stand by mistake.
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


def models_in(paths: Iterable[Path]) -> dict[str, Any]:
    """Return the models in files, by the names of the files."""
    from palate.evaluation.named import unique_name

    found: dict[str, Any] = {}
    for path in paths:
        if path.suffix.lower() in _TABLES and path.is_file():
            raise usage_error(
                f"'{path}' seems to be a table, not a model: test ratings are given by --test {path}"
            )
        found[unique_name(path.stem, list(found))] = load(path)
    return found


def has_filters(model: "FactorModel", path: Path, genres: object, year: object) -> None:
    """Check that the items have the columns that --genres and --year are about."""
    columns = () if model.catalog is None else model.catalog.frame.columns
    for option, given in (("genres", genres), ("year", year)):
        if given and option not in columns:
            raise usage_error(
                f"--{option} needs a catalog with a column {option}, which {path} does not have. Train with "
                "--items FILE, a table of the items"
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
        raise ValueError(
            f"this needs a model with factors, and a model of {model.trainer.get('name')} for choices alone "
            "has none. palate train --trainer least-squares makes one from ratings."
        )
    return found


_FOR_NEW = " For somebody new, palate recommend takes ratings: --rate ITEM=RATING."


def find_id(vocabulary: "Vocabulary", text: str, side: str) -> Any:
    """Return the id that a text stands for, or None if the model does not know it."""
    for candidate in dict.fromkeys((text, text.strip())):  # blanks at the ends may be part of an id
        try:
            found = vocabulary.parse(candidate, f"{side} id")
            if vocabulary.indices([found])[0] >= 0:
                return found
        except (ValueError, OverflowError):
            pass
    return None


def known_id(vocabulary: "Vocabulary", text: str, side: str) -> Any:
    """Return the id that a text stands for.

    Raises
    ------
    KeyError
        If the model does not know it; the message says what its ids are like.
    """
    found = find_id(vocabulary, text, side)
    if found is None:
        raise KeyError(_unknown(vocabulary, text, side))
    return found


def _unknown(vocabulary: "Vocabulary", text: str, side: str) -> str:
    """Return the message for a text that stands for no id of a model."""
    kind = "nothing: it has none"
    if len(vocabulary):
        article = "an" if vocabulary.type_name == "integer" else "a"
        first = vocabulary.id(0)
        example = f"'{first}'" if vocabulary.kind == "str" else first
        kind = f"{article} {vocabulary.type_name} such as {example}"
    near = ""
    if vocabulary.kind == "str" and len(vocabulary) <= _SEARCHED:
        near = did_you_mean(text, vocabulary.values.to_list())
    option = ""
    if text[:1] == "-" and not text[1:2].isdigit():
        option = f" '{text}' is not an option of this command either; see --help."
    return (
        f"unknown {side} id '{text}': {'an' if side == 'item' else 'a'} {side} id of this model is {kind} "
        f"({counted(len(vocabulary), side)}).{near}{_FOR_NEW if side == 'user' and not near else ''}{option}"
    )


def user_ids(model: "Model", texts: list[str], unknown: str = "raise") -> list[Any]:
    """Return the users that were named.

    Unknown ones are an error under "raise", and stand as they are otherwise.
    """
    if unknown == "raise":
        return [known_id(model.users, text, "user") for text in texts]
    found = [(text, find_id(model.users, text, "user")) for text in texts]
    return [model.users.parse(text, "user id") if known is None else known for text, known in found]


def item_ids(model: "Model", texts: list[str], unknown: str = "raise") -> list[Any]:
    """Return the items that were named by id, or by what palate calls them.

    Other texts of a title get a hint.

    Unknown ones are an error under "raise"; otherwise they stand as they are.
    """
    return [_item_id(model, text, unknown) for text in texts]


def _item_id(model: "Model", text: str, unknown: str) -> Any:
    found = find_id(model.items, text, "item")
    if found is not None:
        return found
    labelled = _labelled(model, text)
    if len(labelled) == 1:
        return model.items.id(int(labelled[0]))
    if unknown != "raise":
        return model.items.parse(text if model.items.kind == "str" else text.strip(), "item id")
    by_title = has_titles(model) and len(rated_with_title(model, text))
    hint = f" To name items by title: --title {shlex.quote(text)}." if by_title else ""
    raise KeyError(f"{_unknown(model.items, text, 'item')}{hint}")


def _labelled(model: "Model", text: str) -> Any:
    """Return the positions of the items called exactly so: by title, with year, or "item 7"."""
    rows = _rated_called(model, text, exact=True) if has_titles(model) else ()
    if not len(rows) and text.startswith("item "):
        found = find_id(model.items, text.removeprefix("item "), "item")
        return [] if found is None else [model.items.index(found)]
    return rows


def _catalog(model: "Model") -> "Catalog":
    from palate.factors.item_index import item_catalog

    return item_catalog(model)


def has_titles(model: "Model") -> bool:
    """Return whether the model's catalog has titles."""
    return model.catalog is not None and "title" in model.catalog.frame.columns


def rated_with_title(model: "Model", text: str) -> Any:
    """Return the positions of the model's items whose title contains a text.

    If there are titles that equal it, only those.
    """
    exact = _rated_called(model, text, exact=True)
    return exact if len(exact) else _rated_called(model, text, exact=False)


def _rated_called(model: "Model", text: str, exact: bool) -> Any:
    rows = _catalog(model).find(text, exact=exact)
    return rows[rows < len(model.items)]  # what nobody rated has no vector


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
        from palate.lists.chosen_items import near_titles

        raise KeyError(f"no title contains '{text}'.{near_titles(_catalog(model), text)}")
    if len(rows) > 1:
        raise KeyError(f"'{text}' fits {len(rows):,} titles: {_listed(model, rows)}")
    return model.items.id(int(rows[0]))


def _listed(model: "Model", rows: "np.ndarray") -> str:
    """Return the first of several items, and how to name one of them."""
    found = _catalog(model).rows(rows[:_LISTED]).rows(named=True)
    entries = [f"{row['item_id']} {_titled(row)}" for row in found]
    more = f"; and {len(rows) - _LISTED:,} more" if len(rows) > _LISTED else ""
    key = found[0].get("key")
    example = f", such as '{key}'," if key is not None else ""
    return f"{'; '.join(entries)}{more}. Give more of the title{example} or an id."


def _titled(row: dict[str, Any]) -> str:
    """Return the title in a row of a catalog, with its year."""
    return str(row["title"]) + ("" if row.get("year") is None else f" ({row['year']})")


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
    by_id = find_id(model.items, text, "item")
    if by_id is None:
        by_title = has_titles(model) and len(_labelled(model, text)) != 1
        return item_with_title(model, text.strip()) if by_title else item_ids(model, [text])[0]
    if has_titles(model):
        others = [row for row in _catalog(model).find(text, exact=True) if row != model.items.index(by_id)]
        if others:
            raise KeyError(
                f"'{text}' is the id of one item and the title of another; write id:{text} or title:{text}."
            )
    return by_id


def item_asked(model: "Model", text: str | None, title: str | None) -> Any:
    """Return the item that is named by its id, or by --title."""
    return item_ids(model, [str(text)])[0] if title is None else item_with_title(model, title)


def label(model: "Model", item: object) -> str:
    """Return what to call an item in a sentence: its title, else its id."""
    from palate.factors.item_index import item_table

    row = item_table(model).row(model.items.index(item), named=True)
    return f"item {item}" if row.get("title") is None else _titled(row)


def has_heads(loaded: "Model", path: Path, by: str | None) -> bool:
    """Return whether a model has two heads, which --by chooses from."""
    two = hasattr(loaded, "heads")
    if by is not None and not two:
        raise usage_error(
            f"--by is for a model of two heads, which `palate train` makes without options; {path} has one"
        )
    return two


def is_item(model: "Model", text: str) -> bool:
    """Return whether a text names an item; without the message, which looks for similar ids."""
    return find_id(model.items, text, "item") is not None or len(_labelled(model, text)) == 1
