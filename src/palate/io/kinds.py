"""Ids of text files have no type of their own: they are read as those they are to meet."""

from typing import Any, Protocol
from uuid import UUID

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.data.ids import KIND_NAMES, CodedIds, id_column
from palate.data.vocabulary import Vocabulary
from palate.io.parts import is_plain
from palate.io.text import Columns


class HasIds(Protocol):
    """What has ids of users and of items, such as a model or ratings."""

    @property
    def users(self) -> Vocabulary: ...
    @property
    def items(self) -> Vocabulary: ...


def is_text(column: object) -> bool:
    """Return whether a column of ids holds text."""
    values = column.values if isinstance(column, CodedIds) else column
    return getattr(values, "dtype", None) == pl.String


def text_ids(column: object) -> CodedIds:
    """Return ids as text, each distinct one once; whole numbers as they are printed.

    >>> text_ids(np.array([7, 5, 7])).series().to_list()
    ['7', '5', '7']
    """
    if isinstance(column, CodedIds):
        return CodedIds(column.values.cast(pl.String), column.codes)
    vocabulary, index = Vocabulary.encode(column)
    return CodedIds(vocabulary.values.cast(pl.String), index)


def read_like(columns: Columns, like: HasIds, typed: bool, name: str) -> None:
    """Turn the ids of a file into those of a model or of other ratings, in place.

    Parameters
    ----------
    columns : Columns
    like : FactorModel or Ratings
        Has the vocabularies `users` and `items`.
    typed : bool
        Whether the file knows whether an id is a number: then nothing is turned.
    name : str
        Of the file.

    Raises
    ------
    TypeError
        If the ids of a typed file are of another kind.
    ValueError
        If an id of a text file cannot be one of that kind; the message names the line.
    """
    for side, known in (("user", like.users), ("item", like.items)):
        if len(known):
            columns.column[side] = _like(columns, side, known, typed, name)


def _like(columns: Columns, side: str, known: Vocabulary, typed: bool, name: str) -> Any:
    column, label = columns.column[side], columns.labels[side]
    if typed:
        values = column.values if isinstance(column, CodedIds) else pl.Series(column)
        _, kind = id_column(values, label, columns.where)
        if KIND_NAMES[kind] != known.type_name and not (known.kind == "uuid" and kind == "str"):
            raise TypeError(_typed_message(values, label, known, side, name, KIND_NAMES[kind]))
    if known.kind == "str":
        return column if is_text(column) else text_ids(column)
    if known.type_name == "integer" and not is_text(column):
        return column
    texts = text_ids(column)
    good = [is_plain(text) if known.kind == "int" else _parses(known, text) for text in texts.values]
    if not all(good):
        row = int(np.argmin(np.array(good)[texts.codes]))  # of the file: values have no order
        wrong = texts.values[int(texts.codes[row])]
        must = f"contain {known.type_name}s, as the known {side} ids do (such as {str(known.id(0))!r})"
        advice = "Ids of another type cannot match: remove their rows."
        raise ArgumentError(label, must, f"{wrong!r} at {columns.where(row)}", advice)
    if known.kind == "uuid":
        return np.array([UUID(text) for text in texts.values], dtype=object)[texts.codes].tolist()
    return texts.values.cast(pl.Int64 if known.kind == "int" else pl.UInt64).gather(texts.codes)


def _parses(known: Vocabulary, text: str) -> bool:
    try:
        found = known.parse(text)
    except ValueError:
        return False
    return isinstance(found, UUID) or (str(found) == text and 0 <= int(found) < 2**64)


def _typed_message(ids: pl.Series, label: str, known: Vocabulary, side: str, name: str, found: str) -> str:
    wanted = f"{known.type_name}s, as the known {side} ids (such as {known.id(0)!r})"
    example = ids[0] if len(ids) else None
    return (
        f"{label} of {name} must hold {wanted}; got {found}s (such as {example!r}). Cast the column to "
        f"{known.type_name}s, or save the table as CSV, whose ids are converted to the known type."
    )
