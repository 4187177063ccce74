"""Where items lie in two dimensions: the two directions in which their vectors differ most."""

from dataclasses import dataclass

import numpy as np

from palate._checks import ArgumentError
from palate.model.model import Model


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
        return np.asarray((np.atleast_2d(vectors) - self.center) @ self.axes, np.float32)


def item_vectors(model: Model) -> np.ndarray | None:
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
    """Return the positions of vectors along their two principal axes.

    An axis points to where more vectors are positive.

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


@dataclass(frozen=True, eq=False)
class Taste:
    """Where somebody's taste lies on a map.

    Parameters
    ----------
    point : ndarray of shape (2,), float64
    covariance : ndarray of shape (2, 2), float64, optional
        Of the error of the point; None with fewer than two ratings that count.
    """

    point: np.ndarray
    covariance: np.ndarray | None

    def ring(self, share: float = 0.95, n: int = 60) -> np.ndarray | None:
        """Return the ellipse that holds the point with this probability, shape (n + 1, 2), closed."""
        if self.covariance is None:
            return None
        values, axes = np.linalg.eigh(self.covariance)
        angles = np.linspace(0, 2 * np.pi, n + 1)
        radius = np.sqrt(-2 * np.log(1 - share) * np.maximum(values, 0))  # chi squared, two degrees
        around = np.column_stack([np.cos(angles), np.sin(angles)])
        return np.asarray(self.point + (around * radius) @ axes.T)


def taste_of(points: np.ndarray, ratings: np.ndarray) -> Taste | None:
    """Return where the taste of somebody lies who gave these ratings to items at these points.

    It is None without ratings.

    It is the mean of the points, weighted by how far each rating lies above the lowest one; what
    was rated lowest hardly counts. The error is that of a weighted mean: how far the point would
    move if other items of the same taste had been rated.

    Examples
    --------
    >>> points = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> taste = taste_of(points, np.full(4, 3.0))
    >>> taste.point.tolist(), taste.covariance.tolist()
    ([1.0, 1.0], [[0.25, 0.0], [0.0, 0.25]])
    """
    if not len(points):
        return None
    points, ratings = np.asarray(points, np.float64), np.asarray(ratings, np.float64)
    weights = ratings - ratings.min()
    weights = (weights + 0.001 * max(1.0, float(weights.max()))) / (weights.max() or 1.0)
    weights /= weights.sum()
    point = weights @ points
    if len(points) < 2:
        return Taste(point, None)
    apart = (points - point) * weights[:, None]
    return Taste(point, apart.T @ apart)
