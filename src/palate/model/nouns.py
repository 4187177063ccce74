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
    from palate.model.folded import grades_of_model
    from palate.solve.grades import ALIKE, COUNTS, NONE

    grades, trainer = grades_of_model(model), model.trainer
    meant = (
        None if grades is None else grades.kind,
        trainer.get("values_resolved"),
        trainer.get("grades"),
        COUNTS if trainer.get("counts", NONE) != NONE else None,
    )
    return INTERACTION if {COUNTS, ALIKE} & set(meant) else RATING
