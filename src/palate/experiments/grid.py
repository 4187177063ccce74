"""Experiments: a declared grid of settings on one split, into one table, that goes on after an interrupt."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.forks import needs_threads
from palate.data.frames import from_polars
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.experiments.plan import Cell, read_plan
from palate.lists.filters import Filters
from palate.lists.obscurity import Known, coverage
from palate.lists.ranking import rank
from palate.model.model import Model
from palate.splits.fingerprint import fingerprint
from palate.training.progress import silent
from palate.training.training_data import split

TOP = 10
# ratings of the mean that a film's own mean is damped by, for the list of the highest damped means
_DAMPING = 3.0
Progress = Callable[[int, int, Cell], None]


@dataclass(frozen=True, eq=False)
class Experiment:
    """The table of an experiment: one row a cell, in the order declared, and the errors of each sweep.

    Parameters
    ----------
    rows : list of dict
        Settings and figures of each cell.
    frame_kind : str
        Library of the frames.
    """

    rows: list[dict[str, Any]]
    frame_kind: str = "polars"

    @property
    def table(self) -> Any:
        """Return one row a cell.

        Its columns are grid, settings, train_rmse, validation_rmse, validation_mae, sweeps, seconds
        and figures of its lists.
        """
        flat = [
            {
                "grid": row["grid"],
                **{key: _shown(value) for key, value in row["settings"].items()},
                **row["figures"],
            }
            for row in self.rows
        ]
        columns = list(dict.fromkeys(key for row in flat for key in row))
        figures = list(self.rows[0]["figures"]) if self.rows else []
        order = [key for key in columns if key not in figures] + figures
        frame = pl.DataFrame([{key: row.get(key) for key in order} for row in flat], infer_schema_length=None)
        return from_polars(frame, self.frame_kind)

    @property
    def curves(self) -> Any:
        """Return one row a sweep.

        Its columns are cell, grid, setting, sweep, seconds since the start, train_rmse and
        validation_rmse.
        """
        rows = []
        for number, row in enumerate(self.rows):
            seconds = 0.0
            for sweep, (took, train, validation) in enumerate(row["sweeps"], 1):
                seconds += took
                setting = describe(row["settings"])
                rows.append((number, row["grid"], setting, sweep, seconds, train, validation))
        schema = ["cell", "grid", "setting", "sweep", "seconds", "train_rmse", "validation_rmse"]
        frame = pl.DataFrame(rows, schema=schema, orient="row", infer_schema_length=None)
        return from_polars(frame, self.frame_kind)

    def plots(self, folder: str | os.PathLike[str]) -> list[str]:
        """Write the pictures of the experiment as PNG into a folder, and return their paths."""
        from palate.experiments.plots import save

        return save(self, folder)


@needs_threads("experiment")
def experiment(
    ratings: Ratings | Dataset,
    plan: object = "lesson",
    *,
    validation: float | Ratings = 0.05,
    catalog: Catalog | None = None,
    results: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    seed: int = 0,
) -> Experiment:
    """Return a table of errors and lists for a grid of settings, all trained on one split.

    Parameters
    ----------
    ratings : Ratings
    plan : path of a TOML file, mapping, or "lesson"
        See `palate.experiments.plan.read_plan`.
    validation : float or Ratings, default 0.05
        Share of ratings to hold out, or held-out ratings.
    catalog : Catalog, optional
        For settings such as `item_features`.
    results : path, optional
        File of finished settings, one per line. Settings in it (with the same ratings and split)
        are not trained again, so that an interrupted experiment continues.
    progress : callable, optional
        Called with the number of finished settings, of all settings, and the next one.
    threads, seed
        As in `fit`.

    Raises
    ------
    PlanError
        If the plan is invalid.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> plan = {"max_sweeps": 3, "grid": [{"name": "size", "n_factors": [1, 2]}]}
    >>> palate.experiment(ratings, plan).table.select("n_factors", "sweeps").rows()
    [(1, 3), (2, 3)]
    """
    cells = read_plan(plan)
    ratings, catalog = with_catalog(ratings, catalog)
    everything, held_out = split(ratings, validation, None, seed)
    known = _Finished(results, _data_digest(everything, held_out, catalog, seed), int((~held_out).sum()))
    train, held = everything.select(~held_out), everything.select(held_out) if held_out.any() else 0
    rows: list[dict[str, Any]] = []
    latest: Any = None
    model: Any = None
    for number, cell in enumerate(cells):
        row = known.find(cell)
        if row is None:
            if progress is not None:
                progress(number, len(cells), cell)
            trainer = cell.trainer(len(train))
            if trainer != latest:  # cells that differ only in their lists share a model
                model = trainer.fit(
                    train, validation=held, catalog=catalog, callback=silent, threads=threads, seed=seed
                )
                latest = trainer
            row = _row(cell, model, threads)
            known.add(cell, row)
        rows.append(row)
    return Experiment(rows, ratings.frame_kind)


def describe(settings: dict[str, Any]) -> str:
    """Return settings as a short text.

    >>> describe({"n_factors": 8, "biases": True})
    'n_factors=8, biases=True'
    """
    return ", ".join(
        f"{key}={value:g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in settings.items()
    )


def _row(cell: Cell, model: Model, threads: int | None) -> dict[str, Any]:
    """Return the row of a cell whose trainer has fitted this model."""
    if model.history.interrupted:
        raise KeyboardInterrupt  # `fit` kept its last whole sweep; a row of it would pass for a finished one
    sweeps = [(report.seconds, report.train_rmse, report.validation_rmse) for report in model.history.sweeps]
    best = model.history.sweeps[max(model.history.best_sweep, 1) - 1]
    figures = {
        "train_rmse": best.train_rmse,
        "validation_rmse": best.validation_rmse,
        "validation_mae": best.validation_mae,
        "sweeps": len(sweeps),
        "seconds": sum(took for took, _, _ in sweeps),
    }
    return {
        "grid": cell.grid,
        "settings": cell.settings,
        "figures": {**figures, **_lists(model, cell.min_ratings, threads)},
        "sweeps": sweeps,
    }


def _lists(model: Model, min_ratings: int, threads: int | None) -> dict[str, float]:
    """Return figures of everyone's top 10: how often rated, how many items, how alike the lists are."""
    ratings, allowed = cast(RatingMatrix, model.ratings), Filters(min_ratings=min_ratings).allowed(model)
    users = np.arange(model.n_users)
    ranking = rank(model, users, TOP, allowed=allowed.mask, exclude_seen=True, threads=threads)
    shown = ranking.items[ranking.items >= 0]
    counts = np.bincount(ratings.items, minlength=model.n_items)
    if not len(shown):
        return {"list_median_ratings": float("nan"), "list_coverage": 0.0, "list_same_for_all": float("nan")}
    values = ratings.values(np.arange(len(ratings.items)))
    sums = np.bincount(ratings.items, weights=values, minlength=model.n_items)
    damped = (sums + _DAMPING * values.mean()) / (counts + _DAMPING)
    top = np.argsort(-damped, kind="stable")[: 5 * TOP]
    return {
        "list_median_ratings": Known.of(counts[shown]).median,
        "list_coverage": coverage(np.bincount(shown, minlength=model.n_items)),
        "list_same_for_all": float(np.isin(shown, top).mean()),
    }


