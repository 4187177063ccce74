"""Models made of models: every field is somebody's, and what is taken and put together again is the same."""

import dataclasses

import numpy as np
import pytest

import palate
from palate.factors.likelihood.base import Learned
from palate.factors.parts import PARTS, Parts
from palate.factors.taking import changed, stack, take
from palate.model.factor_model import FactorModel


@pytest.fixture(scope="module")
def model():
    """Return a model that has nearly everything: draws, noise of rows, levels, features and time."""
    rng = np.random.default_rng(0)
    users, items = np.nonzero(rng.random((12, 9)) < 0.6)
    values = rng.integers(1, 6, len(users))
    times = 10**9 + rng.integers(0, 10**7, len(users))
    ratings = palate.Ratings.from_arrays(users, items, values, timestamp=times, scale=(1, 5))
    trainer = palate.Gibbs(
        n_factors=2,
        sweeps=8,
        burn_in=4,
        likelihood="ordinal",
        time="bins,sessions",
        user_features="rated",
        item_features="raters",
    )
    return trainer.fit(ratings, validation=0)


def arrays_of(model):
    """Return the arrays of a model by name, those within its parts, too."""
    found = {}

    def add(name, value):
        if isinstance(value, np.ndarray):
            found[name] = value
        elif isinstance(value, tuple):
            for number, part in enumerate(value):
                add(f"{name}.{number}", part)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                add(f"{name}.{field.name}", getattr(value, field.name))

    for field in dataclasses.fields(model):
        if field.name not in ("users", "items", "catalog", "ratings", "history"):
            add(field.name, getattr(model, field.name))
    return found


def assert_same(one, other):
    first, second = arrays_of(one), arrays_of(other)
    assert set(first) == set(second)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


def test_every_part_has_a_name_and_stands_where_the_name_says(model):
    holders = {"user": model.factors.user, "item": model.factors.item, "": model.factors}
    held = {
        (holder, field.name)
        for holder, one in holders.items()
        for field in dataclasses.fields(one)
        if field.name not in ("user", "item", "likelihood", "name")
    }
    held |= {("likelihood", name) for name in Learned._fields if name != "scale"}
    assert {(part.holder, part.field) for part in PARTS.values()} == held
    for name, part in PARTS.items():
        one = model.likelihood.learned if part.holder == "likelihood" else holders[part.holder]
        assert getattr(model, name) is getattr(one, part.field), name
    assert set(Parts.__annotations__) == set(PARTS)


def test_a_model_is_made_of_factors_or_of_their_parts(model):
    rest = {"users": model.users, "items": model.items, "scale": model.scale}
    parts = {name: getattr(model, name) for name in PARTS}
    assert_same(FactorModel(**rest, **parts), FactorModel(**rest, factors=model.factors))
    shifted = FactorModel(**rest, factors=model.factors, global_mean=model.global_mean + 1)
    assert shifted.factors.user is model.factors.user
    np.testing.assert_array_equal(shifted.global_mean, model.global_mean + 1)


def test_a_part_that_there_is_not_is_named(model):
    with pytest.raises(
        TypeError, match=r"FactorModel takes no argument 'user_factor'\. Did you mean user_factors=\?"
    ):
        FactorModel(users=model.users, items=model.items, user_factor=model.user_factors)


def test_a_bounded_likelihood_follows_the_scale():
    ratings = palate.Ratings.from_arrays([1, 1, 2], [1, 2, 1], [1, 5, 3], scale=(1, 5))
    bounded = palate.LeastSquares(n_factors=1, link="bounded").fit(ratings, validation=0)
    assert dataclasses.replace(bounded, scale=(0, 6)).likelihood.range == (0, 6)
    plain = dataclasses.replace(bounded, link="identity", scale=None)
    assert plain.likelihood.range is None


def test_cutpoints_are_of_the_ordinal_link_alone(model):
    with pytest.raises(ValueError, match=r"cutpoints must be left out for link='identity'"):
        changed(model, link="identity")


def test_draws_taken_apart_and_stacked_are_the_model(model):
    parts = [take(model, draws=slice(draw, draw + 1)) for draw in range(model.n_draws)]
    assert len(parts) == 4
    assert_same(stack(parts), model)
    users, items = np.arange(12), np.arange(12) % 9
    means = np.mean([part.score_pairs(users, items) for part in parts], axis=0)
    np.testing.assert_allclose(model.score_pairs(users, items), means, atol=1e-5)


def test_all_rows_in_their_order_are_the_model(model):
    assert_same(take(model, user_rows=np.arange(12), item_rows=np.arange(9)), model)


def test_rows_answer_as_they_do_in_the_whole_model(model):
    users, items = np.array([5, 0, 5]), np.array([8, 2])
    small = take(model, user_rows=users, item_rows=items)
    assert (small.n_users, small.n_items, small.ratings) == (3, 2, None)
    for row, user in enumerate(users):
        np.testing.assert_array_equal(
            small.score_pairs(np.full(2, row), np.arange(2)), model.score_pairs(np.full(2, user), items)
        )
    times = np.array([10**9 + 5 * 10**6])
    np.testing.assert_array_equal(
        small.predict(0, 1, timestamps=times), model.predict(5, 2, timestamps=times)
    )
    assert small.item_link.groups[0].weights.shape[1] == 3  # the bag of raters holds the users taken


def test_a_new_row_is_at_its_prior_mean(model):
    small = take(model, user_rows=np.array([-1, 3]), item_rows=np.array([-1]))
    np.testing.assert_array_equal(small.user_factors[:, 0], model.user_prior.mean[:, :-1])
    np.testing.assert_array_equal(small.item_bias[:, 0], model.item_prior.mean[:, -1])
    assert (small.user_noise.scale[:, 0] == 1).all()
    assert small.context.user_time_bin[0] == model.context.n_time_bins - 1
    assert small.context.sessions.indptr[1] == 0
    assert (small.item_link.groups[0].weights[:, 0] == 0).all()


def test_fields_that_are_given_are_taken_as_they_are(model):
    ratings = model.ratings
    assert take(model, user_rows=np.arange(12), ratings=ratings).ratings is ratings
    assert changed(model, frame_kind="pandas").frame_kind == "pandas"
