"""Epochs of a Keras model: shuffled batches, a report after each epoch, and when to stop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from palate._checks import check_count, check_seed, check_switch
from palate._parallel import check_threads
from palate.data.ratings import Ratings
from palate.model.history import History, SweepReport
from palate.model.model import Model
from palate.training.checks import check_rate, check_strength
from palate.training.keras.backend import require_keras
from palate.training.progress import TrainingBar
from palate.training.reports import Errors, sweep_report
from palate.training.trainer import Callback
from palate.training.training_data import Problem, split

if TYPE_CHECKING:
    import keras


Start = TypeVar("Start", bound=Model)
Weights = dict[str, list[np.ndarray]]  # by the names of layers
EMBEDDINGS = ("user_embedding", "movie_embedding")  # names of layers
_FEW_STEPS = 40  # below which a compiled step does not earn its compilation


@dataclass(frozen=True)
class Schedule:
    """How long to train, and in which order."""

    epochs: int
    batch_size: int
    patience: int | None
    seed: int

    def eager(self, n: int) -> bool:
        """Whether the steps over n ratings are too few to compile one."""
        return self.epochs * math.ceil(n / self.batch_size) < _FEW_STEPS


@dataclass(frozen=True)
class Judgement:
    """Errors of weights on the training and the validation ratings, and their penalty as Keras has it."""

    train: Errors
    penalty: float
    validation: Errors | None = None

    @property
    def loss(self) -> float:
        """The validation loss as Keras has it (the training loss when nothing is held out)."""
        return (self.train if self.validation is None else self.validation)[0] + self.penalty

    def report(self, epoch: int, seconds: float, total: float) -> SweepReport:
        """Return the figures of an epoch.

        The objective is in sum form; `total` is the number (weight) of the ratings.
        """
        objective = total * (self.train[0] + self.penalty)
        return sweep_report(epoch, seconds, objective, self.train, self.validation)


@dataclass
class EpochRun:
    """The epochs so far, and the weights of the one that counts."""

    weights: Weights
    reports: list[SweepReport] = field(default_factory=list)
    best_epoch: int = 0
    best: float = math.inf
    stopped: str = ""
    interrupted: bool = False


AfterEpoch = Callable[[EpochRun], None]


@dataclass(frozen=True, kw_only=True)
class EpochTrainer(Generic[Start]):
    """What all Keras trainers have: embeddings of users and items, and epochs over the ratings.

    A subclass builds the rest of the network (`build`), begins with the weights of a model (`begin`)
    and judges weights (`judge`). The parameters are those of `KerasFactorization`.
    """

    n_factors: int = 8
    l2_user: float = 0.0
    l2_item: float = 0.0
    dropout: float = 0.0
    mean: bool = True
    learning_rate: float = 0.001
    batch_size: int = 10_000
    epochs: int = 10
    patience: int | None = None

    def build(self, keras: ModuleType, problem: Problem, schedule: Schedule) -> "keras.Model":
        """Return the compiled Keras model.

        Parameters
        ----------
        keras : module
        problem : Problem
            Says how many users and items there are.
        schedule : Schedule
            Its seed is used for the weights and for dropout.
        """
        raise NotImplementedError

    def begin(self, model: "keras.Model", start: Start, problem: Problem) -> None:
        """Put the weights of a model into the layers; ids it does not know keep their random start.

        Parameters
        ----------
        model : keras.Model
        start : Model
        problem : Problem
        """
        raise NotImplementedError

    def judge(self, weights: Weights, problem: Problem) -> Judgement:
        """Return the errors and the penalty of weights.

        Parameters
        ----------
        weights : dict of layer name to list of ndarray
        problem : Problem
        """
        raise NotImplementedError

    def embedded(
        self, keras: ModuleType, problem: Problem, seeds: list[int], initializer: Callable[[int], Any]
    ) -> "tuple[list[keras.KerasTensor], list[keras.KerasTensor]]":
        """Return the inputs of a network, and the vectors of user and item behind their dropout.

        Parameters
        ----------
        keras : module
        problem : Problem
        seeds : list of int
            Seeds of both embeddings, then of both dropouts.
        initializer : callable
            Returns the initializer of an embedding, given its seed.
        """
        layers = keras.layers
        inputs = [keras.Input((1,), dtype="int32", name=name) for name in ("user_id", "movie_id")]
        sizes, penalties = (problem.by_user.n_rows, problem.by_user.n_columns), (self.l2_user, self.l2_item)
        vectors = []
        for number, source in enumerate(inputs):
            vector = layers.Embedding(
                sizes[number],
                self.n_factors,
                name=EMBEDDINGS[number],
                embeddings_initializer=initializer(seeds[number]),
                embeddings_regularizer=keras.regularizers.L1L2(0.0, penalties[number]),
            )(source)
            dropped = layers.Dropout(self.dropout, seed=seeds[2 + number]) if self.dropout else None
            vectors.append(vector if dropped is None else dropped(vector))
        return inputs, vectors

    def _check(self) -> None:
        check_count("n_factors", self.n_factors, 1, 1024)
        for name in ("l2_user", "l2_item", "learning_rate"):
            check_strength(name, getattr(self, name))
        check_rate("dropout", self.dropout)
        check_switch("mean", self.mean)
        for name in ("batch_size", "epochs"):
            check_count(name, getattr(self, name), 1)
        if self.patience is not None:
            check_count("patience", self.patience, 1)


def run_epochs(
    model: "keras.Model",
    problem: Problem,
    schedule: Schedule,
    judge: Callable[[Weights], Judgement],
    *,
    callback: Callback | None = None,
    after_epoch: AfterEpoch | None = None,
) -> EpochRun:
    """Train a compiled Keras model of (user index, item index) -> rating less the mean, and return the run.

    Without patience the run ends with the weights of its last epoch, else with those of the epoch
    with the lowest loss. An interrupt (Ctrl-C) ends it with the last whole epoch; before the first
    whole epoch it is raised.
    """
    run, feed = EpochRun(weights_of(model)), _feed(problem, schedule)
    try:
        for epoch in range(1, schedule.epochs + 1):
            began = time.perf_counter()
            feed(model)
            seconds, weights = time.perf_counter() - began, weights_of(model)
            judged = judge(weights)
            report = judged.report(epoch, seconds, problem.total_weight)
            run.reports.append(report)
            if judged.loss < run.best or schedule.patience is None:
                run.best, run.best_epoch, run.weights = judged.loss, epoch, weights
            if after_epoch is not None:
                after_epoch(run)
            if callback is not None and callback(report) is False:
                run.stopped = f"The callback ended training after epoch {epoch}."
                return run
            if schedule.patience is not None and epoch - run.best_epoch >= schedule.patience:
                run.stopped = f"The loss did not fall for {schedule.patience} epochs."
                return run
    except KeyboardInterrupt:
        if not run.reports:
            raise
        run.interrupted, run.stopped = True, f"Interrupted after {len(run.reports)} complete epochs."
        return run
    run.stopped = f"All {schedule.epochs} epochs were made."
    return run


def fit_epochs(
    trainer: EpochTrainer[Start],
    ratings: Ratings,
    *,
    validation: float | Ratings,
    start: Start | None,
    refit: bool,
    callback: Callback | None,
    threads: int | None,
    seed: int,
    save: Callable[[Problem, EpochRun], None] | None = None,
) -> tuple[Problem, EpochRun]:
    """Train what a trainer builds, and return what it was trained on and the run.

    All Keras trainers use it.
    """
    trainer._check()
    check_threads(threads)
    check_seed(seed)
    everything, held_out = split(ratings, validation, start, seed)
    keras = require_keras()

    def train(
        problem: Problem, schedule: Schedule, watch: Callback | None = None, after: AfterEpoch | None = None
    ) -> EpochRun:
        model = trainer.build(keras, problem, schedule)
        if start is not None:
            trainer.begin(model, start, problem)
        judge = partial(trainer.judge, problem=problem)
        return run_epochs(model, problem, schedule, judge, callback=watch, after_epoch=after)

    problem = Problem.build(everything, held_out, mean=trainer.mean)
    schedule = Schedule(trainer.epochs, trainer.batch_size, trainer.patience, seed)
    with TrainingBar(trainer.epochs, show=False if callback else None) as bar:
        after = None if save is None else partial(save, problem)
        run = train(problem, schedule, callback or bar, after)
    if refit and held_out.any() and not run.interrupted:
        problem = Problem.build(everything, np.zeros_like(held_out), mean=trainer.mean)
        first, run = run, train(problem, replace(schedule, epochs=run.best_epoch, patience=None))
        run.stopped = f"{first.stopped} Then trained on all ratings for {first.best_epoch} epochs."
    return problem, run


def compiled(
    keras: ModuleType,
    inputs: "list[keras.KerasTensor]",
    out: "keras.KerasTensor",
    learning_rate: float,
    eager: bool,
) -> Any:
    """Return the Keras model from inputs to output, with the lesson's optimizer, loss and metric."""
    model = keras.Model(inputs, out)
    adam = keras.optimizers.Adam(learning_rate)
    model.compile(adam, loss="mse", metrics=["mae"], run_eagerly=eager, jit_compile=not eager)
    return model


