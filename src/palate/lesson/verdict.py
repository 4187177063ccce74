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

    Examples
    --------
    >>> bool(Verdict(False, "n must be kept."))
    False
    """

    right: bool
    message: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"Verdict({'right' if self.right else 'not yet'})"

    def _ipython_display_(self) -> None:
        """Nothing: the message is on the screen already."""


class Wrong(Exception):
    """What a check found wrong; ends it early."""
