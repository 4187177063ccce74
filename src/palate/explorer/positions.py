"""Where items lie in two dimensions: the two directions in which their vectors differ most."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from palate._checks import ArgumentError, check_choice

COLORS = ("year", "mean rating", "ratings", "genre")
PALETTE = ("#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#D55E00", "#CC79A7")  # Okabe and Ito
UNKNOWN = "#8C8C8C"


@dataclass(frozen=True, eq=False)
class Positions:
    """Positions of items, and what brings a vector there.

    Parameters
    ----------
    points : ndarray of shape (n_items, 2), float32
    center : ndarray of shape (n_factors,), float64
    axes : ndarray of shape (n_factors, 2), float64
    share : float
        Share of the variance of the vectors that the two directions hold.
    """

    points: np.ndarray
    center: np.ndarray
    axes: np.ndarray
    share: float

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Return where vectors of the same kind lie, shape (n, 2)."""
        return ((np.atleast_2d(vectors) - self.center) @ self.axes).astype(np.float32)


def item_vectors(model: Any) -> np.ndarray | None:
    """Return the vectors of a model's items, shape (n_items, n_factors), or None where it has none.

    Of a model of two heads those of the choice head if it has any, else those of the star head; of
    several draws the first one's: a mean over draws would mix rotated axes.
    """
    for part in (getattr(model, "choice", None), getattr(model, "stars", None), model):
        found = getattr(part, "item_factors", None)
        if found is not None and found.shape[2] >= 1 and found.shape[1] == len(model.items):
            return np.asarray(found[0], np.float64)
    return None


def positions(vectors: np.ndarray) -> Positions:
    """Return the positions of vectors along their two principal axes, which point to where more
    vectors are positive.

    Examples
    --------
    >>> found = positions(np.array([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))
    >>> found.points.round(3).tolist(), found.share
    ([[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]], 1.0)
    """
    vectors = np.asarray(vectors, np.float64)
    if not np.isfinite(vectors).all():
        raise ArgumentError("vectors", "be finite numbers", "others among them")
    center = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1])
    apart = vectors - center
    values, axes = np.linalg.eigh(apart.T @ apart)
    axes = axes[:, ::-1][:, :2]
    if axes.shape[1] < 2:
        axes = np.hstack([axes, np.zeros((len(axes), 2 - axes.shape[1]))])
    strongest = np.abs(axes).argmax(axis=0)
    axes = axes * np.where(axes[strongest, range(2)] < 0, -1.0, 1.0)  # a sign that no library chooses
    total = float(np.maximum(values, 0).sum())
    share = 0.0 if total <= 0 else float(np.maximum(values[::-1][:2], 0).sum() / total)
    return Positions((apart @ axes).astype(np.float32), center, axes, share)


def user_vector(model: Any, items: np.ndarray, ratings: np.ndarray) -> np.ndarray | None:
    """Return a vector for somebody with these ratings of these items (row numbers): where what they
    like lies.

    The mean of the items' vectors, weighted by how far each rating lies above the lowest; None
    without ratings.
    """
    vectors = item_vectors(model)
    if vectors is None or not len(items):
        return None
    weights = np.asarray(ratings, np.float64) - min(0.0, float(np.min(ratings)))
    weights = weights - 0.999 * weights.min()
    return (
        vectors[np.asarray(items)].T @ weights / weights.sum()
        if weights.sum() > 0
        else vectors[np.asarray(items)].mean(axis=0)
    )


@dataclass(frozen=True, eq=False)
class Group:
    """Items of one colour: their name in the legend, the colour, and their row numbers."""

    name: str
    color: str
    items: np.ndarray


def groups(table: Any, by: str) -> list[Group]:
    """Return the items of a catalog's table by colour: numbers in seven groups of about equal size,
    genres by the first one named.

    Parameters
    ----------
    table : polars.DataFrame
        A row for each item.
    by : {"year", "mean rating", "ratings", "genre"}
    """
    check_choice("color", by, COLORS)
    column = {"year": "year", "mean rating": "mean_rating", "ratings": "n_ratings", "genre": "genres"}[by]
    if column not in table.columns:
        return [Group(f"no {by} known", UNKNOWN, np.arange(len(table)))]
    return (
        _by_genre(table[column].to_list())
        if by == "genre"
        else _by_number(table[column].to_numpy().astype(float), by)
    )


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
