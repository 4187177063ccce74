"""A question of the lesson: what it asks, how an answer is checked, a hint, a solution."""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from palate.lesson.setting import default_kind
from palate.lesson.show import say
from palate.lesson.verdict import Verdict

_ASK = object()  # stands for "look in the notebook"
_RIGHT, _WRONG = "Right: ", "Not yet: "


@dataclass(frozen=True)
class Question:
    """What all questions share.

    Parameters
    ----------
    name : str
        "q1", ...
    asks : str
        The question itself.
    hint_text : str
    variable : str
        What the answer is called in the notebook, for `check()` without an argument.
    """

    name: str
    asks: str
    hint_text: str
    variable: str

    def __repr__(self) -> str:
        return f"{self.name}: {self.asks}"

    def check(self, answer: Any = _ASK, **given: Any) -> Verdict:
        """Show whether an answer is right and, if not, what is wrong with it; return the verdict.

        Parameters
        ----------
        answer : object, optional
            Default: the notebook's variable of the question's name.
        **given
            Of `l2_reccs`: model and user_id, when they are not the notebook's l2_model and uid.
        """
        around = sys._getframe(1).f_globals
        if answer is _ASK:
            answer = around.get(self.variable)
        verdict = self.judge(answer, around, **given)
        say((_RIGHT if verdict else _WRONG) + verdict.message)
        return verdict

    def judge(self, answer: Any, around: dict[str, Any], **given: Any) -> Verdict:
        """Return the verdict on an answer; `around` are the notebook's variables, `given` what the caller names instead."""
        raise NotImplementedError

    def hint(self) -> None:
        """Show a hint."""
        say(f"Hint for {self.name}: {self.hint_text}")

    def solution(self) -> None:
        """Show the solution."""
        say(f"Solution of {self.name}:\n\n{self.solution_text()}")

    def solution_text(self, kind: str | None = None) -> str:
        """Return the solution; code is for tables of this `kind`, "pandas" or "polars"."""
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class Coding(Question):
    """A question whose answer is code or what code made.

    Parameters
    ----------
    judging : callable
        Takes the answer and the notebook's variables.
    pandas, polars : str
        The solution with tables of either library.
    afterword : str
    """

    judging: Callable[..., Verdict]
    pandas: str
    polars: str
    afterword: str = ""

    def judge(self, answer: Any, around: dict[str, Any], **given: Any) -> Verdict:
        """Return the verdict of `judging`; see `Question.judge`."""
        return self.judging(answer, around, **given)

    def solution_text(self, kind: str | None = None) -> str:
        """Return code for tables of this `kind`, and what there is to say of it."""
        code = self.pandas if (kind or default_kind()) == "pandas" else self.polars
        indented = "\n".join(f"    {line}".rstrip() for line in code.strip().splitlines())
        return indented + (f"\n\n{self.afterword}" if self.afterword else "")

    def solution_code(self, kind: str) -> str:
        """Return the code alone, for tables of this `kind`."""
        return self.pandas if kind == "pandas" else self.polars


@dataclass(frozen=True)
class Idea:
    """Something an answer should say, and words it may be said in.

    Parameters
    ----------
    name : str
        Completes "it names ...".
    words : str
        Regular expression of the words it may be said in.
    question : str
        What to ask whoever has not said it.
    """

    name: str
    words: str
    question: str


@dataclass(frozen=True, repr=False)
class Discussion(Question):
    """A question to think about; the check finds ideas by their words, and says so.

    Parameters
    ----------
    ideas : tuple of Idea
        The first is essential.
    needed : int
        How many ideas a right answer has.
    mistakes : tuple of (str, str)
        Regular expressions of claims that are wrong, and what to reply.
    text : str
        The solution.
    general : bool
        Whether the first idea only sums up the others, and need not be named beside them.
    """

    ideas: tuple[Idea, ...]
    needed: int
    mistakes: tuple[tuple[str, str], ...]
    text: str
    general: bool = False

    def judge(self, answer: Any, around: dict[str, Any], **given: Any) -> Verdict:
        """Return the verdict on a text; see `Question.judge`."""
        if answer is None or (isinstance(answer, str) and not answer.strip()):
            return Verdict(False, f'there is no answer yet. Write a sentence or two: {self.name}.check("..."). {self.asks}')
        if not isinstance(answer, str):
            return Verdict(False, f"the answer must be a text; got a {type(answer).__name__}. {self.asks}")
        said = " ".join(answer.lower().split())
        for words, reply in self.mistakes:
            if re.search(words, said):
                return Verdict(False, reply)
        found = [idea for idea in self.ideas if re.search(idea.words, said)]
        named = [idea for idea in found if idea is not self.ideas[0]] if self.general and len(found) > 1 else found
        missing = [idea for idea in self.ideas if idea not in found]
        if self.ideas[0] in found and len(found) >= self.needed:
            more = f" Further: {missing[0].question}" if missing else ""
            return Verdict(
                True, f"it names {_listed(named)}.{more} (Words are compared, not arguments: see {self.name}.solution().)"
            )
        lead = f"it names {_listed(found)}, but something is missing. " if found else ""
        asked = missing[0].question if missing else self.asks
        return Verdict(False, f"{lead}{asked} (Words are compared, not arguments: {self.name}.hint() says more.)")

    def solution_text(self, kind: str | None = None) -> str:
        """Return the solution, whatever the `kind` of the tables."""
        return self.text


def _listed(ideas: list[Idea]) -> str:
    return ", ".join(idea.name for idea in ideas)
