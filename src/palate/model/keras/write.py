"""A model as a file that Keras loads: `.h5` in the layout of Keras 2, or `.keras`."""

import io
import json
import os
import zipfile
from typing import Any

import numpy as np

from palate._checks import ArgumentError
from palate._files import replace_file
from palate.data.vocabulary import Vocabulary
from palate.model.factor_model import FactorModel
from palate.model.keras.config import ITEM, ITEM_BIAS, USER, USER_BIAS
from palate.model.keras.h5 import require_h5py
from palate.model.keras.zip import CONFIG, WEIGHTS

_VERSION = "2.2.4"  # whose layout the .h5 has; newer versions read it, too
_KERAS_3 = "3.0.0"
_DATE = (2000, 1, 1, 0, 0, 0)  # of the archive's members: the same model gives the same bytes
_MAX_BYTES = 1 << 33
_INPUTS = {"user": "user_id", "item": "movie_id"}


def write_keras(model: FactorModel, path: str | os.PathLike[str]) -> None:
    """Write a model as a Keras file; see `FactorModel.to_keras`."""
    require_h5py()
    name = os.fsdecode(path)
    kind = os.path.splitext(name)[1].lower()
    if kind not in (".h5", ".hdf5", ".keras"):
        raise ArgumentError("path", "end in .h5 or .keras, which decides the layout", f"{name!r}")
    tables = keras_tables(model)
    config = keras_config(tables, kind == ".keras")
    data = _archive(tables, config) if kind == ".keras" else _legacy(tables, config)
    replace_file(path, [data])


def keras_tables(model: FactorModel) -> dict[str, np.ndarray]:
    """Return the tables of embeddings by the names of their layers.

    Row numbers are ids; rows that are no id are 0.

    Raises
    ------
    ValueError
        If the model has several draws, another link or side information, ids that are no row
        numbers, or ids so large that the tables would not fit.
    """
    if model.n_draws != 1 or not model.likelihood.linear:
        what = f"one of {model.n_draws} draws" if model.n_draws != 1 else f"the link {model.link!r}"
        raise ArgumentError("the model", "be one fit with the identity link to become a Keras file", what)
    if not model.n_factors:
        raise ArgumentError("the model", "have factors to become a Keras file", "one of biases alone")
    tables = {}
    sides = (
        ("user", USER, USER_BIAS, model.users, model.user_factors[0], model.user_bias[0]),
        ("item", ITEM, ITEM_BIAS, model.items, model.item_factors[0], model.item_bias[0]),
    )
    biases = model.user_prior.bias or model.item_prior.bias
    for what, name, bias_name, ids, factors, bias in sides:
        rows = _row_numbers(ids, what, factors.shape[1])
        tables[name] = _spread(factors, rows)
        if biases:
            tables[bias_name] = _spread(bias[:, None], rows)
    # Keras reads them in this order
    return {name: tables[name] for name in (USER, ITEM, USER_BIAS, ITEM_BIAS) if name in tables}


def _row_numbers(ids: Vocabulary, what: str, n_factors: int) -> np.ndarray:
    if ids.kind != "int" or (len(ids) and ids.values[0] < 0):
        got = f"{ids.type_name}s" if ids.kind != "int" else str(ids.values[0])
        must = "be integers of at least 0 to become rows of a Keras table"
        raise ArgumentError(f"{what} ids", must, got, "Number them before training.")
    rows = np.asarray(ids.ids(), dtype=np.int64)
    size = (int(rows[-1]) + 1) * (n_factors + 1) * 4
    if size > _MAX_BYTES:
        must = f"be small enough for tables of {_MAX_BYTES >> 30} GiB"
        why = "as they have a row for every number up to the largest id"
        advice = "Number them from 0 before training."
        raise ArgumentError(f"{what} ids", f"{must}, {why}", f"{rows[-1]}", advice)
    return rows


