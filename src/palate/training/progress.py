"""A progress bar for people who wait."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from palate.model.history import SweepReport

_QUIET_SECONDS = 1.0  # a bar for less would only flicker


class TrainingBar:
    """A Rich progress bar on standard error, as a callback of `fit` and a context manager.

    It appears once training has taken a second, shows training and validation error of the last
    sweep, and only where a person can see it: in a terminal or a notebook.
    """

    def __init__(self, max_sweeps: int, show: bool | None = None) -> None:
        self.max_sweeps = max_sweeps
        self.show = show if show is not None else _someone_watches()
        self.began = time.perf_counter()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def __call__(self, report: SweepReport) -> None:
        """Show a sweep."""
        if not self.show or (self.bar is None and time.perf_counter() - self.began < _QUIET_SECONDS):
            return
        if self.bar is None:
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

    It is a callback and a context manager.
    """

    def __init__(self, show: bool | None = None) -> None:
        self.show = show if show is not None else _someone_watches()
        self.status: Any = None

    def __enter__(self) -> Self:
        if self.show:
            from rich.console import Console

            self.status = Console(stderr=True).status("training")
            self.status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.status is not None:
            self.status.stop()

    def __call__(self, step: str) -> None:
        """Show a step."""
        if self.status is not None:
            self.status.update(f"trying {step}")


def _someone_watches() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules
