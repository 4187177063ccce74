"""What is derived of a model is held by the model, once, and is no part of what is copied or saved."""

import gc
import pickle
import weakref
from dataclasses import replace

import numpy as np
import pytest

import palate
from palate.factors.item_index import HoldsDerived, item_table, of_items, of_rows, share_items


@pytest.fixture
def model():
    ratings = palate.Ratings.from_arrays(["al", "al", "bo"], ["x", "y", "x"], [5, 3, 4], scale=(1, 5))
    return palate.Baseline().fit(ratings, validation=0)


def test_it_is_made_once_and_held_by_the_model(model):
    made = []
    for _ in range(2):
        assert of_rows(model, "answer", lambda scorer: made.append(scorer) or 42) == 42
    assert made == [model]
    assert model.derived.parts["answer"] == 42
    assert replace(model, frame_kind="pandas").derived.parts == {}


def test_a_model_with_the_items_of_another_has_what_was_made_of_that(model):
    small = model.with_users(model.users, model.ratings)
    other = replace(model)
    share_items(small, other)
    for one in (other, small, model):
        assert of_items(one, "whose", lambda scorer: scorer) is model
        assert item_table(one) is item_table(model)
    assert of_rows(small, "own", lambda scorer: scorer) is small


def test_of_a_scorer_that_holds_nothing_it_is_made_each_time(model):
    class Bare:
        users, items, ratings, catalog = model.users, model.items, model.ratings, model.catalog

    bare, made = Bare(), []
    for _ in range(2):
        of_rows(bare, "answer", made.append)
    assert made == [bare, bare]
    share_items(model, bare)
    assert item_table(bare).equals(item_table(model))


def test_it_is_not_pickled_with_the_model(model):
    item_table(model)
    assert "derived" in vars(model)
    assert "derived" not in model.__getstate__()
    assert "derived" not in vars(pickle.loads(pickle.dumps(model)))


def test_it_goes_with_the_model():
    class Holder(HoldsDerived):
        pass

    holder = Holder()
    gone = weakref.ref(of_rows(holder, "big", lambda _: np.zeros(3)))
    assert gone() is not None
    del holder
    gc.collect()
    assert gone() is None
