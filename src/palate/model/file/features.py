"""What features say of a row, in a model file."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from palate.model.file.errors import Damage
from palate.model.file.fields import Fields
from palate.model.file.json import quoted
from palate.model.file.schema import Input, Kind, Output
from palate.model.file.tensors import TensorReader, check_ascending, check_finite, put_strings, take_strings
from palate.solve.features import BAG, BINS, KINDS, TAGS, FeatureGroup, FeatureLink


@dataclass(frozen=True)
class Features(Kind[FeatureLink]):
    """The features of one side: a list of groups in the metadata, and the tensors of each.

    Its bags hold rows of the `other` side.
    """

    other: str

    def put(self, out: Output, name: str, value: FeatureLink) -> None:
        """Add the weights of the features."""
        groups = []
        for number, group in enumerate(value.groups):
            place = f"{name}.{number}"
            if group.kind == TAGS:
                put_strings(out.writer, place, pl.Series(list(group.values), dtype=pl.String), place)
            elif group.kind == BINS:
                out.writer.put(f"{place}.edges", np.asarray(group.edges, np.float64), "float64", place)
            axes = f"draw {_columns(group.kind, place, self.other)} factor+1"
            out.writer.put(f"{place}.weights", group.weights, "float32", axes)
            groups.append({"name": group.name, "kind": group.kind})
        out.values[name] = groups

    def take(self, given: Input, name: str) -> FeatureLink:
        """Return the features."""
        values = given.fields.take(name, list)
        groups = tuple(
            _take_group(given.reader, value, f"{name}.{number}", self.other)
            for number, value in enumerate(values)
        )
        names = [group.name for group in groups]
        if not names or len(set(names)) != len(names):
            raise Damage(f"{name!r} in its metadata must name at least one group of features, each once")
        return FeatureLink(groups)


def _take_group(reader: TensorReader, value: object, place: str, other: str) -> FeatureGroup:
    fields = Fields(value, f"a group of features under {quoted(place.split('.')[0])} in its metadata")
    name, kind = fields.take("name", str), fields.take_choice("kind", KINDS)
    fields.finish()
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    if kind == TAGS:
        texts = take_strings(reader, place, place)
        if not bool((texts.slice(1) > texts.slice(0, max(len(texts) - 1, 0))).all()):
            raise Damage(f"tensor '{place}.bytes' must be strictly ascending, each tag once")
        values = tuple(texts)
    elif kind == BINS:
        array = reader.take(f"{place}.edges", "float64", place)
        check_finite(f"{place}.edges", array)
        check_ascending(f"{place}.edges", array, strictly=True, words="strictly ascending")
        edges = tuple(float(edge) for edge in array)
    weights = reader.take(f"{place}.weights", "float32", f"draw {_columns(kind, place, other)} factor+1")
    check_finite(f"{place}.weights", weights)
    return FeatureGroup(name=name, kind=kind, weights=weights, values=values, edges=edges)


def _columns(kind: str, place: str, other: str) -> str:
    """Return the axis that counts a group's features."""
    return other if kind == BAG else f"{place}+1" if kind == BINS else place
