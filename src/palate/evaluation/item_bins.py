"""Test ratings grouped by how popular their items are, so that figures have paired intervals."""

from dataclasses import dataclass, field

import numpy as np

Figure = tuple[str, int | None]  # name of a metric and its k, None for those without
# what a figure sums of each user, or of each group: its top and its bottom
Sums = dict[Figure, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False, kw_only=True)
class ByRating:
    """The test ratings of one scorer, those of all scorers in the same order.

    Parameters
    ----------
    row, bin : ndarray of shape (n_test,), int64
        The user's place among the tested users, and the bin of the item's training ratings.
    squares, absolute : ndarray of shape (n_test,), float64
        Errors of the predictions; empty for scores that are no ratings.
    relevant : ndarray of shape (n_relevant,), int64
        Which of them are relevant, by place; empty where no lists are tested.
    found : ndarray of shape (n_relevant,), int64
        The rank at which each relevant one was listed, or 0.
    """

    row: np.ndarray
    bin: np.ndarray
    squares: np.ndarray = field(default_factory=lambda: np.zeros(0))
    absolute: np.ndarray = field(default_factory=lambda: np.zeros(0))
    relevant: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    found: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def sums(self, group: np.ndarray, n_groups: int, ks: tuple[int, ...]) -> Sums:
        """Return errors and recall of groups of test ratings as sums; a rating of group -1 is left out."""
        inside, found_in = group >= 0, group[self.relevant]
        values: dict[Figure, tuple[np.ndarray, np.ndarray]] = {}
        if len(self.squares):
            values["rmse", None] = group[inside], self.squares[inside]
            values["mae", None] = group[inside], self.absolute[inside]
        for k in ks:
            listed = (self.found > 0) & (self.found <= k)
            values["recall", k] = found_in[found_in >= 0], listed[found_in >= 0].astype(np.float64)
        return {
            figure: (np.bincount(groups, one, n_groups), np.bincount(groups, minlength=n_groups))
            for figure, (groups, one) in values.items()
        }


def joined(parts: list[ByRating], rows: list[np.ndarray]) -> ByRating:
    """Return the test ratings of several folds as one table; `rows` says where each fold's users are."""
    before = np.cumsum([0, *(len(part.row) for part in parts)])
    return ByRating(
        row=np.concatenate([place[part.row] for part, place in zip(parts, rows, strict=True)]),
        bin=np.concatenate([part.bin for part in parts]),
        squares=np.concatenate([part.squares for part in parts]),
        absolute=np.concatenate([part.absolute for part in parts]),
        relevant=np.concatenate([part.relevant + start for part, start in zip(parts, before, strict=False)]),
        found=np.concatenate([part.found for part in parts]),
    )
