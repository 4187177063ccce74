"""What is public is documented: names, verbs, commands and options.

The lists of exceptions only shrink.
"""

import ast
import functools
import importlib.util
import inspect
import pkgutil
import re
import textwrap
from functools import cached_property
from pathlib import Path

import pytest

import palate
from palate.factors.parts import Part

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_IN_DOCS: set[str] = set()  # public names that README and docs do not mention yet
NO_SECTIONS = {  # docstrings that do not tell their parameters yet
    "FactorModel",
    "History.from_dict",
    "SweepReport",
}
NO_EXAMPLE = {"FactorModel", "History", "SweepReport"}  # public functions and classes without an example yet


def _stands_in_palate(name: str) -> bool:
    """Return whether a dotted name is that of a module, or of something in one."""
    try:
        pkgutil.resolve_name(f"palate.{name}")
    except (ImportError, AttributeError):
        return False
    return True


def test_the_calls_in_the_architecture_name_modules_that_exist():
    text = (ROOT / "docs" / "architecture.md").read_text()
    names = re.findall(
        r"`([a-z_]+(?:\.\w+)+)`", text.split("## Two calls, step by step")[1].split("\n## ")[0]
    )
    assert len(names) > 20
    assert [name for name in names if not _stands_in_palate(name)] == []
    assert not _stands_in_palate("training.als.sweeps.run_sweeps")


@functools.cache  # asked by every case
def public_objects() -> dict[str, object]:
    """Return what `palate.__all__` names, and what its modules name in turn, by dotted name."""
    found: dict[str, object] = {}
    for name in [*palate.__all__, *palate._FOR_OTHERS]:
        thing = getattr(palate, name)
        if inspect.ismodule(thing):
            found |= {f"{name}.{inner}": getattr(thing, inner) for inner in public_names(thing)}
        elif inspect.isclass(thing) or inspect.isroutine(thing):
            found[name] = thing
    return found


def public_names(module) -> list[str]:
    """Return `__all__`, or else the classes and functions of palate that a module shows."""
    things = {name: thing for name, thing in vars(module).items() if not name.startswith("_")}
    ours = [
        name
        for name, thing in things.items()
        if (getattr(thing, "__module__", None) or "").startswith("palate")
    ]
    return getattr(module, "__all__", ours)


def public_methods(cls: type) -> dict[str, object]:
    """Return the public methods that this class of palate defines itself, unwrapped."""
    return {
        name: getattr(cls, name)
        for name, value in vars(cls).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or isinstance(value, classmethod | staticmethod))
    }


@functools.cache  # asked by every case
def callables() -> dict[str, object]:
    """Return every public class, function and method by dotted name; exceptions take what
    `Exception` takes.
    """
    found = {}
    for name, thing in public_objects().items():
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            continue
        found[name] = thing
        if inspect.isclass(thing):
            found |= {f"{name}.{method}": value for method, value in public_methods(thing).items()}
    return found


