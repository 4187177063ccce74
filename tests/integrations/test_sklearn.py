"""`palate.sklearn`: an estimator that scikit-learn's own checks and tools take for one of theirs."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import palate
from palate.sklearn import RatingRegressor

SMALL = palate.LeastSquares(n_factors=2, max_sweeps=3)
CANNOT = {  # checks of scikit-learn that cannot apply, and why
    "check_sample_weight_equivalence_on_dense_data": "its X is of fractions, which are no ids; below with "
    "ids",
}


def table(n=400, seed=0):
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(40 * 30)[:n]
    users, items = pairs // 30, pairs % 30
    likes = rng.normal(size=40)[users] + rng.normal(size=30)[items]
    return np.column_stack([users, items]), np.clip(np.round(3 + likes), 1, 5)


@parametrize_with_checks(
    [RatingRegressor(SMALL, user=0, item=1, validation=0.0)], expected_failed_checks=lambda estimator: CANNOT
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_a_weight_of_nothing_leaves_a_row_out():
    X, y = table()
    weights = np.where(np.arange(len(y)) % 3, 2.0, 0.0)
    whole = RatingRegressor(SMALL, validation=0.0).fit(X, y, sample_weight=weights)
    part = RatingRegressor(SMALL, validation=0.0).fit(
        X[weights > 0], y[weights > 0], sample_weight=weights[weights > 0]
    )
    assert np.array_equal(whole.predict(X), part.predict(X))


def test_it_predicts_as_the_model_does():
    X, y = table()
    estimator = RatingRegressor(SMALL).fit(X, y)
    model = SMALL.fit(palate.Ratings.from_arrays(X[:, 0], X[:, 1], y))
    assert np.array_equal(estimator.predict(X), model.predict(X[:, 0], X[:, 1]))
    assert estimator.recommend(3, n=4).equals(model.recommend(3, n=4))


@pytest.mark.parametrize(
    "frame",
    [
        lambda X: pd.DataFrame(X, columns=["u", "i"]),
        lambda X: pl.DataFrame({"u": X[:, 0], "i": X[:, 1]}),
        lambda X: X.astype(float),
        lambda X: X.astype(object),
        lambda X: X.tolist(),
    ],
    ids=["pandas", "polars", "floats", "objects", "lists"],
)
def test_the_same_pairs_in_any_form_are_the_same(frame):
    X, y = table()
    expected = RatingRegressor(SMALL).fit(X, y).predict(X)
    assert np.array_equal(RatingRegressor(SMALL).fit(frame(X), y).predict(frame(X)), expected)


def test_ids_of_a_list_keep_their_kinds():
    X = [("al", 1), ("al", 2), ("bo", 1), ("bo", 3)]
    model = RatingRegressor(SMALL, validation=0.0).fit(X, [5, 3, 4, 1]).model_
    assert (model.users.kind, model.items.kind) == ("str", "int")


def test_columns_by_name_and_place():
    X, y = table()
    frame = pd.DataFrame({"note": "x", "item": X[:, 1], "when": np.arange(len(y)), "who": X[:, 0]})
    expected = RatingRegressor(SMALL).fit(X, y).predict(X)
    assert np.array_equal(
        RatingRegressor(SMALL, user="who", item="item").fit(frame, y).predict(frame), expected
    )
    assert np.array_equal(RatingRegressor(SMALL, user=-1, item=1).fit(frame, y).predict(frame), expected)


def test_times_reach_the_trainer():
    X, y = table()
    when = np.linspace(1.4e9, 1.6e9, len(y)).round()
    timed = np.column_stack([X, when])
    estimator = RatingRegressor(
        palate.Gibbs(n_factors=2, sweeps=6, burn_in=2, time="bins"), timestamp=2, validation=0.0
    )
    model = estimator.fit(timed, y).model_
    assert np.array_equal(
        estimator.predict(timed), model.predict(X[:, 0], X[:, 1], unknown="baseline", timestamps=when)
    )


def test_a_grid_finds_the_planted_number_of_factors():
    rng = np.random.default_rng(0)
    p, q = rng.normal(size=(60, 2)), rng.normal(size=(50, 2))
    X = np.argwhere(rng.random((60, 50)) < 0.6)
    y = (p @ q.T)[X[:, 0], X[:, 1]]
    base = RatingRegressor(palate.LeastSquares(l2_user=0.1, l2_item=0.1), validation=0.0)
    search = GridSearchCV(base, {"trainer__n_factors": [1, 2]}, scoring="neg_root_mean_squared_error", cv=3)
    search.fit(X, y)
    assert search.best_params_ == {"trainer__n_factors": 2}
    assert search.best_estimator_.trainer == palate.LeastSquares(n_factors=2, l2_user=0.1, l2_item=0.1)
    assert base.trainer.n_factors == 32, "the search works on clones"


def test_pipeline_and_cross_validation():
    X, y = table()
    whole = Pipeline([("keep", FunctionTransformer()), ("rate", RatingRegressor(SMALL))])
    whole.set_params(rate__trainer__max_sweeps=2, rate__clip=True)
    assert whole["rate"].trainer.max_sweeps == 2
    scores = cross_val_score(whole, X, y, cv=3)
    assert np.isfinite(scores).all()
    assert scores.max() < 1


def test_clones_share_nothing_that_changes():
    one = RatingRegressor(SMALL)
    other = clone(one).set_params(trainer__n_factors=5)
    assert one.get_params()["trainer__n_factors"] == 2
    assert other.get_params()["trainer__n_factors"] == 5
    assert RatingRegressor().set_params(trainer__n_factors=7).trainer == palate.LeastSquares(n_factors=7)


def test_unknown_ids_fall_back_as_asked():
    X, y = table()
    new = np.array([[999, X[0, 1]], [X[0, 0], 999]])
    estimator = RatingRegressor(SMALL).fit(X, y)
    assert np.array_equal(
        estimator.predict(new), estimator.model_.predict(new[:, 0], new[:, 1], unknown="baseline")
    )
    assert np.isnan(estimator.set_params(unknown="nan").predict(new)).all()
    with pytest.raises(KeyError, match="999"):
        estimator.set_params(unknown="raise").predict(new)


@pytest.mark.parametrize(
    "trainer",
    [palate.Baseline(), palate.Recommender(), palate.Gibbs(n_factors=2, sweeps=4, burn_in=1)],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_trainer_of_ratings_fits(trainer):
    X, y = table()
    estimator = RatingRegressor(trainer, validation=0.1).fit(X, y)
    assert estimator.predict(X).shape == y.shape
    assert estimator.score(X, y) > 0
    assert len(estimator.recommend(int(X[0, 0]), n=3)) == 3


class Plain:
    """A trainer of one's own: no dataclass, and a model of few verbs."""

    def fit(self, ratings, **options):
        return palate.Baseline().fit(ratings, validation=0)


