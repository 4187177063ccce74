"""What happened during a training run, sweep by sweep."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SweepReport:
    """Figures of one sweep (all items, then all users); errors are in rating units, unclipped.

    Validation figures are None if no ratings were held out. The objective is None for draws of a
    posterior, and training errors are None for ordinal models.
    """

    sweep: int
    seconds: float
    objective: float | None
    train_mse: float | None
    train_rmse: float | None
    train_mae: float | None
    validation_mse: float | None = None
    validation_rmse: float | None = None
    validation_mae: float | None = None


@dataclass(frozen=True, kw_only=True)
class History:
    """The sweeps of a training run, the best of them, and why training stopped.

    Parameters
    ----------
    sweeps : tuple of SweepReport
    best_sweep : int
        The sweep whose factors the model has (from 1; 0 if there was none).
    stopped : str
        Why training ended, as a sentence.
    notes : tuple of str
        Notes on the run, a sentence each.
    n_train, n_validation : int
        Numbers of training ratings and of held-out ratings.
    interrupted : bool
        Whether training was interrupted (Ctrl-C).
    selected : bool
        Whether held-out ratings were used to choose, for example the best sweep. If not, their
        error is an unbiased estimate.
    earlier : tuple of History
        Histories of the models that this one was started from, the oldest first.
    """

    sweeps: tuple[SweepReport, ...] = ()
    best_sweep: int = 0
    stopped: str = ""
    notes: tuple[str, ...] = field(default=())
    n_train: int = 0
    n_validation: int = 0
    interrupted: bool = False
    selected: bool = True
    earlier: tuple[Any, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the history as plain lists, numbers and strings (for JSON)."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "History":
        """Rebuild a history from the `values` that `to_dict` returned."""
        sweeps = tuple(SweepReport(**sweep) for sweep in values["sweeps"])
        earlier = tuple(cls.from_dict(one) for one in values.get("earlier", ()))
        return cls(**{**values, "sweeps": sweeps, "notes": tuple(values["notes"]), "earlier": earlier})
