"""Calibration of models for which the truth is known."""

import itertools
import math

import numpy as np
import polars as pl
import pytest

import palate
from palate.data.matrix import RatingMatrix
from palate.evaluation.calibration import _clustered_error
from palate.evaluation.evaluated_model import LeakError
from palate.evaluation.predictive import predictive_scores
from palate.kernels import calibration as kernel
from palate.model.factor_model import FactorModel
from posteriors import posterior_model, prior

N_USERS, N_ITEMS, N_DRAWS = 60, 300, 60


def simulated(
    link="identity", noise=0.8, claimed=None, spread=0.5, claimed_spread=None, rounded=False, seed=0
):
    """Return a model whose draws come from the distribution that the truth came from, and ratings
    of that truth.

    `claimed` and `claimed_spread` are what the model believes of the noise and of the items, if
    something else.
    """
    rng = np.random.default_rng(seed)
    users, items = (index.ravel() for index in np.indices((N_USERS, N_ITEMS)))
    chosen = rng.random(len(users)) < 0.5
    centre = rng.normal(size=N_ITEMS) * 0.5
    user_bias = rng.normal(size=N_USERS) * 0.4
    truth = centre + rng.normal(size=N_ITEMS) * spread
    draws = centre + rng.normal(size=(N_DRAWS, N_ITEMS)) * (
        spread if claimed_spread is None else claimed_spread
    )
    latent = user_bias[users] + truth[items]
    cuts = np.array([-1.5, -0.5, 0.3, 1.2])
    fields = {"noise_sd": np.full(N_DRAWS, noise if claimed is None else claimed)}
    if link == "ordinal":
        values = 1 + (latent[:, None] + rng.normal(size=(len(users), 1)) > cuts).sum(axis=1)
        own = np.repeat(cuts[None].astype(np.float32), N_DRAWS, axis=0)
        fields = {"noise_sd": np.ones(N_DRAWS), "levels": np.arange(1, 6, dtype=np.float32), "cutpoints": own}
    else:
        values = 3 + latent + rng.normal(size=len(users)) * noise
        values = np.round(values * 2) / 2 if rounded else values
    ratings = palate.Ratings.from_arrays(users, items, values)
    table = RatingMatrix.from_ratings(ratings)
    train, test = (_some(ratings, rows) for rows in (~chosen, chosen))
    model = FactorModel(
        users=ratings.users,
        items=ratings.items,
        link=link,
        scale=ratings.scale,
        user_factors=np.zeros((N_DRAWS, N_USERS, 0), np.float32),
        item_factors=np.zeros((N_DRAWS, N_ITEMS, 0), np.float32),
        user_bias=np.repeat(user_bias[None].astype(np.float32), N_DRAWS, axis=0),
        item_bias=draws.astype(np.float32),
        global_mean=np.full(N_DRAWS, 3.0 if link == "identity" else 0.0),
        user_prior=prior(0, N_DRAWS),
        item_prior=prior(0, N_DRAWS),
        ratings=RatingMatrix.from_ratings(train) if train.n_users == table.n_users else None,
        **fields,
    )
    return model, test


def _some(ratings, rows):
    frame = ratings.to_frame().filter(pl.Series(rows))
    return palate.Ratings.from_frame(frame, scale=ratings.scale)


@pytest.fixture(scope="module")
def honest():
    return palate.calibrate(*simulated())


def tolerance(calibration, share):
    row = calibration.table.filter((pl.col("n_train") == "all") & (pl.col("nominal") == share))
    return 4 * row["se"].item() + 0.005


@pytest.mark.parametrize("link", ["identity", "ordinal"])
def test_a_model_that_tells_the_truth_is_calibrated(link):
    calibration = palate.calibrate(*simulated(link))
    for share in calibration.nominal:
        assert abs(calibration.covered(share) - share) < tolerance(calibration, share)
    assert abs(calibration.pit["share"].to_numpy() - 0.05).max() < 0.015
    assert str(calibration).splitlines()[-2].startswith("The intervals have the right coverage")


def test_a_model_that_thinks_ratings_less_noisy_is_found_out():
    calibration = palate.calibrate(*simulated(claimed=0.4))
    assert calibration.covered(0.8) < 0.65
    assert "The intervals are too narrow: " in str(calibration)
    assert calibration.pit["share"][0] > 0.08


