"""Ids that differ from others only by blanks at their ends, which are easily overlooked in a file."""

from collections import Counter

import polars as pl

from palate.data.arguments import warn_caller
from palate.data.forks import threads_lost
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
    if ids.kind != "str" or not (blank := _with_blanks(ids.values)):
        return
    plain = [text.strip() for text in blank]
    known, times = ids.indices(pl.Series(plain, dtype=pl.String)) >= 0, Counter(plain)
    alike = [at for at, text in enumerate(plain) if known[at] or times[text] > 1]
    if not alike:
        return
    first, n = alike[0], len(alike)
    other = plain[first] if known[first] else blank[plain.index(plain[first], first + 1)]
    differ = f"{n:,} {what} id{' differs' if n == 1 else 's differ'}"
    warn_caller(
        f"{differ} from another one only by blanks at the ends, such as {blank[first]!r} and {other!r}, and "
        f"so {'counts' if n == 1 else 'count'} as a different {what}. Take the blanks out of the table if "
        "the same one is meant.",
        BlanksWarning,
    )


def _with_blanks(texts: pl.Series) -> list[str]:
    """Return the texts with blanks at their ends."""
    if threads_lost():
        return [text for text in texts.to_list() if text != text.strip()]
    found: list[str] = texts.filter(texts != texts.str.strip_chars()).to_list()
    return found
