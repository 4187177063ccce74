"""Why a model predicts what it predicts: the parts of a score as a frame, and in words."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from palate.data import columns as names
from palate.data.forks import rows_of, stacked
from palate.data.frames import from_polars
from palate.data.matrix import RatingMatrix
from palate.factors.draws import has_posterior
from palate.factors.item_index import item_table
from palate.model.contributions import Contributions, contributions
from palate.model.folded import FoldedItem, FoldedUser
from palate.model.new_users import NewUser, with_new_users
from palate.model.queries import stored_item, stored_user
from palate.scorer import Scorer

if TYPE_CHECKING:
    from palate.model.factor_model import FactorModel
    from palate.model.model import Model

PART, CONTRIBUTION, EXPECTED = "part", "contribution", "expected"
RATING_PART = "rating"
SMALL = 1e-4  # smaller remainders are rounding errors
STRONGEST = 3  # ratings named for and against in words
NO_RATINGS = (
    "explain needs the ratings of the model, which was saved without them. Save it with its ratings, "
    "or explain for a user of fold_in."
)


@dataclass(frozen=True, eq=False)
class Explanation:
    """The parts of a predicted score, which add up to it.

    Parameters
    ----------
    prediction : float
        What `predict` returns for the pair: a rating, or a score for models of choices.
    score : float
        The sum of all contributions. It is the prediction itself for least squares and normal
        noise, and the score before it is turned into a rating for a bounded scale and for ordinal
        levels.
    frame : frame
        One row for each part, in the model's kind of frame. Columns: `part` ("mean", "user bias",
        "item bias", "popularity", "rating", "prior", "features", "unrated pairs", "remainder"),
        `contribution`, and for ratings `item_id`, `rating`, `expected` (the prediction from mean
        and biases, for models of factors) and the columns of the catalog; strongest ratings first.
    remainder : str
        What the remainder is, or "" if there is none.
    table : polars.DataFrame
        The same as `frame`, in Polars.
    subject : str
        The user and the item in words.
    in_stars : bool
        Whether the contributions are in units of the ratings.

    Examples
    --------
    >>> from palate import Baseline, Ratings
    >>> model = Baseline().fit(Ratings.from_arrays(["al", "bo"], [1, 2], [3, 5], scale=(1, 5)), validation=0)
    >>> model.explain("al", 2).lines()[1]
    '  +4.000  the average of all ratings'
    """

    prediction: float
    score: float
    frame: Any
    remainder: str
    table: pl.DataFrame
    subject: str
    in_stars: bool

    def __repr__(self) -> str:
        n_ratings = self.table[PART].to_list().count(RATING_PART)
        return f"Explanation({self.prediction:.3f} from {n_ratings:,} ratings; print it to read it)"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the explanation in words, one line for each part.

        The three strongest ratings for and against have a line each.
        """
        parts = list(self.table.iter_rows(named=True))
        ratings = [row for row in parts if row[PART] == RATING_PART]
        unit = "" if self.in_stars else ", before it is turned into a rating" if self._before_link else ""
        noun = "prediction" if self.in_stars or self._before_link else "score"
        parts_add_up = f"These parts add up to {self.score:.2f}{unit}:"
        lines = [f"The {noun} for {self.subject} is {self.prediction:.2f}. {parts_add_up}"]
        lines += [
            f"  {row[CONTRIBUTION]:+.3f}  {_MEANING.get(row[PART]) or self.remainder}"
            for row in parts
            if row[PART] != RATING_PART and (self.in_stars or row[CONTRIBUTION])
        ]
        if not ratings:
            return [*lines, "The user has no training ratings."]
        if not any(row[CONTRIBUTION] for row in ratings):
            return [*lines, "The user's own ratings add nothing."]
        total = float(sum(row[CONTRIBUTION] for row in ratings))
        lines.append(f"  {total:+.3f}  the user's own ratings, {len(ratings):,} in number")
        for heading, sign in (("Ratings that raise it most:", 1), ("Ratings that lower it most:", -1)):
            strongest = [row for row in ratings if row[CONTRIBUTION] * sign > 0]
            strongest.sort(key=lambda row: (row[CONTRIBUTION] * -sign, row[names.ITEM_ID]))
            if strongest:
                lines += [heading, *(self._rating_line(row) for row in strongest[:STRONGEST])]
        return lines

    @property
    def _before_link(self) -> bool:
        return abs(self.score - self.prediction) > SMALL

    def _rating_line(self, row: dict[str, Any]) -> str:
        name = item_name(row)
        line = f"  {row[CONTRIBUTION]:+.3f}  {name}: rated {row[names.RATING]:g}"
        if not self.in_stars:
            return line
        above = row[names.RATING] - row[EXPECTED]
        return f"{line}, {abs(above):.1f} {'above' if above >= 0 else 'below'} what the averages expect"


_MEANING = {
    "mean": "the average of all ratings",
    "user bias": "how this user rates compared with others",
    "item bias": "how this item is rated compared with others",
    "popularity": "how often this item was chosen",
    "prior": "the prior mean of a user without ratings",
    "features": "the user's features, such as which items the user rated",
    "unrated pairs": "the pairs without a rating, which have a small weight",
}


def explain(model: "FactorModel", user: object, item: object) -> Explanation:
    """Return what a prediction is made of; see `FactorModel.explain`."""
    if isinstance(user, NewUser):
        user = _folded(model, user)
    row = user if isinstance(user, FoldedUser) else stored_user(model, user)
    if model.ratings is None and not isinstance(user, FoldedUser):
        raise ValueError(NO_RATINGS)
    column = item if isinstance(item, FoldedItem) else stored_item(model, item)
    parts = contributions(model, row, column.factors, column.bias)
    table = _table(model, parts)
    prediction = float(np.asarray(model.predict([user], [item]))[0])
    return Explanation(
        prediction=prediction,
        score=parts.score,
        frame=from_polars(table, model.frame_kind),
        remainder=_remainder(model) if abs(parts.remainder) > SMALL else "",
        table=table,
        subject=f"{_user_name(row.id)} and {_subject(model, column)}",
        in_stars=abs(prediction - parts.score) <= 1e-3 and model.scale is not None,
    )