def documented_parameters(docstring: str) -> list[str]:
    """Return the names under the numpydoc headings Parameters and Attributes.

    >>> documented_parameters(
    ...     "x\\n\\nParameters\\n----------\\na, b : int\\n    Text.\\n*rest\\n\\nReturns\\n-------\\nint"
    ... )
    ['a', 'b', 'rest']
    """
    names: list[str] = []
    for section in re.split(r"\n(?=\w[\w ]*\n-{3,}\n)", docstring):
        heading, _, body = section.strip("\n").partition("\n")
        if heading in ("Parameters", "Other Parameters", "Attributes"):
            for line in body.splitlines()[1:]:
                if match := re.match(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", line):
                    names += [name.strip(" *") for name in match[1].split(",")]
    return names


def parameters_of(thing) -> list[str]:
    """Return the names of the parameters; a protocol is not called, and takes none."""
    if getattr(thing, "_is_protocol", False):
        return []
    return [name for name in inspect.signature(thing).parameters if name not in ("self", "cls")]


POINTER = re.compile(r"\bparameters(?: and (?:the )?errors)? are those of `([\w.]+)`", re.IGNORECASE)
SEE = re.compile(r"\bsee `([\w.]+)`", re.IGNORECASE)


def pointed_at(name: str, pointer: str) -> object | None:
    """Return the public callable that a docstring points to, by its full name or by the name of a
    sibling method.
    """
    everything, owner = callables(), name.rpartition(".")[0]
    return everything.get(f"{owner}.{pointer}", everything.get(pointer.removeprefix("palate.")))


def exchanged(names: list[str]) -> list[str]:
    """Return names with user and item exchanged."""
    twin = {"user": "item", "item": "user"}
    return [re.sub(r"user|item", lambda found: twin[found[0]], name) for name in names]


def documented_elsewhere(name: str, docstring: str) -> list[str]:
    """Return the parameters that are documented in the docstring that this one points to, and
    further on from there.
    """
    found: list[str] = []
    for pointer in POINTER.findall(" ".join(docstring.split())):
        target = pointed_at(name, pointer)
        assert target is not None, f"{name} points to `{pointer}`, which is not public"
        text = inspect.getdoc(target) or ""
        names = documented_parameters(text) + documented_elsewhere(target.__qualname__, text)
        found += exchanged(names) if "with the sides exchanged" in docstring else names
    return found


def mismatch(name: str, thing) -> str | None:
    """Return how a docstring and a signature differ, or None."""
    docstring, expected = inspect.getdoc(thing) or "", parameters_of(thing)
    own = documented_parameters(docstring)
    if not docstring:
        return "has no docstring"
    if inspect.isclass(thing):
        own = [
            one for one in own if one in expected
        ]  # attributes that are not parameters may be documented beside them
    if len(own) != len(set(own)):
        return f"documents a parameter twice: {own}"
    if invented := [one for one in own if one not in expected]:
        return f"documents {invented}, takes {expected}"
    elsewhere = documented_elsewhere(name, docstring)
    # A docstring without sections may speak of its parameters in a sentence, in backticks: `users`,
    # `kind="numpy"`.
    unsaid = (
        [one for one in expected if re.search(rf"`{one}(?:=[^`]*)?`", docstring) is None]
        if not own
        else expected
    )
    if missing := [one for one in unsaid if one not in own + elsewhere]:
        return f"does not document {missing}"
    returns = inspect.signature(thing).return_annotation
    if (
        inspect.isroutine(thing)
        and returns not in (None, "None")
        and not re.search(r"^(Returns|Yields)\n-", docstring, re.M)
    ):
        return None if re.match(r"(Returns?|Yields?)\b", docstring) else "does not say what it returns"
    return None


def f(one, two, *, three=3) -> None:
    """Stand for a documented function."""


@pytest.mark.parametrize(
    ("docstring", "problem"),
    [
        ("Use `one`, `two` and `three=3`.", None),
        ("Use one, two and three.", "does not document ['one', 'two', 'three']"),
        ("Use `one`, `two` and `three`, see `palate.read`.", None),
        ("Do this, see `palate.read`.", "does not document ['one', 'two', 'three']"),
        ("Do this.\n\nParameters\n----------\none, two : int", "does not document ['three']"),
        (
            "Do.\n\nParameters\n----------\none, two, three, four : int",
            "documents ['four'], takes ['one', 'two', 'three']",
        ),
        ("Do.\n\nParameters\n----------\none, two, three, one : int", "documents a parameter twice"),
        ("Use `one`, `two`. Parameters are those of `Baseline.fit`.", "does not document ['three']"),
        (None, "has no docstring"),
    ],
)
def test_the_rule_itself(monkeypatch, docstring, problem):
    monkeypatch.setattr(f, "__doc__", docstring)
    found = mismatch("f", f)
    assert (found is None) if problem is None else found.startswith(problem)


def test_a_pointer_leads_to_a_public_docstring():
    assert "validation" in documented_elsewhere("KerasNetwork.fit", palate.KerasNetwork.fit.__doc__)
    assert "users" in documented_elsewhere(
        "FactorModel.fold_in_item", palate.FactorModel.fold_in_item.__doc__
    )
    with pytest.raises(AssertionError, match="points to `nowhere`, which is not public"):
        documented_elsewhere("read", "Parameters are those of `nowhere`.")


@pytest.mark.parametrize("name", callables())
def test_docstring_matches_the_signature(name):
    problem = mismatch(name, callables()[name])
    assert (problem is not None) == (name in NO_SECTIONS), (
        problem or f"{name} is documented: shorten NO_SECTIONS."
    )


@pytest.mark.parametrize("name", callables())
def test_summary_is_one_line(name):
    """numpydoc and the site's tables show the first line alone."""
    summary, _, rest = (inspect.getdoc(callables()[name]) or "").partition("\n")
    assert summary.endswith("."), summary
    assert not rest or rest.startswith("\n"), "the summary goes on in a second line"


def resolves(dotted: str) -> bool:
    try:
        pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError, ValueError):
        return False
    return True


@pytest.mark.parametrize("name", callables())
def test_see_leads_somewhere(name):
    thing = callables()[name]
    for pointer in SEE.findall(inspect.getdoc(thing) or ""):
        inner = f"{name}.{pointer}" in callables() or pointer in parameters_of(thing)
        assert inner or pointed_at(name, pointer) is not None or resolves(pointer), (
            f"{name}: see `{pointer}` leads nowhere"
        )


def properties() -> dict[str, object]:
    """Return the public properties of public classes by dotted name."""
    return {
        f"{name}.{inner}": value
        for name, thing in public_objects().items()
        if inspect.isclass(thing)
        for inner, value in vars(thing).items()
        if not inner.startswith("_") and isinstance(value, property | cached_property | Part)
    }


@pytest.mark.parametrize("name", properties())
def test_a_property_has_a_docstring(name):
    assert inspect.getdoc(properties()[name])