def _data_digest(ratings: Ratings, held_out: np.ndarray, catalog: Catalog | None, seed: int) -> str:
    found = hashlib.sha256(fingerprint(ratings).encode())
    found.update(np.packbits(held_out).tobytes() + str(seed).encode())
    if catalog is not None:
        found.update(catalog.frame.write_json().encode())
    return found.hexdigest()


def _shown(value: object) -> Any:
    return value if isinstance(value, bool | int | str) else f"{value:g}"


class _Finished:
    """The file of finished cells, a JSON line each, written at once and flushed.

    A last line that was cut off is ignored.
    """

    def __init__(self, path: str | os.PathLike[str] | None, data: str, n_train: int) -> None:
        self.path = None if path is None else Path(path)
        self.data, self.n_train = data, n_train
        self.rows: dict[str, dict[str, Any]] = {}
        if self.path is not None and self.path.exists():
            for line in self.path.read_text("utf-8").splitlines():
                try:
                    entry = json.loads(line)
                    self.rows[entry["digest"]] = entry["row"]
                except (json.JSONDecodeError, KeyError, TypeError):
                    continue  # the run was killed while it wrote this line

    def find(self, cell: Cell) -> dict[str, Any] | None:
        """Return the row of a cell that is finished."""
        row = self.rows.get(self._digest(cell))
        return None if row is None else {**row, "grid": cell.grid, "settings": cell.settings}

    def add(self, cell: Cell, row: dict[str, Any]) -> None:
        """Write a finished cell."""
        if self.path is None:
            return
        torn = self.path.exists() and self.path.stat().st_size and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("\n" if torn else "") + json.dumps({"digest": self._digest(cell), "row": row}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _digest(self, cell: Cell) -> str:
        # defaults count, too
        text = json.dumps([self.data, repr(cell.trainer(self.n_train)), cell.min_ratings])
        return hashlib.sha256(text.encode()).hexdigest()
