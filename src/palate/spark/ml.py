"""Training and predictions as stages of `pyspark.ml`: Params, pipelines, cross-validation, saved stages.

Import it by name: `from palate.spark.ml import PalateEstimator`.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import palate
from palate._checks import ArgumentError, ArgumentTypeError, check_choice
from palate.data import columns as names
from palate.factors.temporal_scores import knows_time
from palate.spark.fitting import fit
from palate.spark.needs import EXTRA, require_spark_columns
from palate.spark.scoring import predict, recommend
from palate.training.trainer import Trainer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

try:
    from pyspark.ml import Estimator, Model, util
    from pyspark.ml.param import Param, Params, TypeConverters
except ImportError:
    raise ImportError(f"palate.spark.ml needs PySpark, which is not installed. {EXTRA}") from None

_PIECE = 1 << 25  # bytes of a model's file in one row of the table that holds it
_UNKNOWN = ("raise", "nan", "baseline")
_float = TypeConverters.toFloat


def trainer_to_text(trainer: Trainer) -> str:
    """Return a trainer as JSON text, the form in which a Param holds it; text stays as it is.

    >>> trainer_to_text(palate.Popular())[:19]
    '{"name": "Popular",'
    """
    if isinstance(trainer, str):
        trainer = trainer_of_text(trainer)
    if not is_dataclass(trainer) or isinstance(trainer, type) or not hasattr(palate, type(trainer).__name__):
        must = "be one of palate's trainers, such as palate.LeastSquares()"
        raise ArgumentTypeError("trainer", must, f"{trainer!r}")
    try:
        return json.dumps({"name": type(trainer).__name__, **asdict(trainer)})
    except TypeError as error:
        raise TypeError(f"trainer must have parameters that are numbers, texts or lists; {error}.") from None


def trainer_of_text(text: str) -> Any:
    """Return the trainer of a text made by `trainer_to_text`.

    >>> trainer_of_text('{"name": "Popular", "half_life": 30.0}')
    Popular(half_life=30.0, min_ratings=3)
    """
    try:
        fields = dict(json.loads(text))
        kind = getattr(palate, fields.pop("name"))
        if not _makes_trainers(kind):
            raise TypeError
    except (ValueError, TypeError, KeyError, AttributeError):
        must = "be JSON with the name of one of palate's trainers"
        raise ArgumentError("trainer", must, f"{text!r}") from None
    return kind(**fields)


def _makes_trainers(kind: object) -> bool:
    return is_dataclass(kind) and isinstance(kind, type) and hasattr(kind, "fit")


def _check_unknown(value: object) -> str:
    check_choice("unknown", value, _UNKNOWN)
    return cast(str, value)


def _param(name: str, about: str, convert: Callable[[Any], Any] = TypeConverters.toString) -> "Param[Any]":
    """Return a parameter of the class that is being defined."""
    return Param(Params._dummy(), name, about, convert)


class _Columns(Params):
    """What both stages are told: which columns, and what a pair of an unknown user or item gets."""

    userCol = _param("userCol", "column of user ids")
    itemCol = _param("itemCol", "column of item ids")
    timestampCol = _param("timestampCol", "column of times, or empty")
    predictionCol = _param("predictionCol", "column of predictions")
    unknown = _param("unknown", "what to do for unknown ids: 'baseline', 'nan' or 'raise'", _check_unknown)

    def __init__(self) -> None:
        super().__init__()
        self._setDefault(
            userCol=names.USER_ID,
            itemCol=names.ITEM_ID,
            timestampCol="",
            predictionCol="prediction",
            unknown="baseline",
        )


class PalateEstimator(
    _Columns,
    Estimator["PalateModel"],
    util.DefaultParamsReadable["PalateEstimator"],
    util.DefaultParamsWritable,
):
    """A trainer as an Estimator: `fit(df)` trains on the driver and returns a `PalateModel`.

    Parameters
    ----------
    trainer : trainer, default palate.LeastSquares()
        A Param like the others: a grid of `ParamGridBuilder` may hold several trainers.
    userCol, itemCol, ratingCol : str, default "user_id", "item_id", "rating"
        An empty `ratingCol` says that each row counts 1.
    timestampCol, weightCol : str, default ""
        A model with time predicts each pair for its time, where the table to transform has this column.
    predictionCol : str, default "prediction"
    unknown : {"baseline", "nan", "raise"}, default "baseline"
        What a pair of an unknown user or item gets in `transform`.
    duplicates : {"", "last", "mean", "sum", "error"}, default ""
        As in `Ratings.from_frame`.
    validation : float, default 0.05
        Share of the ratings that decides when training stops.
    memoryLimit : float, default 0
        Gigabytes that training may take; 0 is what is free.
    seed : int, default 0
    """

    trainer = _param("trainer", "palate's trainer, held as JSON", trainer_to_text)
    ratingCol = _param("ratingCol", "column of ratings; empty: each row counts 1")
    weightCol = _param("weightCol", "column of weights, or empty")
    duplicates = _param("duplicates", "what to do with repeated pairs")
    validation = _param("validation", "share of ratings held out to decide when to stop", _float)
    memoryLimit = _param("memoryLimit", "memory for training in gigabytes; 0: the free memory", _float)
    seed = _param("seed", "seed of the split and of the initial values", TypeConverters.toInt)

    def __init__(self, **params: object) -> None:
        super().__init__()
        self._setDefault(
            trainer=trainer_to_text(palate.LeastSquares()),
            ratingCol=names.RATING,
            weightCol="",
            duplicates="",
            validation=0.05,
            memoryLimit=0.0,
            seed=0,
        )
        self.setParams(**params)

    def setParams(self, **params: object) -> "PalateEstimator":
        """Set Params by name."""
        for name in params:
            if not self.hasParam(name):
                known = ", ".join(param.name for param in self.params)
                raise TypeError(f"PalateEstimator takes no argument {name!r}. It takes {known}.")
        self._set(**params)
        return self

    def getTrainer(self) -> Any:
        """Return the trainer."""
        return trainer_of_text(self.getOrDefault(self.trainer))

    def _fit(self, dataset: "DataFrame") -> "PalateModel":
        value = {param.name: self.getOrDefault(param) for param in self.params}
        roles = ("user", "item", "rating", "timestamp", "weight")
        columns: dict[str, Any] = {role: value[f"{role}Col"] or None for role in roles}
        named = {f"{role}Col": name for role, name in columns.items() if name}
        require_spark_columns(dataset, named, "dataset")
        model = fit(
            self.getTrainer(),
            dataset,
            **columns,
            duplicates=value["duplicates"] or None,
            memory_limit=value["memoryLimit"] or None,
            validation=value["validation"],
            seed=value["seed"],
        )
        return self._copyValues(PalateModel(model))


class PalateModel(_Columns, Model, util.MLReadable["PalateModel"], util.MLWritable):
    """A trained model as a Transformer: `transform(df)` adds the column of predictions.

    `model` is the palate model itself.
    """

    def __init__(self, model: Any = None) -> None:
        super().__init__()
        self.model = model

    def _transform(self, dataset: "DataFrame") -> Any:
        value = {param.name: self.getOrDefault(param) for param in self.params}
        require_spark_columns(dataset, {name: value[name] for name in ("userCol", "itemCol")}, "dataset")
        by_time = knows_time(getattr(self.model, "predicts", self.model))
        timed = by_time and value["timestampCol"] in dataset.columns
        return predict(
            self.model,
            dataset,
            user=value["userCol"],
            item=value["itemCol"],
            timestamp=value["timestampCol"] if timed else None,
            name=value["predictionCol"],
            unknown=value["unknown"],
        )

    def recommend(self, users: "DataFrame | None" = None, n: int = 5, **options: Any) -> Any:
        """Return the n best items of each user in a DataFrame, or of everyone.

        See `palate.spark.recommend`.
        """
        return recommend(self.model, users, n, user=self.getOrDefault(self.userCol), **options)

    def write(self) -> "_Writer":
        """Return what writes the stage to any storage that Spark can write."""
        return _Writer(self)

    @classmethod
    def read(cls) -> "_Reader":
        """Return what reads the stage back."""
        return _Reader()


class _Writer(util.MLWriter):
    """Writes the Params as Spark does, and the model's file as rows of bytes.

    Rows can be written wherever Spark can write.
    """

    def __init__(self, stage: PalateModel) -> None:
        super().__init__()
        self.stage = stage

    def saveImpl(self, path: str) -> None:
        from pyspark.sql import SparkSession

        spark = SparkSession.active()
        util.DefaultParamsWriter.saveMetadata(self.stage, path, spark)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.palate"
            self.stage.model.save(file)
            data = file.read_bytes()
        pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
        table = spark.createDataFrame(list(enumerate(pieces)), "number int, bytes binary")
        table.coalesce(1).write.parquet(f"{path.rstrip('/')}/model")


class _Reader(util.MLReader["PalateModel"]):
    """Reads what `_Writer` wrote."""

    def load(self, path: str) -> PalateModel:
        from pyspark.sql import SparkSession

        spark = SparkSession.active()
        metadata = util.DefaultParamsReader.loadMetadata(path, spark)
        pieces = spark.read.parquet(f"{path.rstrip('/')}/model").orderBy("number").toLocalIterator()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.palate"
            file.write_bytes(b"".join(bytes(row["bytes"]) for row in pieces))
            stage = PalateModel(palate.load(file))
        stage._resetUid(metadata["uid"])
        util.DefaultParamsReader.getAndSetParams(stage, metadata)
        return stage
