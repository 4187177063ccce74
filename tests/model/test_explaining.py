"""What a prediction is made of: the parts add up, and each is what the equations say it is."""

import numpy as np
import polars as pl
import pytest

import palate
from palate.model.model import Model
from palate.model.sum_model import SumModel
from write_kinds import KINDS, planted

EXACT = {
    "plain": palate.LeastSquares(n_factors=3),
    "no biases": palate.LeastSquares(n_factors=3, biases=False),
    "no mean": palate.LeastSquares(n_factors=3, mean=False),
    "constant penalty": palate.LeastSquares(n_factors=3, l2_scaling=0.0, l2_user=4.0),
    "l1 on the biases": palate.LeastSquares(n_factors=3, l1_bias=6.0),
    "dropout": palate.LeastSquares(n_factors=3, dropout=0.3),
    "unobserved pairs": palate.LeastSquares(n_factors=3, unobserved_weight=0.05),
    "features": palate.LeastSquares(n_factors=3, user_features="rated", item_features="raters"),
    "several starts": palate.LeastSquares(n_factors=3, n_starts=3),
    "counts": palate.LeastSquares.for_counts("linear", n_factors=3),
    "counts everywhere": palate.LeastSquares.for_counts("everywhere", n_factors=3),
    "baseline": palate.Baseline(),
}


def total(explanation):
    return float(explanation.frame["contribution"].sum())


def remainder(explanation):
    parts = explanation.frame
    return float(parts.filter(pl.col("part") == "remainder")["contribution"].sum())


@pytest.fixture(scope="module")
def catalog():
    frame = pl.DataFrame({"item_id": range(20), "title": [f"Film {item}" for item in range(20)]})
    return palate.Catalog.from_frame(frame)


@pytest.fixture(scope="module")
def model(catalog):
    return palate.LeastSquares(n_factors=3).fit(planted(), seed=0, catalog=catalog)


@pytest.mark.parametrize("name", sorted(EXACT))
def test_the_parts_add_up_for_least_squares(name):
    model = EXACT[name].fit(planted(), validation=0, seed=1)
    for user in model.users.ids():
        explanation = model.explain(user, (user * 7) % 20)
        assert total(explanation) == pytest.approx(explanation.prediction, abs=1e-4)
        assert remainder(explanation) == 0


def test_the_parts_of_a_bounded_model_add_up_to_the_score_before_the_scale():
    model = palate.LeastSquares(n_factors=2, link="bounded").fit(planted(), validation=0, seed=1)
    explanation = model.explain(3, 9)
    low, high = model.scale
    assert total(explanation) == pytest.approx(explanation.score, abs=1e-4)
    assert low + (high - low) / (1 + np.exp(-explanation.score)) == pytest.approx(
        explanation.prediction, abs=1e-4
    )
    assert "before it is turned into a rating" in str(explanation)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("gibbs-row-precision", "random differences between the draws"),
        ("gibbs-ordinal", "random differences between the draws"),
        ("gibbs-time", "random differences between the draws"),
        ("compressed", "the change made by compression"),
    ],
)
def test_other_models_have_a_remainder_that_says_what_it_is(kind, words):
    model = palate.load(KINDS / f"{kind}.palate")
    explanation = model.explain(3, 9)
    assert total(explanation) == pytest.approx(explanation.score, abs=1e-6)
    assert remainder(explanation) != 0
    assert words in explanation.remainder
    assert words in str(explanation)


def test_the_remainder_of_draws_is_chance_about_zero():
    """With many draws the mean of a user's vectors is near its conditional mean: what is left is
    far below the parts.
    """
    model = palate.Gibbs(n_factors=2, sweeps=600, burn_in=100, noise="shared").fit(
        planted(), validation=0, seed=0
    )
    left, parts = [], []
    for user in model.users.ids():
        explanation = model.explain(user, 4)
        left.append(remainder(explanation))
        parts.append(explanation.frame.filter(pl.col("part") == "rating")["contribution"].sum())
    assert np.abs(left).mean() < 0.25 * np.std(parts)


