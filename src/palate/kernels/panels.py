"""Products of a few rows with all rows of a table, by tiles held in registers.

The table is packed once (`panels_of`). An entry is summed in the order of its factors, wherever its
tile lies, so that a row has the same bits alone and among others, with any number of threads.
"""

import numpy as np

from palate.kernels.compiling import kernel
from palate.kernels.emitter import LANES
from palate.kernels.tile import TILE_ROWS, TILE_VECTORS, add_products

PANEL = LANES * TILE_VECTORS  # rows of the table that stand together


def panels_of(table: np.ndarray) -> np.ndarray:
    """Return a table (n, k) as panels of its rows, (n_panels, k, PANEL) float32, filled with zeros."""
    return _packed(table, PANEL)


def grouped_rows(rows: np.ndarray) -> np.ndarray:
    """Return rows (n, k) in groups, (n_groups, k, TILE_ROWS) float32, filled with zeros."""
    return _packed(rows, TILE_ROWS)


def _packed(table: np.ndarray, size: int) -> np.ndarray:
    n, k = table.shape
    whole = n // size
    out = np.zeros((-(-n // size), k, size), np.float32)
    out[:whole] = table[: whole * size].reshape(whole, size, k).transpose(0, 2, 1)
    if whole < len(out):
        out[whole, :, : n - whole * size] = table[whole * size :].T
    return out


@kernel()
def panel_products(first, last, groups, panels, out):
    """Write the products of the rows of groups `first` to `last` with all rows of the table to `out`.

    `out` is (n_rows, n_table) float32.
    """
    n_rows, n_table = out.shape
    k = groups.shape[1]
    left, right = groups.reshape(groups.size), panels.reshape(panels.size)
    tile = np.empty(TILE_ROWS * PANEL, np.float32)
    for panel in range(panels.shape[0]):
        begin = panel * PANEL
        width = min(PANEL, n_table - begin)
        for group in range(first, last):
            tile[:] = np.float32(0.0)
            left_at, right_at = group * k * TILE_ROWS, panel * k * PANEL
            add_products(
                tile,
                0,
                PANEL,
                left,
                left_at,
                TILE_ROWS,
                right,
                right_at,
                PANEL,
                LANES,
                k,
                TILE_ROWS,
                TILE_VECTORS,
            )
            for r in range(min(TILE_ROWS, n_rows - group * TILE_ROWS)):
                row = group * TILE_ROWS + r
                for c in range(width):
                    out[row, begin + c] = tile[r * PANEL + c]


def panel_products_reference(rows, table, out):
    """NumPy reference of `panel_products`."""
    out[:] = rows.astype(np.float64) @ table.T
