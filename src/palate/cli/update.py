"""`palate update`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import options
from palate.cli.messages import to_paste
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.writing import instead

if TYPE_CHECKING:
    from palate.experiments.drift import Drift
    from palate.model.model import Model


@reads_ratings()
def update(
    model: options.Model,
    ratings: Annotated[Path, typer.Argument(metavar="RATINGS", help="File with new ratings.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="File for the updated model. Default: MODEL is replaced."
        ),
    ] = None,
    reading: Reading = AS_GIVEN,
    drift: Annotated[
        bool,
        typer.Option(
            "--drift", help="Also train again on all ratings, and show how much the update differs."
        ),
    ] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Number of threads; by default one for each processor.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Add ratings, with the users and items that are new in them, to a model without training it again.

    If the model already has a rating for a pair, the later one counts, unless --duplicates says
    otherwise.

    Examples:

        palate update model.palate today.csv

        palate update model.palate today.csv -o updated.palate
    """
    from palate.cli.arguments import load
    from palate.cli.input import busy, read
    from palate.cli.output import check_writable, counted, print_json, print_text, print_verbatim
    from palate.model.updating import of_counts

    target = model if output is None else output
    loaded = load(model, others=[str(ratings)])
    check_writable(target)
    data = read(ratings, {**reading, "counts": of_counts(loaded), "like": loaded})
    began = time.perf_counter()
    with busy("updating"):
        updated: Any = loaded.update(data, duplicates=reading.get("duplicates"), threads=threads)
    seconds = time.perf_counter() - began
    replaced = instead(target)
    updated.save(target)
    size = target.stat().st_size
    apart = _drift(updated, loaded, threads) if drift else None
    if as_json:
        print_json(
            {
                "output": str(target),
                "output_bytes": size,
                "replaced": bool(replaced),
                "n_given": len(data.ratings),
                "n_users": updated.n_users,
                "n_items": updated.n_items,
                "n_ratings": len(updated.ratings),
                "n_new_users": updated.n_users - loaded.n_users,
                "n_new_items": updated.n_items - loaded.n_items,
                "n_new_ratings": len(updated.ratings)
                - (0 if loaded.ratings is None else len(loaded.ratings)),
                "update_seconds": round(seconds, 3),
                "stopped": updated.history.stopped,
                "notes": list(updated.history.notes),
                "drift": None if apart is None else apart.to_dict(),
            }
        )
        return
    print_text(f"Read {ratings}: {counted(len(data.ratings), 'rating')}.")
    print_text(f"{updated.history.stopped} It took {seconds:.1f} s.")
    for note in updated.history.notes:
        print_text(note)
    now = (
        f"{counted(len(updated.ratings), 'rating')} of {counted(updated.n_items, 'item')} by "
        f"{counted(updated.n_users, 'user')}"
    )
    print_text(f"The model now holds {now}.", "", f"Saved {target} ({size:,} bytes){replaced}.")
    if apart is not None:
        print_text("", *apart.sentences(), "")
    if len(data.ratings):
        print_verbatim(
            f"Next: {to_paste('recommend', target, data.ratings.users.id(int(data.ratings.user_index[0])))}"
        )


def _drift(updated: "Model", before: "Model", threads: int | None) -> "Drift":
    from palate.cli.input import busy
    from palate.experiments.drift import drift

    with busy("training again"):
        return drift(updated, before=before, threads=threads)