@pytest.mark.parametrize("name", public_objects())
def test_public_name_has_an_example(name):
    thing = public_objects()[name]
    is_error = inspect.isclass(thing) and issubclass(thing, BaseException)
    missing = not is_error and ">>>" not in (inspect.getdoc(thing) or "")
    assert missing == (name in NO_EXAMPLE)


def test_exceptions_are_of_names_that_exist():
    assert set(callables()) >= NO_SECTIONS
    assert set(public_objects()) >= NO_EXAMPLE
    assert set(in_documentation()) >= NOT_IN_DOCS


class Code:
    """The code of the pages: names taken from palate, attributes, and what stands in backticks in
    the prose.
    """

    def __init__(self, text: str):
        self.dotted: set[str] = set()  # palate.read, palate.datasets.load
        self.attributes: set[str] = set()  # recommend, of model.recommend
        self.spans: set[str] = set()  # Split, of a mention of `Split` in a sentence
        outside = re.sub(r"^ *(`{3,})(\w*).*?\n(.*?)^ *\1", self.block, text, flags=re.MULTILINE | re.DOTALL)
        for span in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", outside):
            self.span(span)

    def block(self, match: re.Match) -> str:
        if match[2] == "python":
            lines = textwrap.dedent(match[3]).splitlines()
            if any(line.startswith(">>> ") for line in lines):
                lines = [line[4:] for line in lines if line.startswith((">>> ", "... "))]
            self.add(ast.parse("\n".join(lines)))
        return ""

    def span(self, text: str) -> None:
        """Add a code span of the prose: `Ratings`, `model.recommend(user)`, `palate.read`."""
        if match := re.match(r"(?:palate\.)?\.?([A-Za-z_][\w.]*)", text):
            self.dotted.add(match[1])
            self.attributes.add(match[1].rpartition(".")[2])
            self.spans.add(match[1])

    def add(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                self.attributes.add(node.attr)
                self.dotted.add(ast.unparse(node).removeprefix("palate."))
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "palate":
                inside = node.module.removeprefix("palate").lstrip(".")
                self.dotted |= {f"{inside}.{alias.name}".lstrip(".") for alias in node.names}


def in_documentation() -> list[str]:
    """Return the names that README and docs must show: what is public, and the verbs of a model."""
    return [*public_objects(), *(f"FactorModel.{verb}" for verb in public_methods(palate.FactorModel))]


@pytest.fixture(scope="module")
def code():
    return Code("\n".join(page.read_text("utf-8") for page in PAGES))


@pytest.mark.parametrize("name", in_documentation())
def test_public_name_is_in_the_code_of_the_documentation(name, code):
    owner, _, last = name.rpartition(".")
    shown = last in code.attributes if owner == "FactorModel" else name in code.dotted or last in code.spans
    assert shown == (name not in NOT_IN_DOCS)


def test_words_of_prose_are_no_names():
    found = Code(
        "Read and load them; `average(models)`.\n```python\nm = palate.load('x')  # "
        "read\nm.save('y')\n```\n```\ncompare\n```\n"
    )
    assert found.dotted == {"load", "m.save", "average"}
    assert found.attributes == {"load", "save", "average"}


@pytest.fixture(scope="module")
def write_commands():
    spec = importlib.util.spec_from_file_location("write_commands", ROOT / "scripts" / "write_commands.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option_says_what_it_does(write_commands):
    silent = []
    for name, command in write_commands.commands().items():
        if not command.help or not re.search(rf"\b{name}\b", command.help + (command.epilog or "")):
            silent.append(f"{name} must have help with an example")
        silent += [
            f"{name} {parameter.opts[-1]} must have help"
            for parameter in command.params
            if not parameter.help
        ]
    assert silent == []


def test_the_page_of_commands_is_current(write_commands):
    page = ROOT / "docs" / "commands.md"
    assert page.read_text("utf-8") == write_commands.page(), (
        "run scripts/write_commands.py and commit docs/commands.md"
    )


# Words of before, for which docs/glossary.md has the word of today.
OLD_WORDS = frozenset(
    [
        "contestant",
        "deny",
        "denied",
        "era",
        "eras",
        "foretell",
        "home",
        "mend",
        "mood",
        "moods",
        "prepared",
        "sitting",
        "sittings",
        "spread",
        "sure",
        "sureness",
        "taste",
        "tastes",
        "worst",
    ]
)


def test_public_names_and_options_use_the_words_of_the_glossary():
    from typer.main import get_command

    from palate.cli import app

    names = set(callables())
    names |= {
        f"{name}({parameter})" for name, thing in callables().items() for parameter in parameters_of(thing)
    }

    def walk(command):
        yield from (option for one in command.params for option in one.opts)
        for inner in getattr(command, "commands", {}).values():
            yield from walk(inner)

    names |= set(walk(get_command(app)))
    old = {name for name in names if OLD_WORDS & set(re.split(r"[\W_]+", name.lower()))}
    assert old == set()
