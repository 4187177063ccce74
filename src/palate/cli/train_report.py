"""What `palate train` prints in the end."""

from typing import TYPE_CHECKING, Any

from palate._words import counted
from palate.cli.candidates import show_candidates
from palate.cli.messages import to_paste
from palate.cli.output import print_cells, print_json, print_text, print_verbatim
from palate.cli.train_fit import How, Outcome
from palate.model.nouns import noun_of

if TYPE_CHECKING:
    from palate.data.ratings import Ratings


def report(outcome: Outcome, how: How, as_json: bool, replaced: str) -> None:
    """Print what was trained and how good it is; `replaced` says what became of the file before."""
    history = outcome.model.history
    if as_json:
        print_json({**_document(outcome, how), "replaced": bool(replaced)})
        return
    name, sweeps = outcome.model.trainer["name"], len(history.sweeps)
    draws = getattr(outcome.model, "n_draws", 1)
    kept = f"of which sweep {history.best_sweep} is kept" if draws == 1 else f"{draws} draws kept"
    ran = f": {counted(sweeps, 'sweep')}, {kept}" if sweeps else ""
    trained_on = counted(history.n_train, noun_of(outcome.model))
    print_text(f"Trained {name} on {trained_on} in {outcome.train_seconds:.1f} s{ran}. {history.stopped}")
    show_candidates(outcome.model)
    for note in history.notes:
        print_text(note)
    if outcome.errors:
        _show_errors(outcome)
    if outcome.lists is not None and outcome.lists["lost"]:
        print_text("", _lost(outcome.lists))
    size = how.output.stat().st_size
    users = outcome.model.users
    first = next(
        (users.id(row) for row in range(min(len(users), 100)) if str(users.id(row)).isprintable()),
        users.id(0),
    )
    print_text("", f"Saved {how.output} ({size:,} bytes){replaced}.")
    if how.checkpoint is not None:
        print_text(f"The checkpoint of the last sweep is {how.checkpoint}{how.instead}.")
    print_verbatim(f"Next: {to_paste('recommend', how.output, first)}")


def _lost(lists: dict[str, Any]) -> str:
    return (
        "The lists for held-out ratings are worse than those of the most popular items: nDCG@10 "
        f"{lists['ndcg@10']:.3f} against {lists['most_popular']:.3f} ({lists['n_users']:,} users; 95 % "
        f"interval of the difference: {lists['difference_low']:+.3f} to {lists['difference_high']:+.3f}). "
        "Without options of a trainer, palate train chooses a model for lists."
    )


def _show_errors(outcome: Outcome) -> None:
    n = int(len(outcome.data.ratings) - outcome.model.history.n_train) or outcome.model.history.n_validation
    about = (
        "predictions clipped to the scale" if outcome.clipped else "before the refit, predictions not clipped"
    )
    print_text("", f"Errors on held-out ratings ({f'{n:,}, ' if n else ''}{about}):", "")
    rows = [[name, f"{found['rmse']:.4f}", f"{found['mae']:.4f}"] for name, found in outcome.errors.items()]
    print_cells(["", "RMSE", "MAE"], *rows)
    rmse = [found["rmse"] for found in outcome.errors.values()]
    low, high = outcome.data.ratings.value.min(), outcome.data.ratings.value.max()
    if len(rmse) > 1 and rmse[0] >= rmse[1] and low < high:  # of equal ratings the fit has said so
        print_text(
            "",
            "The baseline is as good. There may be too few ratings for factors, or the penalty "
            "may be too small (--l2-user, --l2-item).",
        )


def _document(outcome: Outcome, how: How) -> dict[str, Any]:
    ratings: Ratings = outcome.data.ratings
    history = outcome.model.history
    return {
        "output": how.output,
        "output_bytes": how.output.stat().st_size,
        "n_ratings": len(ratings),
        "n_users": ratings.n_users,
        "n_items": ratings.n_items,
        "n_duplicates": ratings.n_duplicates,
        "scale": list(ratings.scale),
        "scale_declared": ratings.declared,
        "n_train": history.n_train,
        "n_validation": history.n_validation,
        "read_seconds": round(outcome.read_seconds, 3),
        "train_seconds": round(outcome.train_seconds, 3),
        "sweeps": len(history.sweeps),
        "best_sweep": history.best_sweep,
        "stopped": history.stopped,
        "notes": list(history.notes),
        "trainer": dict(outcome.model.trainer),
        "errors": outcome.errors,
        "errors_clipped": outcome.clipped,
        "lists": outcome.lists,
    }
