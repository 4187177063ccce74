"""Least squares of counts that are graded ratings, and whose old pairs count less."""

from dataclasses import asdict, replace

import numpy as np
import pytest

import palate


def table(rng, n_users=25, n_items=14, values=(1, 6), **options):
    users, items = np.nonzero(rng.random((n_users, n_items)) < 0.4)
    return palate.Ratings.from_arrays(
        users,
        items,
        rng.integers(*values, len(users)),
        timestamp=rng.integers(0, 1000, len(users)),
        **options,
    )


def graded(form="linear", **options):
    return palate.LeastSquares.for_counts(
        form, n_factors=3, l2_user=1.0, l2_item=1.0, max_sweeps=4, **options
    )


@pytest.mark.parametrize("form", ["linear", "one-plus", "everywhere"])
def test_a_half_life_is_a_weight_of_each_pair(rng, form):
    ratings = table(rng)
    recent = (2.0 ** (-(ratings.timestamp.max() - ratings.timestamp) / 300)).astype(np.float32)
    model = graded(form, half_life=300).fit(ratings, validation=0)
    same = graded(form).fit(replace(ratings, weight=recent), validation=0)
    np.testing.assert_array_equal(model.item_factors, same.item_factors)
    np.testing.assert_array_equal(model.user_factors, same.user_factors)


def test_grades_are_the_counts(rng):
    ratings = table(rng, scale=(1, 5))
    x = 0.25 + 0.75 * (ratings.value - 1) / 4
    model = graded(grades="ratings").fit(ratings, validation=0)
    same = graded().fit(replace(ratings, value=x.astype(np.float32), scale=(0, 1)), validation=0)
    np.testing.assert_array_equal(model.item_factors, same.item_factors)
    assert model.scale is None
    alike = graded(grades="alike").fit(ratings, validation=0)
    ones = graded().fit(replace(ratings, value=np.ones_like(ratings.value), scale=(1, 1)), validation=0)
    np.testing.assert_array_equal(alike.item_factors, ones.item_factors)


def test_a_stored_user_is_the_fold_in_of_their_own_choices_and_explained(rng, tmp_path):
    ratings = table(rng, scale=(1, 5))
    model = graded(grades="ratings", half_life=200).fit(ratings, validation=0)
    model.save(tmp_path / "model.palate")
    loaded = palate.load(tmp_path / "model.palate")
    assert loaded.grades == model.grades
    own = ratings.user_index == 3
    given = {"timestamps": ratings.timestamp[own][::-1]}
    folded = loaded.fold_in(ratings.item_index[own][::-1], ratings.value[own][::-1], **given)
    np.testing.assert_allclose(folded.factors[0], model.user_factors[0, 3], atol=1e-5)
    undated = loaded.fold_in(ratings.item_index[own], ratings.value[own])
    assert np.abs(undated.factors - folded.factors).max() > 1e-3
    for user in (3, folded, undated):
        told = loaded.explain(user, 5)
        parts = told.table.filter(told.table["part"] != "total")["contribution"].sum()
        assert parts == pytest.approx(float(loaded.predict(user, 5)), abs=1e-4)
        assert "remainder" not in told.table["part"].to_list()


def test_an_update_gives_old_choices_their_weight(rng):
    ratings = table(rng)
    trainer = graded(half_life=200)
    late = ratings.timestamp > 900
    model = trainer.fit(ratings.select(~late), validation=0)
    found = model.update(ratings.select(late))
    users = np.unique(ratings.user_index[late])
    for user in users[:3]:
        own = ratings.user_index == user
        folded = found.fold_in(ratings.item_index[own], ratings.value[own], timestamps=ratings.timestamp[own])
        np.testing.assert_allclose(folded.factors[0], found.user_factors[0, user], atol=1e-4)
    with pytest.raises(ValueError, match="must have timestamps for this model"):
        model.update(palate.Ratings.from_arrays([3], [4], [2]))


def test_what_it_cannot_do_is_said(rng):
    ratings = table(rng)
    with pytest.raises(ValueError, match="half_life must be left out for ratings"):
        palate.LeastSquares(half_life=30).fit(ratings)
    with pytest.raises(ValueError, match="grades must be none for ratings"):
        palate.LeastSquares(grades="ratings").fit(ratings)
    with pytest.raises(ValueError, match="half_life must be above 0"):
        graded(half_life=0).fit(ratings)
    with pytest.raises(ValueError, match="must have timestamps"):
        graded(half_life=10).fit(replace(ratings, timestamp=None), validation=0)
    assert "grades_resolved" not in graded().fit(ratings, validation=0).trainer
    plain = graded().fit(ratings, validation=0)
    with pytest.raises(ValueError, match="timestamps"):
        plain.fold_in([1], [2], timestamps=[4])
    held = graded(half_life=10).fit(ratings, validation=0.2)
    assert held.trainer["grades_resolved"] == asdict(held.grades)
