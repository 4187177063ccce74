"""The result of splitting: which rating is trained on, tested, or given to fold-in."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from palate.data.ratings import Ratings

TRAIN, TEST, FOLD_IN = 0, 1, 2


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Ratings divided into `train`, `test` and, for held-out users, `fold_in`.

    The parts are disjoint and together contain every rating.

    Each part is a `Ratings` with all users and items, so a model trained on `train` has every id;
    users and items without training ratings have their prior mean. It is returned by the functions
    of `palate.splits`.

    Parameters
    ----------
    ratings : Ratings
        The whole.
    part : ndarray of shape (n_ratings,), uint8
        0 for training, 1 for testing, 2 for folding in.
    method : str
        Name of the function that made the split.
    parameters : mapping
        Arguments of this function.

    Examples
    --------
    >>> from palate import Ratings, splits
    >>> ratings = Ratings.from_arrays([1, 1, 1, 2, 2], list("abcab"), [5, 3, 4, 2, 1])
    >>> split = splits.random(ratings, share=0.4)
    >>> split
    Split(random, share=0.4, seed=0: 3 ratings to train, 2 to test)
    >>> len(split.train) + len(split.test) == len(ratings)
    True
    """

    ratings: Ratings
    part: np.ndarray
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def train(self) -> Ratings:
        """The ratings to train on."""
        return self.ratings.select(self.part == TRAIN)

    @cached_property
    def test(self) -> Ratings:
        """The ratings to test on."""
        return self.ratings.select(self.part == TEST)

    @cached_property
    def fold_in(self) -> Ratings | None:
        """The known ratings of users who are not trained on; None for splits that hold out no users."""
        mask = self.part == FOLD_IN
        return self.ratings.select(mask) if mask.any() else None

    @property
    def codes(self) -> np.ndarray:
        """What the file holds: `part`."""
        return self.part

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the split to the small file `path`.

        `palate.splits.load` applies it to the same ratings again.
        """
        from palate.splits.file import save_split

        save_split(self, path)

    def __repr__(self) -> str:
        sizes = [f"{np.count_nonzero(self.part == TRAIN):,} ratings to train"]
        if (self.part == FOLD_IN).any():
            sizes.append(f"{np.count_nonzero(self.part == FOLD_IN):,} to fold in")
        sizes.append(f"{np.count_nonzero(self.part == TEST):,} to test")
        return f"Split({described(self)}: {', '.join(sizes)})"


@dataclass(frozen=True, eq=False, repr=False)
class Folds:
    """Ratings divided into parts of equal size for cross-validation.

    Each part is tested once while a model is trained on the others.

    Folds are a sequence of `Split`, and returned by `palate.splits.k_fold`.

    Parameters
    ----------
    ratings : Ratings
        The whole.
    fold : ndarray of shape (n_ratings,), uint16
        In which fold each rating is tested.
    method : str
    parameters : mapping

    Examples
    --------
    >>> from palate import Ratings, splits
    >>> folds = splits.k_fold(Ratings.from_arrays([1, 1, 2, 2], list("abab"), [5, 3, 4, 2]), n_folds=2)
    >>> [len(split.test) for split in folds]
    [2, 2]
    """

    ratings: Ratings
    fold: np.ndarray
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def codes(self) -> np.ndarray:
        """What the file holds: `fold`."""
        return self.fold

    def __len__(self) -> int:
        return int(self.parameters["n_folds"])

    def __getitem__(self, number: int) -> Split:
        if not 0 <= number < len(self):
            raise IndexError(f"fold must be between 0 and {len(self) - 1}; got {number}.")
        part = np.where(self.fold == number, TEST, TRAIN).astype(np.uint8)
        return Split(self.ratings, part, self.method, {**self.parameters, "fold": number})

    def __iter__(self) -> Iterator[Split]:
        return (self[number] for number in range(len(self)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the folds to the small file `path`.

        `palate.splits.load` applies it to the same ratings again.
        """
        from palate.splits.file import save_split

        save_split(self, path)

    def __repr__(self) -> str:
        return f"Folds({described(self)}: {len(self.ratings):,} ratings)"


def described(split: Split | Folds) -> str:
    """Return the method and its parameters as a message shows them."""
    given = [f"{name}={value!r}" for name, value in split.parameters.items() if value is not None]
    return ", ".join([split.method, *given])
