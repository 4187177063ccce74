"""A model in one safe file, written and read; what is public in it is in `loading`."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "loads":  # where pickles of earlier versions look for it
        from palate.model.file.loading import loads

        return loads
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
