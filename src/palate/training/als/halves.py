"""The state of a run of half sweeps, and the file from which it continues with the same bits."""

import hashlib
import math
import os
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt

from palate.model.history import SweepReport
from palate.solve.rows import Side, Solved
from palate.training.als.bins import Shifts
from palate.training.run_file import load_run, save_run

NO_STATS = np.empty((0, 4))
_FORMAT = "palate half sweeps 2"
_SIDES = ("users", "items", "best_users", "best_items")
_FIGURES = ("best", "best_sweep", "idle", "reference", "size", "n_double")
Weights = list[np.ndarray | None]  # of the features of users and items


@dataclass
class Run:
    """The state of a run: the best sweep so far and what led there."""

    users: Side
    items: Side
    reports: list[SweepReport] = field(default_factory=list)
    best: float = math.inf
    best_sweep: int = 0
    idle: int = 0  # sweeps in a row without progress
    reference: float = math.inf  # the error with which the next one is compared
    size: float = 0.0  # sum of squares of the users' factors of the last sweep
    n_double: int = 0
    stopped: str = ""
    interrupted: bool = False
    weights: Weights = field(default_factory=lambda: [None, None])  # at the best sweep
    shifts: Shifts | None = None  # of the time bins, at the best sweep


@dataclass(eq=False)
class Standing:
    """The state of a run after a half sweep, from which it can continue."""

    run: Run
    users: Side
    items: Solved
    weights: Weights
    sweep: int = 0  # the last one that was begun
    halfway: bool = False  # whether its users are still to be solved
    shifts: Shifts | None = None  # of the time bins


@dataclass(frozen=True)
class HalfSweeps:
    """The file with the state of a run after its last complete half sweep.

    Parameters
    ----------
    path : path
        Replaced after each half sweep, whole or not at all.
    key : str
        Fingerprint of the data, the trainer and the start. A file of another key is refused.
    """

    path: str | os.PathLike[str]
    key: str = field(repr=False)

    @classmethod
    def of(
        cls, path: str | os.PathLike[str], trainer: object, start: tuple[Side, Side], *about: npt.ArrayLike
    ) -> "HalfSweeps":
        """Return the file of a run of this trainer from this start; `about` is what else it depends on."""
        found = hashlib.sha256(repr(trainer).encode())
        for part in (*(array for side in start for array in (side.factors, side.bias)), *about):
            found.update(np.ascontiguousarray(part).tobytes())
        return cls(path, found.hexdigest())

    def save(self, standing: Standing) -> None:
        """Replace the file by the present state of the run."""
        run = standing.run
        sides = (standing.users, standing.items.side, run.users, run.items)
        arrays: dict[str, np.ndarray] = {}
        for name, side in zip(_SIDES, sides, strict=True):
            arrays[f"{name}.factors"], arrays[f"{name}.bias"] = side.factors, side.bias
        weights = (*standing.weights, *run.weights)
        arrays |= {f"weights.{place}": one for place, one in enumerate(weights) if one is not None}
        numbers = {
            "sweep": standing.sweep,
            "halfway": standing.halfway,
            "items_double": standing.items.n_double,
            "reports": [asdict(report) for report in run.reports],
            **{name: getattr(run, name) for name in _FIGURES},
        }
        save_run(self.path, _FORMAT, self.key, arrays, numbers)

    def load(self) -> Standing | None:
        """Return where the run stood when the file was written; None where there is none.

        Raises
        ------
        RunFileError
            If the file is of another run, or none of half sweeps.
        """
        found = load_run(self.path, _FORMAT, self.key)
        if found is None:
            return None
        arrays, numbers = found
        users, items, best_users, best_items = (
            Side(arrays[f"{name}.factors"], arrays[f"{name}.bias"]) for name in _SIDES
        )
        weights = [arrays.get(f"weights.{place}") for place in range(4)]
        run = Run(best_users, best_items, weights=weights[2:])
        run.reports = [SweepReport(**report) for report in numbers["reports"]]
        for name in _FIGURES:
            setattr(run, name, numbers[name])
        return Standing(
            run,
            users=users,
            items=Solved(items, NO_STATS, numbers["items_double"]),
            weights=weights[:2],
            sweep=numbers["sweep"],
            halfway=numbers["halfway"],
        )
