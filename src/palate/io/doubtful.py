"""Ids that another program may have spoilt: marks for a missing one, and numbers that were shortened."""

import numpy as np
import polars as pl

from palate._words import one_or_more
from palate.data.arguments import warn_caller
from palate.data.ids import CodedIds
from palate.io.layout import ReadingWarning

MARKS = ("NULL", "null", "(null)", "None", "NaN", "nan", "<NA>", "N/A", "#N/A", "\\N", "undefined")
_SHORTENED = r"^\d(?:[.,]\d+)?E\+\d+$"  # as spreadsheets show long numbers


def warn_of_doubtful(ids: object, role: str, table: str) -> None:
    """Warn of ids that are hardly meant as such.

    Parameters
    ----------
    ids : CodedIds or ndarray
        A column as it was read; whole numbers are never doubtful.
    role : {"user", "item"}
    table : str
        What to call the file.
    """
    if not isinstance(ids, CodedIds) or ids.values.dtype != pl.String:
        return
    found = np.flatnonzero(ids.values.is_in(list(MARKS)).to_numpy())
    if len(found):
        rows = one_or_more(int(np.isin(ids.codes, found).sum()), "row", "has", "have")
        warn_caller(
            f"{rows} the {role} id {ids.values[int(found[0])]!r}"
            + (" or another one" if len(found) > 1 else "")
            + f" in {table}, which usually stands for a missing value. It is read as an id; if it does "
            "stand for a missing value, remove these rows from the table.",
            ReadingWarning,
        )
    short = ids.values.filter(ids.values.str.contains(_SHORTENED))
    if len(short):
        warn_caller(
            f"{role} ids of {table} such as {short[0]!r} look like long numbers that a spreadsheet has "
            "shortened, so that different ids became one. Save the column as text there, and export again.",
            ReadingWarning,
        )
