"""Lists for one user: the lean path for a plain list, and the model's own verb where more is asked."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from palate._checks import ArgumentError, is_integer
from palate.app.answers import Part, Row
from palate.app.asked import Asked
from palate.app.errors import CannotAnswer
from palate.app.explaining import reasons
from palate.app.served import ServedModel
from palate.data.frames import to_polars
from palate.factors.draws import has_spread
from palate.factors.uncertainty import interval_ends, standard_errors
from palate.lists.cautious import check_caution
from palate.lists.filters import Allowed
from palate.lists.pool import ALL, Pool
from palate.lists.popular import own_popularity
from palate.lists.ranking import rank_among
from palate.lists.recommending import check_n
from palate.lists.shaping import check_diversity
from palate.lists.where import Where
from palate.lists.words import sentence

SHARE = 0.8
WHY, UNCERTAINTY = "why", "uncertainty"
EXPLAIN = (WHY, UNCERTAINTY)
STRONGEST = 3  # ratings named for each recommended item


def best(
    served: ServedModel,
    asked: Asked,
    n: int,
    caution: float,
    min_ratings: int,
    where: Where | None,
    exclude_seen: bool,
    offset: int,
    diversity: float = 0.0,
) -> list[Row]:
    """Return ranks `offset + 1` to `offset + n` of a user's list."""
    n, caution, diversity = check_n(n), check_caution(caution, None), check_diversity(diversity)
    if not is_integer(offset) or offset < 0:
        raise ArgumentError("offset", "be a whole number of at least 0", f"{offset!r}")
    if exclude_seen and asked.row >= 0 and served.model.ratings is None and asked.model is served.model:
        must = f"be false for model {served.id!r}, which was saved without its ratings"
        raise CannotAnswer(f"exclude_seen must {must}; or save it with them.")
    hidden = asked.seen if exclude_seen else asked.live
    allowed = served.allowed(min_ratings, where)
    if asked.row < 0:
        return _popular(served, hidden, allowed, n, offset)
    if caution or diversity:
        how = {"caution": caution, "diversity": diversity, "min_ratings": min_ratings, "where": where}
        return _in_words(asked, _by_verb(served, asked, hidden, n, offset, how))
    return _in_words(asked, _plain(served, asked, hidden, allowed, n, offset))


def _plain(
    served: ServedModel, asked: Asked, hidden: np.ndarray, allowed: Allowed, n: int, offset: int
) -> list[Row]:
    """Return a list straight from the ranking, without a frame, and with what `predict` says."""
    width = min(n + offset, allowed.n_items)
    if width <= offset:
        return []
    users = np.array([asked.row], np.int64)
    heads = getattr(asked.model, "heads", None)
    pick = partial(rank_among, asked.model) if heads is None else heads.pick
    found: Any = pick(users, width, _pool(asked, hidden, allowed))
    kept = np.flatnonzero(found.items[0] >= 0)[offset:]
    items, scores = found.items[0][kept].astype(np.int64), found.scores[0][kept]
    predicted = None
    if served.model.scale is not None:
        predicted = asked.model.score_pairs(np.full(len(items), asked.row, np.int64), items)
    chance = None if heads is None else heads.chances(users, found.places[0][kept])
    return [
        Row(
            rank=int(place) + 1,
            item=served.item(int(item)),
            score=float(score),
            predicted_rating=None if predicted is None else float(predicted[at]),
            chance=None if chance is None else float(chance[at]),
        )
        for at, (place, item, score) in enumerate(zip(kept, items, scores, strict=True))
    ]


def _in_words(asked: Asked, rows: list[Row]) -> list[Row]:
    """Return the rows of a model of two heads with their chances in words, other rows as they are."""
    heads = getattr(asked.model, "heads", None)
    if heads is None:
        return rows
    said = heads.in_words(asked.row, np.array([row.chance for row in rows]))
    return [dataclasses.replace(row, likely=words) for row, words in zip(rows, said, strict=True)]


def _pool(asked: Asked, hidden: np.ndarray, allowed: Allowed) -> Pool:
    """Return the allowed items, what is hidden as the row of the user, the only one with entries."""
    indptr = np.zeros(asked.row + 2, np.int64)
    indptr[-1] = len(hidden)
    mask = ALL if allowed.mask is None else allowed.mask
    return Pool(mask=mask, seen=(indptr, np.ascontiguousarray(hidden, np.int32)), threads=1)


