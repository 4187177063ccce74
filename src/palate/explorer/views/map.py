"""The map: items in two dimensions, as their vectors lie."""

from typing import Any

import numpy as np

from palate.app.answers import Answer
from palate.app.errors import CannotAnswer, NotKnown
from palate.app.positions import Positions, user_vector
from palate.explorer.colors import COLORS, Group, groups
from palate.explorer.frame import Page, problem
from palate.explorer.parts import item_address, name_of, tag
from palate.explorer.views.lists import asked
from palate.factors.item_index import item_table

_HITS = 8


class Map:
    """The map of one model for one person."""

    def __init__(self, page: Page, found: Positions, colors: list[Group]) -> None:
        self.page, self.core, self.found, self.colors = page, page.space.core, found, colors
        self.model = self.core.model(page.state.model)
        self.title_of = self._titles()

    def _titles(self) -> list[str]:
        table = item_table(self.model)
        column = next((name for name in ("key", "title") if name in table.columns), "item_id")
        return [str(title) for title in table[column].to_list()]

    def series(self) -> list[dict[str, Any]]:
        """Return the layers: every group of items, what the user rated, what is recommended, hits
        of the search, the user.
        """
        layers = [
            self._layer(
                group.name,
                group.items,
                group.color,
                large=True,
                symbolSize=4,
                itemStyle={"color": group.color, "opacity": 0.7},
            )
            for group in self.colors
        ]
        answer = asked(self.page, self.page.state.model)
        listed = self._rows(answer.items) if isinstance(answer, Answer) else np.empty(0, np.int64)
        rated, values = self._rated()
        layers.append(
            self._layer(
                "rated",
                rated,
                "#000",
                symbolSize=8 if len(rated) < 300 else 5,
                symbol="circle",
                itemStyle=_ring("#111111", "#ffffff"),
            )
        )
        layers.append(
            self._layer(
                "recommended",
                listed,
                "#000",
                symbolSize=14,
                symbol="diamond",
                itemStyle=_ring("#D55E00", "#ffffff"),
            )
        )
        layers.append(
            {
                **self._layer("found", np.empty(0, np.int64), "#000", symbolSize=20, symbol="circle"),
                "id": "found",
                "itemStyle": {"color": "transparent", "borderColor": "#D55E00", "borderWidth": 3},
            }
        )
        vector = user_vector(self.model, rated, values)
        if vector is not None:
            layers.append(
                {
                    **self._layer(
                        "this user",
                        np.empty(0, np.int64),
                        "#000",
                        symbolSize=22,
                        symbol="pin",
                        itemStyle=_ring("#CC79A7", "#111111"),
                    ),
                    "data": [
                        {
                            "value": self.found.place(vector)[0].round(3).tolist(),
                            "name": f"user {self.page.state.user}",
                        }
                    ],
                }
            )
        return layers

    def _layer(self, name: str, rows: np.ndarray, color: str, **options: Any) -> dict[str, Any]:
        points = self.found.points[rows].astype(float).round(3).tolist()
        data: list[Any] = [
            {"value": [x, y, int(row)], "name": self.title_of[row]}
            for (x, y), row in zip(points, rows, strict=True)
        ]
        if options.get("large"):
            data = [[x, y, int(row)] for (x, y), row in zip(points, rows, strict=True)]
        return {
            "type": "scatter",
            "name": name,
            "color": color,
            "data": data,
            "largeThreshold": 1500,
            "animation": False,
            **options,
        }

    def _rows(self, ids: Any) -> np.ndarray:
        found = [self.model.items.index(self.model.items.parse(item)) for item in ids]
        return np.array(found, np.int64)

    def _rated(self) -> tuple[np.ndarray, np.ndarray]:
        try:
            rated = [
                one
                for one in self.core.ratings(self.page.state.user, self.page.state.model)
                if one.rating is not None
            ]
        except NotKnown:
            rated = []
        known = []
        for one in rated:
            try:
                known.append((self._rows([one.item.id])[0], one.rating))
            except (KeyError, ValueError):
                continue
        return np.array([row for row, _ in known], np.int64), np.array(
            [value for _, value in known], np.float64
        )

    def options(self) -> dict[str, Any]:
        """Return what ECharts is given."""
        hidden = {"show": False, "scale": True}
        return {
            "animation": False,
            "grid": {"left": 8, "right": 8, "top": 8, "bottom": 8},
            "xAxis": {**hidden, "type": "value"},
            "yAxis": {**hidden, "type": "value"},
            "tooltip": {
                "trigger": "item",
                "renderMode": "richText",
                ":formatter": "(p) => p.name || window.palateTitles[p.value[2]] || ''",
            },
            "dataZoom": [
                {"type": "inside", "xAxisIndex": 0, "filterMode": "none"},
                {"type": "inside", "yAxisIndex": 0, "filterMode": "none"},
            ],
            "series": self.series(),
        }

    def draw(self) -> None:
        """Draw the map, its legend, the search and the table of what is marked."""
        from nicegui import ui

        with tag("label", None, "p-field"):
            tag("span", "Search by title")
            search = tag("input", None, "p-search", type="search", autocomplete="off")
        self.hits = tag("div", None, data_part="hits")
        self._legend()
        ui.run_javascript(f"window.palateTitles = {_json(self.title_of)}")
        options = self.options()
        with tag(
            "div",
            None,
            role="img",
            aria_label=f"Map of {len(self.title_of):,} items; the table below names what is marked.",
        ):
            self.chart = ui.echart(options, on_point_click=self._open).classes("p-map")
        search.on(
            "input", lambda e: self.find(str(e.args)), js_handler="(e) => emit(e.target.value)", throttle=0.15
        )
        tag(
            "p",
            f"The two directions in which the items differ most hold {self.found.share:.0%} of what the "
            f"vectors say: near each "
            "other means much alike, far apart need not mean unlike. Scroll to zoom, drag to move.",
            "soft small",
        )
        self._table(options["series"])

    def _legend(self) -> None:
        with tag("ul", None, "p-line p-list small", aria_label="Colours"):
            for group in self.colors:
                with tag("li").style("border: 0; padding: 0"):
                    tag("span", "■ ").style(f"color: {group.color}").props["aria-hidden"] = "true"
                    tag("span", f"{group.name} ({len(group.items):,})")
            for sign, name in (("●", "rated"), ("◆", "recommended"), ("○", "found"), ("▼", "this user")):
                with tag("li").style("border: 0; padding: 0"):
                    tag("span", f"{sign} {name}", "soft")

    def _table(self, series: list[dict[str, Any]]) -> None:
        marked = {
            one["name"]: [point["value"] for point in one["data"]]
            for one in series
            if one["name"] in ("recommended", "rated")
        }
        with tag("details"):
            tag("summary", "The same as a table")
            for name in ("recommended", "rated"):
                tag("h3", name.capitalize())
                with tag("ul", None, "p-list tight"):
                    for x, y, row in marked.get(name, [])[:50]:
                        with tag("li"):
                            item = str(self.model.items.id(row))
                            tag(
                                "a",
                                self.title_of[row],
                                href=self.page.state.address(item_address(item)),
                                dir="auto",
                            )
                            tag("span", f" at {x:.2f}, {y:.2f}", "soft small")

    def find(self, query: str) -> None:
        """Ring the items that fit what was typed, and name them."""
        found = self.core.search(query, _HITS, self.page.state.model) if query.strip() else []
        layer = self._layer("found", self._rows([item.id for item in found]), "#000")
        self.chart.run_chart_method("setOption", {"series": [{"id": "found", "data": layer["data"]}]})
        self.hits.clear()
        with self.hits, tag("ul", None, "p-list tight"):
            for item in found:
                with tag("li"):
                    tag("a", name_of(item), href=self.page.state.address(item_address(item.id)), dir="auto")
        self.page.say(f"{len(found)} found" if query.strip() else "")

    def _open(self, event: Any) -> None:
        value = event.value if isinstance(event.value, list) else []
        if len(value) == 3:
            self.page.go(item_address(str(self.model.items.id(int(value[2])))))


def _ring(inside: str, outside: str) -> dict[str, Any]:
    return {"color": inside, "borderColor": outside, "borderWidth": 1.5}


def _json(values: list[str]) -> str:
    """Return texts as JSON that may stand in a script: nothing in it ends the script."""
    import json

    return json.dumps(values).replace("<", "\\u003c")


def show(page: Page) -> None:
    """Draw the page."""
    state, space = page.state, page.space
    with page.shown("Map"):
        with tag("div", None, "p-tools"):
            page.model_picker()
            page.user_picker()
            with tag("label", None, "p-field"):
                tag("span", "Colour by")
                with tag("select", None, aria_label="Colour by") as select:
                    for name in COLORS:
                        tag("option", name, value=name, selected=True if name == state.color else None)
            select.on("change", lambda e: page.go(color=e.args), js_handler="(e) => emit(e.target.value)")
        model = space.core.model(state.model)
        try:
            found = space.core.positions(state.model)
        except CannotAnswer as error:
            problem(f"{error} A factor model has them: palate train --trainer least-squares.")
            return
        if state.color not in COLORS:
            problem(f"color must be one of {', '.join(COLORS)}; got {state.color!r}.")
            return
        Map(page, found, groups(item_table(model), state.color)).draw()
