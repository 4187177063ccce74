"""From sums per user to figures with intervals, and to differences between models."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from palate.evaluation.bootstrap import interval, resampled_sums
from palate.evaluation.item_bins import Figure
from palate.evaluation.scoring import Outcome

Interval = tuple[float | None, float | None, float | None]  # value, low, high; None where undefined


def words(figure: Figure) -> str:
    """Return a figure's name with its k: `ndcg@10`."""
    metric, k = figure
    return metric if k is None else f"{metric}@{k}"


@dataclass(frozen=True, eq=False)
class Figures:
    """All figures of all models with their bootstrap draws and intervals.

    Each is computed when it is first asked for.
    """

    outcomes: tuple[Outcome, ...]
    resamples: int
    confidence: float
    seed: int

    def all(self) -> list[Figure]:
        """Return the figures that any model has."""
        every = (figure for outcome in self.outcomes for figure in (*outcome.figures, *outcome.overall))
        return list(dict.fromkeys(every))

    def outcome(self, model: str | None) -> Outcome:
        """Return the outcome of a model by name, or the first.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        if model is None:
            return self.outcomes[0]
        for outcome in self.outcomes:
            if outcome.name == model:
                return outcome
        raise KeyError(
            f"unknown model {model!r}; there are "
            f"{', '.join(repr(outcome.name) for outcome in self.outcomes)}."
        )

    def of(self, outcome: Outcome, figure: Figure) -> Interval:
        """Return a figure and the ends of its interval; three times None if the model does not have it."""
        value = self.value(outcome, figure)
        if figure not in outcome.figures or not self.resamples:
            return value, None, None
        column = outcome.figures.index(figure)
        low, high = self._intervals[outcome.name]
        return value, known(low[column]), known(high[column])

    def value(self, outcome: Outcome, figure: Figure) -> float | None:
        """Return a figure without its interval; None if it is undefined or the model does not have it."""
        if figure in outcome.overall:
            return known(outcome.overall[figure])
        if figure not in outcome.figures:
            return None
        return known(self._values[outcome.name][outcome.figures.index(figure)])

    def difference(self, mine: Outcome, other: Outcome, figure: Figure) -> Interval:
        """Return the difference of a figure between two models, with the interval over paired resamples."""
        left, right = mine.figures.index(figure), other.figures.index(figure)
        value = known(self._values[mine.name][left] - self._values[other.name][right])
        if not self.resamples:
            return value, None, None
        draws = self._draws[mine.name][:, left] - self._draws[other.name][:, right]
        low, high = interval(draws, self.confidence)
        return value, known(low), known(high)

    @cached_property
    def _values(self) -> dict[str, np.ndarray]:
        return {
            outcome.name: outcome.values(outcome.top.sum(axis=0), outcome.bottom.sum(axis=0))
            for outcome in self.outcomes
        }

    @cached_property
    def _draws(self) -> dict[str, np.ndarray]:
        """Every figure in every resample, per model: shape (resamples, n_figures)."""
        columns = [array for outcome in self.outcomes for array in (outcome.top, outcome.bottom)]
        sums = resampled_sums(np.concatenate(columns, axis=1), self.resamples, self.seed)
        parts = np.split(sums, np.cumsum([array.shape[1] for array in columns])[:-1], axis=1)
        pairs = zip(self.outcomes, parts[::2], parts[1::2], strict=True)
        return {outcome.name: outcome.values(top, bottom) for outcome, top, bottom in pairs}

    @cached_property
    def _intervals(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return {name: interval(draws, self.confidence) for name, draws in self._draws.items()}


def known(value: float | np.ndarray) -> float | None:
    """Return a number, or None for NaN."""
    return None if np.isnan(value) else float(value)


def is_clear(low: float | None, high: float | None) -> bool | None:
    """Return whether an interval leaves out 0; None without an interval."""
    return None if low is None or high is None else bool(low > 0 or high < 0)
