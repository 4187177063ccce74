"""Keras, imported when a trainer first needs it, on a backend that is installed."""

import importlib.util
import os
import sys
from typing import Any

EXTRA = 'Install it with pip install "palate[keras]".'
# In order of preference: measured on MovieLens-1M, JAX takes the least room on disk and the least
# time for an epoch (docs/keras.md).
_BACKENDS = ("jax", "tensorflow", "torch")
_VARIABLE = "KERAS_BACKEND"


def require_keras() -> Any:
    """Return the module keras.

    If it is not imported yet, its backend is that of KERAS_BACKEND, or the first one installed.

    Raises
    ------
    ImportError
        If Keras 3 or a backend of it is not installed; the message says how to.
    """
    chosen, needs = None, "this trainer needs Keras 3 and JAX, which are not installed"
    if "keras" not in sys.modules and _VARIABLE not in os.environ:
        chosen = next((name for name in _BACKENDS if importlib.util.find_spec(name) is not None), None)
        if chosen is None:
            raise ImportError(f"{needs}. {EXTRA}")
        os.environ[_VARIABLE] = chosen
    try:
        import keras  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise ImportError(f"{needs} ({error}). {EXTRA}") from None
    finally:
        if chosen is not None:
            del os.environ[_VARIABLE]
    if int(keras.__version__.split(".")[0]) < 3:
        raise ImportError(f"this trainer needs Keras 3; got Keras {keras.__version__}. {EXTRA}")
    return keras


def seeds(seed: int, n: int) -> list[int]:
    """Return n different seeds for the parts of a Keras model."""
    import numpy as np

    return [int(part) & 0x7FFFFFFF for part in np.random.SeedSequence(seed).generate_state(n)]
