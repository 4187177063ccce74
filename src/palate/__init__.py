"""palate: matrix-factorization recommendations, trained in seconds and honest about what they know."""

import importlib
from typing import Any

_HOMES = {
    "ArgumentError": "palate._checks",
    "ArgumentTypeError": "palate._checks",
    "Baseline": "palate.training.baseline",
    "Calibration": "palate.evaluation.calibration",
    "Catalog": "palate.data.catalog",
    "Dataset": "palate.data.dataset",
    "Drift": "palate.experiments.drift",
    "Evaluation": "palate.evaluation.evaluation",
    "Explanation": "palate.model.explaining",
    "FactorModel": "palate.model.factor_model",
    "Gibbs": "palate.training.gibbs.trainer",
    "History": "palate.model.history",
    "HitCurves": "palate.evaluation.curves",
    "KerasFactorization": "palate.training.keras.factorization",
    "KerasNetwork": "palate.training.keras.network",
    "LeastSquares": "palate.training.als.least_squares",
    "LinearItems": "palate.training.linear",
    "Model": "palate.model.model",
    "ModelFileError": "palate.model.file.loading",
    "Neighbours": "palate.training.neighbours",
    "NewUser": "palate.model.new_users",
    "Plan": "palate.recommender.planning",
    "Popular": "palate.training.popular",
    "Ratings": "palate.data.ratings",
    "Spectral": "palate.training.spectral",
    "Recommender": "palate.recommender.recommender",
    "RecommenderModel": "palate.model.recommender_model",
    "Scorer": "palate.scorer",
    "Split": "palate.splits.parts",
    "SweepReport": "palate.model.history",
    "Trainer": "palate.training.trainer",
    "Vocabulary": "palate.data.vocabulary",
    "calibrate": "palate.evaluation.calibration",
    "compare": "palate.evaluation.comparison",
    "crossval": "palate.evaluation.cross_validation",
    "drift": "palate.experiments.drift",
    "experiment": "palate.experiments.grid",
    "export_vectors": "palate.integrations.vectors",
    "evaluate": "palate.evaluation.evaluating",
    "average": "palate.model.average",
    "hit_curves": "palate.evaluation.curves",
    "load": "palate.model.file.loading",
    "plan": "palate.recommender.planning",
    "tune": "palate.experiments.tuning",
    "union": "palate.training.union",
    "read": "palate.io.reading",
}
_ELSEWHERE = {"load": "load_model"}
# Names of before, which warn for one version: old name, name of today.
_RENAMED = {"evaluate_model": "evaluate"}
_MODULES = ("datasets", "inspect", "splits")
# Modules named after the library that they need. `from palate import *` must not hide the library itself.
_FOR_OTHERS = ("mlflow", "optuna", "sklearn")

__all__ = sorted([*_HOMES, *_MODULES])


def __getattr__(name: str) -> Any:
    if name in _MODULES or name in _FOR_OTHERS:
        return importlib.import_module(f"palate.{name}")
    if name == "__version__":
        return importlib.import_module("importlib.metadata").version("palate")
    if name in _RENAMED:
        import warnings

        message = (
            f"palate.{name} is now palate.{_RENAMED[name]}; the old name will be removed in the "
            "next minor version."
        )
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(importlib.import_module("palate"), _RENAMED[name])
    if name not in _HOMES:
        raise AttributeError(f"module 'palate' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), _ELSEWHERE.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *_FOR_OTHERS, "__version__"]
