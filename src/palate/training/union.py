"""The ratings that a model was trained on together with new ones."""

import warnings

from palate.data.dataset import Dataset, ratings_of
from palate.data.ratings import Ratings
from palate.model.joined import UnionWarning, join, said_of
from palate.model.model import Model


def union(model: Model, ratings: "Ratings | Dataset") -> Ratings:
    """Return the ratings of a model and new ones as one table.

    Where both rate the same pair, the later rating is kept.

    Parameters
    ----------
    model : model
        Saved with its ratings; those that it held out are among them.
    ratings : Ratings or Dataset
        With ids of the same types. Of a pair in both it is these that count, unless both have times
        and the model's is later.

    Returns
    -------
    Ratings
        `trainer.fit(union(model, new), start=model)` goes on from the model without forgetting anybody.

    Raises
    ------
    ValueError
        If the model does not hold its ratings.
    TypeError
        If ids are of different types.

    Examples
    --------
    >>> from palate import Baseline, Ratings, union
    >>> model = Baseline().fit(Ratings.from_arrays([1, 2], ["a", "b"], [3, 4], scale=(1, 5)), validation=0)
    >>> union(model, Ratings.from_arrays([3], ["a"], [5], scale=(1, 5))).to_frame().rows()
    [(1, 'a', 3.0), (2, 'b', 4.0), (3, 'a', 5.0)]
    """
    joined = join(model, ratings)
    for said in said_of(model, ratings_of(ratings), joined):
        warnings.warn(said, UnionWarning, stacklevel=2)
    return joined.ratings
