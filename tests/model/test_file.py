"""The model file: what goes in comes out, and what contradicts itself is refused by name."""

import copy
import datetime
import json
import pickle
import uuid
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import palate
from model_files import (
    arrays_of,
    assert_same,
    cases,
    fields,
    joined,
    model_of,
    noisy_model,
    ordinal_model,
    rewritten,
    small_model,
    smallest_model,
    split,
    timed_model,
    wide_model,
)
from palate.data.catalog import Catalog
from palate.data.ratings import Ratings
from palate.model.factor_model import FactorModel
from palate.model.file import container
from palate.model.file.loading import (
    ModelFileError,
    dumps,
    load_model,
    loads,
    pack,
    read_metadata,
    save_model,
    unpack,
)
from palate.model.history import History, SweepReport

CORPUS = Path(__file__).parents[1] / "corpus"
GOLDEN = CORPUS / "model-v1.palate"


@pytest.fixture(scope="module")
def small():
    return dumps(small_model())


def changed(model, **values):
    return FactorModel(**{**fields(model), **values})


# Round trip


@pytest.mark.parametrize(
    "make", [small_model, smallest_model, wide_model, ordinal_model, noisy_model, timed_model]
)
def test_saved_and_loaded_is_the_same_model(tmp_path, make):
    model = make()
    save_model(model, tmp_path / "model.palate")
    loaded = load_model(tmp_path / "model.palate")
    assert_same(model, loaded)
    save_model(loaded, tmp_path / "again.palate")
    assert (
        (tmp_path / "again.palate").read_bytes() == (tmp_path / "model.palate").read_bytes() == dumps(model)
    )


def test_a_method_saves_too(tmp_path):
    small_model().save(tmp_path / "model.palate")
    assert_same(small_model(), load_model(str(tmp_path / "model.palate")))


def test_without_ratings(tmp_path):
    model = small_model()
    model.save(tmp_path / "model.palate", ratings=False)
    assert load_model(tmp_path / "model.palate").ratings is None
    assert_same(changed(model, ratings=None), load_model(tmp_path / "model.palate"))
    assert not [
        name for name in split((tmp_path / "model.palate").read_bytes())[0] if name.startswith("ratings.")
    ]


@pytest.mark.parametrize("again", [lambda model: pickle.loads(pickle.dumps(model)), copy.copy, copy.deepcopy])
def test_pickles_and_copies_go_through_the_file(again):
    assert_same(small_model(), again(small_model()))


def test_metadata_alone(tmp_path):
    small_model().save(tmp_path / "model.palate")
    metadata = read_metadata(tmp_path / "model.palate")
    assert metadata["trainer"]["name"] == "LeastSquares"
    assert metadata["link"] == "identity"
    assert metadata["context"] is None
    assert metadata["scale"] == [0.5, 5.0]
    assert metadata["versions"].keys() == {"palate", "python", "numpy"}
    assert metadata["tensors"]["user_factors"] == "draw user factor"


def test_all_kinds_of_catalog_columns():
    day, moment = datetime.date(1995, 5, 17), datetime.datetime(1969, 12, 31, 23, 59, 59, 123456)
    table = pl.DataFrame(
        {
            "item_id": [3, 1],
            "title": ["", None],
            "key": pl.Series([None, None], dtype=pl.String),
            "nothing": [None, None],
            "liked": [None, True],
            "kind": pl.Series(["b", None], dtype=pl.Categorical),
            "released": [day, None],
            **{
                f"at {unit}": pl.Series([moment, None], dtype=pl.Datetime(unit))
                for unit in ("ms", "us", "ns")
            },
            **{
                str(t): pl.Series([1, None], dtype=t)
                for t in (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32)
            },
            **{str(t): pl.Series([2**63 - 1, 0], dtype=t) for t in (pl.Int64, pl.UInt64)},
            **{str(t): pl.Series([float("nan"), -0.0], dtype=t) for t in (pl.Float32, pl.Float64)},
        }
    )
    model = model_of(Ratings.from_arrays([1, 2], [1, 2], [3.0, 4.0]), catalog=Catalog.from_frame(table))
    assert len(model.catalog) == 3
    assert_same(model, loads(dumps(model)))


@pytest.mark.parametrize(
    "strange", [pl.Series([[1], [2]]), pl.Series([b"a", b"b"]), pl.Series([{"a": 1}, {"a": 2}])]
)
def test_a_catalog_column_that_no_file_can_hold_is_named(strange):
    table = pl.DataFrame({"item_id": [1, 2], "odd": strange})
    model = model_of(Ratings.from_arrays([1, 2], [1, 2], [3.0, 4.0]), catalog=Catalog.from_frame(table))
    with pytest.raises(
        ModelFileError,
        match=r"column 'odd' of the catalog is of type .*, which the file cannot hold: cast it to text",
    ):
        dumps(model)


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (np.arange(300) / 2, "uint16"),
        (np.arange(70_000, dtype=np.float32), "float32"),
        (np.array([3.0]), "uint8"),
    ],
)
def test_ratings_with_many_values(values, kept):
    ratings = Ratings.from_arrays(np.arange(len(values)), np.zeros(len(values), dtype=int), values)
    model = model_of(ratings)
    assert model.ratings.codes.dtype == kept
    assert_same(model, loads(dumps(model)))


def test_figures_that_are_not_finite():
    sweep = SweepReport(
        sweep=1,
        seconds=0.0,
        objective=float("inf"),
        train_mse=float("nan"),
        train_rmse=-0.0,
        train_mae=5e-324,
    )
    history = History(sweeps=(sweep,), stopped="“Stopped”\n")
    loaded = loads(dumps(changed(small_model(), history=history))).history
    assert str(loaded) == str(history)


