"""palate: matrix-factorization recommendations, trained in seconds and honest about what they know."""

import importlib
from typing import Any

_HOMES = {
    "Baseline": "palate.training.baseline",
    "Calibration": "palate.evaluate.calibration",
    "Catalog": "palate.data.catalog",
    "Dataset": "palate.data.dataset",
    "Evaluation": "palate.evaluate.evaluation",
    "Explanation": "palate.model.explaining",
    "FactorModel": "palate.model.factor_model",
    "Gibbs": "palate.training.gibbs",
    "History": "palate.model.history",
    "KerasFactorization": "palate.training.keras_factorization",
    "KerasNetwork": "palate.training.keras_network",
    "LeastSquares": "palate.training.least_squares",
    "LinearItems": "palate.training.linear",
    "Model": "palate.model.model",
    "ModelFileError": "palate.model.file",
    "NewUser": "palate.model.new_users",
    "Popular": "palate.training.popular",
    "Ratings": "palate.data.ratings",
    "Spectral": "palate.training.spectral",
    "Recommender": "palate.recommender.recommender",
    "RecommenderModel": "palate.heads.model",
    "SweepReport": "palate.model.history",
    "Vocabulary": "palate.data.vocabulary",
    "calibrate": "palate.evaluate.calibration",
    "compare": "palate.evaluate.comparing",
    "crossval": "palate.evaluate.cross_validation",
    "experiment": "palate.evaluate.experiment",
    "export_vectors": "palate.integrations.vectors",
    "evaluate_model": "palate.evaluate.evaluating",
    "average": "palate.model.average",
    "load": "palate.model.file",
    "tune": "palate.evaluate.tuning",
    "union": "palate.training.union",
    "read": "palate.data.readers.reading",
}
_ELSEWHERE = {"load": "load_model"}
_MODULES = ("datasets", "inspect", "splits")
# Modules named after the library that they need. `from palate import *` must not hide the library itself.
_FOR_OTHERS = ("mlflow", "optuna", "sklearn")

__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES or name in _FOR_OTHERS:
        return importlib.import_module(f"palate.{name}")
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("palate")
    if name not in _HOMES:
        raise AttributeError(f"module 'palate' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), _ELSEWHERE.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *_FOR_OTHERS, "__version__"]