def _spread(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    table = np.zeros((int(rows[-1]) + 1, values.shape[1]), np.float32)
    table[rows] = values
    return table


def keras_config(tables: dict[str, np.ndarray], new: bool) -> dict[str, Any]:
    """Return the description of the model: embeddings, Dot, Flatten, and the sum with the biases.

    Parameters
    ----------
    tables : dict
        Of the embeddings, by the names of their layers.
    new : bool
        Whether in the words of Keras 3.
    """
    layers = [_input(name, new) for name in _INPUTS.values()]
    for name, table in tables.items():
        source = _INPUTS["user" if name in (USER, USER_BIAS) else "item"]
        config = {"input_dim": table.shape[0], "output_dim": table.shape[1], "mask_zero": False}
        layers.append(_layer("Embedding", name, [source], config | ({} if new else {"input_length": 1})))
    layers.append(_layer("Dot", "dot", [USER, ITEM], {"axes": 2, "normalize": False}))
    layers.append(_layer("Flatten", "flatten", ["dot"], {"data_format": "channels_last"}))
    last = "flatten"
    if USER_BIAS in tables:
        for number, name in enumerate((USER_BIAS, ITEM_BIAS), 1):
            layers.append(_layer("Flatten", f"flatten_{number}", [name], {"data_format": "channels_last"}))
        layers.append(_layer("Add", "add", ["flatten_1", "flatten_2", "flatten"], {}))
        last = "add"
    inner: dict[str, Any] = {
        "name": "palate",
        "layers": layers,
        "input_layers": [[name, 0, 0] for name in _INPUTS.values()],
        "output_layers": [[last, 0, 0]],
    }
    if not new:
        return {"class_name": "Model", "config": inner}
    inner["layers"] = [{"module": "keras.layers", "registered_name": None, **layer} for layer in layers]
    inner["output_layers"] = [last, 0, 0]
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": inner,
        "registered_name": "Functional",
    }


def _input(name: str, new: bool) -> dict[str, Any]:
    shape = "batch_shape" if new else "batch_input_shape"
    return _layer("InputLayer", name, [], {shape: [None, 1], "sparse": False}, "int32" if new else "float32")


def _layer(
    kind: str, name: str, sources: list[str], config: dict[str, Any], dtype: str = "float32"
) -> dict[str, Any]:
    nodes = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return {
        "class_name": kind,
        "name": name,
        "config": {"name": name, "dtype": dtype, **config},
        "inbound_nodes": nodes,
    }


def _legacy(tables: dict[str, np.ndarray], config: dict[str, Any]) -> bytes:
    h5py = require_h5py()
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        version, backend = _VERSION.encode(), b"tensorflow"
        file.attrs.update(keras_version=version, backend=backend, model_config=json.dumps(config).encode())
        group = file.create_group("model_weights")
        names = [layer["name"] for layer in config["config"]["layers"]]
        group.attrs["layer_names"] = _names(names)
        group.attrs["keras_version"], group.attrs["backend"] = version, backend
        for name in names:
            layer, weights = group.create_group(name), [f"{name}/embeddings:0"] if name in tables else []
            layer.attrs["weight_names"] = _names(weights)
            for weight in weights:
                layer.create_dataset(weight, data=tables[name])
    return buffer.getvalue()


def _names(names: list[str]) -> np.ndarray:
    return np.array([name.encode() for name in names], dtype=None if names else "S1")


def _archive(tables: dict[str, np.ndarray], config: dict[str, Any]) -> bytes:
    h5py = require_h5py()
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for number, (name, table) in enumerate(tables.items()):
            own = f"embedding_{number}" if number else "embedding"
            group = file.create_group(f"layers/{own}/vars")
            group.attrs["name"] = name
            group.create_dataset("0", data=table)
    about = {"keras_version": _KERAS_3, "date_saved": "2000-01-01@00:00:00"}
    members = {
        "metadata.json": json.dumps(about).encode(),
        CONFIG: json.dumps(config).encode(),
        WEIGHTS: weights.getvalue(),
    }
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), data)
    return whole.getvalue()
