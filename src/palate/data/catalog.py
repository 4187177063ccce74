"""What is known about the items: titles, years, genres, and how often they are rated."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate.data import columns as names
from palate.data.arguments import warn_caller
from palate.data.forks import (
    filled,
    joined,
    n_distinct,
    require_threads,
    rows_by_index,
    rows_of,
    texts_with,
    without_nan,
)
from palate.data.frames import require_columns, to_polars
from palate.data.ids import KIND_NAMES, WhereRow, has_surrogate, id_column, refuse_first, row_label
from palate.data.libraries import frame_kind
from palate.data.matrix import RatingMatrix
from palate.data.tags import tag_column
from palate.data.vocabulary import Vocabulary


class CatalogWarning(UserWarning):
    """A catalog hardly fits the ratings; it describes none of the items, for instance."""


@dataclass(frozen=True, eq=False, repr=False)
class Catalog:
    """A table of items: their ids, titles, years, genres and any other columns.

    The table has one row per item. Its columns are `item_id`, then `title`, `year`, `genres` and
    `key` where they are known, then the others.

    Parameters
    ----------
    frame : polars.DataFrame
        First column `item_id` (Int64, UInt64 or String), each id once. `title`, `genres` (separated
        by `|`) and `key` are strings, `year` is Int32; `n_ratings` (Int64) and `mean_rating`
        (Float64) come with `aligned`.
    kind : {"int", "uint", "str", "uuid"}
        Kind of the ids, as in `Vocabulary`.
    origin : str
        Which column of which file the ids were read from, in words: "by book_id from books.csv".
        Empty for other catalogs.

    Examples
    --------
    >>> table = pl.DataFrame({"id": [2, 1], "name": ["Heat", "Casino"], "year": [1995, 1995]})
    >>> catalog = Catalog.from_frame(table, item="id", title="name")
    >>> catalog
    Catalog(2 items: title, year)
    >>> catalog.frame.rows()
    [(2, 'Heat', 1995), (1, 'Casino', 1995)]
    """

    frame: pl.DataFrame
    kind: str
    origin: str = ""

    @classmethod
    def from_frame(
        cls,
        frame: object,
        item: str = names.ITEM_ID,
        title: str | None = None,
        year: str | None = None,
        genres: str | None = None,
        key: str | None = None,
        where: WhereRow = row_label,
        origin: str = "",
    ) -> "Catalog":
        """Return a catalog from a data frame of any library with one row per item.

        Parameters
        ----------
        frame : data frame
        item : str, default "item_id"
            Column of the ids.
        title, year, genres, key : str, optional
            Names of these columns; by default the columns with these names. Genres may be lists,
            texts with bars, semicolons, commas or slashes between them, or lists written as JSON or
            Python; years may be text. All other columns are kept.
        where : callable, optional
            Function that turns a row number into words for messages.
        origin : str, optional
            Where the ids come from, see `Catalog`.

        Raises
        ------
        ValueError
            If a named column is missing, an id is null or repeated, or a year is not a whole
            number.
        TypeError
            If the ids are floats, booleans or bytes.
        """
        given = {"item": item, "title": title, "year": year, "genres": genres, "key": key}
        require_columns(
            frame, {argument: name for argument, name in given.items() if name is not None}, "the catalog"
        )
        table = to_polars(frame)
        if frame_kind(frame) == "pandas":  # whose missing numbers are NaN
            table = pl.DataFrame(
                [without_nan(column) if column.dtype.is_float() else column for column in table]
            )
        ids, kind = id_column(table[item], f"column {item!r} of the catalog", where)
        _check_unique(ids, item, where)
        named = {name for name in given.values() if name is not None}
        parts = {names.ITEM_ID: ids.cast(pl.Int64) if kind == "int" else ids}
        for name, tidied in _STANDARD.items():
            source = given[name] or (name if name in table.columns and name not in named else None)
            if source is not None:
                parts[name] = tidied(table[source], where)
                named.add(source)
        further = {name: table[name] for name in table.columns if name not in named}
        clash = [name for name in further if name in parts]
        if clash:
            raise ValueError(
                f"column {clash[0]!r} of the catalog would appear twice: rename it, or pass it as "
                f"{clash[0].removesuffix('_id')}=."
            )
        columns = [values.alias(name) for name, values in {**parts, **further}.items()]
        return cls(pl.DataFrame(columns), kind, origin)

    @classmethod
    def from_items(cls, items: Vocabulary) -> "Catalog":
        """Return a catalog with the ids of the vocabulary `items` only."""
        return cls(items.values.alias(names.ITEM_ID).to_frame(), items.kind)

    def __len__(self) -> int:
        return self.frame.height

    def __reduce__(self) -> tuple[Any, ...]:
        require_threads("pickling a catalog")
        return Catalog, (self.frame, self.kind, self.origin)

    def __repr__(self) -> str:
        return f"Catalog({len(self):,} items: {', '.join(self.frame.columns[1:]) or 'ids only'})"

    def check_ids(self, items: Vocabulary) -> None:
        """Check that the catalog's ids are of the type of the ratings' item ids, `items`.

        Raises
        ------
        TypeError
            If one has integers and the other strings, so that no id would match.
        """
        if len(self) and KIND_NAMES[self.kind] != items.type_name:
            raise TypeError(
                f"item ids of the catalog must be {items.type_name}s as in the ratings; got "
                f"{KIND_NAMES[self.kind]}s ({self.frame[names.ITEM_ID][0]!r} beside {items.id(0)!r}). Cast "
                "one of the two columns."
            )

    def aligned(self, items: Vocabulary, ratings: RatingMatrix) -> "Catalog":
        """Return the catalog in the order of the vocabulary `items`.

        The number and the mean of each item's `ratings` are added as columns.

        The first `len(items)` rows are the items of the vocabulary, in order, with nulls for items
        that are not in the catalog. Items of the catalog without ratings follow in their own order,
        with `n_ratings` 0 and no mean. The counts replace columns of these two names.

        Raises
        ------
        TypeError
            If the ids are of different types.
        """
        self.check_ids(items)
        position = items.indices(self.frame[names.ITEM_ID])
        if len(self) and not (position >= 0).any():
            said = f"none of the {len(self):,} items in the catalog is among the {len(items):,} rated items"
            warn_caller(f"{said}: is its id column the right one?", CatalogWarning)
        unrated = np.flatnonzero(position < 0)
        counted_anew = (names.ITEM_ID, names.N_RATINGS, names.MEAN_RATING)
        rest = [column for column in self.frame.get_columns() if column.name not in counted_anew]
        place_of = rows_by_index(position, len(items)).extend(pl.Series(unrated, dtype=pl.Int64))
        described = [column.gather(place_of) for column in rest]
        ids = joined([items.values, self.frame[names.ITEM_ID].cast(items.values.dtype).gather(unrated)])
        counts = np.concatenate([ratings.item_counts(), np.zeros(len(unrated), dtype=np.int64)])
        means = np.concatenate([ratings.item_means(), np.full(len(unrated), np.nan)])
        counted = [pl.Series(names.N_RATINGS, counts), without_nan(pl.Series(names.MEAN_RATING, means))]
        columns = [ids.alias(names.ITEM_ID), *described]
        place = 1 + sum(column.name in _STANDARD for column in columns)
        return Catalog(pl.DataFrame([*columns[:place], *counted, *columns[place:]]), items.kind)

    def rows(self, item_index: np.ndarray) -> pl.DataFrame:
        """Return the rows at the positions `item_index`."""
        return rows_of(self.frame, item_index)

    def find(self, title: str, exact: bool = False) -> np.ndarray:
        """Return the positions (int64) of the items whose title or key contains a text.

        A title followed by its year matches, too. Case is ignored.

        Parameters
        ----------
        title : str
            Text to find. Composed and decomposed accents are equal.
        exact : bool, default False
            Whether the whole title (or key) must be the text.

        Examples
        --------
        >>> table = pl.DataFrame({"item_id": [1, 2], "title": ["The Naked Gun", "Amélie"]})
        >>> Catalog.from_frame(table).find("naked g"), Catalog.from_frame(table).find("amélie", exact=True)
        (array([0]), array([1]))
        """
        if has_surrogate(title):  # from a terminal in another encoding; no text here can contain it
            return np.zeros(0, dtype=np.int64)
        wanted = folded(pl.Series([title]))[0]
        found = np.zeros(len(self), dtype=bool)
        for texts in self._called(with_year="(" in wanted):  # "99" alone is not asking for a year
            texts = folded(texts)
            hits = texts == wanted if exact else texts_with(texts, wanted)
            found |= filled(hits, False).to_numpy()
        return np.flatnonzero(found)

    def _called(self, with_year: bool) -> list[pl.Series]:
        """Return the texts that items are called by: titles, keys, and if asked titles with their year."""
        found = [
            self.frame[name].cast(pl.String)
            for name in (names.TITLE, names.KEY)
            if name in self.frame.columns
        ]
        if with_year and names.TITLE in self.frame.columns and names.YEAR in self.frame.columns:
            found.append(self.frame[names.TITLE] + " (" + self.frame[names.YEAR].cast(pl.String) + ")")
        return found


def folded(texts: pl.Series) -> pl.Series:
    """Return texts as they are compared: composed accents, and no upper case."""
    return texts.str.normalize("NFC").str.to_lowercase()


def _check_unique(ids: pl.Series, item: str, where: WhereRow) -> None:
    if n_distinct(ids) != len(ids):
        row = int(np.flatnonzero(~ids.is_first_distinct().to_numpy())[0])
        first = int((ids == ids[row]).arg_max() or 0)
        got = f"{item} {ids[row]!r} at {where(first)} and again at {where(row)}"
        raise ArgumentError("the catalog", "contain each item once", got)


def _text(column: pl.Series, where: WhereRow) -> pl.Series:
    return column.cast(pl.String)


def _genres(column: pl.Series, where: WhereRow) -> pl.Series:
    return tag_column(column)


def _year(column: pl.Series, where: WhereRow) -> pl.Series:
    if column.dtype == pl.String:
        require_threads("reading years from text")
    numbers = column.str.strip_chars().replace("", None) if column.dtype == pl.String else column
    if numbers.dtype.is_float():
        numbers = without_nan(numbers)
    as_float = numbers.cast(pl.Float64, strict=False)
    years = as_float.cast(pl.Int32, strict=False)
    wrong = as_float.is_null() | years.is_null() | filled(years.cast(pl.Float64) != as_float, False)
    what = f"column {column.name!r} of the catalog"
    refuse_first(numbers.is_not_null() & wrong, column, what, "hold years as whole numbers", where)
    return years


# The columns that every catalog may have, in their order, and what makes each of a column as it came.
_STANDARD = {names.TITLE: _text, names.YEAR: _year, names.GENRES: _genres, names.KEY: _text}