def explain_by_items(model: "Model", user: object, item: object) -> Explanation:
    """Return what each of a user's items adds to the score of an item; see `Model.explain`."""
    if model.ratings is None and not isinstance(user, NewUser):
        raise ValueError(NO_RATINGS)
    rows = with_new_users(model, user)
    new = isinstance(user, NewUser)
    small, row = (rows.scorer, 0) if new else (model, model.users.index(user, "user id"))
    column = model.items.index(item, "item id")
    own, added = small.item_contributions(row, column)
    score = float(small.score_pairs(np.array([row]), np.array([column]))[0])
    rated, values, _ = cast(RatingMatrix, small.ratings).row(row)
    remainder = score - float(added.sum())
    general = [("remainder", remainder)] if abs(remainder) > SMALL else []
    numbers = [pl.Series(names.RATING, values[np.searchsorted(rated, own)])]
    name = _user_name(user.id if isinstance(user, NewUser) else user)
    table = stacked([_general_rows(general), _rating_rows(model, own, added, numbers)])
    return Explanation(
        prediction=score,
        score=score,
        frame=from_polars(table, model.frame_kind),
        remainder="the remainder: what the user's items do not explain" if general else "",
        table=table,
        subject=f"{name} and {_stored_name(model, column)}",
        in_stars=False,
    )


def sum_of_items(model: "FactorModel", row: int, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a user's items, and what each adds to a score, which may have other parts, too."""
    user = stored_user(model, model.users.id(row))
    parts = contributions(model, user, model.item_factors[:, column], model.item_bias[:, column])
    return parts.items, parts.ratings


def _folded(model: "FactorModel", user: NewUser) -> FoldedUser:
    small = with_new_users(model, user).scorer
    return replace(stored_user(small, 0), id=user.id)


def _table(model: "FactorModel", parts: Contributions) -> pl.DataFrame:
    """Return the parts as a Polars frame, the ratings by the size of their contribution."""
    counted = model.trainer.get("name") == "Popular"
    rows = [
        ("popularity" if counted and name == "item bias" else name, value)
        for name, value in parts.averages.items()
    ]
    rows += [(name, value) for name, value in parts.others.items() if value]
    if abs(parts.remainder) > SMALL:
        rows.append(("remainder", parts.remainder))
    numbers = [pl.Series(names.RATING, parts.values), pl.Series(EXPECTED, parts.expected)]
    return stacked([_general_rows(rows), _rating_rows(model, parts.items, parts.ratings, numbers)])


def _general_rows(rows: list[tuple[str, float]]) -> pl.DataFrame:
    """Return a row for each named part."""
    return pl.DataFrame(rows, {PART: pl.String, CONTRIBUTION: pl.Float64}, orient="row")


def _rating_rows(
    model: Scorer, items: np.ndarray, added: np.ndarray, numbers: list[pl.Series]
) -> pl.DataFrame:
    """Return a row for each of a user's items, described by the catalog, by the size of what it adds."""
    order = np.lexsort((items, -np.abs(added)))
    described = rows_of(item_table(model), items[order]).get_columns()
    kept = [values for values in described if values.name not in (names.N_RATINGS, names.MEAN_RATING)]
    first = [
        pl.Series(PART, [RATING_PART] * len(order), dtype=pl.String),
        pl.Series(CONTRIBUTION, added[order], dtype=pl.Float64),
        *(values for values in kept if values.name == names.ITEM_ID),
        *(column.gather(order) for column in numbers),
    ]
    taken = {values.name for values in first}
    return pl.DataFrame([*first, *(values for values in kept if values.name not in taken)])


def _remainder(model: "FactorModel") -> str:
    """Return what the remainder means for a model of this kind."""
    if "compressed_to" in model.trainer:
        return "the remainder: the change made by compression"
    noisy = model.noise_sd is not None and model.n_draws > 1
    if noisy or has_posterior(model) or model.user_noise is not None:
        return "the remainder: random differences between the draws and the exact solution"
    if model.n_draws > 1:
        return "the remainder: the averaged models were trained in ways that these parts do not describe"
    if not str(model.trainer.get("name", "")).startswith(("LeastSquares", "Baseline")):
        vectors = "its vectors are not solutions for these ratings"
        return f"the remainder: this model was not trained by palate, so {vectors}"
    if model.context is not None:
        return "the remainder: how ratings and their users changed from one time bin to the next"
    return "the remainder: features of the user, which are not in the model file"


def item_name(row: dict[str, Any]) -> str:
    """Return an item's key or title with its id, or the id alone, from a row of a frame."""
    title = row.get(names.KEY) or row.get(names.TITLE)
    return f"item {row[names.ITEM_ID]!r}" if title is None else f"{title}"


def _user_name(user_id: Any) -> str:
    if user_id is None:
        return "this new user"
    return f"user {user_id.item() if isinstance(user_id, np.generic) else user_id!r}"


def _subject(model: "FactorModel", item: FoldedItem) -> str:
    index = model.items.indices([item.id])[0] if item.id is not None else -1
    return f"item {item.id!r}" if index < 0 else _stored_name(model, int(index))


def _stored_name(model: Scorer, index: int) -> str:
    return item_name(rows_of(item_table(model), np.array([index])).row(0, named=True))
