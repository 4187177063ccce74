"""What all pages share: the core, the test ratings, the file of cases, and cached results.

Results are computed once for each version of a model.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from palate.app.core import Core
from palate.data.ratings import Ratings


class Training(Protocol):
    """What trains more models."""

    def words(self) -> str:
        """Return what happens now as a sentence, "" once every model is there."""
        ...


@dataclass
class Workspace:
    """The core and what stands beside it.

    Parameters
    ----------
    core : Core
    test : Ratings, optional
        What figures are measured on, instead of what a model held out of training.
    test_name : str
        What the pages call it.
    cases : Path
        Where recommendations that look wrong are written.
    lesson : (str, str), optional
        The models before and after the lesson, where they are served.
    training : Training, optional
        What trains more models while these are shown.
    """

    core: Core
    test: Ratings | None = None
    test_name: str = ""
    cases: Path = Path("looks-wrong.jsonl")
    lesson: tuple[str, str] | None = None
    training: Training | None = None
    # By what it is and the models: their versions, and what was made of these.
    _kept: dict[tuple[str, tuple[str, ...]], tuple[Any, Any]] = field(default_factory=dict)

    def close(self) -> None:
        """Let go of the core and its store."""
        self.core.close()

    def models(self) -> tuple[str, ...]:
        """Return the ids of the models; the one that is active comes first."""
        found = sorted(self.core.models, key=lambda info: not info.active)
        return tuple(info.id for info in found)

    def versions(self) -> dict[str, str]:
        """Return the version of each model, which changes when it is swapped."""
        return {info.id: info.version for info in self.core.models}

    def once(self, what: str, models: tuple[str, ...], make: Callable[[], Any]) -> Any:
        """Return something made of models, made again when one of them has changed."""
        versions = self.versions()
        now = [versions[model] for model in models]
        before, kept = self._kept.get((what, models), (None, None))
        if before == now:
            return kept
        made = make()
        self._kept[what, models] = now, made
        return made
