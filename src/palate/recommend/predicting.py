"""Predicted ratings of chosen pairs: as an array, or as a frame with what is known about the items."""

import warnings
from typing import Any

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.vocabulary import Vocabulary
from palate.recommend.filters import EmptyResultWarning
from palate.recommend.lookup import answer, column_of, described_frame, is_single, known_indices, score_column, user_rows
from palate.recommend.prepared import item_catalog
from palate.recommend.scorer import Scorer
from palate.recommend.where import Where, describe, matching

UNKNOWN = ("raise", "nan", "baseline")
_ADVICE = " Pass unknown='baseline' or unknown='nan' to have an answer for it."


def predict(scorer: Scorer, users: Any, items: Any, *, clip: bool = False, unknown: str = "raise") -> Any:
    """Return the predicted rating of pairs of users and items.

    Parameters
    ----------
    scorer : Scorer
    users, items : id, or list, array or column of ids
        Pairs of equal length; a single id goes with each of the others.
    clip : bool, default False
        Move predictions outside the rating scale to its ends.
    unknown : {"raise", "nan", "baseline"}, default "raise"
        What an id that was not in the training data gets: an error; NaN; or the mean plus the bias of the known side, the
        unknown one taken at its prior mean.

    Returns
    -------
    ndarray of shape (n,), float32, or float for two single ids
        In rating units (stars).

    Raises
    ------
    KeyError
        If an id is unknown and `unknown="raise"`.
    ValueError
        If the lengths differ, `unknown` is none of the three, or clip is asked of scores that have no scale.
    """
    _check_unknown(unknown)
    bounds = _check_clip(scorer, clip)
    rows = user_rows(scorer, users, unknown_allowed=True)
    user_index = rows.index
    if unknown == "raise" and (user_index < 0).any():
        known_indices(scorer.users, column_of(users, names.USER_ID), "user id", "users", _ADVICE)
    item_index = _indices(rows.scorer.items, items, "item id", "items", unknown)
    single = rows.single and is_single(items)
    if not rows.single and not is_single(items) and len(user_index) != len(item_index):
        raise ValueError(
            f"users and items must be of one length, or one of them a single id; got {len(user_index)} users and {len(item_index)} items."
        )
    user_index, item_index = np.broadcast_arrays(user_index, item_index)
    scores = _scores(rows.scorer, user_index, item_index, bounds, unknown)
    return float(scores[0]) if single else scores


def predict_frame(
    scorer: Scorer,
    users: Any,
    items: Any = None,
    *,
    title: str | list[str] | None = None,
    where: Where | None = None,
    clip: bool = False,
    unknown: str = "raise",
) -> Any:
    """Return the predicted ratings of each user for chosen items, as a frame.

    Every user is paired with every item. Items are named by id, or found by title, by condition, or by both (then both must
    hold).

    Parameters
    ----------
    scorer : Scorer
    users : id, or collection of ids
    items : id or collection of ids, optional
    title : str or list of str, optional
        Items whose title or key contains one of these texts, whatever its case.
    where : polars.Expr, mapping or str, optional
        Items that satisfy a condition on the catalog's columns, see `palate.recommend.where.matching`.
    clip : bool, default False
        Move predictions outside the rating scale to its ends.
    unknown : {"raise", "nan", "baseline"}, default "raise"
        What an unknown user or a named unknown item gets, as in `predict`. Items found in the catalog that nobody rated are
        NaN unless it is "baseline".

    Returns
    -------
    frame
        Columns `user_id`, `item_id`, `predicted_rating` (or `score`), then the catalog's. Items stand in the order given, found ones
        in that of their ids, items without ratings last.

    Raises
    ------
    KeyError
        If an id is unknown and `unknown="raise"`, or if no title contains the text.
    ValueError
        If no items are chosen, or an argument is out of range.
    """
    _check_unknown(unknown)
    bounds = _check_clip(scorer, clip)
    rows = user_rows(scorer, users, unknown_allowed=unknown != "raise")
    item_index, described = _chosen_items(scorer, items, title, where, unknown)
    user_at, item_at = np.divmod(np.arange(len(rows.index) * len(item_index)), max(1, len(item_index)))
    scores = _scores(rows.scorer, rows.index[user_at], item_index[item_at], bounds, unknown)
    score = pl.Series(score_column(scorer), scores)
    return answer(described_frame([rows.labels.gather(user_at)], described[item_at], [score]), scorer, users, items)


