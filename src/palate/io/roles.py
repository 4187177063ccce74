"""Which column of a table plays which role: user, item, rating, time, title."""

import re

from palate._checks import ArgumentError, Words
from palate.data.arguments import warn_caller
from palate.data.duplicates import CountedRowsWarning
from palate.data.frames import check_apart, missing_column
from palate.io.catalogs import FIRST_RELEASE
from palate.io.layout import ReadingWarning, TextFile, is_value

# Columns that need not be named, after folding case and dropping blanks, "_", "-" and ".".
USUAL_NAMES = {
    "user": "userid user uid customerid reviewerid visitorid sessionid",
    "item": "itemid item iid movieid filmid bookid productid songid isbn asin parentasin businessid artistid "
    "trackid jokeid animeid recipeid articleid",
    "rating": "rating stars score bookrating overall count plays playcount",
    "timestamp": "timestamp",
    "title": "title name",
    "year": "year",
    "genres": "genres genre",
}
# Columns that may hold the time of a rating, or of something else, as the day a film came out.
MAYBE_TIMES = (
    "time date datetime eventtime ratingdate reviewdate unixreviewtime createdat at ts when updatedat "
    "playedat clickedat viewedat purchasedat orderdate purchasedate"
)
KINDS = {"user": "id", "item": "id", "rating": "number", "timestamp": "time", "weight": "number"}
REQUIRED = ("user", "item", "rating")
_WIDE = 5  # columns of a table that may have one for each item
_LISTED = 20  # columns that a message names
_PLAIN_TIME = r"\d{9,13}(\.\d+)?|\d{4}-\d\d-\d\d.*"
_TIME = _PLAIN_TIME + r"|\d{1,2}[./]\d{1,2}[./]\d{4}.*"  # what needs a format to be read, too
_NUMBER = r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)\s*"


def choose_columns(
    named: dict[str, str | None], found: list[str], table: str, counts: bool = False
) -> dict[str, str | int]:
    """Return the column of each role: the one named, else the first with a usual name.

    `counts` is that of `read_table`.

    Raises
    ------
    ValueError
        If a column is missing or would serve twice, or no column has a usual name.
    """
    columns: dict[str, str | int] = {}
    for role, name in named.items():
        if name is not None and name not in found:
            raise ValueError(missing_column(name, role, found, table))
        chosen = usual_column(role, found) if name is None else name
        if chosen is not None:
            columns[role] = chosen
        elif role in REQUIRED and not (counts and role == "rating"):
            raise ValueError(_no_column(role, found, table))
    check_apart(columns)
    others = [column for column in found if column not in columns.values()]
    if "rating" in named and "rating" not in columns:
        _note_counted_rows(table, others)
    if "timestamp" in named and "timestamp" not in columns:
        _note_maybe_times(table, others)
    return columns


def usual_column(role: str, found: list[str]) -> str | None:
    """Return the column with the most usual name for a role, or None.

    Examples
    --------
    >>> usual_column("item", ["Movie-ID", "userId"])
    'Movie-ID'
    """
    folded = {_folded(column): column for column in reversed(found)}
    return next((folded[name] for name in USUAL_NAMES.get(role, "").split() if name in folded), None)


def join_column(item: str | None, found: list[str], named: bool) -> str | None:
    """Return the column of a catalog that holds the ratings' item ids, or None.

    Parameters
    ----------
    item : str or None
        The ratings' own column of item ids, if it has a name.
    found : list of str
        Columns of the catalog.
    named : bool
        Whether the caller named the catalog: then any usual name for ids of items will do.

    Examples
    --------
    >>> join_column("book_id", ["id", "book_id", "title"], named=False)
    'book_id'
    >>> join_column(
    ...     "book_id", ["id", "book_id", "best_book_id", "work_id"], named=False
    ... )  # goodbooks-10k, first release
    'id'
    >>> (
    ...     join_column("sku", ["product_id", "title"], named=False),
    ...     join_column("sku", ["product_id", "title"], named=True),
    ... )
    (None, 'product_id')
    """
    folded = {_folded(column): column for column in reversed(found)}
    if set(found) >= FIRST_RELEASE and _folded(item or "bookid") == "bookid":
        return "id"  # `book_id` there is the number of one edition at Goodreads
    if item is None:
        return usual_column("item", found)
    same = item if item in found else folded.get(_folded(item)) or folded.get("itemid")
    return same or (usual_column("item", found) if named else None)


def numbered_columns(
    named: dict[str, str | None], file: TextFile, counts: bool = False
) -> dict[str, str | int]:
    """Return the place of each role's column in a file without a header.

    It is the one given, else they are user, item, rating and time in order. A third column of times is
    the time: the ratings are then in the fourth.

    Raises
    ------
    ValueError
        If a number is none of a column, or a column is missing, would serve twice, or holds times
        where ratings belong.
    """
    columns = _given_places(named, file)
    usual = {"user": 0, "item": 1, "rating": _place_of_ratings(named, columns, file, counts)}
    for role, place in usual.items():
        if role not in named or role in columns or place is None:
            continue
        if place in columns.values() or place >= len(file.names):
            got = f"{len(file.names)} columns without names"
            advice = f"Number it with {role}=."
            raise ArgumentError(f"the {role} column of {file.name}", "be known", got, advice)
        columns[role] = place
    if named["timestamp"] is None:
        times = [place for place in (2, 3) if place not in columns.values() and _are_times(file, place)]
        if times:
            columns["timestamp"] = times[0]
    columns = {role: columns[role] for role in named if role in columns}
    check_apart({role: int(place) + 1 for role, place in columns.items()})
    said = ", ".join(f"{role} {int(place) + 1}" for role, place in columns.items())
    if any(named[role] is None for role in columns):
        advice = "Pass other numbers as user=, item=, rating= and timestamp=."
        chosen = f"columns of {file.name} are chosen by their positions: {said}"
        warn_caller(f"{chosen}. {advice}", ReadingWarning)
    return columns


