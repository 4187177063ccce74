"""One user's list: what is expected, how sure that is, why, and what three sliders do to it."""

from collections.abc import Callable
from typing import Any

from palate.app.answers import POPULAR, Answer, ModelInfo, Row
from palate.app.errors import CannotAnswer, NotKnown
from palate.explorer.changes import gone, marks, summary
from palate.explorer.frame import Page, problem
from palate.explorer.look import TEXTS
from palate.explorer.parts import Element, button, name_of, tag
from palate.explorer.state import ME, MOST_CAUTION, MOST_DIVERSITY, State
from palate.explorer.views.lists import about, asked, explain_numbers, history, long_list, why

_MIN_RATINGS_SLIDER = 100
_MUCH = 0.3  # likeness from which an item is said to be much like another


def show(page: Page) -> None:
    """Draw the page."""
    state, info = page.state, page.space.core.model_info(page.state.model)
    with page.shown("Recommendations"):
        with tag("div", None, "p-tools"):
            page.model_picker()
            page.user_picker()
            _sliders(page, info, lambda **changes: move(**changes))
        tag("p", _sentence(info), "soft small")
        explain_numbers(page, state.model)
        with tag("div", None, "p-three"):
            with tag("section", None, aria_label="List"):
                tag("h2", "For you" if state.user == ME else f"For user {state.user}")
                place = tag("div", None, data_part="list")
            with tag("section", None, aria_label=page.done.capitalize()):
                tag("h2", page.done.capitalize())
                history(page, state.user, state.model, 20)
        plain = asked(page, state.model)
        _draw(page, place, plain)

    def move(**changes: object) -> None:
        page.change(**changes)
        _draw(page, place, plain)


def _sliders(page: Page, info: ModelInfo, move: Callable[..., None]) -> None:
    """Draw the sliders that the model has something to say to."""
    most = max(_MIN_RATINGS_SLIDER, page.state.min_ratings)
    page.slider("min_ratings", f"{page.noun.capitalize()}s of an item", most, 1, move, _ratings)
    if info.knows_uncertainty:
        page.slider("caution", "Caution", MOST_CAUTION, 0.05, move, _strength)
    if info.knows_likeness:
        page.slider("diversity", "Diversity", MOST_DIVERSITY, 0.05, move, _strength)


def _ratings(value: float) -> str:
    return "any number" if value < 1 else f"{value:.0f} or more"


def _strength(value: float) -> str:
    return "none" if value == 0 else f"{value:.2f}"


def _sentence(info: ModelInfo) -> str:
    """Return what the sliders do, and which of them the model has none of."""
    caution = TEXTS["caution" if info.knows_uncertainty else "no_caution"]
    diversity = TEXTS["diversity" if info.knows_likeness else "no_diversity"]
    return f"{caution} {diversity}"


def _draw(page: Page, place: Element, plain: Answer | str) -> None:
    """Draw the list as the sliders stand, with marks against the list without them."""
    state = page.state
    sliders = _set(state, page.space.core.model_info(state.model))
    moved = any(sliders.values())
    answer = asked(page, state.model, **sliders) if moved else plain
    place.clear()
    with place:
        if isinstance(answer, str):
            problem(answer)
            return
        tag("p", about(answer, page.noun) + _without_effect(state, answer), "soft small")
        if not answer.rows:
            problem(f"No item has {state.min_ratings:,} {page.noun}s or more and is new to this user.")
        before = plain.rows if isinstance(plain, Answer) else answer.rows
        found = marks(before, answer.rows)
        left = gone(
            before,
            answer.rows,
            min_ratings=state.min_ratings,
            caution=state.caution,
            alike=_alike(page, answer) if state.diversity else None,
            noun=page.noun,
        )
        long_list(page, answer, found, lambda row, below: _why_button(page, row, below))
        if left:
            tag("h3", "Left the list")
            with tag("ul", None, "p-list tight"):
                for one in left:
                    with tag("li"):
                        tag("span", name_of(one.row.item), dir="auto")
                        tag("span", f" {one.why}", "soft small")
    if moved:
        page.say(summary(found, left))


def _set(state: State, info: ModelInfo) -> dict[str, Any]:
    """Return where the sliders stand; one that the model does not have, though the address has, at 0."""
    return {
        "min_ratings": state.min_ratings,
        "caution": state.caution if info.knows_uncertainty else 0.0,
        "diversity": state.diversity if info.knows_likeness else 0.0,
    }


def _without_effect(state: State, answer: Answer) -> str:
    """Return which sliders cannot change the list, as a sentence behind a space, or ""."""
    if answer.source != POPULAR or not (state.caution or state.diversity):
        return ""
    return " Caution and diversity do not change this list."


def _alike(page: Page, answer: Answer) -> Callable[[str], str]:
    """Return what names the item of a list that another one is much like, or ""."""
    core, names = page.space.core, {row.item.id: name_of(row.item) for row in answer.rows}

    def find(item: str) -> str:
        try:
            other, likeness = core.most_alike(item, answer.items, answer.model_id)
        except (CannotAnswer, NotKnown):
            return ""
        return names[other] if likeness >= _MUCH else ""

    return find


def _why_button(page: Page, row: Row, below: Element) -> None:
    """Draw the button that shows below the row what a prediction is made of, and hides it again."""
    label = f"Why {name_of(row.item)}?"
    ask = button("why?", lambda: toggle(), "p-quiet", aria_label=label, aria_expanded="false")

    def toggle() -> None:
        opening = ask.props["aria-expanded"] == "false"
        ask.props["aria-expanded"] = "true" if opening else "false"
        below.clear()
        if opening:
            with below:
                why(page, row.item.id, "soft small")
