"""The lists of every user in one file: the same as in memory, in any blocks, after any interrupt."""

import dataclasses
import json
import uuid
import warnings

import numpy as np
import polars as pl
import pytest

import palate
from palate.lists import streaming
from palate.lists.filters import EmptyResultWarning

N_USERS = 50


def model_of(trainer=None, users=None, seed=0):
    rng = np.random.default_rng(seed)
    user, item = np.nonzero(rng.random((N_USERS, 30)) < 0.4)
    value = rng.integers(1, 6, len(user)).astype(float)
    labels = user if users is None else [users(int(one)) for one in user]
    catalog = palate.Catalog.from_frame(
        pl.DataFrame({"item_id": np.arange(30), "title": [f"Film {one}" for one in range(30)]})
    )
    trainer = trainer or palate.LeastSquares(n_factors=3, max_sweeps=4)
    return trainer.fit(
        palate.Ratings.from_arrays(labels, item, value, scale=(1, 5)), validation=0, catalog=catalog
    )


@pytest.fixture(scope="module")
def model():
    return model_of()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Make blocks of 7 users at n = 3."""
    monkeypatch.setattr(streaming, "ROWS_PER_BLOCK", 21)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"min_ratings": 12},
        {"exclude_seen": False, "ascending": True},
        {"where": "title = 'Film 3'"},
        {"explore": "thompson"},
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_file_holds_what_recommend_returns(model, tmp_path, options):
    if "explore" in options:
        model = model_of(palate.Gibbs(n_factors=2, sweeps=6, burn_in=3))
    path = model.recommend_all(tmp_path / "lists.parquet", n=3, **options)
    whole = model.recommend(None, 3, **options).drop("title", "n_ratings", "mean_rating")
    assert pl.read_parquet(path).equals(whole)
    assert [file.name for file in tmp_path.iterdir()] == ["lists.parquet"]


@pytest.mark.parametrize("trainer", [palate.Recommender(), palate.LinearItems(), palate.Popular()], ids=str)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_kind_of_model_writes_its_lists(tmp_path, trainer):
    if isinstance(trainer, palate.Recommender):
        rng = np.random.default_rng(0)
        user, item = np.nonzero(rng.random((N_USERS, 30)) < 0.4)
        model = trainer.fit(
            palate.Ratings.from_arrays(user, item, rng.integers(1, 6, len(user)), scale=(1, 5))
        )
    else:
        model = model_of(trainer)
    frame = pl.read_parquet(model.recommend_all(tmp_path / "lists.parquet", n=3))
    whole = model.recommend(None, 3)
    assert frame.equals(whole.select(frame.columns))
    assert "title" not in frame.columns


@pytest.mark.parametrize(
    "users",
    [lambda one: f"user {one:02d}", lambda one: uuid.UUID(int=one), lambda one: 2**63 + one],
    ids=["text", "uuid", "unsigned"],
)
def test_any_kind_of_ids(tmp_path, users):
    model = model_of(users=users)
    frame = pl.read_parquet(model.recommend_all(tmp_path / "lists.parquet", n=3))
    assert frame["user_id"].to_list() == model.recommend(None, 3)["user_id"].to_list()


def test_it_goes_on_after_an_interrupt_and_makes_the_same_file(model, tmp_path):
    def interrupt(done, of):
        if done == 21:
            raise KeyboardInterrupt

    path = tmp_path / "lists.parquet"
    with pytest.raises(KeyboardInterrupt):
        model.recommend_all(path, n=3, progress=interrupt)
    assert not path.exists()
    kept = {
        file.name: file.stat().st_mtime_ns for file in (tmp_path / "lists.parquet.parts").glob("*.parquet")
    }
    assert len(kept) == 3
    seen = []

    def look(done, of):
        seen.append((done, of))
        for name, written in kept.items():
            assert (tmp_path / "lists.parquet.parts" / name).stat().st_mtime_ns == written, "made again"

    model.recommend_all(path, n=3, progress=look)
    assert seen == [(min(done, N_USERS), N_USERS) for done in range(7, N_USERS + 7, 7)]
    model.recommend_all(tmp_path / "again.parquet", n=3)
    assert path.read_bytes() == (tmp_path / "again.parquet").read_bytes()


def test_a_part_that_was_cut_off_is_made_again(model, tmp_path):
    parts = tmp_path / "lists.parquet.parts"
    with pytest.raises(KeyboardInterrupt):
        model.recommend_all(tmp_path / "lists.parquet", n=3, progress=stop)
    (parts / "000000000007.unfinished").write_bytes(b"PAR1 half")
    frame = pl.read_parquet(model.recommend_all(tmp_path / "lists.parquet", n=3))
    assert frame.equals(model.recommend(None, 3).select(frame.columns))


def stop(done, of):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"n": 4}, "n, block"),
        ({"min_ratings": 2}, "options"),
        ({"exclude_items": [1]}, "options"),
        ({"threads": 1}, None),
    ],
)
def test_parts_of_other_lists_are_refused(model, tmp_path, change, named):
    path = tmp_path / "lists.parquet"
    with pytest.raises(KeyboardInterrupt):
        model.recommend_all(path, n=3, progress=stop)
    options = {"n": 3, **change}
    if named is None:
        assert model.recommend_all(path, **options) == path
        return
    with pytest.raises(
        ValueError,
        match=f"has parts made with another {named}. Remove that folder, or name another file",
    ):
        model.recommend_all(path, **options)


def test_parts_of_another_model_or_another_folder_are_refused(model, tmp_path):
    path = tmp_path / "lists.parquet"
    with pytest.raises(KeyboardInterrupt):
        model.recommend_all(path, n=3, progress=stop)
    with pytest.raises(ValueError, match="has parts made with another model"):
        model_of(seed=1).recommend_all(path, n=3)
    (tmp_path / "mine.parquet.parts").mkdir()
    (tmp_path / "mine.parquet.parts" / "letter.txt").write_text("dear")
    with pytest.raises(ValueError, match="with another model, catalog, n, block, options"):
        model.recommend_all(tmp_path / "mine.parquet", n=3)
    assert (tmp_path / "mine.parquet.parts" / "letter.txt").read_text() == "dear"


def test_parts_of_another_catalog_are_refused(model, tmp_path):
    genres = [["Drama"] if one % 2 else ["War", "Drama"] for one in range(30)]
    frame = pl.DataFrame({"item_id": np.arange(30), "genres": genres})
    path = tmp_path / "lists.parquet"
    with pytest.raises(KeyboardInterrupt):
        dataclasses.replace(model, catalog=palate.Catalog.from_frame(frame)).recommend_all(
            path, progress=stop
        )
    genres[3] = ["War"]
    changed = frame.with_columns(pl.Series("genres", genres))
    with pytest.raises(ValueError, match="has parts made with another catalog"):
        dataclasses.replace(model, catalog=palate.Catalog.from_frame(changed)).recommend_all(path)


def test_a_model_that_was_loaded_again_goes_on(model, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        model.recommend_all(tmp_path / "lists.parquet", n=3, progress=stop)
    model.save(tmp_path / "model.palate")
    palate.load(tmp_path / "model.palate").recommend_all(tmp_path / "lists.parquet", n=3)
    plan = json.dumps(streaming._plan(model, 3, 7, {}))
    assert plan == json.dumps(streaming._plan(palate.load(tmp_path / "model.palate"), 3, 7, {}))


def test_users_without_a_list_are_counted_once(model, tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = model.recommend_all(tmp_path / "lists.parquet", n=3, candidates=[0])
    listed = pl.read_parquet(path)["user_id"].n_unique()
    assert 0 < listed < N_USERS
    assert [str(one.message) for one in caught if one.category is EmptyResultWarning] == [
        f"no item is left to recommend to {N_USERS - listed} of {N_USERS} users, who are not in '{path}'."
    ]


def test_only_a_parquet_file_is_written(model, tmp_path):
    with pytest.raises(ValueError, match=r"path must end in .parquet; got 'lists.csv'"):
        model.recommend_all("lists.csv")
    with pytest.raises(ValueError, match="n must be at least 1; got 0"):
        model.recommend_all(tmp_path / "lists.parquet", n=0)
    with pytest.raises(ValueError, match="users must be left out of recommend_all"):
        model.recommend_all(tmp_path / "lists.parquet", users=[1])
    with pytest.raises(FileNotFoundError, match=r"no such folder\): create the folder first"):
        model.recommend_all(tmp_path / "none" / "lists.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_option_leaves_no_parts_in_the_way_of_the_right_one(model, tmp_path):
    path = tmp_path / "lists.parquet"
    for options, error in (({"minratings": 2}, TypeError), ({"where": "yaer > 1"}, ValueError)):
        with pytest.raises(error):
            model.recommend_all(path, n=3, **options)
    with pytest.raises(FileNotFoundError, match=r"no such folder\): create the folder first"):
        model.recommend_all(tmp_path / "none" / "lists.parquet")
    assert list(tmp_path.iterdir()) == []
    model.recommend_all(path, n=3)
