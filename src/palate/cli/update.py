"""`palate update`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate._words import counted
from palate.cli import options
from palate.cli.arguments import load
from palate.cli.errors import usage_error
from palate.cli.input import busy, read
from palate.cli.messages import to_paste
from palate.cli.output import print_json, print_text, print_verbatim
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.writing import check_model_file, instead
from palate.model.nouns import noun_of

if TYPE_CHECKING:
    from palate.data.dataset import Dataset
    from palate.data.ratings import Ratings
    from palate.experiments.drift import Drift
    from palate.model.model import Model


@reads_ratings()
def update(
    model: Path,
    ratings: Path,
    output: options.Output = None,
    reading: Reading = AS_GIVEN,
    drift: bool = False,
    threads: options.Threads = None,
    as_json: options.Json = False,
) -> None:
    """Add ratings, with the users and items that are new in them, to a model without training it again.

    If the model already has a rating for a pair, the later one counts, unless --duplicates says
    otherwise.

    Examples:

        palate update model.palate today.csv

        palate update model.palate today.csv -o updated.palate

    Parameters
    ----------
    ratings : RATINGS
        File with new ratings.
    output : FILE
        File for the updated model. Default: MODEL is replaced.
    drift
        Also train again on all ratings, and show how much the update differs.
    """
    from palate.model.folded import scale_of
    from palate.model.updating import of_counts

    target = model if output is None else output
    loaded = load(model, others=[str(ratings)])
    check_model_file(target)
    scale = scale_of(loaded)
    if reading.get("no_rating") and scale is not None:
        raise usage_error(
            f"--no-rating must be left out: {model} is of ratings from {scale[0]:g} to {scale[1]:g}, to "
            "which rows without one cannot be added"
        )
    data = read(ratings, {**reading, "counts": of_counts(loaded), "like": loaded})
    began = time.perf_counter()
    with busy("updating"):
        updated = loaded.update(data, duplicates=reading.get("duplicates"), threads=threads)
    seconds = time.perf_counter() - began
    replaced = instead(target)
    updated.save(target)
    apart = _drift(updated, loaded, threads) if drift else None
    if as_json:
        about = {"update_seconds": round(seconds, 3), "drift": None if apart is None else apart.to_dict()}
        print_json({**_document(updated, loaded, data, target), "replaced": bool(replaced), **about})
        return
    _show(updated, data.ratings, ratings, seconds)
    print_text("", f"Saved {target} ({target.stat().st_size:,} bytes){replaced}.")
    if apart is not None:
        print_text("", *apart.sentences(), "")
    if len(data.ratings):
        first = data.ratings.users.id(int(data.ratings.user_index[0]))
        print_verbatim(f"Next: {to_paste('recommend', target, first)}")


def _show(now: "Model", given: "Ratings", path: Path, seconds: float) -> None:
    """Print what was read, what became of it, and what the model now holds."""
    print_text(f"Read {path}: {counted(len(given), noun_of(now))}.")
    print_text(f"{now.history.stopped} It took {seconds:.1f} s.", *now.history.notes)
    print_text(
        f"The model now holds {counted(_n_ratings(now), noun_of(now))} of {counted(now.n_items, 'item')} by "
        f"{counted(now.n_users, 'user')}."
    )


def _document(now: "Model", before: "Model", data: "Dataset", target: Path) -> dict[str, Any]:
    """Return what the update is for JSON."""
    return {
        "output": target,
        "output_bytes": target.stat().st_size,
        "n_given": len(data.ratings),
        "n_users": now.n_users,
        "n_items": now.n_items,
        "n_ratings": _n_ratings(now),
        "n_new_users": now.n_users - len(before.users),
        "n_new_items": now.n_items - len(before.items),
        "n_new_ratings": _n_ratings(now) - _n_ratings(before),
        "stopped": now.history.stopped,
        "notes": list(now.history.notes),
    }


def _n_ratings(model: "Model") -> int:
    return 0 if model.ratings is None else len(model.ratings)


def _drift(updated: "Model", before: "Model", threads: int | None) -> "Drift":
    from palate.experiments.drift import drift

    with busy("training again"):
        return drift(updated, before=before, threads=threads)
