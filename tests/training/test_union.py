"""Going on from a model with other ratings: who is forgotten, and how nobody is."""

import warnings

import numpy as np
import pytest

import palate
from palate.data.catalog import Catalog
from palate.model.joined import UnionWarning, catalog_of_both
from palate.training.training_data import StartWarning

OLD = palate.Ratings.from_arrays(
    [u for u in range(20) for _ in range(6)],
    [(u * 3 + k * 5) % 30 for u in range(20) for k in range(6)],
    [1 + (u + k) % 5 for u in range(20) for k in range(6)],
    scale=(1, 5),
)
NEW = palate.Ratings.from_arrays([0, 0, 50], [0, 100, 5], [5, 1, 2], scale=(1, 5))
TRAINER = palate.LeastSquares(n_factors=2, max_sweeps=3)


@pytest.fixture(scope="module")
def start():
    return TRAINER.fit(OLD, validation=0.1)


def test_who_is_forgotten_is_said_with_numbers(start):
    with pytest.warns(
        StartWarning, match=r"has 19 users and 28 items without ratings here, which the new model"
    ):
        TRAINER.fit(NEW, start=start)
    with pytest.warns(StartWarning, match="has 19 users and 28 items"):
        palate.Gibbs(n_factors=2, sweeps=12, burn_in=2).fit(NEW, start=start)


def test_the_same_ratings_forget_nobody_and_the_history_is_kept(start, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        second = TRAINER.fit(OLD, start=start)
        third = TRAINER.fit(OLD, start=second)
    assert [one.sweeps for one in third.history.earlier] == [start.history.sweeps, second.history.sweeps]
    assert all(not one.earlier for one in third.history.earlier)
    third.save(tmp_path / "m.palate")
    assert palate.load(tmp_path / "m.palate").history == third.history
    assert palate.History.from_dict(third.history.to_dict()) == third.history


@pytest.mark.parametrize(
    ("users", "items", "message"),
    [
        ([100, 101], [0, 1], r"none of the 2 users is known to it \('100' here, '0' there\)"),
        ([0, 1], ["0", "1"], r"its item ids are integers, these are strings: '0' here, '0' there"),
    ],
)
def test_a_start_that_knows_nobody_is_refused(start, users, items, message):
    with pytest.raises(ValueError, match=message):
        TRAINER.fit(palate.Ratings.from_arrays(users, items, [1, 5]), start=start)


def test_the_union_holds_both_and_new_ratings_win(start):
    pair = OLD.user_index[0], OLD.item_index[0]
    user, item = OLD.users.id(pair[0]), OLD.items.id(pair[1])
    new = palate.Ratings.from_arrays([user, user, 50], [item, 100, 5], [5 if OLD.value[0] != 5 else 1, 1, 2])
    with pytest.warns(UnionWarning, match="1 ratings? of the model"):
        both = palate.union(start, new)
    found = dict(
        zip(zip(*both.to_frame()["user_id", "item_id"].get_columns(), strict=True), both.value, strict=True)
    )
    expected = dict(
        zip(zip(*OLD.to_frame()["user_id", "item_id"].get_columns(), strict=True), OLD.value, strict=True)
    )
    expected |= dict(
        zip(zip(*new.to_frame()["user_id", "item_id"].get_columns(), strict=True), new.value, strict=True)
    )
    assert found == expected
    assert both.scale == (1, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = TRAINER.fit(both, start=start)
    assert model.n_users == 21
    assert int(model.ratings.held_out.sum()) == int(start.ratings.held_out.sum())  # its split is kept


def test_what_has_no_union(start):
    with pytest.raises(TypeError, match="user ids must be integers as in the model; got strings"):
        palate.union(start, palate.Ratings.from_arrays(["a"], [1], [1]))
    bare = palate.LeastSquares(n_factors=1, max_sweeps=1).fit(OLD)
    from dataclasses import replace

    with pytest.raises(ValueError, match="must have its ratings"):
        palate.union(replace(bare, ratings=None), NEW)
    timed = palate.Ratings.from_arrays([0], [1], [1], timestamp=np.array([7]))
    with pytest.warns(UnionWarning, match="the model's ratings have no timestamps"):
        assert palate.union(start, timed).timestamp is None


def test_catalogs_of_both(start):
    import polars as pl

    mine = Catalog.from_frame(pl.DataFrame({"item_id": [0], "title": ["New"]}))
    assert catalog_of_both(start, mine) is mine  # the model knows no titles
    known = TRAINER.fit(
        OLD, catalog=Catalog.from_frame(pl.DataFrame({"item_id": [0, 3], "title": ["Old", "Three"]}))
    )
    titles = dict(catalog_of_both(known, mine).frame["item_id", "title"].iter_rows())
    assert (titles[0], titles[3]) == ("New", "Three")
    assert dict(catalog_of_both(known, None).frame["item_id", "title"].iter_rows())[0] == "Old"
