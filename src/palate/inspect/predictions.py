"""How predictions are distributed, over all pairs or a sample of users, and how many leave the scale."""

from typing import Any

import numpy as np
import polars as pl

from palate.inspect.report import Section
from palate.inspect.statistics import histogram, sampled, table
from palate.scorer import Scorer

PAIRS = 20_000_000  # predictions that are looked at unless a sample is given: 80 MB
_CHUNK = 1 << 22


def predicting(model: object) -> Any:
    """Return what a model predicts by: the star head of one of two heads, else the model itself."""
    return getattr(model, "predicts", model)


def prediction_section(model: Scorer, sample: int | None, seed: int) -> Section:
    """Return the distribution of the predictions of every item for all users, or for a sample of them."""
    n_users, n_items = len(model.users), len(model.items)
    wanted = max(1, PAIRS // max(1, n_items)) if sample is None else sample
    users = sampled(n_users, wanted, seed)
    values = predictions(model, users)
    sample_of = f"Every item for {who(len(users), n_users, seed)}: {values.size:,} predictions."
    return described_predictions(model, values, sample_of)


def predictions(model: Scorer, users: np.ndarray) -> np.ndarray:
    """Return the predictions of every item for these users (by index), flat, float32."""
    n_items = len(model.items)
    values = np.empty((len(users), n_items), dtype=np.float32)
    step = max(1, _CHUNK // max(1, n_items))
    for first in range(0, len(users), step):
        values[first : first + step] = model.score_items(users[first : first + step])
    return values.ravel()


def described_predictions(model: Scorer, values: np.ndarray, sample: str) -> Section:
    """Return the section of given predictions, with the share outside the scale if there is one."""
    named = {"predictions": values}
    frame, text, scale = table(named), [sample], model.scale
    if scale is not None and values.size:
        below, above = float((values < scale[0]).mean()), float((values > scale[1]).mean())
        frame = frame.with_columns(pl.Series("below", [below]), pl.Series("above", [above]))
        text.append(
            f"{_percent(below + above)} lie outside the scale of {scale[0]:g} to {scale[1]:g}: "
            f"{_percent(below)} below, {_percent(above)} above."
        )
    bins, marks = histogram(named), () if scale is None else scale
    return Section("predictions", "Predictions", tuple(text), frame, bins, plot="predictions", marks=marks)


def who(n: int, n_users: int, seed: int) -> str:
    """Return whose predictions or lists were looked at, in words.

    >>> who(3, 3, 0), who(2, 3000, 7)
    ('all 3 users', '2 of the 3,000 users, drawn at random (seed 7)')
    """
    if n == n_users:
        return f"all {n_users:,} users"
    return f"{n:,} of the {n_users:,} users, drawn at random (seed {seed})"


def _percent(share: float) -> str:
    """Return a share in words that do not call a few predictions none.

    >>> _percent(0.0), _percent(0.00001), _percent(0.0123)
    ('0 %', 'under 0.01 %', '1.23 %')
    """
    return "0 %" if share == 0 else "under 0.01 %" if share < 1e-4 else f"{100 * share:.2f} %"
