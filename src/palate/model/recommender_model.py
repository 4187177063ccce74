"""The model of two heads: it predicts ratings by one and ranks by both."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from palate._checks import ArgumentError, Words, check_choice
from palate.data.arguments import check_named, helpful_methods
from palate.data.matrix import RatingMatrix
from palate.data.vocabulary import Vocabulary
from palate.factors.draws import has_spread
from palate.heads.listing import list_of_both, star_head
from palate.heads.ranking import TwoHeads
from palate.lists import strangers
from palate.lists.boosts import Boost
from palate.lists.caps import AtMost
from palate.lists.likeness import Likeness, own_likeness
from palate.lists.lookup import UserRows, answer, user_rows
from palate.lists.options import ListOptions
from palate.lists.pool import Pool
from palate.lists.popular import silent_about
from palate.lists.where import Where
from palate.model.explaining import Explanation
from palate.model.joined import Change
from palate.model.model import Model
from palate.model.new_users import with_new_users
from palate.model.with_file import WithFile
from palate.scorer import Ranking, Scorer

BY = ("both", "chosen", "stars")


@helpful_methods
@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class RecommenderModel(WithFile, Model):
    """A model of what a user is likely to choose, with a model of how the user would rate it.

    It is returned by `Recommender.fit`.

    `predict` uses the star head, and returns ratings with their uncertainty. `recommend` ranks by
    both heads. For tables without ratings there is only a choice head, and predictions are its
    scores.

    Parameters
    ----------
    heads : TwoHeads
        Both models and how they are combined.
    users, items : Vocabulary
    catalog : Catalog, optional
    ratings : RatingMatrix, optional
        All ratings.
    trainer : mapping
        Hyper-parameters, and under "candidates" the table of compared choice models.
    history : History
    frame_kind : str, default "polars"

    Examples
    --------
    >>> from palate import Ratings, Recommender
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], ["x", "y", "x", "z", "y"], [5, 4, 4, 5, 3], scale=(1, 5)
    ... )
    >>> Recommender().fit(ratings)
    RecommenderModel(Recommender: 3 users, 3 items)
    """

    heads: TwoHeads

    if not TYPE_CHECKING:  # a type checker would take any name for an attribute

        def __getattr__(self, name: str) -> Any:
            """Raise AttributeError, which says which of the heads has the attribute."""
            missing = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name.startswith("_") or "heads" not in self.__dict__:
                raise AttributeError(missing)
            heads = [head for head in ("stars", "choice") if hasattr(getattr(self, head), name)]
            have = [f"model.{head}.{name}" for head in heads]
            if have:
                missing += f"; ask one of its heads: {' or '.join(have)}"
            raise AttributeError(missing)

    @property
    def choice(self) -> Any:
        """The model that ranks by how likely an item is to be chosen."""
        return self.heads.choice

    @property
    def stars(self) -> Any:
        """The model that predicts ratings, or None."""
        return self.heads.stars

    @property
    def scale(self) -> tuple[float, float] | None:
        """The rating scale; None without a star head."""
        return None if self.heads.stars is None else self.heads.stars.scale

    @property
    def predicts(self) -> Scorer:
        """The model that `predict` uses: the star head, or the choice head if there is none."""
        return self.heads.choice if self.heads.stars is None else self.heads.stars

    def score_pairs(self, user_index: np.ndarray, item_index: np.ndarray) -> np.ndarray:
        """Return the star head's prediction of each pair of `user_index` and `item_index`, float32."""
        return np.asarray(self.predicts.score_pairs(user_index, item_index), np.float32)

    def score_items(self, user_index: np.ndarray) -> np.ndarray:
        """Return the star head's predictions of all items for each of `user_index`, float32."""
        return np.asarray(self.predicts.score_items(user_index), np.float32)

    def rank_items(
        self,
        users: np.ndarray,
        n: int,
        mask: np.ndarray,
        seen: tuple[np.ndarray, np.ndarray],
        threads: int | None = None,
    ) -> Ranking:
        """Return the top `n` items of `users` by both heads, among `mask` and without `seen`.

        The result does not depend on `threads`.
        """
        return self.heads.pick(users, n, Pool(mask=mask, seen=seen, threads=threads)).ranking

    def silent_about(self, user_index: np.ndarray) -> np.ndarray:
        """Return for which of `user_index` the choice head knows nothing and ranks by popularity."""
        return silent_about(self.choice, user_index)

    def with_users(self, users: Vocabulary, ratings: RatingMatrix) -> "RecommenderModel":
        """Return a model whose only users are `users`, folded into both heads.

        Each user is folded in from their row of `ratings`.
        """
        stars = None if self.stars is None else self.stars.with_users(users, ratings)
        heads = replace(self.heads, choice=self.choice.with_users(users, ratings), stars=stars)
        return replace(self, heads=heads, users=users, ratings=ratings)

    def with_change(self, change: Change) -> tuple["RecommenderModel", tuple[str, ...]]:
        """Return the model after a `change` by an update of both heads.

        The rule that combines the heads does not change.
        """
        choice, notes = self.choice.with_change(change)
        stars, of_stars = (None, ()) if self.stars is None else self.stars.with_change(change)
        heads = replace(self.heads, choice=choice, stars=stars)
        about = [f"The choice head: {note}" for note in notes]
        about += [f"The star head: {note}" for note in of_stars]
        return replace(self, **change.model_fields(), heads=heads), tuple(about)

    def _pairs(self, users: object, items: object, unknown: str) -> tuple[Any, Any]:
        rows = self._rows(users, unknown_allowed=unknown != "raise")
        return replace(rows, scorer=cast(RecommenderModel, rows.scorer).predicts), items

    def recommend(
        self,
        users: object = None,
        n: int = 5,
        *,
        by: str = "both",
        caution: float = 0.0,
        words: bool = False,
        min_ratings: int = 0,
        exclude_seen: bool = True,
        where: Where | None = None,
        candidates: object = None,
        exclude_items: object = None,
        unknown: str = "raise",
        diversity: float = 0.0,
        at_most: AtMost | None = None,
        boost: Boost | None = None,
        threads: int | None = None,
        **options: Any,
    ) -> Any:
        """Return the n items that each user is most likely to choose and to like, as a frame.

        Filters are applied before items are ranked.

        Parameters
        ----------
        users : user id or NewUser, or collection of them, optional
            By default all users.
        n : int, default 5
        by : {"both", "chosen", "stars"}, default "both"
            Rank by both heads (`log P(chosen) + beta log P(liked)`), by the choice head alone, or
            by the predicted rating alone, which often lists items that the user is unlikely to
            choose.
        caution : float, default 0.0
            In (-1, 1). Positive values use the lower confidence bound of each rating instead of the
            prediction. For both heads it must not be negative. It applies to heads with standard
            errors: the star head, and a choice head of factors trained with held-out ratings.
            Spectral and linear choice heads keep their order.
        words : bool, default False
            Add a column `in_words` with the probability that the item is chosen and the expected
            rating.
        diversity, at_most, boost
            Shape the list, as in `FactorModel.recommend`. For both heads, the chance is that of
            being chosen and liked.
        min_ratings, exclude_seen, where, candidates, exclude_items, unknown, threads, **options
            As in `FactorModel.recommend`. The options `ascending`, `explore`, `seed` and `approximate`
            are for one head alone.

        Returns
        -------
        frame
            Columns user_id, item_id, rank, predicted_rating, chance (the probability that the item
            is among the user's next choices, a ninth as many as are known, by its rank in the choice
            head's list and the number of known choices; in a model without ratings, that of the
            usual user) and those of the catalog. Without a star head there is no predicted_rating.
            By one head alone, the columns are those of that head.

        Raises
        ------
        KeyError
            If a user or candidate is unknown.
        ValueError
            If an argument is out of range.

        Warns
        -----
        EmptyResultWarning
            If no item is left for a user. The warning names the filter that removed the last one.
        ShortListWarning
            If `at_most` leaves fewer than n items.
        NothingKnownWarning
            If the choice head has learned from no rating of a user: it ranks the most popular items
            first.
        """
        check_choice("by", by, BY)
        known = ["users", "n", "by", "unknown", *(option.name for option in fields(ListOptions))]
        check_named(type(self).recommend, options, known)
        if by == "both":
            self._check_no_options(options)
        how = ListOptions(
            caution=caution,
            words=words,
            min_ratings=min_ratings,
            exclude_seen=exclude_seen,
            where=where,
            candidates=candidates,
            exclude_items=exclude_items,
            diversity=diversity,
            at_most=at_most,
            boost=boost,
            threads=threads,
            **options,
        )
        rows = self._rows(users, unknown_allowed=unknown != "raise")
        model = cast(RecommenderModel, rows.scorer)
        if by == "both":
            lists = partial(list_of_both, model.heads)
            found = strangers.recommend_to_all(model, rows, n, unknown, how, lists)
        else:
            if by == "chosen":
                self._check_chosen(caution, words)
            head = model.choice if by == "chosen" else star_head(model.heads, by)
            found = strangers.recommend_to_all(head, replace(rows, scorer=head), n, unknown, how)
        frame = found if isinstance(found, pl.DataFrame) else pl.DataFrame(found)
        return answer(frame, model, users, candidates)

    def _check_no_options(self, options: Mapping[str, Any]) -> None:
        """Raise ArgumentError for an option that only the star head has."""
        for name, value in options.items():
            if self.stars is None:
                alone = "be left out for a model without a star head, which predicts no ratings"
                raise ArgumentError(name, alone, f"{value!r}")
            advice = Words.of("Pass `by='stars'` to use it.")
            raise ArgumentError(name, Words.of("be left out with `by='both'`"), f"{value!r}", advice)

    def _check_chosen(self, caution: float, words: bool) -> None:
        if words:
            raise ArgumentError("words", Words.of("be left out with `by='chosen'`, which has no ratings"))
        if caution and not has_spread(self.choice):
            why = f"{self.trainer.get('choice', type(self.choice).__name__)}, has no standard errors"
            must = Words(Words.of("be 0 with `by='chosen'` here: the choice head, "), why)
            advice = Words.of("With `by='both'` or `by='stars'` it applies to the predicted ratings.")
            raise ArgumentError("caution", must, f"{caution:g}", advice)

    def _rows(self, users: object, unknown_allowed: bool = False) -> UserRows:
        return user_rows(self, with_new_users(self, users), unknown_allowed=unknown_allowed)

    def explain(self, user: object, item: object, *, by: str | None = None) -> Explanation:
        """Return what each of a user's ratings adds to the prediction of a head for an item.

        Parameters
        ----------
        user : user id or NewUser
        item : item id
        by : {"stars", "chosen"}, optional
            The head: "stars" explains the predicted rating, "chosen" the score of the choice head.
            Default "stars", and "chosen" for a model without a star head.

        Returns
        -------
        Explanation

        Raises
        ------
        KeyError
            If the user or the item is unknown.
        ValueError
            If the model was saved without its ratings, or its choice head is not a sum over the
            user's items.
        """
        by = check_choice("by", by or ("chosen" if self.stars is None else "stars"), BY[1:])
        head: Any = self.choice if by == "chosen" else star_head(self.heads, by)
        found: Explanation = head.explain(user, item)
        return found

    def likeness(self) -> Likeness | None:
        """Return the similarity of two items by the choice head.

        The star head is used if the choice head has no similarities.
        """
        found = own_likeness(self.choice)
        return own_likeness(self.stars) if found is None and self.stars is not None else found

    def similar_items(self, items: object, n: int = 10, **options: Any) -> Any:
        """Return the `n` items most similar to each of `items`, by the choice head.

        The star head is used if the choice head has no similarities, as popularity has none. The
        `options` are those of `FactorModel.similar_items`.
        """
        by_stars = self.stars is not None and own_likeness(self.choice) is None
        head = self.stars if by_stars else self.choice
        return head.similar_items(items, n, **options)
