"""A progress bar for people who wait."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from palate.model.history import SweepReport

COMPILING = "compiling kernels, once after an installation"
PREPARING = "preparing the first sweep"
_QUIET_SECONDS = 1.0  # a bar for less would only flicker


@contextmanager
def compilations(tell: Callable[[], None]) -> Iterator[None]:
    """Call `tell` whenever Numba begins to compile a function, which it then keeps in its cache."""
    from numba.core import event

    class Listener(event.Listener):
        """What Numba calls."""

        def on_start(self, event: object) -> None:
            """Tell of it."""
            tell()

        def on_end(self, event: object) -> None:
            """Say nothing."""

    with event.install_listener("numba:compile", Listener()):
        yield


class TrainingBar:
    """A Rich progress bar on standard error, as a callback of `fit` and a context manager.

    It appears once training has taken a second, shows training and validation error of the last
    sweep, and only where a person can see it: in a terminal or a notebook. Before it, a line says
    that the first sweep is prepared, or that kernels are compiled.
    """

    def __init__(self, max_sweeps: int, show: bool | None = None) -> None:
        self.max_sweeps = max_sweeps
        self.show = show if show is not None else _someone_watches()
        self.began = time.perf_counter()
        self.bar: Any = None
        self.task: Any = None
        self.before: Any = None  # what is shown before the bar
        self.lock = threading.Lock()  # of what is shown
        self.timer = threading.Timer(_QUIET_SECONDS, self._say_preparing)
        self.timer.daemon = True
        self.ending = ExitStack()  # what ends when the bar does

    def __enter__(self) -> Self:
        if self.show:
            self.timer.start()
            self.ending.callback(self.timer.join)
            self.ending.callback(self.timer.cancel)
            self.ending.enter_context(compilations(self._say_compiling))
        return self

    def __exit__(self, *error: object) -> None:
        self.ending.close()
        for shown in (self.before, self.bar):
            if shown is not None:
                shown.stop()

    def _say_preparing(self) -> None:
        with self.lock:
            if self.before is None and self.bar is None:
                self.before = _status(PREPARING)

    def _say_compiling(self) -> None:
        with self.lock:
            if self.before is not None:
                self.before.update(COMPILING)
            elif self.bar is None:
                self.before = _status(COMPILING)

    def __call__(self, report: SweepReport) -> None:
        """Show a sweep."""
        self.timer.cancel()
        if not self.show or (self.bar is None and time.perf_counter() - self.began < _QUIET_SECONDS):
            return
        with self.lock:
            if self.bar is None:
                if self.before is not None:
                    self.before.stop()
                self._start()
        known = {"training": report.train_rmse, "validation": report.validation_rmse}
        errors = [f"{name} {value:.4f}" for name, value in known.items() if value is not None]
        text = f"RMSE {', '.join(errors)}" if errors else ""
        self.bar.update(self.task, completed=report.sweep, errors=text)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.bar = Progress(
            TextColumn("sweep {task.completed:>2} of at most {task.total}"),
            BarColumn(),
            TextColumn("{task.fields[errors]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.task = self.bar.add_task("training", total=self.max_sweeps, errors="")
        self.bar.start()


class Steps:
    """Show the present step on standard error where a person can see it.

    It is a callback and a context manager. `step` is the first one.
    """

    def __init__(self, show: bool | None = None, step: str = "training") -> None:
        self.show = show if show is not None else _someone_watches()
        self.status: Any = None
        self.step = step
        self.ending = ExitStack()

    def __enter__(self) -> Self:
        if self.show:
            self.status = _status(self.step)
            self.ending.callback(self.status.stop)
            self.ending.enter_context(compilations(self._say_compiling))
        return self

    def __exit__(self, *error: object) -> None:
        self.ending.close()

    def _say_compiling(self) -> None:
        self.status.update(f"{self.step} ({COMPILING})")

    def __call__(self, step: str) -> None:
        """Show a step: a candidate that is tried, or what is trained to be kept."""
        kept = step == "predicted ratings" or step.endswith("on all ratings")
        self.step = f"{'training' if kept else 'trying'} {step}"
        if self.status is not None:
            self.status.update(self.step)


def _status(text: str) -> Any:
    """Show a line with something that moves before it; return what stops it."""
    from rich.console import Console

    status = Console(stderr=True).status(text)
    status.start()
    return status


def _someone_watches() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def silent(report: object) -> None:
    """Take the place of a progress bar, which a callback always does."""
