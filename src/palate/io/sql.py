"""Ratings from a query: DuckDB runs it, on a database of its own or on files that the query names."""

from pathlib import Path
from typing import Any

from palate._checks import ArgumentError
from palate._requiring import require
from palate.data.dataset import Dataset
from palate.data.duplicates import check_policy
from palate.data.ratings import Ratings
from palate.io.roles import check_no_rating, choose_columns

_COLUMNS = ("user", "item", "rating", "timestamp", "weight")


def read_sql(
    query: str,
    database: Path | None = None,
    *,
    counts: bool = False,
    no_rating: bool = False,
    scale: tuple[float, float] | None = None,
    duplicates: str | None = None,
    **named: str | None,
) -> Dataset:
    """Return the ratings that a query yields.

    Parameters
    ----------
    query : str
        One SELECT; what it yields may have any of the usual names, as in `palate.read`.
    database : Path, optional
        A DuckDB file, which is opened for reading alone. Without one the query names its files:
        `SELECT * FROM 'ratings.parquet'`.
    counts, no_rating, scale, duplicates
        As in `palate.read`.
    **named : str
        Names of the columns: user, item, rating, timestamp, weight.

    Raises
    ------
    ImportError
        If DuckDB is not installed.
    FileNotFoundError
        If there is no such database.
    ValueError
        If the query does not run or yields no table, or a column is missing.

    Examples
    --------
    >>> read_sql("SELECT 'al' AS user_id, 7 AS item_id, 4.5 AS rating").ratings
    Ratings(1 ratings of 1 items by 1 users, observed 4.5 to 4.5)
    """
    duckdb = require("duckdb", "DuckDB", "sql", "reading by SQL")
    if database is not None and not database.is_file():
        raise FileNotFoundError(f"{database} must be a DuckDB database; there is no file of that name.")
    try:
        opened = duckdb.connect(str(database or ":memory:"), read_only=database is not None)
    except duckdb.Error as error:
        must = "be a DuckDB database"
        raise ArgumentError("db", must, f"'{database}', for which DuckDB says: {_said(error)}") from None
    try:
        with opened as connection:
            statements = connection.extract_statements(query)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise ArgumentError("sql", "be one query that yields rows, SELECT ...", f"{query!r}")
            if no_rating:
                check_no_rating(named.pop("rating", None))
            roles = {role: named.get(role) for role in _COLUMNS if not (no_rating and role == "rating")}
            found = connection.sql(query)
            columns = choose_columns(roles, list(found.columns), "the query", counts or no_rating)
            chosen: dict[str, Any] = {role: columns.get(role) for role in _COLUMNS}
            policy = check_policy(duplicates, counted=counts or no_rating)
            ratings = Ratings.from_frame(found, **chosen, scale=scale, duplicates=policy)
            return Dataset(name=database.stem if database else "query", ratings=ratings)
    except duckdb.Error as error:
        must = "be a query that DuckDB can run"
        raise ArgumentError("sql", must, f"{query!r}, for which DuckDB says: {_said(error)}") from None


def _said(error: Exception) -> str:
    return " ".join(str(error).split()).removesuffix(".")
