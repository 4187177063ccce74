"""What a model with factor vectors is asked about them: likeness, and the vectors themselves."""

from typing import Any, cast

from palate.data.arguments import helpful_methods
from palate.lists import similar, vectors
from palate.lists.filters import Filters
from palate.lists.where import Where
from palate.model.answers import Answers
from palate.scorer import Factored


@helpful_methods
class WithVectors(Answers):
    """A model whose users and items have vectors."""

    def similar_items(
        self,
        items: object,
        n: int = 10,
        *,
        min_ratings: int = 0,
        where: Where | None = None,
        candidates: object = None,
        exclude_items: object = None,
        shrink: float = similar.SHRINK,
        threads: int | None = None,
    ) -> Any:
        """Return the `n` items that are most similar to each of `items`, as a frame.

        The similarity is the cosine of the items' factors.

        For an item with r ratings, the cosine is multiplied by `r / (r + shrink)`, because vectors
        from few ratings may be similar by chance. `shrink=0` ranks by the cosine itself. The
        filters `min_ratings`, `where`, `candidates` and `exclude_items` are those of `recommend`.
        The result does not depend on `threads`. Columns are similar_to, item_id, rank, similarity,
        and those of the catalog.
        """
        filters = Filters(
            min_ratings=min_ratings, where=where, candidates=candidates, exclude_items=exclude_items
        )
        return similar.similar_items(self, items, n, filters, shrink, threads)

    def similar_users(
        self, users: object, n: int = 10, *, min_ratings: int = 0, threads: int | None = None
    ) -> Any:
        """Return the `n` users who are most similar to each of `users`, as a frame.

        The similarity is the cosine of the users' factors.

        `min_ratings` leaves out users with fewer ratings. The result does not depend on `threads`.
        Columns: similar_to, user_id, rank, similarity, n_ratings.
        """
        return similar.similar_users(self, self._resolved(users), n, min_ratings=min_ratings, threads=threads)

    def user_vectors(self, users: object = None, kind: str | None = None) -> Any:
        """Return the factors and biases of users with their ids.

        Parameters
        ----------
        users : id or collection of ids, optional
            All users, in the order of the ids, when None.
        kind : {"polars", "pandas", "pyarrow", "numpy"}, optional
            What to return: a frame of that library (the model's own when None), or arrays.

        Returns
        -------
        frame or Vectors
            The frame has the columns `user_id`, `draw` (from 0, only if the model has several),
            `bias`, and `factor_0`, `factor_1`, ...

        Raises
        ------
        KeyError
            If an id is unknown.
        ValueError
            If `kind` is none of these.
        """
        return vectors.vectors(cast(Factored, self), "user", users, kind)

    def item_vectors(self, items: object = None, kind: str | None = None) -> Any:
        """Return the factors and biases of `items` with their ids.

        The answer, `kind` and the errors are those of `user_vectors`; the ids are in the column `item_id`.
        """
        return vectors.vectors(cast(Factored, self), "item", items, kind)
