"""What messages and pages call the values that a model was trained on."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from palate.model.model import Model

RATING, INTERACTION = "rating", "interaction"
PARTICIPLES = {RATING: "rated", INTERACTION: "chosen"}  # of items with one


def noun_of(model: "Model") -> str:
    """Return "interaction" for a model of counts or of choices without a value, else "rating".

    Examples
    --------
    >>> import palate
    >>> plays = palate.Ratings.from_arrays(["al", "bo", "bo"], ["x", "x", "y"], [1, 12, 3])
    >>> noun_of(palate.LinearItems(grades="counts").fit(plays)), noun_of(palate.Baseline().fit(plays))
    ('interaction', 'rating')
    """
    from palate.model.folded import values_of_model
    from palate.solve.grades import ALIKE, COUNTS

    return INTERACTION if {COUNTS, ALIKE} & values_of_model(model) else RATING