def test_many_strings_are_read_in_blocks():
    names = [f"user {n:06d}é" for n in range(70_000)]
    ratings = Ratings.from_arrays(names, np.zeros(len(names), dtype=int), np.ones(len(names)))
    assert loads(dumps(model_of(ratings, n_factors=0))).users == ratings.users


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
ids = st.one_of(
    st.sets(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=6),
    st.sets(st.integers(2**63, 2**64 - 1), min_size=1, max_size=6),
    st.sets(text, min_size=1, max_size=6),
    st.sets(st.uuids(), min_size=1, max_size=6),
)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)


@st.composite
def models(draw):
    users, items = sorted(draw(ids)), sorted(draw(ids))
    n_pairs = draw(st.integers(max(len(users), len(items)), len(users) * len(items)))
    pairs = draw(st.permutations([(u, i) for u in range(len(users)) for i in range(len(items))]))[:n_pairs]
    number = st.floats(-10, 10, width=32)
    values = draw(st.lists(number, min_size=n_pairs, max_size=n_pairs))
    timestamp = draw(
        st.none() | st.lists(st.integers(-(10**9), 4 * 10**9), min_size=n_pairs, max_size=n_pairs)
    )
    weight = draw(st.none() | st.lists(st.floats(2**-10, 10, width=32), min_size=n_pairs, max_size=n_pairs))
    ratings = Ratings.from_arrays(
        [users[u] for u, _ in pairs], [items[i] for _, i in pairs], values, timestamp=timestamp, weight=weight
    )
    titles = draw(st.lists(st.none() | text, min_size=ratings.n_items, max_size=ratings.n_items))
    catalog = Catalog(
        Catalog.from_items(ratings.items).frame.with_columns(pl.Series("title", titles, dtype=pl.String)),
        ratings.items.kind,
    )
    model = model_of(
        ratings,
        n_factors=draw(st.integers(0, 9)),
        n_draws=draw(st.integers(1, 3)),
        n_sweeps=draw(st.integers(0, 3)),
        held_out=draw(st.none() | st.lists(st.booleans(), min_size=n_pairs, max_size=n_pairs).map(np.array)),
        catalog=catalog if draw(st.booleans()) else None,
        frame_kind=draw(st.sampled_from(["polars", "pandas", "pyarrow"])),
        seed=draw(st.integers(0, 9)),
    )
    return changed(
        model,
        trainer=draw(st.dictionaries(text, plain, max_size=3)),
        scale=draw(st.sampled_from([None, (0.5, 5.0), (-3.0, -3.0)])),
    )


@settings(max_examples=cases(60, 10_000))
@given(model=models())
def test_any_model_comes_back_bit_by_bit(model):
    data = dumps(model)
    loaded = loads(data)
    assert_same(model, loaded)
    assert dumps(loaded) == data


def test_uuids_come_back_as_uuids():
    users = [uuid.UUID(int=5), uuid.UUID(int=3)]
    assert loads(dumps(model_of(Ratings.from_arrays(users, [1, 2], [1.0, 2.0])))).users.ids() == sorted(users)


def test_no_field_is_forgotten():
    """A field added to one of these classes must be added to the file, or be lost when the model is saved."""
    values = unpack(*pack(small_model()))
    assert values.keys() == fields(small_model()).keys()
    choices = palate.Spectral(n_factors=1).fit(
        palate.Ratings.from_arrays([1, 1, 2], [1, 2, 1], [1, 2, 3]), validation=0
    )
    full = [unpack(*pack(model)) for model in (ordinal_model(), timed_model(), choices)]
    assert {name for name in full[0] if all(values[name] is None for values in full)} == set()
    for part in (
        values["ratings"],
        values["catalog"],
        values["users"],
        values["user_prior"],
        values["history"],
    ):
        filled = {name for name in part.__dataclass_fields__ if getattr(part, name) is not None}
        assert filled == part.__dataclass_fields__.keys()


# What cannot be saved


@pytest.mark.parametrize("name", ["user_factors", "item_factors", "user_bias", "item_bias", "global_mean"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_factors_that_are_not_finite_are_not_saved(tmp_path, name, value):
    array = getattr(small_model(), name).copy()
    array.flat[-1] = value
    path = tmp_path / "model.palate"
    with pytest.raises(
        ModelFileError,
        match=rf"the model cannot be saved as {path}: tensor '{name}' must be finite; got {value} at "
        rf"position \d+\.",
    ):
        save_model(changed(small_model(), **{name: array}), path)
    assert not list(tmp_path.iterdir())


def test_factors_of_another_type_are_not_saved():
    model = changed(small_model(), user_bias=small_model().user_bias.astype(np.float64))
    with pytest.raises(
        ModelFileError,
        match="the model cannot be turned into bytes: tensor 'user_bias' must be float32; got float64",
    ):
        dumps(model)


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        (
            {"callback": print},
            r"the trainer's parameters\['callback'\] must be a finite number, a string or a list or "
            r"mapping of these",
        ),
        ({"l2": float("nan")}, r"the trainer's parameters\['l2'\] must be a finite number"),
        ({"n": 2**63}, r"the trainer's parameters\['n'\] must be a finite number"),
        ({"deep": json.loads("[" * 20 + "]" * 20)}, "its metadata must be nested at most 16 deep"),
        ({"long": list(range(250_000))}, r"its header must have at most 250000 values; got \d+"),
        ({1: 2}, "the trainer's parameters must have strings as keys; got 1"),
        (
            {"name": "\ud800"},
            r"'name' in 'trainer' in its metadata must be valid Unicode text; got '\\ud800'",
        ),
    ],
)
def test_parameters_that_json_cannot_hold_are_not_saved(trainer, message):
    with pytest.raises(ModelFileError, match=message):
        dumps(changed(small_model(), trainer=trainer))


