"""Evaluation: metrics, intervals, comparisons and cross-validation.

Its names are imported when they are first used.
"""

import importlib
from typing import Any

_HOMES = {
    "Calibration": "palate.evaluation.calibration",
    "Evaluation": "palate.evaluation.evaluation",
    "HitCurves": "palate.evaluation.curves",
    "MostPopular": "palate.evaluation.popular",
    "calibrate": "palate.evaluation.calibration",
    "crossval": "palate.evaluation.cross_validation",
    "hit_curves": "palate.evaluation.curves",
    "evaluate": "palate.evaluation.evaluating",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'palate.evaluation' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
