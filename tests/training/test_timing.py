"""What Gibbs learns of time: every conditional against closed forms, planted eras and moods, and a
fit from end to end.
"""

from dataclasses import replace

import numpy as np
import pytest

import palate
from palate import FactorModel, Gibbs, Ratings
from palate.solve.rows import Rows, Side
from palate.training.gibbs.clock import Clock
from palate.training.gibbs.sides import SideModel
from palate.training.gibbs.temporal import TimeModel
from palate.training.gibbs.time_state import TimeState
from palate.training.rating_errors import RatingErrors
from palate.training.time_bins import Pairs, time_bin_edges, time_parts

SILENT = {"validation": 0, "callback": lambda report: None}


class TestPieces:
    def test_edges_cut_into_equally_many_ratings(self):
        edges = time_bin_edges(np.arange(150)[::-1])
        assert edges.tolist() == list(range(10, 150, 10))

    @pytest.mark.parametrize(("times", "edges"), [([7, 7, 7], []), ([1] * 20 + [2] * 20, [2]), ([5], [])])
    def test_equal_times_are_in_one_time_bin(self, times, edges):
        assert time_bin_edges(np.array(times)).tolist() == edges

    def test_pairs_are_those_with_ratings(self):
        pairs, place = Pairs.of(np.array([2, 0, 2, 2]), np.array([1, 0, 1, 0]), 3, 2)
        assert pairs.rows.tolist() == [0, 2, 2]
        assert pairs.time_bins.tolist() == [0, 0, 1]
        assert place.tolist() == [2, 0, 2, 1]

    def test_no_two_time_bins_of_a_group_are_neighbours(self):
        pairs, _ = Pairs.of(np.zeros(7, int), np.arange(7), 1, 7)
        assert sorted(int(time_bin) for group in pairs.groups for time_bin in group.time_bins) == list(
            range(7)
        )
        for group in pairs.groups:
            assert (np.diff(group.time_bins) > 1).all()
            assert (group.time_bins == 6).all() == (group.n_neighbours == 1)

    def test_names_of_before_warn(self):
        with pytest.warns(DeprecationWarning, match="time='eras,sittings' is now time='bins,sessions'"):
            assert time_parts("eras,sittings") == ("bins", "sessions")

    @pytest.mark.parametrize("named", ["bins", "sessions", "bins,sessions", ""])
    def test_parts_of_time(self, named):
        assert ",".join(time_parts(named)) == named.replace(" ", "")

    @pytest.mark.parametrize(
        ("named", "message"), [("days", "got 'days'"), ("bins,bins", "each feature once; got 'bins' twice")]
    )
    def test_other_parts_are_refused(self, named, message):
        with pytest.raises(ValueError, match=message):
            time_parts(named)


