"""The first lesson's network: the vectors of user and item side by side, and dense layers above them."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from palate.data.catalog import Catalog
from palate.data.matrix import RatingMatrix
from palate.data.ratings import Ratings
from palate.model.keras_network import NetworkModel
from palate.solve.parallel import check_threads
from palate.training.checks import check_count, check_rate, check_strength, check_switch
from palate.training.keras_backend import require_keras, seeds
from palate.training.keras_epochs import Callback, EpochRun, Judgement, Schedule, Weights, run_epochs
from palate.training.keras_factorization import history_of
from palate.training.problem import Problem, split
from palate.training.progress import TrainingBar

_VECTORS = ("user_embedding", "movie_embedding")


@dataclass(frozen=True, kw_only=True)
class KerasNetwork:
    """A dense network over the embeddings of user and item, trained by Keras with Adam. Needs `palate[keras]`.

    The result is a Scorer, not a FactorModel: `NetworkModel`. When it is the better choice is in docs/keras.md.

    Parameters
    ----------
    n_factors : int, default 8
        Length of the embeddings.
    hidden : tuple of int, default (32, 4)
        Widths of the layers above them, each cut off at 0 (ReLU).
    l2_user, l2_item : float, default 0.0
        Strengths of the penalties on the embeddings, as `keras.regularizers.l1_l2` has them.
    dropout : float, default 0.0
        Rate of dropout on both embeddings, in [0, 1).
    mean : bool, default True
        Whether the mean of the training ratings is taken off first.
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

    n_factors: int = 8
    hidden: tuple[int, ...] = (32, 4)
    l2_user: float = 0.0
    l2_item: float = 0.0
    dropout: float = 0.0
    mean: bool = True
    learning_rate: float = 0.005
    batch_size: int = 5_000
    epochs: int = 10
    patience: int | None = None

    def fit(
        self,
        ratings: Ratings,
        *,
        validation: float | Ratings = 0.05,
        catalog: Catalog | None = None,
        start: NetworkModel | None = None,
        refit: bool = False,
        callback: Callback | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> NetworkModel:
        """Return the network after the epochs; parameters and errors are those of `KerasFactorization.fit`, as far as they apply."""
        self._check()
        check_threads(threads)
        check_count("seed", seed, 0, 2**63 - 1)
        everything, held_out = split(ratings, validation, start, seed)  # type: ignore[arg-type]
        keras = require_keras()
        problem = Problem.build(everything, held_out, mean=self.mean)

        def train(problem: Problem, epochs: int, patience: int | None, watch: Callback | None) -> EpochRun:
            schedule = Schedule(epochs, self.batch_size, patience, seed)
            model = self.build(keras, problem, schedule)
            if start is not None:
                self._begin(model, start, problem)
            return run_epochs(model, problem, schedule, lambda weights: self._judge(weights, problem), callback=watch)

        with TrainingBar(self.epochs) as bar:
            run = train(problem, self.epochs, self.patience, callback or bar)
        if refit and held_out.any():
            problem = Problem.build(everything, np.zeros_like(held_out), mean=self.mean)
            stopped, run = run.stopped, train(problem, run.best_epoch, None, None)
            run.stopped = f"{stopped} Then trained on all ratings for {run.best_epoch} epochs."
        return self._result(problem, run, catalog)

    def build(self, keras: Any, problem: Problem, schedule: Schedule) -> Any:
        """Return the compiled Keras model.

        Parameters
        ----------
        keras : module
        problem : Problem
            Says how many users and items there are.
        schedule : Schedule
            Its seed is the weights' and the dropout's.
        """
        layers, part = keras.layers, seeds(schedule.seed, 5 + len(self.hidden))
        inputs = [keras.Input((1,), dtype="int32", name=name) for name in ("user_id", "movie_id")]
        vectors = []
        for number, size in enumerate((problem.by_user.n_rows, problem.by_user.n_columns)):
            penalty = keras.regularizers.L1L2(0.0, (self.l2_user, self.l2_item)[number])
            start = keras.initializers.RandomUniform(-0.05, 0.05, seed=part[number])
            vector = layers.Embedding(
                size, self.n_factors, name=_VECTORS[number], embeddings_initializer=start, embeddings_regularizer=penalty
            )(inputs[number])
            vectors.append(layers.Dropout(self.dropout, seed=part[2 + number])(vector) if self.dropout else vector)
        out = layers.Flatten()(layers.Concatenate()(vectors))
        for number, width in enumerate((*self.hidden, 1)):
            start = keras.initializers.GlorotUniform(part[4 + number])
            shape = "relu" if number < len(self.hidden) else "linear"
            out = layers.Dense(width, activation=shape, kernel_initializer=start, name=f"dense_{number}")(out)
        model = keras.Model(inputs, out)
        eager = schedule.eager(problem.n_train)
        model.compile(
            keras.optimizers.Adam(self.learning_rate), loss="mse", metrics=["mae"], run_eagerly=eager, jit_compile=not eager
        )
        return model

    def _check(self) -> None:
        check_count("n_factors", self.n_factors, 1, 1024)
        if not isinstance(self.hidden, tuple | list):
            raise TypeError(f"hidden must be a tuple of widths; got {self.hidden!r}.")
        for width in self.hidden:
            check_count("each width in hidden", width, 1, 65_536)
        for name in ("l2_user", "l2_item", "learning_rate"):
            check_strength(name, getattr(self, name))
        check_rate("dropout", self.dropout)
        check_switch("mean", self.mean)
        for name in ("batch_size", "epochs"):
            check_count(name, getattr(self, name), 1)
        if self.patience is not None:
            check_count("patience", self.patience, 1)

    def _begin(self, model: Any, start: NetworkModel, problem: Problem) -> None:
        """Put a network's weights into the layers; ids it does not know keep their random start.

        Raises
        ------
        ValueError
            If it has layers of other widths.
        """
        wanted = (2 * self.n_factors, *self.hidden, 1)
        found = (len(start.layers[0][0]), *(kernel.shape[1] for kernel, _ in start.layers))
        if found != wanted:
            raise ValueError(f"start must have layers of the widths {wanted} as the trainer; got {found}.")
        ratings = problem.ratings
        sides = ((start.users, ratings.users, start.user_vectors), (start.items, ratings.items, start.item_vectors))
        for name, (old, new, vectors) in zip(_VECTORS, sides, strict=True):
            index, layer = old.indices(new.values), model.get_layer(name)
            layer.set_weights([np.where((index >= 0)[:, None], vectors[index], layer.get_weights()[0])])
        for number, weights in enumerate(start.layers):
            model.get_layer(f"dense_{number}").set_weights(list(weights))

    def _judge(self, weights: Weights, problem: Problem) -> Judgement:
        model, rows = self._network(weights, problem), problem.by_user
        users = np.repeat(np.arange(rows.n_rows), np.diff(rows.indptr))
        errors = (rows.values - model.score_pairs(users, rows.columns)).astype(np.float64)
        share = rows.weights / rows.weights.mean() if rows.weights.size else 1.0
        vectors = zip((self.l2_user, self.l2_item), _VECTORS, strict=True)
        penalty = sum(l2 * float(np.sum(np.square(weights[name][0], dtype=np.float64))) for l2, name in vectors)
        figures: dict[str, float] = {}
        if problem.held_out.any():
            user_index, item_index, values = problem.validation
            wrong = (values - model.score_pairs(user_index, item_index)).astype(np.float64)
            figures = {"validation_mse": float(np.mean(wrong**2)), "validation_mae": float(np.mean(np.abs(wrong)))}
        return Judgement(float(np.mean(errors**2 * share)), float(np.mean(np.abs(errors) * share)), penalty, **figures)

    def _network(self, weights: Weights, problem: Problem, **about: Any) -> NetworkModel:
        """Return the network of these weights; the mean vector stands for whom it does not know."""
        tables = [np.concatenate([weights[name][0], weights[name][0].mean(axis=0)[None]]) for name in _VECTORS]
        layers = tuple((weights[f"dense_{n}"][0], weights[f"dense_{n}"][1]) for n in range(len(self.hidden) + 1))
        ratings = problem.ratings
        return NetworkModel(
            users=ratings.users, items=ratings.items, user_vectors=tables[0], item_vectors=tables[1], layers=layers,
            mean=problem.mean, scale=ratings.scale, frame_kind=ratings.frame_kind, **about,
        )  # fmt: skip

    def _result(self, problem: Problem, run: EpochRun, catalog: Catalog | None) -> NetworkModel:
        ratings = problem.ratings
        matrix = RatingMatrix.from_ratings(ratings, problem.held_out if problem.held_out.any() else None)
        about = catalog if catalog is not None else Catalog.from_items(ratings.items)
        return self._network(
            run.weights,
            problem,
            catalog=about.aligned(ratings.items, matrix),
            ratings=matrix,
            trainer={"name": type(self).__name__, **asdict(self)},
            history=history_of(problem, run),
        )
