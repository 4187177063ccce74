"""Ridge regression of rows on their features, for all columns at once, by conjugate gradients.

`(F' W F + strength) B = right` with F the features of all groups side by side and W a weight for
each row and column. The matrix is never made: a step is one product with F and one with F'.
Preconditioned by the diagonal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from palate.solve.features import FeatureBlock

_STEPS, _TOLERANCE = 100, 2e-3
_FEW = 200  # columns of a group that is solved exactly in the preconditioner


def column_bounds(blocks: Sequence[FeatureBlock]) -> np.ndarray:
    """Return where the features of each group begin and end among those of all."""
    return np.cumsum([0, *(block.n_columns for block in blocks)])


def times(blocks: Sequence[FeatureBlock], table: np.ndarray, n_rows: int, threads: int) -> np.ndarray:
    """Return `F @ table`, float32 (n_rows, width)."""
    out = np.zeros((n_rows, table.shape[1]), np.float32)
    bounds = column_bounds(blocks)
    for block, begin, end in zip(blocks, bounds[:-1], bounds[1:], strict=True):
        block.times(table[begin:end], out, threads)
    return out


def transposed_times(blocks: Sequence[FeatureBlock], rows: np.ndarray, threads: int) -> np.ndarray:
    """Return `F.T @ rows`, float32 (n_features, width)."""
    bounds = column_bounds(blocks)
    out = np.zeros((int(bounds[-1]), rows.shape[1]), np.float32)
    for block, begin, end in zip(blocks, bounds[:-1], bounds[1:], strict=True):
        block.transposed_times(rows, out[begin:end], threads)
    return out


@dataclass(frozen=True, eq=False)
class SmallGroups:
    """The features of groups with few columns, solved among themselves exactly.

    Each of them is shared by many rows.

    They are collinear (every film has one year), so that the diagonal alone says little of them;
    with their exact inverse in the preconditioner conjugate gradients need fewer steps.
    """

    columns: np.ndarray  # (n,) int64: which of all features
    gram: np.ndarray  # (n, n) float64: F' F

    @classmethod
    def of(cls, blocks: Sequence[FeatureBlock]) -> "SmallGroups | None":
        """Return the groups of at most _FEW columns; None if there are none."""
        bounds = column_bounds(blocks)
        few = [number for number, block in enumerate(blocks) if 0 < block.n_columns <= _FEW]
        if not few:
            return None
        columns = np.concatenate([np.arange(bounds[number], bounds[number + 1]) for number in few])
        dense = np.hstack([blocks[number].dense() for number in few])
        return cls(columns, dense.T @ dense)

    def inverse(self, strength: np.ndarray) -> np.ndarray:
        """Return the inverse of `F' F + strength` of these features, float32.

        `strength` has shape (n_features, 1).
        """
        whole = self.gram + np.diag(strength[self.columns, 0].astype(np.float64))
        return np.linalg.inv(whole).astype(np.float32)


def solve_ridge(
    blocks: Sequence[FeatureBlock],
    right: np.ndarray,
    start: np.ndarray,
    strength: np.ndarray,
    diagonal: np.ndarray,
    n_rows: int,
    *,
    weight: np.ndarray | None = None,
    small: SmallGroups | None = None,
    threads: int = 1,
    steps: int = _STEPS,
    tolerance: float = _TOLERANCE,
) -> np.ndarray:
    """Return the weights of all features.

    Parameters
    ----------
    blocks : sequence of FeatureBlock
    right, start : ndarray of shape (n_features, width), float32
        The right-hand side, and where to begin.
    strength : ndarray that broadcasts to (n_features, width), float32
    diagonal : ndarray that broadcasts to (n_features, width), float32
        Of the whole matrix, `strength` included; only the speed depends on it.
    n_rows : int
    weight : ndarray of shape (n_rows, width), float32, optional
        W; default 1.
    small : SmallGroups, optional
        Makes steps fewer; not together with `weight`.
    threads : int, default 1
    steps : int, default 100
        Largest number of steps of conjugate gradients.
    tolerance : float, default 2e-3
        Relative size of the residual, in the preconditioned norm, at which to stop.
    """
    from palate.kernels.bags import advance, column_products, turn

    def apply(table: np.ndarray) -> np.ndarray:
        rows = times(blocks, table, n_rows, threads)
        if weight is not None:
            rows *= weight
        found = transposed_times(blocks, rows, threads)
        found += strength * table
        return found

    def inner(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        sums = np.empty(x.shape[1])
        column_products(x, y, sums)
        return sums

    precondition = _preconditioner(diagonal, strength, small)
    solution = start.copy()
    residual = right - apply(solution)
    scaled = precondition(residual)
    direction = scaled.copy()
    before = inner(residual, scaled)
    enough = tolerance**2 * np.maximum(inner(right, precondition(right)), 1e-30)
    for _ in range(steps):
        if (before <= enough).all():
            break
        product = apply(direction)
        step = (before / np.maximum(inner(direction, product), 1e-30)).astype(np.float32)
        advance(step, direction, product, solution, residual)
        scaled = precondition(residual)
        after = inner(residual, scaled)
        turn((after / np.maximum(before, 1e-30)).astype(np.float32), scaled, direction)
        before = after
    return solution


def _preconditioner(
    diagonal: np.ndarray, strength: np.ndarray, small: SmallGroups | None
) -> Callable[[np.ndarray], np.ndarray]:
    """Return an approximate inverse: that of the diagonal, and the exact one of small groups."""
    if small is None:
        return lambda rows: rows / diagonal
    columns, inverse = small.columns, small.inverse(strength)

    def both(rows: np.ndarray) -> np.ndarray:
        scaled = rows / diagonal
        scaled[columns] = inverse @ rows[columns]
        return np.asarray(scaled)

    return both
