"""Split files: the same split again for the same ratings, a clear refusal for anything else."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from palate import Ratings, splits


@pytest.fixture
def ratings(rng):
    users, items = np.unique(rng.integers(0, 30, (2, 300)), axis=1)
    return Ratings.from_arrays(
        [f"u{user}" for user in users], items, rng.integers(1, 6, len(users)), scale=(1, 5)
    )


@pytest.mark.parametrize("make", [splits.random, splits.leave_one_out, splits.held_out_users, splits.k_fold])
def test_a_saved_split_comes_back(make, ratings, tmp_path):
    made = make(ratings)
    made.save(tmp_path / "a.split")
    again = splits.load(tmp_path / "a.split", ratings)
    assert type(again) is type(made)
    assert repr(again) == repr(made)
    np.testing.assert_array_equal(again.codes, made.codes)
    if make is not splits.k_fold:
        np.testing.assert_array_equal(again.test.value, made.test.value)


def test_it_is_applied_to_the_same_ratings_read_again_in_another_order(ratings, tmp_path, rng):
    made = splits.random(ratings)
    made.save(tmp_path / "a.split")
    frame = ratings.to_frame().sample(fraction=1.0, shuffle=True, seed=1)
    again = splits.load(tmp_path / "a.split", Ratings.from_frame(frame))
    np.testing.assert_array_equal(again.part, made.part)


def test_ids_without_ratings_play_no_part(ratings):
    some = ratings.select(ratings.user_index < 10)
    same = Ratings.from_frame(some.to_frame())
    assert len(same.users) < len(some.users)
    assert splits.fingerprint(some) == splits.fingerprint(same)


def changed_id(users, items, values):
    return [*users[:-1], "z"], items, values


def changed_value(users, items, values):
    return users, items, [*values[:-1], 1]


def one_less(users, items, values):
    return users[:-1], items[:-1], values[:-1]


def number_ids(users, items, values):
    return [ord(user) for user in users], items, values


@pytest.mark.parametrize("change", [changed_id, changed_value, one_less, number_ids])
def test_a_split_of_other_ratings_is_refused_and_both_are_described(change, tmp_path):
    table = ["a", "a", "b", "b"], [1, 2, 1, 2], [5, 4, 3, 2]
    mine, other = Ratings.from_arrays(*table), Ratings.from_arrays(*change(*table))
    splits.random(mine, 0.5).save(tmp_path / "a.split")
    with pytest.raises(splits.SplitFileError) as caught:
        splits.load(tmp_path / "a.split", other)
    message = str(caught.value)
    assert "a.split belongs to other ratings" in message
    assert "4 ratings of 2 items by 2 users" in message
    for one in (mine, other):
        assert splits.fingerprint(one)[:12] in message
    assert splits.fingerprint(mine) != splits.fingerprint(other)


@given(
    st.lists(st.text(max_size=3), min_size=1, max_size=4, unique=True),
    st.lists(st.text(max_size=3), min_size=1, max_size=4, unique=True),
)
def test_lists_of_texts_never_share_a_fingerprint(first, second):
    one, other = (Ratings.from_arrays(ids, [1] * len(ids), [3] * len(ids)) for ids in (first, second))
    assert (splits.fingerprint(one) == splits.fingerprint(other)) == (set(first) == set(second))


def header(**changes):
    about = {"n_ratings": 4, "n_users": 2, "n_items": 2, "fingerprint": "0"}
    known = {
        "format": "palate split",
        "version": 1,
        "kind": "Split",
        "method": "random",
        "parameters": {},
        "codes_sha256": "",
    }
    return {**known, "ratings": about, **changes}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "is not a split file: its header does not name the format 'palate split'"),
        ({"palate": "{"}, "is not a split file"),
        ({"palate": json.dumps(header(format="x"))}, "is not a split file"),
        ({"palate": json.dumps(header(parameters=3))}, "must have the fields version, kind"),
        ({"palate": json.dumps(header(ratings={}))}, "must have the fields version, kind"),
        ({"palate": json.dumps(header(version=2))}, "has version 2 of the format; this palate reads 1"),
        ({"palate": json.dumps(header(kind="Cut"))}, "must be Split or Folds; got 'Cut'"),
        ({"palate": json.dumps(header(kind="Folds"))}, "the codes in .* must be uint16; got uint8"),
    ],
)
def test_a_file_with_a_wrong_header_is_refused(metadata, message, ratings, tmp_path):
    save_file({"codes": np.zeros(4, np.uint8)}, tmp_path / "b.split", metadata=metadata)
    with pytest.raises(splits.SplitFileError, match=message):
        splits.load(tmp_path / "b.split", ratings)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\x08\0\0\0\0\0\0\0{}      ", b"\xff" * 40, b"user,item\n1,2\n"]
)
def test_a_file_that_is_none_is_refused(content, ratings, tmp_path):
    (tmp_path / "c.split").write_bytes(content)
    with pytest.raises(splits.SplitFileError, match=r"c\.split is not a split file"):
        splits.load(tmp_path / "c.split", ratings)


def test_every_changed_byte_of_the_codes_is_noticed(ratings, tmp_path, rng):
    path = tmp_path / "a.split"
    splits.random(ratings).save(path)
    whole = path.read_bytes()
    for place in rng.choice(len(ratings), 20, replace=False):
        damaged = bytearray(whole)
        damaged[len(whole) - 1 - place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(splits.SplitFileError, match="does not match its own checksum"):
            splits.load(path, ratings)
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(splits.SplitFileError):
            splits.load(path, ratings)


def test_a_missing_file_is_an_os_error(ratings, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.split"):
        splits.load(tmp_path / "none.split", ratings)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(ratings, tmp_path, monkeypatch):
    path = tmp_path / "a.split"
    splits.random(ratings).save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        splits.random(ratings, 0.4).save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.split"]
