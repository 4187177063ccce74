"""Ids that differ from others only by blanks at their ends, which are easily overlooked in a file."""

import polars as pl

from palate.data.arguments import warn_caller
from palate.data.vocabulary import Vocabulary


class BlanksWarning(UserWarning):
    """Some ids differ from others only by blanks at their ends, and so count as different ones."""


def warn_of_blanks(ids: Vocabulary, what: str) -> None:
    """Warn if some ids are alike but for blanks at their ends.

    Parameters
    ----------
    ids : Vocabulary
    what : str
        "user" or "item".
    """
    if ids.kind != "str":
        return
    pairs = pl.DataFrame({"id": ids.values, "plain": ids.values.str.strip_chars()})
    if (pairs["id"] == pairs["plain"]).all():
        return
    alike = pairs.filter(pl.col("plain").is_duplicated() & (pl.col("id") != pl.col("plain")))
    if alike.is_empty():
        return
    first, n = alike["id"][0], alike.height
    others = pairs.filter((pl.col("plain") == first.strip()) & (pl.col("id") != first))["id"]
    differ = f"{n:,} {what} id{' differs' if n == 1 else 's differ'}"
    warn_caller(
        f"{differ} from another one only by blanks at the ends, such as {first!r} and {others[0]!r}, and so "
        f"{'counts' if n == 1 else 'count'} as a different {what}. Take the blanks out of the table if the "
        "same one is meant.",
        BlanksWarning,
    )
