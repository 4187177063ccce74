"""Imports go one way, and only to what a user has installed."""

import ast
import functools
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "palate"
MODULES = sorted(SOURCE.rglob("*.py"))

# A layer may import layers with a smaller number, and itself. The modules in FACE are the public
# face of palate: they may reach everything below cli, and only cli and its neighbours use them.
LAYERS = {
    "kernels": 0,
    "_aligned": 0,
    "_nearest": 0,
    "_plain": 0,
    "_words": 0,
    "_recent": 0,
    "_requiring": 0,
    "_checks": 1,
    "_random": 2,
    "_parallel": 2,
    "_files": 2,
    "data": 3,
    "io": 4,
    "datasets": 5,
    "splits": 5,
    "solve": 6,
    "scorer": 7,
    "factors": 8,
    "linear": 8,
    "lists": 9,
    "heads": 10,
    "model": 11,
    "training": 12,
    "evaluation": 13,
    "recommender": 14,
    "experiments": 15,
    "inspect": 15,
    "face": 16,
    "lesson": 17,
    "spark": 17,
    "integrations": 17,
    "store": 17,
    "app": 18,
    "service": 19,
    "explorer": 19,
    "cli": 20,
}
FACE = {"palate"}
# Public modules that are named after another tool: each shows names of a later layer, to which it belongs.
DOORS = {
    "palate.__main__": "cli",
    "palate.mlflow": "integrations",
    "palate.optuna": "integrations",
    "palate.sklearn": "integrations",
}
# Circles inside a layer: the imports that close them, each with its reason. Without these no module
# reaches itself.
CIRCLES = {
    (
        "palate.training.als.fitting",
        "palate.training.als.least_squares",
    ): "a fit is typed as one of the trainers that call it",
    ("palate.training.als.fitting", "palate.training.baseline"): "as above",
    (
        "palate.training.als.checks",
        "palate.training.als.least_squares",
    ): "the checks of LeastSquares are typed as those of its fields",
    ("palate.cli.errors", "palate.cli.commands"): "main() is beside what every command ends with",
    ("palate.splits.parts", "palate.splits.file"): "Split.save and Folds.save call the writer of the file",
    (
        "palate.evaluation.calibration",
        "palate.evaluation.calibration_plot",
    ): "Calibration.plot calls the drawing",
    (
        "palate.evaluation.calibration",
        "palate.evaluation.calibration_text",
    ): "str(calibration) calls the rendering",
    ("palate.evaluation.evaluation", "palate.evaluation.text"): "str(evaluation) calls the rendering",
    ("palate.experiments.grid", "palate.experiments.plots"): "Experiment.plots calls the drawing",
    ("palate.inspect.report", "palate.inspect.html"): "Report.to_html calls the page",
    ("palate.inspect.report", "palate.inspect.plots"): "Report.plot calls the drawing",
    ("palate.model.factor_model", "palate.model.compress"): "FactorModel.compress is a verb of the model",
    ("palate.model.factor_model", "palate.model.explaining"): "FactorModel.explain is a verb of the model",
    ("palate.model.with_file", "palate.model.file.loading"): "save is a verb of models that have a file",
    ("palate.model.factor_model", "palate.model.folded"): "FactorModel.fold_in is a verb of the model",
    ("palate.model.factor_model", "palate.model.keras.read"): "FactorModel.from_keras is a verb of the model",
    ("palate.model.factor_model", "palate.model.keras.write"): "FactorModel.to_keras is a verb of the model",
    (
        "palate.model.factor_model",
        "palate.model.model",
    ): "a FactorModel is a Model, whose verbs fold users in",
    ("palate.model.factor_model", "palate.model.queries"): "FactorModel.recommend is a verb of the model",
    (
        "palate.model.factor_model",
        "palate.model.small_models",
    ): "FactorModel.with_users is a verb of the model",
    ("palate.model.factor_model", "palate.model.updating"): "FactorModel.update is a verb of the model",
    (
        "palate.model.factor_model",
        "palate.model.with_vectors",
    ): "a FactorModel answers as every Model does, and has vectors",
    ("palate.model.explaining", "palate.model.model"): "explanations are typed as those of a Model",
    ("palate.model.joined", "palate.model.model"): "joined ratings are typed as those of a Model",
    ("palate.model.new_users", "palate.model.answers"): "new users are typed as those of a model",
    ("palate.model.updating", "palate.model.model"): "updates are typed as those of a Model",
    (
        "palate.factors.factors",
        "palate.factors.likelihood.base",
    ): "a factorization is typed as having a likelihood, which is asked about pairs of a factorization",
    ("palate.factors.factors", "palate.factors.shapes"): "Factors checks its own shapes when it is made",
    (
        "palate.factors.item_index",
        "palate.factors.scores",
    ): "what is derived of items is typed as what it is derived from",
}
# The classes that know what each link means. All other modules ask a model's likelihood, and kernels
# compare the number that it gives them.
LIKELIHOODS = SOURCE / "factors" / "likelihood"
KERNELS_MAY_IMPORT = {"numpy", "numba", "llvmlite"}
# Libraries of the caller: used only after the caller has brought an object of theirs. `_typeshed` is
# there for type checkers alone.
OPTIONAL = {"_typeshed", "duckdb", "h5py", "keras", "matplotlib", "optuna", "pandas", "pyarrow"} | {
    "fastapi",
    "mlflow",
    "nicegui",
    "orjson",
    "psycopg",
    "pydantic",
    "pyspark",
    "sklearn",
    "starlette",
    "usearch",
    "uvicorn",
}
# Modules that a user names himself because they are made of classes of another library: they import
# it where they begin.
ENTRIES = {
    "palate.spark.ml": {"pyspark"},
    "palate.service.queries": {"fastapi", "pydantic", "starlette"},
    "palate.service.connections": {"uvicorn"},
    "palate.service.model_routes": {"fastapi"},
    "palate.service.routes": {"fastapi"},
}


