"""The core: models, live ratings, lists and explanations, beneath the explorer and the service alike."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from palate._checks import ArgumentError
from palate.app.activating import load_file, version_of_object
from palate.app.answers import Answer, Comparison, ItemInfo, OwnRating, Reasons, Similar, UserInfo
from palate.app.asked import Asked
from palate.app.diagnostics import Panel, card
from palate.app.explaining import reasons
from palate.app.listing import EXPLAIN, UNCERTAINTY, WHY, best, with_reasons, with_uncertainty
from palate.app.live import change_of, changes_of, check_user
from palate.app.models import Models
from palate.app.people import People
from palate.app.positions import Positions
from palate.app.served import ServedModel
from palate.lists.recommending import check_n
from palate.lists.where import Where
from palate.model.nouns import noun_of
from palate.store.changes import Change, Forgotten
from palate.store.memory import MemoryStore
from palate.store.mirror import RatingStore

QUICK = 0.003  # seconds


class Core(Models):
    """Models, live ratings, and every question that the explorer and the service answer.

    Ids of users, items and models are texts. All methods may be called from several threads at
    once; a question is answered by one model from beginning to end, also while another one is taken
    into use.

    Parameters
    ----------
    models : mapping of str to model
        By the id each is called by; the first one answers when no model is named.
    store : RatingStore, optional
        Where live ratings are kept; in memory alone when None.

    Examples
    --------
    >>> from palate import LeastSquares, Ratings
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], [1, 2, 1, 3, 2], [5, 3, 4, 1, 3], scale=(1, 5)
    ... )
    >>> core = Core({"films": LeastSquares(n_factors=2).fit(ratings, validation=0)})
    >>> core.recommend("al").items, core.recommend("al").source
    (('3',), 'stored')
    >>> revision = core.rate("dee", "1", 4.0)
    >>> answer = core.recommend("dee")
    >>> answer.source, sorted(answer.items)
    ('fold-in', ['2', '3'])
    >>> core.recommend("nobody").source
    'popular fallback'
    """

    def __init__(self, models: Mapping[str, Any | ServedModel], *, store: RatingStore | None = None) -> None:
        served = [
            model if isinstance(model, ServedModel) else ServedModel(model, name, version_of_object(model))
            for name, model in models.items()
        ]
        super().__init__(served, MemoryStore() if store is None else store)

    @classmethod
    def open(cls, paths: Sequence[Path | str], *, store: RatingStore | None = None) -> "Core":
        """Return the core of model files, each called by its file name without the ending.

        The first one is active.

        Raises
        ------
        ValueError
            If there is no file, or two have one name.
        ModelFileError, OSError
            If one cannot be read.
        """
        files = [Path(path) for path in paths]
        ids = [path.stem for path in files]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            must = "have different file names, which are their ids"
            raise ValueError(f"models must {must}; {twice[0]!r} appears twice.")
        return cls({path.stem: load_file(path, path.stem) for path in files}, store=store)

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()

    # -- models
    # --------------------------------------------------------------------------------------------------

    def model(self, model: str | None = None) -> Any:
        """Return the palate model of this id, or the active one, for what the core has no question for."""
        return self._served(model).model

    def noun(self, model: str | None = None) -> str:
        """Return what the values of a model are called: "rating", or "interaction" of counts and choices."""
        return noun_of(self._served(model).model)

    def _served(self, model: str | None) -> ServedModel:
        return self.people(model).served

    # -- lists
    # --------------------------------------------------------------------------------------------------

    def recommend(
        self,
        user: str | None = None,
        *,
        ratings: Mapping[str, float] | None = None,
        n: int = 10,
        model: str | None = None,
        caution: float = 0.0,
        min_ratings: int = 0,
        where: Where | None = None,
        exclude_seen: bool = True,
        offset: int = 0,
        explain: Sequence[str] = (),
        diversity: float = 0.0,
    ) -> Answer:
        """Return the best items of a user, or of somebody known by ratings alone.

        Parameters
        ----------
        user : str, optional
            Live ratings count beside those of the training. Somebody unknown gets the most popular ones.
        ratings : mapping of item to rating, optional
            Instead of a user.
        n, caution, min_ratings, where, exclude_seen, diversity
            As in `FactorModel.recommend`. What was rated or marked live never comes back, even
            without `exclude_seen`.
        model : str, optional
            The active one when None.
        offset : int, default 0
            How many items of the list to leave out at its beginning.
        explain : sequence of {"why", "uncertainty"}
            What to add to each row.

        Raises
        ------
        UnknownModel, UnknownItem
            If there is no such model, or an item of `ratings` is none of the model's.
        ValueError
            If an argument is out of range, or the model cannot answer.
        """
        asking = [name for name in explain if name not in EXPLAIN]
        if asking:
            raise ArgumentError("explain", f"be of {', '.join(map(repr, EXPLAIN))}", f"{asking[0]!r}")
        people = self.people(model)
        asked = self._asked(people, user, ratings)
        rows = best(people.served, asked, n, caution, min_ratings, where, exclude_seen, offset, diversity)
        if UNCERTAINTY in explain:
            rows = with_uncertainty(people.served, asked, rows)
        if WHY in explain:
            rows = with_reasons(people.served, asked, rows)
        revision = 0 if user is None else self.store.revision_of(user)
        served = people.served
        return Answer(served.id, served.version, asked.source, tuple(rows), revision)

    def _asked(self, people: People, user: str | None, ratings: Mapping[str, float] | None) -> Asked:
        if (user is None) == (ratings is None):
            got = "neither" if user is None else "both"
            raise ValueError(f"a list needs either a user or ratings; got {got}.")
        return people.known(user) if user is not None else people.stranger(ratings or {})

    def answers_quickly(self, user: str, model: str | None = None) -> bool:
        """Return whether a plain list of this user takes too little to be worth another thread."""
        people = self.people(model)
        return people.served.list_seconds < QUICK and people.is_ready(user)

    def compare(self, user: str, first: str, second: str, *, n: int = 10) -> Comparison:
        """Return the lists of two models for one user, with `n` items each."""
        one, two = (self.recommend(user, model=name, n=n) for name in (first, second))
        return Comparison(user, one, two, tuple(item for item in one.items if item in set(two.items)))

    def similar(self, item: str, n: int = 10, model: str | None = None) -> list[Similar]:
        """Return the n items most like one, best first."""
        return self._served(model).similar(item, check_n(n))

    def most_alike(self, item: str, among: Sequence[str], model: str | None = None) -> tuple[str, float]:
        """Return which of several items is most like one, and how alike the two are: at most 1.

        UnknownItem if the model does not know one of them, CannotAnswer where it knows of no likeness.
        """
        return self._served(model).most_alike(item, among)

    def explain(self, user: str, item: str, model: str | None = None, by: str | None = None) -> Reasons:
        """Return what the prediction of an item for a user is made of, live ratings included.

        `by` names the head that is explained, "stars" or "chosen", for a model of two heads.

        Raises UnknownItem, or CannotAnswer where nothing is known of the user or the model cannot explain.
        """
        people = self.people(model)
        return reasons(people.served, people.known(user), item, user, by)

    # -- items and users
    # ---------------------------------------------------------------------------------------------------

    def search(self, query: str, n: int = 10, model: str | None = None) -> list[ItemInfo]:
        """Return the items whose titles fit a query, whatever its case and accents, the best known first.

        An id fits, too.
        """
        served, n = self._served(model), check_n(n)
        return [served.item(int(at)) for at in served.titles.search(query, n)]

    def item(self, item: str, model: str | None = None) -> ItemInfo:
        """Return what is known of an item; UnknownItem if the model does not know it."""
        served = self._served(model)
        return served.item(served.item_index(item))

    def user(self, user: str, model: str | None = None) -> UserInfo:
        """Return what is known of a user; UnknownUser if that is nothing."""
        return self.people(model).info(user)

    def ratings(self, user: str, model: str | None = None) -> list[OwnRating]:
        """Return what a user rated: live ratings, latest first, then those of the training.

        Those of the training come highest first. A live rating replaces one of the same item.

        UnknownUser if nothing is known of the user.
        """
        return self.people(model).ratings(user)

    def positions(self, model: str | None = None) -> Positions:
        """Return where the items lie on the map, in the order of `item_ids`; CannotAnswer without vectors."""
        return self._served(model).positions

    def item_ids(self, model: str | None = None) -> list[str]:
        """Return the ids of all items, in the order of the model."""
        return self._served(model).item_ids

    def diagnostics(self, model: str | None = None) -> tuple[list[Panel], list[tuple[str, str]]]:
        """Return what a model is like inside, panel by panel, and its card. Made once for each version."""
        served = self._served(model)
        return served.panels, card(served.model)

    # -- live ratings
    # ------------------------------------------------------------------------------------------------------

    def rate(self, user: str, item: str, rating: float | None) -> int:
        """Keep a rating, or with None that the user has seen the item and has no opinion.

        Return the user's revision.

        It is durable when this returns. The same again changes nothing that anybody sees, so that
        trying again is safe.

        Raises
        ------
        UnknownItem
            If the active model does not know the item.
        BadRating
            If the rating is not finite, off the scale, or none of the levels.
        StoreError
            If the store cannot be written; then nothing was kept.
        """
        return self.store.write([change_of(self, user, item, rating)])

    def rate_many(self, rows: Iterable[tuple[str, str, float | None]]) -> int:
        """Keep all of these ratings (user, item, rating) or none; return the store's revision.

        Raises
        ------
        BadRows
            With every row that cannot be kept.
        StoreError
            If the store cannot be written.
        """
        return self.store.write(changes_of(self, rows))

    def unrate(self, user: str, item: str) -> int:
        """Take back a rating, live or of the model's training; the item may be recommended again.

        Return the user's revision.
        """
        check_user(user)
        if item not in self.store.of(user):
            self._served(None).item_index(item)
        return self.store.write([Change(user, item, removed=True)])

    def forget(self, user: str) -> Forgotten:
        """Delete what a user rated live, and answer from now on as if the models had never seen the user."""
        check_user(user)
        return self.store.forget(user)