def test_numpy_numbers_among_the_parameters_become_plain():
    model = changed(small_model(), trainer={"n": np.int64(3), "l2": np.float32(0.5), "sizes": (1, 2)})
    assert loads(dumps(model)).trainer == {"n": 3, "l2": 0.5, "sizes": [1, 2]}


def test_an_unknown_link_is_no_model():
    with pytest.raises(
        ValueError, match=r"link must be one of 'identity', 'bounded', 'ordinal'; got 'probit'\."
    ):
        changed(small_model(), link="probit")


# Files that contradict themselves, all rightly signed


def forged(data, **arrays):
    """Return the file with some of its arrays replaced (dots in names are written __), or left out
    where None.
    """
    tensors, metadata = arrays_of(data)
    for name, array in arrays.items():
        name = name.replace("__", ".")
        if array is None:
            del tensors[name], metadata["tensors"][name]
        else:
            tensors[name] = array if isinstance(array, np.ndarray) else array(tensors[name])
    return rewritten(tensors, metadata)


def set_at(position, value):
    def change(array):
        array = array.copy()
        array.flat[position] = value
        return array

    return change


def text_bytes(text):
    return np.frombuffer(text, dtype=np.uint8)


i64 = np.int64
FORGERIES = {
    # ids: users are "al", "bo", "zoë" in 8 bytes; items are 10, 20, 30
    "ids not unique": (
        {"users__bytes": text_bytes(b"alalzo\xc3\xab")},
        r"tensor 'users.bytes' must be strictly ascending, each id once",
    ),
    "ids not ascending": (
        {"users__bytes": text_bytes(b"boalzo\xc3\xab")},
        r"tensor 'users.bytes' must be strictly ascending",
    ),
    "ids not UTF-8": (
        {"users__bytes": text_bytes(b"albozo\xff\xfe")},
        r"tensor 'users.bytes' must be valid UTF-8; invalid start byte in string 2",
    ),
    "ids with half a character": (
        {"users__bytes": text_bytes(b"alb\xed\xa0\x80xx")},
        r"tensor 'users.bytes' must be valid UTF-8; .* in string 1",
    ),
    "offset inside a character": (
        {"users__offsets": np.array([0, 2, 7, 8])},
        r"tensor 'users.bytes' must be valid UTF-8; unexpected end of data in string 1",
    ),
    "offsets descend": (
        {"users__offsets": np.array([0, 4, 2, 8])},
        r"tensor 'users.offsets' must be in ascending order; got 2 after 4 at position 2",
    ),
    "offsets wrap": (
        {"users__offsets": np.array([0, -(2**63), 2**63 - 1, 8])},
        r"tensor 'users.offsets' must be in ascending order",
    ),
    "offsets start late": (
        {"users__offsets": np.array([1, 2, 4, 8])},
        r"tensor 'users.offsets' must begin with 0; got 1",
    ),
    "offsets end early": (
        {"users__offsets": np.array([0, 2, 4, 7])},
        r"tensor 'users.offsets' must end with 8; got 7",
    ),
    "offsets beyond the text": (
        {"users__offsets": np.array([0, 2, 4, 2**62])},
        r"tensor 'users.offsets' must end with 8; got 4611686018427387904",
    ),
    "no offsets": (
        {"users__offsets": np.zeros(0, dtype=i64)},
        r"tensor 'users.offsets' must have at least 1 along 'user\+1'; got 0",
    ),
    "offsets of another type": (
        {"users__offsets": np.array([0, 2, 4, 8], dtype=np.int32)},
        r"tensor 'users.offsets' must be int64; got int32",
    ),
    "offsets of two dimensions": (
        {"users__offsets": np.zeros((2, 2), dtype=i64)},
        r"tensor 'users.offsets' must have 1 dimensions \(user\+1\); got 2",
    ),
    "one user more": (
        {"users__offsets": np.array([0, 2, 4, 6, 8]), "users__bytes": text_bytes(b"albozozz")},
        r"tensor 'user_factors' must have 4 along 'user' to match 'users.offsets'; got 3",
    ),
    "item ids twice": (
        {"items__ids": np.array([10, 20, 20])},
        r"tensor 'items.ids' must be strictly ascending, each id once; got 20 after 20 at position 2",
    ),
    "item ids descend": (
        {"items__ids": np.array([30, 20, 10])},
        r"tensor 'items.ids' must be strictly ascending",
    ),
    "one item less": (
        {"items__ids": np.array([10, 20])},
        r"tensor 'item_factors' must have 2 along 'item' to match 'items.ids'; got 3",
    ),
    "item ids of another type": (
        {"items__ids": np.array([1.0, 2.0, 3.0])},
        r"tensor 'items.ids' must be int64; got float64",
    ),
    # factors: three users, three items, two factors, one draw
    "NaN among factors": (
        {"user_factors": set_at(3, np.nan)},
        r"tensor 'user_factors' must be finite; got nan at position 3",
    ),
    "infinity among biases": (
        {"item_bias": set_at(1, -np.inf)},
        r"tensor 'item_bias' must be finite; got -inf at position 1",
    ),
    "NaN in the mean": ({"global_mean": np.array([np.nan])}, r"tensor 'global_mean' must be finite"),
    "infinity in a precision": (
        {"user_prior__precision": set_at(0, np.inf)},
        r"tensor 'user_prior.precision' must be finite",
    ),
    "NaN in a prior mean": (
        {"item_prior__mean": set_at(0, np.nan)},
        r"tensor 'item_prior.mean' must be finite",
    ),
    "half precision": (
        {"user_factors": lambda a: a.astype(np.float64)},
        r"tensor 'user_factors' must be float32; got float64",
    ),
    "factors of another width": (
        {"item_factors": np.zeros((1, 3, 3), dtype=np.float32)},
        r"tensor 'item_factors' must have 2 along 'factor' to match 'user_factors'; got 3",
    ),
    "factors without draws": (
        {"user_factors": np.zeros((3, 2), dtype=np.float32)},
        r"tensor 'user_factors' must have 3 dimensions \(draw user factor\); got 2",
    ),
    "two draws of one part": (
        {"user_bias": np.zeros((2, 3), dtype=np.float32)},
        r"tensor 'user_bias' must have 1 along 'draw' to match 'user_factors'; got 2",
    ),
    "prior of another width": (
        {"user_prior__precision": np.zeros((1, 2, 2), dtype=np.float32)},
        r"tensor 'user_prior.precision' must have 3 along 'factor\+1'",
    ),
    "no mean": ({"global_mean": None}, r"tensor 'global_mean' is missing"),
    "a tensor too many": (
        {"users__ids": np.zeros(3, dtype=i64)},
        r"tensor 'users.ids' must be both stored and named under 'tensors'",
    ),
    # ratings: indptr 0 2 4 5, items 0 2 1 2 0
    "indptr descends": (
        {"ratings__indptr": np.array([0, 4, 2, 5])},
        r"tensor 'ratings.indptr' must be in ascending order",
    ),
    "indptr beyond the ratings": (
        {"ratings__indptr": np.array([0, 2, 4, 6])},
        r"tensor 'ratings.indptr' must end with 5; got 6",
    ),
    "indptr of a user more": (
        {"ratings__indptr": np.array([0, 2, 4, 4, 5])},
        r"tensor 'ratings.indptr' must have 4 along 'user\+1' to match 'users.offsets'; got 5",
    ),
    "an item beyond the items": (
        {"ratings__items": set_at(4, 3)},
        r"tensor 'ratings.items' must be between 0 and 2; got 3 at position 4",
    ),
    "a negative item": (
        {"ratings__items": set_at(0, -1)},
        r"tensor 'ratings.items' must be between 0 and 2; got -1 at position 0",
    ),
    "an item twice in a row": (
        {"ratings__items": set_at(1, 0)},
        r"tensor 'ratings.items' must ascend in each user's row, each item once; got 0 after 0 at position 1",
    ),
    "items descend in a row": (
        {"ratings__items": np.array([2, 0, 1, 2, 0], dtype=np.int32)},
        r"tensor 'ratings.items' must ascend in each user's row",
    ),
    "a code beyond the levels": (
        {"ratings__codes": set_at(2, 5)},
        r"tensor 'ratings.codes' must be below the number of levels, 5; got 5 at position 2",
    ),
    "codes of another type": (
        {"ratings__codes": lambda a: a.astype(np.uint32)},
        r"tensor 'ratings.codes' must be uint8 or uint16; got uint32",
    ),
    "levels not ascending": (
        {"ratings__levels": set_at(1, 0.5)},
        r"tensor 'ratings.levels' must be strictly ascending; got 0.5 after 0.5",
    ),
    "levels not finite": ({"ratings__levels": set_at(4, np.inf)}, r"tensor 'ratings.levels' must be finite"),
    "no levels": ({"ratings__levels": None}, r"tensor 'ratings.levels' is missing"),
    "one code less": (
        {"ratings__codes": lambda a: a[:-1]},
        r"tensor 'ratings.codes' must have 5 along 'rating' to match 'ratings.items'; got 4",
    ),
    "a flag of 2": (
        {"ratings__held_out": set_at(0, 2)},
        r"tensor 'ratings.held_out' must be 0 or 1; got 2 at position 0",
    ),
    "a weight of 0": (
        {"ratings__weight": set_at(0, 0)},
        r"tensor 'ratings.weight' must be positive and finite; got 0.0",
    ),
    "a weight of NaN": (
        {"ratings__weight": set_at(0, np.nan)},
        r"tensor 'ratings.weight' must be positive and finite",
    ),
    "one time less": (
        {"ratings__timestamp": lambda a: a[1:]},
        r"tensor 'ratings.timestamp' must have 5 along 'rating'",
    ),
    # catalog: item_id, title, year, n_ratings, mean_rating, liked; rows 10, 20, 30, 99
    "catalog in another order": (
        {"catalog__0__values": np.array([20, 10, 30, 99])},
        r"tensor 'catalog.0.values' must begin with the ids of all 3 items",
    ),
    "catalog with an id twice": (
        {"catalog__0__values": np.array([10, 20, 30, 10])},
        r"tensor 'catalog.0.values' must hold each id once",
    ),
    "title not UTF-8": (
        {"catalog__1__bytes": set_at(0, 255)},
        r"tensor 'catalog.1.bytes' must be valid UTF-8; invalid start byte in string 0",
    ),
    "a title too few": (
        {"catalog__1__offsets": np.array([0, 9, 16, 16])},
        r"tensor 'catalog.1.offsets' must have 5 along 'catalog\+1'|must end with",
    ),
    "validity of 3": ({"catalog__2__valid": set_at(0, 3)}, r"tensor 'catalog.2.valid' must be 0 or 1; got 3"),
    "a year under a null": (
        {"catalog__2__values": set_at(0, 1999)},
        r"column tensors 'catalog.2' must be zero or empty where 'catalog.2.valid' is 0",
    ),
    "a truth of 2": (
        {"catalog__5__values": set_at(0, 2)},
        r"tensor 'catalog.5.values' must be 0 or 1; got 2",
    ),
    "a year less": (
        {"catalog__2__values": lambda a: a[:-1]},
        r"tensor 'catalog.2.values' must have 4 along 'catalog'",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_arrays_that_contradict_each_other(small, name):
    arrays, message = FORGERIES[name]
    with pytest.raises(ModelFileError, match=f"^the model in memory is not a usable model file: {message}"):
        loads(forged(small, **arrays))


def put(*path):
    """Return a function that sets (or, without a value, deletes) what stands at this path of the metadata."""
    *path, key, value = path

    def change(metadata):
        for step in path:
            metadata = metadata[step]
        if value is ...:
            del metadata[key]
        else:
            metadata[key] = value

    return change


WHERE = "in its metadata"
LIES = {
    "no link": (put("link", ...), "its metadata must have 'link'"),
    "an unknown link": (
        put("link", "probit"),
        f"'link' {WHERE} must be one of identity, bounded, ordinal; got 'probit'",
    ),
    "a link that is a list": (put("link", []), rf"'link' {WHERE} must be of type str; got \[\]"),
    "a context": (put("context", {}), f"'context' {WHERE} must be of type str; got"),
    "no context": (put("context", ...), "its metadata must have 'context'"),
    "a key too many": (put("surprise", 1), "its metadata must not have 'surprise' in version 1"),
    "a scale of one number": (put("scale", [1]), f"'scale' {WHERE} must have 2 entries"),
    "a scale reversed": (put("scale", [5, 1]), f"'scale' {WHERE} must be two finite numbers in order"),
    "a scale without end": (put("scale", [1, "inf"]), f"'scale' {WHERE} must be two finite numbers in order"),
    "a scale of text": (put("scale", ["1", "5"]), f"'scale' {WHERE} must be a number; got '1'"),
    "a scale of truths": (put("scale", [False, True]), f"'scale' {WHERE} must be a number; got False"),
    "a scale no float holds": (put("scale", [1, 2**53 + 1]), f"'scale' {WHERE} must be a number"),
    "frames of nobody": (
        put("frame_kind", "excel"),
        f"'frame_kind' {WHERE} must be one of polars, pandas, pyarrow",
    ),
    "ids of no kind": (
        put("users", "kind", "float"),
        f"'kind' in 'users' {WHERE} must be one of int, uint, str, uuid",
    ),
    "ids of another kind": (put("users", "kind", "int"), "tensor 'users.ids' is missing"),
    "text as UUIDs": (
        put("users", "kind", "uuid"),
        "tensor 'users.bytes' must hold UUIDs in lower case with hyphens",
    ),
    "unsigned ids": (put("items", "kind", "uint"), "tensor 'items.ids' must be uint64; got int64"),
    "users are a list": (put("users", []), f"'users' {WHERE} must be of type dict"),
    "too much about users": (put("users", "n", 1), f"'users' {WHERE} must not have 'n'"),
    "another number of items": (
        put("ratings", "n_items", 4),
        f"'n_items' of 'ratings' {WHERE} must be 3, the number of items; got 4",
    ),
    "a number of items as float": (
        put("ratings", "n_items", 3.0),
        f"'n_items' in 'ratings' {WHERE} must be of type int",
    ),
    "ratings left over": (
        put("ratings", None),
        "tensor 'ratings.codes' is not part of version 1 of the format, or of this model",
    ),
    "catalog left over": (
        put("catalog", None),
        "tensor 'catalog.0.values' is not part of version 1 of the format",
    ),
    "a catalog of another kind": (
        put("catalog", "kind", "uint"),
        f"'kind' in 'catalog' {WHERE} must be one of int",
    ),
    "a catalog without columns": (
        put("catalog", "columns", []),
        "the first column of the catalog must be 'item_id'",
    ),
    "columns of one name": (
        put("catalog", "columns", 5, "name", "year"),
        "must be one of int32|different names",
    ),
    "titles as numbers": (
        put("catalog", "columns", 1, "type", "int64"),
        "'type' in a column under 'catalog' .* must be one of string",
    ),
    "a column of objects": (
        put("catalog", "columns", 5, "type", "object"),
        "must be one of int8, .*; got 'object'",
    ),
    "dates beyond calendars": (
        put("catalog", "columns", 5, {"name": "liked", "type": "date"}),
        "tensor 'catalog.5.values' must be int32; got uint8",
    ),
    "a column name of half a character": (
        put("catalog", "columns", 5, "name", "\ud800"),
        "'name' in a column .* must be valid Unicode",
    ),
    "a column that is null": (
        put("catalog", "columns", 5, None),
        "a column under 'catalog' in its metadata must be a JSON object; got None",
    ),
    "a trainer that is text": (put("trainer", "LeastSquares"), f"'trainer' {WHERE} must be of type dict"),
    "a trainer with half a character": (
        put("trainer", "a", ["\udfff"]),
        f"'a' in 'trainer' {WHERE} must be valid Unicode text",
    ),
    "sweeps of two lengths": (
        put("history", "sweeps", "seconds", [1.0]),
        "'sweeps' of 'history' .* must have lists of one length",
    ),
    "sweeps without errors": (
        put("history", "sweeps", "train_mse", ...),
        "'sweeps' of 'history' .* must have 'train_mse'",
    ),
    "a sweep that is text": (
        put("history", "sweeps", "sweep", ["1", "2"]),
        "'sweep' in 'sweeps' of 'history' .* must be of type int; got '1'",
    ),
    "a history of something else": (put("history", "mood", 1), f"'history' {WHERE} must not have 'mood'"),
    "notes that are no text": (
        put("history", "notes", [1]),
        f"'notes' in 'history' {WHERE} must be of type str",
    ),
    "a prior that is endless": (
        put("user_prior", "scaling", "inf"),
        f"'scaling' of 'user_prior' {WHERE} must be finite; got inf",
    ),
    "a prior of text": (
        put("item_prior", "dropout", "0.5"),
        f"'dropout' in 'item_prior' {WHERE} must be a number",
    ),
    "a prior with 1 for true": (
        put("item_prior", "bias", 1),
        f"'bias' in 'item_prior' {WHERE} must be of type bool; got 1",
    ),
    "versions are text": (put("versions", "1"), f"'versions' {WHERE} must be of type dict"),
    "axes of another array": (
        put("tensors", "user_bias", "draw item"),
        "tensor 'user_bias' must have the axes 'draw user' in the metadata; got 'draw item'",
    ),
    "axes of no array": (
        put("tensors", "ghost", "draw"),
        "tensor 'ghost' must be both stored and named under 'tensors'",
    ),
    "no axes for an array": (
        put("tensors", "user_bias", ...),
        "tensor 'user_bias' must be both stored and named under 'tensors'",
    ),
    "axes are a list": (put("tensors", []), f"'tensors' {WHERE} must be of type dict"),
}


@pytest.mark.parametrize("name", LIES)
def test_metadata_that_lies(small, name):
    change, message = LIES[name]
    header, metadata, arrays = split(small)
    change(metadata)
    with pytest.raises(ModelFileError, match=f"^the model in memory is not a usable model file: .*{message}"):
        loads(joined(header, metadata, arrays))


# three levels 1, 3, 5 with cutpoints -0.5, 0.5 and 0, 1 of two draws; user bag and genres, item
# bins of the year
ORDINAL_FORGERIES = {
    "cutpoints fall": (
        {"cutpoints": set_at(3, -1)},
        r"tensor 'cutpoints' must be in ascending order in each draw; got -1.0 after 0.0 in draw 1",
    ),
    "cutpoints not finite": (
        {"cutpoints": set_at(0, -np.inf)},
        r"tensor 'cutpoints' must be finite; got -inf at position 0",
    ),
    "cutpoints of one draw": (
        {"cutpoints": lambda a: a[:1]},
        r"tensor 'cutpoints' must have 2 along 'draw' to match 'user_factors'; got 1",
    ),
    "a cutpoint too many": (
        {"cutpoints": lambda a: np.hstack([a, a[:, -1:]])},
        r"tensor 'cutpoints' must have 2 along 'cut' to match 'levels'; got 3",
    ),
    "no cutpoints": ({"cutpoints": None}, r"tensor 'cutpoints' is missing"),
    "no model levels": ({"levels": None}, r"tensor 'levels' is missing"),
    "levels of the model fall": (
        {"levels": set_at(1, 0)},
        r"tensor 'levels' must be strictly ascending; got 0.0 after 1.0 at position 1",
    ),
    "levels of the model endless": ({"levels": set_at(2, np.inf)}, r"tensor 'levels' must be finite"),
    "levels of no value": (
        {"levels": lambda a: a[:0]},
        r"tensor 'levels' must have at least 1 along 'cut\+1'; got 0",
    ),
    "negative noise": (
        {"noise_sd": set_at(1, -1)},
        r"tensor 'noise_sd' must be finite and not negative; got -1.0 at position 1",
    ),
    "noise that is NaN": (
        {"noise_sd": set_at(0, np.nan)},
        r"tensor 'noise_sd' must be finite and not negative",
    ),
    "noise of one draw": ({"noise_sd": lambda a: a[:1]}, r"tensor 'noise_sd' must have 2 along 'draw'"),
    "weights of a bag not finite": (
        {"user_link__0__weights": set_at(0, np.nan)},
        r"tensor 'user_link.0.weights' must be finite",
    ),
    "a bag of too few": (
        {"user_link__0__weights": lambda a: a[:, :2].copy()},
        r"tensor 'user_link.0.weights' must have 3 along 'item'",
    ),
    "weights of another width": (
        {"user_link__1__weights": lambda a: a[:, :, :2].copy()},
        r"tensor 'user_link.1.weights' must have 3 along 'factor\+1'",
    ),
    "a tag without weights": (
        {"user_link__1__weights": lambda a: a[:, :1].copy()},
        r"tensor 'user_link.1.weights' must have 2 along 'user_link.1'",
    ),
    "tags not ascending": (
        {"user_link__1__bytes": text_bytes(b"baab")},
        r"tensor 'user_link.1.bytes' must be strictly ascending, each tag once",
    ),
    "edges fall": (
        {"item_link__0__edges": np.array([1990.0, 1980.0])},
        r"tensor 'item_link.0.edges' must be strictly ascending",
    ),
    "edges not finite": (
        {"item_link__0__edges": np.array([1990.0, np.inf])},
        r"tensor 'item_link.0.edges' must be finite",
    ),
    "no weights at all": ({"item_link__0__weights": None}, r"tensor 'item_link.0.weights' is missing"),
}


NOISE_FORGERIES = {
    "no scale": (
        {"user_noise__scale": set_at(1, 0)},
        r"tensor 'user_noise.scale' must be positive and finite; got 0.0 at position 1",
    ),
    "endless scale": (
        {"item_noise__scale": set_at(2, np.inf)},
        r"tensor 'item_noise.scale' must be positive and finite; got inf at position 2",
    ),
    "scales of too few": (
        {"item_noise__scale": lambda a: a[:, :2].copy()},
        r"tensor 'item_noise.scale' must have 3 along 'item'",
    ),
    "negative degrees": (
        {"user_noise__degrees": set_at(0, -1)},
        r"tensor 'user_noise.degrees' must be positive and finite; got -1.0",
    ),
    "no degrees": ({"user_noise__degrees": None}, r"tensor 'user_noise.degrees' is missing"),
    "one side alone": (
        {"item_noise__scale": None, "item_noise__degrees": None},
        r"tensors 'user_noise.scale' and 'item_noise.scale' must be there together",
    ),
    "no noise to scale": (
        {"noise_sd": None},
        r"tensor 'user_noise.scale' must stand beside 'noise_sd' in a model with the link 'identity' or "
        r"'ordinal'",
    ),
}


TIME_FORGERIES = {
    "no mood": (
        {"user_noise__sitting": set_at(0, 0)},
        r"tensor 'user_noise.sitting' must be positive and finite; got 0.0",
    ),
    "edges that descend": (
        {"context__edges": np.array([20, 10])},
        r"tensor 'context.edges' must be strictly ascending; got 10 after 20",
    ),
    "an edge too many": (
        {"context__edges": np.array([1, 2, 3])},
        r"tensor 'context.user_shift' must have 4 along 'edge\+1'",
    ),
    "edges of another type": (
        {"context__edges": np.array([10.0, 20.0])},
        r"tensor 'context.edges' must be int64",
    ),
    "a shift that is NaN": (
        {"context__item_shift": set_at(2, np.nan)},
        r"tensor 'context.item_shift' must be finite; got nan at position 2",
    ),
    "a shift of one draw": (
        {"context__user_shift": lambda a: a[:1]},
        r"tensor 'context.user_shift' must have 2 along 'draw'",
    ),
    "a last time bin that shifts": (
        {"context__item_shift": set_at(-1, 1)},
        r"tensor 'context.item_shift' must be 0 in the last time bin",
    ),
    "no shift": ({"context__user_shift": None}, r"tensor 'context.user_shift' is missing"),
    "a home beyond": (
        {"context__home": set_at(1, 3)},
        r"tensor 'context.home' must be between 0 and 2; got 3 at position 1",
    ),
    "a home of nobody": (
        {"context__home": lambda a: a[:2].copy()},
        r"tensor 'context.home' must have 3 along 'user'",
    ),
    "sittings of nobody": (
        {"context__sittings": np.array([0, 2, 2, 3])},
        r"tensor 'context.sittings' must end with 4; got 3",
    ),
    "sittings that descend": (
        {"context__sittings": np.array([0, 3, 2, 4])},
        r"tensor 'context.sittings' must be in ascending order",
    ),
    "a sitting that ends first": (
        {"context__end": np.array([0, 5, 9, 40])},
        r"tensors 'context.begin' and 'context.end' .*position 0 does not",
    ),
    "sittings that overlap": (
        {"context__end": np.array([6, 6, 9, 40])},
        r"tensors 'context.begin' and 'context.end' .*position 1 does not",
    ),
    "a mood too few": (
        {"context__mood": lambda a: a[:, :3].copy()},
        r"tensor 'context.mood' must have 4 along 'sitting'",
    ),
    "an endless mood": (
        {"context__mood": set_at(0, np.inf)},
        r"tensor 'context.mood' must be finite; got inf",
    ),
}
ALL_FORGERIES = {
    **{name: (ordinal_model, *forgery) for name, forgery in ORDINAL_FORGERIES.items()},
    **{name: (noisy_model, *forgery) for name, forgery in NOISE_FORGERIES.items()},
    **{name: (timed_model, *forgery) for name, forgery in TIME_FORGERIES.items()},
}


@pytest.mark.parametrize("name", ALL_FORGERIES)
def test_distributions_features_and_times_that_contradict_each_other(name):
    make, arrays, message = ALL_FORGERIES[name]
    with pytest.raises(ModelFileError, match=f"^the model in memory is not a usable model file: {message}"):
        loads(forged(dumps(make()), **arrays))


ORDINAL_LIES = {
    "another link": (
        put("link", "identity"),
        "tensor 'cutpoints' is not part of a model with the link 'identity'",
    ),
    "no spread": (put("spread", 0), f"'spread' {WHERE} must be positive and finite; got 0.0"),
    "endless spread": (put("spread", "inf"), f"'spread' {WHERE} must be positive and finite; got inf"),
    "a spread of text": (put("spread", "1"), f"'spread' {WHERE} must be a number; got '1'"),
    "features that are no list": (put("user_link", {}), f"'user_link' {WHERE} must be of type list"),
    "no features": (
        put("item_link", []),
        "'item_link' .* must name at least one group of features, each once",
    ),
    "features left over": (
        put("item_link", ...),
        "tensor 'item_link.0.edges' is not part of version 1 of the format",
    ),
    "features of two names": (
        put("user_link", 1, "name", "rated"),
        "'user_link' .* must name at least one group of features, each once",
    ),
    "features of no kind": (
        put("user_link", 1, "kind", "hash"),
        "'kind' in a group of features under 'user_link' .* must be one of bag, tags, bins",
    ),
    "features of another kind": (
        put("item_link", 0, "kind", "tags"),
        "tensor 'item_link.0.offsets' is missing",
    ),
    "too much about features": (
        put("user_link", 0, "n", 1),
        "a group of features under 'user_link' .* must not have 'n'",
    ),
}


@pytest.mark.parametrize("name", ORDINAL_LIES)
def test_metadata_of_distributions_and_features_that_lies(name):
    change, message = ORDINAL_LIES[name]
    header, metadata, arrays = split(dumps(ordinal_model()))
    change(metadata)
    with pytest.raises(ModelFileError, match=f"^the model in memory is not a usable model file: .*{message}"):
        loads(joined(header, metadata, arrays))


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ("place", "'context' .* must be null or 'time'; got 'place'"),
        (5, "'context' .* must be"),
        (None, "tensor 'context.begin' is not part of version 1 of the format, or of this model"),
    ],
)
def test_contexts_that_are_none(context, message):
    header, metadata, arrays = split(dumps(timed_model()))
    metadata["context"] = context
    with pytest.raises(ModelFileError, match=message):
        loads(joined(header, metadata, arrays))


