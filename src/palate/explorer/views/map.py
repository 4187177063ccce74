"""The map: items in two dimensions, as their vectors lie."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from palate.app.errors import CannotAnswer
from palate.app.positions import Positions, Taste, taste_of
from palate.explorer.colors import COLORS, Group, groups, known_colors
from palate.explorer.frame import Page, problem, search_field
from palate.explorer.look import CHARTS, TEXTS
from palate.explorer.parts import item_address, tag
from palate.explorer.state import ME
from palate.explorer.views.lists import asked, rated_by
from palate.factors.item_index import item_table

if TYPE_CHECKING:
    from nicegui.events import EChartPointClickEventArguments


_HITS = 8
_TABLE = 50  # items that the table names of each kind
_MANY = 300  # rated items, from which on their points are smaller
_OWN = "#CC79A7"
_NOTHING = np.empty(0, np.int64)


class Map:
    """The map of one model for one person."""

    def __init__(self, page: Page, found: Positions, colors: list[Group]) -> None:
        self.page, self.core, self.found, self.colors = page, page.space.core, found, colors
        self.items = self.core.item_ids(page.state.model)
        self.places = {item: place for place, item in enumerate(self.items)}
        self.title_of = self._titles()
        state = page.state
        self.lists = [("A", state.model, "diamond", "#D55E00")]
        if state.other != state.model:
            self.lists.append(("B", state.other, "triangle", "#0072B2"))

    def _titles(self) -> list[str]:
        table = item_table(self.core.model(self.page.state.model))
        column = next((name for name in ("key", "title") if name in table.columns), "item_id")
        return [str(title) for title in table[column].to_list()]

    def series(self) -> list[dict[str, Any]]:
        """Return the layers of the map from the lowest up.

        They are the groups of items, what the user rated, what the two lists hold, the hits of the search,
        and the user.
        """
        layers = [
            self._layer(group.name, group.items, 4, {"color": group.color, "opacity": 0.7}, large=True)
            for group in self.colors
        ]
        rated, values = self._rated()
        size, width = (4, 0.5) if len(rated) > _MANY else (8, 1.5)
        layers.append(self._layer("rated", rated, size, _ring("#111111", "#ffffff", width)))
        layers += [
            self._layer(f"list {letter}", self._listed(model), 15, _ring(color, "#ffffff"), symbol)
            for letter, model, symbol, color in self.lists
        ]
        layers.append(self._layer("found", _NOTHING, 20, _ring("transparent", "#D55E00", 3), id="found"))
        taste = taste_of(self.found.points[rated], values)
        return layers if taste is None else [*layers, *self._taste(taste)]

    def _taste(self, taste: Taste) -> list[dict[str, Any]]:
        """Return the layers of the user's own point: an ellipse around it, and a pin."""
        point = self._layer("this user", _NOTHING, 24, _ring(_OWN, "#111111"), "pin")
        point["data"] = [{"value": taste.point.round(3).tolist(), "name": _whose(self.page.state.user)}]
        ring = taste.ring()
        if ring is None:
            return [point]
        around = {
            **CHARTS["ellipse"],
            "name": "around this user",
            "data": ring.round(3).tolist(),
            "lineStyle": {"color": _OWN, "width": 2},
        }
        return [around, point]

    def _listed(self, model: str) -> np.ndarray:
        """Return the positions of what a model recommends; items that this map lacks are left out."""
        answer = asked(self.page, model)
        if isinstance(answer, str):
            return _NOTHING
        return self._rows(item for item in answer.items if item in self.places)

    def _layer(
        self,
        name: str,
        rows: np.ndarray,
        size: int,
        style: dict[str, Any],
        symbol: str = "circle",
        **options: object,
    ) -> dict[str, Any]:
        data = self._points(rows)
        return {
            **CHARTS["points"],
            "name": name,
            "data": [point["value"] for point in data] if "large" in options else data,
            "symbolSize": size,
            "itemStyle": style,
            "symbol": symbol,
            **options,
        }

    def _points(self, rows: np.ndarray) -> list[dict[str, Any]]:
        """Return the places of items, with their names."""
        points = self.found.points[rows].astype(float).round(3).tolist()
        return [
            {"value": [x, y, int(row)], "name": self.title_of[row]}
            for (x, y), row in zip(points, rows, strict=True)
        ]

    def _rows(self, ids: Iterable[str]) -> np.ndarray:
        return np.array([self.places[item] for item in ids], np.int64)

    def _rated(self) -> tuple[np.ndarray, np.ndarray]:
        rated = rated_by(self.page, self.page.state.user, self.page.state.model)
        known = [one for one in rated if one.rating is not None and one.item.id in self.places]
        return self._rows(one.item.id for one in known), np.array([one.rating for one in known], np.float64)

    def draw(self) -> None:
        """Draw the map, its legend, and the table of what is marked."""
        from nicegui import ui

        self.hits = tag("div", None, data_part="hits")
        self._legend()
        ui.run_javascript(f"window.palateTitles = {_json(self.title_of)}")
        series = self.series()
        label = f"Map of {len(self.title_of):,} items; the table below names what is marked."
        with tag("div", None, role="img", aria_label=label):
            options = {**CHARTS["map"], "series": series}
            self.chart = ui.echart(options, on_point_click=self._open).classes("p-map")
        tag("p", TEXTS["map"].format(share=self.found.share), "soft small")
        self._table(series)

    def _legend(self) -> None:
        with tag("ul", None, "p-line p-list p-legend small", aria_label="Colours"):
            for group in self.colors:
                with tag("li"):
                    _sign("■", group.color)
                    tag("span", f"{group.name} ({len(group.items):,})")
        with tag("ul", None, "p-line p-list p-legend small", aria_label="Marks"):
            signs = {"A": "◆", "B": "▲"}
            marks = [("●", "", "rated")]
            marks += [
                (signs[letter], color, f"list {letter}: {model}") for letter, model, _, color in self.lists
            ]
            marks += [("○", "#D55E00", "found"), ("▼", _OWN, _whose(self.page.state.user))]
            for sign, color, name in marks:
                with tag("li"):
                    _sign(sign, color)
                    tag("span", name)

    def _table(self, series: list[dict[str, Any]]) -> None:
        marked = {
            one["name"]: [point["value"] for point in one["data"]]
            for one in series
            if one["name"] == "rated" or one["name"].startswith("list ")
        }
        with tag("details"):
            tag("summary", "Show as a table")
            for name in sorted(marked):
                tag("h3", name[0].upper() + name[1:])
                if not marked[name]:
                    tag("p", "Nothing.", "soft")
                with tag("ul", None, "p-list tight"):
                    for x, y, row in marked[name][:_TABLE]:
                        with tag("li"):
                            address = self.page.state.address(item_address(self.items[row]))
                            tag("a", self.title_of[row], href=address, dir="auto")
                            tag("span", f" at {x:.2f}, {y:.2f}", "soft small")
                if len(marked[name]) > _TABLE:
                    tag("p", f"and {len(marked[name]) - _TABLE:,} more", "soft small")

    def find(self, query: str) -> None:
        """Ring the items that fit what was typed, and name them."""
        found = self.core.search(query, _HITS, self.page.state.model) if query.strip() else []
        points = self._points(self._rows(item.id for item in found))
        self.chart.run_chart_method("setOption", {"series": [{"id": "found", "data": points}]})
        self.hits.clear()
        with self.hits, tag("ul", None, "p-list tight"):
            for item in found:
                with tag("li"):
                    self.page.item_link(item)
        self.page.say(f"{len(found)} found" if query.strip() else "")

    def _open(self, event: "EChartPointClickEventArguments") -> None:
        value = event.value if isinstance(event.value, list) else []
        if len(value) == 3:
            self.page.go(item_address(self.items[int(value[2])]))


