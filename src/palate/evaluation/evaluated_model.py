"""A scorer as an evaluation sees it: with what its users have seen, and how often its items were rated."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, Words
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.data.scales import off_scale
from palate.data.vocabulary import Vocabulary
from palate.factors.item_index import HoldsDerived, share_items
from palate.scorer import Scorer


class LeakError(ValueError):
    """Test ratings that a model was trained on; the message says how many."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EvaluatedModel:
    """One scorer of an evaluation.

    Parameters
    ----------
    name : str
    scorer : Scorer
    seen : RatingMatrix
        What each of its users has rated, in its own indexes: left out of lists.
    user_counts, item_counts : ndarray, int64
        Training ratings of each of its users and items.
    n_trained_users : int
        Users with training ratings.
    tests_held_out : bool
        Whether the test is what the scorer itself held out.
    """

    name: str
    scorer: Scorer
    seen: RatingMatrix
    user_counts: np.ndarray
    item_counts: np.ndarray
    n_trained_users: int
    tests_held_out: bool = False

    @property
    def selected(self) -> bool:
        """Whether the model was selected on the test ratings, so that its figures are slightly too good."""
        return self.tests_held_out and getattr(getattr(self.scorer, "history", None), "selected", True)

    def ranker(self) -> Scorer:
        """Return the scorer with `seen` as its ratings, for ranking."""
        if self.scorer.ratings is self.seen:
            return self.scorer
        ranker = cast(Scorer, _WithSeen(self.scorer, self.seen))
        share_items(self.scorer, ranker)
        return ranker


class _WithSeen(HoldsDerived):
    """A scorer whose `ratings` are others; everything else is asked of the scorer itself."""

    def __init__(self, scorer: Scorer, ratings: RatingMatrix) -> None:
        self._scorer = scorer
        self.ratings = ratings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)


def scale_notes(named: list[tuple[Scorer, str]], **tables: Ratings | None) -> list[str]:
    """Return what must be said where tables of an evaluation have another scale than the models.

    Each scale is named once.

    Raises
    ------
    ValueError
        If most ratings of a table lie outside the scale of a model.
    """
    notes: list[str] = []
    for name, ratings in tables.items():
        by_scale: dict[Any, list[tuple[Scorer, str]]] = {}
        for scorer, label in named:
            by_scale.setdefault(scorer.scale, []).append((scorer, label))
        for scale, group in by_scale.items():
            whose = ", ".join(repr(label) for _, label in group)
            what = "test ratings" if name == "test" else f"ratings of {name}"
            said = None if ratings is None else off_scale(ratings, scale, whose, what, group[0][0].ratings)
            notes += [] if said is None else [said]
    return notes


def evaluated_model(
    name: str, scorer: Scorer, test: Ratings, train: Ratings | None, part_of_held_out: bool = False
) -> EvaluatedModel:
    """Return a scorer ready for the test; with `part_of_held_out` the test may be a part of what it held out.

    Raises
    ------
    LeakError
        If test ratings are among those it was trained on or has held out, unless they are exactly
        the held-out ones.
    TypeError
        If its ids are of another type than the test's.
    ValueError
        If nothing is known of what its users have rated, or it knows no user and no item of the test.
    """
    for what, ids, asked in (("user", scorer.users, test.users), ("item", scorer.items, test.items)):
        if ids.type_name != asked.type_name:
            must = f"be {ids.type_name}s as in {name!r}"
            advice = "Convert the test's column."
            raise ArgumentTypeError(f"{what} ids of the test", must, f"{asked.type_name}s", advice)
    known = scorer.ratings
    if known is None:
        if train is None:
            must = "training ratings must be known, to leave them out of lists and of the test"
            advice = Words.of("Pass `train=` with the ratings it was trained on.")
            raise ValueError(Words(f"{must}; {name!r} has no ratings. ", advice))
        known = aligned(train, scorer.users, scorer.items)
    user, item = indexes(test, scorer.users, scorer.items)
    if len(item) and max(user.max(), item.max()) < 0:
        got = f"ids such as {_first_ids(test.users, test.items)}"
        advice = f"The model has ids such as {_first_ids(scorer.users, scorer.items)}."
        raise ArgumentError("test", f"have users or items that {name!r} knows", got, advice)
    tests_held_out = _refuse_leaks(name, known, user, item, part_of_held_out)
    trained = known.trained()
    counts = trained.user_counts()
    return EvaluatedModel(
        name=name,
        scorer=scorer,
        seen=trained if tests_held_out else known,
        user_counts=counts,
        item_counts=trained.item_counts(),
        n_trained_users=int(np.count_nonzero(counts)),
        tests_held_out=tests_held_out,
    )