def layer_of(module: str) -> str:
    """Return the layer of a dotted module name of palate."""
    if module in DOORS:
        return DOORS[module]
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else "face"


def name_of(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imported_modules(path: Path) -> list[tuple[int, bool, str]]:
    """Return (line, at module level, dotted name) of every import in a file, wherever it stands."""
    tree = ast.parse(path.read_text("utf-8"))
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    lazy = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or for_types(outer)
        for inner in ast.walk(outer)
    }
    return [
        (node.lineno, id(node) not in lazy, name)
        for node in ast.walk(tree)
        for name in names_imported_by(node, package)
    ]


def for_types(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, which never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def names_imported_by(node: ast.AST, package: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        # `from palate import kernels` imports a module of palate, `from palate.data import Ratings`
        # a name of one
        inner = [f"{module}.{alias.name}" for alias in node.names]
        return inner if module == "palate" else [name if is_module(name) else module for name in inner]
    if isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func) and node.args:
        first = node.args[0]
        return [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
    return []


def is_module(name: str) -> bool:
    """Return whether palate has a module or a package of this dotted name."""
    path = SOURCE.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@functools.cache
def imports_inside_layers() -> set[tuple[str, str]]:
    """Return (module, imported module) of every import inside one layer, also of imports inside functions."""
    return {
        (name_of(path), imported)
        for path in MODULES
        for _, _, imported in imported_modules(path)
        if imported.startswith("palate.")
        and is_module(imported)
        and layer_of(imported) == layer_of(name_of(path))
    } - {(name_of(path), name_of(path)) for path in MODULES}


def on_circles(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the edges of a graph that lie on a circle: their end reaches their start.

    >>> sorted(on_circles({(1, 2), (2, 3), (3, 1), (3, 4), (5, 1)}))
    [(1, 2), (2, 3), (3, 1)]
    """
    reach = {start: {start} for edge in edges for start in edge}
    grew = True
    while grew:
        before = {start: len(found) for start, found in reach.items()}
        for start, end in edges:
            reach[start] |= reach[end]
        grew = any(len(found) > before[start] for start, found in reach.items())
    return {(start, end) for start, end in edges if start in reach[end]}


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


def test_every_package_is_in_a_layer_and_every_other_module_is_named():
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    modules = {path.stem for path in SOURCE.glob("*.py")} & set(LAYERS)
    face = {name_of(path) for path in SOURCE.glob("*.py") if path.stem not in modules}
    assert packages - set(LAYERS) == set(), "name the layer of a new package in LAYERS"
    assert set(LAYERS) - {"face"} - packages - modules == set(), "there is no such package: shorten LAYERS"
    assert face <= FACE | set(DOORS), "name a new module beside the packages in FACE"


def test_no_module_inside_a_layer_reaches_itself():
    found = on_circles(imports_inside_layers() - set(CIRCLES))
    assert not found, "these imports form a circle: " + ", ".join(sorted(map(" -> ".join, found)))


@pytest.mark.parametrize("closing", CIRCLES, ids=" -> ".join)
def test_a_named_circle_is_still_there(closing):
    others = imports_inside_layers() - set(CIRCLES)
    assert on_circles(others | {closing}), "this circle is gone: shorten CIRCLES"
    assert CIRCLES[closing]


def test_circles_are_found():
    assert on_circles({("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "a")}) == {
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
    }
    assert on_circles({("a", "b"), ("a", "c"), ("b", "c")}) == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_what_a_user_has(path):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    installed = {re.match(r"[\w-]+", requirement)[0] for requirement in project["dependencies"]} | {
        "llvmlite",
        "palate",
    }
    foreign = [
        f"{path}:{line}: {name}"
        for line, at_module_level, name in imported_modules(path)
        if name.split(".")[0]
        not in installed
        | sys.stdlib_module_names
        | (ENTRIES.get(name_of(path), set()) if at_module_level else OPTIONAL)
    ]
    assert foreign == []


@pytest.mark.parametrize(
    ("module", "imported", "problem"),
    [
        ("palate.kernels.tile", "palate.data.columns", "kernels must not import data"),
        ("palate.kernels.tile", "polars", "kernels import only llvmlite, numba, numpy"),
        ("palate.kernels.tile", "palate.kernels.rows", None),
        ("palate.data.ratings", "palate.model", "data must not import model"),
        ("palate.evaluation", "palate.inspect", "evaluation must not import inspect"),
        ("palate.model.file.loading", "palate.Ratings", "model must not import face"),
        ("palate.cli.train", "palate.LeastSquares", None),
        ("palate", "palate.training.als.least_squares", None),
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
        "import numpy as np\nfrom palate import kernels\nfrom . import columns\nfrom ..model.file import "
        "save_model\n"
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


def texts_in(node: ast.AST) -> list[str]:
    """Return the texts that stand in an expression."""
    return [
        inner.value
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    ]


def names_link(node: ast.AST) -> bool:
    """Return whether an expression is a link: the name, an attribute, an entry or a `getattr` of it."""
    if isinstance(node, ast.Name):
        return node.id == "link"
    if isinstance(node, ast.Attribute):
        return node.attr == "link"
    if isinstance(node, ast.Subscript):
        return "link" in texts_in(node.slice)
    return isinstance(node, ast.Call) and "link" in [text for arg in node.args for text in texts_in(arg)]


def comparisons_of_links(source: str) -> list[int]:
    """Return the lines in which a link is compared with a text, or looked up in a table of texts."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(names_link, sides)) and any(texts_in(side) for side in sides if not names_link(side)):
                lines.append(node.lineno)
        elif (isinstance(node, ast.Match) and names_link(node.subject)) or (
            isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict) and names_link(node.slice)
        ):
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", [path for path in MODULES if LIKELIHOODS not in path.parents], ids=name_of)
def test_only_likelihoods_know_what_a_link_means(path):
    found = comparisons_of_links(path.read_text("utf-8"))
    assert not found, f"ask model.likelihood instead of comparing the link: {path}, lines {found}"


@pytest.mark.parametrize(
    ("source", "n"),
    [
        ('model.link == "ordinal"', 1),
        ('"identity" != trainer.link', 1),
        ('link in ("bounded", "ordinal")', 1),
        ('about["link"] == "ordinal"', 1),
        ('getattr(model, "link", None) == "identity"', 1),
        ('{"identity": 0, "bounded": 1}[model.link]', 1),
        ("match model.link:\n    case 'bounded': pass", 1),
        ("link == BOUNDED", 0),
        ("model.user_link is None", 0),
        ("one.link == other.link", 0),
        ('kind == "ordinal"', 0),
    ],
)
def test_comparisons_of_links_are_found(source, n):
    assert len(comparisons_of_links(source)) == n
