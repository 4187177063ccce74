"""What the core refuses, by kind; every message says what was wrong and what to do."""

from palate._words import so_are


class NotKnown(LookupError):
    """An id of a user, an item or a model that nothing is known of."""


class UnknownUser(NotKnown):
    """A user of whom neither the model nor the store knows anything."""


class UnknownItem(NotKnown):
    """An item that the model does not know."""


class UnknownModel(NotKnown):
    """A model that is not served."""


class BadRating(ValueError):
    """A rating that cannot be kept: not finite, off the scale, or none of the levels."""


class CannotAnswer(ValueError):
    """A question that this model cannot answer, such as for uncertainty it does not know."""


class ActivationError(RuntimeError):
    """A model could not be taken into use; the one before stays in use."""


class BadRows(ValueError):
    """Ratings of which some are wrong, so that none was kept; `problems` says where and what."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        place, message = problems[0]
        super().__init__(f"nothing was stored: row {place} is wrong: {message}{so_are(len(problems) - 1)}")
        self.problems = problems
