"""A question of the lesson: what it asks, how an answer is checked, a hint, a solution."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from palate.lesson import words
from palate.lesson.setting import default_kind
from palate.lesson.texts import say
from palate.lesson.verdict import Verdict

_ASK = object()  # stands for "look in the notebook"
_RIGHT, _HALF, _WRONG = "Right: ", "Half right: ", "Not yet: "


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

    def check(self, answer: object = _ASK, **given: object) -> Verdict:
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
        say((_RIGHT if verdict else _HALF if verdict.half else _WRONG) + verdict.message)
        return verdict

    def judge(self, answer: object, around: dict[str, Any], **given: object) -> Verdict:
        """Return the verdict on an answer.

        `around` are the notebook's variables, `given` what the caller names instead.
        """
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

    def judge(self, answer: object, around: dict[str, Any], **given: object) -> Verdict:
        """Return the verdict of `judging`; see `Question.judge`."""
        return self.judging(answer, around, **given)

    def solution_text(self, kind: str | None = None) -> str:
        """Return code for tables of this `kind`, and what there is to say of it."""
        lines = self.solution_code(kind or default_kind()).strip().splitlines()
        indented = "\n".join(f"    {line}".rstrip() for line in lines)
        return indented + (f"\n\n{self.afterword}" if self.afterword else "")

    def solution_code(self, kind: str) -> str:
        """Return the code alone, for tables of this `kind`."""
        return self.pandas if kind == "pandas" else self.polars


@dataclass(frozen=True)
class Idea:
    """Something an answer may say, and the claims that say it.

    Parameters
    ----------
    name : str
        Completes "it names ...".
    claims : tuple of str
        See `palate.lesson.words`.
    question : str
        What to ask whoever has not said it or, of half an answer, whoever has.
    worth : int
        How much of a right answer it is; 0 of what is true and not enough.
    """

    name: str
    claims: tuple[str, ...]
    question: str
    worth: int = 1


@dataclass(frozen=True)
class Mistake:
    """A claim that is wrong, and what to reply.

    Parameters
    ----------
    claims : tuple of str
    reply : str
    always : bool
        Whether it counts beside ideas that are right, too.
    """

    claims: tuple[str, ...]
    reply: str
    always: bool = False


@dataclass(frozen=True, repr=False)
class Discussion(Question):
    """A question to think about; the check finds claims by families of words, and says so.

    Parameters
    ----------
    ideas : tuple of Idea
    needed : int
        What the ideas of a right answer are worth together.
    mistakes : tuple of Mistake
    text : str
        The solution.
    """

    ideas: tuple[Idea, ...]
    needed: int
    mistakes: tuple[Mistake, ...]
    text: str

    def judge(self, answer: object, around: dict[str, Any], **given: object) -> Verdict:
        """Return the verdict on a text; see `Question.judge`."""
        if answer is None or (isinstance(answer, str) and not answer.strip()):
            return Verdict(
                False,
                f'there is no answer yet. Write a sentence or two: {self.name}.check("..."). {self.asks}',
            )
        if not isinstance(answer, str):
            return Verdict(False, f"the answer must be a text; got a {type(answer).__name__}. {self.asks}")
        said = words.plain(answer)
        found = [idea for idea in self.ideas if _made(said, idea.claims)]
        right = sum(idea.worth for idea in found) >= self.needed
        for mistake in self.mistakes:
            if (mistake.always or not right) and _made(said, mistake.claims):
                return Verdict(False, mistake.reply)
        return self._praise(found) if right else self._ask_on(found)

    def _praise(self, found: list[Idea]) -> Verdict:
        missing = [idea for idea in self.ideas if idea not in found and idea.worth]
        more = f" Further: {missing[0].question}" if missing else ""
        named = _listed([idea for idea in found if idea.worth])
        return Verdict(
            True, f"it names {named}.{more} (Words are compared, not arguments: see {self.name}.solution().)"
        )

    def _ask_on(self, found: list[Idea]) -> Verdict:
        """Say what is right of an answer that is not enough, and ask for the rest."""
        doubt = f"(Words are compared, not arguments: {self.name}.hint() says more.)"
        if not found:
            return Verdict(False, f"{self.ideas[0].question} {doubt}")
        whole = [idea for idea in found if idea.worth]
        missing = [idea for idea in self.ideas if idea.worth and idea not in found]
        question = missing[0].question if whole else found[0].question
        return Verdict(
            False, f"it names {_listed(found)}, but something is missing. {question} {doubt}", half=True
        )

    def solution_text(self, kind: str | None = None) -> str:
        """Return the solution, whatever the `kind` of the tables."""
        return self.text


def _made(said: str, claims: tuple[str, ...]) -> bool:
    return any(words.claims(said, claim) for claim in claims)


def _listed(ideas: list[Idea]) -> str:
    return ", ".join(idea.name for idea in ideas)
