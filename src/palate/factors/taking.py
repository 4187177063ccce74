"""Models made of models: some users, items or draws of one, or the draws of several.

This module alone knows which fields of a model are per user, per item or per draw. Whoever makes a
model from another says what becomes different; all other fields stay.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import numpy as np

from palate.data.catalog import Catalog
from palate.data.vocabulary import Vocabulary, rows_at
from palate.factors.factors import Factors
from palate.factors.row_precision import RowNoise
from palate.factors.sides import ModelSide, SideName, other_side, side_of
from palate.factors.sums import SumFold
from palate.factors.temporal import TimeContext
from palate.solve.features import FeatureLink
from palate.solve.prior import RowPrior

F = TypeVar("F", bound=Factors)


def changed(model: F, **fields: Any) -> F:
    """Return a model with some of its fields changed; all others stay."""
    return cast(F, replace(cast(Any, model), **fields))


def take(
    model: F,
    *,
    user_rows: np.ndarray | None = None,
    item_rows: np.ndarray | None = None,
    draws: slice | None = None,
    **fields: Any,
) -> F:
    """Return the model of some users, some items and some draws.

    Parameters
    ----------
    model : Factors
    user_rows, item_rows : ndarray of int, optional
        Positions of the rows in the model, in the order wanted; -1 is a new row, at its prior mean.
        Users and items are then numbered from 0, and ratings are left out, unless `fields` has them.
    draws : slice, optional
    **fields
        Fields of the result that are other than those of the model.
    """
    taken = _Taken(model, {"user": user_rows, "item": item_rows}, draws)
    axes = {"user": user_rows is not None, "item": item_rows is not None, "draw": draws is not None}
    found = {
        name: part(taken)
        for name, (along, part) in _FIELDS.items()
        if name not in fields and any(axes[axis] for axis in along.split())
    }
    return changed(model, **found, **fields)


def stack(models: Sequence[F], **fields: Any) -> F:
    """Return the model that has the draws of all models, which are of the same users and items.

    What is not known of every draw is left out: a noise of ratings, or cutpoints, that one of the
    models lacks. All that has no draws is that of the first. `fields` as in `take`.
    """
    found = {name: join(models) for name, join in _JOINED.items() if name not in fields}
    return changed(models[0], **found, **fields)


@dataclass(frozen=True, eq=False)
class _Taken:
    """What is taken of a model."""

    model: Factors
    rows: dict[SideName, np.ndarray | None]
    draws: slice | None

    @property
    def at(self) -> slice:
        return slice(None) if self.draws is None else self.draws

    def numbered(self, name: SideName) -> Vocabulary:
        rows = self.rows[name]
        return Vocabulary.from_ids(list(range(0 if rows is None else len(rows))))

    def prior(self, name: SideName) -> RowPrior:
        return side_of(self.model, name).prior.draws(self.at)

    def factors(self, name: SideName) -> np.ndarray:
        return self._vectors(name, side_of(self.model, name).factors, self.prior(name).mean[:, None, :-1])

    def bias(self, name: SideName) -> np.ndarray:
        return self._vectors(name, side_of(self.model, name).bias, self.prior(name).mean[:, None, -1])

    def _vectors(self, name: SideName, table: np.ndarray, unknown: np.ndarray) -> np.ndarray:
        table, rows = table[self.at], self.rows[name]
        if rows is None:
            return table
        table = rows_at(table, rows, axis=1)
        table[:, rows < 0] = unknown
        return table

    def noise(self, name: SideName) -> RowNoise | None:
        noise, rows = side_of(self.model, name).noise, self.rows[name]
        if noise is None:
            return None
        noise = noise if self.draws is None else noise.draws(self.draws)
        return noise if rows is None else noise.of_rows(rows)

    def features(self, name: SideName) -> FeatureLink | None:
        link, others = side_of(self.model, name).features, self.rows[other_side(name)]
        if link is None:
            return None
        link = link if self.draws is None else link.draws(self.draws)
        return link if others is None else link.of_others(others)

    def context(self) -> TimeContext | None:
        context, rows = self.model.context, self.rows["user"]
        if context is None:
            return None
        context = context if self.draws is None else context.draws(self.draws)
        return context if rows is None else context.of_rows(rows)

    def fold(self) -> SumFold | None:
        fold, rows = self.model.fold, self.rows["item"]
        if fold is None or rows is None:
            return fold
        return replace(fold, item_scale=rows_at(fold.item_scale, rows))


_Part = Callable[[_Taken], object]
_FIELDS: dict[str, tuple[str, _Part]] = {  # along which axes a field lies, and how parts of it are taken
    "users": ("user", lambda taken: taken.numbered("user")),
    "items": ("item", lambda taken: taken.numbered("item")),
    "user_factors": ("user draw", lambda taken: taken.factors("user")),
    "item_factors": ("item draw", lambda taken: taken.factors("item")),
    "user_bias": ("user draw", lambda taken: taken.bias("user")),
    "item_bias": ("item draw", lambda taken: taken.bias("item")),
    "user_noise": ("user draw", lambda taken: taken.noise("user")),
    "item_noise": ("item draw", lambda taken: taken.noise("item")),
    "user_link": ("item draw", lambda taken: taken.features("user")),  # a bag holds items
    "item_link": ("user draw", lambda taken: taken.features("item")),
    "user_prior": ("draw", lambda taken: taken.prior("user")),
    "item_prior": ("draw", lambda taken: taken.prior("item")),
    "global_mean": ("draw", lambda taken: taken.model.global_mean[taken.at]),
    "cutpoints": ("draw", lambda taken: _some(taken.model.cutpoints, taken.at)),
    "noise_sd": ("draw", lambda taken: _some(taken.model.noise_sd, taken.at)),
    "context": ("user draw", lambda taken: taken.context()),
    "fold": ("item", lambda taken: taken.fold()),
    "catalog": ("item", lambda taken: Catalog.from_items(taken.numbered("item"))),
    "ratings": ("user item", lambda taken: None),
}


def _some(array: np.ndarray | None, at: slice) -> np.ndarray | None:
    return None if array is None else array[at]


def _together(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if len(known) == len(arrays) else None


def _sides(models: Sequence[Factors], name: SideName) -> list[ModelSide]:
    return [side_of(model, name) for model in models]


_JOINED: dict[str, Callable[[Sequence[Factors]], object]] = {
    "user_factors": lambda models: np.concatenate([model.user_factors for model in models]),
    "item_factors": lambda models: np.concatenate([model.item_factors for model in models]),
    "user_bias": lambda models: np.concatenate([model.user_bias for model in models]),
    "item_bias": lambda models: np.concatenate([model.item_bias for model in models]),
    "user_noise": lambda models: RowNoise.stacked([side.noise for side in _sides(models, "user")]),
    "item_noise": lambda models: RowNoise.stacked([side.noise for side in _sides(models, "item")]),
    "user_link": lambda models: FeatureLink.stacked([side.features for side in _sides(models, "user")]),
    "item_link": lambda models: FeatureLink.stacked([side.features for side in _sides(models, "item")]),
    "user_prior": lambda models: RowPrior.stacked([side.prior for side in _sides(models, "user")]),
    "item_prior": lambda models: RowPrior.stacked([side.prior for side in _sides(models, "item")]),
    "global_mean": lambda models: np.concatenate([model.global_mean for model in models]),
    "cutpoints": lambda models: _together([model.cutpoints for model in models]),
    "noise_sd": lambda models: _together([model.noise_sd for model in models]),
    "context": lambda models: TimeContext.stacked([model.context for model in models]),
}
