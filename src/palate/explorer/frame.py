"""What stands around every page: navigation, notices, and the region that is read aloud."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from palate.app.answers import ItemInfo
from palate.explorer.look import PAGES
from palate.explorer.parts import Element, item_address, name_of, range_control, tag
from palate.explorer.state import ME, State
from palate.explorer.workspace import Workspace
from palate.model.nouns import PARTICIPLES

if TYPE_CHECKING:
    from nicegui.events import GenericEventArguments


T = TypeVar("T")
_WATCH_SECONDS = 2.0
_SHORT, _UUID = 12, 36  # characters of an id that a field shows at least, and at most
TYPED = "(e) => emit(e.target.value)"  # what a field or a choice holds


class Page:
    """One page as it is shown to one person: its state, and what every view may do with it."""

    def __init__(self, space: Workspace, state: State, path: str) -> None:
        self.space, self.state, self.path = space, state, path
        self._links: list[tuple[str, Element]] = []
        self._said: Element | None = None
        self._versions = space.versions()

    @contextlib.contextmanager
    def shown(self, title: str) -> Iterator[None]:
        """Draw the frame, with what stands inside the context as its content."""
        from nicegui import ui

        ui.page_title(f"{title} - palate")
        tag("a", "Skip to the content", "p-skip", href="#content")
        with tag("header", None, "p-head"):
            tag("a", "palate", "p-brand", href="/")
            with tag("nav", None, "p-nav", aria_label="Pages"):
                for path, name in PAGES.items():
                    current = "page" if path == self.path else None
                    link = tag("a", name, href=self.state.address(path), aria_current=current)
                    self._links.append((path, link))
        # the page of Quasar around it is the main landmark
        with tag("div", None, "p-page", id="content", tabindex=-1):
            tag("h1", title)
            self._said = tag("div", "", "hidden-text", role="status", aria_live="polite")
            self._swapped = tag("div", None, "p-note", role="alert")
            self._swapped.set_visibility(False)
            self._training = tag("div", "", "p-note", role="status")
            self._tell_training()
            for note in self.state.notes:
                tag("div", f"{note} The default is shown instead.", "p-note", role="alert")
            yield
        ui.timer(_WATCH_SECONDS, self._watch)

    @property
    def noun(self) -> str:
        """What the values of the model that is looked at are called: "rating" or "interaction"."""
        return self.space.core.noun(self.state.model)

    @property
    def done(self) -> str:
        """What somebody did to the items of that model: "rated" or "chosen"."""
        return PARTICIPLES[self.noun]

    def say(self, text: str) -> None:
        """Have a sentence read aloud by a screen reader."""
        if self._said is not None:
            self._said.set_text(text)

    def change(self, **changes: object) -> None:
        """Take a new state into the address without another entry in the browser's history."""
        from nicegui import ui

        self.state = self.state.but(**changes)
        ui.navigate.history.replace(self.state.address(self.path))
        for path, link in self._links:
            link.props["href"] = self.state.address(path)

    def go(self, path: str | None = None, **changes: object) -> None:
        """Open a page in a new state; the back button returns."""
        from nicegui import ui

        ui.navigate.to(self.state.address(path or self.path, **changes))

    def _watch(self) -> None:
        """Say when a model was replaced while the page was open, or could not be."""
        now, failure = self.space.versions(), self.space.core.last_failure
        changed = [model for model, version in now.items() if self._versions.get(model, version) != version]
        fresh = [model for model in now if model not in self._versions]
        if changed or fresh or failure:
            self._swapped.clear()
            with self._swapped:
                if changed:
                    tag("span", f"Model {', '.join(changed)} was replaced by a newer version. ")
                    tag("a", "Show the new version", href=self.state.address(self.path))
                elif fresh:
                    tag("span", f"Model {', '.join(fresh)} is ready. ")
                    tag("a", "Show its lists", href=self.path)
                else:
                    tag("span", failure)
        self._swapped.set_visibility(bool(changed or fresh or failure))
        self._tell_training()

    def _tell_training(self) -> None:
        """Say which model is still being trained, where palate trains the bundled ones."""
        training = self.space.training
        text = "" if training is None else training.words()
        self._training.set_text(text)
        self._training.set_visibility(bool(text))

    def model_picker(self, name: str = "model", label: str = "Model") -> None:
        """Draw the choice of a model; nothing where there is one."""
        if len(self.state.models) < 2:
            return
        self.picker(name, label, self.state.models)

    def picker(self, name: str, label: str, choices: Iterable[str]) -> None:
        """Draw the choice of what the state has under a name."""
        chosen = getattr(self.state, name)
        with tag("label", None, "p-field"):
            tag("span", label)
            with tag("select", None, aria_label=label) as select:
                for choice in choices:
                    tag("option", choice, value=choice, selected=choice == chosen)
        select.on("change", lambda e: self.go(**{name: e.args}), js_handler=TYPED)

    def user_picker(self) -> None:
        """Draw the choice of a user."""
        text_field(f"User (an id, or {ME})", self.state.user, lambda text: self.go(user=text.strip() or ME))

    def item_link(self, item: ItemInfo, classes: str = "") -> None:
        """Draw the name of an item, which leads to its page."""
        tag("a", name_of(item), classes, href=self.state.address(item_address(item.id)), dir="auto")

    def slider(
        self,
        name: str,
        label: str,
        most: float,
        step: float,
        moved: Callable[..., Any],
        words: Callable[[float], str],
    ) -> None:
        """Draw the slider of what the state has under a name; it tells in words where it stands."""
        value = getattr(self.state, name)
        with tag("label", None, "p-field"):
            said = tag("span", f"{label}: {words(value)}")
            control = range_control(most, value, label, words(value), step)

        def follow(event: "GenericEventArguments") -> None:
            now = type(value)(round(event.args, 2))
            said.set_text(f"{label}: {words(now)}")
            control.props["aria-valuetext"] = words(now)
            moved(**{name: now})

        control.on("input", follow, js_handler="(e) => emit(Number(e.target.value))", throttle=0.1)


def later(place: Element, make: Callable[[], T], draw: Callable[[T], None]) -> None:
    """Make something outside the event loop, and draw it in a place when it is there."""
    from nicegui import background_tasks, run

    async def follow() -> None:
        made = await run.io_bound(make)
        if made is not None:  # it is None when the program ends
            place.clear()
            with place:
                draw(made)

    background_tasks.create(follow(), context=place)


def text_field(label: str, value: str, typed: Callable[[str], Any]) -> None:
    """Draw a short field; `typed` is called with what it holds when the reader leaves it."""
    with tag("label", None, "p-field"):
        tag("span", label)
        size = min(max(len(value), _SHORT), _UUID)
        field = tag(
            "input", None, type="text", value=value, autocomplete="off", spellcheck="false", size=size
        )
    field.on("change", lambda e: typed(str(e.args)), js_handler=TYPED)


def search_field(find: Callable[[str], Any], **attributes: object) -> None:
    """Draw the field that searches by title; `find` is called while somebody types."""
    with tag("label", None, "p-field"):
        tag("span", "Search by title")
        field = tag("input", None, "p-search", type="search", autocomplete="off", **attributes)
    field.on("input", lambda e: find(str(e.args)), js_handler=TYPED, throttle=0.12)


def problem(text: str) -> None:
    """Draw a sentence about what cannot be shown, and why."""
    tag("p", text, "p-note")
