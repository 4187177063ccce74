"""What a model is like from outside and inside."""

from typing import Any

from palate.app.diagnostics import Panel, card, panels
from palate.explorer.frame import Page, later
from palate.explorer.look import CHARTS
from palate.explorer.parts import table, tag
from palate.explorer.views.people import draw_figures, measured


def show(page: Page) -> None:
    """Draw the page; what takes time follows."""
    model = page.state.model
    with page.shown("Diagnostics"):
        with tag("div", None, "p-tools"):
            page.model_picker()
        place = tag("div")
        with place:
            tag("p", "Computing the diagnostics ...", "soft")

    def look() -> tuple[Any, list[Panel]]:
        figures = measured(page, (model,))
        return figures, page.space.once(
            "panels",
            (model,),
            lambda: panels(page.space.core.model(model), figures.evaluation, page.space.test),
        )

    def draw(looked: tuple[Any, list[Panel]]) -> None:
        figures, found = looked
        draw_figures(figures)
        with tag("div", None, "p-panels"):
            for panel in found:
                _panel(panel)
        with tag("section", None, "p-card", aria_label="Model card"):
            tag("h2", "Model card")
            table(("what", "value"), card(page.space.core.model(model)), "Model card")

    later(place, look, draw)


def _panel(panel: Panel) -> None:
    from nicegui import ui

    with tag("section", None, "p-card", aria_label=panel.heading):
        tag("h2", panel.heading)
        tag("p", panel.text, "soft small")
        if panel.frame is None:
            return
        label = f"Chart: {panel.heading}; the table below has its numbers."
        with tag("div", None, role="img", aria_label=label):
            ui.echart(options(panel)).classes("p-chart")
        with tag("details"):
            tag("summary", "Show as a table")
            table(panel.frame.columns, panel.frame.rows(), panel.heading)


def options(panel: Panel) -> dict[str, Any]:
    """Return what ECharts draws of a panel."""
    if panel.frame is None:
        return {}
    chart = CHARTS["panel"]
    return {
        **chart,
        "legend": {**chart["legend"], "show": len(panel.lines) > 1},
        "xAxis": {**chart["xAxis"], "data": [str(value) for value in panel.frame[panel.x].to_list()]},
        "yAxis": {**chart["yAxis"], "scale": panel.kind == "line"},
        "series": [
            {"type": panel.kind, "name": name, "data": panel.frame[name].to_list(), "symbolSize": 5}
            for name in panel.lines
        ],
    }
