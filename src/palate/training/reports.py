"""The report of a sweep, from the errors that all trainers know."""

import math

from palate.model.history import SweepReport

Errors = tuple[float, float]  # mean squared and mean absolute error, in rating units


def sweep_report(
    sweep: int, seconds: float, objective: float | None, train: Errors | None, validation: Errors | None
) -> SweepReport:
    """Return the figures of a sweep; errors that are not known are None."""
    figures: dict[str, float | None] = {}
    for name, errors in (("train", train), ("validation", validation)):
        mse, mae = (None, None) if errors is None else map(float, errors)
        rmse = None if mse is None else math.sqrt(mse)
        figures |= {f"{name}_mse": mse, f"{name}_rmse": rmse, f"{name}_mae": mae}
    return SweepReport(sweep=sweep, seconds=seconds, objective=objective, **figures)
