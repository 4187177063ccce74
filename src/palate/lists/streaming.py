"""The lists of every user as one Parquet file, made block by block and continued after an interrupt."""

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate._files import replace_file
from palate.data import columns as names
from palate.data.arguments import warn_caller
from palate.data.forks import require_threads
from palate.data.frames import to_polars
from palate.data.series import to_series
from palate.lists.filters import EmptyResultWarning
from palate.lists.recommending import check_n
from palate.scorer import Scorer

ROWS_PER_BLOCK = 1 << 17
_PLAN = "plan.json"
Progress = Callable[[int, int], object]


class Recommends(Scorer, Protocol):
    """A model whose lists are written."""

    @property
    def trainer(self) -> Mapping[str, Any]: ...
    @property
    def recommend(self) -> Callable[..., Any]: ...


def recommend_all(
    model: Recommends,
    path: str | os.PathLike[str],
    n: int = 5,
    *,
    progress: Progress | None = None,
    **options: object,
) -> Path:
    """Write the lists of every user to a Parquet file and return its path.

    Memory does not grow with the number of users. Blocks of users are kept in the folder
    `PATH.parts` until all are there; the same call after an interrupt goes on with the first block
    that is missing, and gives the same file.

    Parameters
    ----------
    model : any model of palate
    path : path
        Must end in `.parquet`; a file that is there is replaced once all lists are made.
    n : int, default 5
        Items per user.
    progress : callable, optional
        Called with the number of users done and of all users, after each block.
    **options
        Those of the model's `recommend`.

    Returns
    -------
    Path
        Of the file: columns user_id, item_id, rank, predicted_rating (or score) and what else
        `recommend` says of a pair. What the catalog knows is not repeated for every user: join it
        by item_id.

    Raises
    ------
    ValueError
        If the path does not end in `.parquet`, or the folder of parts holds those of another model,
        another catalog or other options.
    FileNotFoundError
        If the folder of the path does not exist.

    Warns
    -----
    EmptyResultWarning
        If nothing is left for some users, who are then not in the file.
    """
    require_threads("recommend_all")
    target, n = Path(path), check_n(n)
    if target.suffix.lower() != ".parquet":
        raise ArgumentError("path", "end in .parquet", f"'{target}'")
    if "users" in options:
        raise ArgumentError("users", "be left out of recommend_all, which makes the lists of every user")
    if not target.absolute().parent.is_dir():
        raise FileNotFoundError(f"could not write '{target}' (no such folder): create the folder first.")
    n_users = len(model.users)
    size = max(1, min(ROWS_PER_BLOCK // n, 1 << 14))
    parts = target.with_name(target.name + ".parts")
    _begin(parts, _plan(model, n, size, options))
    starts = range(0, n_users, size)
    with _said_once(), _removed_if_empty(parts):
        for start in starts:
            stop = min(start + size, n_users)
            part = _part(parts, start)
            if not part.exists():
                _write(_block(model, np.arange(start, stop), n, options), part)
            if progress is not None:
                progress(stop, n_users)
    _put_together([_part(parts, start) for start in starts], target)
    shutil.rmtree(parts)
    _warn_of_missing(target, n_users)
    return target


def _block(model: Recommends, index: np.ndarray, n: int, options: dict[str, object]) -> pl.DataFrame:
    """Return the lists of some users without what the catalog says of the items."""
    frame = to_polars(model.recommend(model.users.take(index), n, **options))
    described = [] if model.catalog is None else model.catalog.frame.columns[1:]
    return frame.drop([*described, names.N_RATINGS, names.MEAN_RATING], strict=False)


def _part(parts: Path, start: int) -> Path:
    return parts / f"{start:012d}.parquet"


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Write a part under another name, and rename it when it is complete."""
    unfinished = path.with_suffix(".unfinished")
    frame.write_parquet(unfinished)
    os.replace(unfinished, path)


def _put_together(files: list[Path], target: Path) -> None:
    """Write one file from all parts, in their order, a piece at a time."""
    unfinished = files[0].with_name("whole.unfinished") if files else target
    pl.scan_parquet(files).sink_parquet(unfinished, maintain_order=True)
    os.replace(unfinished, target)


def _begin(parts: Path, plan: dict[str, Any]) -> None:
    """Make the folder of parts, or check that what is there are parts of the same lists."""
    file = parts / _PLAN
    if parts.exists() and any(parts.iterdir()):
        kept = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        if kept != plan:
            other = [name for name in plan if kept.get(name) != plan[name]]
            raise ValueError(
                f"path must not have parts of other lists; '{parts}' has parts made with another "
                f"{', '.join(other)}. Remove that folder, or name another file."
            )
        return
    parts.mkdir(exist_ok=True)
    replace_file(file, [json.dumps(plan).encode()])


def _plan(model: Recommends, n: int, size: int, options: dict[str, object]) -> dict[str, Any]:
    """Return everything on which the lists depend; the number of threads is not part of it."""
    given = {
        name: to_series(value).to_list()
        if name in ("candidates", "exclude_items") and value is not None
        else str(value)
        for name, value in sorted(options.items())
        if name != "threads"
    }
    return {
        "model": _fingerprint(model),
        "catalog": None
        if model.catalog is None
        else _digest(model.catalog.frame.hash_rows(seed=0).to_numpy().tobytes()),
        "n": n,
        "block": size,
        "options": _digest(json.dumps(given, default=str).encode()),
    }


def _fingerprint(model: Recommends) -> str:
    """Return a digest that tells models apart: ids, what was rated, and the scores of three users."""
    known = len(model.users)
    ends = sorted({0, known // 2, known - 1}) if known else []
    parts = [repr((known, len(model.items), dict(model.trainer))).encode()]
    parts += [
        vocabulary.values.hash(seed=0).to_numpy().tobytes() for vocabulary in (model.users, model.items)
    ]
    if model.ratings is not None:
        parts += [model.ratings.indptr.tobytes(), model.ratings.items.tobytes()]
    if ends:
        parts.append(np.asarray(model.score_items(np.array(ends))).tobytes())
    return _digest(*parts)


def _digest(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


@contextmanager
def _removed_if_empty(parts: Path) -> Iterator[None]:
    """Remove the folder of parts after an error before the first part, such as a wrong option.

    Otherwise the same call with correct options would be refused.
    """
    try:
        yield
    except BaseException:
        if not any(parts.glob("*.parquet")):
            shutil.rmtree(parts, ignore_errors=True)
        raise


@contextmanager
def _said_once() -> Iterator[None]:
    """Let each kind of warning through once, without those of empty lists, which are counted at the end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    said = set()
    for warning in caught:
        if warning.category not in said and not issubclass(warning.category, EmptyResultWarning):
            said.add(warning.category)
            warn_caller(str(warning.message), warning.category)


def _warn_of_missing(target: Path, n_users: int) -> None:
    listed = pl.scan_parquet(target).select(pl.col(names.USER_ID).n_unique()).collect().item()
    if listed < n_users:
        whom = f"{n_users - listed:,} of {n_users:,} users, who are not in '{target}'"
        warn_caller(f"no item is left to recommend to {whom}.", EmptyResultWarning)