def _first_ids(users: Vocabulary, items: Vocabulary) -> str:
    """Return the first id of each side, in words."""
    return f"user {str(users.id(0))!r} and item {str(items.id(0))!r}"


def indexes(ratings: Ratings, users: Vocabulary, items: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of each rating's user and item in other vocabularies, int64; -1 where unknown."""
    user = _indexes(ratings.users, ratings.user_index, users)
    return user, _indexes(ratings.items, ratings.item_index, items)


def _indexes(own: Vocabulary, index: np.ndarray, other: Vocabulary) -> np.ndarray:
    same = own is other or own == other
    return index.astype(np.int64) if same else other.indices(own.values)[index]


def _refuse_leaks(name: str, known: RatingMatrix, user: np.ndarray, item: np.ndarray, part: bool) -> bool:
    """Return whether the test is exactly what the model held out (or `part` of it).

    A test rating that the model was trained on raises an error.
    """
    at = known.positions(user, item)
    n_known = int(np.count_nonzero(at >= 0))
    if not n_known:
        return False
    held = known.held_out
    n_held = 0 if held is None else int(np.count_nonzero(held[at[at >= 0]]))
    if held is not None and n_held == n_known == len(at) and (part or n_held == int(held.sum())):
        return True
    parts = [f"{n_known - n_held:,} were trained on"] if n_known > n_held else []
    if n_held:
        parts.append(f"{n_held:,} were held out to decide when training stops")
    said = f"the test ratings must be new to {name!r}; of {len(at):,}, {' and '.join(parts)}. "
    advice = (
        "Split first and train on the rest, or leave out `test` to use the ratings that the model held out."
    )
    raise LeakError(Words(said, Words.of(advice)))


def aligned(ratings: Ratings, users: Vocabulary, items: Vocabulary) -> RatingMatrix:
    """Return ratings as rows of other vocabularies; those of users or items unknown there are left out."""
    user, item = indexes(ratings, users, items)
    rows = np.flatnonzero((user >= 0) & (item >= 0))
    rows = rows[np.lexsort((item[rows], user[rows]))]
    counts = np.bincount(user[rows], minlength=len(users))
    return RatingMatrix(
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        items=item[rows].astype(np.int32),
        codes=ratings.value[rows],
        levels=None,
        n_items=len(items),
        weight=None if ratings.weight is None else ratings.weight[rows],
        timestamp=None if ratings.timestamp is None else ratings.timestamp[rows],
    )


def training_ratings(scorer: Scorer) -> Ratings:
    """Return what a scorer was trained on, without what it held out, as Ratings."""
    if scorer.ratings is None:
        raise ArgumentError("the scorer", "hold its ratings", "one without")
    trained = scorer.ratings.trained()
    return _as_ratings(scorer, trained, np.ones(len(trained), dtype=bool))


def held_out_ratings(scorer: Scorer, name: str) -> Ratings:
    """Return what a scorer held out of its training.

    Raises
    ------
    ValueError
        If it held nothing out, or holds no ratings.
    """
    known = scorer.ratings
    if known is None or known.held_out is None or not known.held_out.any():
        why = "was saved without its ratings" if known is None else "held no ratings out of training"
        raise ArgumentError("test", f"be given for {name!r}, which {why}")
    return _as_ratings(scorer, known, known.held_out)


def held_out_by_all(named: list[tuple[Scorer, str]]) -> Ratings:
    """Return the ratings that every scorer held out of its training.

    Raises
    ------
    ValueError
        If there are none, or a scorer held nothing out.
    """
    common = held_out_ratings(*named[0])
    for scorer, name in named[1:]:
        held_out_ratings(scorer, name)  # says so if there are none
        pairs = indexes(common, scorer.users, scorer.items)
        common = common.select(scorer.ratings.holds_out(*pairs))  # type: ignore[union-attr]
    if not len(common):
        raise ArgumentError("test", "be given: no rating was held out of training by all of the models")
    return common


def _as_ratings(scorer: Scorer, matrix: RatingMatrix, keep: np.ndarray) -> Ratings:
    """Return the ratings of a matrix that are to be kept."""
    places = np.flatnonzero(keep)
    values = matrix.values(places)
    observed = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    return Ratings(
        scorer.users,
        scorer.items,
        (np.searchsorted(matrix.indptr, places, side="right") - 1).astype(np.int32),
        matrix.items[places],
        values,
        None if matrix.timestamp is None else matrix.timestamp[places],
        None if matrix.weight is None else matrix.weight[places],
        scale=scorer.scale or observed,
        declared=scorer.scale is not None,
        frame_kind=scorer.frame_kind,
    )
