"""The elements that pages are made of.

What comes from data goes into text and attributes alone, both of which the browser escapes.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import quote

from palate._words import counted
from palate.app.answers import ItemInfo, ModelInfo, Reasons, Row
from palate.explorer.look import PARTS
from palate.explorer.state import ME
from palate.model.nouns import PARTICIPLES, RATING

if TYPE_CHECKING:
    from nicegui.elements.mixins.text_element import TextElement
    from nicegui.events import GenericEventArguments

Element: TypeAlias = "TextElement"  # of NiceGUI, which is imported only where a page is drawn


def tag(name: str, text: str | None = None, classes: str = "", **attributes: object) -> Element:
    """Return an HTML element with a text and attributes.

    An underscore at the end of a name is dropped, others become hyphens.
    """
    from nicegui import ui
    from nicegui.elements.mixins.text_element import TextElement

    element = cast("TextElement", ui.element(name) if text is None else TextElement(tag=name, text=text))
    for key, value in attributes.items():
        if value is not None and value is not False:
            element.props[key.rstrip("_").replace("_", "-")] = value
    return element.classes(classes) if classes else element


def button(text: str, act: Callable[[], Any], classes: str = "p-button", **attributes: object) -> Element:
    """Return a button that calls `act`."""
    return tag("button", text, classes, type="button", **attributes).on("click", lambda _: act(), args=[])


def item_address(item: str) -> str:
    """Return the path of an item's page."""
    return f"/item/{quote(item, safe='')}"


def name_of(item: ItemInfo) -> str:
    """Return an item's title with its year, or its id."""
    year = f" ({item.year})" if item.title and item.year and str(item.year) not in item.title else ""
    return f"{item.name}{year}"


def count(n: int | None, word: str = "rating") -> str:
    """Return a number of things in words.

    Examples
    --------
    >>> count(1), count(2300), count(None)
    ('1 rating', '2,300 ratings', 'number of ratings unknown')
    """
    return f"number of {word}s unknown" if n is None else counted(n, word)


def bar(row: Row, scale: tuple[float, float] | None) -> None:
    """Draw the interval of a row on the rating scale; nothing where there is none.

    Its words stand beside it.
    """
    if scale is None or row.predicted_rating is None:
        return
    low, high = scale

    def part(value: float) -> float:
        return 100 * min(1.0, max(0.0, (value - low) / (high - low)))

    with tag("span", None, "p-bar", aria_hidden="true"):
        if row.low is not None and row.high is not None:
            width = max(1.0, part(row.high) - part(row.low))
            tag("i").style(f"left: {part(row.low):.1f}%; width: {width:.1f}%")
        tag("b").style(f"left: {part(row.predicted_rating):.1f}%")


def score_words(row: Row, noun: str = RATING) -> str:
    """Return in words how likely a row is to be chosen, if this is known, and its expected rating.

    Examples
    --------
    >>> score_words(Row(1, ItemInfo("x", n_ratings=7), 7.0)), score_words(Row(1, ItemInfo("x"), -1.5))
    ('often rated', 'score -1.5')
    >>> score_words(Row(1, ItemInfo("x"), -1.5, likely="more likely to be chosen than most"))
    'more likely to be chosen than most'
    """
    rating = rating_words(row)
    return "; ".join(filter(None, (row.likely, rating))) or _score_alone(row, noun)


def rating_words(row: Row) -> str:
    """Return in words the expected rating of a row; empty if the model expects none."""
    if row.in_words or row.predicted_rating is None:
        return row.in_words or ""
    return f"{row.predicted_rating:.1f} expected"


def _score_alone(row: Row, noun: str) -> str:
    return f"often {PARTICIPLES[noun]}" if row.score == row.item.n_ratings else f"score {row.score:.3g}"


def levels_of(info: ModelInfo) -> list[float]:
    """Return the ratings that may be given: the model's levels, or steps of its scale.

    The steps are halves, or ten of them.

    A model whose scores are no ratings takes 1.
    """
    if info.levels and len(info.levels) <= 20:
        return list(info.levels)
    if info.scale is None:
        return [1.0]
    low, high = info.scale
    halves = round(2 * (high - low))
    if 2 * low == round(2 * low) and 2 * high == round(2 * high) and halves < 20:
        return [low + step / 2 for step in range(halves + 1)]
    return [low + (high - low) * step / 10 for step in range(1, 11)]


def range_control(
    most: float, value: float, label: str, said: str, step: float = 1, **attributes: object
) -> Element:
    """Return a slider from 0 to `most`; `said` is its value as it is read aloud."""
    spoken = {"aria_label": label, "aria_valuetext": said}
    return tag(
        "input", None, "", type="range", min=0, max=most, step=step, value=value, **spoken, **attributes
    )


def stars(
    item: ItemInfo, levels: Sequence[float], current: float | None, rate: Callable[[float], Any]
) -> Element:
    """Return the control that rates an item: a slider of stars for mouse, touch and arrow keys."""
    names = [f"{level:g}" for level in levels]
    value = 0 if current is None else 1 + min(range(len(levels)), key=lambda at: abs(levels[at] - current))
    with tag("span", None, "stars").style(f"--part: {value / len(levels):.4f}"):
        label = f"Your rating of {name_of(item)}"
        said = "not rated" if current is None else f"{current:g} of {names[-1]}"
        control = range_control(len(levels), value, label, said, data_values="|".join(names))

    def given(event: "GenericEventArguments") -> None:
        rate(levels[int(event.args) - 1])

    control.on("pointerdown", js_handler="(e) => palateStars.down(e)")
    control.on("pointermove", js_handler="(e) => palateStars.move(e)")
    control.on("pointerup", given, js_handler="(e) => palateStars.up(e, emit)")
    control.on("input", given, js_handler="(e) => palateStars.input(e, emit)")
    return control


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], label: str) -> None:
    """Draw a table, which scrolls within itself where it is too wide."""
    with tag("div", None, "p-scroll", tabindex=0, role="region", aria_label=f"Table: {label}"), tag("table"):
        with tag("thead"), tag("tr"):
            for column in columns:
                tag("th", column.replace("_", " "), scope="col")
        with tag("tbody"):
            for row in rows:
                with tag("tr"):
                    for value in row:
                        tag("td", _cell(value))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def reasons_shown(reasons: Reasons, noun: str = RATING) -> None:
    """Draw the signed parts of a prediction, which add up to the score.

    The strongest ratings are named.
    """
    whose = "your" if reasons.user == ME else "their"
    named = [part for part in reasons.parts if part.item is not None]
    shown = sorted(named, key=lambda part: -abs(part.contribution))[:6]
    rest = [part for part in named if part not in shown]
    rows = [
        (f"{part.contribution:+.3f}", PARTS.get(part.part, part.part).format(whose=whose))
        for part in reasons.parts
        if part.item is None
    ]
    rows += [
        (f"{part.contribution:+.3f}", f"{whose} {part.rating:g} for {name_of(part.item)}")
        for part in shown
        if part.item
    ]
    if rest:
        rows.append((f"{sum(part.contribution for part in rest):+.3f}", count(len(rest), f"other {noun}")))
    rows.append((f"{reasons.score:.3f}", "sum"))
    table(("contribution", "part"), rows, f"Why {name_of(reasons.item)}")
