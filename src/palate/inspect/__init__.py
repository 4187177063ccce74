"""Reports on what a model has learned and what it recommends, as frames, plots and pages."""

import importlib
from typing import Any

_HOMES = {
    "Report": "palate.inspect.report",
    "Section": "palate.inspect.report",
    "distinctive": "palate.inspect.clear_taste",
    "inspect_model": "palate.inspect.inspecting",
    "item_page": "palate.inspect.pages",
    "user_page": "palate.inspect.pages",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'palate.inspect' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