def find_items(scorer: Scorer, title: str | list[str]) -> np.ndarray:
    """Return the catalog rows (see `item_catalog`) of the items whose title contains one of the texts, ascending.

    Raises
    ------
    KeyError
        If a text is in no title.
    ValueError
        If the scorer knows no titles.
    """
    catalog = item_catalog(scorer)
    if names.TITLE not in catalog.frame.columns and names.KEY not in catalog.frame.columns:
        raise ValueError("title must not be given here: this model has no catalog with titles. Name the items by id.")
    found = []
    for text in [title] if isinstance(title, str) else title:
        rows = catalog.find(text)
        if not len(rows):
            raise KeyError(f"no title contains {text!r}.")
        found.append(rows)
    return np.unique(np.concatenate(found)) if found else np.zeros(0, dtype=np.int64)


def _chosen_items(
    scorer: Scorer, items: Any, title: str | list[str] | None, where: Where | None, unknown: str
) -> tuple[np.ndarray, pl.DataFrame]:
    """Return item indexes (-1 for unknown) and the metadata of each."""
    if (items is None) == (title is None and where is None):
        raise ValueError("items must be chosen either by id (items=) or by title= and where=; got both or neither.")
    catalog = item_catalog(scorer)
    if items is None:
        found = np.arange(len(catalog)) if title is None else find_items(scorer, title)
        if where is not None:
            n_found = len(found)
            found = found[matching(where, catalog.frame)[found]]
            if not len(found):
                warnings.warn(
                    f"{describe(where)} keeps none of {n_found:,} items; the answer is empty.", EmptyResultWarning, stacklevel=4
                )
        return np.where(found < len(scorer.items), found, -1), catalog.rows(found)
    ids = column_of(items, names.ITEM_ID)
    index = _indices(scorer.items, ids, "item id", "items", unknown)
    if (index >= 0).all():
        return index, catalog.rows(index)
    labels = pl.DataFrame({names.ITEM_ID: [str(value) if catalog.kind in ("str", "uuid") else value for value in ids]})
    return index, labels.cast({names.ITEM_ID: catalog.frame.schema[names.ITEM_ID]}).join(
        catalog.frame, on=names.ITEM_ID, how="left", maintain_order="left"
    )


def _indices(vocabulary: Vocabulary, values: Any, what: str, argument: str, unknown: str) -> np.ndarray:
    ids = column_of(values, names.ITEM_ID)
    return known_indices(vocabulary, ids, what, argument, _ADVICE) if unknown == "raise" else vocabulary.indices(ids)


def _scores(
    scorer: Scorer, users: np.ndarray, items: np.ndarray, bounds: tuple[float, float] | None, unknown: str
) -> np.ndarray:
    scores = scorer.score_pairs(users, items)
    if unknown != "baseline":
        scores = np.where((users < 0) | (items < 0), np.float32(np.nan), scores)
    return scores if bounds is None else np.clip(scores, *bounds)


def _check_unknown(unknown: str) -> None:
    if unknown not in UNKNOWN:
        raise ValueError(f"unknown must be one of {', '.join(map(repr, UNKNOWN))}; got {unknown!r}.")


def _check_clip(scorer: Scorer, clip: bool) -> tuple[float, float] | None:
    if clip and scorer.scale is None:
        raise ValueError("clip must be False for scores that have no rating scale; got True.")
    return scorer.scale if clip else None
