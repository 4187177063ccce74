"""The formats of rating files that palate knows by heart, and how each is recognised."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from palate._checks import ArgumentError, Call, Words
from palate.data.catalog import Catalog
from palate.io import catalogs
from palate.io.foreign import has_parquet_name, has_types
from palate.io.layout import first_lines, sniff_separator
from palate.io.records import is_json_lines, is_netflix
from palate.io.sources import Files, Source

Scale = tuple[float, float]
_WHOLE = {"user": "int", "item": "int", "rating": "number", "timestamp": "time"}


@dataclass(frozen=True, kw_only=True)
class Format:
    """How one kind of rating file is laid out.

    Parameters
    ----------
    name : str
        What `format=` calls it.
    files : tuple of str
        Names under which such a file is looked for in a folder, the first one found being read.
    columns : dict
        Role ("user", "item", "rating", "timestamp") to column name, or to field number in a file
        without header.
    kinds : dict
        Role to kind of cell, see `palate.io.text.read_columns`.
    optional : frozenset of str
        Roles whose column may be missing.
    scale : tuple of float, or callable
        The scale that the source promises, or what finds it from the ratings.
    catalogs : mapping
        Names of files with the catalog to what reads them; the first that lies beside the ratings is read.
    """

    name: str
    files: tuple[str, ...]
    columns: dict[str, str | int]
    kinds: dict[str, str] = field(default_factory=lambda: _WHOLE)
    separator: str = ","
    optional: frozenset[str] = frozenset()
    scale: Scale | Callable[[np.ndarray], Scale | None] | None = None
    catalogs: Mapping[str, Callable[[Source], Catalog | None]]

    @property
    def named(self) -> bool:
        """Whether the first line holds column names; files without them have no quotes either."""
        return isinstance(self.columns["user"], str)

    def catalog(self, files: Files) -> Catalog | None:
        """Return the catalog beside the ratings, None where there is none of this make."""
        sources = ((files.find(name), read) for name, read in self.catalogs.items())
        return next((read(source) for source, read in sources if source is not None), None)


HALF_STARS, WHOLE_STARS, TEN_POINTS = (0.5, 5.0), (1.0, 5.0), (0.0, 10.0)


def movielens_stars(values: np.ndarray) -> Scale | None:
    """Editions that differ: half stars if there are any, else 1 to 5; nothing is promised beyond 5."""
    if len(values) and values.max() > 5:
        return None
    return WHOLE_STARS if (values == np.floor(values)).all() and values.min() >= 1 else HALF_STARS


_DAT = {"movies.dat": catalogs.movies_dat}
_IN_ORDER: dict[str, str | int] = {"user": 0, "item": 1, "rating": 2, "timestamp": 3}

FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format(
            name="movielens",
            files=("ratings.csv", "rating.csv"),
            columns={"user": "userId", "item": "movieId", "rating": "rating", "timestamp": "timestamp"},
            optional=frozenset({"timestamp"}),
            scale=HALF_STARS,
            catalogs={"movies.csv": catalogs.movies_csv, "movie.csv": catalogs.movies_csv, **_DAT},
        ),
        Format(
            name="movielens-dat",
            files=("ratings.dat",),
            columns=_IN_ORDER,
            separator="::",
            optional=frozenset({"timestamp"}),
            scale=movielens_stars,
            catalogs=_DAT,
        ),
        Format(
            name="movielens-100k",
            files=("u.data",),
            columns=_IN_ORDER,
            separator="\t",
            scale=WHOLE_STARS,
            catalogs={"u.item": catalogs.u_item},
        ),
        Format(
            name="goodbooks",
            files=("ratings.csv",),
            columns={"user": "user_id", "item": "book_id", "rating": "rating"},
            scale=WHOLE_STARS,
            catalogs={"books.csv": catalogs.books_csv},
        ),
        Format(
            name="movietweetings",
            files=("ratings.dat",),
            columns=_IN_ORDER,
            kinds={**_WHOLE, "item": "key"},  # "0054890" is the film's number at IMDb, zeros included
            separator="::",
            scale=TEN_POINTS,
            catalogs={"movies.dat": partial(catalogs.movies_dat, whole=False)},
        ),
        Format(
            name="triplets",
            files=("train_triplets.txt", "triplets.txt", "kaggle_visible_evaluation_triplets.txt"),
            columns={"user": 0, "item": 1, "rating": 2},
            kinds={"user": "id", "item": "id", "rating": "number"},
            separator="\t",
            catalogs={"unique_tracks.txt": catalogs.unique_tracks},
        ),
        Format(
            name="netflix",
            files=("combined_data_1.txt",),
            columns={"item": 0, "user": 1, "rating": 2, "timestamp": 3},
            optional=frozenset({"timestamp"}),
            scale=WHOLE_STARS,
            catalogs={"movie_titles.csv": catalogs.movie_titles, "movie_titles.txt": catalogs.movie_titles},
        ),
        Format(
            name="lesson",
            files=("rating.csv",),
            columns={"user": "userId", "item": "movieId", "rating": "rating"},
            scale=movielens_stars,
            catalogs={"movie.csv": catalogs.movie_csv},
        ),
    )
}

_TABLE_SUFFIXES = (
    *(".csv", ".tsv", ".tab", ".txt", ".dat", ".inter", ".jsonl", ".ndjson"),
    *(".parquet", ".pq", ".feather", ".arrow"),
)


def rating_file(files: Files) -> Source:
    """Return the file of ratings that a path leads to.

    Raises
    ------
    ValueError
        If none has a known name, and there is neither exactly one table nor Parquet files alone,
        which are read as one table.
    """
    if files.single is not None:
        return files.single
    if (files.path / "_delta_log").is_dir():
        must = "be read as a Delta table, whose log says which of its files are current: "
        call = Call("pass deltalake.DeltaTable(FOLDER) to palate.Ratings.from_frame")
        raise ArgumentError(f"{files.path}", Words(must, call))
    parts = files.parts()
    if parts is not None:
        return parts
    known = dict.fromkeys(name for form in FORMATS.values() for name in form.files)
    found = files.find(*known, "ratings.parquet")
    if found is not None:
        return found
    tables = [
        name
        for name in files.names
        if name.lower().endswith(_TABLE_SUFFIXES) and "readme" not in name.lower()
    ]
    candidates = tables or files.names
    only = files.find(candidates[0]) if len(candidates) == 1 else None
    if only is None and tables and all(map(has_parquet_name, tables)):
        only = files.together(tables)
    if only is None:
        raise ValueError(
            f"{files.path} must hold one table of ratings or a known set such as MovieLens; got "
            f"{files.listing()}. Name the file itself."
        )
    return only


def detect(source: Source, files: Files, encoding: str = "utf-8") -> str:
    """Return the name of a rating file's `Format`, or "table" for any other with column names."""
    if has_types(source):
        return "table"
    if is_netflix(source):
        return "netflix"
    if is_json_lines(source):
        return "table"
    lines = first_lines(source, 20, encoding)
    separator = sniff_separator(source, encoding)
    rows = [line.split(separator) for line in lines]
    if separator == "::" and len(rows[0]) >= 3 and rows[0][0].isdigit():
        return "movietweetings" if _is_movietweetings(rows) else "movielens-dat"
    if separator == "\t" and all(len(row) == 4 and all(cell.isdigit() for cell in row) for row in rows):
        return "movielens-100k"
    if separator == "\t" and all(len(row) == 3 and re.fullmatch(r"\d+(\.\d+)?", row[2]) for row in rows):
        return "triplets"
    header = {cell.strip().strip('"') for cell in rows[0]}
    if separator == "," and {"userId", "movieId", "rating"} <= header:
        return "lesson" if "y" in header else "movielens"
    if separator == "," and {"user_id", "book_id", "rating"} <= header and files.find("books.csv"):
        return "goodbooks"
    return "table"


def _is_movietweetings(rows: list[list[str]]) -> bool:
    """Items there are numbers of seven digits or more, padded with zeros."""
    return all(len(row) == 4 and len(row[1]) >= 7 and row[1].isdigit() for row in rows)
