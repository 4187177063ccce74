"""`palate crossval`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palate.cli import evaluation_options, options
from palate.cli.errors import usage_error
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.writing import instead

if TYPE_CHECKING:
    from palate.data.ratings import Ratings
    from palate.splits.parts import Folds

Table = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RATINGS]",
        help="Rating file, or a folder or .zip with one. Default: the bundled ratings.",
    ),
]


@reads_ratings()
def crossval(
    ctx: typer.Context,
    ratings: Table = None,
    reading: Reading = AS_GIVEN,
    trainer: Annotated[
        str,
        typer.Option(metavar="NAME", help="Trainer: least-squares, gibbs, baseline or keras."),
    ] = "least-squares",
    folds: Annotated[int, typer.Option(min=2, help="Number of folds.")] = 5,
    split: Annotated[Path | None, typer.Option(metavar="FILE", help="File with saved folds to use.")] = None,
    save_split: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File in which to save the folds.")
    ] = None,
    validation: Annotated[
        float,
        typer.Option(metavar="SHARE", help="Share of each training part held out to decide when to stop."),
    ] = 0.05,
    refit: Annotated[
        bool, typer.Option("--refit", help="Train once more on the whole training part before the test.")
    ] = False,
    k: evaluation_options.Lengths = None,
    no_lists: evaluation_options.NoLists = False,
    relevant_from: evaluation_options.RelevantFrom = None,
    no_baselines: evaluation_options.NoBaselines = False,
    resamples: evaluation_options.Resamples = 1000,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of the folds, of training and of the bootstrap.")
    ] = 0,
    parallel: Annotated[
        int, typer.Option(min=1, metavar="N", help="Number of folds that are trained at the same time.")
    ] = 1,
    threads: options.Threads = None,
    by: evaluation_options.By = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Evaluate a trainer by cross-validation.

    Examples:

        palate crossval ratings.csv --folds 3 --n-factors 16

        palate crossval ratings.csv --no-lists --save-split folds.split
    """
    from palate.cli.hyperparameters import chosen, takes_counts, trainer_of
    from palate.cli.input import busy, read_or_bundled
    from palate.cli.output import check_output, check_writable
    from palate.evaluation.cross_validation import crossval as cross_validate

    chosen_trainer = trainer_of(trainer, chosen(ctx))
    ks = evaluation_options.lengths(k, no_lists)
    evaluation_options.check_view(by, evaluation_options.VIEWS)
    check_output(output)
    if save_split is not None:
        check_writable(save_split)
    data = read_or_bundled(ratings, {**reading, "counts": takes_counts(chosen_trainer)})
    parts = _folds(data.ratings, folds, seed, split)
    if save_split is not None:
        _save(parts, save_split, silent=as_json)
    with busy(f"training and testing {len(parts)} folds"):
        evaluation = cross_validate(
            chosen_trainer,
            data.ratings,
            catalog=data.catalog,
            folds=parts,
            seed=seed,
            k=ks,
            relevant_from=relevant_from,
            validation=validation,
            refit=refit,
            baselines=not no_baselines,
            resamples=resamples,
            parallel=parallel,
            threads=threads,
        )
        evaluation.table()  # the bootstrap runs here
    evaluation_options.show(evaluation, by, as_json, output)


def _save(parts: "Folds", path: Path, *, silent: bool) -> None:
    """Save the folds, and say so."""
    from palate.cli.output import print_text

    replaced = instead(path)
    parts.save(path)
    if not silent:
        print_text(f"Saved the folds as {path}{replaced}.", "")


def _folds(ratings: "Ratings", n_folds: int, seed: int, saved: Path | None) -> "Folds":
    """Return new folds, or the saved ones."""
    from palate.splits.file import load_split
    from palate.splits.methods import k_fold
    from palate.splits.parts import Folds

    if saved is None:
        return k_fold(ratings, n_folds, seed=seed)
    parts = load_split(saved, ratings)
    if not isinstance(parts, Folds):
        raise usage_error(f"--split must be a file of folds; {saved} holds one split, made by {parts.method}")
    return parts
