"""Models in MLflow: saved, logged and loaded as themselves, and served as `pyfunc`."""

import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate._checks import ArgumentError, ArgumentTypeError
from palate._requiring import require
from palate.data.arguments import helpful
from palate.data.vocabulary import Vocabulary
from palate.integrations.served import PARAMETERS, Served
from palate.model.file.loading import load_model as load_file
from palate.model.model import Model

if TYPE_CHECKING:
    from mlflow.models import Model as MLflowModel


FLAVOR = "palate"
_FILE = "model.palate"
_LOADER = "palate.mlflow"
_TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


@helpful
def save_model(
    model: Model,
    path: str | os.PathLike[str],
    *,
    signature: object = None,
    input_example: object = None,
    pip_requirements: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
    mlflow_model: "MLflowModel | None" = None,
    ratings: bool = True,
) -> None:
    """Write a model to a folder in MLflow's format.

    Parameters
    ----------
    model : FactorModel, RecommenderModel, or another model with a file format
    path : path
        A new or empty folder.
    signature : mlflow.models.ModelSignature, optional
        Default: `user_id` and `item_id` of the model's kinds of ids, and the parameters of a request.
    input_example : pandas frame, optional
        Default: two pairs of the model.
    pip_requirements : list of str, optional
        Default: this version of palate, and pandas.
    metadata : dict, optional
    mlflow_model : mlflow.models.Model, optional
        Used by MLflow.
    ratings : bool, default True
        Whether to include the ratings. Without them, lists cannot leave out rated items.

    Raises
    ------
    ImportError
        If MLflow is not installed.
    ValueError
        If the model has no file format.

    Examples
    --------
    >>> import palate, tempfile
    >>> model = palate.Baseline().fit(palate.datasets.load("movielens-small"), validation=0)
    >>> folder = Path(tempfile.mkdtemp()) / "model"
    >>> save_model(model, folder)
    >>> load_model(folder)
    FactorModel(Baseline: 671 users, 9,066 items, 0 factors)
    """
    pyfunc, models = _required("mlflow.pyfunc"), _required("mlflow.models")
    if not isinstance(model, Model):
        raise ArgumentTypeError("model", "be a model of palate", type(model).__name__)
    described = models.Model() if mlflow_model is None else mlflow_model
    described.add_flavor(FLAVOR, palate_version=version("palate"), data=f"data/{_FILE}")
    if input_example is None and len(model.users):
        input_example = _example(model)
    requirements = [f"palate=={version('palate')}", f"pandas=={version('pandas')}"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / _FILE
        model.save(file, ratings=ratings)
        pyfunc.save_model(
            path=os.fspath(path),
            loader_module=_LOADER,
            data_path=str(file),
            mlflow_model=described,
            signature=_signature(model) if signature is None else signature,
            input_example=input_example,
            pip_requirements=requirements if pip_requirements is None else pip_requirements,
            metadata=metadata,
        )


def log_model(
    model: Model, name: str = "model", *, registered_model_name: str | None = None, **options: object
) -> Any:
    """Return MLflow's `ModelInfo` of a model that is logged in the active run, or in a new one.

    The hyper-parameters of the trainer become parameters of the logged model.

    Parameters
    ----------
    model : as for `save_model`
    name : str, default "model"
    registered_model_name : str, optional
        Also make a version of this registered model.
    **options
        Those of `save_model`.

    Raises
    ------
    ImportError
        If MLflow is not installed.

    Examples
    --------
    >>> import mlflow, palate
    >>> with mlflow.start_run():  # doctest: +SKIP
    ...     log_model(palate.LeastSquares().fit(ratings), "films").model_uri
    'models:/m-0d9f6b'
    """
    models = _required("mlflow.models")
    settings = dict(model.trainer).items()
    return models.Model.log(
        artifact_path=None,
        name=name,
        flavor=_required(_LOADER),
        registered_model_name=registered_model_name,
        params={key: str(value) for key, value in settings if not isinstance(value, dict | list | tuple)},
        model=model,
        **options,
    )


def load_model(model_uri: str | os.PathLike[str], *, dst_path: str | None = None) -> Any:
    """Return a model that was saved or logged.

    Parameters
    ----------
    model_uri : str or path
        A folder, or a URI of MLflow, such as `models:/NAME/1` or `runs:/RUN/model`.
    dst_path : str, optional
        Folder to download it to.

    Raises
    ------
    ValueError
        If the model was not saved by palate.
    ModelFileError
        If the file is damaged or of a newer version.

    Examples
    --------
    >>> load_model("models:/films/1")  # doctest: +SKIP
    FactorModel(LeastSquares: 671 users, 9,066 items, 32 factors)
    """
    models, artifacts = _required("mlflow.models"), _required("mlflow.artifacts")
    folder = model_uri if os.path.isdir(model_uri) else None
    if folder is None:
        folder = artifacts.download_artifacts(artifact_uri=os.fspath(model_uri), dst_path=dst_path)
    flavors = models.Model.load(os.fspath(folder)).flavors
    if FLAVOR not in flavors:
        got = f"{os.fspath(model_uri)!r} of the flavors {', '.join(sorted(flavors))}"
        raise ArgumentError("model_uri", "name a model that palate saved", got)
    return load_file(Path(folder) / flavors[FLAVOR]["data"])


def _load_pyfunc(path: str) -> Served:
    """Return what MLflow serves: called by `mlflow.pyfunc.load_model`."""
    file = Path(path)
    return Served(load_file(file / _FILE if file.is_dir() else file))


def _required(module: str) -> Any:
    return require(module, "MLflow", "mlflow", _LOADER)


def _type_of(vocabulary: Vocabulary) -> str:
    return "long" if vocabulary.kind == "int" else "string"


def _signature(model: Model) -> Any:
    """Return the signature: pairs in, one prediction each out; the item is not needed for lists."""
    models, types = _required("mlflow.models"), _required("mlflow.types")
    user = types.ColSpec(_type_of(model.users), "user_id")
    item = types.ColSpec(_type_of(model.items), "item_id", required=False)
    inputs, outputs = types.Schema([user, item]), types.Schema([types.ColSpec("float")])
    params = [types.ParamSpec(name, _TYPES[type(default)], default) for name, default in PARAMETERS.items()]
    return models.ModelSignature(inputs=inputs, outputs=outputs, params=types.ParamSchema(params))


def _example(model: Model) -> Any:
    import pandas as pd

    pairs = range(min(2, len(model.users), len(model.items)))
    columns = {"user_id": [*map(model.users.id, pairs)], "item_id": [*map(model.items.id, pairs)]}
    kinds = {"user_id": _type_of(model.users), "item_id": _type_of(model.items)}
    return pd.DataFrame(columns).astype({name: str for name, kind in kinds.items() if kind != "long"})
