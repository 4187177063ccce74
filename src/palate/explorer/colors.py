"""The colours of items on the map, by what the catalog says of them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from palate._checks import check_choice

COLORS = ("year", "mean rating", "ratings", "genre")
_COLUMNS = {"year": "year", "mean rating": "mean_rating", "ratings": "n_ratings", "genre": "genres"}
PALETTE = ("#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#D55E00", "#CC79A7")  # Okabe and Ito
UNKNOWN = "#8C8C8C"


@dataclass(frozen=True, eq=False)
class Group:
    """Items of one colour: their name in the legend, the colour, and their row numbers."""

    name: str
    color: str
    items: np.ndarray


def groups(table: pl.DataFrame, by: str) -> list[Group]:
    """Return the items of a catalog's table by colour.

    Numbers make seven groups of about equal size; genres go by the first one named.

    Parameters
    ----------
    table : polars.DataFrame
        A row for each item.
    by : {"year", "mean rating", "ratings", "genre"}
    """
    check_choice("color", by, COLORS)
    column = _COLUMNS[by]
    if column not in table.columns:
        return [Group(f"no {by} known", UNKNOWN, np.arange(len(table)))]
    if by == "genre":
        return _by_genre(table[column].to_list())
    return _by_number(table[column].to_numpy().astype(float), by)


def known_colors(table: pl.DataFrame) -> list[str]:
    """Return by what the items of a table can be coloured.

    Examples
    --------
    >>> known_colors(pl.DataFrame({"n_ratings": [1], "genres": ["Drama"]}))
    ['ratings', 'genre']
    """
    return [name for name in COLORS if _COLUMNS[name] in table.columns]


def _by_number(values: np.ndarray, by: str) -> list[Group]:
    known = np.isfinite(values)
    found = [] if known.all() else [Group("unknown", UNKNOWN, np.flatnonzero(~known))]
    if not known.any():
        return found
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, len(PALETTE) + 1), method="lower"))
    bins = np.searchsorted(edges[1:-1], values, side="right")
    for number in range(max(1, len(edges) - 1)):
        inside = known & (bins == number)
        if inside.any():
            low, high = values[inside].min(), values[inside].max()
            found.append(Group(_range(low, high, by), PALETTE[number], np.flatnonzero(inside)))
    return found


def _range(low: float, high: float, by: str) -> str:
    first, last = (f"{value:.1f}" if by == "mean rating" else f"{value:.0f}" for value in (low, high))
    return first if first == last else f"{first} to {last}"


def _by_genre(texts: list[str | None]) -> list[Group]:
    first = [text.split("|")[0] if text else None for text in texts]
    names, counts = np.unique([name for name in first if name], return_counts=True)
    common = [str(name) for name in names[np.lexsort((names, -counts))]][: len(PALETTE)]
    found = [
        Group(name, PALETTE[place], np.array([at for at, one in enumerate(first) if one == name]))
        for place, name in enumerate(common)
    ]
    rest = np.array([at for at, one in enumerate(first) if one not in common], dtype=np.int64)
    return [Group("other genres", UNKNOWN, rest), *found] if len(rest) else found
