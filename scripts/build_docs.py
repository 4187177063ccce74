"""Build the documentation site from README.md, docs/ and the docstrings of every public name; a
warning is an error.

`python scripts/build_docs.py [FOLDER]` writes the site to FOLDER, build/site by default. Nothing is
fetched: pages use the fonts of the reader's system, and the finished site is searched for anything
that a browser would load from elsewhere.
"""

import inspect
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
SECTIONS = {  # pages of docs/ by what a reader wants; a page that is named nowhere comes last
    "Tutorial": ["demo", "tutorial/README", "tutorial/*"],
    "User guide": [
        "library",
        "cli",
        "explorer",
        "data",
        "recommend",
        "explain",
        "evaluation",
        "uncertainty",
        "time",
        "inspect",
        "experiments",
    ],
    "How to": [
        "lists",
        "service",
        "updating",
        "examples",
        "coming-from",
        "other-data",
        "keras",
        "scikit-learn",
        "mlflow",
        "own-models",
        "spark",
        "calibration",
        "range",
    ],
    "Reference": ["reference/*", "commands", "model-file", "glossary", "versions"],
    "Explanation": ["model", "bayes", "prior", "obscurity", "benchmarks", "architecture"],
}
LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=\"(?:https?:)?//[^\"]*\""
    r"|<link\b(?=[^>]*\brel=\"(?:stylesheet|preconnect|preload|icon|manifest)\")[^>]*\bhref=\"(?:https?:)?//[^\"]*\""
    r"|(?:@import|url\()\s*[\"']?(?:https?:)?//[^\s\"')]*"
)
CONF = """
project = "palate"
author = copyright = "The palate developers"
release = version = {version!r}
extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
html_theme = "furo"
html_title = "palate " + release
exclude_patterns = ["LICENSES"]
default_role = "py:obj"  # `recommend` in a docstring becomes a link where there is such a name
numpydoc_show_class_members = False
autodoc_typehints = "none"  # the sections of the docstring say the types in words
autodoc_member_order = "bysource"
# scikit-learn writes these methods and their texts, which point at pages of its own
autodoc_default_options = {{"exclude-members": "set_fit_request, set_predict_request, set_score_request"}}
myst_heading_anchors = 4
html_copy_source = False
html_show_sourcelink = False
# formulas after `::` are no Python; sessions and named languages are still coloured
highlight_language = "none"
pygments_style, pygments_dark_style = "friendly", "native"
suppress_warnings = ["myst.header"]
"""


def public_names() -> list[str]:
    """Return the public names with a docstring of their own: of palate, and of the modules that it shows."""
    import palate

    found = []
    names = [*palate.__all__, *palate._FOR_OTHERS]
    first = [getattr(palate, name) for name in names]  # what a module shows again has its page already
    for name in names:
        thing = getattr(palate, name)
        if isinstance(thing, ModuleType):
            inner = [one for one in members(thing) if callable(getattr(thing, one))]
            inner = [one for one in inner if not any(getattr(thing, one) is known for known in first)]
            found += [f"palate.{name}.{one}" for one in inner]
        elif callable(thing):
            found.append(f"palate.{name}")
    return found


def members(module: ModuleType) -> list[str]:
    """Return `__all__` of a module, or else the names of palate that it shows."""
    ours = [
        name
        for name, thing in vars(module).items()
        if not name.startswith("_") and (getattr(thing, "__module__", None) or "").startswith("palate")
    ]
    return list(getattr(module, "__all__", ours))


def reference_page(name: str) -> str:
    """Return the page of one public name, in reStructuredText."""
    from pkgutil import resolve_name

    thing = resolve_name(name)
    kind = "class" if inspect.isclass(thing) else "function"
    lines = [name, "=" * len(name), "", ".. currentmodule:: palate", "", f".. auto{kind}:: {name}"]
    return "\n".join([*lines, *(["   :members:"] if kind == "class" else [])]) + "\n"


