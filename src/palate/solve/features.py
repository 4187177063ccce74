"""Side information: features of users or items whose weights give each row its prior mean.

A row is taken to be `prior mean + features @ weights` before its ratings are seen. A group of
features is the bag of what the row rated or was rated by, or a column of a table. Every group is
binary with one scale per row (1 / sqrt of how many of its features a row has), so an item of three
genres is told as loudly as one of a single genre.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from palate._parallel import balanced_bounds, run_chunks
from palate.data.tags import parts_of_list
from palate.data.vocabulary import rows_at
from palate.solve.compressed import starts_of
from palate.solve.draws import OfDraws
from palate.solve.rows import Rows

BAG, TAGS, BINS = "bag", "tags", "bins"
KINDS = (BAG, TAGS, BINS)
_ONES = np.empty(0, np.float32)  # a scale of 1 throughout
_CHUNKS = 12  # enough to keep threads even; starting one costs as much as a thousand entries
_SMALL = 200_000  # entries below which threads cost more than they save


@dataclass(frozen=True, eq=False)
class FeatureBlock:
    """The features of one group for all rows of a side: positions both ways and a scale for each row."""

    indptr: np.ndarray  # (n_rows + 1,) int64
    columns: np.ndarray  # (n_entries,) int32
    column_indptr: np.ndarray  # (n_columns + 1,) int64
    rows: np.ndarray  # (n_entries,) int32
    scale: np.ndarray  # (n_rows,) float32

    @classmethod
    def of_rows(cls, by_row: Rows, by_column: Rows | None = None) -> "FeatureBlock":
        """Return the block whose features of a row are its columns, each 1 / sqrt(their number)."""
        turned = by_column if by_column is not None else by_row.transposed()
        scale = 1 / np.sqrt(np.maximum(by_row.counts, 1))
        return cls(by_row.indptr, by_row.columns, turned.indptr, turned.columns, scale.astype(np.float32))

    @property
    def n_columns(self) -> int:
        """Number of features."""
        return len(self.column_indptr) - 1

    def times(self, table: np.ndarray, out: np.ndarray, threads: int) -> None:
        """Add `F @ table` to `out` (n_rows, width), both float32 with a width that is a multiple of eight."""
        _add(self.indptr, self.columns, table, self.scale, _ONES, out, threads)

    def transposed_times(self, rows: np.ndarray, out: np.ndarray, threads: int) -> None:
        """Add `F.T @ rows` to `out` (n_columns, width)."""
        _add(self.column_indptr, self.rows, rows, _ONES, self.scale, out, threads)

    def dense(self) -> np.ndarray:
        """Return the features as a matrix, float64 (n_rows, n_columns); for groups of few columns."""
        out = np.zeros((len(self.scale), self.n_columns))
        rows = np.repeat(np.arange(len(self.scale)), np.diff(self.indptr))
        out[rows, self.columns] = self.scale[rows]
        return out

    def squares(self) -> np.ndarray:
        """Return the diagonal of `F.T @ F`, float32."""
        each = np.repeat(self.scale**2, np.diff(self.indptr))
        return np.bincount(self.columns, weights=each, minlength=self.n_columns).astype(np.float32)


def _add(
    indptr: np.ndarray,
    columns: np.ndarray,
    table: np.ndarray,
    scale: np.ndarray,
    column_scale: np.ndarray,
    out: np.ndarray,
    threads: int,
) -> None:
    from palate.kernels.bags import add_bags

    def part(start: int, stop: int) -> None:
        add_bags(np.array([start, stop]), indptr, columns, table, scale, column_scale, out)

    run_chunks(part, balanced_bounds(indptr, _CHUNKS, row_cost=4.0), threads if len(columns) > _SMALL else 1)


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureGroup(OfDraws):
    """One group of features with its weights.

    Parameters
    ----------
    name : str
        "rated" or "raters" for a bag, else the column of the table.
    kind : {"bag", "tags", "bins"}
        "bag": the other side's rows. "tags": a text, or several divided by "|". "bins": a number,
        told by the range it is in.
    values : tuple of str
        The tags, ascending; empty for other kinds.
    edges : tuple of float
        Upper ends of all ranges but the last; empty for other kinds.
    weights : ndarray of shape (n_draws, n_columns, n_factors + 1), float32
        What a feature adds to the prior mean, the bias last.
    """

    of_draws: ClassVar[tuple[str, ...]] = ("weights",)

    name: str
    kind: str
    weights: np.ndarray
    values: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()

    def columns_of(self, value: object) -> np.ndarray:
        """Return the features that are 1 for a value of the column; none if it is missing or unknown."""
        if self.kind == BINS:
            return bins_of(np.array([value if value is not None else np.nan], np.float64), self.edges)[1]
        known = {tag: place for place, tag in enumerate(self.values)}
        return np.array([known[tag] for tag in split_tags(value) if tag in known], np.int32)


@dataclass(frozen=True, eq=False)
class FeatureLink:
    """All groups of one side: what a row's features say of it before its ratings do."""

    groups: tuple[FeatureGroup, ...]

    def draws(self, at: slice) -> "FeatureLink":
        """Return the features' weights in some draws."""
        return FeatureLink(tuple(group.draws(at) for group in self.groups))

    def of_others(self, index: np.ndarray) -> "FeatureLink":
        """Return the features of bags that hold these rows of the other side.

        -1 stands for a new row, which has no weight.
        """

        def taken(group: FeatureGroup) -> FeatureGroup:
            return replace(group, weights=rows_at(group.weights, index, axis=1))

        return FeatureLink(tuple(taken(one) if one.kind == BAG else one for one in self.groups))

    @staticmethod
    def stacked(links: Sequence["FeatureLink | None"]) -> "FeatureLink | None":
        """Return the draws of several models' features; None if none has any.

        Raises
        ------
        ValueError
            If the models know different features.
        """
        known = [link for link in links if link is not None]
        named = {
            tuple((group.name, group.kind, group.values, group.edges) for group in link.groups)
            for link in known
        }
        if not known:
            return None
        if len(known) < len(links) or len(named) > 1:
            raise ValueError("models must have the same features; fit them by one trainer.")
        together = zip(*(link.groups for link in known), strict=True)
        return FeatureLink(tuple(groups[0].joined(groups) for groups in together))

    def prior_mean(
        self, mean: np.ndarray, rated: np.ndarray, features: dict[str, Any] | None = None
    ) -> np.ndarray:
        """Return the prior mean of one row for each draw, float32, shape (n_draws, n_factors + 1).

        Parameters
        ----------
        mean : ndarray of shape (n_draws, n_factors + 1)
            The prior mean of a row without features.
        rated : ndarray of int
            Positions of what the row rated or was rated by; what a bag holds.
        features : dict, optional
            Values of the columns, by name.

        Raises
        ------
        KeyError
            If a feature is none of the model's.
        """
        given = features or {}
        known = [group.name for group in self.groups if group.kind != BAG]
        for name in given:
            if name not in known:
                listed = ", ".join(map(repr, known)) or "none"
                raise KeyError(f"unknown feature {name!r}; the model has {listed}.")
        total = mean.astype(np.float32).copy()
        for group in self.groups:
            on = rated if group.kind == BAG else group.columns_of(given.get(group.name))
            if len(on):
                total += group.weights[:, on].sum(axis=1) / np.float32(np.sqrt(len(on)))
        return total