def test_a_model_that_thinks_ratings_noisier_is_found_out():
    calibration = palate.calibrate(*simulated(claimed=1.6))
    assert calibration.covered(0.5) > 0.65
    assert "The intervals are too wide: " in str(calibration)


def test_being_sure_of_items_without_reason_costs_coverage_and_scores(honest):
    sure = palate.calibrate(*simulated(claimed_spread=0.0))
    assert sure.covered(0.8) < honest.covered(0.8) - 0.03
    assert sure.scores["crps"] > honest.scores["crps"]
    assert sure.scores["log_score"] > honest.scores["log_score"]
    assert sure.scores["std"] == 0 < honest.scores["std"]


def test_half_stars_have_a_flat_randomised_pit():
    calibration = palate.calibrate(*simulated(rounded=True))
    assert abs(calibration.pit["share"].to_numpy() - 0.05).max() < 0.015


def test_the_pit_depends_on_the_seed_alone():
    model, test = simulated("ordinal")
    first, again, other = (
        palate.calibrate(model, test, seed=seed, threads=threads)
        for seed, threads in ((1, 1), (1, 2), (2, 1))
    )
    np.testing.assert_array_equal(first.foretold.pit, again.foretold.pit)
    np.testing.assert_array_equal(first.foretold.crps, again.foretold.crps)
    assert (first.foretold.pit != other.foretold.pit).any()


def test_standard_errors_of_least_squares_are_tested_like_draws():
    split = palate.splits.random(simulated(spread=0.0)[1], 0.3)
    model = palate.LeastSquares(n_factors=2).fit(split.train, validation=0.2)
    calibration = palate.calibrate(model, split)
    assert abs(calibration.covered(0.8) - 0.8) < 0.04
    assert "standard errors" in str(calibration)
    assert (
        palate.calibrate(model)
        .notes[0]
        .startswith("LeastSquares used these held-out ratings to decide when to stop")
    )


def test_crps_of_a_calibrated_normal_is_the_known_one():
    calibration = palate.calibrate(*simulated(spread=0.0))
    # the expected CRPS of a normal that is right is its sd / sqrt(pi)
    assert abs(calibration.scores["crps"] - 0.8 / math.sqrt(math.pi)) < 0.02
    assert abs(calibration.scores["log_score"] - math.log(0.8 * math.sqrt(2 * math.pi * math.e))) < 0.03


def test_width_is_that_of_the_normal():
    calibration = palate.calibrate(*simulated(spread=0.0), nominal=(0.8,))
    np.testing.assert_allclose(calibration.table["width"], 2 * 1.2815516 * 0.8, rtol=1e-5)


def test_deciles_share_out_the_test_and_keep_equal_numbers_together(honest):
    table = honest.table.filter(pl.col("nominal") == 0.8)
    parts = table.filter(pl.col("n_train") != "all")
    assert parts["n_test"].sum() == table["n_test"][0] == honest.about["n_test"]
    ends = [tuple(int(end) for end in (label + "-" + label).split("-")[:2]) for label in parts["n_train"]]
    assert all(before[1] < after[0] for before, after in itertools.pairwise(ends))
    weighted = (parts["coverage"] * parts["n_test"]).sum() / parts["n_test"].sum()
    assert math.isclose(weighted, table["coverage"][0])