class TestConditionals:
    """Many draws of one step, against the normal distribution worked out by hand."""

    N = 3000

    def setup_method(self):
        rng = np.random.default_rng(1)
        mask = rng.random((6, 5)) < 0.8
        users, items = np.nonzero(mask)
        self.users, self.items = users, items
        self.times = rng.choice([0, 3, 9], size=len(users)) * 100_000
        self.times[:3] = [0, 300_000, 900_000]
        indptr = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
        values = rng.normal(size=len(users)).astype(np.float32)
        rows = Rows(indptr, items.astype(np.int32), values, np.empty(0, np.float32), 5)
        place = np.argsort(items, kind="stable").astype(np.int32)
        self.time = TimeModel.build(rows, self.times, ("bins", "sessions"), place)
        self.rows = self.time.columns_of(rows, 0)
        self.weights = rng.uniform(0.5, 2, size=len(users)).astype(np.float32)
        self.sides = SideModel(0, 1), SideModel(1, 1)
        precision = np.array([[2.0, 0.3], [0.3, 1.5]])
        self.states = tuple(
            replace(
                side.start(
                    Side.padded(
                        rng.normal(size=(n, 1)).astype(np.float32), rng.normal(size=n).astype(np.float32)
                    )
                ),
                precision=precision,
            )
            for side, n in zip(self.sides, (6, 5), strict=True)
        )
        self.precision = precision
        shifts = np.zeros((2, 3, 9), np.float32)
        shifts[:, :, [0, 8]] = rng.normal(size=(2, 3, 2)) / 2
        session_effect = rng.normal(size=len(self.time.sessions)).astype(np.float32)
        self.state = TimeState(shifts[0], shifts[1], np.array([1.3, 0.7]), session_effect, 2.5)
        self.noise, self.mean = 1.7, 0.2

    def draw(self, number):
        """Draw all but how much of the moods is the users' bias."""
        clock, (users, items) = Clock(0, 0, number, 1), self.states
        met = self.time.columns(1, items.vectors, self.state, 1)
        session_effects = self.state.session_effect, self.time.session
        given = self.mean, self.weights, 1, session_effects
        errors = RatingErrors.of(self.rows, users.vectors, met, *given)
        given = errors, met, self.sides, self.states, self.noise, clock
        state = self.time.draw_shifts(self.state, *given)
        return self.time.draw_sessions(state, errors, self.noise, clock)

    def score(self, state):
        """Return what is expected of each rating beside its mood, by the definition."""
        time_bins = np.searchsorted(self.time.time_bins.edges, self.times, side="right")
        p, q = (
            np.column_stack([one.vectors.factors[:, 0], one.vectors.bias]).astype(float)[index]
            + shift[time_bins][:, [0, 8]]
            for one, index, shift in zip(
                self.states, (self.users, self.items), (state.user_shift, state.item_shift), strict=True
            )
        )
        return self.mean + p[:, 0] * q[:, 0] + p[:, 1] + q[:, 1]

    def test_the_first_time_bins_shift_is_drawn_given_its_ratings_and_the_next_time_bin(self):
        """Era 0 is drawn first, given era 1 as it was: prior mean S_1 / 2, prior precision 2 kappa Lambda."""
        drawn = np.stack([self.draw(number).user_shift[0, [0, 8]] for number in range(self.N)])
        there = np.searchsorted(self.time.time_bins.edges, self.times, side="right") == 0
        q = self.states[1].vectors.factors[self.items[there], 0] + self.state.item_shift[0, 0]
        x = np.column_stack([q, np.ones(there.sum())])
        session_effect = self.state.session_effect[self.time.session[there]]
        target = (
            self.rows.values[there]
            - self.score(self.state)[there]
            - session_effect
            + x @ self.state.user_shift[0, [0, 8]]
        )
        prior = 2 * self.state.strengths[0] * self.precision
        weight = self.noise * self.weights[there]
        system = prior + x.T @ (weight[:, None] * x)
        mean = np.linalg.solve(system, prior @ self.state.user_shift[1, [0, 8]] / 2 + x.T @ (weight * target))
        covariance = np.linalg.inv(system)
        deviation = np.sqrt(np.diag(covariance) / self.N)
        assert (np.abs(drawn.mean(axis=0) - mean) < 4.5 * deviation).all()
        assert np.cov(drawn.T) == pytest.approx(covariance, abs=0.08 * covariance.max())

    def test_session_effects_are_drawn_given_what_is_left(self):
        drawn = [self.draw(number) for number in range(400)]
        z = []
        for state in drawn:
            left = self.rows.values - self.score(state)
            n = len(self.time.sessions)
            total = self.noise * np.bincount(self.time.session, self.weights, n) + 2.5
            mean = self.noise * np.bincount(self.time.session, self.weights * left, n) / total
            z.append((state.session_effect - mean) * np.sqrt(total))
        z = np.array(z)
        assert np.abs(z.mean(axis=0)).max() < 4.5 / np.sqrt(len(z))
        assert z.std() == pytest.approx(1, abs=0.03)

    def test_precisions_follow_the_gamma_of_steps_and_session_effects(self):
        drawn = [self.draw(number) for number in range(self.N)]
        for number, shifts in ((0, "user_shift"), (1, "item_shift")):
            steps = np.stack(
                [np.diff(getattr(state, shifts)[:, [0, 8]], axis=0, prepend=0) for state in drawn]
            )
            squares = np.einsum("nti,ij,ntj->n", steps, self.precision, steps)
            expected = (1 + steps.shape[1]) / (1 + squares / 2)  # 2 numbers a step
            found = np.array([state.strengths[number] for state in drawn])
            assert np.mean(found / expected) == pytest.approx(
                1, abs=4.5 / np.sqrt(self.N * (1 + steps.shape[1]))
            )
        squares = np.array([np.sum(np.square(state.session_effect, dtype=float)) for state in drawn])
        shape = 1 + len(self.time.sessions) / 2
        found = np.array([state.session_effect_precision for state in drawn])
        assert np.mean(found * (1 + squares / 2) / shape) == pytest.approx(
            1, abs=4.5 / np.sqrt(self.N * shape)
        )


