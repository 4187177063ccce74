"""Evaluation: metrics, intervals, comparisons and cross-validation.

The package is the place and `evaluate_model` the verb, because a function `palate.evaluation` would hide the package of the same name, or
be hidden by it, depending on what was imported first. Its names are imported when they are first used.
"""

import importlib
from typing import Any

_HOMES = {
    "Calibration": "palate.evaluation.calibration",
    "Evaluation": "palate.evaluation.evaluation",
    "MostPopular": "palate.evaluation.popular",
    "calibrate": "palate.evaluation.calibration",
    "crossval": "palate.evaluation.cross_validation",
    "evaluate_model": "palate.evaluation.evaluating",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'palate.evaluation' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
