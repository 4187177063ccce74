"""Updates: new users, items and ratings enter a model by row solves, without a full fit.

A user or item with new or changed ratings is solved for with the other side's vectors fixed, as
fold-in does: users, then items, a few times, and users once more, so that users end as fold-in
would find them. Everyone else's vectors stay as they were trained. A model is never changed: an
update is a new one.
"""

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import check_threads
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, ratings_of
from palate.data.forks import rows_of
from palate.data.ratings import Ratings
from palate.data.scales import ScaleWarning, off_scale, outside
from palate.factors.draws import has_posterior
from palate.factors.row_precision import RowNoise
from palate.factors.temporal import Sittings, TimeContext
from palate.factors.temporal_scores import in_units_of
from palate.model.folded import solve_side
from palate.model.history import History
from palate.model.joined import (
    Change,
    Joined,
    UnionWarning,
    catalog_of_both,
    check_timed,
    join,
    placed,
    said_of,
)
from palate.model.updated_sums import update_sums
from palate.solve.confidence import NONE
from palate.solve.features import BAG, FeatureLink
from palate.solve.grades import COUNTS, RATINGS, popularity

UPDATED = "Updated with"  # how the history of an update begins
# Rounds of users and items before the users' last solve. After one, new items of a user with many
# of them still lead their lists (12 % of the places on MovieLens-small, 0.3 % after three and 0.1 %
# after training again). Draws of a posterior are apart by more than that.
_ROUNDS, _ROUNDS_OF_DRAWS = 3, 1


def update(
    model: Any,
    ratings: "Ratings | Dataset",
    duplicates: str | None,
    catalog: Catalog | None,
    threads: int | None,
) -> Any:
    """Return a model that knows new ratings, too; see `Model.update`."""
    if catalog is None and isinstance(ratings, Dataset):
        catalog = ratings.catalog
    new = ratings_of(ratings)
    if model.ratings is not None:
        check_values(model, new)
    joined = join(model, new, duplicates or ("sum" if of_counts(model) else None))
    for said in said_of(model, new, joined):
        if "replaced" not in said:  # that is what an update is for; the history has the number
            warnings.warn(said, UnionWarning, stacklevel=4)
    about = catalog_of_both(model, catalog) or Catalog.from_items(joined.ratings.items)
    change = Change(
        joined=joined,
        catalog=about.aligned(joined.ratings.items, joined.matrix),
        threads=check_threads(threads),
    )
    updated, notes = model.with_change(change)
    return replace(updated, history=_history(model.history, joined, notes))


def of_counts(model: Any) -> bool:
    """Return whether a model is of counts, which add up when a pair comes again."""
    grades = _grades(model)
    return bool(model.trainer.get("counts", NONE) != NONE or (grades is not None and grades.kind == COUNTS))


def _grades(model: Any) -> Any:
    """Return how a model of choices grades ratings; None for others."""
    fold = getattr(model, "fold", None)
    return getattr(model, "grades", None) if fold is None or not hasattr(fold, "grades") else fold.grades


def check_values(model: Any, new: Ratings) -> None:
    """Raise ValueError unless new ratings are on the scale of a model, each of them.

    Warns
    -----
    ScaleWarning
        If they look as if they were on another scale.
    """
    grades, scale = _grades(model), model.scale
    if scale is None and grades is not None and grades.kind == RATINGS:
        scale = (grades.low, grades.high)
    if scale is None:
        lowest = float(new.value.min()) if len(new) else 0.0
        if of_counts(model) and lowest < 0:
            raise ArgumentError("counts", "be at least 0", f"{lowest:g}")
        return
    said = off_scale(new, scale, "the model", "new ratings", model.ratings)
    wrong = outside(new.value, scale)
    if wrong.any():
        raise ValueError(f"{said} Bring them to that scale, or leave them out.")
    if said is not None:
        warnings.warn(said, ScaleWarning, stacklevel=5)


def _history(before: History, joined: Joined, notes: tuple[str, ...]) -> History:
    """Return the history of an update: what came, and the histories of what there was."""
    n = {side: (len(joined.touched(side)), len(joined.fresh(side))) for side in ("user", "item")}
    changed = int(joined.changed.sum())
    who = " and ".join(
        f"{all_:,} {side}{'s' * (all_ != 1)} ({fresh:,} new)" for side, (all_, fresh) in n.items()
    )
    stopped = f"{UPDATED} {changed:,} new or changed rating{'s' * (changed != 1)} of {who}."
    earlier = (*before.earlier, replace(before, earlier=()))
    n_train = len(joined.ratings) - int(joined.held_out.sum())
    trained = next((one.n_train for one in reversed(earlier) if not one.stopped.startswith(UPDATED)), 0)
    if trained and 1000 * (n_train - trained) >= n_train:
        share = f"{100 * (1 - trained / n_train):.1f} % of its ratings have come since the model was trained."
        notes = (*notes, share)
    return History(
        stopped=stopped,
        notes=notes,
        n_train=n_train,
        n_validation=int(joined.held_out.sum()),
        selected=before.selected,
        earlier=earlier,
    )


def update_factors(model: Any, change: Change) -> tuple[Any, tuple[str, ...]]:
    """Return a factor model with a change, and what should be known of it."""
    if model.trainer.get("name") == "Popular":
        return _counted(model, change), ()
    if model.fold is not None:
        return update_sums(model, change)
    return _solved_rows(model, change)


def _counted(model: Any, change: Change) -> Any:
    """Return the popularity of all items counted again."""
    kept, half_life = change.joined.kept, model.trainer["half_life"]
    check_timed(model, change, half_life is not None)
    counts = popularity(
        kept.item_index, kept.n_items, kept.timestamp, half_life, model.trainer["min_ratings"]
    )
    return replace(_enlarged(model, change), item_bias=counts[None].astype(np.float32))