def test_a_rating_counts_by_its_distance_from_the_biases(model):
    """Without held-out ratings, moving one rating by d moves the user's score by its share per
    unit, times d.
    """
    items, values = [1, 4, 9], np.array([5.0, 2.0, 4.0])
    weights = [1.0, 2.0, 0.5]
    user = model.fold_in(items, values, weights=weights)
    before = model.explain(user, 6)
    rows = before.frame.filter(pl.col("part") == "rating").sort("item_id")
    assert rows["item_id"].to_list() == items
    assert rows["rating"].to_list() == values.tolist()
    # the share of rating j is (its slope) times (rating - expected); the reference solves the two
    # systems by hand
    k = model.n_factors
    q = model.item_factors[0][model.items.indices(items)].astype(float)
    strength = 3**model.user_prior.scaling + 3 * model.user_prior.per_rating
    system = strength * model.user_prior.precision[0, :k, :k].astype(float) + q.T @ np.diag(weights) @ q
    towards = np.linalg.solve(system, model.item_factors[0][model.items.index(6)].astype(float))
    bias = model.item_bias[0][model.items.indices(items)].astype(float)
    expected = model.global_mean[0] + user.bias[0] + bias
    np.testing.assert_allclose(rows["expected"].to_numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(
        rows["contribution"].to_numpy(), (q @ towards) * weights * (values - expected), atol=1e-6
    )


def test_held_out_ratings_are_no_part(model):
    user = next(user for user in model.users.ids() if model.rated(user)["held_out"].any())
    held = set(model.rated(user).filter(pl.col("held_out"))["item_id"])
    told = set(model.explain(user, 3).frame["item_id"].drop_nulls())
    assert held
    assert not held & told


def test_someone_new_and_a_new_item(model):
    newcomer = model.fold_in([1, 4], [5, 1])
    film = model.fold_in_item([0, 1, 2], [4, 5, 3], item_id="new")
    for user, item in ((newcomer, 3), (2, film), (newcomer, film)):
        explanation = model.explain(user, item)
        assert total(explanation) == pytest.approx(explanation.prediction, abs=1e-4)
    assert "this new user" in str(model.explain(newcomer, 3))
    assert "item 'new'" in str(model.explain(2, film))
    nobody = model.explain(model.fold_in([], []), 3)
    assert "no training ratings" in str(nobody)
    assert total(nobody) == pytest.approx(nobody.prediction, abs=1e-4)


def test_in_words_it_names_the_three_strongest_for_and_against(model):
    explanation = model.explain(5, 3)
    lines = explanation.lines()
    assert lines[0].startswith("The prediction for user 5 and Film 3 is ")
    shares = explanation.frame.filter(pl.col("part") == "rating").sort("contribution", descending=True)
    raising = lines[lines.index("Ratings that raise it most:") + 1 :][:3]
    for line, row in zip(raising, shares.head(3).iter_rows(named=True), strict=True):
        assert f"{row['contribution']:+.3f}  {row['title']}: rated {row['rating']:g}" in line
    lowering = lines[lines.index("Ratings that lower it most:") + 1 :]
    lowest = shares.filter(pl.col("contribution") < 0).tail(3)
    assert len(lowering) == lowest.height
    assert repr(explanation).startswith("Explanation(")


def test_the_frame_is_of_the_models_kind():
    import pandas as pd

    ratings = planted()
    frame = pd.DataFrame(
        {"user_id": ratings.user_index, "item_id": ratings.item_index, "rating": ratings.value}
    )
    model = palate.LeastSquares(n_factors=2).fit(palate.Ratings.from_frame(frame), validation=0)
    assert isinstance(model.explain(3, 2).frame, pd.DataFrame)


def test_what_cannot_be_explained_says_why(model, tmp_path):
    with pytest.raises(KeyError, match="unknown user id 99"):
        model.explain(99, 3)
    with pytest.raises(KeyError, match="unknown item id 99"):
        model.explain(3, 99)
    model.save(tmp_path / "bare.palate", ratings=False)
    bare = palate.load(tmp_path / "bare.palate")
    with pytest.raises(ValueError, match="explain needs the ratings of the model"):
        bare.explain(3, 2)
    newcomer = bare.fold_in([1, 4], [5, 1])
    assert total(bare.explain(newcomer, 2)) == pytest.approx(bare.predict(newcomer, 2), abs=1e-4)


CHOICES = {
    "linear": palate.LinearItems(),
    "linear dense": palate.LinearItems(form="dense"),
    "spectral": palate.Spectral(n_factors=4),
    "popular": palate.Popular(),
}


def choice_models():
    models = {name: trainer.fit(planted(), validation=0) for name, trainer in CHOICES.items()}
    models["sum"] = SumModel.of((models["linear"], models["spectral"]), (1.0, 0.8))
    counts = palate.LeastSquares.for_counts("linear", n_factors=3).fit(planted(), validation=0)
    models["sum with least squares of counts"] = SumModel.of((models["linear"], counts), (1.0, 0.4))
    models["sum with popular"] = SumModel.of((models["linear"], models["popular"]), (1.0, 0.4))
    return models


def test_the_parts_add_up_for_every_model_of_choices():
    for name, model in choice_models().items():
        for user in model.users.ids()[:5]:
            item = (user * 7) % 20
            why = model.explain(user, item)
            score = model.score_pairs(np.array([user]), np.array([item]))[0]
            assert total(why) == pytest.approx(score, abs=1e-4), name
            assert why.score == pytest.approx(score, abs=1e-6), name
            assert str(why).startswith(f"The score for user {user} and item {item} is"), name
            rated = why.frame.filter(pl.col("part") == "rating")
            table = planted()
            own = table.user_index == user
            given = dict(zip(table.item_index[own].tolist(), table.value[own].tolist(), strict=True))
            assert dict(zip(rated["item_id"], rated["rating"], strict=True)) == given, name


def test_a_new_user_is_explained_by_every_model():
    models = choice_models()
    models["ratings"] = palate.LeastSquares(n_factors=3).fit(planted(), validation=0)
    models["draws"] = palate.Gibbs(n_factors=2, sweeps=6, burn_in=2).fit(planted())
    for name, model in models.items():
        someone = Model.fold_in(model, {1: 5, 2: 4})  # a NewUser, as Recommender's fold_in returns
        why = model.explain(someone, 7)
        assert why.subject == "this new user and item 7", name
        assert total(why) == pytest.approx(why.score, abs=1e-4), name
        assert set(why.frame["item_id"].drop_nulls()) == {1, 2}, name
        named = Model.fold_in(model, {1: 5, 2: 4}, user_id=77)
        assert model.explain(named, 7).subject == "user 77 and item 7", name


def test_the_words_of_popularity():
    lines = palate.Popular().fit(planted()).explain(3, 7).lines()
    assert lines[1].endswith("how often this item was chosen")
    assert lines[-1] == "The user's own ratings add nothing."


class Together:
    """Scores an item by how often it was rated together with a user's items, and 1."""

    def __init__(self, ratings, short=False):
        self.rows = np.zeros((ratings.n_users, ratings.n_items))
        self.rows[ratings.user_index, ratings.item_index] = 1
        self.table, self.short = self.rows.T @ self.rows, short

    def score_items(self, users):
        return 1 + self.rows[users] @ self.table

    def score_pairs(self, users, items):
        return self.score_items(users)[np.arange(len(items)), items]

    def contributions(self, user, item):
        return self.table[np.flatnonzero(self.rows[user])[self.short :], item]


def test_a_scorer_of_ones_own_explains_by_its_contributions():
    table = planted()
    why = Model.of(Together(table), table).explain(3, 7)
    assert total(why) == pytest.approx(why.score, abs=1e-4)
    assert remainder(why) == pytest.approx(1)
    assert "+1.000  the remainder: what the user's items do not explain" in str(why)
    with pytest.raises(
        ValueError, match=r"must be one for each of the user's 10 ratings; got an array of shape \(9,\)"
    ):
        Model.of(Together(table, short=True), table).explain(3, 7)
    with pytest.raises(ValueError, match="a model of mine does not"):
        Model.of(palate.Baseline().fit(table, validation=0), table, name="mine").explain(3, 7)
    popular = SumModel.of((palate.Popular().fit(table),), (1.0,)).explain(3, 7)
    assert remainder(popular) == pytest.approx(popular.score)


def test_choices_saved_without_ratings_explain_new_users_alone(tmp_path):
    palate.LinearItems().fit(planted(), validation=0).save(tmp_path / "small.palate", ratings=False)
    model = palate.load(tmp_path / "small.palate")
    with pytest.raises(ValueError, match="explain needs the ratings of the model"):
        model.explain(3, 7)
    assert total(model.explain(model.fold_in({1: 5}), 7)) == model.predict(model.fold_in({1: 5}), 7)
