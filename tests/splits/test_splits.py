"""Splits: disjoint, together everything, the same for the same seed, whatever the order of the rows."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate import Ratings, splits

FOUR = ([1, 1, 2, 2], list("abab"), [5, 3, 4, 2])


def ratings_of(pairs, times=None):
    """Return ratings of (user, item) pairs, each worth 1 to 5."""
    users, items = zip(*pairs, strict=True)
    values = [1 + (3 * user + item) % 5 for user, item in pairs]
    return Ratings.from_arrays(
        list(users), [f"i{item}" for item in items], values, scale=(1, 5), timestamp=times
    )


def pairs_of(ratings):
    return set(
        zip(ratings.users.take(ratings.user_index), ratings.items.take(ratings.item_index), strict=True)
    )


def parts_of(split):
    return [part for part in (split.train, split.test, split.fold_in) if part is not None]


some_pairs = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=8, max_size=60).map(sorted)
METHODS = {
    "random": lambda ratings, seed: splits.random(ratings, 0.3, seed=seed),
    "k_fold": lambda ratings, seed: splits.k_fold(ratings, 3, seed=seed)[1],
    "per_user, n": lambda ratings, seed: splits.per_user(ratings, n=2, seed=seed),
    "per_user, share": lambda ratings, seed: splits.per_user(ratings, share=0.6, seed=seed),
    "leave_one_out": lambda ratings, seed: splits.leave_one_out(ratings, seed=seed),
    "leave_one_out, random": lambda ratings, seed: splits.leave_one_out(ratings, latest=False, seed=seed),
    "by_time": lambda ratings, seed: splits.by_time(ratings, cutoff=2),
    "held_out_users": lambda ratings, seed: splits.held_out_users(ratings, share=0.3, seed=seed),
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())
class TestEverySplit:
    @given(pairs=some_pairs, seed=st.integers(0, 2**40))
    def test_it_is_a_disjoint_union(self, method, pairs, seed):
        ratings = ratings_of(pairs, times=[(7 * user + item) % 5 for user, item in pairs])
        try:
            split = method(ratings, seed)
        except ValueError as error:
            assert "leaves none" in str(error) or "with two or more ratings" in str(error)  # noqa: PT017
            return
        parts = parts_of(split)
        assert sum(len(part) for part in parts) == len(ratings)
        assert set().union(*map(pairs_of, parts)) == pairs_of(ratings)
        assert min(len(part) for part in parts) > 0
        assert split.train.users is ratings.users

    def test_the_seed_decides_and_the_order_of_the_rows_does_not(self, method, rng):
        pairs = sorted({(user, item) for user, item in rng.integers(0, 15, (120, 2)).tolist()})
        times = rng.integers(0, 6, len(pairs))
        split = method(ratings_of(pairs, times), 4)
        shuffled = rng.permutation(len(pairs))
        other = method(ratings_of([pairs[row] for row in shuffled], times[shuffled]), 4)
        np.testing.assert_array_equal(split.part, other.part)
        np.testing.assert_array_equal(split.part, method(ratings_of(pairs, times), 4).part)

    def test_another_seed_gives_another_split(self, method, rng):
        pairs = sorted({(user, item) for user, item in rng.integers(0, 15, (120, 2)).tolist()})
        ratings = ratings_of(pairs, rng.integers(0, 6, len(pairs)))
        different = (method(ratings, 0).part != method(ratings, 1).part).any()
        assert different == (method(ratings, 0).method != "by_time")


def test_random_tests_exactly_the_share():
    ratings = ratings_of([(user, item) for user in range(10) for item in range(10)])
    assert len(splits.random(ratings, 0.17).test) == 17


def test_folds_are_of_one_size_and_each_rating_is_tested_once():
    ratings = ratings_of([(user, item) for user in range(10) for item in range(10)])
    folds = splits.k_fold(ratings, 7)
    assert sorted(len(split.test) for split in folds) == [14] * 5 + [15] * 2
    assert set().union(*(pairs_of(split.test) for split in folds)) == pairs_of(ratings)
    with pytest.raises(IndexError, match="fold must be between 0 and 6; got 7"):
        folds[7]


def test_per_user_keeps_one_rating_of_everyone():
    ratings = ratings_of([(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4)])
    split = splits.per_user(ratings, n=2)
    assert np.bincount(split.test.user_index, minlength=3).tolist() == [0, 1, 2]
    assert np.bincount(split.train.user_index, minlength=3).tolist() == [1, 1, 3]
    half = splits.per_user(ratings, share=0.5)
    assert np.bincount(half.test.user_index, minlength=3).tolist() == [0, 1, 3]  # 2.5 is rounded up


def test_leave_one_out_takes_the_latest_and_draws_among_several_at_one_time():
    pairs = [(0, 0), (0, 1), (0, 2), (1, 0)]
    ratings = ratings_of(pairs, times=[5, 9, 9, 1])
    tested = {splits.leave_one_out(ratings, seed=seed).test.item_index.item() for seed in range(20)}
    assert tested == {1, 2}
    anything = {
        splits.leave_one_out(ratings, latest=False, seed=seed).test.item_index.item() for seed in range(30)
    }
    assert anything == {0, 1, 2}


def test_by_time_keeps_ratings_of_one_moment_together():
    ratings = ratings_of([(user, 0) for user in range(10)], times=[0, 1, 2, 3, 4, 5, 6, 6, 6, 9])
    assert splits.by_time(ratings, share=0.3).test.timestamp.tolist() == [9]
    assert splits.by_time(ratings, share=0.4).test.timestamp.tolist() == [6, 6, 6, 9]
    assert splits.by_time(ratings, cutoff=5).test.timestamp.tolist() == [5, 6, 6, 6, 9]


@pytest.mark.parametrize(
    "cutoff",
    [
        datetime.date(2001, 9, 9),
        datetime.datetime(2001, 9, 9),
        datetime.datetime(2001, 9, 9, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
        1_000_000_000 - 6400,
    ],
)
def test_by_time_takes_dates(cutoff):
    day = 86_400
    times = [1_000_000_000 - 6400 + offset for offset in (-day, -1, 0, day)]
    ratings = ratings_of([(user, 0) for user in range(4)], times)
    assert len(splits.by_time(ratings, cutoff=cutoff).test) == 2


def test_held_out_users_are_folded_in_and_tested_but_not_trained_on():
    ratings = ratings_of([(user, item) for user in range(20) for item in range(user % 5 + 1)])
    split = splits.held_out_users(ratings, share=0.25, test_share=0.4, seed=3)
    tested = np.unique(split.test.user_index)
    assert len(tested) == 5
    assert np.unique(split.fold_in.user_index).tolist() == tested.tolist()
    assert not np.isin(split.train.user_index, tested).any()
    counts = np.bincount(ratings.user_index)[tested]
    assert (counts > 1).all()
    expected = np.clip(np.floor(0.4 * counts + 0.5), 1, counts - 1)
    assert np.bincount(split.test.user_index)[tested].tolist() == expected.tolist()


def test_a_single_user_with_two_ratings_can_be_split():
    split = splits.leave_one_out(ratings_of([(0, 0), (0, 1)]))
    assert (len(split.train), len(split.test)) == (1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: splits.random(r, 0), "share must be between 0 and 1, neither included; got 0"),
        (lambda r: splits.random(r, 1.5), "share must be between 0 and 1, neither included; got 1.5"),
        (
            lambda r: splits.random(r, 0.1),
            r"leave ratings to test; random\(share=0.1, seed=0\) leaves none of 4",
        ),
        (lambda r: splits.random(r, seed=-1), "seed must be from 0 to .*; got -1"),
        (lambda r: splits.k_fold(r, 1), "n_folds must be from 2 to 1,000; got 1"),
        (lambda r: splits.k_fold(r, 5), "n_folds must be at most the number of ratings, 4; got 5"),
        (lambda r: splits.per_user(r, n=1, share=0.2), "takes either n or share; got n=1 and share=0.2"),
        (lambda r: splits.per_user(r, n=0), "n must be at least 1; got 0"),
        (lambda r: splits.leave_one_out(r, latest=True), "latest=True needs times; these ratings have none"),
        (lambda r: splits.by_time(r), "by_time needs times; these ratings have none"),
        (
            lambda r: splits.held_out_users(r, n=3),
            "n must be at most the 2 users with two or more ratings; got 3",
        ),
        (lambda r: splits.held_out_users(r, n=1, share=0.1), "takes either n or share"),
        (lambda r: splits.held_out_users(r, n=2), r"leave ratings to train; held_out_users\(n=2"),
    ],
)
def test_bad_values_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(Ratings.from_arrays(*FOUR))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: splits.random(r, "half"), "share must be a number; got 'half'"),
        (lambda r: splits.random(r, seed=0.5), "seed must be an integer; got 0.5"),
        (lambda r: splits.k_fold(r, True), "n_folds must be an integer; got True"),
        (
            lambda r: splits.by_time(r, cutoff="2001"),
            "cutoff must be a number, a date or a datetime; got '2001'",
        ),
    ],
)
def test_bad_kinds_are_refused(call, message):
    with pytest.raises(TypeError, match=message):
        call(Ratings.from_arrays(*FOUR, timestamp=[1, 2, 3, 4]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 0.2, "cutoff": 3}, "takes either share or cutoff"),
        ({"cutoff": 99}, "leave ratings to test"),
        ({"cutoff": -1}, "leave ratings to train"),
        ({"cutoff": float("nan")}, "cutoff must be finite; got nan"),
        ({"share": 0.1}, "share must leave ratings to test; got 0.1, which is less than one of 4"),
        ({"share": 0.5}, "the latest 50% of the ratings must not all have one time; got 7"),
    ],
)
def test_by_time_says_what_it_cannot_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        splits.by_time(Ratings.from_arrays(*FOUR, timestamp=[1, 7, 7, 7]), **arguments)
