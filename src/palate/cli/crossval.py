"""`palate crossval`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palate.cli import evaluation_options, options
from palate.cli.errors import usage_error
from palate.cli.hyperparameters import chosen, takes_counts, trainer_of
from palate.cli.input import busy, read_or_bundled
from palate.cli.output import check_output, print_text
from palate.cli.reading_options import AS_GIVEN, Reading, reads_ratings
from palate.cli.writing import check_writable, instead

if TYPE_CHECKING:
    from palate.data.ratings import Ratings
    from palate.splits.parts import Folds


@reads_ratings()
def crossval(
    ctx: typer.Context,
    ratings: options.OptionalFile = None,
    reading: Reading = AS_GIVEN,
    trainer: str = "least-squares",
    folds: Annotated[int, typer.Option(min=2)] = 5,
    split: Path | None = None,
    save_split: Path | None = None,
    validation: float = 0.05,
    refit: bool = False,
    k: options.Lengths = None,
    no_lists: bool = False,
    relevant_from: float | None = None,
    no_baselines: bool = False,
    resamples: options.NotNegative = 1000,
    seed: options.NotNegative = 0,
    parallel: Annotated[int, typer.Option(min=1)] = 1,
    threads: options.Threads = None,
    by: str | None = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Evaluate a trainer by cross-validation.

    Examples:

        palate crossval ratings.csv --folds 3 --n-factors 16

        palate crossval ratings.csv --trainer recommender

        palate crossval ratings.csv --no-lists --save-split folds.split

    Parameters
    ----------
    ratings : [RATINGS]
        Rating file, or a folder or .zip with one. Default: the bundled ratings.
    trainer : NAME
        Trainer, one of those of palate train. recommender is what palate train trains without
        options.
    folds
        Number of folds.
    split : FILE
        File with saved folds to use.
    save_split : FILE
        File in which to save the folds.
    validation : SHARE
        Share of each training part held out to decide when to stop.
    refit
        Train once more on the whole training part before the test.
    seed
        Seed of the folds, of training and of the bootstrap.
    parallel : N
        Number of folds that are trained at the same time.
    """
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