def test_standard_errors_know_that_ratings_of_a_user_and_of_an_item_go_together():
    assert _clustered_error(np.array([1.0, 1, -1, -1]), np.arange(4), np.arange(4)) == math.sqrt(4) / 4
    assert (
        _clustered_error(np.array([1.0, 1, -1, -1]), np.array([0, 0, 1, 1]), np.arange(4)) == math.sqrt(8) / 4
    )
    assert (
        _clustered_error(np.array([1.0, 1, -1, -1]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
        == math.sqrt(4) / 4
    )


def test_everything_goes_into_json(honest):
    document = honest.to_dict()
    assert set(document) == {
        "model",
        "link",
        "n_draws",
        "n_test",
        "n_users",
        "n_items",
        "seed",
        "scores",
        "coverage",
        "pit",
        "notes",
    }
    assert document["n_draws"] == N_DRAWS


def test_frames_come_in_the_library_of_the_test():
    model, test = simulated()
    frame = test.to_frame("pandas")
    found = palate.calibrate(model, palate.Ratings.from_frame(frame, scale=test.scale))
    assert type(found.table).__module__.startswith("pandas")
    assert "all" in str(found)


def test_ratings_of_unknown_items_are_left_out_and_named():
    model, test = simulated()
    frame = test.to_frame()
    more = pl.concat(
        [
            frame,
            frame.unique("user_id", maintain_order=True)
            .head(3)
            .with_columns(item_id=pl.lit(99_999, dtype=frame["item_id"].dtype)),
        ]
    )
    calibration = palate.calibrate(model, palate.Ratings.from_frame(more, scale=test.scale))
    assert calibration.about["n_test"] == len(test)
    assert calibration.notes == (
        "3 test ratings of users or items without training ratings are left out, because they "
        "have no intervals.",
    )


def test_the_plot_is_drawn(tmp_path, honest):
    pytest.importorskip("matplotlib")
    assert honest.plot(tmp_path / "plot.png") is None
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert len(honest.plot().axes) == 3


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"nominal": (0.5, 1.0)}, ValueError, "nominal must be between 0 and 1, neither included; got 1."),
        ({"nominal": ("half",)}, TypeError, "nominal must hold numbers; got 'half'."),
        ({"nominal": ()}, ValueError, "nominal must hold at least one share; got none."),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        palate.calibrate(*simulated(), **arguments)


def test_what_cannot_be_tested_is_refused():
    model, test = simulated()
    with pytest.raises(
        TypeError, match=r"test must be palate.Ratings or what palate.read returns or a split; got int."
    ):
        palate.calibrate(model, 3)
    with pytest.raises(
        ValueError, match="test must be given for 'FactorModel', which held no ratings out of training"
    ):
        palate.calibrate(model)
    with pytest.raises(
        ValueError,
        match=r"model must have standard errors or draws; got 'FactorModel', which has none. Train with",
    ):
        palate.calibrate(posterior_model(noise_sd=None), test)
    stranger = palate.Ratings.from_arrays([10**6], [0], [3.0])
    with pytest.raises(
        ValueError, match=r"test must hold a rating of a user and an item that 'FactorModel' knows; got none."
    ):
        palate.calibrate(model, stranger)
    trained = palate.Ratings.from_arrays([0], [model.items.id(int(model.ratings.items[0]))], [3.0])
    with pytest.raises(LeakError, match="1 were trained on"):
        palate.calibrate(model, trained)
    ordinal, _ = simulated("ordinal")
    with pytest.raises(
        ValueError, match=r"test must hold ratings of the model's levels, 1, 2, 3, 4, 5; got 2.5."
    ):
        predictive_scores(ordinal, np.array([0]), np.array([0]), np.array([2.5]), (0.8,), 0, 1)


def test_mixture_scores_are_those_of_the_reference():
    rng = np.random.default_rng(2)
    centres, variances, values = rng.normal(size=(5, 4)), rng.uniform(0.2, 2, (5, 4)), rng.normal(size=5) * 2
    cdf, log_score, crps = np.empty((5, 1)), np.empty(5), np.empty(5)
    kernel.mixture_scores(
        centres, variances, values, values[:, None].copy(), np.arange(4), cdf, log_score, crps
    )
    wanted = kernel.mixture_reference(centres, variances, values, np.linspace(-20, 20, 4001))
    np.testing.assert_allclose(cdf[:, 0], wanted[0])
    np.testing.assert_allclose(log_score, wanted[1])
    np.testing.assert_allclose(crps, wanted[2], atol=5e-3)


def test_discrete_scores_by_hand():
    cumulative = np.array([[0.25, 0.75]])  # 1/4, 1/2, 1/4 for 1, 2 and 4 stars
    log_score, crps = np.empty(1), np.empty(1)
    kernel.discrete_scores(cumulative, np.array([1.0, 2.0, 4.0]), np.array([1]), log_score, crps)
    assert log_score[0] == math.log(2)
    assert crps[0] == 1 * 0.25**2 + 2 * 0.25**2
    kernel.discrete_scores(cumulative, np.array([1.0, 2.0, 4.0]), np.array([0]), log_score, crps)
    assert crps[0] == 1 * 0.75**2 + 2 * 0.25**2
