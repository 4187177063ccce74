"""The protocol that every trainer fulfils."""

from collections.abc import Callable
from dataclasses import Field, asdict
from typing import Any, ClassVar, Protocol, TypedDict, runtime_checkable

from palate.data.catalog import Catalog
from palate.data.ratings import Ratings
from palate.model.history import SweepReport
from palate.model.model import Model

Callback = Callable[[SweepReport], object]  # False ends training


class FitOptions(TypedDict, total=False):
    """What every trainer's `fit` takes beside the ratings."""

    validation: float | Ratings
    catalog: Catalog | None
    callback: Callable[[object], None] | None
    threads: int | None
    seed: int


@runtime_checkable
class Trainer(Protocol):
    """Protocol of trainers: frozen dataclasses of hyper-parameters with the method `fit`.

    `LeastSquares`, `Gibbs`, `Recommender` and all other trainers of palate follow it. A class of
    your own that does can be cross-validated.

    Examples
    --------
    >>> from palate import LeastSquares, Trainer
    >>> isinstance(LeastSquares(), Trainer)
    True
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def fit(
        self,
        ratings: Ratings,
        *,
        validation: float | Ratings = ...,
        catalog: Catalog | None = None,
        callback: Callable[[object], None] | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> Model:
        """Return the model fitted to the ratings; the trainer does not change.

        Parameters
        ----------
        ratings : Ratings
        validation : float or Ratings
            Share of ratings to hold out, or held-out ratings.
        catalog : Catalog, optional
            Titles and other columns of the items.
        callback : callable, optional
            Called with a report of the progress.
        threads : int, optional
            Number of threads; by default one for each processor.
        seed : int, default 0
            Seed of the held-out ratings and of training.
        """
        ...


def described(trainer: Trainer, **resolved: object) -> dict[str, Any]:
    """Return the trainer's name, hyper-parameters and the values of "auto", as `<name>_resolved`."""
    auto = {f"{name}_resolved": value for name, value in resolved.items()}
    return {"name": type(trainer).__name__, **asdict(trainer), **auto}
