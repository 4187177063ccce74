"""The pages of items and users, and the HTML that reports become."""

import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

import palate
from palate.inspect import inspect_model, item_page, user_page

HOSTILE = [
    '<script>alert("x")</script>',
    "a & b",
    "'\"><img src=x onerror=alert(1)>",
    "</title><b>",
    "nul\x00 \u202e bidi",
]


@pytest.fixture(scope="module")
def model():
    """Return a model of 30 users and 5 items with titles nobody should trust; user 0 loves the
    first genre.
    """
    rng = np.random.default_rng(4)
    users, items = np.nonzero(rng.random((30, 5)) < 0.7)
    values = rng.integers(1, 6, len(users))
    ratings = palate.Ratings.from_arrays(users, items, values, scale=(1, 5))
    table = pl.DataFrame(
        {"item_id": range(5), "title": HOSTILE, "genres": ["<i>A</i>", "<i>A</i>|B", "B", "B", None]}
    )
    return palate.LeastSquares(n_factors=2).fit(
        ratings, catalog=palate.Catalog.from_frame(table), validation=0.1
    )


class Page(HTMLParser):
    """Collects tags, addresses and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.handlers, self.texts = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("what", ["model", "item", "user"])
def test_a_page_loads_nothing_and_runs_nothing(model, tmp_path, what):
    pytest.importorskip("matplotlib")
    report = {"model": inspect_model, "item": lambda m: item_page(m, 0), "user": lambda m: user_page(m, 0)}[
        what
    ](model)
    report.html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    page = Page(text)
    assert not page.tags & {"script", "link", "iframe", "object", "b", "i", "base", "form"}
    assert page.handlers == []
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in page.addresses)
    assert any(address.startswith("data:") for address in page.addresses)
    assert HOSTILE[0] in page.texts  # as text
    assert "\x00" not in text
    assert "\u202e" not in text
    assert re.search(
        r"""http-equiv="Content-Security-Policy" """
        r"""content="default-src 'none'; img-src data:; style-src 'sha256-""",
        text,
    )
    assert "http://" not in text.replace("http-equiv", "")
    assert "https://" not in text


def test_the_policy_allows_the_style(model):
    import base64
    import hashlib

    from palate.inspect.html import page
    from palate.inspect.report import Report

    text = page(Report(title="x", text=(), sections=()))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert (
        base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        in text.split("</style>")[0].split("<style>")[0]
    )


def test_page_of_an_item(model):
    page = item_page(model, 2)
    matrix = model.ratings
    values = matrix.values()[matrix.items == 2]
    assert page["ratings"]["n"].to_list() == [int((values == level).sum()) for level in matrix.levels]
    assert page["ratings"]["share"].sum() == pytest.approx(1)
    assert page["predictions"]["mean"].to_list() == [
        pytest.approx(model.predict(range(30), 2).mean(), rel=1e-5)
    ]
    numbers = dict(page["numbers"].select("figure", "value").rows())
    assert numbers["ratings"] == len(values)
    assert numbers["mean rating"] == pytest.approx(values.mean())
    assert numbers["norm"] == pytest.approx(np.linalg.norm(model.item_factors[0, 2]))
    assert 2 not in page["similar"]["item_id"].to_list()
    assert page.text == ("Item 2.", "B.")


def test_page_of_a_user(model):
    page = user_page(model, 0, n=2)
    assert page["rated"]["rating"].to_list() == pl.DataFrame(model.rated(0))["rating"].to_list()[:2]
    assert page["best"]["item_id"].to_list() == pl.DataFrame(model.recommend(0, 2))["item_id"].to_list()
    assert (
        page["worst"]["item_id"].to_list()
        == pl.DataFrame(model.recommend(0, 2, ascending=True))["item_id"].to_list()
    )
    assert page["similar"].columns == ["user_id", "n_ratings", "similarity"]
    assert list(page) == ["numbers", "ratings", "rated", "best", "worst", "similar"]


def test_pages_of_a_model_without_ratings_catalog_or_factors(model):
    bare = dataclasses.replace(model, ratings=None, catalog=None)
    assert list(user_page(bare, 0)) == ["numbers", "best", "worst", "similar"]
    assert list(item_page(bare, 0)) == ["numbers", "predictions", "similar"]
    assert item_page(bare, 0).title == "Item 0"
    ratings = palate.Ratings.from_arrays([1, 1, 2], ["a", "b", "a"], [5, 3, 4], scale=(1, 5))
    baseline = palate.Baseline().fit(ratings, validation=0)
    assert "similar" not in [*user_page(baseline, 1), *item_page(baseline, "a")]


def test_pages_in_pandas(model):
    pandas = pytest.importorskip("pandas")
    page = user_page(dataclasses.replace(model, frame_kind="pandas"), 0)
    assert {type(page[name]) for name in page} == {pandas.DataFrame}


def test_unknown_ids(model):
    with pytest.raises(KeyError, match="unknown user id 99"):
        user_page(model, 99)
    with pytest.raises(KeyError, match="unknown item id 99"):
        item_page(model, 99)


def test_pictures_go_into_a_folder(model, tmp_path):
    pytest.importorskip("matplotlib")
    paths = inspect_model(model).plot(tmp_path / "new" / "folder")
    assert [path.rsplit("/", 1)[1] for path in paths] == [
        "weights.png",
        "norms.png",
        "predictions.png",
        "obscurity.png",
    ]
    assert all((tmp_path / "new" / "folder" / path).read_bytes().startswith(b"\x89PNG") for path in paths)


def test_without_matplotlib(model, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "palate\[plots\]"'):
        inspect_model(model).plot(tmp_path / "none")
    assert not (tmp_path / "none").exists()
