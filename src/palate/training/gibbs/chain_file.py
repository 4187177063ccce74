"""The file with the state of an unfinished run, from which it continues with the same bits."""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from palate.model.factor_model import FactorModel
from palate.model.history import SweepReport
from palate.solve.rows import Side
from palate.training.features import SideFeatures
from palate.training.gibbs.chain import ChainState
from palate.training.gibbs.draws import Kept
from palate.training.gibbs.sides import SideState
from palate.training.gibbs.time_state import TimeState
from palate.training.run_file import RunFileError, load_run, save_run
from palate.training.trainer import Trainer
from palate.training.training_data import Problem

ChainFileError = RunFileError  # its name when chains alone had such files
_FORMAT = "palate chain 4"
_SIDE = ("mean", "precision", "weights", "strengths", "own")
_TIME = {  # to names in the file
    "user_shift": "user_shift",
    "item_shift": "item_shift",
    "strengths": "strengths",
    "session_effect": "mood",
}


def digest_of(
    trainer: Trainer,
    problem: Problem,
    features: dict[str, SideFeatures],
    start: FactorModel | None,
    seed: int,
) -> str:
    """Return a digest of trainer, seed, ratings, held-out ratings, features and start.

    It tells a run from all others.
    """
    text = json.dumps([type(trainer).__name__, asdict(trainer), seed], sort_keys=True)
    found = hashlib.sha256(text.encode())
    ratings, rows = problem.ratings, problem.by_user
    arrays = [rows.indptr, rows.columns, rows.values, rows.weights, problem.held_out, ratings.value]
    for block in (block for side in features.values() for block in side.blocks):
        arrays += [block.indptr, block.columns]
    if getattr(trainer, "time", ""):
        arrays.append(problem.times)
    if start is not None:
        arrays += [start.user_factors, start.item_factors, start.user_bias, start.item_bias]
    for array in arrays:
        found.update(np.ascontiguousarray(array).data)
    ids = ratings.users.values.to_list() + ratings.items.values.to_list()
    found.update("\n".join(map(str, ids)).encode("utf-8"))
    return found.hexdigest()


def refit_path(path: str | os.PathLike[str] | None) -> str | None:
    """Return where the second run of `refit=True` keeps its state, beside the first run's."""
    return None if path is None else f"{os.fspath(path)}.refit"


def remove_chains(path: str | os.PathLike[str] | None) -> None:
    """Remove the files of a fit that is complete."""
    for one in (path, refit_path(path)):
        if one is not None:
            Path(one).unlink(missing_ok=True)


def save_chain(
    path: str | os.PathLike[str],
    digest: str,
    chain: int,
    sweep: int,
    state: ChainState,
    kept: Kept,
    reports: list[SweepReport],
) -> None:
    """Write the state after a sweep, atomically."""
    tensors = {"cutpoints": state.cutpoints, "latent": state.latent}
    for name, side in (("user", state.users), ("item", state.items)):
        tensors[f"{name}.factors"], tensors[f"{name}.bias"] = side.vectors.factors, side.vectors.bias
        tensors |= {f"{name}.{part}": getattr(side, part) for part in _SIDE}
    tensors |= {f"time.{name}": getattr(state.time, part) for part, name in _TIME.items()}
    for key in kept.draws[0] if kept.draws else ():
        tensors[f"draws.{key}"] = np.stack([draw[key] for draw in kept.draws])
    tensors |= {"total": kept.total, "kept_total": kept.kept_total}
    if kept.traces:
        tensors["traces"] = np.stack(kept.traces)
    numbers = {
        "chain": chain,
        "sweep": sweep,
        "noise": state.noise.hex(),
        "degrees": [side.degrees.hex() for side in (state.users, state.items)],
        "mood_precision": state.time.session_effect_precision.hex(),
        "n_counted": kept.n_counted,
        "means": [value.hex() for value in kept.means],
        "reports": [asdict(report) for report in reports],
    }
    save_run(path, _FORMAT, digest, tensors, numbers)


def load_chain(
    path: str | os.PathLike[str], digest: str
) -> tuple[int, int, ChainState, Kept, list[SweepReport]] | None:
    """Return chain, sweep, state, kept draws and reports of the run with this digest.

    None if there is no such file.

    Raises
    ------
    RunFileError
        If the file is damaged, or of another run.
    """
    found = load_run(path, _FORMAT, digest)
    if found is None:
        return None
    tensors, numbers = found
    sides = [
        SideState(
            vectors=Side(tensors[f"{name}.factors"], tensors[f"{name}.bias"]),
            degrees=float.fromhex(degrees),
            **{part: tensors[f"{name}.{part}"] for part in _SIDE},
        )
        for name, degrees in zip(("user", "item"), numbers["degrees"], strict=True)
    ]
    parts = {part: tensors[f"time.{name}"] for part, name in _TIME.items()}
    time = TimeState(**parts, session_effect_precision=float.fromhex(numbers["mood_precision"]))
    noise = float.fromhex(numbers["noise"])
    state = ChainState(sides[0], sides[1], noise, tensors["cutpoints"], tensors["latent"], time)
    reports = [SweepReport(**report) for report in numbers["reports"]]
    return numbers["chain"], numbers["sweep"], state, _kept(tensors, numbers), reports


def _kept(tensors: dict[str, np.ndarray], numbers: dict[str, Any]) -> Kept:
    named = (name for name in tensors if name.startswith("draws."))
    stacked = {name.removeprefix("draws."): tensors[name] for name in named}
    n = len(next(iter(stacked.values()))) if stacked else 0
    return Kept(
        draws=[{name: array[draw] for name, array in stacked.items()} for draw in range(n)],
        total=tensors["total"],
        kept_total=tensors["kept_total"],
        n_counted=numbers["n_counted"],
        traces=list(tensors["traces"]) if "traces" in tensors else [],
        means=[float.fromhex(value) for value in numbers["means"]],
    )