def _solved_rows(model: Any, change: Change) -> tuple[Any, tuple[str, ...]]:
    joined, notes = change.joined, []
    check_timed(model, change, model.context is not None)
    users, items = joined.touched("user"), joined.touched("item")
    large = _enlarged(model, change)
    if model.context is not None:
        items = items[joined.old_items[items] < 0]
        notes.append("Known items keep their vectors: what they are in each era is found by training alone.")
    if model.user_link is not None and any(group.kind != BAG for group in model.user_link.groups):
        notes.append(
            f"A model keeps no features of users: {len(users):,} users were solved for without theirs."
        )
    for _ in range(_ROUNDS_OF_DRAWS if has_posterior(model) else _ROUNDS):
        large = _solved(large, "user", users, change)
        large = _solved(large, "item", items, change)
    return _solved(large, "user", users, change), tuple(notes)


def _enlarged(model: Any, change: Change) -> Any:
    """Return the model with the rows of all users and items, those that are new at their prior mean."""
    joined = change.joined
    fields: dict[str, Any] = {}
    for side, old in (("user", joined.old_users), ("item", joined.old_items)):
        prior, new = getattr(model, f"{side}_prior"), old < 0
        factors = placed(old, getattr(model, f"{side}_factors"), axis=1)
        bias = placed(old, getattr(model, f"{side}_bias"), axis=1)
        factors[:, new] = prior.mean[:, None, :-1]
        bias[:, new] = prior.mean[:, None, -1]
        fields |= {f"{side}_factors": factors, f"{side}_bias": bias}
        noise: RowNoise | None = getattr(model, f"{side}_noise")
        if noise is not None:
            fields[f"{side}_noise"] = replace(noise, scale=placed(old, noise.scale, fill=1.0, axis=1))
    fields["user_link"] = _bags_of(model.user_link, joined.old_items)
    fields["item_link"] = _bags_of(model.item_link, joined.old_users)
    if model.context is not None:
        fields["context"] = _of_all(model.context, joined.old_users)
    return replace(model, **change.known(), **fields)


def _bags_of(link: FeatureLink | None, old: np.ndarray) -> FeatureLink | None:
    """Return features whose bags hold the rows of a larger vocabulary; new ones weigh nothing."""
    if link is None:
        return None
    groups = (
        replace(one, weights=placed(old, one.weights, axis=1)) if one.kind == BAG else one
        for one in link.groups
    )
    return FeatureLink(tuple(groups))


def _of_all(context: TimeContext, old: np.ndarray) -> TimeContext:
    """Return what is known of time for the users of a larger vocabulary."""
    return _with_sittings(
        context, placed(old, context.home, fill=context.n_eras - 1), old, context.sittings, context.mood
    )


def _with_sittings(
    context: TimeContext, home: np.ndarray, rows: np.ndarray, sittings: Sittings, mood: np.ndarray
) -> TimeContext:
    """Return a context whose users have the sittings of these `rows`, none for -1."""
    start = np.where(rows < 0, 0, sittings.indptr[rows])
    counts = np.where(rows < 0, 0, sittings.indptr[rows + 1] - start)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    at = np.arange(indptr[-1]) + np.repeat(start - indptr[:-1], counts)
    return context.of_users(home, Sittings(indptr, sittings.begin[at], sittings.end[at]), mood[:, at])


def _solved(model: Any, side: str, index: np.ndarray, change: Change) -> Any:
    """Return the model with some rows of one side solved for, the other side's vectors fixed."""
    if not len(index):
        return model
    rows = change.joined.by_user if side == "user" else change.joined.by_item
    times = change.joined.kept.timestamp if side == "user" and model.context is not None else None
    if times is not None:
        times = in_units_of(model, times[rows.at(index)[0]], "timestamps of the new ratings")
    found = solve_side(model, side, rows.take(index), _features(model, side, index), change.threads, times)
    fields: dict[str, Any] = {}
    for name, part in (("factors", found.factors), ("bias", found.bias)):
        whole = getattr(model, f"{side}_{name}").copy()
        whole[:, index] = part
        fields[f"{side}_{name}"] = whole
    noise: RowNoise | None = getattr(model, f"{side}_noise")
    if noise is not None and found.scale is not None:
        scale = noise.scale.copy()
        scale[:, index] = found.scale
        fields[f"{side}_noise"] = replace(noise, scale=scale)
    context = model.context
    if (
        context is not None
        and found.home is not None
        and found.sittings is not None
        and found.mood is not None
    ):
        rows_of, home = np.arange(len(context.home)), context.home.copy()
        rows_of[index], home[index] = len(home) + np.arange(len(index)), found.home
        sittings, mood = (
            _one_after_the_other(context.sittings, found.sittings),
            np.hstack([context.mood, found.mood]),
        )
        fields["context"] = _with_sittings(context, home, rows_of, sittings, mood)
    return replace(model, **fields)


def _one_after_the_other(first: Sittings, second: Sittings) -> Sittings:
    return Sittings(
        np.concatenate([first.indptr, second.indptr[1:] + first.indptr[-1]]),
        np.concatenate([first.begin, second.begin]),
        np.concatenate([first.end, second.end]),
    )


def _features(model: Any, side: str, index: np.ndarray) -> list[dict[str, Any]] | None:
    """Return what the catalog says of some items, for a model that was trained on it."""
    link = model.item_link if side == "item" else None
    wanted = [] if link is None else [group.name for group in link.groups if group.kind != BAG]
    if not wanted or model.catalog is None:
        return None
    have = [name for name in wanted if name in model.catalog.frame.columns]
    return rows_of(model.catalog.frame.select(have), index).to_dicts() if have else [{}] * len(index)
