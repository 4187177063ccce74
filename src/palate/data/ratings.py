"""The table of ratings that everything starts from."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data import columns as names
from palate.data.blanks import warn_of_blanks
from palate.data.checks import scale_bounds
from palate.data.duplicates import check_policy
from palate.data.encoding import check_sums, encode, matrix_ids, sort
from palate.data.frames import check_apart, from_polars, opened, require_columns, to_polars
from palate.data.ids import WhereRow, row_label
from palate.data.libraries import frame_kind
from palate.data.marks import warn_of_marks
from palate.data.series import check_same_index
from palate.data.time_units import in_seconds
from palate.data.vocabulary import Vocabulary

_COLUMNS = ("user_index", "item_index", "value", "timestamp", "weight")


@dataclass(frozen=True, eq=False, repr=False)
class Ratings:
    """A table of ratings with one row per pair of user and item, sorted by user and item.

    It is immutable, and returned by `from_frame`, `from_arrays`, `from_scipy` and `palate.read`.
    Ids are in the vocabularies, and rows contain positions in them. The order of input rows does
    not matter, unless a pair is rated twice (see `from_frame`).

    Parameters
    ----------
    users, items : Vocabulary
    user_index, item_index : ndarray of shape (n_ratings,), int32
    value : ndarray of shape (n_ratings,), float32
    timestamp : ndarray of shape (n_ratings,), int64, or None
        Seconds since 1970. Smaller numbers, below seconds of 1973, are in an unknown unit and
        unchanged.
    weight : ndarray of shape (n_ratings,), float32, or None
        How much each rating counts; None is 1 for all.
    scale : (float, float)
        Lowest and highest possible rating: the declared or otherwise the observed ones.
    declared : bool
        Whether the scale was declared.
    frame_kind : {"polars", "pandas", "pyarrow"}
        Data-frame library of results.
    n_duplicates : int
        Rows that were merged into another row of the same pair.
    events : bool
        Whether the table had no ratings: each row counted 1, and a value is the number of a pair's rows.

    Examples
    --------
    >>> ratings = Ratings.from_arrays(["bo", "al", "al"], [7, 7, 9], [4.0, 5.0, 1.0], scale=(1, 5))
    >>> ratings
    Ratings(3 ratings of 2 items by 2 users, scale 1 to 5)
    >>> ratings.to_frame().rows()
    [('al', 7, 5.0), ('al', 9, 1.0), ('bo', 7, 4.0)]
    """

    users: Vocabulary
    items: Vocabulary
    user_index: np.ndarray
    item_index: np.ndarray
    value: np.ndarray
    timestamp: np.ndarray | None = None
    weight: np.ndarray | None = None
    scale: tuple[float, float] = (0.0, 0.0)
    declared: bool = False
    frame_kind: str = "polars"
    n_duplicates: int = 0
    events: bool = False

    @classmethod
    def from_frame(
        cls,
        frame: object,
        user: str = names.USER_ID,
        item: str = names.ITEM_ID,
        rating: str | None = names.RATING,
        timestamp: str | None = None,
        weight: str | None = None,
        scale: tuple[float, float] | None = None,
        duplicates: str | None = None,
    ) -> "Ratings":
        """Return the ratings of a table.

        The table is a frame of Polars (also lazy), pandas, PyArrow or another library that Narwhals
        supports, a DuckDB relation, or a Delta table.

        Parameters
        ----------
        frame : data frame with one row per rating, or an Arrow dataset, scanner, reader or stream of them
        user, item, rating : str
            Names of the columns. `rating=None` is for events such as plays or purchases, each of
            which counts 1.
        timestamp : str, optional
            Column of times: dates, datetimes or numbers. Numbers are seconds since 1970.
            Milliseconds, microseconds, nanoseconds, and dates such as 20050201 or 2005 become
            seconds with a `TimeUnitWarning`; smaller numbers are in an unknown unit.
        weight : str, optional
            Column of positive observation weights.
        scale : (float, float), optional
            Lowest and highest possible rating; a rating outside is an error. Default: the observed
            range.
        duplicates : {"last", "mean", "sum", "error"}, optional
            What to do with a pair that is rated more than once. "last" keeps the latest by
            timestamp (of several at the same time the highest), or without timestamps the last row,
            which is the only case where the order of rows matters. "mean" averages. "sum" adds
            counts; the weight of the pair is then the mean weight of its rows, and its time the
            latest. All three raise a `DuplicateRatingsWarning` with the number of merged rows.
            Default: "last", and "sum" with `rating=None`.

        Raises
        ------
        ValueError
            If a column is missing, a table is empty, an id is null, a rating is not finite or
            outside the declared scale, or a pair is repeated under "error".
        TypeError
            If ids are floats, booleans or bytes, or ratings are not numbers.

        Examples
        --------
        >>> frame = pl.DataFrame({"who": [1, 1, 2], "film": ["a", "b", "a"], "stars": [3, 4, 5]})
        >>> Ratings.from_frame(frame, user="who", item="film", rating="stars").mean()
        4.0
        """
        wanted = {"user": user, "item": item, "rating": rating, "timestamp": timestamp, "weight": weight}
        asked = {argument: name for argument, name in wanted.items() if name is not None}
        frame = opened(frame)
        require_columns(frame, asked)
        check_apart(asked)
        table = to_polars(frame, list(asked.values()))
        column = {argument: table[str(name)] for argument, name in asked.items()}
        labels = {argument: f"column {name!r}" for argument, name in asked.items()}
        return build(column, labels, scale=scale, duplicates=duplicates, kind=frame_kind(frame))

    @classmethod
    def from_arrays(
        cls,
        users: object,
        items: object,
        values: object,
        *,
        timestamp: object = None,
        weight: object = None,
        scale: tuple[float, float] | None = None,
        duplicates: str | None = None,
    ) -> "Ratings":
        """Return the ratings of parallel arrays or lists: user ids, item ids, values.

        Parameters
        ----------
        users, items : array-like of shape (n_ratings,)
            Ids of the users and of the items.
        values : array-like of shape (n_ratings,), or None
            The ratings. If None, each row counts 1.
        timestamp, weight : array-like of shape (n_ratings,), optional
            When each rating was given, and how much it counts (a positive number).

        Notes
        -----
        The other parameters and the errors are those of `from_frame`.
        """
        given = {"user": users, "item": items, "rating": values, "timestamp": timestamp, "weight": weight}
        column = {argument: array for argument, array in given.items() if array is not None}
        check_same_index(column)
        called = {"user": "users", "item": "items", "rating": "values"}
        labels = {argument: called.get(argument, argument) for argument in column}
        return build(column, labels, scale=scale, duplicates=duplicates)

    @classmethod
    def from_scipy(
        cls,
        matrix: object,
        *,
        user_ids: object = None,
        item_ids: object = None,
        scale: tuple[float, float] | None = None,
        duplicates: str | None = None,
    ) -> "Ratings":
        """Return the ratings of a SciPy sparse matrix or array of shape (n_users, n_items).

        Every stored entry is a rating.

        Parameters
        ----------
        matrix : scipy.sparse matrix or array in any format
            A stored zero is a rating of 0; a COO matrix may repeat pairs, which `duplicates` decides.
        user_ids, item_ids : array-like, optional
            Ids of the rows and the columns; default their numbers from 0. Rows and columns without
            entries take no part.
        scale, duplicates
            As in `from_frame`.

        Raises
        ------
        ValueError
            If there are not as many ids as rows or columns, or one is repeated.
        """
        if not (hasattr(matrix, "tocoo") and len(getattr(matrix, "shape", ())) == 2):
            must = "be a SciPy sparse matrix of two dimensions"
            raise ArgumentTypeError("matrix", must, f"{type(matrix).__name__}")
        entries = matrix.tocoo()
        users = matrix_ids(entries.row, user_ids, entries.shape[0], "user_ids", "rows")
        items = matrix_ids(entries.col, item_ids, entries.shape[1], "item_ids", "columns")
        return cls.from_arrays(users, items, entries.data, scale=scale, duplicates=duplicates)

    @property
    def n_users(self) -> int:
        """Number of users in the vocabulary."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items in the vocabulary."""
        return len(self.items)

    @property
    def n_ratings(self) -> int:
        """Number of ratings."""
        return len(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        scale = f"{'scale' if self.declared else 'observed'} {self.scale[0]:g} to {self.scale[1]:g}"
        return (
            f"Ratings({self.n_ratings:,} ratings of {self.n_items:,} items by {self.n_users:,} users, "
            f"{scale})"
        )

    @cached_property
    def user_indptr(self) -> np.ndarray:
        """Where each user's ratings start, shape (n_users + 1,), int64.

        The rows are already compressed sparse rows.
        """
        from palate.kernels.chunks import row_counts

        starts = np.zeros(self.n_users + 1, dtype=np.int64)
        row_counts(self.user_index, starts[1:])
        return np.cumsum(starts, out=starts)

    def mean(self) -> float:
        """Return the mean rating, weighted if there are weights; NaN without ratings."""
        if not len(self):
            return float("nan")
        if self.weight is None:
            return float(self.value.mean(dtype=np.float64))
        return float(np.average(self.value.astype(np.float64), weights=self.weight))

    def select(self, rows: object) -> "Ratings":
        """Return some of the ratings with the same vocabularies and scale, in the same order.

        Parameters
        ----------
        rows : ndarray of shape (n_ratings,), bool, or of positions
            A position may not be repeated.
        """
        rows = np.asarray(rows)
        if rows.dtype == bool:
            if len(rows) != len(self):
                must = f"have one entry per rating ({len(self)})"
                raise ArgumentError("a mask of ratings", must, f"{len(rows)}")
            rows = np.flatnonzero(rows)
        elif len(rows):
            rows = np.sort(rows.astype(np.int64, casting="same_kind"))
            if rows[0] < 0 or rows[-1] >= len(self) or (rows[1:] == rows[:-1]).any():
                raise ValueError(f"positions of ratings must be distinct numbers from 0 to {len(self) - 1}.")
        rows = rows.astype(np.int64)
        columns = {name: getattr(self, name) for name in _COLUMNS}
        part: dict[str, Any] = {name: None if one is None else one[rows] for name, one in columns.items()}
        return replace(self, **part, n_duplicates=0)

    def to_frame(self, kind: str | None = None) -> Any:
        """Return the ratings as a frame.

        The columns are `user_id`, `item_id`, `rating`, and `timestamp` and `weight` where there are
        any.

        Parameters
        ----------
        kind : {"polars", "pandas", "pyarrow"}, optional
            Default: the kind of frame that the ratings came from.
        """
        frame = pl.DataFrame(
            [
                self.users.take(self.user_index).alias(names.USER_ID),
                self.items.take(self.item_index).alias(names.ITEM_ID),
                pl.Series(names.RATING, self.value),
                *([] if self.timestamp is None else [pl.Series(names.TIMESTAMP, self.timestamp)]),
                *([] if self.weight is None else [pl.Series(names.WEIGHT, self.weight)]),
            ]
        )
        return from_polars(frame, kind or self.frame_kind)


class RatingsByUser(Ratings):
    """Ratings whose `user_index` is made from `user_indptr` when it is first asked for.

    Training does not ask for it, and is spared an array as long as the ratings.
    """

    @classmethod
    def of(cls, user_indptr: np.ndarray, **fields: Any) -> "RatingsByUser":
        """Return the ratings of these fields, in the order of users, without their `user_index`."""
        ratings = cls(user_index=np.empty(0, np.int32), **fields)
        vars(ratings).pop("user_index")
        vars(ratings)["user_indptr"] = user_indptr
        return ratings

    @cached_property
    def user_index(self) -> np.ndarray:
        """The user of each rating, int32."""
        return np.repeat(np.arange(self.n_users, dtype=np.int32), np.diff(self.user_indptr))


def build(
    column: dict[str, Any],
    labels: dict[str, str],
    *,
    scale: tuple[float, float] | None = None,
    duplicates: str | None = None,
    kind: str = "polars",
    where: WhereRow = row_label,
) -> Ratings:
    """Return ratings from raw columns; the one way in that all constructors and readers take.

    Parameters
    ----------
    column : dict
        "user", "item" and perhaps "rating", "timestamp" and "weight" to columns, arrays or lists.
        Each is taken out of the dict when it is used, so that a column that nobody else holds is
        freed. Without "rating" each row counts 1.
    labels : dict
        What to call each of them in messages.
    scale, duplicates
        As in `Ratings.from_frame`.
    kind : str
        Kind of frame to answer in.
    where : callable
        Turns a row number into words for messages.
    """
    events = "rating" not in column
    policy = check_policy(duplicates, counted=events)
    bounds = None if scale is None else scale_bounds(scale)
    users, items, raw, unit = encode(column, labels, bounds, where)
    warn_of_blanks(users, "user")
    warn_of_blanks(items, "item")
    table, n_duplicates = sort(raw, users, items, policy, where)
    if policy == "sum" and n_duplicates:
        check_sums(table.value, bounds)
    if bounds is None:
        warn_of_marks(table.value)
    return Ratings(
        users,
        items,
        table.user,
        table.item,
        table.value,
        None if table.timestamp is None else in_seconds(table.timestamp, unit),
        table.weight,
        scale=bounds or (float(table.value.min()), float(table.value.max())),
        declared=bounds is not None,
        frame_kind=kind,
        n_duplicates=n_duplicates,
        events=events,
    )
