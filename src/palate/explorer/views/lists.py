"""Lists of items as several pages show them."""

from collections.abc import Callable, Sequence
from typing import Any

from palate.app.answers import STORED, Answer, OwnRating, Reasons, Row
from palate.app.errors import NotKnown
from palate.explorer.changes import Mark
from palate.explorer.frame import Page, problem
from palate.explorer.look import SOURCES, TEXTS
from palate.explorer.parts import (
    Element,
    bar,
    count,
    name_of,
    rating_words,
    reasons_shown,
    score_words,
    table,
    tag,
)
from palate.explorer.state import ME
from palate.model.nouns import RATING

N = 10


def about(answer: Answer, noun: str = "rating") -> str:
    """Return what a list is made from, and what orders it where that is not the expected rating alone."""
    by_both = any(row.chance is not None and row.predicted_rating is not None for row in answer.rows)
    source = SOURCES[answer.source].format(noun=noun)
    return f"{source} {TEXTS['both']}" if by_both else source


def asked(page: Page, model: str, *, user: str | None = None, n: int = N, **sliders: Any) -> Answer | str:
    """Return a user's list with its uncertainty where the model knows it, or why there is none.

    The `sliders` are options of `Core.recommend`.
    """
    core, whom = page.space.core, user or page.state.user
    explain = ("uncertainty",) if core.model_info(model).knows_uncertainty else ()
    try:
        return core.recommend(whom, n=n, model=model, explain=explain, **sliders)
    except (ValueError, NotKnown) as error:
        return str(error)


def short_list(page: Page, answer: Answer | str, act: Callable[[Row], Any] | None = None) -> None:
    """Draw a list with a line for each item; `act` adds to each line."""
    if isinstance(answer, str):
        problem(answer)
        return
    noun = page.space.core.noun(answer.model_id)  # the page may be of another model, too
    if answer.source != STORED:  # the usual case goes without saying
        tag("p", about(answer, noun), "soft small")
    if not answer.rows:
        problem("There are no more items to recommend.")
    scale = page.space.core.model_info(answer.model_id).scale
    with tag("ol", None, "p-list tight"):
        for row in answer.rows:
            with tag("li"):
                words = f"{short_words(row, noun)}, {count(row.item.n_ratings, noun)}"
                with _entry(page, row, scale, words):
                    if act is not None:
                        act(row)


def _entry(page: Page, row: Row, scale: tuple[float, float] | None, words: str) -> Element:
    """Draw an item of a list with what is expected of it; return its first line, which may hold more."""
    with tag("div", None, "p-line") as line:
        tag("span", f"{row.rank}.", "p-rank")
        page.item_link(row.item, "p-grow")
    with tag("div", None, "p-line p-under soft small"):
        bar(row, scale)
        tag("span", words)
    return line


def explain_numbers(page: Page, *models: str) -> None:
    """Draw what the numbers beside an item are, where one of the models has intervals."""
    infos = [page.space.core.model_info(model) for model in models]
    if any(info.knows_uncertainty and info.scale is not None for info in infos):
        tag("p", TEXTS["numbers"], "soft small")


def short_words(row: Row, noun: str = RATING) -> str:
    """Return what is expected of a row in few words, with numbers that stay within the scale.

    Examples
    --------
    >>> from palate.app.answers import ItemInfo
    >>> short_words(Row(1, ItemInfo("x"), 4.2, 4.2, in_words="4.2 expected (3.9 to 4.5), from 7 ratings"))
    '4.2 (3.9 to 4.5)'
    >>> short_words(Row(1, ItemInfo("x"), 4.2, predicted_rating=4.21))
    '4.2 expected'
    """
    if row.predicted_rating is None:
        return score_words(row, noun)
    if row.in_words is None:
        return rating_words(row)
    return row.in_words.split(", from ")[0].replace(" expected", "")


