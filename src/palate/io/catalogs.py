"""The catalogs that lie beside rating files of known formats."""

import polars as pl

from palate._checks import ArgumentError
from palate.data.catalog import Catalog
from palate.data.ids import WhereRow, refuse_first, row_label
from palate.data.titles import title_columns
from palate.io.parts import whole_numbers
from palate.io.sources import Source
from palate.io.text import text_columns

_OF_100K = "item_id", "title", "released", "on video", "address"
_GENRES_100K = (
    "unknown|Action|Adventure|Animation|Children's|Comedy|Crime|Documentary|Drama|Fantasy|Film-Noir|Horror|"
    "Musical|Mystery|Romance|Sci-Fi|Thriller|War|Western"
)
FIRST_RELEASE = {"id", "best_book_id", "work_id"}
_BOOK_COLUMNS = {
    "title": "title",
    "original_publication_year": "year",
    "authors": "authors",
    "language_code": "language_code",
}


def movies_csv(source: Source) -> Catalog | None:
    """MovieLens `movies.csv` (movieId, title, genres)."""
    columns = text_columns(source)
    table = columns.column
    if not {"movieId", "title", "genres"} <= set(table):
        return None  # of another make
    ids, origin = whole_numbers(table["movieId"]), f"by movieId from {source.name}"
    return films(ids, table["title"], table["genres"], origin, where=columns.where)


def movies_dat(source: Source, whole: bool = True) -> Catalog:
    """MovieLens `movies.dat` (`1::Toy Story (1995)::Animation|Comedy`), in UTF-8 or Latin-1.

    Its ids are whole numbers; as texts (`whole=False`) those of MovieTweetings keep their leading zeros.
    """
    table, lines = _fields(source, "::", "item_id", "title", "genres")
    return films(
        _whole(table["item_id"], source.name) if whole else table["item_id"],
        table["title"],
        table["genres"].replace("", None),
        f"by field 1 from {source.name}",
        turn=whole,
        where=lambda row: f"line {lines[row]} of {source.name}",
    )


def u_item(source: Source) -> Catalog:
    """MovieLens-100K `u.item`: id, title, dates, address, and a flag for each of 19 genres."""
    flags = _GENRES_100K.split("|")
    table, _ = _fields(source, "|", *_OF_100K, *flags)
    flagged = [pl.when(pl.col(genre) == "1").then(pl.lit(genre)) for genre in flags]
    genres = table.select(pl.concat_str(flagged, separator="|", ignore_nulls=True)).to_series()
    ids, origin = _whole(table["item_id"], source.name), f"by field 1 from {source.name}"
    return films(ids, table["title"], genres, origin)


def books_csv(source: Source) -> Catalog | None:
    """goodbooks-10k `books.csv`: title, year, authors, language.

    The ratings' `book_id` is the catalog's, but not in the first release, which is known by two
    further columns: there it is `id`, and `book_id` is the number of one edition at Goodreads.
    """
    columns = text_columns(source)
    table = columns.column
    if "title" not in table or "book_id" not in table:
        return None  # of another make
    item = "id" if set(table) >= FIRST_RELEASE else "book_id"
    present = {column: name for column, name in _BOOK_COLUMNS.items() if column in table}
    ids = whole_numbers(table[item]).alias(item)
    frame = pl.DataFrame([ids, *(table[column].alias(name) for column, name in present.items())])
    return Catalog.from_frame(frame, item, where=columns.where, origin=f"by {item} from {source.name}")


def movie_csv(source: Source) -> Catalog | None:
    """The lesson's `movie.csv`, after an index without name.

    Columns: movieId, title, genres, key, year, n_ratings, mean_rating.
    """
    table = text_columns(source).frame()
    if not {"movieId", "title"} <= set(table.columns):
        return None  # of another make
    numbers: dict[str, type[pl.DataType]] = {"n_ratings": pl.Int64, "mean_rating": pl.Float64}
    table = table.cast({name: dtype for name, dtype in numbers.items() if name in table.columns})
    table = table.with_columns(_whole(table["movieId"], source.name))
    return Catalog.from_frame(table, "movieId", origin=f"by movieId from {source.name}")


def unique_tracks(source: Source) -> Catalog:
    """Million Song Dataset `unique_tracks.txt`: track, song, artist, title.

    The first track of a song counts.
    """
    table, _ = _fields(source, "<SEP>", "track", "item_id", "artist", "title")
    songs = table.select("item_id", "title", "artist").unique("item_id", keep="first", maintain_order=True)
    return Catalog.from_frame(songs, origin=f"by field 2 from {source.name}")


def movie_titles(source: Source) -> Catalog:
    """Netflix' `movie_titles.csv`: number, year or NULL, and a title that may hold commas, in Latin-1."""
    rows = [line.split(",", 2) for line in source.read().decode("latin-1").splitlines() if line.strip()]
    ids = _whole(pl.Series([row[0] for row in rows], dtype=pl.String), source.name)
    years = pl.Series([row[1] if row[1] != "NULL" else None for row in rows], dtype=pl.String)
    table = pl.DataFrame({"item_id": ids, "title": [row[2] for row in rows], "year": years})
    return Catalog.from_frame(table, origin=f"by field 1 from {source.name}")


def films(
    ids: pl.Series,
    titles: pl.Series,
    genres: pl.Series,
    origin: str,
    turn: bool = True,
    where: WhereRow = row_label,
) -> Catalog:
    """Return the catalog of films whose titles end with the year, and the article unless `turn` is False."""
    table = pl.DataFrame([ids.alias("item_id"), *title_columns(titles, ids, turn), genres.alias("genres")])
    return Catalog.from_frame(table, where=where, origin=origin)


def _fields(source: Source, separator: str, *names: str) -> tuple[pl.DataFrame, list[int]]:
    """Return the lines of a catalog that is no CSV as texts under these names, and their numbers.

    The text is UTF-8 if it can be, else Latin-1.
    """
    data = source.read()
    try:
        lines = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        lines = data.decode("latin-1")
    rows, numbers = [], []
    for number, line in enumerate(lines.replace("\r\n", "\n").split("\n"), 1):
        if line.strip():
            row = line.split(separator)
            if len(row) != len(names):
                must = f"have {len(names)} fields separated by {separator!r}"
                raise ArgumentError(source.name, must, f"{len(row)} at line {number}: {line[:80]!r}")
            rows.append(row)
            numbers.append(number)
    return pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row"), numbers


def _whole(ids: pl.Series, name: str) -> pl.Series:
    """Return text ids as integers, which this format promises."""
    numbers = ids.cast(pl.Int64, strict=False)
    refuse_first(numbers.is_null(), ids, f"ids of {name}", "be whole numbers")
    return numbers