def _by_verb(
    served: ServedModel, asked: Asked, hidden: np.ndarray, n: int, offset: int, how: dict[str, Any]
) -> list[Row]:
    """Return a list from the model's own verb: by lower confidence bounds, or of unlike items."""
    if how["caution"] and not has_spread(served.model.predicts):
        must = f"be 0 for model {served.id!r}, which has no standard errors; got {how['caution']:g}"
        advice = "Train with palate.Gibbs, or by least squares with ratings held out and saved."
        raise CannotAnswer(f"caution must {must}. {advice}")
    if how["diversity"] and served.likeness is None:
        must = f"be 0 for model {served.id!r}, which has no similarities of items; got {how['diversity']:g}"
        raise CannotAnswer(f"diversity must {must}. Train with a catalog that has genres.")
    found = asked.model.recommend(
        asked.user,
        n + offset,
        **how,
        exclude_seen=False,
        threads=1,
        exclude_items=served.model.items.take(hidden) if len(hidden) else None,
    )
    return [_row_of(served, row) for row in to_polars(found).slice(offset).to_dicts()]


def _row_of(served: ServedModel, row: dict[str, Any]) -> Row:
    predicted = row.get("predicted_rating")
    score = row.get("score", row.get("ranking_score", predicted))
    return Row(
        rank=int(row["rank"]),
        item=served.item(served.item_index(str(row["item_id"]))),
        score=float(score if score is not None else row["chance"]),
        predicted_rating=predicted,
        chance=row.get("chance"),
        sd=row.get("std"),
        low=row.get("low"),
        high=row.get("high"),
    )


def _popular(served: ServedModel, hidden: np.ndarray, allowed: Allowed, n: int, offset: int) -> list[Row]:
    """Return the most popular items; where nobody counted, what an average user would like best."""
    items = np.arange(len(served.model.items)) if allowed.mask is None else np.flatnonzero(allowed.mask)
    items = items[~np.isin(items, hidden)]
    own = own_popularity(served.model)
    counts = served.counts if own is None else own
    by = served.average[items] if counts is None else counts[items]
    places = np.argsort(-by, kind="stable")[offset : offset + n]
    rated = served.model.scale is not None
    return [
        Row(
            rank=offset + at + 1,
            item=served.item(int(items[place])),
            score=float(by[place]),
            predicted_rating=float(served.average[items[place]]) if rated else None,
        )
        for at, place in enumerate(places)
    ]


def with_uncertainty(served: ServedModel, asked: Asked, rows: Sequence[Row]) -> list[Row]:
    """Return rows with standard errors and 80 % intervals of the ratings, and both in words."""
    predicts = asked.model.predicts
    if not rows or asked.row < 0 or not has_spread(predicts):
        return list(rows)
    items = np.array([served.item_index(row.item.id) for row in rows], np.int64)
    users = np.full(len(items), asked.row, np.int64)
    mean = np.asarray(predicts.score_pairs(users, items), np.float32)
    sd = standard_errors(predicts, users, items, 1)
    low, high = interval_ends(predicts, users, items, mean, sd, SHARE, "mean", 1)
    out = []
    for at, row in enumerate(rows):
        ends = float(low[at]), float(high[at])
        words = sentence(float(mean[at]), *ends, n_ratings=row.item.n_ratings, scale=served.model.scale)
        out.append(dataclasses.replace(row, sd=float(sd[at]), low=ends[0], high=ends[1], in_words=words))
    return out


def with_reasons(served: ServedModel, asked: Asked, rows: Sequence[Row]) -> list[Row]:
    """Return rows with the user's ratings that count most for each item."""
    if asked.row < 0:
        return list(rows)
    return [dataclasses.replace(row, why=_strongest(served, asked, row)) for row in rows]


def _strongest(served: ServedModel, asked: Asked, row: Row) -> tuple[Part, ...]:
    """Return the ratings that count most: for being chosen, where that ranks, else for the rating."""
    if row.chance is not None and row.predicted_rating is not None:
        raising = [part for part in _ratings(served, asked, row, "chosen") if part.contribution > 0]
        if raising:
            return tuple(raising[:STRONGEST])
    return _ratings(served, asked, row)[:STRONGEST]


def _ratings(served: ServedModel, asked: Asked, row: Row, by: str | None = None) -> tuple[Part, ...]:
    """Return the user's ratings in an explanation, the strongest first; empty if there is none."""
    try:
        parts = reasons(served, asked, row.item.id, by=by).parts
    except CannotAnswer:
        return ()
    return tuple(part for part in parts if part.item is not None)
