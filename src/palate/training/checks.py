"""Checks of hyper-parameters, one message form for all trainers."""

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np

from palate.data.nearest import did_you_mean
from palate.solve.strengths import AUTO

_STRONGEST = 1e30  # beyond it single precision overflows
_NUMBERS = (
    "user_factors",
    "item_factors",
    "user_bias",
    "item_bias",
    "global_mean",
    "noise_sd",
    "spread",
    "cutpoints",
    "user_prior.mean",
    "user_prior.precision",
    "item_prior.mean",
    "item_prior.precision",
    "weights.values",
    "weights.dense",
    "user_vectors",
    "item_vectors",
)

Fitted = TypeVar("Fitted")


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
    if value > _STRONGEST:
        raise ValueError(
            f"{name} must be at most {_STRONGEST:g}, beyond which single precision overflows; got {value}."
        )


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
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, choices))}; got "
            f"{value!r}.{did_you_mean(value, choices)}"
        )


def check_fitted(model: Fitted, trainer: Any) -> Fitted:
    """Return a model if all that was fitted is finite: hyper-parameters far from common ones can overflow.

    Raises
    ------
    ValueError
        Names the hyper-parameters that were given, so that nobody learns of it by predictions that
        are no numbers.
    """
    for name in _NUMBERS:
        part: Any = model
        for step in name.split("."):
            part = getattr(part, step, None)
        if isinstance(part, np.ndarray | float) and not np.isfinite(part).all():
            given = [
                f"{one.name}={getattr(trainer, one.name)!r}"
                for one in fields(trainer)
                if getattr(trainer, one.name) != one.default
            ]
            raise ValueError(
                f"the hyper-parameters must lead to finite numbers; got infinite ones or NaN in {name} of "
                f"{type(trainer).__name__}({', '.join(given)}). Take values nearer to the defaults."
            )
    return model
