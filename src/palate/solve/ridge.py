"""Ridge regression of rows on their features, for all columns at once, by conjugate gradients.

`(F' W F + strength) B = right` with F the features of all groups side by side and W a weight for each row and column. The matrix is never
made: a step is one product with F and one with F'. Preconditioned by the diagonal.
"""

from collections.abc import Sequence

import numpy as np

from palate.solve.features import FeatureBlock

_STEPS, _TOLERANCE = 60, 1e-3


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


def solve_ridge(
    blocks: Sequence[FeatureBlock],
    right: np.ndarray,
    start: np.ndarray,
    strength: np.ndarray,
    diagonal: np.ndarray,
    n_rows: int,
    *,
    weight: np.ndarray | None = None,
    threads: int = 1,
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
    threads : int, default 1
    tolerance : float, default 1e-3
        Relative size of the residual, in the preconditioned norm, at which to stop.
    """

    def apply(table: np.ndarray) -> np.ndarray:
        rows = times(blocks, table, n_rows, threads)
        if weight is not None:
            rows *= weight
        return transposed_times(blocks, rows, threads) + strength * table

    solution = start.copy()
    residual = right - apply(solution)
    scaled = residual / diagonal
    direction = scaled.copy()
    before = _inner(residual, scaled)
    enough = tolerance**2 * np.maximum(_inner(right, right / diagonal), 1e-30)
    for _ in range(_STEPS):
        if (before <= enough).all():
            break
        product = apply(direction)
        step = (before / np.maximum(_inner(direction, product), 1e-30)).astype(np.float32)
        solution += step * direction
        residual -= step * product
        scaled = residual / diagonal
        after = _inner(residual, scaled)
        direction = scaled + (after / np.maximum(before, 1e-30)).astype(np.float32) * direction
        before = after
    return solution


def _inner(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.einsum("cf,cf->f", x, y, dtype=np.float64)
