"""The first lesson's network: the vectors of user and item side by side, and dense layers above them."""

from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError, check_count
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.ratings import Ratings
from palate.model.keras.network import NetworkModel
from palate.training.checks import check_fitted
from palate.training.keras.backend import seeds
from palate.training.keras.epochs import (
    EMBEDDINGS,
    EpochTrainer,
    Judgement,
    Schedule,
    Weights,
    compiled,
    errors_of,
    fit_epochs,
    history_of,
)
from palate.training.trainer import Callback, described
from palate.training.training_data import Problem, continued

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class KerasNetwork(EpochTrainer[NetworkModel]):
    """A dense network over the embeddings of user and item, trained by Keras with Adam.

    It needs `palate[keras]`.

    The result is a `NetworkModel`, which is a Scorer but not a FactorModel. docs/keras.md compares
    it with factorization.

    Parameters
    ----------
    n_factors : int, default 8
        Length of the embeddings.
    hidden : tuple of int, default (32, 4)
        Widths of the hidden layers, with ReLU.
    l2_user, l2_item : float, default 0.0
        Penalties on the embeddings, as in `keras.regularizers.l1_l2`.
    dropout : float, default 0.0
        Rate of dropout on both embeddings, in [0, 1).
    mean : bool, default True
        Whether the mean of the training ratings is subtracted first.
    learning_rate : float, default 0.005
        Of Adam.
    batch_size : int, default 5_000
    epochs : int, default 10
    patience : int, optional
        As in `KerasFactorization`.

    Examples
    --------
    >>> from palate import KerasNetwork
    >>> KerasNetwork(hidden=(16,)).hidden
    (16,)
    """

    hidden: tuple[int, ...] = (32, 4)
    learning_rate: float = 0.005
    batch_size: int = 5_000

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.05,
        catalog: Catalog | None = None,
        start: NetworkModel | None = None,
        refit: bool = False,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> NetworkModel:
        """Return the network after the last epoch.

        Parameters and errors are those of `KerasFactorization.fit`, as far as they apply.
        """
        ratings, catalog = with_catalog(ratings, catalog)
        problem, run = fit_epochs(
            self,
            ratings,
            validation=validation,
            start=start,
            refit=refit,
            callback=callback,
            threads=threads,
            seed=seed,
        )
        model = self._network(
            run.weights,
            problem,
            trainer=described(self),
            history=history_of(problem, run),
            **problem.model_fields(catalog),
        )
        return continued(check_fitted(model, self), start)

    def build(self, keras: ModuleType, problem: Problem, schedule: Schedule) -> Any:
        """Return the compiled Keras model.

        Parameters
        ----------
        keras : module
        problem : Problem
            Says how many users and items there are.
        schedule : Schedule
            Its seed is used for the weights and for dropout.
        """
        layers, part = keras.layers, seeds(schedule.seed, 5 + len(self.hidden))
        uniform = partial(keras.initializers.RandomUniform, -0.05, 0.05)
        inputs, vectors = self.embedded(keras, problem, part, uniform)
        out = layers.Flatten()(layers.Concatenate()(vectors))
        for number, width in enumerate((*self.hidden, 1)):
            start = keras.initializers.GlorotUniform(part[4 + number])
            shape = "relu" if number < len(self.hidden) else "linear"
            out = layers.Dense(width, activation=shape, kernel_initializer=start, name=f"dense_{number}")(out)
        return compiled(keras, inputs, out, self.learning_rate, schedule.eager(problem.n_train))

    def _check(self) -> None:
        super()._check()
        if not isinstance(self.hidden, tuple | list):
            raise ArgumentTypeError("hidden", "be a tuple of widths", f"{self.hidden!r}")
        for width in self.hidden:
            check_count("each width in hidden", width, 1, 65_536)

    def begin(self, model: "keras.Model", start: NetworkModel, problem: Problem) -> None:
        """Put a network's weights into the layers; ids it does not know keep their random start.

        Parameters
        ----------
        model : keras.Model
        start : NetworkModel
        problem : Problem

        Raises
        ------
        ValueError
            If it has layers of other widths.
        """
        wanted = (2 * self.n_factors, *self.hidden, 1)
        found = (len(start.layers[0][0]), *(kernel.shape[1] for kernel, _ in start.layers))
        if found != wanted:
            raise ArgumentError("start", f"have layers of the widths {wanted} as the trainer", f"{found}")
        ratings = problem.ratings
        sides = (
            (start.users, ratings.users, start.user_vectors),
            (start.items, ratings.items, start.item_vectors),
        )
        for name, (old, new, vectors) in zip(EMBEDDINGS, sides, strict=True):
            index, layer = old.indices(new.values), model.get_layer(name)
            layer.set_weights([np.where((index >= 0)[:, None], vectors[index], layer.get_weights()[0])])
        for number, weights in enumerate(start.layers):
            model.get_layer(f"dense_{number}").set_weights(list(weights))

    def judge(self, weights: Weights, problem: Problem) -> Judgement:
        """Return the errors and the penalty of weights.

        Parameters
        ----------
        weights : dict of layer name to list of ndarray
        problem : Problem
        """
        ratings = problem.ratings
        model = self._network(weights, problem, users=ratings.users, items=ratings.items, scale=ratings.scale)
        vectors = zip((self.l2_user, self.l2_item), EMBEDDINGS, strict=True)
        penalty = sum(
            l2 * float(np.sum(np.square(weights[name][0], dtype=np.float64))) for l2, name in vectors
        )
        return errors_of(problem, model.score_pairs, penalty)

    def _network(self, weights: Weights, problem: Problem, **about: Any) -> NetworkModel:
        """Return the network of these weights; unknown users and items get the mean vector."""
        vectors = (weights[name][0] for name in EMBEDDINGS)
        tables = [np.concatenate([known, known.mean(axis=0)[None]]) for known in vectors]
        dense = (weights[f"dense_{n}"] for n in range(len(self.hidden) + 1))
        layers = tuple((kernel, bias) for kernel, bias in dense)
        return NetworkModel(
            user_vectors=tables[0], item_vectors=tables[1], layers=layers, mean=problem.mean, **about
        )