def long_list(
    page: Page, answer: Answer, marks: Sequence[Mark], act: Callable[[Row, Element], Any] | None = None
) -> None:
    """Draw a list with everything that is known of each item.

    `act` draws what can be done with an item; it is given the place below the item.
    """
    scale, noun = page.space.core.model_info(answer.model_id).scale, page.space.core.noun(answer.model_id)
    with tag("ol", None, "p-list"):
        for row, mark in zip(answer.rows, marks, strict=True):
            with tag("li", None, data_item=row.item.id):
                crowd = "" if row.likely and row.in_words else _crowd(row, noun)
                line = _entry(page, row, scale, f"{score_words(row, noun)}{crowd}")
                below = tag("div", None, "p-under")
                with line:
                    if mark.words:
                        tag("span", mark.words, f"p-mark {mark.kind}")
                    if act is not None:
                        act(row, below)


def why(page: Page, item: str, classes: str = "") -> None:
    """Draw what the prediction of an item for the user is made of."""
    core, state = page.space.core, page.state
    try:
        reasons = core.explain(state.user, item, state.model)
    except (NotKnown, ValueError) as error:
        tag("p", str(error), f"soft {classes}")
        return
    rates = core.model_info(state.model).scale is not None
    said = "The model expects a rating of" if rates else "The score, which is not a rating, is"
    tag("p", f"{said} {reasons.prediction:.2f}. It is the sum of these parts:", classes)
    reasons_shown(reasons, page.noun)
    if rates and hasattr(core.model(state.model), "heads"):
        _choice_reasons(page, item)


def _choice_reasons(page: Page, item: str) -> None:
    """Draw which ratings of the user make an item likely to be chosen, of a model that knows."""
    said = "The list also depends on how likely the item is to be chosen."
    try:
        found = page.space.core.explain(page.state.user, item, page.state.model, by="chosen")
    except (NotKnown, ValueError):
        tag("p", said, "soft small")
        return
    rows = shares(found)
    if rows:
        tag("p", f"{said} These contribute most to that:", "soft small")
        table(("share", "rating"), rows, f"Why {name_of(found.item)} is likely to be chosen")


def shares(found: Reasons, most: int = 5) -> list[tuple[str, str]]:
    """Return the ratings that raise a score most, each with its share of all that raises it."""
    raising = [part for part in found.parts if part.contribution > 0]
    total = sum(part.contribution for part in raising)
    named = sorted((part for part in raising if part.item), key=lambda part: -part.contribution)
    whose = "your" if found.user == ME else "their"
    return [
        (f"{part.contribution / total:.0%}", f"{whose} {part.rating:g} for {name_of(part.item)}")
        for part in named[:most]
        if part.item and part.rating is not None
    ]


def _crowd(row: Row, noun: str) -> str:
    """Return what everyone says of an item, where the words of its score do not."""
    mean = "" if row.item.mean_rating is None else f", mean {row.item.mean_rating:.1f}"
    return mean if row.in_words else f", {count(row.item.n_ratings, noun)}{mean}"


def rated_by(page: Page, user: str, model: str) -> list[OwnRating]:
    """Return what a user rated, latest live ratings first; nothing of somebody nobody knows."""
    try:
        return page.space.core.ratings(user, model)
    except NotKnown:
        return []


def history(page: Page, user: str, model: str, most: int = N) -> None:
    """Draw what a user rated: latest live ratings first, then the highest."""
    rated = rated_by(page, user, model)
    if not rated:
        tag("p", f"No {page.noun}s yet.", "soft")
        return
    with tag("ol", None, "p-list tight"):
        for one in rated[:most]:
            with tag("li"), tag("div", None, "p-line"):
                page.item_link(one.item, "p-grow")
                tag("span", said_of(one), "soft small")
    if len(rated) > most:
        tag("p", f"and {len(rated) - most:,} more", "soft small")


def said_of(one: OwnRating) -> str:
    """Return what a user said of an item, in words."""
    if one.rating is None:
        return "seen, no opinion"
    return f"{one.rating:g}{', held out' if one.held_out else ''}{', new' if one.origin == 'live' else ''}"
