"""`palate evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate.cli import evaluation_options, options
from palate.cli.arguments import models_in
from palate.cli.errors import say, usage_error
from palate.cli.id_lists import listed_ids
from palate.cli.input import busy, read_part
from palate.cli.output import PICTURES, check_output, print_json, print_text
from palate.cli.reading_options import AS_GIVEN, ITEM_SIDE, Reading, reads_ratings
from palate.datasets import load

if TYPE_CHECKING:
    from palate.data.ratings import Ratings
    from palate.splits.parts import Split

BUNDLED_SHARE = 0.2


@reads_ratings(without=ITEM_SIDE)
def evaluate(
    models: Annotated[list[Path] | None, typer.Argument()] = None,
    test: Path | None = None,
    train: Path | None = None,
    reading: Reading = AS_GIVEN,
    k: options.Lengths = None,
    no_lists: bool = False,
    candidates: str | None = None,
    relevant_from: float | None = None,
    no_baselines: bool = False,
    resamples: options.NotNegative = 1000,
    seed: options.NotNegative = 0,
    threads: options.Threads = None,
    by: str | None = None,
    cases: Path | None = None,
    curves: Path | None = None,
    as_json: options.Json = False,
    output: options.Output = None,
) -> None:
    """Evaluate models on test ratings, and compare them with simple references.

    Examples:

        palate evaluate

        palate evaluate model.palate --k 5 --k 20

        palate evaluate old.palate new.palate --test later.csv

        palate evaluate new.palate --cases looks-wrong.jsonl

    Parameters
    ----------
    models : MODEL
        Model files. Without them, the default settings are evaluated on the bundled ratings.
    test : RATINGS
        Test ratings. Default: the ratings that the first model held out.
    train : RATINGS
        Training ratings, for models that were saved without them.
    candidates : IDS
        Rank only these items: ids separated by commas, or a file with one id per line.
    seed
        Seed of the bootstrap and of the split of the bundled ratings.
    cases : FILE
        File of palate explore with recommendations that look wrong: show only which of them the
        model still makes.
    curves : FILE
        File for a plot of hit rate and recall by length of the list: .png, .svg or .pdf.
    """
    from palate.evaluation.evaluating import evaluate as evaluate_models

    if cases is not None:
        _check_cases(models, cases, as_json)
        return
    ks = evaluation_options.lengths(k, no_lists)
    evaluation_options.check_view(by, ("activity", "popularity", "known", "user"))
    check_output(output)
    if curves is not None and no_lists:
        raise usage_error("choose --curves or --no-lists, not both")
    check_output(curves, "--curves", PICTURES)
    if not models and (test is not None or train is not None):
        raise usage_error("--test and --train must be given with model files")
    title = ""
    if models:
        chosen = models_in(models)
        part, known = (read_part(path, list(chosen.values()), reading) for path in (test, train))
    else:
        chosen, part, title = _bundled(seed, threads)
        known = None
    asked: dict[str, Any] = {
        # Read as for the first model; what no model knows is told in a note.
        "candidates": listed_ids(next(iter(chosen.values())), candidates, unknown="keep"),
        "relevant_from": relevant_from,
        "train": known,
        "baselines": not no_baselines,
        "seed": seed,
        "threads": threads,
    }
    with busy("testing"):
        evaluation = evaluate_models(chosen, part, k=ks, resamples=resamples, **asked)
        evaluation.table()  # the bootstrap runs here
    if curves is not None:
        _draw_curves(curves, chosen, part, min(resamples, 200), asked)
    evaluation_options.show(evaluation, by, as_json, output, title)


def _draw_curves(
    path: Path, models: dict[str, Any], part: "Ratings | Split | None", resamples: int, asked: dict[str, Any]
) -> None:
    from palate.evaluation.curves import hit_curves

    with busy("drawing"):
        hit_curves(models, part, resamples=resamples, **asked).plot(path)
    say(f"note: the hit curves are in {path}.")


def _check_cases(models: list[Path] | None, path: Path, as_json: bool) -> None:
    """Say for each case whether the item is still among the user's first ten.

    If any is, the exit code is 1.
    """
    from palate.explorer.cases import check_cases, read_cases

    if not models:
        raise usage_error("--cases must be given with model files")
    known = read_cases(path)
    found = [
        (name, finding) for name, model in models_in(models).items() for finding in check_cases(model, known)
    ]
    if as_json:
        rows = [
            {
                "model": name,
                "user": one.case.user,
                "item": one.case.item,
                "rank": one.rank or None,
                "problem": one.problem or None,
            }
            for name, one in found
        ]
        print_json(rows)
    else:
        for name, one in found:
            print_text(f"{name}: {one.words}")
        wrong = sum(one.rank > 0 for _, one in found)
        print_text(
            f"{wrong} of {len(found)} are still among the first ten." if found else f"{path} holds no cases."
        )
    if any(one.rank for _, one in found):
        raise typer.Exit(1)


def _bundled(seed: int, threads: int | None) -> tuple[Any, Any, str]:
    """Return a model with the default hyper-parameters, what it is tested on, and what to say about it."""
    from palate.splits.methods import random
    from palate.training.als.least_squares import LeastSquares

    split = random(load().ratings, BUNDLED_SHARE, seed=seed)
    model = LeastSquares().fit(split.train, threads=threads, seed=seed)
    title = (
        f"The bundled ratings, MovieLens-small: LeastSquares with its defaults, trained on "
        f"{1 - BUNDLED_SHARE:.0%} of them."
    )
    return {"LeastSquares": model}, split, title
