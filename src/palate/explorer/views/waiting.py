"""What is shown before the first model is there: how far its training is."""

import time

from palate.explorer.bundled import BundledTraining, Progress
from palate.explorer.look import BUNDLED, TEXTS
from palate.explorer.parts import Element, tag

_EVERY = 0.5  # seconds between two looks


def show(training: BundledTraining) -> None:
    """Draw the page; it gives way to the one that was asked for once the first model is there."""
    from nicegui import ui

    ui.page_title("Training - palate")
    with tag("header", None, "p-head"):
        tag("span", "palate", "p-brand")
    with tag("div", None, "p-page", id="content"):
        tag("h1", "The first model is being trained")
        tag("p", TEXTS["training"], "soft")
        said = tag("p", _now(training), role="status")
        took = tag("p", "", "soft small")
        with tag("ol", None, "p-list tight"):
            lines = [tag("li", "") for _ in training.names]

    def follow() -> None:
        if training.space is not None:
            timer.deactivate()  # once: drawing the page takes longer than the time between two looks
            ui.navigate.reload()
            return
        _follow(training, said, took, lines)

    _follow(training, said, took, lines)
    timer = ui.timer(_EVERY, follow)


def _follow(training: BundledTraining, said: Element, took: Element, lines: list[Element]) -> None:
    progress = training.progress
    said.set_text(_now(training))
    took.set_text(f"{seconds(progress)} s so far" if progress.now is not None else "")
    for line, name in zip(lines, training.names, strict=True):
        state = "done" if name in progress.done else "now" if name == progress.now else "later"
        line.set_text(f"{name}: {BUNDLED[name]} ({state})")


def seconds(progress: Progress) -> int:
    """Return how long the model has been trained."""
    return int(time.monotonic() - progress.began)


def _now(training: BundledTraining) -> str:
    if training.progress == Progress():
        return "Reading the bundled ratings."
    return training.words()
