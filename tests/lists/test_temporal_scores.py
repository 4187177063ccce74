"""Questions at a time against the definition: everyone's rows shifted, moods added."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from palate.evaluation.predictive import predictive_scores
from palate.factors.row_precision import RowNoise
from palate.factors.temporal import Sessions, TimeContext
from palate.factors.temporal_scores import PAIRS_PER_CHUNK, at_times, over_times, scores_at
from palate.factors.uncertainty import rating_distribution
from palate.model.average import average
from posteriors import posterior_model

DAY = 86_400
USERS, ITEMS, DRAWS, K = 5, 6, 3, 2


def timed_model(link="identity", seed=0):
    """Return a model of three eras; user 0 has two sittings, user 3 one."""
    rng = np.random.default_rng(seed)
    plain = posterior_model(seed, USERS, ITEMS, K, DRAWS, whole=False, link=link, share=0.5)

    def shift():
        steps = rng.normal(size=(DRAWS, 3, K + 1)).astype(np.float32) / 2
        steps[:, -1] = 0
        return steps

    context = TimeContext(
        edges=np.array([100 * DAY, 200 * DAY]),
        user_shift=shift(),
        item_shift=shift(),
        user_time_bin=np.array([1, 2, 0, 2, 1], np.int32),
        sessions=Sessions(
            np.array([0, 2, 2, 2, 3, 3]),
            np.array([0, 150 * DAY, 250 * DAY]),
            np.array([DAY, 151 * DAY, 250 * DAY]),
        ),
        session_effect=rng.normal(size=(DRAWS, 3)).astype(np.float32),
    )
    scales = [np.exp(rng.normal(size=(DRAWS, n)) / 4).astype(np.float32) for n in (USERS, ITEMS)]
    noise = {
        "user_noise": RowNoise(
            scale=scales[0], degrees=np.full(DRAWS, 9.0), session=np.array([0.5, 0.6, 0.7])
        ),
        "item_noise": RowNoise(scale=scales[1], degrees=np.full(DRAWS, 9.0)),
    }
    return replace(plain, context=context, **noise)


def latent(model, users, items, time_bins, sessions):
    """Return the latent value of each pair in each draw, (n, n_draws), by the definition."""
    context = model.context
    user_time_bin = context.user_time_bin[users]
    p = model.user_factors[:, users] - context.user_shift[:, user_time_bin, :K]
    own = (
        model.user_bias[:, users]
        - context.user_shift[:, user_time_bin, K]
        - context.item_shift[:, user_time_bin, K]
    )
    own = own - np.einsum(
        "dnf,dnf->dn", model.user_factors[:, users], context.item_shift[:, user_time_bin, :K]
    )
    p, own = p + context.user_shift[:, time_bins, :K], own + context.user_shift[:, time_bins, K]
    q = model.item_factors[:, items] + context.item_shift[:, time_bins, :K]
    bias = own + model.item_bias[:, items] + context.item_shift[:, time_bins, K]
    session_effect = np.where(np.asarray(sessions) >= 0, context.session_effect[:, sessions], 0)
    return (
        np.einsum("dnf,dnf->dn", p.astype(float), q) + bias + session_effect + model.global_mean[:, None]
    ).T


# user, item, time; era, sitting
ASKED = [
    (0, 1, 0, 0, 0),
    (0, 1, 2 * DAY, 0, 0),
    (0, 2, 3 * DAY, 0, -1),
    (0, 0, 150 * DAY, 1, 1),
    (1, 0, 150 * DAY, 1, -1),
    (3, 5, 250 * DAY, 2, 2),
    (3, 5, 1_000 * DAY, 2, -1),
    (4, 3, -5, 0, -1),
]
COLUMNS = [np.array(column) for column in zip(*ASKED, strict=True)]


def test_predictions_are_those_of_the_definition():
    model = timed_model()
    users, items, times, time_bins, sessions = COLUMNS
    wanted = latent(model, users, items, time_bins, sessions).mean(axis=1)
    found = model.predict(model.users.take(users), model.items.take(items), timestamps=times)
    assert found == pytest.approx(wanted, abs=1e-5)
    _, std = model.predict(
        model.users.take(users), model.items.take(items), timestamps=times, return_std=True
    )
    assert std == pytest.approx(latent(model, users, items, time_bins, sessions).std(axis=1), abs=1e-5)


def test_a_rating_in_an_unknown_session_effect_is_less_sure():
    model = timed_model()
    own = model.user_noise.scale[:, 0] * model.item_noise.scale[:, 1] * model.noise_sd
    known, users, items = at_times(model, np.array([0]), np.array([1]), np.array([0]))
    from palate.factors.pairs import Pairs

    assert Pairs.of(known, users, items).noise()[0] == pytest.approx(own, rel=1e-5)
    unknown, users, items = at_times(model, np.array([0]), np.array([1]), np.array([50 * DAY]))
    wanted = (
        np.hypot(model.user_noise.scale[:, 0], model.user_noise.session)
        * model.item_noise.scale[:, 1]
        * model.noise_sd
    )
    assert Pairs.of(unknown, users, items).noise()[0] == pytest.approx(wanted, rel=1e-5)
    assert Pairs.of(model, np.array([0]), np.array([1])).noise()[0] == pytest.approx(
        wanted, rel=1e-5
    )  # at no time: a mood unknown


def test_distributions_of_an_ordinal_model_are_those_of_the_definition():
    from scipy.stats import norm

    model = timed_model("ordinal")
    users, items, times, time_bins, sessions = COLUMNS
    value = latent(model, users, items, time_bins, sessions)
    scale = (
        np.where(
            np.asarray(sessions) >= 0,
            model.user_noise.scale[:, users],
            np.hypot(model.user_noise.scale[:, users], model.user_noise.session[:, None]),
        )
        * model.item_noise.scale[:, items]
    )
    below = norm.cdf((model.cutpoints[None] - value[:, :, None]) / scale.T[:, :, None]).mean(axis=1)
    wanted = np.diff(below, axis=1, prepend=0, append=1)
    found = model.predict_distribution(model.users.take(users), model.items.take(items), timestamps=times)
    assert found == pytest.approx(wanted, abs=1e-4)
    mean = model.predict(model.users.take(users), model.items.take(items), timestamps=times)
    assert mean == pytest.approx(wanted @ model.levels, abs=1e-3)


def test_at_is_the_model_of_the_time_bin():
    model = timed_model()
    then = model.at(150 * DAY)
    assert then.context is None
    users, items = np.divmod(np.arange(USERS * ITEMS), ITEMS)
    wanted = latent(model, users, items, np.ones(len(users), int), np.full(len(users), -1)).mean(axis=1)
    assert then.score_pairs(users, items) == pytest.approx(wanted, abs=1e-5)
    asked = {"unknown": "baseline"}
    mean = model.user_prior.mean[:, None].repeat(
        USERS, axis=1
    )  # a stranger is a user at the prior mean of the last era
    same = replace(model.context, user_time_bin=np.full(USERS, 2, np.int32))
    strangers = replace(model, user_factors=mean[:, :, :-1], user_bias=mean[:, :, -1], context=same)
    stranger = then.predict(-1, model.items.ids(), **asked)
    assert stranger == pytest.approx(strangers.at(150 * DAY).predict(0, model.items.ids()), abs=1e-5)
    now = model.at(1_000 * DAY)
    assert now.predict(-1, model.items.ids(), **asked) == pytest.approx(
        model.predict(-1, model.items.ids(), **asked), abs=1e-5
    )


@pytest.mark.parametrize(
    "time",
    [150 * DAY, date(1970, 5, 31), datetime(1970, 5, 31), datetime(1970, 5, 31, tzinfo=UTC)],
)
def test_a_time_may_be_a_number_or_a_date(time):
    model = timed_model()
    assert model.predict(0, 1, timestamps=time) == model.predict(0, 1, timestamps=150 * DAY)
    assert model.predict([0], [1], timestamps=pl.Series([time])) == model.predict(
        [0], [1], timestamps=[150 * DAY]
    )
    assert model.at(time).user_bias.tobytes() == model.at(150 * DAY).user_bias.tobytes()


def test_frames_and_folded_users_are_answered_at_a_time():
    model = timed_model()
    frame = model.predict_frame([0, 1], model.items.ids(), timestamp=150 * DAY)
    wanted = model.predict(np.repeat([0, 1], ITEMS), np.tile(model.items.ids(), 2), timestamps=150 * DAY)
    assert frame["predicted_rating"].to_numpy() == pytest.approx(wanted, abs=1e-6)
    folded = model.fold_in([model.items.id(0)], [5.0], timestamps=[0])
    early, late = (model.predict(folded, model.items.id(1), timestamps=time) for time in (0, 1_000 * DAY))
    assert early != late


def test_unknown_ids_are_answered_as_without_times():
    model = timed_model()
    found = model.predict([0, 99], [99, 1], unknown="nan", timestamps=[0, 0])
    assert np.isnan(found).all()
    with pytest.raises(KeyError, match="unknown user id 99"):
        model.predict([0, 99], [1, 1], timestamps=0)
    nothing = model.predict([99, 0], [99, 99], unknown="baseline", timestamps=0)
    assert nothing == pytest.approx(model.predict([99, 0], [99, 99], unknown="baseline"), abs=1)
    assert nothing[0] == pytest.approx(model.predict([99], [99], unknown="baseline")[0], abs=1e-6)


def test_someone_unknown_is_moved_to_the_time_bin_like_everyone():
    model = timed_model()
    items = model.items.ids()
    for time in (0, 150 * DAY, 1_000 * DAY):
        then = model.at(time).predict(99, items, unknown="baseline")
        assert model.predict(99, items, unknown="baseline", timestamps=time) == pytest.approx(then, abs=1e-5)


def test_stored_users_beside_folded_ones_keep_their_session_effects():
    model = timed_model()
    folded = model.fold_in([model.items.id(0)], [5.0], timestamps=[0])
    item = model.items.id(1)
    for time in (0, 150 * DAY, 1_000 * DAY):
        alone = model.predict(0, item, timestamps=time, return_std=True, interval=0.8, interval_of="rating")
        beside = model.predict(
            [folded, 0], item, timestamps=time, return_std=True, interval=0.8, interval_of="rating"
        )
        assert [column[1] for column in beside] == pytest.approx(alone, abs=1e-5)


def test_a_folded_users_own_session_is_known():
    model = timed_model()
    items = model.items.ids()
    folded = model.fold_in(items, [5.0] * ITEMS, timestamps=[0] * ITEMS)
    assert len(folded.sessions) == 1
    in_it, after = (model.predict(folded, items[0], timestamps=time) for time in (0, 50 * DAY))
    assert in_it - after == pytest.approx(folded.session_effect.mean(), abs=1e-5)


@pytest.mark.parametrize("rated", [0, 1, 5])
def test_session_effects_are_part_of_the_noise_of_newcomers_with_and_without_times(rated):
    model = timed_model()
    items = model.items.ids()[:rated]
    timed, untimed = (model.fold_in(items, [3.0] * rated, timestamps=times) for times in ([0] * rated, None))
    for folded in (timed, untimed):
        low, high = model.predict(folded, model.items.id(5), interval=0.8, interval_of="rating")[1:]
        small = replace(model, user_noise=replace(model.user_noise, session=None))
        narrow = small.predict(folded, model.items.id(5), interval=0.8, interval_of="rating")[1:]
        assert high - low > narrow[1] - narrow[0]


def test_one_pair_at_many_times_and_no_pair_at_one():
    model = timed_model()
    times = [0, 50 * DAY, 150 * DAY]
    found = model.predict(0, 1, timestamps=times)
    assert found.tolist() == [model.predict(0, 1, timestamps=time) for time in times]
    assert model.predict_distribution(0, 1, timestamps=times).shape == (3, 5)
    assert model.predict(0, [], timestamps=5).shape == (0,)
    assert [column.shape for column in model.predict(0, [], timestamps=5, return_std=True)] == [(0,), (0,)]
    assert model.predict_distribution(0, [], timestamps=5).shape == (0, 5)
    assert "predicted_rating" in model.predict_frame([], [1], timestamp=5).columns
    with pytest.raises(ValueError, match="timestamp must be one time; got 2"):
        model.predict_frame(0, 1, timestamp=[1, 2])


def test_times_of_pandas_and_numpy_are_times():
    pandas = pytest.importorskip("pandas")
    model = timed_model()
    wanted = model.predict(0, 1, timestamps=150 * DAY)
    moment = pandas.Timestamp("1970-05-31")
    for time in (
        moment,
        [moment],
        pandas.Series([moment]),
        np.datetime64("1970-05-31"),
        np.array(["1970-05-31"], "datetime64[s]"),
        np.array(["1970-05-31"], "datetime64[h]"),
        np.array(150 * DAY),
    ):
        assert model.predict(0, 1, timestamps=time) == pytest.approx(wanted)


@pytest.mark.parametrize("who", ["stored", "folded", "everyone"])
def test_lists_as_of_a_time(who):
    model = timed_model()
    folded = model.fold_in([model.items.id(0)], [5.0], timestamps=[0])
    users = {"stored": 0, "folded": folded, "everyone": None}[who]
    listed = model.recommend(users, 3, timestamp=150 * DAY)
    if who == "folded":
        unseen = [item for item in model.items.ids() if item != model.items.id(0)]
        scores = model.predict(folded, unseen, timestamps=150 * DAY)
        assert listed["predicted_rating"].to_list() == pytest.approx(
            sorted(scores, reverse=True)[:3], abs=1e-5
        )
    else:
        assert listed.equals(model.at(150 * DAY).recommend(users, 3))


def test_a_single_draw_folds_in_too():
    model = timed_model()
    at = slice(0, 1)
    context = replace(
        model.context,
        user_shift=model.context.user_shift[at],
        item_shift=model.context.item_shift[at],
        session_effect=model.context.session_effect[at],
    )
    priors = {
        f"{side}_prior": replace(prior, precision=prior.precision[at], mean=prior.mean[at])
        for side, prior in (("user", model.user_prior), ("item", model.item_prior))
    }
    arrays = {
        name: getattr(model, name)[at]
        for name in ("user_factors", "item_factors", "user_bias", "item_bias", "global_mean", "noise_sd")
    }
    noise = {f"{side}_noise": getattr(model, f"{side}_noise").draws(at) for side in ("user", "item")}
    single = replace(model, **arrays, **priors, **noise, context=context)
    folded = single.fold_in([single.items.id(0)], [5.0], timestamps=[0])
    assert folded.time_bin == 0
    assert np.isfinite(single.predict(folded, single.items.ids(), timestamps=0)).all()


def test_chunks_do_not_show():
    model = timed_model()
    rng = np.random.default_rng(0)
    n = PAIRS_PER_CHUNK + 100
    users, items, times = (
        rng.integers(-1, USERS, n),
        rng.integers(-1, ITEMS, n),
        rng.integers(-5, 300 * DAY, n),
    )
    found = scores_at(model, users, items, times)
    assert found[-50:] == pytest.approx(scores_at(model, users[-50:], items[-50:], times[-50:]), abs=1e-6)
    assert sum(over_times(model, users, items, times, lambda then, u, i: len(u))) == n
    assert scores_at(model, users, items, None).tobytes() == model.score_pairs(users, items).tobytes()
    assert (
        scores_at(replace(model, context=None), users, items, times).tobytes()
        == model.score_pairs(users, items).tobytes()
    )


@pytest.mark.parametrize("link", ["identity", "ordinal"])
def test_what_is_foretold_is_foretold_at_its_time(link):
    model = timed_model(link)
    users, items, times, *_ = COLUMNS
    values = np.array([1.0, 2, 3, 4, 5, 4, 3, 2])
    whole = predictive_scores(model, users, items, values, (0.8,), 0, 1, times)
    for at in range(len(users)):
        then, user, item = at_times(model, users[at : at + 1], items[at : at + 1], times[at : at + 1])
        assert whole.mean[at] == pytest.approx(then.score_pairs(user, item)[0], abs=1e-5)
        if link == "ordinal":
            shares = rating_distribution(then, user, item)[0]
            assert whole.log_score[at] == pytest.approx(-np.log(shares[int(values[at]) - 1]), abs=1e-3)


def test_models_of_the_same_times_can_be_averaged():
    one, other = timed_model(seed=0), timed_model(seed=1)
    other = replace(other, users=one.users, items=one.items)
    users, items, times, *_ = COLUMNS
    together = average([one, other])
    wanted = (scores_at(one, users, items, times) + scores_at(other, users, items, times)) / 2
    assert scores_at(together, users, items, times) == pytest.approx(wanted, abs=1e-5)
    elsewhere = replace(other, context=replace(other.context, edges=np.array([1, 2])))
    for odd in (elsewhere, replace(other, context=None)):
        with pytest.raises(ValueError, match="must have the same time bins and sessions"):
            average([one, odd])


class TestRefusals:
    def test_a_model_that_knows_nothing_of_time(self):
        plain = replace(timed_model(), context=None)
        for ask in (
            lambda: plain.predict(0, 1, timestamps=5),
            lambda: plain.at(5),
            lambda: plain.predict_distribution(0, 1, timestamps=5),
            lambda: plain.fold_in([1], [5.0], timestamps=[5]),
            lambda: plain.predict_frame(0, 1, timestamp=5),
        ):
            with pytest.raises(ValueError, match="this model cannot predict for a given time"):
                ask()

    def test_a_model_without_time_bins_at_a_time(self):
        model = timed_model()
        context = model.context
        shift = context.user_shift[:, -1:]
        sessions_alone = replace(context, edges=np.empty(0, np.int64), user_shift=shift, item_shift=shift)
        with pytest.raises(ValueError, match="has one time bin only"):
            replace(model, context=sessions_alone).at(5)
        with pytest.raises(TypeError, match="got None"):
            model.at(None)

    @pytest.mark.parametrize(
        ("times", "error", "message"),
        [
            ([1, 2, 3], ValueError, "one for each of 2 pairs; got 3"),
            ("2001-06-01", TypeError, "got the text '2001-06-01'"),
            ([2**63, 0], ValueError, "must fit 64 bits; got 9223372036854775808"),
            (["noon"], TypeError, "must hold numbers or datetimes"),
            ([None, 1], ValueError, "null at 0-based row 0"),
        ],
    )
    def test_times_that_are_none(self, times, error, message):
        with pytest.raises(error, match=message):
            timed_model().predict([0, 0], [1, 2], timestamps=times)
