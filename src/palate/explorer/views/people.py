"""The landing page: twelve people, with what they rated and what two models recommend them."""

import datetime

from palate.app.answers import Answer, Row
from palate.explorer.cases import Case, append_case
from palate.explorer.figures import Figures, measure
from palate.explorer.frame import TYPED, Page, later, problem, text_field
from palate.explorer.look import TEXTS
from palate.explorer.parts import button, table, tag
from palate.explorer.people import STRANGER, Person, twelve_people
from palate.explorer.views.lists import asked, explain_numbers, history, short_list


def show(page: Page) -> None:
    """Draw the page."""
    state, core = page.state, page.space.core
    with page.shown("Twelve people"):
        tag("p", TEXTS["people"], "soft")
        explain_numbers(page, state.model, state.other)
        with tag("div", None, "p-tools"):
            page.model_picker("model", "List A")
            page.model_picker("other", "List B")
            _own_picker(page)
        figures = tag("section", None, aria_label="Figures")
        with figures:
            tag("p", "Evaluating the models ...", "soft")
        people, note = twelve_people(core.model(state.model), state.own)
        if note:
            problem(note)
        for person in people:
            _person(page, person)
    models = tuple(dict.fromkeys((state.model, state.other)))
    later(figures, lambda: measured(page, models), draw_figures)


def _own_picker(page: Page) -> None:
    text_field(
        "Two users of your choice (ids)",
        " ".join(page.state.own),
        lambda text: page.go(own=tuple(text.replace(",", " ").split())[:2]),
    )


def _person(page: Page, person: Person) -> None:
    state = page.state
    with tag("section", None, "p-person", aria_label=f"{person.user}, {person.why}"):
        with tag("h2"):
            name = person.user if person.user == STRANGER else f"User {person.user}"
            tag("a", name, href=state.address("/recommendations", user=person.user))
            tag("span", f" {person.why}", "soft small")
        with tag("div", None, "p-three"):
            with tag("div"):
                tag("h3", page.done.capitalize())
                history(page, person.user, state.model)
            models = {"A": state.model}
            if state.other != state.model:
                models["B"] = state.other
            answers = {letter: asked(page, model, user=person.user) for letter, model in models.items()}
            for letter, model in models.items():
                with tag("div"):
                    tag("h3", f"List {letter}: {model}")
                    short_list(page, answers[letter], lambda row: _wrong(page, person, row, answers))


def _wrong(page: Page, person: Person, row: Row, answers: dict[str, Answer | str]) -> None:
    """Draw the button that keeps a recommendation that looks wrong, with a note where one is wanted."""
    from nicegui import ui

    with tag("span", None, "p-act") as place:
        label = f"{row.item.name} looks wrong for {person.user}"
        ask = button("looks wrong", lambda: open_(), "p-quiet", aria_label=label)

    def open_() -> None:
        ask.set_visibility(False)
        place.classes("p-open p-line")
        with place:
            hint, label = "Why? (optional)", "Why it looks wrong"
            field = tag("input", None, "p-text", type="text", placeholder=hint, aria_label=label)
            field.on("change", lambda e: note.update(text=str(e.args)), js_handler=TYPED)
            button("Save", lambda: save())
        ui.run_javascript(f"document.getElementById('{field.html_id}')?.focus()")

    note = {"text": ""}

    def save() -> None:
        append_case(page.space.cases, _case(page, person, row, answers, note["text"]))
        place.clear()
        with place:
            tag("span", f"Saved in {page.space.cases.name}.", "soft small")
        page.say(f"Saved in {page.space.cases.name}.")


def _case(page: Page, person: Person, row: Row, answers: dict[str, Answer | str], note: str) -> Case:
    """Return what is kept of a recommendation that looks wrong."""
    models = [a.model_id for a in answers.values() if isinstance(a, Answer) and row.item.id in a.items]
    live = page.space.core.store.of(person.user)
    return Case(
        user=person.user,
        item=row.item.id,
        title=row.item.name,
        models=tuple(dict.fromkeys(models)),
        rank=row.rank,
        note=note,
        at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        ratings={item: rating.value for item, rating in live.items() if rating.value is not None},
    )


def measured(page: Page, models: tuple[str, ...]) -> Figures:
    """Return the figures of models, measured once for each version of them."""
    space = page.space

    def make() -> Figures:
        return measure({model: space.core.model(model) for model in models}, space.test, space.test_name)

    found: Figures = space.once("figures", models, make)
    return found


def draw_figures(found: Figures) -> None:
    """Draw figures beside the references, with their intervals."""
    with tag("div", None, "p-figures"):
        for figure in found.figures:
            with tag("div", None, "p-card"):
                tag("h2", figure.heading)
                table(("model", "value (95 % interval)"), figure.rows, figure.heading)
                tag("p", figure.meaning, "soft small")
    tag("p", found.source, "soft small")
