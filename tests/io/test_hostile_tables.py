"""Tables that were made to do harm: bounded memory, one sentence, no value that slips through.

PALATE_SOAK multiplies the sizes and the counts.
"""

import gzip
import json
import math
import os
import random
import re
import subprocess
import sys
import unicodedata
import uuid
import warnings
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import palate
from palate import Ratings, Vocabulary

HEADER = "user_id,item_id,rating\n"
MOST_MIB = 256


def times(usual: int, soak: int) -> int:
    """Return how much of something to try: `soak` times the number in PALATE_SOAK where that is set."""
    return round(soak * float(os.environ["PALATE_SOAK"])) if os.environ.get("PALATE_SOAK") else usual


def attempt(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """Return what a call returns and None, or None and how it refuses."""
    try:
        return call(), None
    except (TypeError, ValueError) as error:
        return None, error


# --- files without end
# ---------------------------------------------------------------------------------------------------

LONG_LINE = "must be at most 1 MiB long; got a longer one at line"
OUTCOMES = {
    "one line.csv": f"{LONG_LINE} 2",
    "one first line.csv": f"{LONG_LINE} 1",
    "nothing but NUL.csv": "got a NUL byte at line 1",
    "NUL at the end.csv": r"got a NUL byte at line \d{7}",
    "open quote.csv": "must be closed within 1 MiB; got a quote without end at line 2",
    "open quote at the end.csv": r"must be closed within 1 MiB; got a quote without end at line \d{7}",
    "quotes.csv": "ValueError: .*1 MiB",
    "blank lines.csv": "must hold at least one row; got only a header",
    "blank lines first.csv": "1 ratings of 1 items by 1 users",
    "carriage returns.csv": "must hold at least one row; got only a header",
    "blanks.csv": f"{LONG_LINE} 2",
    "commas.csv": f"{LONG_LINE} 2",
    "empty rows.csv": "column 'user_id' must have an id in every row; got null at line 2",
    "many columns.csv": "must have at most 10,000 columns; got 100,000 in its first line",
    "very many columns.csv": f"{LONG_LINE} 1",
    "many fields.csv": "each line must have 3 fields like the first one; got 100001 at line 2",
    "digits.csv": "column 'rating' must hold numbers; got 'x' at line 3",
    "quoted megabyte.csv": "got a field of more than 131,072 characters at line 2",
    "bomb.csv.gz": "must not unpack to more than 100 times its compressed size",
    "bomb of one line.csv.gz": f"{LONG_LINE} 2",
    "bomb.zip": "must not unpack to more than 100 times its compressed size",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    script = Path(__file__).with_name("read_hostile_tables.py")
    command = [sys.executable, str(script), str(tmp_path_factory.mktemp("hostile")), str(times(12, 1024))]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return {found["name"]: found for found in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("name", OUTCOMES)
def test_large_and_hostile_files_need_little_memory(outcomes, name):
    found = outcomes[name]
    assert re.search(OUTCOMES[name], found["outcome"])
    assert "\n" not in found["outcome"]
    assert len(found["outcome"]) < 400
    assert found["mebibytes"] <= MOST_MIB


def test_every_hostile_file_has_its_outcome(outcomes):
    assert outcomes.keys() == OUTCOMES.keys()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            (HEADER + "1,2,3\n").encode("utf-16-le"),
            "got a NUL byte at line 1. Is it binary, or UTF-16 without a byte order mark",
        ),
        (
            (HEADER + "1,2,3\n").encode("utf-16")[:-1],
            "must be text in UTF-16-LE; .*truncated data. Save it as UTF-8",
        ),
        ((HEADER + "1,2\0,3\n").encode("utf-16"), "got a NUL byte at line 2"),
        (b"\xff\xfe" + b"\x00\xd8" * 9, "must be text in UTF-16-LE; .*illegal UTF-16 surrogate"),
        (HEADER.encode() + b"\xed\xa0\x80,2,3\n", "must be text in UTF-8; got other bytes at line 2"),
        (
            gzip.compress(gzip.compress((HEADER + "1,2,3\n").encode() * 99, mtime=0), mtime=0),
            "got a NUL byte|U\\+001F|ValueError",
        ),
        (
            b"user_id,user_id,item_id,rating\n1,2,3,4\n",
            "column 'user_id' must be in t.csv once; got 2 columns of that name. Rename or drop",
        ),
        (b"1::2::3\x1f4::5\n", "must not hold the control character U[+]001F; got one after line 1"),
        (b'user_id,item_id,rating\n"1"\r,2,3\n1,"\r",3\n1,2\r3,4\n', "ValueError"),
        (
            b"user_id,item_id,rating,timestamp\n1,2,3,4\n1,2,3," + b"9" * 9999 + b"\n",
            "must hold times as whole seconds; got '9{80}' at line 3",
        ),
    ],
)
def test_odd_bytes(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message if message != "ValueError" else ".") as caught:
        palate.read(tmp_path / "t.csv")
    assert "\n" not in str(caught.value)


