"""What a count (plays, clicks, purchases) means: a target to predict and a weight to believe it with.

Pairs without a count are target 0 with weight w0 throughout.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from palate._checks import ArgumentError
from palate.solve.grades import NONE, Grades, grades_of, recency

KINDS = (NONE, "one-plus", "linear", "everywhere")
_UNGRADED = Grades(kind=NONE)


@dataclass(frozen=True)
class Confidence:
    """How counts become targets and weights.

    kind : {"none", "one-plus", "linear", "everywhere"}
        "none": values are ratings and stay what they are. "one-plus": target 1 with weight `1 +
        alpha count` (Hu, Koren, Volinsky 2008). "linear": target 1 with weight `alpha count` (the
        library implicit). "everywhere": target 1 with weight 1, and w0 counts for every pair,
        observed ones included (Rendle et al. 2021); as one square that is target `1 / (1 + w0)`
        with weight `1 + w0`. alpha scales the count; `w0` is the weight of an unobserved pair.
    grades : Grades
        Makes the count of a value, which is the value itself unless it says otherwise; with a
        half-life the weight of a pair is multiplied by how recent it is.
    """

    kind: str
    alpha: float
    w0: float
    grades: Grades = _UNGRADED

    @classmethod
    def of_model(cls, trainer: Mapping[str, Any], w0: float) -> "Confidence":
        """Return what a model's trainer made of its values, from what the model holds of it."""
        grades = trainer.get("grades_resolved")
        own = _UNGRADED if grades is None else Grades(**grades)
        return cls(trainer.get("counts", NONE), trainer.get("alpha", 1.0), w0, own)

    def resolved(
        self, values: np.ndarray, scale: tuple[float, float], times: np.ndarray | None
    ) -> "Confidence":
        """Return the same for training values on this scale and with these times."""
        own = self.grades
        if self.kind == NONE or (own.kind == NONE and own.half_life is None) or not len(values):
            return self
        return replace(self, grades=grades_of(own.kind, own.least, own.half_life, values, scale, times))

    def described(self) -> dict[str, Any]:
        """Return what `of_model` needs beside the hyper-parameters."""
        plain = self.grades.kind == NONE and self.grades.half_life is None
        return {} if plain else {"grades_resolved": asdict(self.grades)}

    def apply(
        self, values: np.ndarray, weights: np.ndarray, times: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return targets and weights of observed values, float32; an empty weight array means all 1.

        Values without times are as recent as the last one of training.

        Raises
        ------
        ValueError
            If counts are not positive.
        """
        if self.kind == NONE:
            return values, weights
        values = self.grades.graded(values)
        if times is not None and self.grades.half_life is not None:
            recent = recency(times, self.grades.now, self.grades.half_life).astype(np.float32)
            weights = weights * recent if weights.size else recent
        if len(values) and values.min() <= 0:
            place = int(np.flatnonzero(values <= 0)[0])
            got = f"{values[place]:g} (rating {place} by user and item)"
            raise ArgumentError("counts", "be positive", got, "Leave pairs without a count out.")
        if self.kind == "everywhere":
            weight = np.full(len(values), 1 + self.w0, np.float32)
            target = np.full(len(values), 1 / (1 + self.w0), np.float32)
        else:
            weight = (self.alpha * values + (self.kind == "one-plus")).astype(np.float32)
            target = np.ones(len(values), np.float32)
        return target, weight * weights if weights.size else weight


def user_scales(counts: np.ndarray, exponent: float) -> np.ndarray | None:
    """Return the square root of each user's weight in the objective, float32; None where all are 1.

    The weight is `(n / mean n) ** -exponent` of the user's number n of choices.

    A user's own vector does not depend on it, that of an item does. It is the same as a target and
    a vector of the user that are multiplied by this square root.

    Examples
    --------
    >>> user_scales(np.array([1, 4, 0, 10]), 0.5).astype(float).round(2).tolist()
    [1.5, 1.06, 1.0, 0.84]
    """
    if not exponent:
        return None
    known = counts > 0
    typical = counts[known].mean() if known.any() else 1.0
    return np.asarray(np.power(np.where(known, counts, typical) / typical, -exponent / 2), np.float32)