def test_a_file_without_ratings_tells_nobodys_sessions(tmp_path):
    model = timed_model()
    model.save(tmp_path / "model.palate", ratings=False)
    loaded = load_model(tmp_path / "model.palate")
    assert len(loaded.context.sessions) == 0
    assert loaded.context.user_shift.tobytes() == model.context.user_shift.tobytes()
    times = np.array([0, 15, 35])  # in a sitting of the first user, of one who has none, in one of the last
    before, after = (
        one.predict(["al", "bo", "zoë"], [10, 10, 30], timestamps=times) for one in (model, loaded)
    )
    assert after[1] == before[1]
    assert after[0] != before[0]


def test_bounded_predictions_need_bounds(small):
    header, metadata, arrays = split(small)
    metadata["link"], metadata["scale"] = "bounded", None
    with pytest.raises(
        ModelFileError, match="'scale' in its metadata must be two numbers for the link 'bounded'; got null"
    ):
        loads(joined(header, metadata, arrays))


def test_dates_beyond_all_calendars():
    table = pl.DataFrame({"item_id": [1], "released": [datetime.date(2000, 1, 1)]})
    data = dumps(model_of(Ratings.from_arrays([1], [1], [3.0]), catalog=Catalog.from_frame(table)))
    with pytest.raises(
        ModelFileError, match=r"tensor 'catalog.3.values' must be between -719162 and 2932896; got 2147483647"
    ):
        loads(forged(data, catalog__3__values=np.array([2**31 - 1], dtype=np.int32)))


