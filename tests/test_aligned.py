"""Tables that start on a cache line."""

import numpy as np
import pytest

from palate._aligned import aligned_empty, aligned_zeros


@pytest.mark.parametrize("shape", [(0, 8), (1, 0), (3, 32), (2, 5, 7), (1000, 24)])
def test_tables_start_on_a_cache_line(shape):
    for make in (aligned_empty, aligned_zeros):
        tables = [make(*shape) for _ in range(5)]
        assert all(table.shape == shape and table.dtype == np.float32 for table in tables)
        assert all(table.flags.c_contiguous and table.flags.writeable for table in tables)
        assert all(table.ctypes.data % 64 == 0 for table in tables if table.size)
    assert not any(table.any() for table in tables)