def reference_index(names: list[str]) -> str:
    """Return the page that lists all public names with the first sentence of each."""
    from pkgutil import resolve_name

    lines = [
        "Python reference",
        "================",
        "",
        "Every public name, from its docstring.",
        "",
        ".. list-table::",
        "",
    ]
    for name in names:
        summary = " ".join((inspect.getdoc(resolve_name(name)) or "").split("\n\n")[0].split())
        lines += [f"   * - :doc:`{name} <{name}>`", f"     - {summary}"]
    return (
        "\n".join([*lines, "", ".. toctree::", "   :hidden:", "", *(f"   {name}" for name in names)]) + "\n"
    )


def contents(pages: set[str]) -> str:
    """Return the tables of contents: each page of docs/ once, in the order of SECTIONS, the rest at
    the end.
    """
    left, parts = set(pages), []
    for title, patterns in SECTIONS.items():
        chosen: list[str] = []
        for pattern in patterns:
            fits = re.compile(re.escape(pattern).replace(r"\*", "[^/]*"))
            found = sorted(page for page in left if fits.fullmatch(page))
            # the list of names leads to each of them
            chosen += ["reference/index"] if pattern == "reference/*" else found
            left -= set(found)
        parts.append(toctree(title, chosen))
    return "\n".join([*parts, *([toctree("More", sorted(left))] if left else [])])


def toctree(title: str, pages: list[str]) -> str:
    """Return one hidden table of contents in Markdown, which the side bar shows."""
    return "\n".join(
        ["```{toctree}", ":hidden:", f":caption: {title}", "", *(f"docs/{page}" for page in pages), "```", ""]
    )


def write_sources(folder: Path) -> None:
    """Write what Sphinx reads: README as the first page, docs/ beside it, a page per public name,
    and what they link to.
    """
    import palate

    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("*.py", "*.toml"))
    for name in (
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "RELIABILITY.md",
        "SECURITY.md",
        "LICENSE",
        "pyproject.toml",
    ):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    for name in ("LICENSES", "examples", "benchmarks", "scripts"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    reference = folder / "docs" / "reference"
    reference.mkdir()
    names = public_names()
    (reference / "index.rst").write_text(reference_index(names), "utf-8")
    for name in names:
        (reference / f"{name}.rst").write_text(reference_page(name), "utf-8")
    pages = {
        path.relative_to(folder / "docs").with_suffix("").as_posix()
        for path in (folder / "docs").rglob("*.md")
    }
    outside = [*sorted(folder.glob("*.md")), *sorted((folder / "benchmarks").glob("*.md"))]
    others = [path.relative_to(folder).with_suffix("").as_posix() for path in outside]
    project = "\n".join(["```{toctree}", ":hidden:", ":caption: Project", "", *others, "```", ""])
    readme = (ROOT / "README.md").read_text("utf-8")
    (folder / "index.md").write_text(f"{readme}\n{contents(pages)}\n{project}", "utf-8")
    (folder / "conf.py").write_text(CONF.format(version=palate.__version__), "utf-8")


def loaded_from_elsewhere(text: str) -> list[str]:
    """Return what a browser would fetch from another host to show this page or style sheet."""
    return LOADED.findall(text)


def problems_of(site: Path) -> Iterator[str]:
    """Yield a line for each public name without a page, and for each thing that a page loads from
    elsewhere.
    """
    for name in public_names():
        page = site / "docs" / "reference" / f"{name}.html"
        if not page.exists() or f'id="{name}"' not in page.read_text("utf-8"):
            yield f"{name} must have its docstring in the site; {page} does not show it."
    for path in sorted([*site.rglob("*.html"), *site.rglob("*.css")]):
        for found in loaded_from_elsewhere(path.read_text("utf-8")):
            yield f"{path}: must load nothing from elsewhere; got {found}."


def main(site: Path) -> int:
    """Build the site and return 1 when something is wrong with it."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="palate-site-") as folder:
        write_sources(Path(folder))
        # one process: several would fork after Numba has started threads
        command = [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-E",
            "-b",
            "html",
            folder,
            str(site),
        ]
        if code := subprocess.run(command, check=False).returncode:
            return code
    problems = list(problems_of(site))
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    print(f"{site / 'index.html'}  {time.perf_counter() - started:.1f} s")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "site"))