def test_formula_cells_are_ids_like_any_other(tmp_path):
    ids = ["=1+1", "+2", "-x", "@sum", "\tx"]
    (tmp_path / "t.csv").write_text(HEADER + "".join(f"{id_},{id_},3\n" for id_ in ids))
    ratings = palate.read(tmp_path / "t.csv").ratings
    assert ratings.users.ids() == ratings.items.ids() == sorted(ids)


SEEDS = {
    "t.csv": HEADER.encode() + b'1,"a ""b""",3\n2,\xc3\xa9,4.5\r\n"3","c\nd",1e0\n\n2,a,.5\n',
    "ratings.csv": (
        b"userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,2,3.0,1260759179\n7,2,0.5,851868750\n"
    ),
    "ratings.dat": b"1::1193::5::978300760\n1::661::3::978302109\n2::1193::4::978298413\n",
    "u.data": b"196\t242\t3\t881250949\n186\t302\t3\t891717742\n22\t377\t1\t878887116\n",
    "train_triplets.txt": (
        b"b80344d0\tSOAKIMP12A8C130995\t1\nb80344d0\tSOAPDEY12A81C210A9\t20\n"
        b"85c1f87f\tSOAPDEY12A81C210A9\t5\n"
    ),
}
TOKENS = [
    b"\0",
    b"\n",
    b"\r",
    b"\r\n",
    b'"',
    b'""',
    b",",
    b"::",
    b"\t",
    b";",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"nan",
    b"inf",
    b"1e999",
    b"-",
    b"+1",
    b"007",
    b" ",
    b"\x1f",
    b"99999999999999999999",
    b"-9223372036854775808",
    b"\xf0\x9f\x91\xa8",
    b"=1+1",
    b"y",
    b"1_000",
]


def mutated(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes after one to four random changes."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randint(0, len(data))
        end = min(len(data), start + rng.choice([0, 0, 1, 2, 20]))
        new = rng.choice(
            [b"", rng.choice(TOKENS), rng.choice(TOKENS), bytes([rng.randrange(256)]), data[start:end] * 2]
        )
        data = data[:start] + new + data[end:]
    return data[: rng.randint(1, len(data) or 1)] if rng.random() < 0.1 else data


@pytest.mark.parametrize("name", SEEDS)
def test_mutations_are_read_or_refused_in_one_sentence(tmp_path, name):
    rng = random.Random(int(times(1, 1000)) + len(name))
    path = tmp_path / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(times(80, 100_000)):
            data = mutated(rng, SEEDS[name])
            path.write_bytes(data)
            ratings, error = attempt(lambda: palate.read(path).ratings)
            if error is not None:
                assert "\n" not in str(error), data
                assert len(str(error)) < 600, data
                assert not isinstance(error, UnicodeError), data
            else:
                assert np.isfinite(ratings.value).all(), data
                assert ratings.scale[0] <= ratings.value.min() <= ratings.value.max() <= ratings.scale[1], (
                    data
                )


# --- numbers
# ------------------------------------------------------------------------------------------------------

NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "1e308",
    "-1e39",
    "3.4e38",
    "-0.0",
    "5e-324",
    "1e-45",
    "0",
    "3",
    "-7.25",
    "1e400",
]


def as_float32(text: str) -> float:
    with np.errstate(over="ignore"):
        return float(np.float32(float(text)))


