"""Search of items by title, whatever the case and the accents, the best known first."""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from palate.data.titles import ARTICLES

_ARTICLE = re.compile(rf"({ARTICLES})((?<=')|\s)", re.IGNORECASE)


def folded(text: str) -> str:
    """Return a text as search compares it: no case, no accents, single blanks.

    Examples
    --------
    >>> folded("  Amélie  POULAIN "), folded("STRASSE") == folded("straße")
    ('amelie poulain', True)
    """
    apart = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())


class TitleIndex:
    """The titles of a model's items, folded once.

    Parameters
    ----------
    ids : sequence of str
    titles : sequence of str or None
    years : sequence of int or None
    counts : ndarray of shape (n_items,), int
        How often each item was rated: of titles that fit equally well the best known stand first.

    Examples
    --------
    >>> index = TitleIndex(
    ...     ["1", "2", "3"],
    ...     ["Amélie", "The Matrix", "Matrimony"],
    ...     [2001, 1999, 1983],
    ...     np.array([5, 9, 1]),
    ... )
    >>> (
    ...     index.search("matri", 5).tolist(),
    ...     index.search("amelie 2001", 5).tolist(),
    ...     index.search("3", 5).tolist(),
    ... )
    ([1, 2], [0], [2])
    """

    def __init__(
        self,
        ids: Sequence[str],
        titles: Sequence[str | None],
        years: Sequence[int | None],
        counts: np.ndarray,
    ) -> None:
        self._texts = [folded(title or "") for title in titles]
        self._years = [f" {year}" if year else "" for year in years]
        self._ids = ids
        self._counts = counts

    def search(self, query: str, n: int) -> np.ndarray:
        """Return the positions of the n best hits.

        The id itself comes first, then a whole title, starts of words, and any part of a title.
        """
        wanted = folded(query)
        if not wanted:
            return np.empty(0, np.int64)
        words = wanted.split(" ")
        hits = [
            at
            for at, text in enumerate(self._texts)
            if (wanted in text)
            or (len(words) > 1 and all(word in text or word in self._years[at] for word in words))
        ]
        ranked = sorted((self._grade(at, wanted, words), -int(self._counts[at]), at) for at in hits)
        found = [at for _, _, at in ranked]
        same = [at for at, id_ in enumerate(self._ids) if id_ == query.strip()]
        return np.array([*same, *(at for at in found if at not in same)][:n], np.int64)

    def _grade(self, at: int, wanted: str, words: list[str]) -> int:
        text = self._texts[at]
        article = _ARTICLE.match(text)
        whole = text if article is None else text[article.end() :]
        if wanted in (text, whole, text + self._years[at], whole + self._years[at]):
            return 0
        padded = f" {text}{self._years[at]}"
        return 1 if f" {wanted}" in padded or all(f" {word}" in padded for word in words) else 2
