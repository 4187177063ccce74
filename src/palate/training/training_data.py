"""The input of a training run: ratings split into training and validation, compressed both ways."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from palate._checks import ArgumentError, Call, Part, Setting, Words
from palate._parallel import even_bounds, run_chunks
from palate._words import counted, one_or_more
from palate.data.arguments import warn_caller
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, ratings_of
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.scales import ScaleWarning, off_scale
from palate.model.history import History
from palate.model.model import Model
from palate.solve.compressed import kept
from palate.solve.confidence import Confidence, user_scales
from palate.solve.rows import Rows, Side
from palate.splits.holdout import check_validation, holdout_mask, merged_with_train

Trained = TypeVar("Trained", bound=Model)
_HIGHEST_OF_FEW = 5  # no higher value is needed to tell counts from stars
_NEGATIVE = 0.05  # share of the counts that may be negative, as of returned purchases
_OF_HIGHEST = 1 / 4  # of the highest count are half of all counts at most
_OF_HIGHEST_AMOUNT = 1 / 20  # the same of amounts that are no whole numbers
_PAIRS_PER_CHUNK = 1 << 15


@dataclass(frozen=True, eq=False)
class Problem:
    """The input of a training run: all ratings, which are held out, and training ratings both ways."""

    ratings: Ratings  # training and validation together
    held_out: np.ndarray  # (n_ratings,) bool
    by_user: Rows
    by_item: Rows
    mean: float
    confidence: Confidence | None = None
    user_scale: np.ndarray | None = None  # (n_users,) float32, of targets and the users' vectors
    holds_ratings: bool = True  # in the rows; else the solver knows where they are

    @classmethod
    def build(
        cls,
        ratings: Ratings,
        held_out: np.ndarray,
        *,
        mean: bool = True,
        confidence: Confidence | None = None,
        choices: bool = False,
        user_weighting: float = 0.0,
        train: Ratings | None = None,
        threads: int = 1,
    ) -> "Problem":
        """Compress the ratings that are not held out; `mean` says whether the global mean is taken off.

        Where `train` has them already, they are not copied.

        Of `choices` alone it does not matter that all ratings may be equal.

        With a confidence the values are counts, and the rows hold its targets and weights, those of
        active users scaled down by `user_weighting`.
        """
        own = ratings if train is None else train
        weights = np.empty(0, np.float32) if ratings.weight is None or own.weight is None else own.weight
        indptr, columns, values = own.user_indptr, own.item_index, own.value
        if train is None and held_out.any():
            arrays = (columns, values, weights) if weights.size else (columns, values)
            indptr, (columns, values, *rest) = kept(indptr, held_out, arrays, threads)
            weights = rest[0] if rest else weights
        if not len(values):
            said = "there must be at least one training rating; all are held out. Lower "
            raise ValueError(Words(said, Setting("validation", python="validation"), "."))
        if confidence is None and not choices:
            _warn_if_equal(values)
            warn_of_events(ratings, Call('palate.LeastSquares.for_counts("everywhere")'))
        if confidence is not None:
            times = ratings.timestamp
            times = times[~held_out] if times is not None and held_out.any() else times
            confidence = confidence.resolved(values, ratings.scale, times)
            values, weights = confidence.apply(values, weights, times)
        scale = user_scales(np.diff(indptr), user_weighting)
        if scale is not None:
            values = values * np.repeat(scale, np.diff(indptr))
        by_user = Rows(indptr, columns, values, weights, ratings.n_items)
        average = _mean(values, weights) if mean else 0.0
        return cls(ratings, held_out, by_user, by_user.transposed(threads), average, confidence, scale)

    @property
    def n_train(self) -> int:
        """Number of training ratings."""
        return int(self.by_user.indptr[-1])

    @property
    def times(self) -> np.ndarray:
        """Times of the training ratings, by user, int64; ratings without times raise ValueError."""
        times = self.ratings.timestamp
        if times is None:
            raise ValueError(
                "the ratings must have timestamps for a model with time, including the held-out "
                "ones; they have none. Say which column holds them."
            )
        return times[~self.held_out] if self.held_out.any() else times

    @cached_property
    def total_weight(self) -> float:
        """Sum of the weights of the training ratings."""
        weights = self.by_user.weights
        return float(weights.sum(dtype=np.float64)) if weights.size else float(self.n_train)

    @cached_property
    def validation(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """User indexes, item indexes and values of the ratings held out."""
        ratings, rows = self.ratings, np.flatnonzero(self.held_out)
        starts = np.searchsorted(rows, ratings.user_indptr)  # of each user's among the rows held out
        users = np.repeat(np.arange(ratings.n_users), np.diff(starts))
        values = ratings.value[rows]
        if self.confidence is not None:
            values, _ = self.confidence.apply(values, np.empty(0, np.float32))
        if self.user_scale is not None:
            values = values * self.user_scale[users]
        return users, ratings.item_index[rows].astype(np.int64), values

    @property
    def held_out_times(self) -> np.ndarray | None:
        """Times of the ratings held out, int64, where there are any."""
        return None if self.ratings.timestamp is None else self.ratings.timestamp[self.held_out]

    def model_fields(self, catalog: Catalog | None) -> dict[str, Any]:
        """Return the fields of a model that are its input's.

        They are ids, ratings with those held out marked, catalog, scale and kind of frame.
        """
        matrix = RatingMatrix.from_ratings(self.ratings, self.held_out if self.held_out.any() else None)
        return self.fields_with(catalog, matrix, matrix)

    def fields_with(
        self, catalog: Catalog | None, kept: RatingMatrix | None, counted: RatingMatrix
    ) -> dict[str, Any]:
        """Return the fields of a model that keeps some ratings, and counts those of each item."""
        ratings = self.ratings
        about = catalog if catalog is not None else Catalog.from_items(ratings.items)
        return {
            "users": ratings.users,
            "items": ratings.items,
            "ratings": kept,
            "catalog": about.aligned(ratings.items, counted),
            "scale": ratings.scale,
            "frame_kind": ratings.frame_kind,
        }

    def history(self, **about: Any) -> History:
        """Return the history of a run on these ratings."""
        return History(n_train=self.n_train, n_validation=int(self.held_out.sum()), **about)

    def notes_on_untrained(self, users: str, items: str) -> list[str]:
        """Return notes on users and items whose ratings are all held out, with what is said of each side."""
        return [
            one_or_more(empty, side, "has no training rating", "have no training rating")
            + f" (all are held out); {whose if empty == 1 else 'their'} {said}."
            for side, whose, said, rows in (
                ("user", "their", users, self.by_user),
                ("item", "its", items, self.by_item),
            )
            if (empty := int((rows.counts == 0).sum()))
        ]

    def predict(
        self, users: np.ndarray, items: np.ndarray, user_side: Side, item_side: Side, threads: int = 1
    ) -> np.ndarray:
        """Return the float32 predictions of pairs of known indexes."""
        from palate.kernels.pairs import pair_products

        out = np.empty(len(users), np.float32)
        none = np.zeros((1, user_side.factors.shape[1]), np.float32)
        vectors = user_side.factors[None], item_side.factors[None], none, none

        def part(start: int, stop: int) -> None:
            u, i, found = users[start:stop], items[start:stop], out[start:stop]
            pair_products(*vectors, item_side.bias[i], u, i, found)
            found += user_side.bias[u]
            found += np.float32(self.mean)

        run_chunks(part, even_bounds(len(users), _PAIRS_PER_CHUNK), threads)
        return out


class EqualRatingsWarning(UserWarning):
    """All ratings are equal, so that a model of ratings has nothing to learn."""


def _warn_if_equal(values: np.ndarray) -> None:
    if len(values) > 1 and values.min() == values.max():
        warn_caller(equal_ratings(float(values[0])), EqualRatingsWarning)


def equal_ratings(value: float) -> str:
    """Return what to say of ratings that are all equal."""
    said = f"all ratings are {value:g}: there is nothing to predict. If they are choices, train with "
    return Words(said, Call('palate.LeastSquares.for_counts("everywhere")'), ".")


class EventsWarning(UserWarning):
    """Numbers of events, or values that look like counts, may not mean what the trainer takes them for."""


def warn_of_events(ratings: Ratings, advice: Part) -> None:
    """Warn if the values are numbers of events that differ, which a trainer is to take for ratings."""
    if ratings.events and len(ratings) and ratings.value.min() < ratings.value.max():
        said = "the table has no ratings. The number of rows of each pair is taken for its rating. "
        warn_caller(Words(said, "Train with ", advice, "."), EventsWarning)


def taken_for_counts(ratings: Ratings) -> bool:
    """Return whether values that no scale is declared for are taken for counts, as they look like counts."""
    return not ratings.declared and look_like_counts(ratings.value) and bool(ratings.value.min() >= 0)


def warn_of_counts(ratings: Ratings) -> None:
    """Say what is assumed of values that look like counts, where no scale says what they are.

    They are taken for counts, but negative ones, which have no grade, for ratings.
    """
    if ratings.declared or not look_like_counts(ratings.value):
        return
    (low, high), half = ratings.scale, np.median(ratings.value)
    are = f"they are numbers from {low:g} to {high:g}, and half of them are at most {half:g}"
    scale = Setting("scale", python="their scale")
    if taken_for_counts(ratings):
        said = (
            "the values look like counts, such as plays or purchases, and are taken for counts, so that "
            f"lists are of what users choose, and no ratings are predicted: {are}. If they are ratings, pass "
        )
        advice = (Setting("values", "ratings"), " or declare ", scale, ".")
    else:
        said = (
            "the values look like counts, such as plays or purchases, but some are negative, and they are "
            f"taken for ratings: {are}. If they are counts, remove the negative ones, and pass "
        )
        advice = (Setting("values", "counts"), "; if they are ratings, declare ", scale, ".")
    warn_caller(Words(said, *advice), EventsWarning)


def look_like_counts(values: np.ndarray) -> bool:
    """Return whether most of these numbers are small and some are large, as counts are.

    Half of whole numbers are at most a quarter of the highest, and half of others, such as hours or
    amounts, at most a twentieth. Ratings are seldom so: few people use only the low end of a scale.
    Where half of the values are 0 they are more likely marks for pairs without a rating.

    Examples
    --------
    >>> look_like_counts(np.array([1, 1, 1, 2, 2, 3, 24])), look_like_counts(np.array([1, 1, 1, 2, 5]))
    (True, False)
    >>> look_like_counts(np.array([0.1, 0.5, 1.5, 80.2])), look_like_counts(np.array([0.5, 2.5, 3, 3.5, 10]))
    (True, False)
    """
    if not len(values) or values.max() <= _HIGHEST_OF_FEW:
        return False
    share = _OF_HIGHEST if bool((values == np.floor(values)).all()) else _OF_HIGHEST_AMOUNT
    half = np.median(values)
    return bool(np.mean(values < 0) < _NEGATIVE) and bool(0 < half <= values.max() * share)


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    if not weights.size:
        return float(values.mean(dtype=np.float64))
    return float(np.average(values.astype(np.float64), weights=weights))


class StartWarning(UserWarning):
    """A model to start from has users or items without ratings here, which the new model will not have."""


def _check_start(ratings: Ratings, start: Model | None, everything: Ratings) -> None:
    """Check the scale of ratings against a model to start from, and name what the new model forgets.

    Raises
    ------
    ValueError
        If no user or no item is known to the model: there is nothing to go on from.
    """
    if start is None:
        return
    said = off_scale(ratings, start.scale, "the model to start from", "ratings", start.ratings)
    if said is not None:
        warn_caller(said, ScaleWarning)
    lost = {}
    for side, known, found in (
        ("user", start.users, everything.users),
        ("item", start.items, everything.items),
    ):
        n_common = int((known.indices(found.values) >= 0).sum())
        if len(known) and len(found) and not n_common:
            kinds = f"its {side} ids are {known.type_name}s, these are {found.type_name}s: "
            kinds = "" if known.type_name == found.type_name else kinds
            ids = f"{kinds}{str(found.id(0))!r} here, {str(known.id(0))!r} there"
            none = f"none of the {len(found):,} {side}s is known to it ({ids})"
            must = f"be a model that knows some of the {side}s; {none}"
            raise ArgumentError("start", must, advice="Train without a model to start from.")
        lost[side] = len(known) - n_common
    if any(lost.values()):
        numbers = " and ".join(counted(n, side) for side, n in lost.items() if n)
        warn_caller(
            Words(
                f"the model to start from has {numbers} without ratings here, which the new model will not "
                "have. Add the ratings to the model by ",
                Call("model.update(ratings)"),
                ", or train on the union of both, ",
                Call("palate.union(model, ratings)"),
                ".",
            ),
            StartWarning,
        )


def split(
    ratings: Ratings, validation: float | Ratings, start: Model | None, seed: int, threads: int = 1
) -> tuple[Ratings, np.ndarray]:
    """Return all ratings and the mask of those held out; see `split_with_train`."""
    return split_with_train(ratings, validation, start, seed, threads)[:2]


def split_with_train(
    ratings: Ratings, validation: float | Ratings, start: Model | None, seed: int, threads: int = 1
) -> tuple[Ratings, np.ndarray, Ratings | None]:
    """Return all ratings, the mask of those held out, and the others where they need not be copied.

    A model to start from brings its own split: what it held out stays held out, everything else is
    trained on.

    Raises
    ------
    ValueError
        If the share is not in [0, 1), validation pairs occur in training, or the starting model has
        no ratings.
    """
    ratings = ratings_of(ratings)
    if isinstance(validation, Ratings | Dataset):
        everything, held_out, train = merged_with_train(ratings, ratings_of(validation), threads)
        _check_start(ratings, start, everything)
        return everything, held_out, train
    _check_start(ratings, start, ratings)
    share = check_validation(validation)
    if start is None:
        return ratings, holdout_mask(len(ratings), share, seed), None
    if start.ratings is None:
        why = "be a model with its ratings, so that its split can be kept; it was saved with "
        must = Words(why, Setting("ratings", False))
        raise ArgumentError("start", must, advice="Start from one that was saved with them.")
    if start.ratings.held_out is None:
        return ratings, np.zeros(len(ratings), bool), None
    users = start.users.indices(ratings.users.values)[ratings.user_index]
    items = start.items.indices(ratings.items.values)[ratings.item_index]
    return ratings, start.ratings.holds_out(users, items), None


def continued(model: Trained, start: Model | None) -> Trained:
    """Return a model whose history tells of the model that it was started from, and of those before."""
    if start is None:
        return model
    earlier = (*start.history.earlier, replace(start.history, earlier=()))
    return cast(Trained, replace(cast(Any, model), history=replace(model.history, earlier=earlier)))
