"""The lesson's own models, trained by Keras: gradient steps on batches of ratings."""

import os
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from palate._checks import check_switch
from palate.data.arguments import helpful_methods
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset, with_catalog
from palate.data.ratings import Ratings
from palate.factors.parts import parts_of_fit
from palate.model.factor_model import FactorModel
from palate.solve.prior import RowPrior
from palate.solve.rows import Side
from palate.solve.strengths import ridge_prior, sum_strengths
from palate.training.checks import check_fitted, check_strength
from palate.training.initialization import model_start
from palate.training.keras.backend import seeds
from palate.training.keras.epochs import (
    EMBEDDINGS,
    EpochRun,
    EpochTrainer,
    Judgement,
    Schedule,
    Weights,
    compiled,
    errors_of,
    fit_epochs,
    history_of,
    weights_of,
)
from palate.training.trainer import Callback, described
from palate.training.training_data import Problem, continued

if TYPE_CHECKING:
    import keras


_BIASES = ("user_bias", "movie_bias")  # names of layers


@helpful_methods
@dataclass(frozen=True, kw_only=True)
class KerasFactorization(EpochTrainer[FactorModel]):
    """Matrix factorization trained by Keras with Adam.

    The network has embeddings, their product, and optional biases. It needs `palate[keras]`.

    Minimises, by steps on batches, the mean squared error of `rating - mean` plus ::

        l2_user sum p^2  +  l2_item sum q^2  +  sum over biases of  l1_bias |b| + l2_bias b^2

    with dropout on both embeddings. Penalties are added to a mean over ratings, as in Keras, where
    `LeastSquares` has a sum. `LeastSquares.from_keras_strengths` has the same optimum and is much
    faster (docs/keras.md). Errors in the history are those of the weights after each epoch, not
    running means as in Keras.

    Parameters
    ----------
    n_factors : int, default 8
        Length of the embeddings.
    l2_user, l2_item : float, default 1e-7 and 1e-6
        Penalties as in `keras.regularizers.l1_l2`.
    l2_bias, l1_bias : float, default 1e-7 and 0.0
    dropout : float, default 0.0
        Rate of dropout on both embeddings, in [0, 1).
    mean : bool, default True
        Whether the mean of the training ratings is subtracted first.
    biases : bool, default False
        Whether users and items have biases.
    learning_rate : float, default 0.001
        Learning rate of Adam.
    batch_size : int, default 10_000
        Number of ratings in a step of Adam.
    epochs : int, default 10
        Largest number of passes over the ratings.
    patience : int, optional
        Stop when the validation loss has not fallen for this many epochs, and keep the weights of
        the best epoch. By default all epochs are run, and the last weights are kept.

    Examples
    --------
    >>> from palate import KerasFactorization
    >>> trainer = KerasFactorization(n_factors=32, dropout=0.2, epochs=25)  # the lesson's last model
    >>> trainer.l2_user, trainer.learning_rate, trainer.batch_size
    (1e-07, 0.001, 10000)
    """

    l2_user: float = 1e-7
    l2_item: float = 1e-6
    l2_bias: float = 1e-7
    l1_bias: float = 0.0
    biases: bool = False

    @property
    def max_sweeps(self) -> int:
        """Number of epochs, under the name of other trainers."""
        return self.epochs

    def fit(
        self,
        ratings: Ratings | Dataset,
        *,
        validation: float | Ratings = 0.05,
        catalog: Catalog | None = None,
        start: FactorModel | None = None,
        refit: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> FactorModel:
        """Return the model after the last epoch.

        Parameters and errors are those of `LeastSquares.fit`, with epochs instead of sweeps.

        `start` continues from the vectors of a model with its split, like a second `fit` in Keras;
        the averages of Adam start again. `threads` is checked, but the backend of Keras decides.
        The same seed gives the same model on one machine with one version of the backend.
        """
        ratings, catalog = with_catalog(ratings, catalog)

        def save(problem: Problem, run: EpochRun) -> None:
            if checkpoint is not None:
                self._result(problem, run, catalog).save(checkpoint)

        problem, run = fit_epochs(
            self,
            ratings,
            validation=validation,
            start=start,
            refit=refit,
            callback=callback,
            threads=threads,
            seed=seed,
            save=save,
        )
        return continued(check_fitted(self._result(problem, run, catalog), self), start)

    def build(self, keras: ModuleType, problem: Problem, schedule: Schedule) -> Any:
        """Return the compiled Keras model, its layers named as in the lesson.

        Parameters
        ----------
        keras : module
        problem : Problem
            Says how many users and items there are.
        schedule : Schedule
            Its seed is used for the weights and for dropout.
        """
        layers = keras.layers
        start = keras.initializers.GlorotUniform
        inputs, vectors = self.embedded(keras, problem, seeds(schedule.seed, 4), start)
        sizes, biases = (problem.by_user.n_rows, problem.by_user.n_columns), []
        for name, source, size in zip(_BIASES, inputs, sizes, strict=True) if self.biases else ():
            penalty = keras.regularizers.L1L2(self.l1_bias, self.l2_bias)
            bias = layers.Embedding(
                size, 1, name=name, embeddings_initializer="zeros", embeddings_regularizer=penalty
            )
            biases.append(layers.Flatten()(bias(source)))
        out = layers.Flatten()(layers.Dot(2)(vectors))
        whole = layers.Add()([*biases, out]) if biases else out
        return compiled(keras, inputs, whole, self.learning_rate, schedule.eager(problem.n_train))

    def _check(self) -> None:
        super()._check()
        for name in ("l2_bias", "l1_bias"):
            check_strength(name, getattr(self, name))
        check_switch("biases", self.biases)

    def begin(self, model: "keras.Model", start: FactorModel, problem: Problem) -> None:
        """Put a model's vectors into the layers; ids it does not know keep their random start.

        Parameters
        ----------
        model : keras.Model
        start : FactorModel
        problem : Problem
        """
        ratings = problem.ratings
        fresh = self._sides(weights_of(model), ratings)
        for number, side in enumerate(model_start(start, ratings, fresh, self)):
            model.get_layer(EMBEDDINGS[number]).set_weights([side.unpadded(self.n_factors)])
            if self.biases:
                model.get_layer(_BIASES[number]).set_weights([side.bias[:, None]])

    def _sides(self, weights: Weights, ratings: Ratings) -> tuple[Side, Side]:
        sides = []
        for number, n in enumerate((ratings.n_users, ratings.n_items)):
            bias = weights[_BIASES[number]][0][:, 0] if self.biases else np.zeros(n, np.float32)
            sides.append(Side.padded(weights[EMBEDDINGS[number]][0], bias))
        return sides[0], sides[1]

    def judge(self, weights: Weights, problem: Problem) -> Judgement:
        """Return the errors and the penalty of weights.

        Parameters
        ----------
        weights : dict of layer name to list of ndarray
        problem : Problem
        """
        sides = self._sides(weights, problem.ratings)
        penalty = 0.0
        for side, l2 in zip(sides, (self.l2_user, self.l2_item), strict=True):
            penalty += l2 * float(np.sum(np.square(side.factors, dtype=np.float64)))
            bias = side.bias.astype(np.float64)
            penalty += self.l2_bias * float(bias @ bias) + self.l1_bias * float(np.abs(bias).sum())
        return errors_of(problem, lambda users, items: problem.predict(users, items, *sides), penalty)

    def priors(self, n_train: int) -> tuple[RowPrior, RowPrior]:
        """Return the priors of users and items for fold-in.

        They are the penalties in the sum form of the row solver.

        Parameters
        ----------
        n_train : int
            Number of training ratings.
        """
        given = {name: getattr(self, name) for name in ("l2_user", "l2_item", "l2_bias", "l1_bias")}
        sums = sum_strengths(n_train, given)
        user, item = (
            ridge_prior(
                self.n_factors,
                l2=sums[side],
                l2_bias=sums["l2_bias"],
                bias=self.biases,
                l1_bias=sums["l1_bias"],
                dropout=self.dropout,
            )
            for side in ("l2_user", "l2_item")
        )
        return user, item

    def _result(self, problem: Problem, run: EpochRun, catalog: Catalog | None) -> FactorModel:
        sides, priors = self._sides(run.weights, problem.ratings), self.priors(problem.n_train)
        return FactorModel(
            **problem.model_fields(catalog),
            **parts_of_fit(sides, self.n_factors, problem.mean, priors),
            trainer=described(self),
            history=history_of(problem, run),
        )