def split_tags(value: object) -> list[str]:
    """Return the tags of a cell, each once, sorted.

    They are its parts between bars, or those of a list, which may be written as text.
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return []
    listed = value if isinstance(value, list | tuple) else parts_of_list(str(value))
    parts = str(value).split("|") if listed is None else listed
    return sorted({str(part).strip() for part in parts if str(part).strip()})


def tag_block(cells: Sequence[Any]) -> tuple[FeatureBlock, tuple[str, ...]]:
    """Return the features of a column of texts, one cell for each row, and its tags."""
    split = [split_tags(cell) for cell in cells]
    values = tuple(sorted({tag for tags in split for tag in tags}))
    place = {tag: position for position, tag in enumerate(values)}
    columns = np.array([place[tag] for tags in split for tag in tags], np.int32)
    return _block(np.array([len(tags) for tags in split], np.int64), columns, len(values)), values


def bin_block(numbers: np.ndarray, n_bins: int = 20) -> tuple[FeatureBlock, tuple[float, ...]]:
    """Return the features of a column of numbers and the upper ends of the ranges.

    Ranges hold about equally many rows.
    """
    finite = numbers[np.isfinite(numbers)]
    cuts = np.quantile(finite, np.linspace(0, 1, n_bins + 1)[1:-1]) if len(finite) else np.empty(0)
    edges = tuple(float(cut) for cut in np.unique(cuts))
    counts, columns = bins_of(numbers, edges)
    return _block(counts, columns, len(edges) + 1), edges


def bins_of(numbers: np.ndarray, edges: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of features of each row, and the ranges of the rows that have one.

    A missing number has 0 features, any other 1.
    """
    known = np.isfinite(numbers)
    ranges = np.searchsorted(np.asarray(edges), numbers[known], side="left")
    return known.astype(np.int64), ranges.astype(np.int32)


def _block(counts: np.ndarray, columns: np.ndarray, n_columns: int) -> FeatureBlock:
    ones = np.ones(len(columns), np.float32)
    return FeatureBlock.of_rows(Rows(starts_of(counts), columns, ones, np.empty(0, np.float32), n_columns))
