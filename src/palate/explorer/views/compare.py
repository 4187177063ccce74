"""Two models and one user: what they share, and what only one of them recommends."""

from collections.abc import Callable

from palate.app.answers import Answer, Row
from palate.explorer.frame import Page, problem
from palate.explorer.look import TEXTS
from palate.explorer.parts import count, tag
from palate.explorer.views.lists import asked, explain_numbers, short_list


def show(page: Page) -> None:
    """Draw the page."""
    state, lesson = page.state, page.space.lesson
    with page.shown("Compare"):
        with tag("div", None, "p-tools"):
            page.model_picker("model", "List A")
            page.model_picker("other", "List B")
            page.user_picker()
            if lesson is not None:
                before, after = lesson
                address = state.address("/compare", model=before, other=after)
                tag("a", "The lesson's before and after", href=address)
        explain_numbers(page, state.model, state.other)
        if len(state.models) < 2:
            problem(TEXTS["one_model"])
            _list(page, "A", state.model, asked(page, state.model), None)
            return
        first, second = asked(page, state.model), asked(page, state.other)
        tag("p", overlap(first, second, page.noun), role="status")
        with tag("div", None, "p-three"):
            _list(page, "A", state.model, first, second)
            _list(page, "B", state.other, second, first)


def _list(page: Page, letter: str, model: str, answer: Answer | str, other: Answer | str | None) -> None:
    """Draw one list, with a mark for what the other one lacks, if there is another."""
    with tag("section", None, aria_label=f"List {letter}"):
        tag("h2", f"List {letter}: {model}")
        short_list(page, answer, _marker(other) if other is not None else None)


def _marker(other: Answer | str) -> Callable[[Row], None]:
    """Return what marks the rows that the other list lacks."""
    theirs = set(other.items) if isinstance(other, Answer) else set()

    def mark(row: Row) -> None:
        if row.item.id not in theirs:
            tag("span", "only here", "p-mark")

    return mark


def overlap(first: Answer | str, second: Answer | str, noun: str = "rating") -> str:
    """Return how much two lists share, in words, and how well known their items are."""
    if isinstance(first, str) or isinstance(second, str):
        return "One of the lists could not be made."
    shared = len(set(first.items) & set(second.items))
    longest = max(len(first.rows), len(second.rows))
    known = f"{_known(first, 'A', noun)} {_known(second, 'B', noun)}"
    return f"{shared} of {longest} items {'is' if shared == 1 else 'are'} on both lists. {known}".strip()


def _known(answer: Answer, letter: str, noun: str) -> str:
    counts = sorted(row.item.n_ratings for row in answer.rows if row.item.n_ratings is not None)
    if not counts:
        return ""
    return f"Half of the items on list {letter} have {count(counts[len(counts) // 2], noun)} or fewer."