def _ring(inside: str, outside: str, width: float = 1.5) -> dict[str, Any]:
    return {"color": inside, "borderColor": outside, "borderWidth": width}


def _sign(sign: str, color: str) -> None:
    """Draw a sign of the legend; its name stands beside it."""
    tag("span", f"{sign} ", aria_hidden="true").style(f"color: {color}" if color else "")


def _whose(user: str) -> str:
    return "you" if user == ME else f"user {user}"


def _json(values: list[str]) -> str:
    """Return texts as JSON that may stand in a script: nothing in it ends the script."""
    import json

    return json.dumps(values).replace("<", "\\u003c")


def show(page: Page) -> None:
    """Draw the page."""
    state, space = page.state, page.space
    with page.shown("Map"):
        with tag("div", None, "p-tools") as tools:
            page.model_picker("model", "Map and list A")
            page.model_picker("other", "List B")
            page.user_picker()
        model = space.core.model(state.model)
        try:
            found = space.core.positions(state.model)
        except CannotAnswer as error:
            said = f"{error} Train a factor model to see a map: palate train --trainer least-squares."
            problem(said[0].upper() + said[1:])
            return
        known = known_colors(item_table(model))
        if state.color not in COLORS:
            problem(f"color must be one of {', '.join(COLORS)}; got {state.color!r}.")
            return
        if state.color not in known and known:  # such as the year, by default, of items without years
            state = page.state = state.but(color=known[0])
        drawn = Map(page, found, groups(item_table(model), state.color))
        with tools:
            page.picker("color", "Colour by", known)
            search_field(drawn.find)
        drawn.draw()
