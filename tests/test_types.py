"""Parameters say what they take: the number of those typed `Any` only falls."""

import ast
from collections import Counter
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "palate"
MOST = 53  # parameters typed Any; lower it whenever there are fewer


def parameters_typed_any(source: str) -> list[str]:
    """Return the names of the parameters that are typed `Any`, those of nested functions included.

    >>> parameters_typed_any("def f(self, a: Any, b: int, *rest: Any, c: Any = 1, **more: object): ...")
    ['a', 'c', 'rest']
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            every += [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
            found += [
                one.arg
                for one in every
                if isinstance(one.annotation, ast.Name) and one.annotation.id == "Any"
            ]
    return found


def test_the_count_itself():
    source = "def f(self, a: Any, b: int, *rest: Any, c: Any = 1, **more: object): ..."
    assert parameters_typed_any(source) == ["a", "c", "rest"]


def test_parameters_typed_any_only_become_fewer():
    rooms = Counter(
        {path: len(parameters_typed_any(path.read_text(encoding="utf-8"))) for path in SOURCE.rglob("*.py")}
    )
    worst = ", ".join(f"{path.relative_to(SOURCE)} ({count})" for path, count in rooms.most_common(5))
    assert rooms.total() <= MOST, f"{rooms.total()} parameters are typed Any, more than {MOST}: see {worst}"
