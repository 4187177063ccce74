"""Cross-validation: every rating is tested once by a model that has not seen it."""

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, check_count
from palate._parallel import check_threads
from palate._words import one_or_more
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.forks import needs_threads
from palate.data.ratings import Ratings
from palate.evaluation.combining import pool
from palate.evaluation.evaluating import check_bootstrap, evaluate
from palate.evaluation.evaluation import Evaluation
from palate.evaluation.named import named_if_mapped, unique_name
from palate.evaluation.notes import without_relevant
from palate.splits.methods import k_fold
from palate.splits.parts import Folds, Split
from palate.training.progress import silent

if TYPE_CHECKING:
    from palate.training.trainer import Trainer


@needs_threads("crossval")
def crossval(
    trainers: object,
    ratings: Ratings | Dataset,
    *,
    folds: int | Folds = 5,
    seed: int = 0,
    k: int | Sequence[int] = (5, 10, 20),
    relevant_from: float | None = None,
    gain: str = "binary",
    validation: float = 0.05,
    refit: bool = False,
    catalog: Catalog | None = None,
    baselines: bool = True,
    resamples: int = 1000,
    confidence: float = 0.95,
    parallel: int = 1,
    threads: int | None = None,
    callback: Callable[[int, int], object] | None = None,
) -> Evaluation:
    """Return the metrics of trainers in k-fold cross-validation.

    The baseline and the most popular items are evaluated beside them.

    Figures are computed over all folds together: RMSE and MAE over all ratings, list metrics as
    means over users of the mean over their folds. `by_fold` has the figures of each fold.

    Parameters
    ----------
    trainers : trainer, list of trainers, or dict of names to trainers
    ratings : Ratings
    folds : int or Folds, default 5
        Number of folds, or folds from `palate.splits.k_fold`.
    seed : int, default 0
        Seed of the folds, of training and of the bootstrap.
    k, relevant_from, gain, baselines, resamples, confidence
        As in `palate.evaluate`.
    validation : float, default 0.05
        Share of each fold's training ratings held out to decide when to stop.
    refit : bool, default False
        Whether to train once more with these before the test. It does not apply to `Recommender`
        and other trainers whose `fit` has no `refit`.
    catalog : Catalog, optional
        Catalog of the items, for trainers with `item_features`.
    parallel : int, default 1
        Number of folds that are trained at the same time. The result does not depend on it.
    threads : int, optional
        Number of threads for all folds together; by default one for each processor.
    callback : callable, optional
        Called after each fold with the number of finished folds and of all folds. An exception ends
        the evaluation.

    Returns
    -------
    Evaluation

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or is out of range, or the folds are of other ratings.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> result = palate.crossval(palate.LeastSquares(n_factors=8), ratings, folds=2, k=(), resamples=0)
    >>> result.by_fold["fold"].n_unique()
    2
    """
    check_bootstrap(resamples, confidence, seed)
    named = named_trainers(trainers)
    ratings, catalog = with_catalog(ratings, catalog)
    parts = _folds(ratings, folds, seed)
    n_at_once = min(check_count("parallel", parallel, 1), len(parts))
    each = max(1, check_threads(threads) // n_at_once)

    def work(split: Split) -> Evaluation:
        models = {
            name: trainer.fit(
                split.train,
                validation=validation,
                **_refitting(trainer, refit),
                catalog=catalog,
                callback=silent,
                threads=each,
                seed=seed,
            )
            for name, trainer in named.items()
        }
        return evaluate(
            models,
            split,
            k=k,
            relevant_from=relevant_from,
            gain=gain,
            baselines=baselines,
            resamples=0,
            threads=each,
        )

    results = _of_each(parts, work, n_at_once, callback)
    return _pooled(results, parts, resamples, confidence, seed)


def _of_each(
    parts: Folds,
    work: Callable[[Split], Evaluation],
    n_at_once: int,
    callback: Callable[[int, int], object] | None,
) -> list[Evaluation]:
    """Return what `work` returns of each fold, some at once; an exception leaves out those not yet begun."""
    results: list[Evaluation] = []
    with ThreadPoolExecutor(n_at_once, thread_name_prefix="palate-fold") as pool_of_threads:
        try:
            for result in pool_of_threads.map(work, parts):
                results.append(result)
                if callback is not None:
                    callback(len(results), len(parts))
        except BaseException:
            pool_of_threads.shutdown(wait=False, cancel_futures=True)
            raise
    return results


def named_trainers(trainers: object) -> dict[str, Any]:
    """Return the trainers by name; of equal names the later ones are numbered.

    Raises
    ------
    TypeError
        If one has no method `fit`.
    """
    named: dict[str, Any] = {}
    for trainer, name in named_if_mapped(trainers):
        own = unique_name(type(trainer).__name__, list(named)) if name is None else name
        named[own] = trainer
    if not named:
        raise ArgumentError("trainers", "hold at least one trainer", "none")
    for name, trainer in named.items():
        if isinstance(trainer, type) or not callable(getattr(trainer, "fit", None)):
            advice = "Pass an instance, such as LeastSquares()."
            raise ArgumentTypeError("trainers", "have a method fit", f"{trainer!r} as {name!r}", advice)
    return named


def _folds(ratings: Ratings, folds: int | Folds, seed: int) -> Folds:
    if not isinstance(folds, Folds):
        return k_fold(ratings, folds, seed=seed)
    if folds.ratings is not ratings:
        advice = "Pass folds.ratings, or load them with these ratings."
        raise ArgumentError("folds", "be of these ratings", "folds of others", advice)
    return folds


def _pooled(
    results: list[Evaluation], parts: Folds, resamples: int, confidence: float, seed: int
) -> Evaluation:
    whole = pool(results)
    about = {
        **whole.about,
        "n_items": int(np.count_nonzero(np.bincount(parts.ratings.item_index))),
        "n_folds": len(parts),
        "fold_seed": parts.parameters.get("seed"),
    }
    return replace(
        whole,
        about=about,
        notes=tuple(_notes(whole, about)),
        resamples=resamples,
        confidence=confidence,
        seed=seed,
    )


def _notes(whole: Evaluation, about: dict[str, Any]) -> list[str]:
    notes = [
        f"Each rating was tested once, in one of {about['n_folds']} folds, by a model trained on the other "
        f"folds."
    ]
    cold = whole.outcomes[0].cold
    notes += [
        one_or_more(cold[f"{side}s_ratings"], "test rating", "is", "are")
        + f" of {side}s without training ratings in their fold. The prediction there is that for an "
        f"average {side}."
        for side in ("user", "item")
        if cold[f"{side}s_ratings"]
    ]
    return notes + without_relevant(about, "rating")


def _refitting(trainer: "Trainer", refit: bool) -> dict[str, bool]:
    """Return the option to train once more, where a trainer has it."""
    return {"refit": refit} if "refit" in inspect.signature(trainer.fit).parameters else {}
