"""The questions to think about, q2, q3 and q6 to q13, with the claims that answers may make."""

from typing import Any

from palate.lesson import texts
from palate.lesson.question import Discussion, Idea, Mistake


def _discussion(name: str, about: dict[str, Any]) -> Discussion:
    """Return a question as questions.toml declares it."""
    ideas = tuple(Idea(**{**idea, "claims": tuple(idea["claims"])}) for idea in about["ideas"])
    mistakes = tuple(Mistake(**{**one, "claims": tuple(one["claims"])}) for one in about["mistakes"])
    return Discussion(name=name, variable="answer", **{**about, "ideas": ideas, "mistakes": mistakes})


q2, q3, q6, q7, q8, q9, q10, q11, q12, q13 = (
    _discussion(name, about) for name, about in texts.read("questions.toml").items() if "ideas" in about
)