def test_a_text_hidden_under_a_null(small):
    n_bytes = split(small)[0]["catalog.1.bytes"]["shape"][0]
    offsets = np.array([0, 0, 0, 0, n_bytes])  # the last item's title is null
    with pytest.raises(
        ModelFileError, match=r"column tensors 'catalog.1' must be zero or empty where 'catalog.1.valid' is 0"
    ):
        loads(forged(small, catalog__1__offsets=offsets))


def test_no_draws(small):
    tensors, metadata = arrays_of(small)
    none = {
        name: array[:0] for name, array in tensors.items() if metadata["tensors"][name].startswith("draw")
    }
    with pytest.raises(ModelFileError, match="tensor 'global_mean' must have at least one draw"):
        loads(rewritten({**tensors, **none}, metadata))


@pytest.mark.parametrize("side", ["users", "items"])
def test_nobody(side):
    model = smallest_model()
    empty = type(model.users)(model.users.values.head(0), "int")
    axis = side.removesuffix("s")
    arrays = {
        f"{axis}_factors": np.zeros((1, 0, 0), dtype=np.float32),
        f"{axis}_bias": np.zeros((1, 0), dtype=np.float32),
    }
    with pytest.raises(ModelFileError, match=f"tensor '{side}.ids' must have at least one id"):
        dumps(changed(model, **{side: empty}, **arrays))


# Files of earlier versions


def golden_model():
    """Return the model in tests/corpus/model-v1.palate."""
    return small_model()


def test_a_file_of_version_1_still_loads():
    """Overwrite the file, after a deliberate change before the format's release, with `python
    tests/write_golden_model.py`.
    """
    assert_same(golden_model(), load_model(GOLDEN))


def test_a_file_from_before_a_field_existed_still_loads():
    """A history without `interrupted` and `selected`, which take their defaults."""
    assert_same(golden_model(), load_model(CORPUS / "model-v1-before-interrupted.palate"))


def test_the_writer_of_version_1_still_writes_the_same_bytes():
    tensors, metadata = pack(golden_model())
    metadata["versions"] = read_metadata(GOLDEN)["versions"]
    assert b"".join(container.encode(tensors, metadata)) == GOLDEN.read_bytes()


def test_what_the_fuzzer_once_found():
    from fuzz_model_file import Report, problem_with

    problems = {
        path.name: problem_with(path.read_bytes(), Report()) for path in sorted(CORPUS.glob("findings/*"))
    }
    assert {name: problem for name, problem in problems.items() if problem} == {}
