"""The file of a model of two heads: one table, read and written, and every damage of it named."""

import copy
import re

import numpy as np
import pytest

import palate
from palate.model.file import container
from palate.model.file.errors import Damage
from palate.model.file.loading import pack, unpack
from write_kinds import KINDS

RECOMMENDER = KINDS / "recommender.palate"


@pytest.fixture
def parts():
    """Return the arrays and the metadata of a model whose choice head is a sum."""
    with RECOMMENDER.open("rb") as stream:
        tensors, metadata = container.decode(stream, RECOMMENDER.stat().st_size)
    return dict(tensors), copy.deepcopy(metadata)


def test_a_loaded_model_is_saved_to_the_same_bytes(parts, tmp_path):
    tensors, metadata = pack(palate.load(RECOMMENDER))
    assert list(metadata) == list(parts[1])
    metadata["versions"] = parts[1]["versions"]
    for head, old in (
        (metadata["stars"], parts[1]["stars"]),
        *zip(metadata["choice"]["parts"], parts[1]["choice"]["parts"], strict=True),
    ):
        head["versions"] = old["versions"]
    assert b"".join(container.encode(tensors, metadata)) == RECOMMENDER.read_bytes()


def test_without_ratings_no_head_says_who_rated_when(tmp_path):
    ratings = palate.load(KINDS / "gibbs-time.palate")
    model = palate.load(RECOMMENDER)
    timed = model.heads.__class__(
        **{**vars(model.heads), "choice": ratings, "stars": ratings}  # of the same users and items
    )
    both = type(model)(heads=timed, users=ratings.users, items=ratings.items, ratings=ratings.ratings)
    both.save(tmp_path / "bare.palate", ratings=False)
    bare = palate.load(tmp_path / "bare.palate")
    assert bare.ratings is bare.stars.ratings is None
    assert len(bare.choice.context.sessions) == len(bare.stars.context.sessions) == 0


def change(metadata, path, value):
    """Set the value at a path of keys and numbers, or take it out for None."""
    *above, last = path
    for key in above:
        metadata = metadata[key]
    if value is None:
        del metadata[last]
    else:
        metadata[last] = value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["kind"], "banana", "'kind' in its metadata must be one of linear, recommender; got 'banana'"),
        (
            ["choice", "kind"],
            "banana",
            "'kind' in 'choice' in its metadata must be one of factors, linear, sum",
        ),
        (["choice", "parts"], [], "'choice' in its metadata must have as many parts as weights"),
        (["choice", "parts", 0], 7, "'0' in its metadata must be a JSON object; got 7"),
        (["choice", "weights"], [0.7, "nan"], "'weights' in 'choice' in its metadata must be finite numbers"),
        (["choice", "weights"], None, "'choice' in its metadata must have 'weights'"),
        (["choice", "more"], 1, "'choice' in its metadata must not have 'more'"),
        (["stars", "kind"], None, "'stars' in its metadata must have 'kind'"),
        (["chance", "level"], 0.0, "'chance' in its metadata must have a level and usual above 0"),
        (["chance", "usual"], 0.0, "'chance' in its metadata must have a level and usual above 0"),
        (["chance", "shift"], "inf", "'shift' of 'chance' in its metadata must be finite; got inf"),
        (["chance", "slope"], None, "'slope'"),
        (["beta"], -1.0, "'beta' in its metadata must be a finite number of at least 0; got -1.0"),
        (["noise"], "nan", "'noise' in its metadata must be a finite number of at least 0; got nan"),
        (["liked_from"], "four", "'liked_from'"),
        (["banana"], 1, "its metadata must not have 'banana'"),
    ],
)
def test_damaged_metadata_are_refused(parts, path, value, said):
    tensors, metadata = parts
    change(metadata, path, value)
    with pytest.raises(Damage, match=re.escape(said)):
        unpack(tensors, metadata)


def test_chances_of_files_from_before_they_depended_on_activity_are_the_same_for_all(parts, tmp_path):
    tensors, metadata = parts
    del metadata["chance"]["activity"], metadata["chance"]["usual"]
    (tmp_path / "old.palate").write_bytes(b"".join(container.encode(tensors, metadata)))
    chance = palate.load(tmp_path / "old.palate").heads.chance
    assert chance.of(np.array([2]), np.array([5])) == chance.of(np.array([2]), np.array([500]))


@pytest.mark.parametrize(
    ("form", "name", "damage", "said"),
    [
        ("linear-items", "columns", lambda a: a * 0 + 25, "tensor 'weights.columns' must be"),
        (
            "linear-items",
            "columns",
            lambda a: a[::-1].copy(),
            "'weights.columns' must ascend in each item's row",
        ),
        ("linear-items", "indptr", lambda a: a[::-1].copy(), "tensor 'weights.indptr' must"),
        ("linear-items", "values", lambda a: a * np.nan, "tensor 'weights.values' must be finite"),
        ("linear-items-low-rank", "vectors", lambda a: a * np.inf, "tensor 'weights.vectors' must be finite"),
        (
            "linear-items-low-rank",
            "vectors",
            lambda a: a[:-1].copy(),
            "tensor 'weights.vectors' must have 20",
        ),
        (
            "linear-items-low-rank",
            "source_scale",
            lambda a: a[1:].copy(),
            "'weights.source_scale' must have 20",
        ),
        (
            "linear-items-low-rank",
            "target_scale",
            lambda a: a[:, None],
            "'weights.target_scale' must have 1 dim",
        ),
        (
            "linear-items-low-rank",
            "target_scale",
            lambda a: a * np.nan,
            "'weights.target_scale' must be finite",
        ),
    ],
)
def test_damaged_weights_are_refused(form, name, damage, said):
    path = KINDS / f"{form}.palate"
    with path.open("rb") as stream:
        tensors, metadata = container.decode(stream, path.stat().st_size)
    tensors = dict(tensors)
    with np.errstate(invalid="ignore"):
        tensors[f"weights.{name}"] = damage(tensors[f"weights.{name}"])
    with pytest.raises(Damage, match=re.escape(said)):
        unpack(tensors, metadata)


def test_arrays_of_no_head_and_missing_ones_are_refused(parts):
    tensors, metadata = parts
    with pytest.raises(Damage, match="tensor 'third/user_factors' is not part of"):
        unpack({**tensors, "third/user_factors": tensors["stars/user_factors"]}, metadata)
    del tensors["stars/user_factors"]
    with pytest.raises(Damage, match="'user_factors' must be both stored and named"):
        unpack(tensors, metadata)


def test_heads_of_other_users_are_refused(parts):
    tensors, metadata = parts
    assert unpack(tensors, metadata)["heads.stars"].users == unpack(tensors, metadata)["heads.choice"].users
    names = [name for name in tensors if name.startswith("stars/users")]
    tensors[names[0]] = tensors[names[0]] + 1
    with pytest.raises(Damage, match="its heads must have the same users and items"):
        unpack(tensors, metadata)