def test_a_trainer_of_ones_own():
    X, y = table()
    estimator = RatingRegressor(Plain()).fit(X, y)
    assert "trainer__n_factors" not in estimator.get_params()
    with pytest.raises(ValueError, match="parameters cannot be named here; set trainer= itself"):
        estimator.set_params(trainer__n_factors=2)


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (
            [[1, 2, 3]],
            {},
            r"X must have 2 columns, users and items, where user= and item= do not name them; got 3 feature",
        ),
        ([[1, 2]], {"timestamp": 1}, "X must have 3 columns, users and items and times"),
        ([[1, 2, 3]], {"user": 0}, "user and item must be named together; got user=0 and item=None"),
        (
            [[1, 2, 3]],
            {"user": 0, "item": 3},
            r"item must be a column of X, which has 3 feature\(s\): 0, 1, 2; got 3",
        ),
        ([[1, 2, 3]], {"user": "who", "item": 1}, "user must be a column of X, .*; got 'who'"),
        (np.array([[1, 2.5]]), {}, "item must hold ids: whole numbers or text; got .*2.5.* in row 0"),
        (np.array([[1, 1e17]]), {}, "item must hold ids"),
        (np.array([[1, np.nan]]), {}, "NaN"),
    ],
)
def test_what_is_no_table_of_pairs_is_refused(X, options, message):
    with pytest.raises(ValueError, match=message):
        RatingRegressor(SMALL, **options).fit(X, [3.0] * len(X))


def test_other_mistakes():
    X, y = table()
    with pytest.raises(
        ValueError, match="trainer__factors must name a hyper-parameter of LeastSquares: it has n_factors"
    ):
        RatingRegressor().set_params(trainer__factors=3)
    with pytest.raises(ValueError, match="Invalid parameter"):
        RatingRegressor().set_params(factors=3)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        RatingRegressor().fit(X, y[:-1])
    with pytest.raises(ValueError, match="y must hold the ratings"):
        RatingRegressor().fit(X, None)


def test_trainers_of_scores_and_what_is_no_trainer():
    X, y = table()
    for trainer in (palate.LeastSquares, "als"):
        with pytest.raises(TypeError, match=r"trainer must have the method fit\(ratings\)"):
            RatingRegressor(trainer).fit(X, y)
    with pytest.raises(ValueError, match="unknown must be one of 'baseline', 'nan', 'raise'; got 'drop'"):
        RatingRegressor(unknown="drop").fit(X, y)
    with pytest.raises(ValueError, match="item must be another column than user"):
        RatingRegressor(user=0, item=0).fit(X, y)
    with pytest.warns(UserWarning, match="Spectral predicts scores, which rank items but are not ratings"):
        RatingRegressor(palate.Spectral()).fit(X, y)
