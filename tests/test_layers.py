"""Imports go one way, and only to what a user has installed."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "palate"
MODULES = sorted(SOURCE.rglob("*.py"))

# A layer may import layers with a smaller number, and itself. Modules of palate that are in no layer (`palate`,
# `palate.datasets`) are its public face: they may reach everything below cli, and only cli and its neighbours use them.
LAYERS = {
    "kernels": 0,
    "data": 1,
    "solve": 2,
    "recommend": 3,
    "model": 4,
    "training": 5,
    "evaluate": 6,
    "inspect": 6,
    "face": 7,
    "cli": 8,
    "service": 8,
    "lesson": 8,
}
KERNELS_MAY_IMPORT = {"numpy", "numba", "llvmlite"}
# Libraries of the caller: used only after the caller has brought an object of theirs.
OPTIONAL = {"duckdb", "h5py", "keras", "matplotlib", "optuna", "pandas", "pyarrow", "scipy"}


def layer_of(module: str) -> str:
    """Return the layer of a dotted module name of palate."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else "face"


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> Iterator[tuple[int, bool, str]]:
    """Yield (line, at module level, dotted name) of every import in a file, wherever it stands."""
    tree = ast.parse(path.read_text("utf-8"))
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    lazy = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        for name in names_imported_by(node, package):
            yield node.lineno, id(node) not in lazy, name


def names_imported_by(node: ast.AST, package: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        # `from palate import kernels` imports a module of palate, `from palate.data import Ratings` a name of one
        return [f"palate.{alias.name}" for alias in node.names] if module == "palate" else [module]
    if isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func) and node.args:
        first = node.args[0]
        return [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
    return []


def breaks(module: str, imported: str) -> str | None:
    """Return what is wrong with this import in this module of palate, or None."""
    here, there = layer_of(module), layer_of(imported)
    if imported.split(".")[0] == "palate":
        if here != there and LAYERS[there] >= LAYERS[here]:
            return f"{here} must not import {there}"
    elif here == "kernels" and imported.split(".")[0] not in KERNELS_MAY_IMPORT | sys.stdlib_module_names:
        return "kernels import only " + ", ".join(sorted(KERNELS_MAY_IMPORT))
    return None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_one_way(path):
    found = [(line, breaks(name_of(path), name)) for line, _, name in imported_modules(path)]
    assert [f"{path}:{line}: {what}" for line, what in found if what] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_what_a_user_has(path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    installed = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]} | {"llvmlite", "palate"}
    foreign = [
        f"{path}:{line}: {name}"
        for line, at_module_level, name in imported_modules(path)
        if name.split(".")[0] not in installed | sys.stdlib_module_names | (set() if at_module_level else OPTIONAL)
    ]
    assert foreign == []


@pytest.mark.parametrize(
    ("module", "imported", "problem"),
    [
        ("palate.kernels.tile", "palate.data.columns", "kernels must not import data"),
        ("palate.kernels.tile", "polars", "kernels import only llvmlite, numba, numpy"),
        ("palate.kernels.tile", "palate.kernels.rows", None),
        ("palate.data.ratings", "palate.model", "data must not import model"),
        ("palate.evaluate", "palate.inspect", "evaluate must not import inspect"),
        ("palate.model.file", "palate.Ratings", "model must not import face"),
        ("palate.cli.train", "palate.LeastSquares", None),
        ("palate", "palate.training.least_squares", None),
        ("palate", "palate.cli", "face must not import cli"),
        ("palate.training", "palate.kernels.rows", None),
    ],
)
def test_the_rule_itself(module, imported, problem):
    assert breaks(module, imported) == problem


def test_imports_are_found_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path / "palate")
    path = tmp_path / "palate" / "data" / "sample.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import numpy as np\nfrom palate import kernels\nfrom . import columns\nfrom ..model.file import save_model\n"
        "def f():\n    from palate.cli import app\n    importlib.import_module('palate.training')\n"
    )
    assert sorted(imported_modules(path)) == [
        (1, True, "numpy"),
        (2, True, "palate.kernels"),
        (3, True, "palate.data"),
        (4, True, "palate.model.file"),
        (6, False, "palate.cli"),
        (7, False, "palate.training"),
    ]
