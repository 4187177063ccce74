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
ROOT = Path(__file__).parents[2]
FIT = """
import numpy as np, palate, hashlib
rng = np.random.default_rng(3)
user, item = np.repeat(np.arange(40), 8), rng.integers(0, 60, 320)
ratings = palate.Ratings.from_arrays(user, item, rng.integers(1, 11, 320) / 2, duplicates="last")
trainer = palate.LeastSquares(n_factors=5, max_sweeps=3)
model = trainer.fit(ratings, validation=0, callback=lambda report: None)
print(hashlib.sha256(model.item_factors.tobytes() + model.user_factors.tobytes()).hexdigest())
"""


def kind_of(node: ast.AST) -> str:
    """Return how a function is compiled: "kernel", "shared", "inlined" or "njit"; "" if it is not."""
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    makers = [d.func if isinstance(d, ast.Call) else d for d in decorators]
    names = [maker.id for maker in makers if isinstance(maker, ast.Name)]
    return next((name for name in names if name in ("kernel", "shared", "inlined", "njit")), "")


def called_by_python(node: ast.AST) -> Iterator[str]:
    """Yield the name of every function that code which is not compiled calls."""
    if kind_of(node):
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield node.func.id
    for child in ast.iter_child_nodes(node):
        yield from called_by_python(child)


def taken_from_kernels(path: Path, names: set[str]) -> set[str]:
    """Return which of these names a module imports from a module of kernels, or reads as its attribute."""
    text = path.read_text("utf-8")
    if "kernels" not in text:
        return set()
    modules, taken = {file.stem for file in KERNELS.glob("*.py")}, set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("palate.kernels"):
            taken |= {alias.name for alias in node.names} & names
        elif isinstance(node, ast.Attribute) and node.attr in names:
            taken |= {node.attr} if ast.unparse(node.value).rpartition(".")[2] in modules else set()
    return taken


def called_kernels() -> Iterator[ast.FunctionDef]:
    """Yield every compiled function that a compiled function, here or in another module, calls."""
    modules = {path.stem: ast.parse(path.read_text("utf-8")) for path in KERNELS.glob("*.py")}
    kernels = {name: {f.name: f for f in tree.body if kind_of(f)} for name, tree in modules.items()}
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
        assert kind_of(kernel) in ("inlined", "shared") or "inline='always'" in options, kernel.name


def test_a_function_without_an_entry_for_python_is_named_by_kernels_alone():
    trees = {path: ast.parse(path.read_text("utf-8")) for path in KERNELS.glob("*.py")}
    inlined = {f.name for tree in trees.values() for f in tree.body if kind_of(f) == "inlined"}
    assert len(inlined) > 20
    named = {name for tree in trees.values() for name in called_by_python(tree)}
    for path in (*ROOT.glob("src/**/*.py"), *ROOT.glob("benchmarks/*.py")):
        named |= set() if path.parent == KERNELS else taken_from_kernels(path, inlined)
    for path in ROOT.glob("tests/**/*.py"):  # a test may compile a function that calls them
        named |= set(called_by_python(ast.parse(path.read_text("utf-8")))) & taken_from_kernels(path, inlined)
    assert not inlined & named


def test_a_kernel_says_how_it_is_compiled_by_the_names_of_one_module():
    for path in KERNELS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if kind_of(node) == "njit":
                assert "inline='always'" in ast.unparse(node.decorator_list[-1]), node.name


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


def test_two_vectors_in_one_register_change_no_bit(tmp_path):
    setting = "from palate.kernels import emitter; emitter.has_wide_registers = lambda: {}"
    bits = []
    for wide in (True, False):
        program = setting.format(wide) + FIT.replace("n_factors=5", "n_factors=40")
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / str(wide))}
        run = [sys.executable, "-c", program + "from palate.kernels.tile import WIDE; print(WIDE)"]
        done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True, timeout=600)
        found, used = done.stdout.split()
        assert used == str(wide)
        bits.append(found)
    assert bits[0] == bits[1]


def test_the_registers_are_those_that_the_kernels_are_compiled_for(monkeypatch):
    from numba.core import codegen, config

    from palate.kernels.emitter import has_wide_registers

    for features, wide in (("+avx2,+fma", False), ("+avx2,+avx512f", True), ("-avx512f", False), ("", False)):
        monkeypatch.setattr(config, "CPU_FEATURES", features)
        assert has_wide_registers() is wide
    monkeypatch.setattr(config, "CPU_FEATURES", None)
    assert has_wide_registers() is ("+avx512f" in codegen.get_host_cpu_features().split(","))
