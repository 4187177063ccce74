"""Folds put together: sums over folds are sums over all ratings, each of which was tested once."""

from dataclasses import replace

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.evaluation.evaluation import Evaluation
from palate.evaluation.groups import about_users
from palate.evaluation.item_bins import joined
from palate.evaluation.scoring import Outcome


def pool(evaluations: list[Evaluation]) -> Evaluation:
    """Return one evaluation of the tests of several folds.

    A user's figure is the mean over the folds in which it is defined (over ratings for RMSE and
    MAE); coverage and Gini are means over folds. Users are drawn whole in the bootstrap, with what
    they got in every fold.

    Parameters
    ----------
    evaluations : list of Evaluation
        Of the same models, on disjoint tests.
    """
    first = evaluations[0]
    users = pl.concat([evaluation.users for evaluation in evaluations]).unique().sort()
    place = pl.DataFrame({names.USER_ID: users, "row": np.arange(len(users))})
    rows = []
    for evaluation in evaluations:
        ids = pl.DataFrame({names.USER_ID: evaluation.users})
        rows.append(ids.join(place, on=names.USER_ID, how="left", maintain_order="left")["row"].to_numpy())
    columns = [np.column_stack([one.n_train, one.n_test, one.n_relevant]) for one in evaluations]
    n_train, n_test, n_relevant = _summed(columns, rows, len(users)).astype(np.int64).T
    n_folds = np.bincount(np.concatenate(rows), minlength=len(users))
    outcomes = tuple(
        _pooled([evaluation.figures.outcome(name) for evaluation in evaluations], rows, len(users))
        for name in first.models
    )
    return replace(
        first,
        outcomes=outcomes,
        users=users,
        n_train=np.round(n_train / n_folds).astype(np.int64),
        n_test=n_test,
        n_relevant=n_relevant,
        about=first.about | about_users(n_test, n_relevant, first.about["n_items"]),
        notes=(),
        folds=_by_fold(evaluations),
    )


def _pooled(outcomes: list[Outcome], rows: list[np.ndarray], n_users: int) -> Outcome:
    first = outcomes[0]
    return Outcome(
        name=first.name,
        figures=first.figures,
        top=_summed([outcome.top for outcome in outcomes], rows, n_users),
        bottom=_summed([outcome.bottom for outcome in outcomes], rows, n_users),
        overall={
            figure: float(np.mean([outcome.overall[figure] for outcome in outcomes]))
            for figure in first.overall
        },
        places={k: np.sum([outcome.places[k] for outcome in outcomes], axis=0) for k in first.places},
        cold={key: sum(outcome.cold[key] for outcome in outcomes) for key in first.cold},
        by_rating=joined([outcome.by_rating for outcome in outcomes if outcome.by_rating is not None], rows),
    )


def _summed(tables: list[np.ndarray], rows: list[np.ndarray], n_users: int) -> np.ndarray:
    """Return the sums of tables with a row per user, each fold's rows put in their places."""
    out = np.zeros((n_users, tables[0].shape[1]))
    for table, row in zip(tables, rows, strict=True):
        out[row] += table
    return out


def _by_fold(evaluations: list[Evaluation]) -> pl.DataFrame:
    parts: list[pl.DataFrame] = []
    for fold, evaluation in enumerate(evaluations):
        table = replace(evaluation, resamples=0, frame_kind="polars").table()
        parts.append(
            table.select("model", "metric", "k", pl.lit(fold, dtype=pl.Int64).alias("fold"), "value")
        )
    return pl.concat(parts)
