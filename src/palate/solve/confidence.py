"""What a count (plays, clicks, purchases) means: a target to predict and a weight to believe it with.

Pairs without a count are target 0 with weight w0 throughout.
"""

from dataclasses import dataclass

import numpy as np

from palate._checks import ArgumentError

NONE = "none"
KINDS = (NONE, "one-plus", "linear", "everywhere")


@dataclass(frozen=True)
class Confidence:
    """How counts become targets and weights.

    kind : {"none", "one-plus", "linear", "everywhere"}
        "none": values are ratings and stay what they are. "one-plus": target 1 with weight `1 +
        alpha count` (Hu, Koren, Volinsky 2008). "linear": target 1 with weight `alpha count` (the
        library implicit). "everywhere": target 1 with weight 1, and w0 counts for every pair,
        observed ones included (Rendle et al. 2021); as one square that is target `1 / (1 + w0)`
        with weight `1 + w0`. alpha scales the count; `w0` is the weight of an unobserved pair.
    """

    kind: str
    alpha: float
    w0: float

    def apply(self, values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return targets and weights of observed values, float32; an empty weight array means all 1.

        Raises
        ------
        ValueError
            If counts are not positive.
        """
        if self.kind == NONE:
            return values, weights
        if len(values) and values.min() <= 0:
            place = int(np.flatnonzero(values <= 0)[0])
            raise ArgumentError(
                "counts",
                "be positive",
                f"{values[place]:g} (rating {place} by user and item)",
                "Leave pairs without a count out.",
            )
        if self.kind == "everywhere":
            weight = np.full(len(values), 1 + self.w0, np.float32)
            target = np.full(len(values), 1 / (1 + self.w0), np.float32)
        else:
            weight = (self.alpha * values + (self.kind == "one-plus")).astype(np.float32)
            target = np.ones(len(values), np.float32)
        return target, weight * weights if weights.size else weight
