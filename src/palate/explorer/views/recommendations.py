"""One user's list: what is expected, how sure that is, why, and what two sliders do to it."""

from typing import Any

from palate.app.answers import Answer, Row
from palate.app.errors import CannotAnswer, NotKnown
from palate.explorer.changes import gone, marks, summary
from palate.explorer.frame import Page, problem
from palate.explorer.parts import button, name_of, reasons_shown, tag
from palate.explorer.state import MOST_CAUTION
from palate.explorer.views.lists import SOURCES, asked, history, long_list

_MIN_RATINGS_SLIDER = 100


def show(page: Page) -> None:
    """Draw the page."""
    state = page.state
    with page.shown("Recommendations"):
        with tag("div", None, "p-tools"):
            page.model_picker()
            page.user_picker()
            page.slider(
                "At least",
                state.min_ratings,
                max(_MIN_RATINGS_SLIDER, state.min_ratings),
                1,
                lambda value: move(min_ratings=int(value)),
                _ratings,
            )
            if page.space.core.model_info(state.model).knows_uncertainty:
                page.slider(
                    "Caution",
                    state.caution,
                    MOST_CAUTION,
                    0.05,
                    lambda value: move(caution=round(value, 2)),
                    _caution,
                )
        tag("p", _sentence(page), "soft small")
        with tag("div", None, "p-three"):
            with tag("section", None, aria_label="List"):
                tag("h2", f"For user {state.user}")
                place = tag("div", None, data_part="list")
            with tag("section", None, aria_label="Rated"):
                tag("h2", "Rated")
                history(page, state.user, state.model, 20)
        plain = asked(page, state.model)
        _draw(page, place, plain)

    def move(**changes: Any) -> None:
        page.change(**changes)
        _draw(page, place, plain)


def _ratings(value: float) -> str:
    return "any number of ratings" if value < 1 else f"{value:.0f} rating{'' if value == 1 else 's'} each"


def _caution(value: float) -> str:
    return "none" if value == 0 else f"{value:.2f}"


def _sentence(page: Page) -> str:
    if page.space.core.model_info(page.state.model).knows_uncertainty:
        return (
            "Caution ranks items by how good they are at least: the more caution, the less counts what "
            "few ratings promise."
        )
    return "This model does not know how sure it is, so there is no caution to set."


def _draw(page: Page, place: Any, plain: Answer | str) -> None:
    """Draw the list as the sliders stand, with marks against the list without them."""
    state = page.state
    moved = bool(state.caution or state.min_ratings)
    answer = (
        asked(page, state.model, caution=state.caution, min_ratings=state.min_ratings) if moved else plain
    )
    place.clear()
    with place:
        if isinstance(answer, str):
            problem(answer)
            return
        tag("p", SOURCES[answer.source], "soft small")
        if not answer.rows:
            problem(f"No item has {state.min_ratings:,} ratings or more that this user has not rated.")
        before = plain.rows if isinstance(plain, Answer) else answer.rows
        found, left = (
            marks(before, answer.rows),
            gone(before, answer.rows, min_ratings=state.min_ratings, caution=state.caution),
        )
        long_list(page, answer, found, lambda row: _why(page, row))
        if left:
            tag("h3", "Left the list")
            with tag("ul", None, "p-list tight"):
                for one in left:
                    with tag("li"):
                        tag("span", name_of(one.row.item), dir="auto")
                        tag("span", f" {one.why}", "soft small")
    if moved:
        page.say(summary(found, left))


def _why(page: Page, row: Row) -> None:
    """Draw the button that shows what a prediction is made of."""
    with tag("div") as place:
        button(
            "why?", lambda: open_(), "p-quiet", aria_label=f"Why {name_of(row.item)}?", aria_expanded="false"
        )

    def open_() -> None:
        place.clear()
        place.classes("p-open")
        with place:
            try:
                reasons = page.space.core.explain(page.state.user, row.item.id, page.state.model)
            except (CannotAnswer, NotKnown, ValueError) as error:
                tag("p", str(error), "soft small")
                return
            if row.chance is not None:
                tag(
                    "p",
                    "What the predicted stars are made of; the list also weighs how likely an item is to "
                    "be chosen.",
                    "soft small",
                )
            reasons_shown(reasons)
