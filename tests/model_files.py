"""Models to save, and files damaged with care: shared by the tests and the fuzzer of the model file."""

import hashlib
import json
import os
import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.vocabulary import Vocabulary
from palate.factors.parts import PARTS
from palate.factors.row_precision import RowNoise
from palate.factors.temporal import Sessions, TimeContext
from palate.model.factor_model import FactorModel
from palate.model.file import container
from palate.model.history import History, SweepReport
from palate.solve.features import FeatureGroup, FeatureLink
from palate.solve.prior import RowPrior

DIGEST = re.compile(rb'(?<=sha256\\":\\")[0-9a-f]{64}')


def cases(ci: int, soak: int) -> int:
    """Return how many cases to run: `soak` times the number in PALATE_SOAK where that is set."""
    return round(soak * float(os.environ["PALATE_SOAK"])) if "PALATE_SOAK" in os.environ else ci


class Numbers:
    """Hands out small fractions that look random and are the same on every machine and for every
    version of NumPy.
    """

    def __init__(self, seed: int) -> None:
        self._next = seed * 1_000_003

    def array(self, *shape: int) -> np.ndarray:
        """Return a float32 array."""
        size = int(np.prod(shape))
        counts = np.arange(self._next, self._next + size, dtype=np.int64)
        self._next += size
        return ((counts * 7919 % 1009 - 504) / 256).astype(np.float32).reshape(shape)


def prior(n_draws: int, n_factors: int, numbers: Numbers) -> RowPrior:
    """Return a prior with something in every field."""
    precision = np.broadcast_to(
        np.eye(n_factors + 1, dtype=np.float32) * np.float32(0.75), (n_draws, n_factors + 1, n_factors + 1)
    )
    return RowPrior(
        precision=precision,
        mean=numbers.array(n_draws, n_factors + 1),
        scaling=0.5,
        l1_bias=0.125,
        dropout=0.25,
    )


def model_of(
    ratings: Ratings,
    *,
    n_factors: int = 2,
    n_draws: int = 1,
    held_out: np.ndarray | None = None,
    catalog: Catalog | None = None,
    n_sweeps: int = 2,
    seed: int = 0,
    **fields: Any,
) -> FactorModel:
    """Return a model of these ratings with made-up factors."""
    numbers = Numbers(seed)
    matrix = RatingMatrix.from_ratings(ratings, held_out)
    reports = [
        SweepReport(sweep=s + 1, seconds=0.25, objective=9.5, train_mse=1.0, train_rmse=1.0, train_mae=0.5)
        for s in range(n_sweeps)
    ]
    return FactorModel(
        users=ratings.users,
        items=ratings.items,
        user_factors=numbers.array(n_draws, ratings.n_users, n_factors),
        item_factors=numbers.array(n_draws, ratings.n_items, n_factors),
        user_bias=numbers.array(n_draws, ratings.n_users),
        item_bias=numbers.array(n_draws, ratings.n_items),
        global_mean=np.linspace(3, 4, n_draws),
        user_prior=prior(n_draws, n_factors, numbers),
        item_prior=prior(n_draws, n_factors, numbers),
        scale=ratings.scale,
        catalog=None if catalog is None else catalog.aligned(ratings.items, matrix),
        ratings=matrix,
        trainer={
            "name": "LeastSquares",
            "n_factors": n_factors,
            "l2_user": 0.1,
            "biases": True,
            "stop": None,
        },
        history=History(
            sweeps=tuple(reports),
            best_sweep=n_sweeps,
            stopped="done.",
            notes=("a note",),
            n_train=len(ratings),
        ),
        **fields,
    )


def small_model() -> FactorModel:
    """Return a model with every part: text ids, integer ids, catalog with nulls, ratings with all columns."""
    ratings = Ratings.from_arrays(
        ["zoë", "al", "al", "bo", "bo"],
        [10, 10, 30, 20, 30],
        [4.0, 0.5, 5.0, 3.0, 2.5],
        timestamp=[5, 4, 3, 2, 1],
        weight=[1.0, 2.0, 0.5, 1.0, 1.0],
        scale=(0.5, 5.0),
    )
    table = pl.DataFrame(
        {
            "item_id": [20, 10, 99],
            "title": ["Amélie", "Heat 🔥", None],
            "year": [2001, None, 1950],
            "liked": [True, None, False],
        }
    )
    return model_of(
        ratings, held_out=np.array([True, False, False, False, False]), catalog=Catalog.from_frame(table)
    )


def smallest_model() -> FactorModel:
    """Return the model with the smallest file: one user, one item, no factors, no ratings."""
    ratings = Ratings.from_arrays([1], [1], [1.0])
    model = model_of(ratings, n_factors=0, n_sweeps=0)
    return FactorModel(**{**fields(model), "ratings": None, "trainer": {}, "history": History()})


def ordinal_model() -> FactorModel:
    """Return a model of two draws with a distribution over levels and features of both sides: every
    field is filled.
    """
    numbers = Numbers(7)
    small = small_model()
    tags = FeatureGroup(name="genres", kind="tags", weights=numbers.array(2, 2, 3), values=("ab", "ä"))
    bag = FeatureGroup(name="rated", kind="bag", weights=numbers.array(2, 3, 3))
    bins = FeatureGroup(name="year", kind="bins", weights=numbers.array(2, 3, 3), edges=(1980.0, 1990.5))
    made = {
        name: fields(small)[name]
        for name in ("catalog", "ratings", "users", "items", "trainer", "history", "scale")
    }
    return FactorModel(
        **made,
        user_factors=numbers.array(2, 3, 2),
        item_factors=numbers.array(2, 3, 2),
        user_bias=numbers.array(2, 3),
        item_bias=numbers.array(2, 3),
        global_mean=np.array([0.5, 0.25]),
        user_prior=prior(2, 2, numbers),
        item_prior=prior(2, 2, numbers),
        link="ordinal",
        levels=np.array([1, 3, 5], np.float32),
        cutpoints=np.array([[-0.5, 0.5], [0, 1]], np.float32),
        noise_sd=np.array([1.0, 1.0]),
        spread=1.5,
        user_link=FeatureLink((bag, tags)),
        item_link=FeatureLink((bins,)),
    )


