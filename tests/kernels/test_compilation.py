"""Whether a process that compiles the kernels computes the bits of one that loads them from the cache."""

import ast
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import palate.kernels

KERNELS = Path(palate.kernels.__file__).parent
FIT = """
import numpy as np, palate, hashlib
rng = np.random.default_rng(3)
user, item = np.repeat(np.arange(40), 8), rng.integers(0, 60, 320)
ratings = palate.Ratings.from_arrays(user, item, rng.integers(1, 11, 320) / 2, duplicates="last")
trainer = palate.LeastSquares(n_factors=5, max_sweeps=3)
model = trainer.fit(ratings, validation=0, callback=lambda report: None)
print(hashlib.sha256(model.item_factors.tobytes() + model.user_factors.tobytes()).hexdigest())
"""


def kernels() -> Iterator[ast.FunctionDef]:
    """Yield every compiled function of the package."""
    for path in sorted(KERNELS.glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                "njit" in ast.unparse(d) for d in node.decorator_list
            ):
                yield node


def test_a_kernel_that_another_kernel_calls_is_always_inlined():
    every = list(kernels())
    called = {
        call.func.id
        for kernel in every
        for call in ast.walk(kernel)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
    }
    parts = [kernel for kernel in every if kernel.name in called]
    assert len(parts) > 20
    for kernel in parts:
        options = ast.unparse(kernel.decorator_list[-1])
        assert "forceinline=True" in options or "inline='always'" in options, kernel.name


def test_a_fit_that_compiles_has_the_bits_of_one_that_loads_from_the_cache(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    run = [sys.executable, "-c", FIT]
    bits = [
        subprocess.run(run, env=environment, capture_output=True, text=True, check=True, timeout=600).stdout
        for _ in range(2)
    ]
    assert len(bits[0].strip()) == 2 * hashlib.sha256().digest_size
    assert bits[0] == bits[1]
    assert any(tmp_path.rglob("*.nbc"))