def ways_in(tmp_path: Path, numbers: list[float]) -> dict[str, object]:
    """Return, by name, a call that makes ratings of the numbers by each way into palate."""
    n = len(numbers)
    frame = pl.DataFrame(
        {"user_id": range(n), "item_id": range(n), "rating": pl.Series(numbers, dtype=pl.Float64)}
    )
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    pandas = pd.DataFrame({"user_id": range(n), "item_id": range(n), "rating": numbers})
    return {
        "list": lambda: Ratings.from_arrays(list(range(n)), list(range(n)), numbers),
        "array": lambda: Ratings.from_arrays(np.arange(n), np.arange(n), np.array(numbers)),
        "polars": lambda: Ratings.from_frame(frame),
        "pandas": lambda: Ratings.from_frame(pandas),
        "csv": lambda: palate.read(tmp_path / "t.csv").ratings,
        "parquet": lambda: palate.read(tmp_path / "t.parquet").ratings,
    }


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_a_rating_or_refused_with_its_row(tmp_path, text):
    good = math.isfinite(as_float32(text))
    for name, make in ways_in(tmp_path, [3.0, float(text), 4.0]).items():
        if good:
            assert make().value.tolist() == [3.0, as_float32(text), 4.0], name
            assert not np.signbit(make().value[1]) or float(text) < 0, name
        else:
            row = "line 3" if name == "csv" else "0-based row 1"
            with pytest.raises(
                ValueError, match=rf"must (hold finite numbers|have a number in every row); got .* at {row}"
            ):
                make()


@given(st.lists(st.floats(width=64), min_size=1, max_size=8))
def test_what_is_kept_is_finite_and_float32(numbers):
    with np.errstate(over="ignore"):
        expected = np.array(numbers).astype(np.float32)
    if np.isfinite(expected).all():
        made = Ratings.from_arrays(range(len(numbers)), range(len(numbers)), numbers)
        np.testing.assert_array_equal(made.value, expected)
    else:
        row = int(np.flatnonzero(~np.isfinite(expected))[0])
        with pytest.raises(
            ValueError, match=rf"values must hold finite numbers; got .* at 0-based row {row}"
        ):
            Ratings.from_arrays(range(len(numbers)), range(len(numbers)), numbers)


@given(
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.floats(-10, 10, width=32),
    st.floats(0.5, 10, width=32),
)
def test_a_declared_scale_is_a_promise(value, low, width):
    scale = (low, low + width)
    if np.float32(scale[0]) <= np.float32(value) <= np.float32(scale[1]):
        assert Ratings.from_arrays([1], [1], [value], scale=scale).scale == scale
    else:
        with pytest.raises(ValueError, match=r"values must be within the declared scale .* at 0-based row 0"):
            Ratings.from_arrays([1], [1], [value], scale=scale)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("3", TypeError, "values must hold numbers; got str '3' at 0-based row 1"),
        (True, TypeError, "values must hold numbers; got bool True at 0-based row 1"),
        (None, ValueError, "values must have a number in every row; got null at 0-based row 1"),
        (np.float64("inf"), ValueError, "values must hold finite numbers; got inf at 0-based row 1"),
        (3 + 0j, TypeError, r"values must hold numbers; got complex \(3\+0j\) at 0-based row 1"),
        (
            10**400,
            ValueError,
            "values must hold finite numbers; got an integer beyond 64 bits at 0-based row 1",
        ),
    ],
)
def test_values_that_are_no_numbers(value, error, message):
    with pytest.raises(error, match=message):
        Ratings.from_arrays([1, 2], [1, 2], [3.0, value])


# --- ids
# ------------------------------------------------------------------------------------------------------

LOOK_ALIKES = [
    1,
    "1",
    1.0,
    True,
    "01",
    "+1",
    " 1",
    np.int64(1),
    np.uint8(1),
    np.float32(1),
    b"1",
    -1,
    2**63,
    2**64 - 1,
    "true",
    None,
    float("nan"),
    uuid.UUID(int=1),
    str(uuid.UUID(int=1)),
    np.str_("1"),
    np.bool_(True),
    1 + 0j,
    ("1",),
]


@pytest.mark.parametrize(
    ("first", "second"),
    list(combinations(LOOK_ALIKES, 2)),
    ids=lambda value: f"{type(value).__name__}-{value}",
)
def test_ids_of_different_kinds_are_never_merged(first, second):
    users, error = attempt(lambda: Vocabulary.from_ids([first, second]))
    if error is not None:
        assert str(error).startswith("ids must h")
        return
    kinds = [
        int if isinstance(id_, int | np.integer) else str if isinstance(id_, str) else type(id_)
        for id_ in (first, second)
    ]
    assert kinds[0] is kinds[1]
    assert len(users) == (1 if first == second else 2)
    assert set(users.ids()) == {first, second}