def noisy_model() -> FactorModel:
    """Return a model of two draws whose rows have a noise of their own."""
    numbers = Numbers(9)
    scales = [np.abs(numbers.array(2, 3)) + np.float32(0.5) for _ in range(2)]
    made = {
        name: value
        for name, value in fields(ordinal_model()).items()
        if name not in ("link", "levels", "cutpoints")
    }
    users, items = (RowNoise(scale=scale, degrees=np.array([5.5, 7.0])) for scale in scales)
    return FactorModel(**{**made, "user_noise": users, "item_noise": items})


def timed_model() -> FactorModel:
    """Return a model of two draws that knows of three eras and four sittings: two of the first
    user, two of the last.
    """
    numbers = Numbers(11)
    made = fields(noisy_model())
    shifts = [numbers.array(2, 3, 3) for _ in range(2)]
    for shift in shifts:
        shift[:, -1] = 0
    context = TimeContext(
        edges=np.array([10, 20]),
        user_shift=shifts[0],
        item_shift=shifts[1],
        user_time_bin=np.array([2, 0, 1], np.int32),
        sessions=Sessions(np.array([0, 2, 2, 4]), np.array([1, 5, 0, 30]), np.array([2, 5, 9, 40])),
        session_effect=numbers.array(2, 4),
    )
    return FactorModel(
        **{
            **made,
            "user_noise": replace(made["user_noise"], session=np.array([0.5, 0.25])),
            "context": context,
        }
    )


def wide_model(n_users: int = 220, n_items: int = 150, n_factors: int = 16) -> FactorModel:
    """Return a model whose file has about 40 kB."""
    rng = np.random.default_rng(5)
    pairs = rng.choice(n_users * n_items, size=min(900, n_users * n_items), replace=False)
    pairs = np.concatenate([pairs, np.arange(n_users) * n_items, np.arange(n_items)])
    users, items = np.divmod(np.unique(pairs), n_items)
    return model_of(
        Ratings.from_arrays(users, items, rng.integers(1, 11, len(users)) / 2), n_factors=n_factors
    )


def fields(model: FactorModel) -> dict[str, Any]:
    """Return the fields of a model as a dict, with the parts of its factors by name."""
    names = [name for name in FactorModel.__dataclass_fields__ if name != "factors"]
    return {name: getattr(model, name) for name in (*names, *PARTS)}


def assert_same(one: Any, other: Any, where: str = "model") -> None:
    """Check that two models (or parts of them) are equal to the bit."""
    assert type(one) is type(other), where
    if isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        assert one.tobytes() == other.tobytes(), where
    elif isinstance(one, pl.DataFrame):
        assert one.schema == other.schema, where
        assert one.equals(other, null_equal=True), where
    elif isinstance(one, tuple) and one and hasattr(one[0], "__dataclass_fields__"):
        assert len(one) == len(other), where
        for place, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}[{place}]")
    elif isinstance(one, Vocabulary | History) or not hasattr(one, "__dataclass_fields__"):
        assert one == other, where
    else:
        for name in one.__dataclass_fields__:
            assert_same(getattr(one, name), getattr(other, name), f"{where}.{name}")


def resigned(data: bytes) -> bytes:
    """Return a damaged file with its SHA-256 made right again, so that the parser and not the
    digest is what is tested.
    """
    match = DIGEST.search(data)
    if match is None:
        return data
    blank = data[: match.start()] + b"0" * 64 + data[match.end() :]
    return data[: match.start()] + hashlib.sha256(blank).hexdigest().encode() + data[match.end() :]


def split(data: bytes) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return a file's tensor entries, its metadata and the bytes of its arrays."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return header, json.loads(header.pop("__metadata__")["palate"]), data[8 + length :]


def arrays_of(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return a file's arrays and metadata, unchecked."""
    header, metadata, body = split(data)
    spans = {
        name: (body[slice(*e["data_offsets"])], container.DTYPES[e["dtype"]], e["shape"])
        for name, e in header.items()
    }
    return {
        name: np.frombuffer(raw, dtype=dtype).reshape(shape) for name, (raw, dtype, shape) in spans.items()
    }, metadata


def rewritten(arrays: dict[str, np.ndarray], metadata: dict[str, Any]) -> bytes:
    """Return the file of these arrays and metadata, faultless as a container and signed."""
    rest = {key: value for key, value in metadata.items() if key not in ("format", "version", "sha256")}
    return b"".join(container.encode(arrays, rest))


def joined(header: Any, metadata: Any, arrays: bytes, *, sign: bool = True) -> bytes:
    """Return the file with these parts; `header` and `metadata` may be text instead of objects."""
    inner = metadata if isinstance(metadata, str) else json.dumps(metadata, separators=(",", ":"))
    if isinstance(header, dict):
        header = json.dumps({"__metadata__": {"palate": inner}, **header}, separators=(",", ":"))
    raw = header if isinstance(header, bytes) else header.encode()
    data = len(raw).to_bytes(8, "little") + raw + arrays
    return resigned(data) if sign else data
