"""Upper triangles in register tiles: adding a product of panels to one, and its Cholesky factor."""

import numpy as np

from palate.kernels.compiling import inlined
from palate.kernels.tile import FAST, LANES, add_products, add_scaled, copy_scaled

BLOCK = 128  # rows of a panel gathered at a time: 128 x 32 float32 are 16 kB, half of a first-level cache
TINY = np.float32(1e-30)  # below this a pivot counts as zero


@inlined(fastmath=FAST)
def add_upper(
    out, stride, first, rows, columns, left, left_panel, right, right_at, right_step, right_panel, n
):
    """Add `left' right` to the blocks of `out` on and right of the diagonal, for rows `first` to `rows`.

    Panel c of the left matrix starts at `c * left_panel`, of the right one at `right_at + c *
    right_panel`; LANES and `right_step` lead from one of the n products to the next. Bounds are multiples
    of eight.
    """
    for row in range(first, rows, LANES):
        left_row = (row // LANES) * left_panel
        column = row
        while column < columns:
            at = right_at + (column // LANES) * right_panel
            remaining = (columns - column) // LANES
            if remaining == 1:
                cell = row * stride + column
                add_products(
                    out, cell, stride, left, left_row, LANES, right, at, right_step, right_panel, n, 8, 1
                )
                column += LANES
                continue
            wide = remaining == 3 or remaining > 4
            for half in range(0, LANES, 4):
                cell, left_at = (row + half) * stride + column, left_row + half
                if wide:
                    add_products(
                        out, cell, stride, left, left_at, LANES, right, at, right_step, right_panel, n, 4, 3
                    )
                else:
                    add_products(
                        out, cell, stride, left, left_at, LANES, right, at, right_step, right_panel, n, 4, 2
                    )
            column += (3 if wide else 2) * LANES


@inlined(fastmath=FAST)
def factorise(system, stride, width, negated):
    """Turn the upper triangle of `system` (width x stride, row-major) into U with A = U'U.

    Columns beyond `width`, the right-hand sides g, become U'^-1 g. Return the smallest ratio of a
    pivot to its diagonal entry (<= 0: breakdown).
    """
    worst = np.float32(1.0)
    for top in range(0, width, LANES):
        vectors = (stride - top) // LANES
        # Steps start at the panel's first column: what they do left of the diagonal is never read.
        for r in range(top, top + LANES):
            row = r * stride
            pivot = system[row + r]
            if not pivot > TINY:
                return np.float32(-1.0)
            copy_scaled(
                system, row + top, LANES, system, row + top, LANES, np.float32(1.0) / np.sqrt(pivot), vectors
            )
            for below in range(r + 1, top + LANES):
                target = below * stride
                diagonal = system[target + below]
                add_scaled(system, target + top, system, row + top, -system[row + below], vectors)
                if system[target + below] < worst * diagonal:
                    worst = system[target + below] / diagonal
        rest = top + LANES
        for r in range(LANES):
            at, cell = (top + r) * stride + rest, rest * LANES + r * LANES
            copy_scaled(
                negated, cell, LANES * LANES, system, at, LANES, np.float32(-1.0), (width - rest) // LANES
            )
        panel, at = LANES * LANES, top * stride
        add_upper(system, stride, rest, width, stride, negated, panel, system, at, stride, LANES, LANES)
    return worst
