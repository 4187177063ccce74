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


def is_kernel(node: ast.AST) -> bool:
    """Whether a statement of a module is a compiled function."""
    return isinstance(node, ast.FunctionDef) and "njit" in "".join(map(ast.unparse, node.decorator_list))


def called_kernels() -> Iterator[ast.FunctionDef]:
    """Yield every compiled function that a compiled function, here or in another module, calls."""
    modules = {path.stem: ast.parse(path.read_text("utf-8")) for path in KERNELS.glob("*.py")}
    kernels = {name: {f.name: f for f in tree.body if is_kernel(f)} for name, tree in modules.items()}
    for name, tree in modules.items():
        origin = dict.fromkeys(kernels[name], name)
        for imported in ast.walk(tree):
            if isinstance(imported, ast.ImportFrom) and (imported.module or "").startswith("palate.kernels."):
                origin |= {alias.name: imported.module.rpartition(".")[2] for alias in imported.names}
        for kernel in kernels[name].values():
            for call in ast.walk(kernel):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in origin:
                    called = kernels[origin[call.func.id]].get(call.func.id)
                    if called is not None:
                        yield called


def test_a_kernel_that_another_kernel_calls_is_always_inlined():
    called = list(called_kernels())
    assert len({kernel.name for kernel in called}) > 20
    for kernel in called:
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
