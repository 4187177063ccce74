"""Models side by side: lists next to each other, what moved and why, errors on one holdout, cost."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from palate._checks import ArgumentError
from palate._plain import plain
from palate._random import from_seed
from palate.data import columns as names
from palate.data.forks import needs_threads
from palate.data.frames import from_polars
from palate.data.ratings import Ratings
from palate.evaluation.evaluating import check_bootstrap, evaluate, evaluate_common
from palate.evaluation.named import named_scorers
from palate.factors.item_index import item_table
from palate.lists.lookup import column_of
from palate.lists.obscurity import Known
from palate.lists.options import ListOptions
from palate.lists.predicting import Asked, predict
from palate.lists.recommending import recommend
from palate.scorer import Scorer

_FEW = 10  # an item with fewer ratings than this is obscure, unless a model has more numbers for each
_SAMPLE = 200  # users whose lists are compared where none are named


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a comparison found; every frame names the models as they were given.

    Parameters
    ----------
    models : tuple of str
    summary, lists, moved, rescored, overlap, errors, differences : polars.DataFrame
        See `compare`. `errors` and `differences` are None without a holdout.
    n_users : int
        Users whose lists were compared.
    few : int
        Items with fewer ratings than this count as obscure.
    note : str
        What the errors are of, or why there are none.
    frame_kind : str
    """

    models: tuple[str, ...]
    summary: Any
    lists: Any
    moved: Any
    rescored: Any
    overlap: Any
    errors: Any
    differences: Any
    n_users: int
    few: int
    note: str

    def to_dict(self) -> dict[str, Any]:
        """Return everything as lists and numbers, for JSON."""
        found: dict[str, Any] = plain(self)
        return found


@needs_threads("compare")
def compare(
    models: object,
    users: object = None,
    *,
    n: int = 5,
    few: int | None = None,
    test: Ratings | None = None,
    resamples: int = 1000,
    seed: int = 0,
    threads: int | None = None,
) -> Comparison:
    """Compare the lists and errors of two or more models.

    Parameters
    ----------
    models : list of models or paths, or dict of names to them
        At least two models with the same users and items. The others are compared with the first.
    users : ids, optional
        Users whose lists are compared; by default 200 users that all models have, drawn by `seed`.
    n : int, default 5
        Length of the lists.
    few : int, optional
        Items with fewer ratings count as obscure. Default: 10 or, if that is more, the number of
        factors of the first model plus two, because a model can fit as many ratings exactly as it
        has factors.
    test : Ratings, optional
        Test ratings. Default: the ratings that all models held out; if there are none, there are no
        errors, and the note says so.
    resamples : int, default 1000
        Bootstrap samples of the intervals.
    seed : int, default 0
    threads : int, optional

    Returns
    -------
    Comparison
        Object with the frames `summary` (one row per model: errors, figures of lists, training
        time, file size), `lists` (one row per user and rank), `moved` (items whose rank changed,
        with ratings and change of prediction), `rescored` (listed items of the first model with
        under `few` ratings, with the scores of all models), `overlap` (share of each list in
        common), `errors` and `differences` (with paired intervals).

    Raises
    ------
    ValueError
        If fewer than two models are given, `few` is below 1, or a model was trained on pairs in
        `test`.
    KeyError
        If a user is unknown to a model.

    Examples
    --------
    >>> import palate
    >>> data = palate.datasets.load("movielens-small")
    >>> one = palate.Baseline().fit(data.ratings, catalog=data.catalog)
    >>> other = palate.LeastSquares(n_factors=8, max_sweeps=8).fit(data.ratings, catalog=data.catalog)
    >>> found = palate.compare({"baseline": one, "factors": other}, users=[15, 30], resamples=50)
    >>> found.models, found.n_users, found.lists.height
    (('baseline', 'factors'), 2, 10)
    """
    named = {name: scorer for scorer, name in named_scorers(models)}
    if len(named) < 2:
        raise ArgumentError("models", "be at least two to be compared", f"{len(named)}")
    check_bootstrap(resamples, 0.95, seed)
    first = next(iter(named.values()))
    few = max(_FEW, getattr(first, "n_factors", 0) + 2) if few is None else few
    if few < 1:
        raise ArgumentError("few", "be at least 1", f"{few!r}")
    chosen = _users(list(named.values()), users, seed)
    options = ListOptions(threads=threads)
    lists = {name: pl.DataFrame(recommend(model, chosen, n, options)) for name, model in named.items()}
    errors, differences, note = _errors(named, test, resamples, seed, threads)
    note = " ".join([note, *_scales(named)])
    kind = first.frame_kind
    frames = {
        "summary": _summary(named, models, lists, errors, few),
        "lists": _side_by_side(lists),
        "moved": _moved(named, lists, n),
        "rescored": _rescored(named, lists, few),
        "overlap": _overlap(lists),
        "errors": errors,
        "differences": differences,
    }
    shown = {name: None if frame is None else from_polars(frame, kind) for name, frame in frames.items()}
    return Comparison(tuple(named), **shown, n_users=len(chosen), few=few, note=note)


