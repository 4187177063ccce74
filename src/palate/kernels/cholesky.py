"""Upper triangles in register tiles: adding a product of panels to one, and its Cholesky factor."""

import numpy as np

from palate.kernels.compiling import inlined
from palate.kernels.emitter import FAST, LANES
from palate.kernels.tile import TILE_ROWS, TILE_VECTORS, add_products, copy_scaled, dot
from palate.kernels.triangle import apply_block, factorise_block, solve_upper

BLOCK = 128  # rows of a panel gathered at a time: 128 x 32 float32 are 16 kB, half of a first-level cache
TINY = np.float32(1e-30)  # below this a pivot counts as zero


@inlined(fastmath=FAST)
def add_upper(out, stride, first, rows, columns, left, left_panel, right, right_at, step, panel, n):
    """Add `left' right` to the blocks of `out` on and right of the diagonal, for rows `first` to `rows`.

    Panel c of the left matrix starts at `c * left_panel`, of the right one at `right_at + c * panel`;
    LANES and `step` lead from one of the n products to the next. Bounds are multiples of eight.
    """
    for row in range(first, rows, LANES):
        top = (row // LANES) * left_panel
        column = row
        while column < columns:
            corner, at = row * stride + column, right_at + (column // LANES) * panel
            remaining = (columns - column) // LANES
            if remaining == 1:
                add_products(out, corner, stride, left, top, LANES, right, at, step, panel, n, LANES, 1)
                break
            vectors = 2 if remaining == 4 and TILE_VECTORS == 3 else min(remaining, TILE_VECTORS)
            for part in range(0, LANES, TILE_ROWS):
                cell, start = corner + part * stride, top + part
                if vectors == TILE_VECTORS:
                    add_products(
                        out,
                        cell,
                        stride,
                        left,
                        start,
                        LANES,
                        right,
                        at,
                        step,
                        panel,
                        n,
                        TILE_ROWS,
                        TILE_VECTORS,
                    )
                elif vectors == 3:
                    add_products(
                        out, cell, stride, left, start, LANES, right, at, step, panel, n, TILE_ROWS, 3
                    )
                else:
                    add_products(
                        out, cell, stride, left, start, LANES, right, at, step, panel, n, TILE_ROWS, 2
                    )
            column += vectors * LANES


@inlined(fastmath=FAST)
def factorise(system, stride, width, negated, steps):
    """Turn the upper triangle of `system` (width x stride, row-major) into U with A = U'U.

    Columns beyond `width`, the right-hand sides g, become U'^-1 g. Return the smallest ratio of a
    pivot to its diagonal entry (<= 0: breakdown). `negated` has room for eight rows, `steps` for STEPS
    numbers.
    """
    worst = np.float32(1.0)
    for top in range(0, width, LANES):
        at, rest = top * stride, top + LANES
        worst = min(worst, factorise_block(system, at + top, stride, TINY, steps))
        if worst < 0:
            return worst
        apply_block(system, at + rest, stride, steps, (stride - rest) // LANES)
        for r in range(LANES):
            row, cell = (top + r) * stride + rest, rest * LANES + r * LANES
            copy_scaled(
                negated, cell, LANES * LANES, system, row, LANES, np.float32(-1.0), (width - rest) // LANES
            )
        panel = LANES * LANES
        add_upper(system, stride, rest, width, stride, negated, panel, system, at, stride, LANES, LANES)
    return worst


@inlined(fastmath=FAST)
def substitute_back(system, stride, width, values):
    """Solve `U x = values` in place."""
    for first in range(width - LANES, -1, -LANES):
        rest = first + LANES
        for f in range(first, rest):
            values[f] -= dot(system, f * stride + rest, values, rest, (width - rest) // LANES)
        solve_upper(system, first * stride + first, stride, values, first)
