"""Drift: how far an updated model is from one that is trained again on the same ratings."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, check_count, check_seed
from palate._random import from_seed
from palate.data.forks import needs_threads
from palate.data.frames import from_polars
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.evaluation.evaluated_model import held_out_ratings, training_ratings
from palate.evaluation.evaluating import evaluate
from palate.evaluation.evaluation import Evaluation
from palate.lists.ranking import rank
from palate.model.model import Model
from palate.recommender.recommender import Recommender
from palate.training.als.least_squares import LeastSquares
from palate.training.baseline import Baseline
from palate.training.gibbs.trainer import Gibbs
from palate.training.linear import LinearItems
from palate.training.neighbours import Neighbours
from palate.training.popular import Popular
from palate.training.progress import silent
from palate.training.spectral import Spectral

TRAINERS = (LeastSquares, Gibbs, Baseline, Spectral, LinearItems, Neighbours, Popular, Recommender)
ALL, NEW, CHANGED, SAME = "all", "new", "changed", "unchanged"


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Drift:
    """How an updated model differs from one trained again on all of its ratings.

    Parameters
    ----------
    groups : frame
        A row for all users and for each group of users ("new", "changed", "unchanged") with the
        columns group, n_users, overlap (mean share of the first n items in both lists), and
        difference (root mean square difference of the predicted ratings of these items; null for
        scores).
    evaluation : Evaluation or None
        Both models, "updated" and "trained again", on the ratings that both held out; None if there
        are none.
    refit : model
        The model that was trained again.
    n : int
        Length of the lists.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> split = palate.splits.by_time(ratings, share=0.05)
    >>> model = palate.Spectral(n_factors=16).fit(split.train, validation=0)
    >>> drift = palate.drift(model.update(split.test), before=model)
    >>> drift.groups.columns, 0 < drift.overlap <= 1
    (['group', 'n_users', 'overlap', 'difference'], True)
    """

    groups: Any
    evaluation: Evaluation | None
    refit: Any
    n: int

    @property
    def overlap(self) -> float:
        """Mean share of the listed items that both models have in common."""
        return float(pl.DataFrame(self.groups)["overlap"][0])

    @property
    def difference(self) -> float | None:
        """The root mean square difference between predicted ratings; None for scores."""
        found = pl.DataFrame(self.groups)["difference"][0]
        return None if found is None else float(found)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, numbers and strings (for JSON)."""
        evaluation = None if self.evaluation is None else self.evaluation.to_dict()
        return {"n": self.n, "groups": pl.DataFrame(self.groups).to_dicts(), "evaluation": evaluation}

    def sentences(self) -> list[str]:
        """Return the results in words."""
        rows = pl.DataFrame(self.groups).to_dicts()
        apart = "; ".join(
            f"{row['overlap']:.0%} for {row['n_users']:,} {_WORDS[row['group']]}" for row in rows
        )
        lines = [
            f"Of the first {self.n} items, the updated and the newly trained model have in common: {apart}."
        ]
        if self.difference is not None:
            lines.append(f"Their predicted ratings of these items differ by {self.difference:.3f} (RMS).")
        if self.evaluation is not None:
            lines += [
                _compared(self.evaluation, figure)
                for figure in self.evaluation.outcomes[0].figures
                if figure in (("ndcg", self.n), ("rmse", None))
            ]
        return lines

    def __repr__(self) -> str:
        return "\n".join(self.sentences())


_WORDS = {ALL: "users", NEW: "new users", CHANGED: "with new ratings", SAME: "without"}


