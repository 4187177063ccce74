"""Rate some items oneself: the list follows at once."""

import functools
from collections.abc import Callable
from typing import Any

from palate.app.answers import ItemInfo
from palate.app.errors import NotKnown
from palate.explorer.changes import gone, marks, summary
from palate.explorer.frame import Page, problem, search_field
from palate.explorer.look import TEXTS
from palate.explorer.parts import Element, button, count, levels_of, name_of, stars, tag
from palate.explorer.state import ME
from palate.explorer.views.lists import about, asked, long_list, rated_by, said_of
from palate.model.nouns import RATING
from palate.store.changes import REMOVED, StoreError

_HITS = 8
_SUGGESTED = 8


class Rating:
    """The page of one person who rates."""

    def __init__(self, page: Page) -> None:
        self.page, self.core = page, page.space.core
        self.user = page.state.user
        self.levels = levels_of(self.core.model_info(page.state.model))
        # Item, rating and state as they were before each change.
        self.undone: list[tuple[str, float | None, str]] = []

    def draw(self) -> None:
        """Draw the page."""
        page = self.page
        with page.shown("Rate"):
            if self.user == ME:
                tag("p", TEXTS["rate"], "soft")
            else:
                with tag("p", None, "p-note"):
                    tag("span", f"You are rating as user {self.user}. ")
                    tag("a", "Rate as yourself", href=page.state.address("/rate", user=ME))
            if page.noun != RATING:
                tag("p", TEXTS["counts"], "soft")
            with tag("div", None, "p-tools"):
                page.model_picker()
                search_field(self.find, autofocus=True)
                self.undo_button = button("Undo", self.undo, "p-button", disabled=True)
            with tag("div", None, "p-three"):
                with tag("section", None, aria_label="To rate"):
                    self.hits_heading = tag("h2", f"Often {page.done}")
                    self.hits = tag("div")
                    tag("h2", "Your ratings")
                    self.own = tag("div", None, data_part="own")
                with tag("section", None, aria_label="Your list"):
                    tag("h2", "Your list")
                    self.list = tag("div", None, data_part="list")
            self.find("")
            self.draw_own()
            self.answer: Any = None
            self.draw_list()

    def find(self, query: str) -> None:
        """Draw the items that fit what was typed; without a query those that many have rated."""
        words = query.strip()
        self.hits_heading.set_text(f"Found for '{words}'" if words else f"Often {self.page.done}")
        found = self.core.search(words, _HITS, self.page.state.model) if words else self._often_rated()
        rated = self._live()
        self.hits.clear()
        with self.hits:
            if not found:
                missing = f"No title contains '{words}'. Try a part of a word."
                tag("p", missing if words else "You have rated all of these items.", "soft")
            with tag("ul", None, "p-list"):
                for item in found:
                    current, known = rated.get(item.id), count(item.n_ratings, self.page.noun)
                    self._line(item, None if current is None else current.value, known)
        self.page.say(f"{len(found)} found" if words else "")

    def _often_rated(self) -> list[ItemInfo]:
        seen = self._live()
        answer = self.core.recommend(ratings={}, n=_SUGGESTED + len(seen), model=self.page.state.model)
        return [row.item for row in answer.rows if row.item.id not in seen][:_SUGGESTED]

    def _live(self) -> dict[str, Any]:
        return {item: one for item, one in self.core.store.of(self.user).items() if one.state != REMOVED}

    def _line(self, item: ItemInfo, current: float | None, about: str) -> None:
        with tag("li", None, "p-line", data_item=item.id):
            with tag("span", None, "p-grow"):
                self.page.item_link(item)
                tag("br")
                said = tag("span", about, "soft small")
            control = stars(item, self.levels, current, lambda value: self.rate(item, value, said))
            control.props["data-item"] = item.id
            label = f"Seen {name_of(item)}, no opinion"
            button("seen, no opinion", lambda: self.rate(item, None, said), "p-quiet", aria_label=label)

    def rate(self, item: ItemInfo, value: float | None, said: "Element | None" = None) -> None:
        """Keep a rating, say so, and let the list follow."""
        before = self.core.store.of(self.user).get(item.id)
        if before is not None and before.state != REMOVED and before.value == value:
            return
        if not self._kept(lambda: self.core.rate(self.user, item.id, value)):
            return
        self.undone.append((item.id, before.value if before else None, before.state if before else REMOVED))
        if said is not None:
            said.set_text("seen, no opinion" if value is None else f"you gave {value:g}")
        self._follow()

    def undo(self) -> None:
        """Take back the last change."""
        if not self.undone:
            return
        item, value, state = self.undone.pop()
        unrate = functools.partial(self.core.unrate, self.user, item)
        rate = functools.partial(self.core.rate, self.user, item, value)
        if self._kept(unrate if state == REMOVED else rate):
            self._follow()
            self.find("")

    def remove(self, item: str) -> None:
        """Take back the rating of an item."""
        before = self.core.store.of(self.user)[item]
        if self._kept(lambda: self.core.unrate(self.user, item)):
            self.undone.append((item, before.value, before.state))
            self._follow()

    def _kept(self, write: Callable[[], object]) -> bool:
        from nicegui import ui

        try:
            write()
        except (ValueError, NotKnown, StoreError) as error:
            ui.notify(str(error), type="negative", close_button="Close", timeout=0)
            self.page.say(str(error))
            return False
        return True

    def _follow(self) -> None:
        self.undo_button.props["disabled"] = not self.undone
        self.draw_own()
        self.draw_list()

    def draw_own(self) -> None:
        """Draw one's own ratings, the latest first."""
        self.own.clear()
        rated = rated_by(self.page, self.user, self.page.state.model)
        live = [one for one in rated if one.origin == "live"]
        with self.own:
            if not live:
                tag("p", "None yet.", "soft")
            with tag("ul", None, "p-list tight"):
                for one in live:
                    with tag("li", None, "p-line", data_item=one.item.id):
                        self.page.item_link(one.item, "p-grow")
                        tag("span", said_of(one).removesuffix(", new"))
                        remove = functools.partial(self.remove, one.item.id)
                        label = f"Take back {name_of(one.item)}"
                        button("take back", remove, "p-quiet", aria_label=label)

    def draw_list(self) -> None:
        """Draw the list, with what changed since the last one."""
        before, answer = self.answer, asked(self.page, self.page.state.model)
        self.list.clear()
        with self.list:
            if isinstance(answer, str):
                problem(answer)
                return
            tag("p", about(answer, self.page.noun), "soft small")
            changed = marks(before.rows if before else answer.rows, answer.rows)
            long_list(self.page, answer, changed)
        if before is not None:
            self.page.say(summary(changed, gone(before.rows, answer.rows, noun=self.page.noun)))
        self.answer = answer


def show(page: Page) -> None:
    """Draw the page."""
    Rating(page).draw()
