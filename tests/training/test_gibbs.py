"""Gibbs as its users meet it: what it finds, what it says of itself, how it goes on after a kill,
and what it refuses.
"""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import palate
from palate import Gibbs
from palate.training.gibbs.temporal import TimeModel
from palate.training.gibbs.time_state import NoTime
from palate.training.run_file import RunFileError
from palate.training.training_data import Problem
from train_gibbs import planted as planted_for_kills
from train_gibbs import trainer as trainer_for_kills

HERE = Path(__file__).parent
SMALL = Gibbs(n_factors=3, sweeps=40, burn_in=10)


def planted(seed=0, n_users=80, n_items=50, share=0.5, noise=0.4):
    """Return Ratings of rank 2 with biases, and the values without noise."""
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    p, q = rng.normal(size=(n_users, 2)) * 0.7, rng.normal(size=(n_items, 2)) * 0.7
    truth = (
        3.5
        + 0.5 * rng.normal(size=n_users)[users]
        + 0.5 * rng.normal(size=n_items)[items]
        + (p[users] * q[items]).sum(axis=1)
    )
    return palate.Ratings.from_arrays(users, items, truth + noise * rng.normal(size=len(users))), truth


def arrays(model):
    fields = ("user_factors", "item_factors", "user_bias", "item_bias", "noise_sd", "cutpoints")
    return [getattr(model, name) for name in fields if getattr(model, name) is not None]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


class TestWhatItFinds:
    def test_the_noise_and_the_truth(self):
        ratings, truth = planted()
        model = Gibbs(n_factors=4, sweeps=150, burn_in=50).fit(ratings, validation=0)
        assert model.noise_sd.mean() == pytest.approx(0.4, rel=0.1)
        found = model.predict(ratings.users.take(ratings.user_index), ratings.items.take(ratings.item_index))
        assert np.sqrt(np.mean((found - truth) ** 2)) < 0.2

    def test_whose_ratings_are_noisy(self):
        """Half the users rate with four times the noise of the others, a third of the items likewise."""
        ratings, truth = planted(n_users=120, noise=0)
        users, items = ratings.user_index, ratings.item_index
        scale = np.where(users % 2, 0.8, 0.2) * np.where(items % 3, 1.0, 2.0)
        rng = np.random.default_rng(5)
        values = (truth + scale * rng.normal(size=len(truth))).astype(np.float32)
        noisy = dataclasses.replace(ratings, value=values, scale=(float(values.min()), float(values.max())))
        trainer = Gibbs(n_factors=4, sweeps=200, burn_in=60)
        own, shared = (
            dataclasses.replace(trainer, noise=noise).fit(noisy, validation=0) for noise in ("own", "shared")
        )
        assert shared.user_noise is None
        assert own.user_noise.scale.shape == (own.n_draws, 120)
        of_users, of_items = (side.scale.mean(axis=0) for side in (own.user_noise, own.item_noise))
        assert of_users[1::2].mean() / of_users[::2].mean() == pytest.approx(4, rel=0.15)
        assert of_items[::3].mean() / np.delete(of_items, np.s_[::3]).mean() == pytest.approx(2, rel=0.15)
        pairs = noisy.users.take(users), noisy.items.take(items)
        errors = [np.sqrt(np.mean((model.predict(*pairs) - truth) ** 2)) for model in (own, shared)]
        assert errors[0] < 0.8 * errors[1]
        held = rng.random(len(values)) < 0.25
        own = trainer.fit(noisy.select(~held), validation=0)
        for part in (held & (scale < 0.3), held & (scale > 0.7)):  # each pair's interval is of its own width
            low, high = own.predict(*(ids.filter(part) for ids in pairs), interval=0.8, interval_of="rating")[
                1:
            ]
            assert np.mean((values[part] >= low) & (values[part] <= high)) == pytest.approx(0.8, abs=0.06)

    def test_it_beats_least_squares_on_the_bundled_ratings(self):
        data = palate.datasets.load("movielens-small")
        point = palate.LeastSquares().fit(data.ratings)
        bayes = Gibbs(n_factors=8, sweeps=60, burn_in=20, user_features="rated", item_features="raters").fit(
            data.ratings
        )
        found = bayes.history.sweeps[-1].validation_rmse
        assert found < min(sweep.validation_rmse for sweep in point.history.sweeps) - 0.015
        assert 0.83 < found < 0.86

    def test_the_unit_of_the_ratings_does_not_matter(self):
        ratings, _ = planted()
        scaled = dataclasses.replace(
            ratings, value=ratings.value * 20, scale=(ratings.scale[0] * 20, ratings.scale[1] * 20)
        )
        one, other = (SMALL.fit(table, validation=0) for table in (ratings, scaled))
        pairs = ratings.users.take(np.arange(20)), ratings.items.take(np.arange(20))
        np.testing.assert_allclose(other.predict(*pairs), 20 * one.predict(*pairs), rtol=2e-3)
        np.testing.assert_allclose(other.noise_sd, 20 * one.noise_sd, rtol=2e-3)

    def test_ordinal_predictions_stay_inside_the_scale(self):
        ratings, _ = planted(noise=1.0)
        stars = dataclasses.replace(
            ratings, value=np.clip(np.round(ratings.value), 1, 5).astype(np.float32), scale=(1.0, 5.0)
        )
        model = Gibbs(n_factors=3, sweeps=60, burn_in=20, likelihood="ordinal").fit(stars)
        scores = model.score_items(np.arange(model.n_users))
        assert scores.min() >= 1
        assert scores.max() <= 5
        assert (np.diff(model.cutpoints, axis=1) > 0).all()
        assert model.history.sweeps[-1].validation_rmse < np.std(stars.value)

    def test_planted_weights_of_features_are_recovered(self):
        """Items of one genre are rated two stars higher; an item nobody rated is then predicted
        from its genre.
        """
        rng = np.random.default_rng(3)
        genres = np.where(np.arange(60) % 2 == 0, "loved", "hated")
        users, items = np.nonzero(rng.random((50, 60)) < 0.4)
        values = 3 + np.where(genres[items] == "loved", 1.0, -1.0) + 0.3 * rng.normal(size=len(users))
        ratings = palate.Ratings.from_arrays(users, items, values)
        catalog = palate.Catalog.from_frame(pl.DataFrame({"item_id": np.arange(60), "genres": genres}))
        model = Gibbs(n_factors=2, sweeps=80, burn_in=30, item_features="genres").fit(
            ratings, catalog=catalog
        )
        group = model.item_link.groups[0]
        assert group.values == ("hated", "loved")
        gap = (group.weights[:, 1, -1] - group.weights[:, 0, -1]).mean()
        assert gap == pytest.approx(2.0, abs=0.3)

    def test_bags_hold_training_pairs_alone(self):
        ratings, _ = planted()
        held = np.zeros(len(ratings), bool)
        held[::9] = True
        train, validation = ratings.select(~held), ratings.select(held)
        fewer = ratings.select(np.flatnonzero(held)[:5])
        trainer = dataclasses.replace(SMALL, user_features="rated", item_features="raters")
        one, other = trainer.fit(train, validation=validation), trainer.fit(train, validation=fewer)
        assert np.array_equal(one.user_factors, other.user_factors)


