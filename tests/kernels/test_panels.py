"""Products of rows by tiles."""

import numpy as np
import pytest

from palate.kernels.panels import grouped_rows, panel_products, panel_products_reference, panels_of


@pytest.mark.parametrize(("n_rows", "n_table", "k"), [(1, 1, 1), (9, 24, 5), (8, 50, 130), (3, 23, 8)])
def test_products_are_those_of_the_reference_alone_and_among_others(rng, n_rows, n_table, k):
    rows = rng.normal(size=(n_rows, k)).astype(np.float32)
    table = rng.normal(size=(n_table, k)).astype(np.float32)
    panels, groups = panels_of(table), grouped_rows(rows)
    wanted, whole = np.empty((n_rows, n_table)), np.empty((n_rows, n_table), np.float32)
    panel_products_reference(rows, table, wanted)
    panel_products(0, len(groups), groups, panels, whole)
    np.testing.assert_allclose(whole, wanted, rtol=1e-4, atol=1e-4)
    parts = np.empty_like(whole)
    for group in range(len(groups)):
        panel_products(group, group + 1, groups, panels, parts)
    np.testing.assert_array_equal(parts, whole)
    for row in range(n_rows):
        alone = np.empty((1, n_table), np.float32)
        panel_products(0, 1, grouped_rows(rows[row : row + 1]), panels, alone)
        np.testing.assert_array_equal(alone[0], whole[row])
