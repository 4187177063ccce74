"""What is public is documented: names, verbs, commands and options.

The lists of exceptions only shrink.
"""

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import palate

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_IN_DOCS: set[str] = set()  # public names that README and docs do not mention yet
NO_SECTIONS = {  # docstrings that do not tell their parameters yet
    "FactorModel",
    "History.from_dict",
    "SweepReport",
}
NO_EXAMPLE = {"FactorModel", "History", "SweepReport"}  # public functions and classes without an example yet


def public_objects() -> dict[str, object]:
    """Return what `palate.__all__` names, and what its modules name in turn, by dotted name."""
    found: dict[str, object] = {}
    for name in palate.__all__:
        thing = getattr(palate, name)
        if inspect.ismodule(thing):
            found |= {f"{name}.{inner}": getattr(thing, inner) for inner in public_names(thing)}
        elif inspect.isclass(thing) or inspect.isroutine(thing):
            found[name] = thing
    return found


def public_names(module) -> list[str]:
    """Return `__all__`, or else the classes and functions of palate that a module shows."""
    things = {name: thing for name, thing in vars(module).items() if not name.startswith("_")}
    ours = [name for name, thing in things.items() if (getattr(thing, "__module__", None) or "").startswith("palate")]
    return getattr(module, "__all__", ours)


def public_methods(cls: type) -> dict[str, object]:
    """Return the public methods that this class of palate defines itself, unwrapped."""
    return {
        name: getattr(cls, name)
        for name, value in vars(cls).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, classmethod | staticmethod))
    }


def callables() -> dict[str, object]:
    """Return every public class, function and method by dotted name; exceptions take what `Exception` takes."""
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

    >>> documented_parameters("x\\n\\nParameters\\n----------\\na, b : int\\n    Text.\\n*rest\\n\\nReturns\\n-------\\nint")
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
    return [name for name in inspect.signature(thing).parameters if name not in ("self", "cls")]


def mismatch(thing) -> str | None:
    """Return how a docstring and a signature differ, or None."""
    docstring, expected = inspect.getdoc(thing) or "", parameters_of(thing)
    found = documented_parameters(docstring)
    if not docstring:
        return "has no docstring"
    if re.search(r"\b[Ss]ee `[\w.]+`|[Pp]arameters\b.* are those of `[\w.]+`", docstring):
        return None  # documented once, where it points to
    if inspect.isclass(thing):
        # attributes that are not parameters may be documented beside them
        found = [name for name in found if name in expected]
    unsaid = [name for name in expected if re.search(rf"\b{name}\b", docstring) is None]
    # a short docstring may speak of its parameters in a sentence, and need not name the only one
    if sorted(found) != sorted(expected) and (found or (unsaid and len(expected) > 1)):
        return f"documents {found}, takes {expected}"
    returns = inspect.signature(thing).return_annotation
    if inspect.isroutine(thing) and returns not in (None, "None") and not re.search(r"^(Returns|Yields)\n-", docstring, re.M):
        return None if re.match(r"(Returns?|Yields?)\b", docstring) else "does not say what it returns"
    return None


@pytest.mark.parametrize("name", callables())
def test_docstring_matches_the_signature(name):
    problem = mismatch(callables()[name])
    assert (problem is not None) == (name in NO_SECTIONS), problem or f"{name} is documented: shorten NO_SECTIONS."


@pytest.mark.parametrize("name", public_objects())
def test_public_name_has_an_example(name):
    thing = public_objects()[name]
    is_error = inspect.isclass(thing) and issubclass(thing, BaseException)
    missing = not is_error and ">>>" not in (inspect.getdoc(thing) or "")
    assert missing == (name in NO_EXAMPLE)


@pytest.mark.parametrize("name", [*public_objects(), *(f"FactorModel.{verb}" for verb in public_methods(palate.FactorModel))])
def test_public_name_is_in_the_documentation(name):
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    word = name.split(".")[-1]
    missing = re.search(rf"\b{re.escape(word)}\b", text) is None
    assert missing == (name in NOT_IN_DOCS)


@pytest.fixture(scope="module")
def write_commands():
    spec = importlib.util.spec_from_file_location("write_commands", ROOT / "scripts" / "write_commands.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option_says_what_it_does(write_commands):
    silent = []
    for name, command in write_commands.commands().items():
        if not command.help or "palate " not in command.help + (command.epilog or ""):
            silent.append(f"{name} must have help with an example")
        silent += [f"{name} {parameter.opts[-1]} must have help" for parameter in command.params if not parameter.help]
    assert silent == []


def test_the_page_of_commands_is_current(write_commands):
    page = ROOT / "docs" / "commands.md"
    assert page.read_text("utf-8") == write_commands.page(), "run scripts/write_commands.py and commit docs/commands.md"
