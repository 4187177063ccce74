"""Checks of hyper-parameters, one message form for all trainers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from palate.data.nearest import did_you_mean
from palate.solve.strengths import AUTO


def check_count(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Raise unless `value` is an integer from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer; got {value!r}.")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"from {low} to {high:,}"
        raise ValueError(f"{name} must be {limits}; got {value}.")


def check_strength(name: str, value: Any, *, auto: bool = False) -> None:
    """Raise unless `value` is a finite number of at least 0 (or "auto", where allowed)."""
    if isinstance(value, str):
        if auto and value == AUTO:
            return
        raise ValueError(f"{name} must be a number of at least 0{' or auto' if auto else ''}; got {value!r}.")
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number; got {value!r}.")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number of at least 0; got {value}.")


def check_rate(name: str, value: Any) -> None:
    """Raise unless `value` is a number in [0, 1)."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number; got {value!r}.")
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1); got {value}. It is the share of factors dropped.")


def check_switch(name: str, value: Any) -> None:
    """Raise unless `value` is a bool."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be True or False; got {value!r}.")


def check_number(name: str, value: Any, word: str) -> None:
    """Raise unless `value` is a finite number; `word` is what may stand in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number or {word!r}; got {value!r}.")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number or {word!r}; got {value}.")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """Raise unless `value` is one of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}; got {value!r}.{did_you_mean(value, choices)}")
