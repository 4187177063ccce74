"""The models that the explorer shows if none is named.

A separate process trains them on the bundled ratings. Each is shown as soon as it is ready.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palate import datasets
from palate.explorer.look import BUNDLED
from palate.explorer.workspace import Workspace
from palate.splits import random
from palate.training.als.least_squares import LeastSquares
from palate.training.progress import silent

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from palate.store.mirror import RatingStore

BEFORE, AFTER, DEFAULT = "before", "after", "recommender"
# The first one is quick, so that lists are shown within a minute although kernels are compiled before.
ORDER = (AFTER, BEFORE, DEFAULT)
NAME = "the bundled data that no model was trained on"
SHARE = 0.1  # of the ratings, put aside for the figures
SECONDS = 15.0  # in which the default model chooses how to rank
_NICE = 5
_END_SECONDS = 10.0  # for which the end of the process is waited


@dataclass(frozen=True)
class Progress:
    """How far the training is.

    Parameters
    ----------
    done : tuple of str
        Models that are shown.
    now : str, optional
        The model that is trained; None before the first, and after the last one.
    began : float
        When that began, as `time.monotonic` says it.
    failure : str, optional
        Why no more models come.
    """

    done: tuple[str, ...] = ()
    now: str | None = None
    began: float = 0.0
    failure: str | None = None

    def ended(self, names: Sequence[str]) -> bool:
        """Return whether nothing more comes."""
        return self.failure is not None or set(self.done) >= set(names)


def train(name: str, folder: Path) -> Path:
    """Train one of the bundled models on what is not put aside; return its file."""
    from palate.lesson.trainers import without_biases
    from palate.recommender.recommender import Recommender

    data = datasets.load("movielens-small")
    ratings = random(data.ratings, SHARE, seed=0).train
    model: Any
    if name == BEFORE:
        loose = without_biases(0.0, to_the_end=True)
        model = loose.fit(ratings, validation=0, catalog=data.catalog, callback=silent)
    elif name == AFTER:
        model = LeastSquares().fit(ratings, catalog=data.catalog, callback=silent)
    else:
        model = Recommender(seconds=SECONDS).fit(ratings, catalog=data.catalog)
    path = folder / f"{name}.palate"
    model.save(path)
    return path


def _work(names: Sequence[str], folder: Path, told: "Connection") -> None:
    """Train in a process of its own, and tell of each step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the explorer, which then ends this
    try:
        for name in names:
            told.send(("now", name))
            told.send(("done", train(name, folder)))
            os.nice(_NICE)  # from now on the pages go first
    except Exception as error:
        told.send(("failed", f"{type(error).__name__}: {error}"))


class BundledTraining:
    """The training of the bundled models, and the workspace once the first of them is there.

    A process of its own trains, so that the pages answer meanwhile.

    Parameters
    ----------
    folder : path
        Where the model files go.
    store : RatingStore
        Where live ratings are kept; closed by `close`.
    cases : Path
        Where recommendations that look wrong are written.
    tell : callable
        Is called with what happens, as a sentence.
    names : sequence of str
        Which models are trained, in this order.
    """

    def __init__(
        self,
        folder: Path,
        store: "RatingStore",
        cases: Path,
        tell: Callable[[str], Any],
        names: Sequence[str] = ORDER,
    ) -> None:
        import multiprocessing

        self.names, self.progress = tuple(names), Progress()
        self.space: Workspace | None = None
        self._folder, self._store, self._cases, self._tell = folder, store, cases, tell
        context = multiprocessing.get_context("spawn")
        self._heard, told = context.Pipe(duplex=False)
        self._process = context.Process(target=_work, args=(self.names, folder, told), daemon=True)
        self._process.start()
        told.close()
        self._thread = threading.Thread(target=self._follow, name="palate-training", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the training, and let go of the store."""
        if self._process.is_alive():
            self._process.terminate()
        self._thread.join(_END_SECONDS)
        self._process.join(_END_SECONDS)
        (self._store if self.space is None else self.space.core).close()

    def words(self) -> str:
        """Return what happens now as a sentence, "" once every model is there."""
        progress = self.progress
        if progress.failure is not None:
            return f"{progress.failure} To show a model of your own, use palate explore MODEL."
        if progress.now is None:
            return "" if progress.ended(self.names) else "The next model is loaded."
        place = f"Model {len(progress.done) + 1} of {len(self.names)} is being trained"
        shown = f" These lists are of {', '.join(progress.done)}." if progress.done else ""
        return f"{place}: {BUNDLED[progress.now]}.{shown}"

    def _follow(self) -> None:
        """Take every model into use that the process has saved."""
        try:
            while not self.progress.ended(self.names):
                self._hear(*self._heard.recv())
        except EOFError:
            self._process.join(_END_SECONDS)
            self._fail(f"the process that trains ended with exit code {self._process.exitcode}")
        except Exception as error:  # a file that cannot be read; the pages say so
            self._fail(str(error))

    def _hear(self, what: str, value: Any) -> None:
        done = self.progress.done
        if what == "now":
            self.progress = Progress(done, value, time.monotonic())
            self._tell(f"training {BUNDLED[value]} ({len(done) + 1} of {len(self.names)}) ...")
        elif what == "done":
            self.progress = Progress(done)
            self._take(value)
            self.progress = Progress((*done, value.stem))
        else:
            self._fail(value)

    def _fail(self, why: str) -> None:
        self.progress = Progress(self.progress.done, failure=f"The training failed: {why}.")
        if self._process.exitcode != -signal.SIGTERM:  # it was not ended by `close`
            self._tell(f"the training failed: {why}.")

    def _take(self, path: Path) -> None:
        from palate.app.core import Core

        if self.space is None:
            test = random(datasets.load("movielens-small").ratings, SHARE, seed=0).test
            core = Core.open([path], store=self._store)
            core.recommend(explain=("uncertainty",), user=str(core.model().users.id(0)))  # compiles
            self.space = Workspace(core, test, NAME, self._cases, training=self)
            return
        self.space.core.activate(path.stem, path, make_active=path.stem == DEFAULT)
        if {BEFORE, AFTER} <= set(self.space.models()):
            self.space.lesson = BEFORE, AFTER
