"""LinearItems: a weight from each item to each other, in closed form."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from palate._checks import ArgumentError, Words, check_choice, check_count
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.linear.low_rank import LowRankWeights
from palate.linear.weights import DenseWeights, ItemWeights, SparseWeights
from palate.model.linear_model import LinearModel
from palate.solve.compressed import starts_of, transposed
from palate.solve.grades import MIN_RATINGS, RATINGS, activity, supported
from palate.solve.linear import DENSE_PRODUCTS, closed_form, local_ridge, low_rank_form, products_kept
from palate.solve.strengths import AUTO
from palate.training.checks import check_rate, check_strength
from palate.training.choices import Choices, ChoiceTrainer
from palate.training.trainer import described

LOCAL, DENSE = "local", "dense"
FEW_ITEMS = 5_000  # up to which an item is explained by its 300 nearest instead of 100
GIGABYTE = 1e9


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class LinearItems(ChoiceTrainer[LinearModel]):
    """A linear model of what people choose, with a weight between each two items.

    The score of an item is the weighted sum of the items that the user chose before.

        score_ui = sum over the user's own items j of x_uj W_ji

    x is the grade of a rating, as in `Spectral`. The weights come in closed form, in one of two
    ways. `form="local"`, for catalogs of any size: each item's ridge regression on its m nearest,
    with `P = R'R`, `R = D_u^-b X D_i^-c`:

        w_i = (P_NN + l2 mean(diag P) 1)^-1 P_Ni        W_ji = n_j^-c w_ij n_i^c

    `form="dense"` (EASE and similar models) regresses each item on all others, with
    `G = X' D_u^-b X`, `gamma_j = l2 + G_jj p / (1 - p)`, `C = (G + diag gamma)^-1`:

        B = 1 - C diag(gamma + mu), mu_j = max(0, (1 - leave) / C_jj - gamma_j), its diagonal 0
        W_ji = n_j^a B_ji n_i^-a

    With at most half as many users as items, "dense" keeps a vector t of n_users numbers for each
    item instead of the n_items x n_items weights. These are `B_ji = (t_j . t_i) (gamma_i + mu_i)`,
    so the scores are the same, to rounding. A list of one user then takes n_users x n_items
    products.

    "local" has the same bits for any number of threads. "dense" is solved by LAPACK and agrees to
    1e-5; it raises ValueError if it needs more memory than `memory_limit`.

    Parameters
    ----------
    form : {"local", "dense"}, default "local"
        Whether an item has weights for its nearest items ("local") or for all items ("dense").
    grades, least_grade, half_life
        As in `Spectral`.
    min_ratings : int, default 3
        Items with fewer training ratings come after all others in a list, unless no item has as
        many: the weights W_ji of such an item i are multiplied by 2^-30. In the local form they are
        P_Ni / (mean(diag P) (1 + l2)) before this.
    l2 : float or "auto", default "auto"
        Penalty on the weights. "auto" is 4 for "local", where the unit is the mean of the diagonal
        of the matrix of products of items, and 300 for "dense".
    neighbours : int or "auto", default "auto"
        Number m of nearest items for "local". "auto" is 300 up to 5,000 items, and 100 otherwise.
    user_exponent : float or "auto", default "auto"
        Exponent b: larger values reduce the weight of active users. "auto" is .15 for "local" and 0
        for "dense".
    item_exponent : float or "auto", default "auto"
        Exponent c of "local" or a of "dense". "auto" is .25 and 0.
    dropout : float, default 0.0
        Rate p of dropout for "dense", in [0, 1): a penalty that grows with the popularity of an
        item.
    leave : float, default 0.0
        For "dense": how much an item may contribute to its own score in training, from 0 (nothing)
        to 1 (no limit).
    memory_limit : float, default 4.0
        Memory in gigabytes for the products of items during training. If "dense" needs more, it
        raises an error. "local" keeps the largest products of each item that fit; 4 GB hold all of
        22,000 items.

    References
    ----------
    Steck (2019), "Embarrassingly Shallow Autoencoders for Sparse Data", equation 8.
    Ning, Karypis (2011), "SLIM: Sparse Linear Methods for Top-N Recommender Systems", section 4.3.

    Examples
    --------
    >>> from palate import LinearItems, Ratings
    >>> ratings = Ratings.from_arrays(
    ...     ["al", "al", "bo", "bo", "cy"], ["x", "y", "x", "z", "y"], [5, 4, 4, 5, 3], scale=(1, 5)
    ... )
    >>> model = LinearItems().fit(ratings, validation=0)
    >>> model.recommend("cy", n=1)["item_id"].to_list()
    ['x']
    """

    form: str = LOCAL
    grades: str = RATINGS
    least_grade: float = 0.25
    half_life: float | None = None
    min_ratings: int = MIN_RATINGS
    l2: float | str = AUTO
    neighbours: int | str = AUTO
    user_exponent: float | str = AUTO
    item_exponent: float | str = AUTO
    dropout: float = 0.0
    leave: float = 0.0
    memory_limit: float = 4.0

    def _fitted(self, choices: Choices, catalog: Catalog | None, threads: int, seed: int) -> LinearModel:
        resolved = self._resolved(len(choices.item_counts))
        if self.form == LOCAL:
            weights = local_weights(self, choices, (float(resolved["l2"]),), threads)[0]
        else:
            weights = self._dense(choices, resolved, threads)
        auto = {name: value for name, value in resolved.items() if getattr(self, name) == AUTO}
        return LinearModel(
            **choices.model_fields(catalog),
            weights=weights,
            grades=choices.grades,
            trainer=described(self, **auto),
            history=choices.history("One closed form.", []),
        )

    def _check(self) -> None:
        check_choice("form", self.form, (LOCAL, DENSE))
        for name in ("l2", "user_exponent", "item_exponent"):
            check_strength(name, getattr(self, name), auto=True)
        if self.l2 == 0:
            raise ArgumentError("l2", "be above 0, so that the equations of each item have one solution", "0")
        if self.neighbours != AUTO:
            check_count("neighbours", self.neighbours, 1)
        check_rate("dropout", self.dropout)
        check_strength("leave", self.leave)
        if self.leave > 1:
            raise ArgumentError("leave", "be at most 1", f"{self.leave}")
        check_strength("memory_limit", self.memory_limit)

    def _resolved(self, n_items: int) -> dict[str, Any]:
        """Return what "auto" stands for, and the parameters that are given."""
        local = self.form == LOCAL
        auto = {
            "l2": 4.0 if local else 300.0,
            "neighbours": 300 if n_items <= FEW_ITEMS else 100,
            "user_exponent": 0.15 if local else 0.0,
            "item_exponent": 0.25 if local else 0.0,
        }
        given = {name: getattr(self, name) for name in auto}
        return {name: auto[name] if value == AUTO else value for name, value in given.items()}

    def _dense(self, choices: Choices, resolved: dict[str, Any], threads: int) -> ItemWeights:
        n_users, n_items = len(choices.user_counts), len(choices.item_counts)
        self._check_memory(n_users, n_items)
        table = choices.normalised(resolved["user_exponent"] / 2, 0.0)
        up, down = (activity(choices.item_counts, sign * resolved["item_exponent"]) for sign in (1, -1))
        down *= supported(choices.item_counts, self.min_ratings)
        options = float(resolved["l2"]), self.dropout, self.leave
        if self.is_low_rank(n_users, n_items):
            vectors, scale = low_rank_form(table, *options)
            source_scale, target_scale = up.astype(np.float32), (scale * down).astype(np.float32)
            return LowRankWeights(vectors=vectors, source_scale=source_scale, target_scale=target_scale)
        weights = closed_form(table, *options, threads)
        if resolved["item_exponent"]:
            weights *= up.astype(np.float32)[:, None]
        weights *= down.astype(np.float32)
        return DenseWeights(dense=weights)

    def n_neighbours(self, n_items: int) -> int:
        """Return how many neighbours the local form keeps of each item.

        Parameters
        ----------
        n_items : int
            Items of the table.
        """
        return int(self._resolved(n_items)["neighbours"])

    def local_bytes(self, n_items: int) -> float:
        """Return the bytes of the products of items while the local form is fitted, at most.

        Parameters
        ----------
        n_items : int
            Items of the table.
        """
        memory, square = float(self.memory_limit) * GIGABYTE, 4.0 * n_items**2
        if n_items <= DENSE_PRODUCTS or square <= memory:
            return square
        least = products_kept(n_items, self.n_neighbours(n_items), 0.0)
        return min(2 * square, max(memory, 8.0 * n_items * least))

    @staticmethod
    def is_low_rank(n_users: int, n_items: int) -> bool:
        """Return whether the dense form keeps a vector of each item instead of all weights.

        It does where the vectors, of n_users numbers each, take at most half of the memory.

        Parameters
        ----------
        n_users, n_items : int
            Size of the table.
        """
        return 2 * n_users <= n_items

    @classmethod
    def dense_bytes(cls, n_users: int, n_items: int) -> int:
        """Return the bytes that the dense form takes while it is fitted.

        Parameters
        ----------
        n_users, n_items : int
            Size of the table.
        """
        if n_users >= n_items:
            return 12 * n_items**2  # a float64 matrix and the float32 weights
        # The table in float64 and float32, and the users' system in float64 twice. Where weights are
        # made, they take the place of the table and the system in float64.
        table = 4 * n_users * n_items + 8 * n_users * n_items + 16 * n_users**2
        if cls.is_low_rank(n_users, n_items):
            return table
        return max(table, 4 * n_users * n_items + 4 * n_items**2)

    @classmethod
    def dense_file_bytes(cls, n_users: int, n_items: int) -> int:
        """Return the bytes that the weights of the dense form take in a model and its file.

        Parameters
        ----------
        n_users, n_items : int
            Size of the table.
        """
        return 4 * n_items * (n_users + 2 if cls.is_low_rank(n_users, n_items) else n_items)

    def _check_memory(self, n_users: int, n_items: int) -> None:
        """Raise ValueError if the dense form needs more memory than it may take."""
        need = self.dense_bytes(n_users, n_items)
        if need > self.memory_limit * GIGABYTE:
            raise ValueError(
                Words.of(
                    f"`form='dense'` must fit in `memory_limit`, {self.memory_limit:g} GB; {n_items:,} items "
                    f"need about {need / GIGABYTE:.1f} GB. Use `form='local'`, which is about as good and "
                    "has no such limit, or raise `memory_limit`."
                )
            )


def local_weights(
    trainer: LinearItems, choices: Choices, l2: tuple[float, ...], threads: int
) -> list[ItemWeights]:
    """Return the weights of the local form for each of several penalties.

    All but the solves is done once: several cost little more than one.
    """
    resolved = trainer._resolved(len(choices.item_counts))
    table = choices.normalised(resolved["user_exponent"], resolved["item_exponent"])
    n_items = table.n_columns
    m = min(resolved["neighbours"], max(n_items - 1, 1))
    memory = float(trainer.memory_limit) * GIGABYTE
    scale = supported(choices.item_counts, trainer.min_ratings)
    near, weights, counts = local_ridge(table, m, l2, threads, memory, few=scale < 1)
    up, down = (activity(choices.item_counts, sign * resolved["item_exponent"]) for sign in (1, -1))
    filled = np.arange(m) < counts[:, None]
    target, source = np.repeat(np.arange(n_items), counts), near[filled]
    factor = down[source] * (up * scale)[target]
    by_target = starts_of(counts)
    found: list[ItemWeights] = []
    for own in weights:
        values = (own[filled] * factor).astype(np.float32)
        indptr, columns, values, _ = transposed(by_target, source, values, n_items, threads=threads)
        found.append(SparseWeights(indptr=indptr, columns=columns, values=values))
    return found
