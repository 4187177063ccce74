"""Fits at the ends of every hyper-parameter, on tables as small as they come: finite numbers
everywhere, or words that say why not.
"""

import pickle

import numpy as np
import polars as pl
import pytest

import palate
from palate import Baseline, Gibbs, LeastSquares, Popular, Spectral

FREE = {"l2_user": 0, "l2_item": 0}
HUGE = 1e30


def _table(name: str) -> palate.Ratings:
    rng = np.random.default_rng(3)
    user, item = np.nonzero(rng.random((12, 9)) < 0.5)
    users, items, values = {
        "common": (user, item, rng.integers(1, 6, len(user)).astype(float)),
        "one rating": ([1], [1], [3.0]),
        "one user": ([1] * 5, list(range(5)), [1.0, 2, 3, 4, 5]),
        "one item": (list(range(5)), [1] * 5, [1.0, 2, 3, 4, 5]),
        "all equal": ([1, 1, 2, 2, 3], [1, 2, 1, 3, 3], [4.0] * 5),
        "one rating per user": (list(range(4)), list(range(4)), [1.0, 2, 5, 4]),
    }[name]
    return palate.Ratings.from_arrays(
        users, items, values, timestamp=10**9 + 86_400 * np.arange(len(values)), scale=(1, 5)
    )


TABLES = ["common", "one rating", "one user", "one item", "all equal", "one rating per user"]


def squares(**given) -> LeastSquares:
    return LeastSquares(**{"n_factors": 2, "max_sweeps": 3, **given})


def draws(**given) -> Gibbs:
    return Gibbs(**{"n_factors": 2, "sweeps": 4, "burn_in": 2, **given})


FEATURES = {"user_features": "rated", "item_features": "raters"}
TRAINERS = [
    *(
        squares(**given)
        for given in (
            {"n_factors": 1},
            {"n_factors": 40},
            FREE,
            {**FREE, "biases": False},
            {**FREE, "l2_bias": 0, "n_factors": 9},
            {"l2_user": HUGE, "l2_item": HUGE, "l2_bias": HUGE},
            {"l2_user": 1e-300, "l2_item": 1e-300, "l2_bias": 1e-300},
            {"l1_bias": HUGE},
            {"l2_scaling": 0},
            {"l2_scaling": 1},
            {"l2_user": 0, "l2_scaling": 0, "l2_per_rating": HUGE},
            {"dropout": 0.999999},
            {**FREE, "dropout": 0.999999},
            {"unobserved_weight": 1.0, **FREE, "l2_bias": 0},
            {"unobserved_weight": HUGE},
            {"unobserved_weight": 1e-30},
            {"mean": False, "biases": False},
            {**FEATURES, "l2_features": HUGE},
            {**FEATURES, "l2_features": 1e-30},
            {"link": "bounded"},
            {**FREE, "link": "bounded", "l2_bias": 0, "n_factors": 9},
            {**FREE, "n_starts": 3, "n_factors": 9},
            {**FREE, "solver": "cg", "n_factors": 9},
        )
    ),
    *(
        LeastSquares.for_counts(form, **{"n_factors": 2, "max_sweeps": 3, **given})
        for form in ("one-plus", "linear", "everywhere")
        for given in ({}, {**FREE}, {"l2_user": HUGE, "l2_item": HUGE})
    ),
    *(
        draws(**given)
        for given in (
            {},
            {"noise": "shared"},
            {"likelihood": "ordinal"},
            {"likelihood": "ordinal", "noise": "shared"},
            {"time": "bins,sessions"},
            {"likelihood": "ordinal", "time": "bins,sessions"},
            {"n_factors": 20},
            {"n_chains": 2, "n_draws": 1},
            FEATURES,
            {"sweeps": 1, "burn_in": 0},
        )
    ),
    Baseline(damping_user=0, damping_item=0),
    Baseline(damping_user=HUGE, damping_item=HUGE),
    Baseline(max_sweeps=1),
    Popular(),
    Popular(half_life=1e-300),
    Popular(half_life=HUGE),
    *(
        Spectral(**given)
        for given in (
            {},
            {"n_factors": 1},
            {"grades": "alike"},
            {"least_grade": 1},
            {"user_exponent": 0, "item_exponent": 0, "popularity": 0},
            {"user_exponent": 1, "item_exponent": 1, "popularity": 1},
            {"filter": "ridge", "ridge": 0},
            {"filter": "ridge", "ridge": HUGE},
            {"power": 0},
            {"power": HUGE},
            {"half_life": 1e-300},
            {"passes": 1},
        )
    ),
]


