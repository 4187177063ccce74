"""The ratings that a model was trained on together with new ones."""

from palate.data.arguments import warn_caller
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
        Model with its ratings, including the held-out ones.
    ratings : Ratings or Dataset
        Ratings with ids of the same types. For a pair in both, these count, unless both have times
        and that of the model is later.

    Returns
    -------
    Ratings
        `trainer.fit(union(model, new), start=model)` continues from the model without forgetting
        users.

    Raises
    ------
    ValueError
        If the model has no ratings.
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
        warn_caller(said, UnionWarning)
    return joined.ratings