def _scales(named: Mapping[str, Scorer]) -> list[str]:
    """Return what must be said where models predict on different scales."""
    each = {
        name: "no rating scale" if model.scale is None else "{:g} to {:g}".format(*model.scale)
        for name, model in named.items()
    }
    if len(set(each.values())) == 1:
        return []
    listed = ", ".join(f"{name} {scale}" for name, scale in each.items())
    return [
        f"The models predict on different scales ({listed}). Their lists can be compared, but not "
        "their predictions."
    ]


def _users(models: list[Scorer], users: object, seed: int) -> Any:
    if users is not None:
        return column_of(users, names.USER_ID)
    known = models[0].users.values
    for model in models[1:]:
        known = known.filter(model.users.indices(known) >= 0)
    if known.is_empty():
        raise ArgumentError("models", "have users in common to be compared", "none")
    index = np.sort(from_seed(seed).choice(len(known), min(len(known), _SAMPLE), replace=False))
    return known.gather(index)


def _errors(
    named: Mapping[str, Scorer], test: Ratings | None, resamples: int, seed: int, threads: int | None
) -> tuple[pl.DataFrame | None, pl.DataFrame | None, str]:
    """Return errors and paired differences on one holdout, and what to say of them."""
    if test is not None:
        evaluation = evaluate(
            dict(named), test, k=(), baselines=False, resamples=resamples, seed=seed, threads=threads
        )
        note = "Errors on the given ratings."
    else:
        try:
            entered = [(model, name) for name, model in named.items()]
            evaluation = evaluate_common(entered, resamples=resamples, seed=seed, threads=threads)
        except ArgumentError as error:
            what = "test ratings" if error.argument == "test" else error.argument
            return None, None, f"No errors: {what} must {error.must}."
        except ValueError as error:
            return None, None, f"No errors: {error}"
        note = f"Errors on the {evaluation.about['n_test']:,} ratings that all models held out of training."
    table = pl.DataFrame(evaluation.table())
    found = [pl.DataFrame(evaluation.differences(name)) for name in list(named)[1:]]
    against = next(iter(named))
    differences = pl.concat(found).filter(pl.col("against") == against)
    return table, differences, note


