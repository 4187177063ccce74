"""The documentation site: every page and every public name has a place, and nothing is loaded from elsewhere.

`make check` builds the site itself; here the parts that could leave something out in silence are tested.
"""

import importlib.util
import re
from pathlib import Path

import pytest

import palate

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def build_docs():
    spec = importlib.util.spec_from_file_location("build_docs", ROOT / "scripts" / "build_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_name_has_a_page(build_docs):
    names = build_docs.public_names()
    assert len(set(names)) == len(names)
    modules = {name for name in palate.__all__ if type(getattr(palate, name)).__name__ == "module"}
    assert {f"palate.{name}" for name in set(palate.__all__) - modules} <= set(names)
    assert all(any(name.startswith(f"palate.{module}.") for name in names) for module in modules)
    index = build_docs.reference_index(names)
    assert all(f"   {name}\n" in index for name in names)


def test_the_page_of_a_class_shows_its_members(build_docs):
    assert ".. autoclass:: palate.Ratings\n   :members:\n" in build_docs.reference_page("palate.Ratings")
    assert ".. autofunction:: palate.read\n" in build_docs.reference_page("palate.read")


def test_every_page_is_in_the_contents_once(build_docs):
    pages = {
        path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in (ROOT / "docs").rglob("*.md")
    }
    found = re.findall(r"^docs/(.+)$", build_docs.contents(pages | {"zzz"}), re.MULTILINE)
    assert sorted(found) == sorted([*pages, "zzz", "reference/index"])
    assert found[-1] == "zzz"  # a page that no section names


def test_the_sections_name_pages_that_exist(build_docs):
    named = {page for pages in build_docs.SECTIONS.values() for page in pages if "*" not in page}
    assert [page for page in named if not (ROOT / "docs" / f"{page}.md").exists()] == []


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ('<script src="https://cdn.example/x.js"></script>', 1),
        ('<script defer src="//cdn.example/x.js"></script>', 1),
        ('<link rel="stylesheet" type="text/css" href="http://fonts.example/x.css" />', 1),
        ('<link href="https://fonts.example/" rel="preconnect">', 1),
        ('<img alt="x" src="https://shields.example/x.svg">', 1),
        ("@import url(https://fonts.example/x.css);", 1),
        ("@font-face { src: url('https://fonts.example/x.woff2') }", 1),
        ('<a href="https://example.org">a link is followed by people</a>', 0),
        (
            '<script src="_static/x.js"></script><link rel="stylesheet" href="_static/x.css"><img '
            'src="a.png">',
            0,
        ),
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(build_docs, text, n):
    assert len(build_docs.loaded_from_elsewhere(text)) == n


def test_the_glossary_has_each_term_once():
    rows = re.findall(
        r"^\| ([^|]+) \|[^|]*\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE
    )
    terms = [term for term, _ in rows if term not in ("term", "---")]
    assert len(terms) > 50
    assert len({term.lower() for term in terms}) == len(terms)
    assert all(meaning.rstrip().endswith(".") for term, meaning in rows if term not in ("term", "---"))
