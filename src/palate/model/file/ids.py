"""Ids in a model file: as numbers, or as text."""

import re

import polars as pl

from palate.data.vocabulary import Vocabulary
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields
from palate.model.file.schema import Input, Kind, Output
from palate.model.file.tensors import check_ascending, put_strings, take_strings

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_WORDS = "strictly ascending, each id once"


class Ids(Kind[Vocabulary]):
    """The ids of one side: the tensor `<name>.ids`, or text, and their kind in the metadata."""

    def __init__(self, axis: str) -> None:
        self.axis = axis

    def put(self, out: Output, name: str, value: Vocabulary) -> None:
        """Add the ids."""
        if value.kind in ("int", "uint"):
            out.writer.put(f"{name}.ids", value.values.to_numpy(), f"{value.kind}64", self.axis)
        else:
            put_strings(out.writer, name, value.values, self.axis)
        out.values[name] = {"kind": value.kind}

    def take(self, given: Input, name: str) -> Vocabulary:
        """Return the vocabulary."""
        fields = Fields(given.fields.take(name, dict), f"{name!r} in its metadata")
        kind = fields.take_choice("kind", ("int", "uint", "str", "uuid"))
        fields.finish()
        numbers = kind in ("int", "uint")
        series = self._numbers(given, name, kind) if numbers else self._texts(given, name, kind)
        if not len(series):
            raise Damage(f"tensor '{name}.{'ids' if numbers else 'offsets'}' must have at least one id")
        return Vocabulary(series, kind)

    def _numbers(self, given: Input, name: str, kind: str) -> pl.Series:
        ids = given.reader.take(f"{name}.ids", f"{kind}64", self.axis)
        check_ascending(f"{name}.ids", ids, strictly=True, words=_WORDS)
        return pl.Series("id", ids)

    def _texts(self, given: Input, name: str, kind: str) -> pl.Series:
        series = take_strings(given.reader, name, self.axis).alias("id")
        if not bool((series.slice(1) > series.slice(0, len(series) - 1)).all()):
            raise Damage(f"tensor '{name}.bytes' must be {_WORDS}, by code point")
        if kind == "uuid" and not all(map(_UUID.fullmatch, series.to_list())):
            raise Damage(f"tensor '{name}.bytes' must hold UUIDs in lower case with hyphens")
        return series