def planted(seed=0, n_users=120, n_items=60, per_user=50):
    """Return ratings with eras that raise everyone and moods of sittings, what was planted, and
    ratings held out.
    """
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(n_users), per_user)
    items = np.concatenate([rng.choice(n_items, per_user, replace=False) for _ in range(n_users)])
    start = rng.integers(0, 1000, n_users) * 86_400 * 3
    session = np.tile(np.arange(per_user) // 10, n_users)
    times = start[users] + session * 86_400 * 40 + np.tile(np.arange(per_user) % 10, n_users) * 60
    session_effect = rng.normal(size=(n_users, per_user // 10)) * 0.6
    level = 0.8 * np.sin(times / times.max() * 3)
    user_bias, item_bias = rng.normal(size=n_users) * 0.4, rng.normal(size=n_items) * 0.4
    values = (
        3.5
        + user_bias[users]
        + item_bias[items]
        + level
        + session_effect[users, session]
        + 0.3 * rng.normal(size=len(users))
    )
    ratings = Ratings.from_arrays(users, items, values, timestamp=times)
    held = np.random.default_rng(seed + 1).random(len(ratings)) < 0.15
    return ratings.select(~held), ratings.select(held)


@pytest.fixture(scope="module")
def fitted():
    train, test = planted()
    trainer = Gibbs(n_factors=2, sweeps=120, burn_in=40, time="bins,sessions")
    return trainer.fit(train, **SILENT), train, test


def test_planted_time_bins_and_session_effects_are_found(fitted):
    model, train, test = fitted
    plain = Gibbs(n_factors=2, sweeps=120, burn_in=40).fit(train, **SILENT)
    with_time, without = (
        palate.evaluate(one, test, k=(), baselines=False, resamples=0) for one in (model, plain)
    )
    assert (
        with_time.value("rmse_unclipped") < 0.36
    )  # the noise is 0.3, and each mood is known from 8 or 9 ratings
    assert without.value("rmse_unclipped") > 0.6
    noise = model.user_noise
    session_effect = np.mean(noise.session * model.noise_sd)
    assert session_effect == pytest.approx(0.6, abs=0.08)


def test_intervals_hold_at_known_and_unknown_sessions(fitted):
    model, _, test = fitted
    known = palate.calibrate(model, test)
    assert known.covered(0.8) == pytest.approx(0.8, abs=0.05)
    later = replace(test, timestamp=np.full(len(test), test.timestamp.max() + 86_400 * 400))
    unknown = palate.calibrate(model, later)
    assert unknown.scores["rmse"] > 1.5 * known.scores["rmse"]
    assert unknown.covered(0.8) > 0.6  # moods count as noise: without them it would be half of that


def test_without_a_time_users_are_answered_as_of_their_last_rating(fitted):
    model, train, _ = fitted
    last = np.maximum.reduceat(train.timestamp, train.user_indptr[:-1])
    time_bins = [int(train.timestamp.min()), *model.context.edges.tolist()]
    assert (model.context.user_time_bin == model.context.time_bins(last)).all()
    pairs = list(range(20)), list(range(20))
    then = np.stack([model.at(time).predict(*pairs) for time in time_bins])
    assert then.std(axis=0).mean() > 0.1
    assert model.predict(*pairs) == pytest.approx(
        then[model.context.user_time_bin[:20], np.arange(20)], abs=1e-5
    )
    assert (model.context.user_shift[:, -1] == 0).all()


@pytest.mark.parametrize("time", ["bins", "sessions", "bins,sessions"])
def test_neither_threads_nor_row_order_change_a_bit(time):
    train, _ = planted(n_users=30, n_items=20, per_user=20)
    frame = train.to_frame().sample(fraction=1, shuffle=True, seed=3)
    shuffled = Ratings.from_frame(frame, timestamp="timestamp")
    trainer = Gibbs(n_factors=2, sweeps=12, burn_in=4, time=time)
    one = trainer.fit(train, threads=1, **SILENT)
    other = trainer.fit(shuffled, threads=2, **SILENT)
    for name in ("user_factors", "item_bias"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    for name in ("user_shift", "item_shift", "session_effect"):
        assert getattr(one.context, name).tobytes() == getattr(other.context, name).tobytes()


def test_an_interrupted_run_goes_on_to_the_same_bits(tmp_path):
    train, _ = planted(n_users=30, n_items=20, per_user=20)
    trainer = Gibbs(n_factors=2, sweeps=12, burn_in=4, time="bins,sessions")
    whole = trainer.fit(train, **SILENT)
    path = tmp_path / "chain"
    trainer.fit(train, validation=0, checkpoint=path, callback=lambda report: report.sweep < 7)
    assert path.exists()
    resumed = trainer.fit(train, checkpoint=path, **SILENT)
    assert any("continued from" in note for note in resumed.history.notes)
    assert resumed.context.session_effect.tobytes() == whole.context.session_effect.tobytes()
    assert resumed.user_factors.tobytes() == whole.user_factors.tobytes()


def test_times_are_part_of_what_a_checkpoint_is_of(tmp_path):
    train, _ = planted(n_users=30, n_items=20, per_user=20)
    trainer = Gibbs(n_factors=2, sweeps=12, burn_in=4, time="bins")
    trainer.fit(train, validation=0, checkpoint=tmp_path / "chain", callback=lambda report: report.sweep < 7)
    other = replace(train, timestamp=train.timestamp[::-1].copy())
    with pytest.raises(ValueError, match="must be a checkpoint of this run"):
        trainer.fit(other, checkpoint=tmp_path / "chain", **SILENT)


def test_an_ordinal_model_learns_of_time_too():
    train, test = planted(n_users=60)
    stars = [
        replace(part, value=np.clip(np.round(part.value), 1, 5).astype(np.float32)) for part in (train, test)
    ]
    how = {"n_factors": 2, "sweeps": 80, "burn_in": 30, "likelihood": "ordinal"}
    models = [Gibbs(**how, time=time).fit(stars[0], **SILENT) for time in ("", "bins,sessions")]
    without, with_time = (
        palate.evaluate(model, stars[1], k=(), baselines=False, resamples=0).value("rmse") for model in models
    )
    assert with_time < 0.8 * without


def test_a_known_users_fold_in_at_the_times_of_the_ratings_is_the_stored_user(fitted):
    """In distribution: as far from the stored one as its few draws allow, and much nearer than
    without times.
    """
    model, train, _ = fitted
    items = train.items.ids()
    away, away_untimed, spread = [], [], []
    for user in range(0, 40, 2):
        part = slice(train.user_indptr[user], train.user_indptr[user + 1])
        rated = train.items.take(train.item_index[part]), train.value[part]
        stored, std = model.predict(user, items, return_std=True)
        timed, timed_std = model.predict(
            model.fold_in(*rated, timestamps=train.timestamp[part]), items, return_std=True
        )
        away.append(np.mean((timed - stored) ** 2))
        away_untimed.append(np.mean((model.predict(model.fold_in(*rated), items) - stored) ** 2))
        spread.append(np.mean(timed_std) / np.mean(std))
    assert np.mean(away) < 0.25 * np.mean(away_untimed)
    assert np.sqrt(np.mean(away)) < 0.1
    assert np.mean(spread) == pytest.approx(1, abs=0.08)


class TestRefusals:
    ratings = Ratings.from_arrays([1, 1, 2], [1, 2, 1], [1.0, 2.0, 3.0])

    def test_ratings_without_timestamps(self):
        with pytest.raises(ValueError, match="must have timestamps for a model with time"):
            Gibbs(n_factors=1, sweeps=2, burn_in=1, time="bins").fit(self.ratings, **SILENT)

    def test_sessions_beside_a_shared_noise(self):
        with pytest.raises(ValueError, match="noise must be 'own' for time='sessions'"):
            Gibbs(noise="shared", time="sessions").fit(self.ratings, **SILENT)

    def test_a_part_that_is_not_known(self):
        with pytest.raises(ValueError, match="time must be 'bins', 'sessions' or both"):
            Gibbs(time="weekdays").fit(self.ratings, **SILENT)


def test_one_time_for_all_is_one_time_bin_and_one_session_a_user():
    ratings = Ratings.from_arrays([1, 1, 2, 3], [1, 2, 1, 2], [1.0, 2.0, 3.0, 5.0], timestamp=[7, 7, 7, 7])
    model = Gibbs(n_factors=1, sweeps=10, burn_in=4, time="bins,sessions").fit(ratings, **SILENT)
    assert isinstance(model, FactorModel)
    assert model.context.n_time_bins == 1
    assert len(model.context.sessions) == 3


def test_weights_count_in_the_session_effects_of_fold_in_as_in_training():
    """Many ratings of weight 1/25 in one sitting leave its mood open; of weight 25 they settle it."""
    train, _ = planted(n_users=60)
    model = Gibbs(n_factors=2, sweeps=80, burn_in=30, time="sessions").fit(train, **SILENT)
    items, last = train.items.ids()[:12], int(train.timestamp.max())
    spread = {}
    for weight in (0.04, 25.0):
        folded = model.fold_in(
            items, [5.0] * 12, weights=[weight] * 12, timestamps=[last + place for place in range(12)]
        )
        spread[weight] = (folded.bias + folded.session_effect[:, 0]).std()
    assert spread[25.0] < 0.3 * spread[0.04]


def test_milliseconds_are_told_apart_from_seconds():
    train, _ = planted(n_users=10, n_items=20, per_user=20)
    late = replace(train, timestamp=1000 * (train.timestamp + 10**9))
    with pytest.raises(
        ValueError, match=r"timestamps must be seconds for time='sessions'.*Milliseconds are divided by 1,000"
    ):
        Gibbs(n_factors=1, sweeps=2, burn_in=1, time="sessions").fit(late, **SILENT)


def test_held_out_users_are_folded_in_at_their_times():
    ratings = planted(n_users=150)[0]
    split = palate.splits.held_out_users(ratings, share=0.2, seed=1)
    model = Gibbs(n_factors=2, sweeps=100, burn_in=40, time="bins,sessions").fit(split.train, **SILENT)
    timed, without = (
        palate.evaluate(model, split.test, fold_in=known, k=(), baselines=False, resamples=0).value(
            "rmse_unclipped"
        )
        for known in (split.fold_in, replace(split.fold_in, timestamp=None))
    )
    assert timed < 0.75 * without
