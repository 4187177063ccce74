"""A factor model that answers as the lesson's Keras model does."""

from typing import Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.series import to_series
from palate.data.vocabulary import Vocabulary
from palate.lesson.texts import say
from palate.model.factor_model import FactorModel

_MAX_ROWS = 10_000_000  # of a table whose row numbers are ids


class KerasView:
    """A model with Keras' calling form: `predict([users, items])` returns centred values of shape (n, 1).

    Everything else (`recommend`, `similar_items`, ...) is the palate model's own, and
    `predict(users, items)`, without the list, still returns stars.

    Parameters
    ----------
    model : FactorModel
    mean : float, optional
        What was subtracted from the ratings, and what the lesson adds back as its `offset`.
        Default: the model's own mean.

    Raises
    ------
    TypeError
        If `model` does not predict.
    ValueError
        If `mean` is no finite number.

    Examples
    --------
    >>> from palate import LeastSquares, Ratings
    >>> ratings = Ratings.from_arrays([1, 1, 2, 2], [7, 8, 7, 9], [5.0, 1.0, 4.0, 2.0], scale=(1, 5))
    >>> model = LeastSquares(n_factors=2).fit(ratings, validation=0)
    >>> view = KerasView(model, mean=3.0)
    >>> centred = view.predict([[1, 1], [7, 8]])
    >>> centred.shape, centred.dtype
    ((2, 1), dtype('float32'))
    >>> bool(np.allclose(centred[:, 0] + 3.0, model.predict(1, [7, 8])))
    True
    """

    def __init__(self, model: FactorModel, mean: float | None = None) -> None:
        if not hasattr(model, "predict"):
            raise ArgumentTypeError("model", "be a FactorModel", f"{type(model).__name__}")
        if mean is None:
            mean = float(np.mean(model.global_mean))
        if not np.isfinite(mean):
            raise ArgumentError("mean", "be a finite number", f"{mean!r}")
        self.model = model
        self.mean = float(mean)

    def __repr__(self) -> str:
        return f"KerasView({self.model!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "model":  # asked while the view is being copied or unpickled
            raise AttributeError(name)
        return getattr(self.model, name)

    def predict(self, x: object, items: object = None, **options: Any) -> Any:
        """Return what Keras returns for `x = [users, items]`: centred ratings, float32 of shape (n, 1).

        Parameters
        ----------
        x : list or tuple of two columns, or mapping of two
            User ids and item ids, of equal length. Or the users alone, when `items` is given.
        items : optional
            With it this is the palate model's own `predict(users, items, **options)`, in stars.
        **options
            Of Keras (`batch_size`, `verbose`), without effect here; or of palate.

        Raises
        ------
        ValueError
            If `x` is no pair of columns of one length.
        KeyError
            If an id is unknown.
        """
        if items is not None:
            return self.model.predict(x, items, **options)
        users, wanted = pair_of(x)
        return (self.model.predict(users, wanted) - np.float32(self.mean)).astype(np.float32).reshape(-1, 1)

    @property
    def layers(self) -> list["Layer"]:
        """The embeddings and, if the model has them, the biases."""
        model = self.model
        tables = [
            ("user_embedding", model.users, model.user_factors),
            ("movie_embedding", model.items, model.item_factors),
            ("user_bias", model.users, model.user_bias[..., None]),
            ("movie_bias", model.items, model.item_bias[..., None]),
        ]
        return [Layer(*table) for table in tables if not table[0].endswith("bias") or np.any(table[2])]

    def get_layer(self, name: str) -> "Layer":
        """Return a layer by `name`: "user_embedding", "movie_embedding", "user_bias" or "movie_bias".

        Raises
        ------
        ValueError
            If the model has no layer of that name; the message lists those it has.
        """
        found = {layer.name: layer for layer in self.layers}
        if name not in found:
            raise ArgumentError("layer", f"be one of {', '.join(found)}", f"{name!r}")
        return found[name]

    def summary(self) -> None:
        """Show the layers and how many numbers each has learned."""
        rows = [(layer.name, layer.rows.shape[1:], layer.rows[0].size) for layer in self.layers]
        lines = [f"  {'layer':<18}{'rows x columns':>18}{'numbers':>12}"]
        lines += [
            f"  {name:<18}{f'{shape[0]:,} x {shape[1]}':>18}{count:>12,}" for name, shape, count in rows
        ]
        say("\n".join([*lines, f"  {'all':<18}{'':>18}{sum(count for *_, count in rows):>12,}"]))


class Layer:
    """One table of learned vectors, a row for each id, as `KerasView.get_layer` returns it."""

    def __init__(self, name: str, ids: Vocabulary, rows: np.ndarray) -> None:
        self.name, self.ids, self.rows = name, ids, rows  # rows: (n_draws, n_ids, n_columns)

    def __repr__(self) -> str:
        return f"Layer({self.name!r}, {self.rows.shape[1]:,} rows of {self.rows.shape[2]})"

    def get_weights(self) -> list[np.ndarray]:
        """Return `[table]` as Keras does: row number = id, so that `table[movie_id]` is that film's vector.

        Rows of numbers that are no one's id are zero. Ids that are text have no such table: the
        rows are then in the order of the ids.

        Raises
        ------
        ValueError
            If the model has several draws, or an id is negative or above ten million.
        """
        if len(self.rows) != 1:
            must = "have one draw to show its vectors as a layer"
            raise ArgumentError("the model", must, f"{len(self.rows)}", "See compress.")
        if self.ids.kind != "int":
            return [self.rows[0]]
        ids = self.ids.values.to_numpy()
        if not 0 <= ids[0] <= ids[-1] < _MAX_ROWS:
            must = f"be from 0 to {_MAX_ROWS:,} to be row numbers"
            raise ArgumentError("ids", must, f"{ids[0]} to {ids[-1]}")
        table = np.zeros((ids[-1] + 1, self.rows.shape[2]), np.float32)
        table[ids] = self.rows[0]
        return [table]


def keras_view(model: FactorModel, mean: float | None = None) -> KerasView:
    """Return `model` with Keras' calling form around its `mean`; see `palate.lesson.keras_view.KerasView`."""
    return KerasView(model, mean)


def pair_of(x: object) -> tuple[Any, Any]:
    """Return users and items of Keras' input, as columns of one length."""
    if isinstance(x, dict) and len(x) == 2:
        x = list(x.values())
    if not isinstance(x, list | tuple) or len(x) != 2:
        must = "be given [users, items], a list of two columns"
        raise ArgumentError("predict", must, type(x).__name__)
    users, items = (_column(side, what) for side, what in zip(x, ("users", "items"), strict=True))
    if len(users) != len(items):
        got = f"{len(users)} and {len(items)}"
        advice = "Repeat the user, as np.repeat(user, len(items)) does."
        raise ArgumentError("users and items", "be of one length", got, advice)
    return users, items


def _column(values: object, what: str) -> Any:
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    try:
        return to_series(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} of predict must be a column of ids; {error}") from None
