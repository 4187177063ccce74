"""The page of one item: what is known of it, how it was rated, and what is like it."""

import numpy as np

from palate.app.answers import ItemInfo
from palate.app.errors import CannotAnswer, NotKnown
from palate.explorer.frame import Page, problem
from palate.explorer.parts import count, levels_of, name_of, stars, tag
from palate.explorer.state import ME
from palate.explorer.views.lists import why
from palate.model.nouns import RATING
from palate.store.changes import StoreError


def show(page: Page, item: str) -> None:
    """Draw the page."""
    core, state = page.space.core, page.state
    try:
        about = core.item(item, state.model)
    except NotKnown as error:
        with page.shown("Unknown item"):
            problem(f"{error} Search for a title on the page Rate.")
        return
    with page.shown(name_of(about)):
        with tag("div", None, "p-tools"):
            page.model_picker()
        genres = f"{about.genres.replace('|', ', ')}. " if about.genres else ""
        mean = "" if about.mean_rating is None else f", mean {about.mean_rating:.2f}"
        tag("p", f"{genres}{count(about.n_ratings, page.noun)}{mean}. Id {about.id}.")
        _own_rating(page, about)
        with tag("div", None, "p-three"):
            with tag("section", None, aria_label="Similar items"):
                tag("h2", "Most similar items")
                _similar(page, about.id)
            with tag("section", None, aria_label=f"{page.noun.capitalize()}s"):
                tag("h2", "How it was rated" if page.noun == RATING else "How often it was chosen")
                _ratings(page, about.id)
            with tag("section", None, aria_label="Why"):
                tag("h2", "For you" if state.user == ME else f"For user {state.user}")
                why(page, about.id)


def _own_rating(page: Page, about: ItemInfo) -> None:
    """Draw the stars by which the reader rates the item."""
    core = page.space.core
    with tag("div", None, "p-line"):
        current = core.store.of(ME).get(about.id)
        tag("span", "Your rating:")
        said = tag("span", "" if current is None or current.value is None else f"{current.value:g}", "soft")

        def rate(value: float) -> None:
            try:
                core.rate(ME, about.id, value)
                said.set_text(f"{value:g}, saved")
            except (ValueError, StoreError) as error:
                said.set_text(str(error))

        levels = levels_of(core.model_info(page.state.model))
        stars(about, levels, None if current is None else current.value, rate)


def _similar(page: Page, item: str) -> None:
    try:
        found = page.space.core.similar(item, 10, page.state.model)
    except CannotAnswer as error:
        tag("p", str(error), "soft")
        return
    with tag("ol", None, "p-list tight"):
        for one in found:
            with tag("li", None, "p-line"):
                page.item_link(one.item, "p-grow")
                known = count(one.item.n_ratings, page.noun)
                tag("span", f"similarity {one.similarity:.2f}, {known}", "soft small")


def _ratings(page: Page, item: str) -> None:
    model = page.space.core.model(page.state.model)
    if model.ratings is None:
        tag("p", f"This model was saved without its {page.noun}s.", "soft")
        return
    index = model.items.index(model.items.parse(item))
    values = model.ratings.values(np.flatnonzero(model.ratings.items == index))
    levels, counts = np.unique(values, return_counts=True)
    most = max(1, int(counts.max(initial=1)))
    with tag("div", None, "p-scroll"), tag("table", None, "p-counts"), tag("tbody"):
        for level, number in zip(levels[::-1].tolist(), counts[::-1].tolist(), strict=True):
            with tag("tr"):
                tag("td", f"{level:g}")
                with tag("td"), tag("span", None, "p-bar", aria_hidden="true"):
                    tag("i").style(f"left: 0; width: {100 * number / most:.0f}%")
                tag("td", f"{number:,}")
