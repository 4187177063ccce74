"""Film titles as MovieLens writes them: "Naked Gun, The (1988)"."""

import re
from collections.abc import Iterable

import polars as pl

from palate.data import columns as names

# Articles that MovieLens moves behind the title. English first, then French, Italian, Spanish,
# Portuguese, German, Scandinavian and Dutch; "L'" is joined without a space.
ARTICLES = (
    r"The|A|An|Da|Le|La|Les|L'|Un|Une|Des|Il|Lo|I|Gli|Uno|Una|El|Los|Las|O|Os|As|Um|Uma"
    r"|Der|Die|Das|Den|Ein|Eine|Det|De|En|Et|Ett|Het|Een"
)
_ARTICLE = re.compile(rf"^(\s*(?:a\.k\.a\.\s+)?)(.*\S),\s+({ARTICLES})(\s*)$", re.DOTALL)
_YEAR = re.compile(r"\s*\((\d{4})(?:\s*[-\u2013]\s*(?:\d{4})?\s*)?\)\s*$")  # (1988), (2006-2007) or (2007-)


def split_title(text: str, turn: bool = True) -> tuple[str, int | None]:
    """Return the title as one says it, and the year.

    Parameters
    ----------
    text : str
        A title with its article behind and its year in parentheses, both of which may be missing.
    turn : bool, default True
        Whether to put articles in front.

    Returns
    -------
    title : str
        Articles in front, in the original title in parentheses too; blanks at the ends removed.
    year : int or None
        The first year of "(2006-2007)".

    Examples
    --------
    >>> split_title("Naked Gun, The (1988)")
    ('The Naked Gun', 1988)
    >>> split_title("City of Lost Children, The (Cité des enfants perdus, La) (1995) ")
    ('The City of Lost Children (La Cité des enfants perdus)', 1995)
    >>> split_title("Monsters, Inc. (2001)"), split_title("Babylon 5")
    (('Monsters, Inc.', 2001), ('Babylon 5', None))
    """
    found = _YEAR.search(text)
    body = text[: found.start()] if found and found.start() else text
    year = int(found[1]) if found and found.start() else None
    return turn_round(body) if turn else body.strip(), year


def turn_round(title: str) -> str:
    """Return a title with its articles in front: "Lion King, The" becomes "The Lion King"."""
    return re.sub(r"[^()]+", _turn, title).strip()


def title_columns(raw: pl.Series, ids: pl.Series, turn: bool = True) -> list[pl.Series]:
    """Return the columns `title`, `year` and `key` of titles as MovieLens writes them.

    Parameters
    ----------
    raw : polars.Series, String
        Nulls stay null in all three.
    ids : polars.Series
        Ids of the same rows, for the keys of titles that two films share.
    turn : bool, default True
        Whether articles stand behind the titles.

    Returns
    -------
    list of polars.Series
    """
    pairs = [(None, None) if text is None else split_title(text, turn) for text in raw]
    keys = unique_keys(raw, ids.to_list())
    title = pl.Series(names.TITLE, [title for title, _ in pairs], dtype=pl.String)
    year = pl.Series(names.YEAR, [year for _, year in pairs], dtype=pl.Int32)
    return [title, year, pl.Series(names.KEY, keys, dtype=pl.String)]


def unique_keys(raw: Iterable[str | None], ids: Iterable[object]) -> list[str | None]:
    """Return one key per film: the title as written, followed by the id in brackets from its second film on.

    Examples
    --------
    >>> unique_keys(["Emma (1996)", "Emma (1996)", None], [838, 26958, 7])
    ['Emma (1996)', 'Emma (1996) [26958]', None]
    """
    texts = [None if text is None else text.strip() for text in raw]
    taken = set()
    keys: list[str | None] = []
    for text, id_ in zip(texts, ids, strict=True):
        key = text
        while key is not None and key in taken:
            key = f"{key} [{id_}]"
        taken.add(key)
        keys.append(key)
    return keys


def _turn(run: re.Match[str]) -> str:
    """Turn one run of text without parentheses, keeping the blanks around it."""
    found = _ARTICLE.match(run[0])
    if found is None:
        return run[0]
    before, title, article, after = found.groups()
    return f"{before}{article}{'' if article.endswith(chr(39)) else ' '}{title}{after}"
