"""Updates: new users, items and ratings enter a model by row solves, without a full fit.

A user or item with new or changed ratings is solved for with the other side's vectors fixed, as
fold-in does: users, then items, a few times, and users once more, so that users end as fold-in
would find them. Everyone else's vectors stay as they were trained. A model is never changed: an
update is a new one.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from palate._checks import ArgumentError
from palate._parallel import check_threads
from palate._words import counted, one_or_more
from palate.data.arguments import warn_caller
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.forks import rows_of
from palate.data.ratings import Ratings
from palate.data.scales import ScaleWarning, off_scale, outside
from palate.data.vocabulary import entries_at
from palate.factors.draws import has_posterior
from palate.factors.folded_rows import ToFold
from palate.factors.sides import SideName
from palate.factors.taking import changed, take
from palate.factors.temporal_scores import in_units_of
from palate.model.folded import scale_of, solve_side, values_of_model
from palate.model.history import History
from palate.model.joined import Change, Joined, UnionWarning, catalog_of_both, check_timed, join, said_of
from palate.model.updated_sums import update_sums
from palate.solve.features import BAG
from palate.solve.grades import COUNTS, popularity, recency
from palate.solve.rows import Rows

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel
    from palate.model.model import Model

UPDATED = "Updated with"  # how the history of an update begins
# Rounds of users and items before the last solve of the users. If a user has many new items, these are
# at the top of their list after one round (12 % of the places on MovieLens-small; 0.3 % after three
# rounds, and 0.1 % after training again). Draws of a posterior differ by more than this.
_ROUNDS, _ROUNDS_OF_DRAWS = 3, 1


def update(
    model: "Model",
    ratings: "Ratings | Dataset",
    duplicates: str | None,
    catalog: Catalog | None,
    threads: int | None,
) -> Any:
    """Return a model that knows new ratings, too; see `Model.update`."""
    new, catalog = with_catalog(ratings, catalog)
    if model.ratings is not None:
        check_values(model, new)
    joined = join(model, new, duplicates or ("sum" if of_counts(model) else None))
    for said in said_of(model, new, joined):
        # replacing ratings is the purpose of an update; the history has their number
        if "replaced" not in said:
            warn_caller(said, UnionWarning)
    about = catalog_of_both(model, catalog) or Catalog.from_items(joined.ratings.items)
    about = about.aligned(joined.ratings.items, joined.matrix)
    change = Change(joined=joined, catalog=about, threads=check_threads(threads))
    updated, notes = model.with_change(change)
    return replace(updated, history=_history(model.history, joined, notes))


def of_counts(model: "Model") -> bool:
    """Return whether a model is of counts, which add up when a pair comes again."""
    return COUNTS in values_of_model(model)


def check_values(model: "Model", new: Ratings) -> None:
    """Raise ValueError unless new ratings are on the scale of a model, each of them.

    Warns
    -----
    ScaleWarning
        If they look as if they were on another scale.
    """
    scale = scale_of(model)
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
        warn_caller(said, ScaleWarning)


def _history(before: History, joined: Joined, notes: tuple[str, ...]) -> History:
    """Return the history of an update: what was added, and the earlier history."""
    n = {side: (len(joined.touched(side)), len(joined.fresh(side))) for side in ("user", "item")}
    changed = int(joined.changed.sum())
    who = " and ".join(f"{counted(all_, side)} ({fresh:,} new)" for side, (all_, fresh) in n.items())
    stopped = f"{UPDATED} {counted(changed, 'new or changed rating')} of {who}."
    earlier = (*before.earlier, replace(before, earlier=()))
    n_train = len(joined.ratings) - int(joined.held_out.sum())
    trained = next((one.n_train for one in reversed(earlier) if not one.stopped.startswith(UPDATED)), 0)
    if trained and 1000 * (n_train - trained) >= n_train:
        share = f"{100 * (1 - trained / n_train):.1f} % of its ratings are newer than the training."
        notes = (*notes, share)
    return History(
        stopped=stopped,
        notes=notes,
        n_train=n_train,
        n_validation=int(joined.held_out.sum()),
        selected=before.selected,
        earlier=earlier,
    )


def update_factors(model: "FactorModel", change: Change) -> tuple["FactorModel", tuple[str, ...]]:
    """Return a factor model with a change, and what should be known of it."""
    if model.trainer.get("name") == "Popular":
        return _counted(model, change), ()
    if model.fold is not None:
        return update_sums(model, model.fold, change)
    return _solved_rows(model, change)


def _counted(model: "FactorModel", change: Change) -> "FactorModel":
    """Return the popularity of all items counted again."""
    kept, half_life = change.joined.kept, model.trainer["half_life"]
    check_timed(model, change, half_life is not None)
    least = model.trainer["min_ratings"]
    counts = popularity(kept.item_index, kept.n_items, kept.timestamp, half_life, least)
    return changed(_enlarged(model, change), item_bias=counts[None].astype(np.float32))


def _solved_rows(model: "FactorModel", change: Change) -> tuple["FactorModel", tuple[str, ...]]:
    joined, notes = change.joined, []
    check_timed(model, change, model.context is not None or model.grades.half_life is not None)
    users, items = joined.touched("user"), joined.touched("item")
    large = _enlarged(model, change)
    if model.context is not None:
        items = items[joined.old_items[items] < 0]
        values = "their values in each time bin are found by training only"
        notes.append(f"Known items keep their vectors: {values}.")
    if model.user_link is not None and any(group.kind != BAG for group in model.user_link.groups):
        who = one_or_more(len(users), "user", "was", "were")
        notes.append(f"A model does not keep features of users: {who} solved without theirs.")
    for _ in range(_ROUNDS_OF_DRAWS if has_posterior(model) else _ROUNDS):
        large = _solved(large, "user", users, change)
        large = _solved(large, "item", items, change)
    return _solved(large, "user", users, change), tuple(notes)


def _enlarged(model: "FactorModel", change: Change) -> "FactorModel":
    """Return the model with the rows of all users and items, those that are new at their prior mean."""
    joined = change.joined
    return take(model, user_rows=joined.old_users, item_rows=joined.old_items, **change.model_fields())


def _solved(model: "FactorModel", side: SideName, index: np.ndarray, change: Change) -> "FactorModel":
    """Return the model with some rows of one side solved for, the other side's vectors fixed."""
    if not len(index):
        return model
    rows = _rows(model, side, change)
    times = change.joined.kept.timestamp if side == "user" and model.context is not None else None
    if times is not None:
        times = in_units_of(model, times[entries_at(rows.indptr, index)[0]], "timestamps of the new ratings")
    asked = ToFold(rows.take(index), _features(model, side, index), change.threads, times)
    found = solve_side(model, side, asked)
    put = model.factors.side(side).put(index, found.factors, found.bias, found.scale)
    time = model.factors.time
    if (
        time is not None
        and found.user_time_bin is not None
        and found.sessions is not None
        and found.session_effect is not None
    ):
        time = time.with_rows(index, found.user_time_bin, found.sessions, found.session_effect)
    users, items = (put, model.factors.item) if side == "user" else (model.factors.user, put)
    return changed(model, factors=replace(model.factors, user=users, item=items, time=time))


def _rows(model: "FactorModel", side: SideName, change: Change) -> Rows:
    """Return the ratings of one side's rows, old ones with less weight where the model has a half-life."""
    joined, grades = change.joined, model.grades
    if grades.half_life is None:
        return joined.by_user if side == "user" else joined.by_item
    rows, times = joined.by_user, joined.kept.timestamp
    recent = recency(cast(np.ndarray, times), grades.now, grades.half_life).astype(np.float32)
    weighted = replace(rows, weights=rows.weights * recent if rows.weights.size else recent)
    return weighted if side == "user" else weighted.transposed()


def _features(model: "FactorModel", side: SideName, index: np.ndarray) -> list[dict[str, Any]] | None:
    """Return what the catalog says of some items, for a model that was trained on it."""
    link = model.item_link if side == "item" else None
    wanted = [] if link is None else [group.name for group in link.groups if group.kind != BAG]
    if not wanted or model.catalog is None:
        return None
    have = [name for name in wanted if name in model.catalog.frame.columns]
    return rows_of(model.catalog.frame.select(have), index).to_dicts() if have else [{}] * len(index)
