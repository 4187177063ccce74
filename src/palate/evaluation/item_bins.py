"""Test ratings grouped by how popular their items are, so that figures have paired intervals."""

from dataclasses import dataclass, field

import numpy as np

Figure = tuple[str, int | None]
# figures, and their (n_users, n_figures) top and bottom
Sums = tuple[tuple[Figure, ...], np.ndarray, np.ndarray]


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
        figures: list[Figure] = []
        top: list[np.ndarray] = []
        bottom: list[np.ndarray] = []

        def add(figure: Figure, groups: np.ndarray, values: np.ndarray) -> None:
            figures.append(figure)
            top.append(np.bincount(groups, values.astype(np.float64), n_groups))
            bottom.append(np.bincount(groups, minlength=n_groups).astype(np.float64))

        if len(self.squares):
            add(("rmse", None), group[inside], self.squares[inside])
            add(("mae", None), group[inside], self.absolute[inside])
        for k in ks:
            listed = (self.found > 0) & (self.found <= k)
            add(("recall", k), found_in[found_in >= 0], listed[found_in >= 0])
        shape = (n_groups, len(figures))
        return tuple(figures), np.array(top).T.reshape(shape), np.array(bottom).T.reshape(shape)


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
