"""A model in one safe file, written and read; what is public in it is in `loading`.

The names below are found when they are asked for, since each module of this room may be imported alone.
"""

import importlib

_NAMES = ("ModelFileError", "dumps", "load_model", "loads", "save_model")


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("palate.model.file.loading"), name)
