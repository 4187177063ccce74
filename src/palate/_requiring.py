"""Optional libraries: imported when they are used, and named with their extra when they are missing."""

import importlib
from typing import Any


def require(module: str, library: str, extra: str, what: str) -> Any:
    """Return a module of an optional library.

    Raises
    ------
    ImportError
        If the library is not installed; the message names the extra that brings it.

    Examples
    --------
    >>> require("optuna", "Optuna", "tune", "palate.optuna").__name__
    'optuna'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or module.split(".")[0] != error.name.split(".")[0]:
            raise  # the library is there, and something that it needs is not
        raise ImportError(
            f'{what} needs {library}, which is not installed. Install it with pip install "palate[{extra}]".'
        ) from None
