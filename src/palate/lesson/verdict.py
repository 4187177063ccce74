"""What a checker says of an answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and the message that was shown; true in conditions if it is right.

    Parameters
    ----------
    right : bool
    message : str
        What was wrong with which input and what to do next, or what was right.
    half : bool
        Whether an answer that is not right yet says part of what is.

    Examples
    --------
    >>> bool(Verdict(False, "n must be kept."))
    False
    """

    right: bool
    message: str
    half: bool = False

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"Verdict({'right' if self.right else 'half right' if self.half else 'not yet'})"

    def _ipython_display_(self) -> None:
        """Nothing: the message is on the screen already."""


class Wrong(Exception):
    """What a check found wrong; ends it early."""