def _given_places(named: dict[str, str | None], file: TextFile) -> dict[str, str | int]:
    """Return the places of the columns that the caller numbered."""
    n = len(file.names)
    columns: dict[str, str | int] = {}
    for role, name in named.items():
        if name is not None:
            if not (str(name).isdigit() and 1 <= int(name) <= n):
                what = f"columns of {file.name}, which is read without a header,"
                raise ArgumentError(what, f"be numbers from 1 to {n}", f"{role}={name!r}")
            columns[role] = int(name) - 1
    return columns


def _place_of_ratings(
    named: dict[str, str | None], columns: dict[str, str | int], file: TextFile, counts: bool
) -> int | None:
    """Return where the ratings usually are, third or behind the times; None where each row counts 1."""
    rating, after, taken = 2, 3, columns.values()
    if named.get("rating", "") is not None or rating in taken or not _are_all(_TIME, file, rating):
        return None if counts and (len(file.names) <= rating or rating in taken) else rating
    if after not in taken and _are_all(_NUMBER, file, after) and not _are_times(file, after):
        return after
    if counts:
        return None
    got = f"times such as {file.sample(rating)[0]!r}"
    advice = Words.of(
        "Number the column of ratings with `rating=`, or pass `no_rating=True` if each row says only who "
        "chose what."
    )
    raise ArgumentError(f"column {rating + 1} of {file.name}", "hold ratings", got, advice)


def _are_times(file: TextFile, place: int) -> bool:
    """Return whether all cells of a column are seconds since 1970 from 1973 on, or dates."""
    return _are_all(_PLAIN_TIME, file, place)


def _are_all(pattern: str, file: TextFile, place: int) -> bool:
    """Return whether a column has cells, and all of them match."""
    cells = file.sample(place)
    return bool(cells) and all(re.fullmatch(pattern, cell) for cell in cells)


def looks_like_row(names: list[str], named: dict[str, str | None]) -> bool:
    """Return whether the names of columns look like a row.

    They do if a number or a date is to be the name of a column, or stands where no usual name is
    found.
    """
    chosen = [name for name in named.values() if name in names]
    counted = [str(number) for number in range(len(names))], [str(number + 1) for number in range(len(names))]
    if any(is_value(str(name)) for name in chosen):
        return names not in counted  # a frame without names is written with numbers from 0
    asked = [role for role in REQUIRED if role in named]
    unknown = [role for role in asked if named[role] is None and usual_column(role, names) is None]
    return len(names) > 1 and bool(unknown) and any(map(is_value, names)) and names not in counted


def _folded(name: str) -> str:
    plain = re.sub(r":(token|float)(_seq)?$", "", name)  # as RecBole types the columns of its files
    return re.sub(r"[\s_.-]", "", plain).lower()


def _no_column(role: str, found: list[str], table: str) -> str:
    listed = ", ".join(map(repr, found[:_LISTED])) + (" ..." if len(found) > _LISTED else "")
    article = "an" if role == "item" else "a"
    wide = len(found) >= _WIDE and all(usual_column(other, found) is None for other in ("item", "rating"))
    if wide and role != "user":
        return (
            f"{table} must have {article} {role} column; got {len(found):,} columns, {listed}, none with a "
            f"usual name. Name it with {role}=, or pass format='wide' if each row is a user and each other "
            "column an item."
        )
    events = " If each row is a play, a click or a purchase, pass no_rating=True." if role == "rating" else ""
    return (
        f"{table} must have {article} {role} column; got the columns {listed}, none with a usual name. "
        f"Name it with {role}=.{events}"
    )


def _note_counted_rows(table: str, others: list[str]) -> None:
    """Say that each row counts 1, and which columns might have held counts."""
    listed = ", ".join(map(repr, others))
    advice = f" If the counts are in a column ({listed}), name it with rating=." if others else ""
    warn_caller(f"{table} has no rating column: each row counts 1.{advice}", CountedRowsWarning)


def _note_maybe_times(table: str, others: list[str]) -> None:
    """Name a column that may hold the times of ratings, and is not read."""
    column = next((column for column in others if _folded(column) in MAYBE_TIMES.split()), None)
    if column is not None:
        advice = f"If column {column!r} holds the time of each rating, name it with timestamp="
        warn_caller(f"{table} is read without times. {advice}.", ReadingWarning)


def check_no_rating(rating: object, missing: object = ()) -> None:
    """Raise ArgumentError where something is said of a column of ratings that is not to be read."""
    for argument, value in (("rating", rating), ("missing", missing)):
        if value is not None and value != () and value != []:
            must = Words.of("be left out with `no_rating=True`, which reads no ratings")
            raise ArgumentError(argument, must, f"{value!r}")