def _summary(
    named: Mapping[str, Scorer],
    given: object,
    lists: Mapping[str, pl.DataFrame],
    errors: pl.DataFrame | None,
    few: int,
) -> pl.DataFrame:
    rows = []
    for place, (name, model) in enumerate(named.items()):
        counts = lists[name].get_column(names.N_RATINGS, default=pl.Series(dtype=pl.Int64))
        known = Known.of(counts.to_numpy(), few)
        values = {"rmse": None, "mae": None}
        if errors is not None:
            of = errors.filter(pl.col("model") == name)
            values = {metric: of.filter(pl.col("metric") == metric)["value"].item() for metric in values}
        history = getattr(model, "history", None)
        rows.append(
            {
                "model": name,
                **values,
                "median_n_ratings": None if counts.is_empty() else known.median,
                "obscure_share": None if counts.is_empty() else known.rare_share,
                "n_items_listed": lists[name][names.ITEM_ID].n_unique(),
                "seconds": None if history is None else sum(report.seconds for report in history.sweeps),
                "bytes": _size(given, place, model),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _size(given: object, place: int, model: Scorer) -> int | None:
    """Return the size of a model's file, or that its file would have."""
    one = list(given.values())[place] if isinstance(given, Mapping) else cast(Sequence[object], given)[place]
    if isinstance(one, str | Path):
        return Path(one).stat().st_size
    from palate.model.factor_model import FactorModel
    from palate.model.file.loading import dumps

    return len(dumps(model)) if isinstance(model, FactorModel) else None


def _side_by_side(lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return one row a user and rank, with each model's item, its title, number of ratings and prediction."""
    parts = []
    for name, frame in lists.items():
        about = _there(frame, names.ITEM_ID, names.TITLE, names.N_RATINGS, frame.columns[3])
        own = (pl.col(column).alias(f"{name}: {column}") for column in about)
        parts.append(frame.select(names.USER_ID, names.RANK, *own))
    return functools.reduce(
        lambda one, other: one.join(other, on=[names.USER_ID, names.RANK], how="full", coalesce=True), parts
    )


def _moved(named: Mapping[str, Scorer], lists: Mapping[str, pl.DataFrame], n: int) -> pl.DataFrame:
    """Return the items in one of two lists or at another place in both, with both predictions."""
    (first, model), *others = named.items()
    parts = []
    for name, other in others:
        before, after = _ranks(lists[first], "rank_before"), _ranks(lists[name], "rank_after")
        both = before.join(after, on=[names.USER_ID, names.ITEM_ID], how="full", coalesce=True)
        both = both.filter(pl.col("rank_before").ne_missing(pl.col("rank_after"))).sort(
            names.USER_ID, pl.col("rank_before").fill_null(n + 1), pl.col("rank_after").fill_null(n + 1)
        )
        both = both.join(_about(model, other), on=names.ITEM_ID, how="left", maintain_order="left")
        scores, others_scores = _predicted(model, both), _predicted(other, both)
        parts.append(
            both.with_columns(
                pl.lit(name).alias("model"),
                pl.Series("predicted_before", scores),
                pl.Series("predicted_after", others_scores),
                pl.Series("change", others_scores - scores),
            )
        )
    return pl.concat(parts)


def _ranks(frame: pl.DataFrame, rank: str) -> pl.DataFrame:
    return frame.select(names.USER_ID, names.ITEM_ID, pl.col(names.RANK).alias(rank))


def _about(*models: Scorer) -> pl.DataFrame:
    """Return the titles and numbers of ratings of items, by the first of the models that knows them."""
    tables = [item_table(model) for model in models]
    columns = (_there(table, names.ITEM_ID, names.TITLE, names.N_RATINGS) for table in tables)
    both = pl.concat((table.select(own) for table, own in zip(tables, columns, strict=True)), how="diagonal")
    return both.group_by(names.ITEM_ID).agg(pl.all().drop_nulls().first())


def _there(frame: pl.DataFrame, *columns: str) -> list[str]:
    """Return those of some columns that a frame has."""
    return [column for column in columns if column in frame.columns]


def _predicted(model: Scorer, pairs: pl.DataFrame) -> np.ndarray:
    if pairs.is_empty():
        return np.empty(0, np.float32)
    return np.asarray(predict(model, pairs[names.USER_ID], pairs[names.ITEM_ID], Asked(unknown="nan")))


def _rescored(named: Mapping[str, Scorer], lists: Mapping[str, pl.DataFrame], few: int) -> pl.DataFrame:
    """Return the first model's picks of items with few ratings, as every model predicts them."""
    frame = lists[next(iter(named))]
    if names.N_RATINGS not in frame.columns:
        return frame.head(0).select(names.USER_ID, names.ITEM_ID)
    picks = frame.filter(pl.col(names.N_RATINGS) < few).sort(names.N_RATINGS, maintain_order=True)
    columns = [pl.Series(f"{name}: predicted", _predicted(model, picks)) for name, model in named.items()]
    about = _there(picks, names.TITLE, names.N_RATINGS)
    return picks.select(names.USER_ID, names.ITEM_ID, *about).with_columns(columns)


def _overlap(lists: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return for each pair of models the mean share of a list that is in the other's."""
    rows = []
    for (name, frame), (other, against) in combinations(lists.items(), 2):
        common = frame.join(against, on=[names.USER_ID, names.ITEM_ID], how="semi").height
        rows.append((name, other, common / max(1, frame.height, against.height)))
    return pl.DataFrame(rows, schema=["model", "against", "overlap"], orient="row")
