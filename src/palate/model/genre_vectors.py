"""Vectors of new items in a model of choices: the mean of the items with the same genres."""

from typing import Any

import numpy as np

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data import columns as names
from palate.data.tags import BAR
from palate.factors.factors import FactorScorer
from palate.factors.item_index import item_table
from palate.lists.tags import column_tags


def vector_of_genres(model: FactorScorer, genres: Any) -> np.ndarray:
    """Return the mean over genres of the mean vector of their rated items, float32 (n_factors,).

    Parameters
    ----------
    model : FactorModel
        With a catalog that has genres.
    genres : str or collection of str
        "Comedy|Drama", or the same as a list.

    Raises
    ------
    ArgumentError
        If the catalog has no genres, or no rated item has any of these.
    """
    wanted = _listed(genres)
    table = item_table(model)
    if names.GENRES not in table.columns:
        must = "be left out for a model whose catalog has no genres"
        raise ArgumentError("features['genres']", must, repr(genres))
    tags = column_tags(model, names.GENRES)
    vectors = model.item_factors[0]
    rated: np.ndarray = np.abs(vectors).max(axis=1) > 0
    found = [tags.holders(tags.values.index(genre)) for genre in wanted if genre in tags.values]
    means = [vectors[items[rated[items]]].mean(axis=0) for items in found if rated[items].any()]
    if not means:
        there = f"The genres are {', '.join(sorted(tags.values))}."
        raise ArgumentError("features['genres']", "name genres of items that were rated", repr(genres), there)
    return np.asarray(np.mean(means, axis=0), np.float32)


def _listed(genres: Any) -> list[str]:
    parts = genres.split(BAR) if isinstance(genres, str) else genres
    listed = isinstance(parts, list | tuple | set | frozenset)
    if not listed or not all(isinstance(one, str) for one in parts):
        raise ArgumentTypeError("features['genres']", "be a text or a list of texts", repr(genres))
    return [one for one in dict.fromkeys(parts) if one]
