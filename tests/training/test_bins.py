"""What least squares learns of time: planted eras, the objective, the stored users, and what a model
does with a time.
"""

import numpy as np
import pytest

import palate
from palate import LeastSquares, Ratings

SILENT = {"callback": lambda report: None, "seed": 0}


def planted(n_users=120, n_items=60, per_user=40):
    """Return ratings whose level rises by 2 over time, and ratings held out."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(n_users), per_user)
    items = np.concatenate([rng.choice(n_items, per_user, replace=False) for _ in range(n_users)])
    times = rng.integers(0, 10**8, len(users))
    biases = rng.normal(size=n_users)[users] * 0.4 + rng.normal(size=n_items)[items] * 0.4
    values = 3 + biases + 2 * times / 10**8 + 0.3 * rng.normal(size=len(users))
    ratings = Ratings.from_arrays(users, items, values, timestamp=times)
    held = np.random.default_rng(1).random(len(ratings)) < 0.15
    return ratings.select(~held), ratings.select(held)


@pytest.fixture(scope="module")
def fitted():
    train, test = planted()
    return LeastSquares(n_factors=2, time="bins", l2_time=1.0).fit(train, **SILENT), train, test


def rmse(model, test):
    return palate.evaluate(model, test, k=(), baselines=False, resamples=0).value("rmse_unclipped")


def test_planted_time_bins_are_found(fitted):
    model, train, test = fitted
    assert rmse(model, test) < 0.4  # the noise is 0.3
    assert rmse(LeastSquares(n_factors=2).fit(train, **SILENT), test) > 0.6
    times = [int(train.timestamp.min()), int(train.timestamp.max())]
    first, last = (model.at(time).predict(list(range(50)), list(range(50))) for time in times)
    assert np.mean(last - first) == pytest.approx(2, abs=0.4)


def test_the_objective_falls_in_every_sweep():
    train, _ = planted(n_users=40)
    model = LeastSquares(n_factors=2, time="bins", tolerance=0.0, patience=20, max_sweeps=20).fit(
        train, validation=0, **SILENT
    )
    objective = [report.objective for report in model.history.sweeps]
    assert (np.diff(objective) < 1e-4 * np.abs(objective[1:])).all()


def test_what_is_validated_is_what_the_model_predicts_at_the_times(fitted):
    model, train, _ = fitted
    held = train.select(model.ratings.held_out)
    best = model.history.sweeps[model.history.best_sweep - 1]
    assert rmse(model, held) == pytest.approx(best.validation_rmse, abs=1e-4)


def test_a_user_folded_in_at_the_times_of_the_ratings_is_the_stored_user():
    train, _ = planted()
    items = train.items.ids()
    whole = LeastSquares(n_factors=2, time="bins", l2_time=1.0).fit(train, validation=0, **SILENT)
    for user in range(5):
        part = slice(train.user_indptr[user], train.user_indptr[user + 1])
        rated = train.items.take(train.item_index[part]), train.value[part]
        folded = whole.fold_in(*rated, timestamps=train.timestamp[part])
        assert whole.predict(folded, items) == pytest.approx(whole.predict(user, items), abs=1e-3)


def test_a_saved_model_answers_the_same_at_all_times(fitted, tmp_path):
    model, train, test = fitted
    model.save(tmp_path / "m.palate")
    loaded = palate.load(tmp_path / "m.palate")
    assert rmse(loaded, test) == rmse(model, test)
    time = int(train.timestamp.min())
    assert loaded.at(time).predict([1], [2]) == model.at(time).predict([1], [2])


def test_an_explanation_adds_up_to_the_prediction(fitted):
    model, _, _ = fitted
    explained = model.explain(3, 5)
    assert explained.frame["contribution"].sum() == pytest.approx(explained.score, abs=1e-4)
    assert explained.score == pytest.approx(float(model.predict(3, 5, clip=False)), abs=1e-4)
    assert "from one time bin to the next" in explained.remainder


def test_the_number_of_threads_changes_no_bit():
    train, _ = planted(n_users=40)
    one, two = (LeastSquares(n_factors=2, time="bins").fit(train, threads=n, **SILENT) for n in (1, 2))
    assert one.user_factors.tobytes() == two.user_factors.tobytes()
    assert one.context.item_shift.tobytes() == two.context.item_shift.tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": "sittings"}, "time must be"),
        ({"time": "bins", "link": "bounded"}, "link must be 'identity' with time='bins'"),
        ({"time": "bins", "unobserved_weight": 0.1}, "unobserved_weight must be 0.0 with time='bins'"),
        ({"time": "bins", "biases": False}, "biases must be True with time='bins'"),
        ({"time": "bins", "n_starts": 2}, "n_starts must be 1 with time='bins'"),
        ({"time": "bins", "l2_time": 0.0}, "l2_time must be above 0 with time='bins'"),
    ],
)
def test_what_is_not_fitted_with_time_is_refused(options, message):
    train, _ = planted(n_users=5)
    with pytest.raises(ValueError, match=message):
        LeastSquares(**options).fit(train)


def test_ratings_without_timestamps_are_refused():
    ratings = Ratings.from_arrays([1, 1, 2], [1, 2, 1], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="must have timestamps for a model with time"):
        LeastSquares(n_factors=1, time="bins").fit(ratings, validation=0)