@pytest.mark.parametrize(
    "ids",
    [[1, 2], [-(2**63), 2**63 - 1], [2**63, 2**64 - 1], ["1", "01"], [uuid.UUID(int=1), uuid.UUID(int=2)]],
)
def test_a_saved_model_answers_to_the_ids_it_was_trained_with(tmp_path, ids):
    ratings = Ratings.from_arrays([ids[0], ids[0], ids[1]], [ids[0], ids[1], ids[0]], [3, 4, 5])
    palate.LeastSquares(n_factors=1).fit(ratings, validation=0).save(tmp_path / "m.palate")
    model = palate.load(tmp_path / "m.palate")
    answer = model.recommend(ids[1])
    assert answer["item_id"].to_list() == [str(ids[1]) if isinstance(ids[0], uuid.UUID) else ids[1]]
    look_alike = str(ids[0]) if isinstance(ids[0], int) else 1
    with pytest.raises(
        KeyError, match=r"the ids of this model are (integer|string|UUID)s, but this is of type (str|int)"
    ):
        model.recommend(look_alike)


NAMES = [
    unicodedata.normalize("NFC", "é"),
    unicodedata.normalize("NFD", "é"),
    "👨‍👩‍👧‍👦",
    "👨",
    "שלום",
    "مرحبا\u200f",
    "\u202eabc",
    "a",
    "A",
    "ａ",
    "ß",
    "ss",
    "x" * 256,
    "x" * 257,
    "é" * 128,
    " ",
    "\u00a0",
    "a ",
    " a",
    "__proto__",
    "constructor",
    "../x",
    "..\\x",
    "<script>alert(1)</script>",
    "' or 1=1 --",
    "a,b",
    'a"b',
    "a\nb",
    "a\tb",
    "NULL",
    "nan",
    "None",
    "true",
    "1e5",
    "0x10",
    "\ufeffa",
    "\U0010ffff",
    "-",
    "--help",
    "𝒳",
    "\x7f",
]


def csv_of(folder: Path, ids: list[str]) -> Path:
    """Write ratings whose users and items have these ids."""
    path = folder / "names.csv"
    pl.DataFrame({"user_id": ids, "item_id": ids[::-1], "rating": [3.0] * len(ids)}).write_csv(
        path, quote_style="non_numeric"
    )
    return path


@pytest.mark.parametrize("size", [None, 300])
def test_every_text_is_an_id_of_its_own(tmp_path, monkeypatch, size):
    if size:
        monkeypatch.setattr("palate.io.blocks.BLOCK", size)
    frame = pl.DataFrame({"user_id": NAMES, "item_id": NAMES[::-1], "rating": [3.0] * len(NAMES)})
    frame.write_parquet(tmp_path / "names.parquet")
    for ratings in (
        Ratings.from_frame(frame),
        Ratings.from_frame(frame.to_pandas()),
        palate.read(tmp_path / "names.parquet").ratings,
        palate.read(csv_of(tmp_path, NAMES)).ratings,
    ):
        assert ratings.users.ids() == ratings.items.ids() == sorted(NAMES)
        assert ratings.to_frame("polars").sort("user_id").rows() == frame.sort("user_id").rows()
        assert [ratings.users.ids()[index] for index in ratings.users.indices(NAMES)] == NAMES


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")),
        min_size=1,
        max_size=6,
        unique=True,
    )
)
@example(["", "\n\n"])  # between quotes an empty text is an id, also beside blank lines
def test_any_text_comes_back_from_a_file(tmp_path_factory, ids):
    assume(
        not any("," in id_ and "\n" in id_ for id_ in ids)
    )  # an id like that is refused: a quote has swallowed rows
    path = csv_of(tmp_path_factory.mktemp("texts"), ids)
    ratings = palate.read(path).ratings
    if ratings.users.kind == "str":
        assert ratings.users.ids() == sorted(ids)
    else:
        assert [str(id_) for id_ in ratings.users.ids()] == sorted(ids, key=int)


def test_half_a_surrogate_pair_is_no_text(tmp_path):
    with pytest.raises(
        ValueError,
        match=r"users must hold text that can be written in UTF-8; got half of a surrogate pair in "
        r"'\\ud800' at 0-based row 1",
    ):
        Ratings.from_arrays(["a", "\ud800"], [1, 2], [3, 4])
    users = Vocabulary.from_ids(["a", "b"])
    assert users.indices(["\ud800", "b"]).tolist() == [-1, 1]
    with pytest.raises(KeyError, match="unknown id"):
        users.index("\udfff")
    catalog = palate.Catalog.from_frame(pl.DataFrame({"item_id": [1], "title": ["a"]}))
    assert catalog.find("\ud800").tolist() == []
