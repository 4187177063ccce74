"""Ranking with caution, by a draw, and what the frames say of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palate.data.ratings import Ratings
from palate.factors.draws import normal_quantile
from palate.factors.uncertainty import standard_errors
from palate.kernels.cautious import cautious_reference
from palate.kernels.moments import moments_reference
from palate.lists import cautious
from palate.lists.cautious import draws_of_users, rank_by_draw, rank_cautiously
from palate.lists.pool import Pool
from palate.lists.ranking import rank
from palate.training.als.least_squares import LeastSquares
from posteriors import latent_draws, posterior_model


def forbidden(model, allowed, exclude_seen):
    blocked = np.zeros((model.n_users, model.n_items), dtype=bool)
    if allowed is not None:
        blocked[:, ~allowed] = True
    if exclude_seen:
        blocked[np.repeat(np.arange(model.n_users), np.diff(model.ratings.indptr)), model.ratings.items] = (
            True
        )
    return blocked


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 50),
    caution=st.floats(0, 0.999),
    n_draws=st.sampled_from([2, 4, 8]),
    exclude_seen=st.booleans(),
    ascending=st.booleans(),
    some=st.booleans(),
    n_items=st.sampled_from([3, 40, 300]),
)
def test_caution_gives_the_top_n_of_all_scores(
    seed, n, caution, n_draws, exclude_seen, ascending, some, n_items
):
    model = posterior_model(seed, n_draws=n_draws, n_items=n_items)
    allowed = np.random.default_rng(seed).random(n_items) < 0.5 if some else None
    found = rank_cautiously(
        model,
        np.arange(model.n_users),
        n,
        caution,
        Pool.of(model, allowed=allowed, exclude_seen=exclude_seen, ascending=ascending),
    )
    mean, sign = (
        latent_draws(model).mean(axis=0),
        -1 if ascending else 1,
    )  # whole numbers: exact, ties included
    sd = standard_errors(model, *(index.ravel() for index in np.indices(mean.shape))).reshape(mean.shape)
    blocked = forbidden(model, allowed, exclude_seen)
    items, scores = cautious_reference(sign * mean, sd, normal_quantile(caution), n, blocked)
    width = found.items.shape[1]
    np.testing.assert_array_equal(found.items, items[:, :width])
    np.testing.assert_array_equal(found.scores, sign * scores[:, :width])


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 20),
    caution=st.floats(-0.999, -0.01),
    ascending=st.booleans(),
    some=st.booleans(),
)
def test_negative_caution_gives_the_top_n_of_all_scores(seed, n, caution, ascending, some):
    model = posterior_model(seed, whole=False)
    allowed = np.random.default_rng(seed).random(model.n_items) < 0.5 if some else None
    found = rank_cautiously(
        model,
        np.arange(model.n_users),
        n,
        caution,
        Pool.of(model, allowed=allowed, exclude_seen=True, ascending=ascending),
    )
    draws, sign = latent_draws(model), -1 if ascending else 1
    scores = cautious_reference(
        sign * draws.mean(axis=0),
        draws.std(axis=0),
        normal_quantile(caution),
        n,
        forbidden(model, allowed, True),
    )[1]
    np.testing.assert_allclose(found.scores, sign * scores[:, : found.scores.shape[1]], atol=1e-4)


@pytest.mark.parametrize("link", ["bounded", "ordinal", "noisy"])
@pytest.mark.parametrize("caution", [0.5, 0.99, -0.8])
def test_the_sd_is_taken_after_the_link(link, caution):
    model = posterior_model(4, whole=False, link=link)
    index = np.indices((model.n_users, model.n_items)).reshape(2, -1)
    mean, sd = model.score_pairs(*index), standard_errors(model, *index)
    blocked = forbidden(model, None, True)
    shape = model.n_users, model.n_items
    scores = cautious_reference(mean.reshape(shape), sd.reshape(shape), normal_quantile(caution), 6, blocked)[
        1
    ]
    found = rank_cautiously(model, np.arange(model.n_users), 6, caution, Pool.of(model, exclude_seen=True))
    np.testing.assert_allclose(found.scores, scores, atol=1e-5)
    frame = model.recommend(n=6, caution=caution)
    low, high = model.scale
    assert frame["low"].min() >= low
    assert frame["high"].max() <= high
    drawn = model.recommend(n=6, explore="thompson")
    assert drawn["score"].min() >= low
    assert drawn["score"].max() <= high


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 50), exclude_seen=st.booleans(), ascending=st.booleans())
def test_no_caution_is_the_order_of_the_mean(seed, n, exclude_seen, ascending):
    model = posterior_model(seed)
    users = np.arange(model.n_users)
    found = rank_cautiously(
        model, users, n, 0.0, Pool.of(model, exclude_seen=exclude_seen, ascending=ascending)
    )
    plain = rank(model, users, n, exclude_seen=exclude_seen, ascending=ascending)
    np.testing.assert_array_equal(found.items, plain.items)
    np.testing.assert_array_equal(found.scores, plain.scores)


def test_the_walk_visits_few_and_goes_on_until_it_is_sure(monkeypatch):
    visited = []
    own = cautious.standard_errors

    def counted(model, users, *rest):
        visited.append(len(users))
        return own(model, users, *rest)

    monkeypatch.setattr(cautious, "standard_errors", counted)
    model = posterior_model(n_users=4, n_items=2000, whole=False, share=0.0)
    rank_cautiously(model, np.arange(4), 5, 0.1, Pool())
    few = sum(visited)
    assert few < 4 * 500
    visited.clear()
    rank_cautiously(model, np.arange(4), 5, 0.9999999, Pool())
    assert sum(visited) > few


def test_the_result_depends_neither_on_threads_nor_on_who_else_is_asked():
    model = posterior_model(n_users=300, n_items=200, whole=False)
    users = np.arange(300)
    alone = rank_cautiously(model, users[250:251], 5, 0.8, Pool.of(model, exclude_seen=True, threads=1))
    for threads in (1, 3):
        found = rank_cautiously(model, users, 5, 0.8, Pool.of(model, exclude_seen=True, threads=threads))
        np.testing.assert_array_equal(found.items[250:251], alone.items)
        np.testing.assert_array_equal(found.scores[250:251], alone.scores)


def test_a_sure_item_passes_an_unsure_one():
    factors = np.zeros((2, 1, 0), np.float32)
    model = posterior_model(
        n_users=1,
        n_items=2,
        n_draws=2,
        n_factors=0,
        user_factors=factors,
        user_bias=np.zeros((2, 1), np.float32),
        item_bias=np.array([[2.0, 1.0], [0.0, 0.5]], np.float32),  # means 1 and 0.75, sd 1 and 0.25
    )
    assert model.recommend(0, 1, exclude_seen=False)["item_id"].item() == 0
    frame = model.recommend(0, 2, caution=0.8, exclude_seen=False)
    assert frame["item_id"].to_list() == [1, 0]
    np.testing.assert_allclose(
        frame["score"], [3.75 - 0.25 * normal_quantile(0.8), 4 - normal_quantile(0.8)], rtol=1e-6
    )
    np.testing.assert_allclose(frame["std"], [0.25, 1.0])
    np.testing.assert_allclose(frame["low"], frame["score"], rtol=1e-6)  # the lower end of the 80 % interval
    np.testing.assert_allclose(
        frame["high"], [3.75 + 0.25 * normal_quantile(0.8), 4 + normal_quantile(0.8)], rtol=1e-6
    )
    curious = model.recommend(0, 2, caution=-0.8, exclude_seen=False)
    assert curious["item_id"].to_list() == [0, 1]


def test_columns_of_a_cautious_answer():
    frame = posterior_model().recommend(0, 2, caution=0.5)
    first = [
        "user_id",
        "item_id",
        "rank",
        "predicted_rating",
        "score",
        "std",
        "low",
        "high",
        "n_ratings",
        "mean_rating",
    ]
    assert frame.columns == first
    told = posterior_model().recommend(0, 2, words=True)
    assert told.columns == [
        "user_id",
        "item_id",
        "rank",
        "predicted_rating",
        "std",
        "low",
        "high",
        "in_words",
        *first[8:],
    ]
    assert "score" in posterior_model(scale=None).recommend(0, 2, words=True).columns
    assert "ranking_score" in posterior_model(scale=None).recommend(0, 2, caution=0.5).columns


def test_every_user_is_ranked_by_one_draw():
    model = posterior_model(n_users=40, n_draws=8)
    users = np.arange(40)
    draws = draws_of_users(users, 8, seed=5)
    assert len(np.unique(draws)) > 4
    found = rank_by_draw(model, users, 5, 5, Pool())
    latent = latent_draws(model)[draws, users]
    for user in users:
        np.testing.assert_array_equal(found.items[user], np.argsort(-latent[user], kind="stable")[:5])
    np.testing.assert_allclose(found.scores, np.take_along_axis(latent, found.items, axis=1))
    np.testing.assert_array_equal(rank_by_draw(model, users[7:9], 5, 5, Pool()).items, found.items[7:9])
    assert (draws_of_users(users, 8, seed=6) != draws).any()


def test_thompson_ranks_by_ratings_where_items_differ_in_their_noise():
    model = posterior_model(4, whole=False, link="noisy")
    users = np.arange(model.n_users)
    drawn = draws_of_users(users, model.n_draws, 1)
    found = rank_by_draw(model, users, 5, 1, Pool())
    for user, draw in zip(users, drawn, strict=True):
        arrays = [array[draw : draw + 1] for array in (latent_draws(model), model.cutpoints)]
        scale = model.user_noise.scale[draw, user].astype(float) * model.item_noise.scale[draw].astype(float)
        stars = moments_reference(arrays[0][:, user], 2, None, model.levels, arrays[1], scale)[0]
        np.testing.assert_allclose(found.scores[user], np.sort(stars)[::-1][:5], atol=1e-4)


def test_thompson_gives_other_lists_for_another_seed_and_the_same_for_the_same():
    model = posterior_model(n_users=40, n_draws=8, whole=False)
    first, again, other = (model.recommend(n=5, explore="thompson", seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)
    assert first.columns[3:8] == ["predicted_rating", "score", "std", "low", "high"]


def test_draws_are_chosen_evenly():
    counts = np.bincount(draws_of_users(np.arange(4000), 4, seed=0), minlength=4)
    assert (abs(counts - 1000) < 5 * np.sqrt(4000 * 3 / 16)).all()


def test_folded_users_are_ranked_with_caution():
    model = posterior_model(whole=False)
    new = model.fold_in([1, 2], [5, 1], user_id="new")
    frame = model.recommend(new, 3, caution=0.8)
    assert frame["user_id"].to_list() == ["new"] * 3
    assert (frame["score"] < frame["predicted_rating"]).all()


def test_least_squares_is_cautious_by_its_standard_errors():
    rng = np.random.default_rng(5)
    users, items = np.nonzero(rng.random((60, 90)) < 0.3)
    values = np.clip(np.round(3 + rng.normal(size=60)[users] / 2 + rng.normal(size=90)[items]), 1, 5)
    model = LeastSquares(n_factors=3).fit(
        Ratings.from_arrays(users, items, values, scale=(1, 5)), validation=0.2
    )
    index = np.indices((model.n_users, model.n_items)).reshape(2, -1)
    mean, sd = (
        model.score_items(np.arange(model.n_users)),
        standard_errors(model, *index).reshape(model.n_users, -1),
    )
    blocked = forbidden(model, None, True)
    for caution in (0.8, 0.999, -0.5):
        found = rank_cautiously(
            model, np.arange(model.n_users), 7, caution, Pool.of(model, exclude_seen=True)
        )
        scores = cautious_reference(mean, sd, normal_quantile(caution), 7, blocked)[1]
        np.testing.assert_allclose(found.scores, scores, atol=1e-5)
    new = model.fold_in([int(items[0])], [5.0], user_id=-1)
    assert (model.recommend(new, 3, caution=0.8)["std"] > 0).all()
    with pytest.raises(ValueError, match="explore must be left out for a model without draws of a posterior"):
        model.recommend(0, explore="thompson")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"caution": 1.0},
            ValueError,
            "caution must be between -1 and 1, neither included; got 1. 0.8 ranks by",
        ),
        ({"caution": -1}, ValueError, "caution must be between -1 and 1, neither included; got -1."),
        ({"caution": float("nan")}, ValueError, "caution must be between -1 and 1"),
        ({"caution": "high"}, TypeError, "caution must be a number; got 'high'."),
        ({"caution": True}, TypeError, "caution must be a number; got True."),
        ({"explore": "greedy"}, ValueError, "explore must be 'thompson' or None; got 'greedy'."),
        ({"explore": "thompson", "caution": 0.5}, ValueError, "caution must be 0 with explore='thompson'"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        posterior_model().recommend(0, **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"caution": 0.8},
            "caution must be 0 for a model without standard errors; got 0.8. Train with palate.Gibbs",
        ),
        (
            {"words": True},
            "words must be False for a model without standard errors; got True. Train with palate.Gibbs",
        ),
        (
            {"explore": "thompson"},
            "explore must be left out for a model without draws of a posterior; got 'thompson'. Train",
        ),
    ],
)
def test_models_that_do_not_know_how_sure_they_are_say_so(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.recommend("ann", **arguments)
    starts = posterior_model(noise_sd=None)  # several starts are no posterior
    with pytest.raises(ValueError, match=message):
        starts.recommend(0, **arguments)


def test_nothing_left_gives_an_empty_frame():
    model = posterior_model(n_items=3, n_users=3)
    with pytest.warns(UserWarning, match="no item is left"):
        frame = model.recommend(0, exclude_items=[0, 1, 2], caution=0.5)
    assert frame.height == 0
    assert "std" in frame.columns
