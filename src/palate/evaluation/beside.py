"""Models beside the references: which of them a model does not beat."""

from dataclasses import dataclass

from palate.evaluation.figures import Figures, Interval
from palate.evaluation.item_bins import Figure
from palate.evaluation.scoring import ERRORS


@dataclass(frozen=True)
class Beside:
    """One figure of a model beside that of a reference.

    Parameters
    ----------
    model, reference : str
    figure : (str, int or None)
    interval : (float, float, float)
        The model's figure minus the reference's, and the ends of the interval of paired resamples;
        None where undefined.
    """

    model: str
    reference: str
    figure: Figure
    interval: Interval

    @property
    def beaten(self) -> bool | None:
        """Whether the model is better; None where there is no difference.

        With an interval, the whole interval must be on its side.
        """
        gain = self._gain
        return None if gain is None else gain[0] > 0

    @property
    def lost(self) -> bool:
        """Whether the model is worse by the whole interval."""
        gain = self._gain
        return gain is not None and gain[1] < 0

    @property
    def _gain(self) -> tuple[float, float] | None:
        """By how much the model is better, at least and at most; without an interval by the value itself."""
        value, low, high = self.interval
        if value is None:
            return None
        least, most = value if low is None else low, value if high is None else high
        return (-most, -least) if self.figure[0] in ERRORS else (least, most)


def beside_references(figures: Figures, references: tuple[str, ...], ks: tuple[int, ...]) -> list[Beside]:
    """Return every model beside every reference: by nDCG of the longest list, then by RMSE."""
    deciding: list[Figure] = [*(("ndcg", k) for k in ks[-1:]), ("rmse", None)]
    mine = [outcome for outcome in figures.outcomes if outcome.name not in references]
    theirs = [outcome for outcome in figures.outcomes if outcome.name in references]
    return [
        Beside(model.name, other.name, figure, figures.difference(model, other, figure))
        for model in mine
        for figure in deciding
        for other in theirs
        if figure in model.figures and figure in other.figures
    ]
