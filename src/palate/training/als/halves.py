"""The file that a run writes after each half sweep, from which training continues with the same bits."""

import hashlib
import io
import json
import os
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from palate._checks import ArgumentError
from palate._files import replace_file
from palate.model.history import SweepReport
from palate.solve.rows import Side, Solved
from palate.training.als.sweeps import Run, Standing

_NO_STATS = np.empty((0, 4))
_SIDES = ("users", "items", "best_users", "best_items")
_FIGURES = ("best", "best_sweep", "idle", "reference", "size", "n_double")


@dataclass(frozen=True)
class HalfSweeps:
    """The file with the state of a run after its last complete half sweep.

    Parameters
    ----------
    path : Path
        Replaced after each half sweep, whole or not at all.
    key : str
        Fingerprint of the data, the trainer and the start. A file of another key is refused.
    """

    path: Path
    key: str = field(repr=False)

    @classmethod
    def of(
        cls, path: str | os.PathLike[str], trainer: object, start: tuple[Side, Side], *about: npt.ArrayLike
    ) -> "HalfSweeps":
        """Return the file of a run of this trainer from this start; `about` is what else it depends on."""
        found = hashlib.sha256(repr(trainer).encode())
        for part in (*(array for side in start for array in (side.factors, side.bias)), *about):
            found.update(np.ascontiguousarray(part).tobytes())
        return cls(Path(path), found.hexdigest())

    def save(self, standing: Standing) -> None:
        """Replace the file by the present state of the run."""
        run = standing.run
        sides = (standing.users, standing.items.side, run.users, run.items)
        arrays: dict[str, np.ndarray] = {}
        for name, side in zip(_SIDES, sides, strict=True):
            arrays[f"{name}.factors"], arrays[f"{name}.bias"] = side.factors, side.bias
        weights = (*standing.weights, run.user_weights, run.item_weights)
        arrays |= {f"weights.{place}": one for place, one in enumerate(weights) if one is not None}
        about = {
            "key": self.key,
            "sweep": standing.sweep,
            "halfway": standing.halfway,
            "items_double": standing.items.n_double,
            "reports": [asdict(report) for report in run.reports],
            **{name: getattr(run, name) for name in _FIGURES},
        }
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        sink = io.BytesIO()
        np.savez(sink, allow_pickle=False, **arrays)
        replace_file(self.path, [sink.getbuffer()])

    def load(self) -> Standing | None:
        """Return where the run stood when the file was written; None where there is none.

        Raises
        ------
        ValueError
            If the file is of another run, or none of half sweeps.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as held:
                arrays = {name: held[name] for name in held.files}
            about = json.loads(arrays.pop("about").tobytes())
        except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile):
            raise ArgumentError(
                f"{self.path}",
                "be a file of half sweeps",
                "a folder" if self.path.is_dir() else "something else, or a damaged one",
                "Name another file, or remove it to begin again.",
            ) from None
        if about["key"] != self.key:
            raise ArgumentError(
                f"{self.path}",
                "be of a run with the same ratings, trainer, start and seed",
                "one of another run",
                "Name another file, or remove it to begin again.",
            )
        return _standing(arrays, about)


def _standing(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Standing:
    users, items, best_users, best_items = (
        Side(arrays[f"{name}.factors"], arrays[f"{name}.bias"]) for name in _SIDES
    )
    weights = [arrays.get(f"weights.{place}") for place in range(4)]
    run = Run(best_users, best_items, user_weights=weights[2], item_weights=weights[3])
    run.reports = [SweepReport(**report) for report in about["reports"]]
    for name in _FIGURES:
        setattr(run, name, about[name])
    return Standing(
        run,
        users=users,
        items=Solved(items, _NO_STATS, about["items_double"]),
        weights=weights[:2],
        sweep=about["sweep"],
        halfway=about["halfway"],
    )
