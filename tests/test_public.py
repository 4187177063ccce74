"""What the library raises, returns and documents has a name that a reader can look up."""

import ast
import builtins
import importlib
import inspect
import re
import typing
from pathlib import Path

import palate

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "palate"
PAGES = {path.name: path.read_text("utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
TEXT = "\n".join(PAGES.values())
CAUGHT = {  # classes that never reach a caller of the library
    "Damage": "becomes ModelFileError",
    "NotWhole": "the column is read again as text",
    "Wrong": "becomes the verdict of an exercise",
    "BadCursor": "becomes an answer of the service with status 400",
    "NoFolder": "becomes an answer of the service with status 409",
}
ROOMS_OF_THE_APP = ("app",)  # whose errors become answers of the service
NAME = r"(?<![\w/.'\"-])palate\.(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
OTHER_PROGRAMS = re.compile(r"`?(?:\$ )?python\s+benchmarks/[^`]*|gunicorn `[^`]*`")


def classes_of_errors(source: str) -> list[str]:
    """Return the public classes of a module that are built-in errors or warnings.

    >>> classes_of_errors("class A(ValueError): ...\\nclass _B(OSError): ...\\nclass C: ...")
    ['A']
    """

    def is_error(base: ast.expr) -> bool:
        kind = getattr(builtins, base.id, None) if isinstance(base, ast.Name) else None
        return isinstance(kind, type) and issubclass(kind, Exception)

    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and node.name[0] != "_" and any(map(is_error, node.bases))
    ]


def is_named(name: str) -> bool:
    """Return whether a class is a public name of palate, or a page names it as code."""
    return name in palate.__all__ or re.search(rf"`(?:\w+\.)*{name}\b", TEXT) is not None


def there(name: str) -> bool:
    """Return whether `palate.` and this name lead to something."""
    found: object = palate
    parts = name.split(".")
    for end, part in enumerate(parts, 1):
        if not hasattr(found, part):
            try:
                importlib.import_module(".".join(["palate", *parts[:end]]))
            except ImportError:
                return False
        found = getattr(found, part)
    return True


def test_errors_and_warnings_are_named():
    paths = [
        path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in ROOMS_OF_THE_APP
    ]
    found = {name: path for path in paths for name in classes_of_errors(path.read_text("utf-8"))}
    assert len(found) > 20
    assert sorted(name for name in found if not is_named(name)) == sorted(CAUGHT)


def test_classes_that_public_functions_return_are_named():
    silent = set()
    for name in palate.__all__:
        thing = getattr(palate, name)
        public = vars(thing).items() if inspect.isclass(thing) else [(name, thing)]
        for verb, function in public:
            if verb.startswith("_") or not inspect.isfunction(inspect.unwrap(function)):
                continue
            kind = inspect.unwrap(function).__annotations__.get("return")
            for one in typing.get_args(kind) or (kind,):
                if (
                    inspect.isclass(one)
                    and one.__module__.startswith("palate.")
                    and not is_named(one.__name__)
                ):
                    silent.add(f"{name}.{verb} -> {one.__name__}")
    assert silent == set()


def test_names_in_the_pages_are_there():
    found = {(page, match["name"]) for page, text in PAGES.items() for match in re.finditer(NAME, text)}
    assert len(found) > 100
    assert [(page, f"palate.{name}") for page, name in sorted(found) if not there(name)] == []


def test_options_in_the_pages_are_there():
    from typer.main import get_command

    from palate.cli.commands import app

    known, commands = {"--help"}, [get_command(app)]
    while commands:
        command = commands.pop()
        commands += getattr(command, "commands", {}).values()
        known |= {text for one in command.params for text in [*one.opts, *one.secondary_opts]}
    named = {
        (page, option)
        for page, text in PAGES.items()
        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", OTHER_PROGRAMS.sub("", text))
    }
    assert len(named) > 100
    assert sorted((page, option) for page, option in named if option not in known) == []
