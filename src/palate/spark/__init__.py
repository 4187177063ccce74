"""palate on Spark: lists, predictions and training from a Spark table."""

import importlib
from typing import Any

_HOMES = {
    "fit": "palate.spark.fitting",
    "fit_distributed": "palate.spark.distributed",
    "predict": "palate.spark.scoring",
    "recommend": "palate.spark.scoring",
    "session": "palate.spark.needs",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'palate.spark' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
