"""A model that Keras trained, from its file: `.h5` as the lesson's, or `.keras`.

Nothing in the file is run.
"""

import os
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np

from palate._checks import ArgumentError, Words, check_finite
from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.model.factor_model import FactorModel
from palate.model.file.errors import Damage, ModelFileError
from palate.model.history import History
from palate.model.keras.config import ITEM, ITEM_BIAS, USER, USER_BIAS, KerasPlan, check_present, read_plan
from palate.model.keras.h5 import Hdf5, opened, require_h5py
from palate.model.keras.ratings import rated_rows, table_of
from palate.model.keras.zip import read_archive
from palate.solve.prior import RowPrior
from palate.solve.strengths import ridge_prior

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
_NOT_LAYERS = ("top_level_model_weights",)


@dataclass(frozen=True, eq=False)
class KerasTables:
    """The weights of a factorization in a Keras file by layer, and the model's description."""

    of: dict[str, np.ndarray]  # (n_rows, n_factors) float32; biases have one column
    plan: KerasPlan

    def rows(self, users: np.ndarray, items: np.ndarray) -> "KerasTables":
        """Return the rows of ids that there are."""
        rows = {USER: users, USER_BIAS: users, ITEM: items, ITEM_BIAS: items}
        return KerasTables({name: table[rows[name]] for name, table in self.of.items()}, self.plan)

    def bias(self, name: str, n: int) -> np.ndarray:
        """Return the biases of n ids as a model has them, zeros without a layer of them."""
        return self.of[name].reshape(1, n) if name in self.of else np.zeros((1, n), np.float32)


def read_keras(
    path: str | os.PathLike[str],
    ratings: object = None,
    catalog: Catalog | None = None,
    mean: float | None = None,
) -> FactorModel:
    """Return the model in a Keras file; see `FactorModel.from_keras`."""
    require_h5py()
    tables = read_tables(path)
    known, found_mean = (None, None) if ratings is None else table_of(ratings)
    centre = _centre(found_mean if mean is None else check_finite("mean", mean))
    users, user_rows = rated_rows(None if known is None else known.users, len(tables.of[USER]), "user")
    items, item_rows = rated_rows(None if known is None else known.items, len(tables.of[ITEM]), "item")
    matrix = None if known is None else RatingMatrix.from_ratings(known)
    part = tables.rows(user_rows, item_rows)
    priors = _priors(part, known, centre)
    if matrix is not None:
        catalog = (catalog if catalog is not None else Catalog.from_items(items)).aligned(items, matrix)
    return FactorModel(
        users=users,
        items=items,
        user_factors=part.of[USER][None],
        item_factors=part.of[ITEM][None],
        user_bias=part.bias(USER_BIAS, len(users)),
        item_bias=part.bias(ITEM_BIAS, len(items)),
        global_mean=np.array([centre]),
        user_prior=priors[0],
        item_prior=priors[1],
        scale=None if known is None else known.scale,
        catalog=catalog,
        ratings=matrix,
        trainer=_described(path, tables),
        history=History(
            stopped="Read from a Keras file.", notes=_notes(tables, part, known), n_train=len(known or ())
        ),
        frame_kind="polars" if known is None else known.frame_kind,
    )


def _centre(mean: float | None) -> float:
    """Return the mean that Keras took off; ArgumentError where it is not known."""
    if mean is None:
        why = "Keras' model predicts ratings less their mean, which is not in its file"
        advice = Words.of("Pass `ratings=` (best with the columns rating and y), or `mean=`.")
        raise ArgumentError("mean", f"be given without ratings: {why}", advice=advice)
    return mean