@needs_threads("drift")
def drift(
    updated: Model,
    *,
    before: Model | None = None,
    refit: Model | None = None,
    n: int = 10,
    n_users: int = 500,
    resamples: int = 200,
    seed: int = 0,
    threads: int | None = None,
) -> Drift:
    """Compare an updated model with one trained again on the same ratings.

    An update solves only rows with new ratings (docs/updating.md). This function trains again with
    the trainer and the hyper-parameters of the model, and compares lists, predicted ratings, and
    errors on ratings that both held out.

    Parameters
    ----------
    updated : model
        Model returned by `update`, with its ratings.
    before : model, optional
        The model before the update, to separate new users, users with new ratings, and others.
    refit : model, optional
        A model trained on the same ratings, to use instead of training.
    n : int, default 10
        Length of the lists.
    n_users : int, default 500
        Number of users to compare from each group, drawn by `seed`.
    resamples : int, default 200
        Bootstrap samples of the intervals on held-out ratings.
    seed : int, default 0
        Seed of the training and of the samples.
    threads : int, optional

    Returns
    -------
    Drift

    Raises
    ------
    ValueError
        If the model has no ratings, its trainer is unknown, or `refit` has other users or items.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> model = palate.Popular().fit(ratings)
    >>> palate.drift(model.update(ratings.select([0, 1])))
    Of the first 10 items, the updated and the newly trained model have in common: 100% for 500 users.
    """
    n, n_users = check_count("n", n, 1), check_count("n_users", n_users, 1)
    check_seed(seed)
    for name, model in (("updated", updated), ("before", before), ("refit", refit)):
        if not isinstance(model, Model) and (model is not None or name == "updated"):
            raise ArgumentTypeError(name, "be a model of palate", type(model).__name__)
    _ratings(updated)
    refit = _trained_again(updated, seed, threads) if refit is None else _checked(refit, updated)
    rows = []
    for group, members in _groups(updated, before):
        users = members
        if len(users) > n_users:
            users = np.sort(from_seed(seed).choice(users, n_users, replace=False))
        rows.append((group, len(users), *_apart(updated, refit, users, n, threads)))
    schema = {"group": pl.String, "n_users": pl.Int64, "overlap": pl.Float64, "difference": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return Drift(
        groups=from_polars(frame, updated.frame_kind),
        evaluation=_on_held_out(updated, refit, n, resamples, seed, threads),
        refit=refit,
        n=n,
    )


def _ratings(updated: Model) -> RatingMatrix:
    if updated.ratings is None:
        raise ArgumentError("updated", "hold its ratings", "a model without", "Save it with its ratings.")
    return updated.ratings


def trainer_of(model: Model) -> Any:
    """Return the trainer of a model, made from its name and hyper-parameters.

    Raises
    ------
    ArgumentError
        If it is none of palate's trainers that need nothing but ratings and a catalog.
    """
    name = model.trainer.get("name")
    for cls in TRAINERS:
        if cls.__name__ == name:
            own = {field.name for field in fields(cls)}
            return cls(**{key: value for key, value in model.trainer.items() if key in own})
    known = ", ".join(cls.__name__ for cls in TRAINERS)
    advice = "Train again and pass the model as refit=."
    raise ArgumentError("the trainer of the model", f"be one of {known}", repr(name), advice)


def _trained_again(model: Model, seed: int, threads: int | None) -> Any:
    trainer, train = trainer_of(model), training_ratings(model)
    held: float | Ratings = 0.0
    known = _ratings(model).held_out
    if known is not None and known.any():
        held = held_out_ratings(model, "updated")
    options: dict[str, Any] = {"catalog": model.catalog, "threads": threads, "callback": silent, "seed": seed}
    if isinstance(trainer, Recommender):
        return trainer.fit(train, **options)
    return trainer.fit(train, validation=held, **options)


def _checked(refit: object, updated: object) -> Any:
    for side in ("users", "items"):
        if getattr(refit, side) != getattr(updated, side):
            raise ArgumentError("refit", f"have the {side} of the updated model", "others")
    return refit


def _groups(updated: Model, before: Model | None) -> list[tuple[str, np.ndarray]]:
    """Return all users, and with a model before those that are new, changed and the same."""
    counts = np.diff(_ratings(updated).indptr)
    everyone = [(ALL, np.flatnonzero(counts > 0))]
    if before is None:
        return everyone
    at = before.users.indices(updated.users.values)
    if before.ratings is None:
        raise ArgumentError("before", "hold its ratings", "a model without")
    had = np.append(np.diff(before.ratings.indptr), 0)[at]
    known, same = had > 0, counts == had  # the last of `had` is that of users who were not there
    parts = {NEW: ~known, CHANGED: known & ~same, SAME: known & same}
    groups = [(name, np.flatnonzero(mask & (counts > 0))) for name, mask in parts.items()]
    return everyone + [(name, users) for name, users in groups if len(users)]


def _apart(
    updated: Model, refit: Model, users: np.ndarray, n: int, threads: int | None
) -> tuple[float, float | None]:
    """Return the share of lists in common, and how far predicted ratings of the listed items differ."""
    lists = [rank(model, users, n, exclude_seen=True, threads=threads).items for model in (updated, refit)]
    shares = []
    for one, other in zip(*lists, strict=True):
        one, other = one[one >= 0], other[other >= 0]
        shares.append(len(np.intersect1d(one, other)) / max(1, len(one), len(other)))
    if updated.scale is None or refit.scale is None:
        return float(np.mean(shares)), None
    row = np.repeat(users, lists[0].shape[1])
    item = lists[0].ravel()
    pairs = row[item >= 0], item[item >= 0].astype(np.int64)
    one, other = (np.asarray(model.score_pairs(*pairs), np.float64) for model in (updated, refit))
    return float(np.mean(shares)), float(np.sqrt(np.mean((one - other) ** 2))) if len(one) else None


def _on_held_out(
    updated: Model, refit: Model, n: int, resamples: int, seed: int, threads: int | None
) -> Evaluation | None:
    known = _ratings(updated).held_out
    mine = getattr(refit.ratings, "held_out", None)
    if known is None or not known.any() or mine is None or int(mine.sum()) != int(known.sum()):
        return None
    named = {"updated": updated, "trained again": refit}
    test = held_out_ratings(updated, "updated")
    return evaluate(named, test, k=n, baselines=False, resamples=resamples, seed=seed, threads=threads)


def _compared(evaluation: Evaluation, figure: tuple[str, int | None]) -> str:
    metric, k = figure
    one, other = (evaluation.value(metric, k, name) for name in ("updated", "trained again"))
    mine, theirs = evaluation.outcomes
    _, low, high = evaluation.figures.difference(mine, theirs, figure)
    name = "RMSE" if k is None else f"nDCG@{k}"
    between = "" if low is None or high is None else f" (difference {low:+.4f} to {high:+.4f})"
    return f"{name} on the ratings held out of both: {one:.4f} updated, {other:.4f} trained again{between}."