def errors_of(
    problem: Problem, score: Callable[[np.ndarray, np.ndarray], np.ndarray], penalty: float
) -> Judgement:
    """Return the errors of `score(user_index, item_index)` on the training and validation ratings.

    A penalty is added to the objective.
    """
    rows = problem.by_user
    users = np.repeat(np.arange(rows.n_rows), np.diff(rows.indptr))
    errors = (rows.values - score(users, rows.columns.astype(np.int64))).astype(np.float64)
    share = rows.weights / rows.weights.mean() if rows.weights.size else 1.0
    train = float(np.mean(errors**2 * share)), float(np.mean(np.abs(errors) * share))
    validation = None
    if problem.held_out.any():
        user_index, item_index, values = problem.validation
        wrong = (values - score(user_index, item_index)).astype(np.float64)
        validation = float(np.mean(wrong**2)), float(np.mean(np.abs(wrong)))
    return Judgement(train, penalty, validation)


def history_of(problem: Problem, run: EpochRun) -> History:
    """Return the history of epochs; each counts as a sweep."""
    return problem.history(
        sweeps=tuple(run.reports), best_sweep=run.best_epoch, stopped=run.stopped, interrupted=run.interrupted
    )


def weights_of(model: "keras.Model") -> Weights:
    """Return copies of a Keras model's weights, by the names of its layers."""
    weighed = (layer for layer in model.layers if layer.weights)
    return {layer.name: [np.array(part) for part in layer.get_weights()] for layer in weighed}


def _feed(problem: Problem, schedule: Schedule) -> "Callable[[keras.Model], None]":
    """Return what trains a model for an epoch on the training ratings, each time in a new order."""
    rows, rng = problem.by_user, np.random.default_rng([schedule.seed, 1])
    users = np.repeat(np.arange(rows.n_rows, dtype=np.int32), np.diff(rows.indptr))[:, None]
    items = np.asarray(rows.columns, dtype=np.int32)[:, None]
    targets = rows.values - np.float32(problem.mean)
    weights = rows.weights / rows.weights.mean() if rows.weights.size else None

    def epoch(model: "keras.Model") -> None:
        order = rng.permutation(len(targets))
        weight = None if weights is None else weights[order]
        fit = partial(model.fit, batch_size=schedule.batch_size, epochs=1, shuffle=False, verbose=0)
        fit([users[order], items[order]], targets[order], sample_weight=weight)

    return epoch
