"""How numbers are distributed: one row of figures, and bins for a picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from palate._random import from_seed

QUANTILES = (5, 10, 25, 40, 50, 60, 75, 90, 95, 99)  # per cent
BINS = 60


def describe(values: np.ndarray) -> dict[str, float | int | None]:
    """Return count, mean, std, min, the quantiles q05 to q99, and max.

    Without values all but the count are None.

    Parameters
    ----------
    values : ndarray of shape (n,), or (n_draws, n)
        Of draws the figures are computed one by one and averaged.

    Examples
    --------
    >>> found = describe(np.array([1.0, 2.0, 3.0, 6.0]))
    >>> found["count"], found["mean"], found["q50"], found["max"]
    (4, 3.0, 2.5, 6.0)
    """
    draws = np.atleast_2d(values)
    n = draws.shape[1]
    keys = ("mean", "std", "min", *(f"q{quantile:02d}" for quantile in QUANTILES), "max")
    if not n:
        return {"count": 0, **dict.fromkeys(keys)}
    rows = np.mean([_figures(draw) for draw in draws], axis=0)
    return {"count": n, **dict(zip(keys, rows.tolist(), strict=True))}


def _figures(values: np.ndarray) -> list[float]:
    quantiles = np.quantile(values, np.array(QUANTILES) / 100)
    mean, std = values.mean(dtype=np.float64), values.std(dtype=np.float64)
    return [mean, std, values.min(), *quantiles, values.max()]


def table(named: Mapping[str, np.ndarray]) -> pl.DataFrame:
    """Return one row of `describe` for each named array, with the name in the column `what`."""
    kinds: dict[str, Any] = {"what": pl.String, "count": pl.Int64}
    rows = [{"what": name, **describe(values)} for name, values in named.items()]
    schema = {key: kinds.get(key, pl.Float64) for key in rows[0]}
    return pl.DataFrame(rows, schema=schema)


def histogram(named: Mapping[str, np.ndarray], bins: int = BINS) -> pl.DataFrame:
    """Return bins of equal width between the 0.1 and 99.9 % quantiles; what lies beyond is in the outermost.

    Columns what, low, high, share (of all values, draws pooled).
    """
    parts = []
    for name, values in named.items():
        flat = values.ravel()
        if not flat.size:
            continue
        low, high = np.quantile(flat, (0.001, 0.999))
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges = np.linspace(low, high, bins + 1)
        counts, _ = np.histogram(np.clip(flat, low, high), edges)
        columns = {"what": [name] * bins, "low": edges[:-1], "high": edges[1:], "share": counts / flat.size}
        parts.append(pl.DataFrame(columns))
    schema = {"what": pl.String, "low": pl.Float64, "high": pl.Float64, "share": pl.Float64}
    return pl.concat([pl.DataFrame(schema=schema), *parts])


def sampled(n: int, wanted: int, seed: int) -> np.ndarray:
    """Return `wanted` of n positions, ascending, drawn without replacement; all if there are no more."""
    if wanted >= n:
        return np.arange(n)
    return np.sort(from_seed(seed).choice(n, wanted, replace=False))
