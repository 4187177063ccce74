"""What `palate train` fits and judges: the model, its errors and lists beside those of simple references."""

import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate.cli.errors import usage_error

if TYPE_CHECKING:
    import numpy as np

    from palate.data.dataset import Dataset
    from palate.data.ratings import Ratings
    from palate.model.factor_model import FactorModel
    from palate.model.history import SweepReport
    from palate.model.model import Model
    from palate.training.trainer import Trainer


@dataclass(frozen=True)
class How:
    """What `fit` is told beside the ratings, and where its result goes."""

    validation: float
    share: float | None  # of the ratings held out, where it was given
    seed: int
    threads: int | None
    start: "FactorModel | None"
    refit: bool
    checkpoint: Path | None
    instead: str  # what is said of a file that the checkpoint replaces
    output: Path
    keep_ratings: bool
    prepared: "np.ndarray | None" = None  # the ratings that `palate prepare` put aside
    extra: dict[str, Any] = field(default_factory=dict)  # what only one trainer's fit takes


@dataclass
class Outcome:
    """What came out: the model, the errors beside those of the baseline, and how long each part took."""

    data: "Dataset"
    model: "Model"
    reports: list["SweepReport"]
    read_seconds: float
    train_seconds: float = 0.0
    errors: dict[str, dict[str, float]] = field(default_factory=dict)
    clipped: bool = True
    lists: dict[str, Any] | None = None  # beside those of the most popular items


def fit(trainer: "Trainer", data: "Dataset", how: How, read_seconds: float) -> Outcome:
    """Fit the trainer, and show how far it is."""
    from palate.recommender.recommender import Recommender
    from palate.training.progress import Steps, TrainingBar

    began = time.perf_counter()
    reports: list[SweepReport] = []
    ratings, validation = _parts(data.ratings, how)
    options: dict[str, Any] = {"checkpoint": how.checkpoint, "threads": how.threads, "seed": how.seed}
    if isinstance(trainer, Recommender):
        _check_of_factors(how)
        if how.share is not None or how.prepared is not None:
            options["validation"] = validation
        with Steps() as steps:
            model: Model = trainer.fit(ratings, catalog=data.catalog, callback=steps, **options)
        return Outcome(data, model, reports, read_seconds, time.perf_counter() - began)
    options |= {"validation": validation, "start": how.start, "refit": how.refit, **how.extra}
    with TrainingBar(getattr(trainer, "max_sweeps", 1)) as bar:

        def after_sweep(report: "SweepReport") -> None:
            reports.append(report)
            bar(report)

        options["callback"] = after_sweep
        model = trainer.fit(ratings, catalog=data.catalog, **options)
    return Outcome(data, model, reports, read_seconds, time.perf_counter() - began)


def _check_of_factors(how: How) -> None:
    """Refuse options of trainers of factors, which the two heads of a recommender do not take."""
    if how.start is not None or how.refit or how.extra:
        raise usage_error(
            "--start, --refit and --user-table are for a trainer of factors, such as --trainer least-squares"
        )


def _parts(ratings: "Ratings", how: How) -> tuple["Ratings", "float | Ratings"]:
    """Return what is trained on and what is held out: a share, or the rows that were prepared for it."""
    if how.prepared is None:
        return ratings, how.validation
    return ratings.select(~how.prepared), ratings.select(how.prepared)


def judge(outcome: Outcome, how: How) -> None:
    """Add what became of the ratings held out, unless training was interrupted."""
    if not outcome.model.history.interrupted:
        _compare(outcome, how)
        outcome.lists = _lists(outcome.model, how)


def _compare(outcome: Outcome, how: How) -> None:
    """Add the errors of the model and of the baseline on the same held-out ratings."""
    from palate.inspect.errors import errors
    from palate.training.training_data import split

    if outcome.model.scale is None or outcome.model.trainer["name"] == "Recommender":
        # what it was chosen by is told; scores of counts are no ratings; `palate evaluate` judges
        # their lists
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fit has said it
        everything, held_out = split(*_parts(outcome.data.ratings, how), how.start, how.seed)
    if not held_out.any():
        return
    holdout = everything.select(held_out)
    train = everything.select(~held_out) if how.start is not None or how.prepared is not None else None
    del held_out  # a byte for each rating, while the baseline is trained
    models = {outcome.model.trainer["name"]: outcome.model}
    if outcome.model.trainer["name"] != "Baseline":
        models["Baseline"] = _baseline(everything, train, holdout, how)
    # the model before the refit is gone; what its sweeps reported is not clipped
    outcome.clipped = not how.refit
    for name, model in models.items():
        if how.refit and model is outcome.model:
            # not those of a second run
            judged = [report for report in outcome.reports if report.validation_mse is not None]
            best = min(judged, key=lambda report: report.validation_mse or 0.0)
            outcome.errors[name] = {"rmse": best.validation_rmse or 0.0, "mae": best.validation_mae or 0.0}
        else:
            found = errors(model, holdout, clip=outcome.clipped)
            outcome.errors[name] = {"rmse": found.rmse, "mae": found.mae}


def _lists(model: "Model", how: How) -> dict[str, Any] | None:
    """Return how good the lists for the ratings held out are beside those of the most popular items.

    A recommender has chosen among candidates with the most popular items among them, and tells of them.
    """
    from palate.evaluation.evaluating import beside_popular

    if model.trainer["name"] in ("Recommender", "Popular"):
        return None
    found = beside_popular(model, threads=how.threads)
    if found is None:
        return None
    evaluation, beside = found
    _, low, high = beside.interval
    return {
        "n_users": evaluation.about["n_users"] - evaluation.about["n_users_without_relevant"],
        "ndcg@10": evaluation.value("ndcg", 10),
        "most_popular": evaluation.value("ndcg", 10, beside.reference),
        "difference_low": low,
        "difference_high": high,
        "lost": beside.lost,
    }


def _baseline(everything: "Ratings", train: "Ratings | None", holdout: "Ratings", how: How) -> "FactorModel":
    """Return the baseline fitted with the model's own split.

    The same share and seed make the same split, without copies of the ratings; that of a starting model or
    of `palate prepare` is cut out before, as `train`.
    """
    from palate.training.baseline import Baseline

    quiet: dict[str, Any] = {"threads": how.threads, "callback": lambda report: None}
    if train is None:
        return Baseline().fit(everything, validation=how.validation, seed=how.seed, **quiet)
    return Baseline().fit(train, validation=holdout, **quiet)