def read_tables(path: str | os.PathLike[str]) -> KerasTables:
    """Return the tables in a Keras file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is damaged, is no Keras file, has not the layers of a factorization, or uses what
        could run or allocate anything.
    """
    name = os.fsdecode(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            return _tables(file, size)
        except Damage as damage:
            raise ModelFileError(f"{name} is no Keras model that can be read here: {damage}.") from damage


def _tables(file: BinaryIO, size: int) -> KerasTables:
    magic = file.read(8)
    if magic == _HDF5:
        with opened(file, size) as hdf5:
            return _from_legacy(hdf5)
    if magic.startswith(_ZIP):
        text, weights = read_archive(file, size)
        plan = read_plan(text, "config.json")
        with opened(cast(BinaryIO, weights), weights.length) as hdf5:
            return _from_counters(hdf5, plan)
    raise Damage(f"it must be an HDF5 file (.h5) or a zip archive (.keras); it begins with {magic!r}")


def _from_legacy(hdf5: Hdf5) -> KerasTables:
    """Read the layout of Keras 2: each layer's weights in a group of the layer's name."""
    text = hdf5.text("model_config")
    plan = KerasPlan() if text is None else read_plan(text, "attribute 'model_config'")
    weights = hdf5.group(hdf5.root, "model_weights")
    weights = hdf5.root if weights is None else weights
    names = hdf5.names(weights)
    if names == ["layers"] or set(names) == {"layers", "optimizer", "vars"}:
        must = "name its layers, and a .weights.h5 file of Keras 3 numbers them"
        raise Damage(f"it must {must}; save the whole model as .keras instead")
    check_present([name for name in names if name not in _NOT_LAYERS])
    found = {}
    for name in names:
        group = hdf5.group(weights, name)
        tables = hdf5.tables(group)
        if name in (USER, ITEM, USER_BIAS, ITEM_BIAS):
            found[name] = _only(tables, name, hdf5)
        elif tables and name not in _NOT_LAYERS and "optimizer" not in name:
            must = "not have weights in a matrix factorization"
            raise Damage(f"layer {name!r} must {must}; it has {len(tables)} tables of them")
    return _fitted(found, plan)


def _from_counters(hdf5: Hdf5, plan: KerasPlan) -> KerasTables:
    """Read the layout of Keras 3: each layer's weights in a group numbered within its class.

    The order is that of the description.
    """
    layers = hdf5.group(hdf5.root, "layers")
    if layers is None:
        raise Damage("its weights must be in a group 'layers'")
    groups, found = plan.counters(), {}
    for name in (USER, ITEM, USER_BIAS, ITEM_BIAS):
        if name in groups:
            group = hdf5.group(layers, groups[name])
            if group is None:
                place = f"'layers/{groups[name]}'"
                raise Damage(f"layer {name!r} must have its weights in {place}; there is no such group")
            found[name] = _only(hdf5.tables(group), name, hdf5)
    return _fitted(found, plan)


def _only(tables: list[Any], name: str, hdf5: Hdf5) -> np.ndarray:
    if len(tables) != 1:
        raise Damage(f"layer {name!r} must have one table of weights; got {len(tables)}")
    return hdf5.matrix(tables[0])


def _fitted(found: dict[str, np.ndarray], plan: KerasPlan) -> KerasTables:
    """Check that the tables fit each other and the description."""
    for name, table in found.items():
        layer = plan.layer(name)
        declared = None if layer is None else (layer.config.get("input_dim"), layer.config.get("output_dim"))
        if declared is not None and declared != table.shape:
            raise Damage(f"layer {name!r} must be of the shape it declares, {declared}; got {table.shape}")
    user, item = found[USER], found[ITEM]
    if user.shape[1] != item.shape[1]:
        raise Damage(f"both embeddings must have one length; got {user.shape[1]} and {item.shape[1]}")
    for name, table in ((USER_BIAS, user), (ITEM_BIAS, item)):
        if name in found and found[name].shape != (len(table), 1):
            raise Damage(f"layer {name!r} must be of shape {(len(table), 1)}; got {found[name].shape}")
    return KerasTables(found, plan)


def _priors(part: KerasTables, ratings: Ratings | None, mean: float) -> tuple[RowPrior, RowPrior]:
    """Return the priors of fold-in: the file's penalty, else noise variance over weights' variance."""
    noise = 1.0 if ratings is None else _noise(part, ratings, mean)
    priors = []
    for name, bias_name in ((USER, USER_BIAS), (ITEM, ITEM_BIAS)):
        strengths = {}
        for key, layer_name in (("factor", name), ("bias", bias_name)):
            layer, values = part.plan.layer(layer_name), part.of.get(layer_name)
            l1, l2 = (0.0, 0.0) if layer is None or ratings is None else layer.penalty()
            if l2:
                strengths[key] = l2 * len(ratings or ())
            else:
                spread = 0.0 if values is None else float(np.mean(np.square(values, dtype=np.float64)))
                strengths[key] = noise / spread if spread > 1e-12 else 1.0
            strengths[f"{key} l1"] = l1 * len(ratings or ())
        priors.append(
            ridge_prior(
                part.of[name].shape[1],
                l2=strengths["factor"],
                l2_bias=strengths["bias"],
                bias=bias_name in part.of,
                l1_bias=strengths["bias l1"] if bias_name in part.of else 0.0,
                dropout=part.plan.dropout,
            )
        )
    return priors[0], priors[1]


def _noise(part: KerasTables, ratings: Ratings, mean: float) -> float:
    """Return the variance of the ratings about the model's predictions."""
    total, step = 0.0, 1 << 18
    for start in range(0, len(ratings), step):
        span = slice(start, start + step)
        users, items = ratings.user_index[span], ratings.item_index[span]
        factors = part.of[USER][users], part.of[ITEM][items]
        expected = np.einsum("nf,nf->n", *factors, dtype=np.float64) + mean
        for name, index in ((USER_BIAS, users), (ITEM_BIAS, items)):
            expected += part.of[name][index, 0] if name in part.of else 0.0
        total += float(np.sum((ratings.value[span] - expected) ** 2))
    return max(total / max(1, len(ratings)), 1e-6)


def _described(path: str | os.PathLike[str], tables: KerasTables) -> dict[str, Any]:
    """Return what the file says of how the model was made; strengths as Keras has them."""
    described: dict[str, Any] = {
        "name": "Keras file",
        "file": os.path.basename(os.fsdecode(path)),
        "n_factors": tables.of[USER].shape[1],
    }
    for name, layer_name in (("user", USER), ("item", ITEM), ("bias", ITEM_BIAS)):
        layer = tables.plan.layer(layer_name)
        if layer is not None:
            described[f"keras_l1_{name}"], described[f"keras_l2_{name}"] = layer.penalty()
    return described | {"dropout": tables.plan.dropout}


def _notes(tables: KerasTables, part: KerasTables, ratings: Ratings | None) -> tuple[str, ...]:
    if ratings is None:
        every = "Without ratings every row of the tables counts as an id"
        return (f"{every}, those that were never trained among them.",)
    held_out = "Which ratings Keras held out is not in its file; here all count as trained on."
    users, items = (len(tables.of[name]) - len(part.of[name]) for name in (USER, ITEM))
    if not (users or items):
        return (held_out,)
    left_out = f"{users:,} rows of users and {items:,} of items have no rating"
    return held_out, f"{left_out}; their ids are unknown here."