def numbers(value) -> list[np.ndarray]:
    """Return all floats of an answer."""
    if isinstance(value, float | np.floating):
        return [np.array([value])]
    if isinstance(value, np.ndarray):
        return [value] if value.dtype.kind == "f" else []
    if isinstance(value, pl.DataFrame):
        return [column.drop_nulls().to_numpy() for column in value if column.dtype.is_float()]
    return [part for one in value for part in numbers(one)] if isinstance(value, list | tuple) else []


def questions(model, ratings, path) -> dict:
    user, items = ratings.users.id(0), ratings.items.ids()
    some = items[:2]

    def kept():
        model.save(path)
        return palate.load(path).predict(user, items)

    def inspected():
        return [section.frame for section in palate.inspect.inspect_model(model).sections]

    def folded():
        return model.fold_in(some, [4.0] * len(some))

    return {
        "predict": lambda: model.predict(user, items),
        "frame": lambda: model.predict_frame(user, items),
        "sure": lambda: model.predict(user, items, return_std=True, interval=0.8),
        "distribution": lambda: model.predict_distribution(user, items),
        "recommend": lambda: model.recommend(n=3, exclude_seen=False),
        "caution": lambda: model.recommend(user, 3, exclude_seen=False, caution=0.8),
        "similar": lambda: model.similar_items(items[0], 3),
        "fold_in": lambda: model.recommend(folded(), 3, exclude_seen=False),
        "fold_in sure": lambda: model.predict(folded(), items, return_std=True),
        "explain": lambda: model.explain(user, items[0]).frame,
        "saved": kept,
        "pickled": lambda: pickle.loads(pickle.dumps(model)).predict(user, items),
        "evaluate": lambda: palate.evaluate(model).table,
        "calibrate": lambda: palate.calibrate(model).table,
        "inspect": inspected,
    }


ALWAYS = ("predict", "frame", "recommend", "saved", "pickled", "fold_in")
LACKING = {"sure", "distribution", "caution", "fold_in sure", "explain"}  # what only factor models have


# Each trainer meets the common table and two of the small ones in turn; together they meet all of them.
PAIRS = [
    (one, name)
    for at, one in enumerate(TRAINERS)
    for name in ("common", TABLES[1 + at % 5], TABLES[1 + (at + 2) % 5])
]


def outcome(ask) -> tuple[object, Exception | None]:
    """Return an answer, or the error in its place."""
    try:
        return ask(), None
    except (ValueError, TypeError, AttributeError) as error:
        return None, error


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("trainer", "table"), PAIRS, ids=lambda value: repr(value)[:60])
def test_ends_of_hyperparameters_give_numbers_or_say_why_not(trainer, table, tmp_path):
    ratings = _table(table)
    model, refused = outcome(lambda: trainer.fit(ratings, validation=0.3 if table == "common" else 0))
    if refused is not None:
        assert isinstance(refused, ValueError)
        assert " must " in str(refused)
        return
    for name, ask in questions(model, ratings, tmp_path / "m.palate").items():
        if table != "common" and name in ("evaluate", "calibrate", "inspect"):
            continue  # slow, and the same sums as on the common table
        answer, refused = outcome(ask)
        if refused is not None:
            said = isinstance(refused, ValueError) and (
                "must" in str(refused) or "does not know" in str(refused)
            )
            assert said or (name in LACKING and not isinstance(model, palate.FactorModel)), (
                f"{name}: {refused!r}"
            )
            assert name not in ALWAYS, f"{name}: {refused!r}"
        for found in numbers(answer):
            assert np.isfinite(found).all(), name


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        (
            Spectral(power=HUGE),
            r"finite numbers; got infinite ones or NaN in \w+ of Spectral\(power=1e\+30\)",
        ),
        (Baseline(damping_user=1e300), r"damping_user must be at most 1e\+30, .* got 1e\+300\."),
    ],
)
def test_what_overflows_is_refused_by_name(trainer, message):
    with pytest.raises(ValueError, match=message):
        trainer.fit(_table("common"), validation=0)
