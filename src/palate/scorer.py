"""The protocols that everything ranked, evaluated or compared fulfils."""

from dataclasses import dataclass
from functools import cache
from typing import Protocol, TypeGuard, cast, runtime_checkable

import numpy as np

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary


@runtime_checkable
class Scorer(Protocol):
    """Protocol of objects that score items for users.

    Every model is a scorer. `Model.of` makes a model from an object that scores row numbers.

    Examples
    --------
    >>> from palate import Baseline, Ratings, Scorer
    >>> model = Baseline().fit(Ratings.from_arrays(["al", "bo"], ["x", "y"], [5, 3]), validation=0)
    >>> isinstance(model, Scorer)
    True
    """

    @property
    def users(self) -> Vocabulary:
        """Ids of the users, in the order of their row numbers."""
        ...

    @property
    def items(self) -> Vocabulary:
        """Ids of the items, in the order of their row numbers."""
        ...

    @property
    def scale(self) -> tuple[float, float] | None:
        """Lowest and highest valid rating, or None for scores that are not ratings."""
        ...

    @property
    def catalog(self) -> Catalog | None:
        """Titles and other columns of the items."""
        ...

    @property
    def ratings(self) -> RatingMatrix | None:
        """The training ratings, or None."""
        ...

    @property
    def frame_kind(self) -> str:
        """Name of the data-frame library of results."""
        ...

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return one float32 score per pair of `user_index` and `item_index`.

        -1 means an unknown user or item, which has its prior mean.
        """
        ...

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the float32 scores of all items for each of `user_index`, shape (n, n_items)."""
        ...


@dataclass(frozen=True, eq=False)
class Ranking:
    """The best items of each user, best first: -1 and NaN where a user has fewer than n."""

    items: np.ndarray  # (n_users, n) int32
    scores: np.ndarray  # (n_users, n) float32

    @classmethod
    def empty(cls, n_users: int, n: int) -> "Ranking":
        """Return a ranking of `n` places for each user, with nothing in any of them."""
        return cls(np.full((n_users, n), -1, np.int32), np.full((n_users, n), np.nan, np.float32))


class Ranks(Protocol):
    """A scorer whose lists are ordered by something else than its predictions."""

    def rank_items(
        self,
        users: np.ndarray,
        n: int,
        mask: np.ndarray,
        seen: tuple[np.ndarray, np.ndarray],
        threads: int | None,
    ) -> Ranking:
        """Return the top n of each user among the items of `mask`, all when empty, that are not `seen`.

        `seen` is (indptr, items).
        """
        ...


class Prior(Protocol):
    """What a row is before its ratings are seen: `mean` has shape (n_draws, n_factors + 1), the bias last."""

    @property
    def mean(self) -> np.ndarray: ...


class Linear(Protocol):
    """What ranking asks of a likelihood."""

    @property
    def linear(self) -> bool: ...  # the expected rating is the latent value itself


class HasFactors(Protocol):
    """What tells a factorization from other scorers."""

    @property
    def item_factors(self) -> np.ndarray: ...  # (n_draws, n_items, n_factors) float32
    @property
    def likelihood(self) -> Linear: ...


class Factored(Scorer, HasFactors, Protocol):
    """A scorer whose score is a mean over draws of biases and a product of factors.

    A draw's score is `mean + user bias + item bias + user factors . item factors`.

    It is ranked by blocked products, without the scores of all items ever standing in memory.
    """

    @property
    def user_factors(self) -> np.ndarray: ...  # (n_draws, n_users, n_factors) float32
    @property
    def user_bias(self) -> np.ndarray: ...  # (n_draws, n_users) float32
    @property
    def item_bias(self) -> np.ndarray: ...  # (n_draws, n_items) float32
    @property
    def global_mean(self) -> np.ndarray: ...  # (n_draws,) float64
    @property
    def user_prior(self) -> Prior: ...
    @property
    def item_prior(self) -> Prior: ...


def is_factored(scorer: Scorer) -> TypeGuard[Factored]:
    """Return whether a scorer has factors and is ranked by their plain product."""
    return has_members(scorer, HasFactors) and cast(HasFactors, scorer).likelihood.linear


def ranks_itself(scorer: Scorer) -> TypeGuard[Ranks]:
    """Return whether a scorer ranks items by an order of its own."""
    return has_members(scorer, Ranks)


def has_members(value: object, protocol: type) -> bool:
    """Return whether a value has everything that a protocol names, as `isinstance` does.

    `isinstance` of a runtime-checkable protocol takes longer than to rank.
    """
    return all(hasattr(value, name) for name in _members(protocol))


@cache
def _members(protocol: type) -> tuple[str, ...]:
    own = (
        vars(one) for one in protocol.__mro__ if getattr(one, "_is_protocol", False) and one is not Protocol
    )
    return tuple(sorted({name for one in own for name in one if not name.startswith("_")}))
