"""Ratings together with what is known about their items."""

import os
from dataclasses import dataclass

import numpy as np

from palate._checks import ArgumentTypeError, Words
from palate.data.catalog import Catalog
from palate.data.ratings import Ratings


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Dataset:
    """What `palate.read` and `palate.datasets.load` return.

    Parameters
    ----------
    name : str
    ratings : Ratings
    catalog : Catalog or None
        None when no catalog was found beside the ratings.
    held_out : ndarray of shape (n_ratings,), bool, or None
        The validation ratings of files written by `palate prepare`.
    mean : float or None
        The mean that was subtracted in the column `y` of such files.

    Examples
    --------
    >>> data = Dataset(name="mine", ratings=Ratings.from_arrays([1, 2], ["a", "a"], [3, 5]))
    >>> data.ratings.mean(), data.catalog
    (4.0, None)
    """

    name: str
    ratings: Ratings
    catalog: Catalog | None = None
    held_out: np.ndarray | None = None
    mean: float | None = None

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}, {self.ratings!r}, {self.catalog!r})"


def ratings_of(given: object, argument: str = "ratings", also: str = "") -> Ratings:
    """Return the ratings that were given: themselves, or those of a Dataset.

    Parameters
    ----------
    given : Ratings or Dataset
    argument : str
        Name of the argument, for messages.
    also : str
        What else it may be, in words: " or a split".

    Raises
    ------
    TypeError
        If it is neither; the message says how to make ratings of it.

    Examples
    --------
    >>> ratings = Ratings.from_arrays([1, 2], ["a", "a"], [3, 5])
    >>> ratings_of(Dataset(name="mine", ratings=ratings)) is ratings
    True
    """
    if isinstance(given, Ratings):
        return given
    if isinstance(given, Dataset):
        return given.ratings
    must = Words.of(f"be palate.Ratings or what `palate.read` returns{also}")
    raise ArgumentTypeError(argument, must, f"{_named(given)}", _advice(given))


def with_catalog(given: object, catalog: Catalog | None) -> tuple[Ratings, Catalog | None]:
    """Return ratings and their catalog: the one given beside them, else that of their Dataset."""
    ratings = ratings_of(given)
    if catalog is not None and not isinstance(catalog, Catalog):
        advice = "Make one of a table of items with palate.Catalog.from_frame(...)."
        raise ArgumentTypeError("catalog", "be a palate.Catalog", type(catalog).__name__, advice)
    return ratings, given.catalog if catalog is None and isinstance(given, Dataset) else catalog


def _named(given: object) -> str:
    return repr(str(given)) if isinstance(given, str | os.PathLike) else type(given).__name__


def _advice(given: object) -> str:
    if isinstance(given, str | os.PathLike):
        return f" Read the file: palate.read({str(given)!r})."
    if hasattr(given, "tocoo"):
        return " Use palate.Ratings.from_scipy(...)."
    if hasattr(given, "columns") or hasattr(given, "column_names"):
        return " Use palate.Ratings.from_frame(...)."
    return " Use palate.Ratings.from_frame(...) or palate.Ratings.from_arrays(...)."
