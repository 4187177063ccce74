"""From the names of features to their positions in both directions, and to the features of new rows."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl

from palate._checks import ArgumentError, ArgumentTypeError, Setting, Words
from palate._words import counted
from palate.data import columns as names
from palate.data.catalog import Catalog
from palate.data.forks import rows_by_index
from palate.data.frames import to_polars
from palate.data.tags import divided_by
from palate.data.vocabulary import Vocabulary
from palate.solve.features import (
    BAG,
    BINS,
    TAGS,
    FeatureBlock,
    FeatureGroup,
    FeatureLink,
    bin_block,
    tag_block,
)
from palate.training.training_data import Problem

BAGS = {"user": "rated", "item": "raters"}
MISSING = ("zero", "raise")


@dataclass(frozen=True, eq=False)
class SideFeatures:
    """The groups of one side, without weights, and the block of each."""

    groups: tuple[FeatureGroup, ...] = ()
    blocks: tuple[FeatureBlock, ...] = ()
    notes: tuple[str, ...] = ()

    def link(self, weights: np.ndarray) -> FeatureLink | None:
        """Return the link with weights of shape (n_draws, n_columns of all groups, n_factors + 1).

        None without groups.
        """
        if not self.groups:
            return None
        bounds = np.cumsum([block.n_columns for block in self.blocks])[:-1]
        parts = np.split(weights, bounds, axis=1)
        both = zip(self.groups, parts, strict=True)
        return FeatureLink(tuple(replace(group, weights=np.ascontiguousarray(part)) for group, part in both))


def feature_names(text: str, argument: str) -> tuple[str, ...]:
    """Return the names in a comma-separated text.

    Raises
    ------
    TypeError
        If it is no text.
    ValueError
        If a name is repeated.
    """
    if not isinstance(text, str):
        raise ArgumentTypeError(argument, "be a text of names with commas between them", f"{text!r}")
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in found:
        if found.count(name) > 1:
            raise ArgumentError(argument, "name each feature once", f"{name!r} twice")
    return found


class HasFeatures(Protocol):
    """A trainer that names features of users and of items."""

    @property
    def user_features(self) -> str: ...
    @property
    def item_features(self) -> str: ...


def all_features(
    problem: Problem, trainer: HasFeatures, catalog: Catalog | None, user_table: object
) -> dict[str, SideFeatures]:
    """Return the features of both sides that a trainer names in `user_features` and `item_features`, by side.

    Raises
    ------
    ValueError
        As in `side_features` and `aligned_table`.
    """
    found = {}
    missing = getattr(trainer, "missing_features", "zero")
    for side, text, frame, ids in (
        ("user", trainer.user_features, user_table, problem.ratings.users),
        ("item", trainer.item_features, catalog, problem.ratings.items),
    ):
        columns = [name for name in feature_names(text, f"{side}_features") if name not in BAGS.values()]
        table, notes = (None, ()) if frame is None or not columns else aligned_table(frame, side, ids)
        features = side_features(side, text, problem, table, missing)
        found[side] = SideFeatures(features.groups, features.blocks, (*notes, *features.notes))
    return found


def side_features(
    side: str, text: str, problem: Problem, table: pl.DataFrame | None, missing: str
) -> SideFeatures:
    """Return the features of one side.

    Parameters
    ----------
    side : {"user", "item"}
    text : str
        Names with commas between: "rated" (users) or "raters" (items) for the bag, any other a
        column of the table.
    problem : Problem
        Bags hold its training ratings alone.
    table : polars.DataFrame, optional
        One row for each row of the side, in that order; see `aligned_table`.
    missing : {"zero", "raise"}
        What a missing value is: no feature, or an error.

    Raises
    ------
    ValueError
        If there is no such column, or a value is missing and `missing="raise"`.
    """
    argument = f"{side}_features"
    groups, blocks, notes = [], [], []
    for name in feature_names(text, argument):
        if name in BAGS.values():
            if name != BAGS[side]:
                what = f"{name!r}, which is a feature of the other side; {side}s have {BAGS[side]!r}"
                raise ArgumentError(argument, f"not hold {what}")
            both = problem.by_user, problem.by_item
            own, turned = both if side == "user" else both[::-1]
            block, group = FeatureBlock.of_rows(own, turned), _group(name, BAG)
        else:
            block, group, n_missing = _column(argument, name, table, missing)
            if n_missing:
                notes.append(f"{n_missing:,} {side}s have no {name}, which adds nothing to their prior mean.")
            between = divided_by(group.values) if group.kind == TAGS else None
            if between is not None:
                notes.append(
                    f"{name} of {side}s has {len(group.values):,} different values, most of them "
                    f"with {between}: use bars (|) instead if each value is several tags."
                )
        groups.append(group)
        blocks.append(block)
    return SideFeatures(tuple(groups), tuple(blocks), tuple(notes))


def aligned_table(frame: object, side: str, vocabulary: Vocabulary) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a table of features with one row for each id of the vocabulary, in its order, and notes.

    The notes say what was left out.

    Raises
    ------
    ValueError
        If the column of ids is missing, or an id is repeated.
    """
    column = names.USER_ID if side == "user" else names.ITEM_ID
    table = frame.frame if isinstance(frame, Catalog) else to_polars(frame)
    if column not in table.columns:
        columns = ", ".join(map(repr, table.columns))
        raise ArgumentError(f"{side}_table", f"have a column {column!r}", columns)
    index = vocabulary.indices(table[column])
    known = index >= 0
    place, count = np.unique(index[known], return_counts=True)
    if (count > 1).any():
        twice = f"{vocabulary.id(int(place[count > 1][0]))!r} twice"
        raise ArgumentError(f"{side}_table", f"have one row for each {side}", twice)
    found = rows_by_index(index, len(vocabulary))
    rows = pl.DataFrame([values.gather(found) for values in table.get_columns()])
    unknown = int((~known).sum())
    note = (
        f"{counted(unknown, 'row')} of the {side} table "
        + (f"is of a {side}" if unknown == 1 else f"are of {side}s")
        + f" without ratings and {'was' if unknown == 1 else 'were'} not used in training."
    )
    return rows, (note,) if unknown else ()


def _group(name: str, kind: str, values: tuple[str, ...] = (), edges: tuple[float, ...] = ()) -> FeatureGroup:
    none = np.empty((0, 0, 0), np.float32)
    return FeatureGroup(name=name, kind=kind, values=values, edges=edges, weights=none)


def _column(
    argument: str, name: str, table: pl.DataFrame | None, missing: str
) -> tuple[FeatureBlock, FeatureGroup, int]:
    side = argument.partition("_")[0]
    if table is None or name not in table.columns:
        where = "the catalog" if side == "item" else "user_table"
        have = "none was given" if table is None else f"it has {', '.join(map(repr, table.columns))}"
        raise ArgumentError(argument, f"name columns of {where}", f"{name!r}, and {have}")
    column = table[name]
    if column.dtype.is_numeric():
        block, edges = bin_block(column.cast(pl.Float64).to_numpy())  # null becomes NaN
        group = _group(name, BINS, edges=edges)
    else:
        cells = column.to_list() if column.dtype == pl.List else column.cast(pl.String).to_list()
        block, values = tag_block(cells)
        group = _group(name, TAGS, values=values)
    n_missing = int((np.diff(block.indptr) == 0).sum())
    if n_missing and missing == "raise":
        said = f"{argument} must be known of every {side}; {name!r} is missing for {n_missing:,}. Pass "
        raise ValueError(Words(said, Setting("missing_features", "zero"), " to continue without it."))
    return block, group, n_missing