class TestWhatItSays:
    def test_how_many_draws_are_kept_and_what_that_costs(self):
        model = dataclasses.replace(SMALL, n_draws=6).fit(planted()[0])
        assert model.n_draws == 6
        assert any(
            note.startswith("6 of 30 draws are kept; on held-out ratings") for note in model.history.notes
        )

    def test_a_chain_that_was_too_short(self):
        data = palate.datasets.load("movielens-small")
        notes = Gibbs(n_factors=8, sweeps=14, burn_in=2).fit(data.ratings).history.notes
        assert any("too short" in note for note in notes)

    def test_chains_are_pooled(self):
        model = dataclasses.replace(SMALL, n_chains=2).fit(planted()[0])
        assert model.n_draws == 60
        assert len(model.history.sweeps) == 80
        assert not np.array_equal(model.user_bias[0], model.user_bias[30])
        assert any("R-hat" in note for note in model.history.notes)

    def test_memory_limits_the_draws(self):
        rows = (80 + 50) * (3 + 2) * 4
        ratings, _ = planted()
        problem, trainer = (
            Problem.build(ratings, np.zeros(len(ratings), bool)),
            Gibbs(n_factors=3, sweeps=2000, burn_in=1, draws_mb=1),
        )
        assert trainer._n_draws(problem, {}, NoTime()) == min(1999, 2**20 // rows)
        place = np.argsort(problem.by_user.columns, kind="stable").astype(np.int32)
        time = TimeModel.build(problem.by_user, np.arange(len(ratings)) * 10**6, ("sessions",), place)
        assert trainer._n_draws(problem, {}, time) == 2**20 // (rows + 4 * len(ratings))

    def test_missing_features_and_rows_of_unknown_users(self):
        ratings, _ = planted(n_users=20)
        table = pl.DataFrame({"user_id": [0, 1, 2, 99], "age": [20.0, None, 40.0, 60.0]})
        trainer = dataclasses.replace(SMALL, user_features="age")
        notes = trainer.fit(ratings, user_table=table).history.notes
        assert "1 row of the user table is of a user without ratings and was not used in training." in notes
        assert "18 users have no age, which adds nothing to their prior mean." in notes


class TestSameBits:
    def test_for_any_number_of_threads(self):
        ratings, _ = planted()
        trainer = dataclasses.replace(
            SMALL, sweeps=12, burn_in=4, user_features="rated", item_features="raters"
        )
        assert same(trainer.fit(ratings, threads=1), trainer.fit(ratings, threads=3))

    def test_seeds_differ(self):
        ratings, _ = planted()
        assert not same(SMALL.fit(ratings, seed=0), SMALL.fit(ratings, seed=1))

    def test_after_an_interrupt(self, tmp_path):
        path, ratings = tmp_path / "chain", planted_for_kills()
        trainer = trainer_for_kills(30)

        def stop_at_20(report):
            if report.sweep == 20:
                raise KeyboardInterrupt

        partial = trainer.fit(ratings, checkpoint=path, callback=stop_at_20, seed=5)
        assert partial.n_draws == 10
        assert "Interrupted after 20 complete sweeps" in partial.history.stopped
        assert path.exists()
        seen = []
        whole = trainer.fit(
            ratings, checkpoint=path, callback=lambda report: seen.append(report.sweep), seed=5
        )
        assert seen[0] > 1
        assert [report.sweep for report in whole.history.sweeps] == list(range(1, 31))
        assert not path.exists()
        assert same(whole, trainer.fit(ratings, callback=lambda report: None, seed=5))

    def test_after_an_interrupt_of_the_second_run_of_a_refit(self, tmp_path):
        path, ratings, trainer, seen = tmp_path / "chain", planted_for_kills(), trainer_for_kills(20), []

        def stop_in_the_second(report):
            seen.append(report)
            if len(seen) == 35:
                raise KeyboardInterrupt

        partial = trainer.fit(ratings, refit=True, checkpoint=path, callback=stop_in_the_second)
        assert partial.history.interrupted
        assert len(list(tmp_path.iterdir())) == 2
        again = []
        whole = trainer.fit(ratings, refit=True, checkpoint=path, callback=again.append)
        assert len(again) < 20  # the first run is not made again
        assert list(tmp_path.iterdir()) == []
        fresh = trainer.fit(ratings, refit=True, callback=lambda report: None)
        assert same(whole, fresh)
        assert whole.history.notes[0] == fresh.history.notes[0]
        assert whole.history.notes[0].startswith("On 49 ratings held out of a first run the RMSE was ")
        assert [report.validation_rmse for report in whole.history.sweeps] == [None] * 20

    def test_a_refit_is_not_begun_after_an_interrupt(self):
        seen = []

        def stop(report):
            seen.append(report)
            if len(seen) == 20:
                raise KeyboardInterrupt

        model = SMALL.fit(planted()[0], refit=True, callback=stop)
        assert len(seen) == 20
        assert model.history.best_sweep == 20
        assert model.history.interrupted

    def test_an_interrupt_before_the_first_kept_draw_is_raised(self):
        def stop(report):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            SMALL.fit(planted()[0], callback=stop)

    def test_after_kills_at_any_moment(self, tmp_path):
        """Row R7: kill -9 again and again; the run that ends in the end is the uninterrupted one."""
        rng = np.random.default_rng(0)
        checkpoint, output = tmp_path / "chain", tmp_path / "model.palate"
        command = [sys.executable, str(HERE.parent / "train_gibbs.py"), str(checkpoint), str(output), "60"]
        kills = 0
        while kills < 3:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            for _ in range(int(rng.integers(3, 14))):
                if not process.stdout.readline():
                    break
            process.kill()
            process.wait()
            process.stdout.close()
            kills += 1
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        expected = trainer_for_kills(60).fit(
            planted_for_kills(), callback=lambda report: None, threads=1, seed=5
        )
        assert same(palate.load(output), expected)
        assert [entry.name for entry in tmp_path.iterdir()] == ["model.palate"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "error", "text"),
        [
            ({"burn_in": 40}, ValueError, "burn_in must be less than sweeps=40; got 40"),
            ({"n_factors": 0}, ValueError, "n_factors must be from 1 to 256; got 0"),
            ({"sweeps": 0}, ValueError, "sweeps must be at least 1"),
            ({"n_chains": 0}, ValueError, "n_chains must be at least 1"),
            ({"n_draws": 31}, ValueError, "n_draws must be at most 30, the sweeps after burn-in; got 31"),
            ({"draws_mb": 0}, ValueError, "draws_mb must be at least 1"),
            (
                {"likelihood": "poisson"},
                ValueError,
                "likelihood must be one of 'gaussian', 'ordinal'; got 'poisson'",
            ),
            ({"missing_features": "guess"}, ValueError, "missing_features must be one of"),
            ({"user_features": 3}, TypeError, "user_features must be a text of names"),
            (
                {"user_features": "rated,rated"},
                ValueError,
                "user_features must name each feature once; got 'rated' twice",
            ),
            (
                {"user_features": "raters"},
                ValueError,
                "must not hold 'raters', which is a feature of the other side",
            ),
            (
                {"user_features": "age"},
                ValueError,
                "must name columns of user_table; got 'age', and none was given",
            ),
            ({"item_features": "genres"}, ValueError, "must name columns of the catalog; got 'genres'"),
            ({"likelihood": "ordinal"}, ValueError, "at most 100 distinct values for likelihood='ordinal'"),
        ],
    )
    def test_parameters(self, change, error, text):
        with pytest.raises(error, match=text):
            dataclasses.replace(SMALL, **change).fit(planted()[0])

    def test_one_distinct_rating(self):
        ratings = palate.Ratings.from_arrays([1, 1, 2], [1, 2, 1], [4, 4, 4])
        with pytest.raises(
            ValueError, match="at least two distinct values for likelihood='ordinal'; all 3 are 4"
        ):
            dataclasses.replace(SMALL, likelihood="ordinal").fit(ratings, validation=0)
        assert SMALL.fit(ratings, validation=0).predict(2, 2) == pytest.approx(4, abs=1.5)

    def test_weights_with_levels(self):
        ratings = palate.Ratings.from_arrays([1, 1, 2], [1, 2, 1], [4, 3, 5], weight=[1, 2, 1])
        with pytest.raises(ValueError, match="no weights for likelihood='ordinal'"):
            dataclasses.replace(SMALL, likelihood="ordinal").fit(ratings, validation=0)

    def test_tables(self):
        ratings, _ = planted(n_users=3)
        trainer = dataclasses.replace(SMALL, user_features="age")
        with pytest.raises(ValueError, match="user_table must have a column 'user_id'; got 'who', 'age'"):
            trainer.fit(ratings, user_table=pl.DataFrame({"who": [0], "age": [3]}))
        with pytest.raises(ValueError, match="must have one row for each user; got 1 twice"):
            trainer.fit(ratings, user_table=pl.DataFrame({"user_id": [1, 1], "age": [3, 4]}))
        with pytest.raises(ValueError, match=r"'age' is missing for 2\. Pass missing_features='zero'"):
            dataclasses.replace(trainer, missing_features="raise").fit(
                ratings, user_table=pl.DataFrame({"user_id": [1], "age": [3]})
            )

    def test_a_checkpoint_of_another_run_or_a_damaged_one(self, tmp_path):
        path, ratings = tmp_path / "chain", planted()[0]

        def stop(report):
            return report.sweep < 15

        SMALL.fit(ratings, checkpoint=path, callback=stop)
        with pytest.raises(RunFileError, match="made with another trainer, seed, table, features or start"):
            SMALL.fit(ratings, checkpoint=path, seed=1)
        with pytest.raises(RunFileError, match="another trainer, seed, table, features or start"):
            SMALL.fit(
                ratings, checkpoint=path, start=palate.LeastSquares(n_factors=3, max_sweeps=1).fit(ratings)
            )
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
        with pytest.raises(RunFileError, match=r"damaged or another file\. Delete it to start again"):
            SMALL.fit(ratings, checkpoint=path)
        with pytest.raises(RunFileError, match="must be a complete checkpoint; it is a folder"):
            SMALL.fit(ratings, checkpoint=tmp_path)

    def test_a_run_that_ends_before_any_draw(self):
        with pytest.raises(
            ValueError, match="must keep at least one draw; it ended during the burn-in of 10"
        ):
            SMALL.fit(planted()[0], callback=lambda report: False)
