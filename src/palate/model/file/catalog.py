"""The catalog in a model file: columns of numbers or text, with bytes that say where there is a value."""

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.data.forks import filled, n_distinct
from palate.data.vocabulary import Vocabulary
from palate.model.file.errors import Damage
from palate.model.file.fields import Fields, check_plain
from palate.model.file.json import quoted
from palate.model.file.schema import Input, Kind, Output
from palate.model.file.tensors import (
    TensorReader,
    TensorWriter,
    check_all,
    check_flags,
    put_strings,
    take_strings,
)

_NUMBERS: dict[str, pl.DataType] = {
    f"{kind}{bits}": pl.Series(np.empty(0, f"{kind}{bits}")).dtype
    for kind, sizes in (("int", (8, 16, 32, 64)), ("uint", (8, 16, 32, 64)), ("float", (32, 64)))
    for bits in sizes
}


def _years(ticks_per_day: int) -> tuple[int, int]:
    """Return the first and the last tick of the years 1 to 9999, which are what Python's dates can hold."""
    return -719_162 * ticks_per_day, 2_932_897 * ticks_per_day - 1


# Stored as integers: type, number stored, lowest and highest value.
_TIMES: dict[str, tuple[pl.DataType, str, int, int]] = {
    "date": (pl.Date(), "int32", *_years(1)),
    "datetime[ms]": (pl.Datetime("ms"), "int64", *_years(86_400 * 10**3)),
    "datetime[us]": (pl.Datetime("us"), "int64", *_years(86_400 * 10**6)),
    "datetime[ns]": (pl.Datetime("ns"), "int64", -(2**63), 2**63 - 1),
}
_OTHERS: dict[str, pl.DataType] = {
    "string": pl.String(),
    "bool": pl.Boolean(),
    "categorical": pl.Categorical(),
    "null": pl.Null(),
}
_TYPES: dict[str, pl.DataType] = {**_NUMBERS, **{name: time[0] for name, time in _TIMES.items()}, **_OTHERS}
# What the rest of palate relies on.
_STANDARD = {
    names.TITLE: "string",
    names.YEAR: "int32",
    names.GENRES: "string",
    names.KEY: "string",
    names.N_RATINGS: "int64",
    names.MEAN_RATING: "float64",
}


class CatalogOfItems(Kind[Catalog | None]):
    """The catalog: its columns in the metadata, and the tensors of each; null for none."""

    def put(self, out: Output, name: str, value: Catalog | None) -> None:
        """Add the columns, and what the metadata must say of them."""
        if value is None:
            out.values[name] = None
            return
        columns = []
        for position, series in enumerate(value.frame.get_columns()):
            type_name = _type_name(series)
            _put_column(out.writer, f"catalog.{position}", series, type_name)
            columns.append({"name": series.name, "type": type_name})
        out.values[name] = {"kind": value.kind, "columns": columns}

    def take(self, given: Input, name: str) -> Catalog | None:
        """Return the catalog, whose first rows must be the items that were read before, in their order."""
        about = given.fields.take(name, dict | None)
        if about is None:
            return None
        fields, items = Fields(about, "'catalog' in its metadata"), given.made["items"]
        fields.take_choice("kind", (items.kind,))
        columns = [_column_type(value) for value in fields.take("columns", list)]
        fields.finish()
        _check_names([name for name, _ in columns])
        frame = pl.DataFrame(
            [
                _take_column(given.reader, f"catalog.{at}", type_name).alias(name)
                for at, (name, type_name) in enumerate(columns)
            ]
        )
        _check_ids(frame[names.ITEM_ID], items)
        return Catalog(frame, items.kind)


def _type_name(series: pl.Series) -> str:
    for name, dtype in _TYPES.items():
        if dtype == series.dtype:
            return name
    column = f"column {series.name!r} of the catalog is of type {series.dtype}"
    raise Damage(f"{column}, which the file cannot hold: cast it to text or numbers, or leave it out")


def _put_column(writer: TensorWriter, name: str, series: pl.Series, type_name: str) -> None:
    if type_name == "null":
        writer.put(f"{name}.valid", np.zeros(len(series), dtype=np.uint8), "uint8", "catalog")
        return
    if series.null_count():
        writer.put(f"{name}.valid", series.is_not_null().cast(pl.UInt8).to_numpy(), "uint8", "catalog")
    if type_name in ("string", "categorical"):
        put_strings(writer, name, filled(series.cast(pl.String), ""), "catalog")
        return
    physical = series.cast(pl.UInt8) if type_name == "bool" else series.to_physical()
    writer.put(f"{name}.values", filled(physical, 0).to_numpy(), _stored(type_name), "catalog")


def _take_column(reader: TensorReader, name: str, type_name: str) -> pl.Series:
    valid = None
    if reader.has(f"{name}.valid"):
        valid = check_flags(f"{name}.valid", reader.take(f"{name}.valid", "uint8", "catalog"))
    if type_name == "null":
        if valid is None or valid.any():
            raise Damage(f"tensor '{name}.valid' must be all 0 in a column of nulls")
        return pl.Series([None] * len(valid), dtype=pl.Null)
    if type_name in ("string", "categorical"):
        series = take_strings(reader, name, "catalog")
        blank = series.str.len_bytes().to_numpy() == 0
    else:
        array = reader.take(f"{name}.values", _stored(type_name), "catalog")
        series = pl.Series(_numbers(f"{name}.values", array, type_name))
        blank = array.view(f"u{array.itemsize}") == 0
    if valid is not None:
        if not (valid | blank).all():  # else two files would hold one catalog, and a null could hide a text
            raise Damage(f"column tensors '{name}' must be zero or empty where '{name}.valid' is 0")
        series = series.zip_with(pl.Series(valid), pl.Series([None], dtype=series.dtype))
    return series.cast(_TYPES[type_name])


def _stored(type_name: str) -> str:
    """Return the dtype of the numbers that stand for a column of this type."""
    if type_name in _TIMES:
        return _TIMES[type_name][1]
    return "uint8" if type_name == "bool" else type_name


def _numbers(name: str, array: np.ndarray, type_name: str) -> np.ndarray:
    if type_name == "bool":
        return check_flags(name, array)
    if type_name in _TIMES:
        _, _, low, high = _TIMES[type_name]
        check_all(name, array, f"between {low} and {high}", lambda block: (block >= low) & (block <= high))
    return array


def _column_type(value: object) -> tuple[str, str]:
    fields = Fields(value, "a column under 'catalog' in its metadata")
    name = fields.take("name", str)
    type_name = fields.take_choice("type", (_STANDARD[name],) if name in _STANDARD else tuple(_TYPES))
    fields.finish()
    return name, type_name


def _check_names(found: list[str]) -> None:
    check_plain(found, "the columns of the catalog")
    if found[:1] != [names.ITEM_ID]:
        raise Damage(f"the first column of the catalog must be {names.ITEM_ID!r}; got {quoted(found[:1])}")
    if len(set(found)) != len(found):
        raise Damage("the columns of the catalog must have different names")


def _check_ids(ids: pl.Series, items: Vocabulary) -> None:
    name = "tensor 'catalog.0.values'" if ids.dtype.is_integer() else "tensor 'catalog.0.bytes'"
    if ids.dtype != items.values.dtype or ids.null_count():
        raise Damage(f"{name} must hold ids of the items' type, without nulls; got {ids.dtype}")
    if len(ids) < len(items) or not ids.head(len(items)).equals(items.values):
        raise Damage(f"{name} must begin with the ids of all {len(items)} items, in their order")
    if n_distinct(ids) != len(ids):
        raise Damage(f"{name} must hold each id once")
