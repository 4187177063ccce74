"""What a person waits for in the explorer, in Chromium: a rating, a slider, and a map of 60,000 points.

`python benchmarks/on_screen.py` trains a model on made-up ratings of 60,000 items, starts `palate
explore`, and measures in the page itself from the event of the input to the frame after the page
has changed. The machine's load stands beside each figure. It needs Playwright and Chromium.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import service

service.N_ITEMS = 60_000
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu")
WATCH = """() => {
    window.waits = []; window.began = 0;
    const changed = () => {
        if (!window.began) return;
        const began = window.began; window.began = 0;
        requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - began), 0));
    };
    new MutationObserver(changed).observe(
        document.querySelector('[data-part=list]'), {childList: true, subtree: true});
}"""
PAN = """() => {
    window.frames = []; window.seen = []; let last = performance.now();
    const frame = (now) => { window.frames.push(now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    document.querySelector('canvas').addEventListener(
        'mousemove', (e) => window.seen.push(performance.now() - e.timeStamp), true);
}"""


@contextmanager
def explored(*models: Path) -> Iterator[str]:
    """Start the explorer; yield its address."""
    code = "import sys; from palate.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "explore", *map(str, models), "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=models[0].parent)
    assert process.stderr is not None
    try:
        found = (re.search(r"at (http://\S+)", line) for line in process.stderr)
        yield next(match[1] for match in found if match)
    finally:
        process.kill()
        process.wait()


def opened(page: Any, path: str) -> None:
    """Open a page and wait until it answers."""
    page.goto(path)
    page.locator("h1").wait_for()
    page.wait_for_function("window.socket && window.socket.connected")
    page.wait_for_timeout(500)


def row(name: str, values: list[float], note: str) -> None:
    """Print one row."""
    ends = f"{np.median(values):.0f} | {np.quantile(values, 0.9):.0f}"
    print(f"| {name} | {ends} | {os.getloadavg()[0]:.1f} | {len(values)} times; {note} |", flush=True)


def rating(page: Any, n: int) -> None:
    """Measure from the release of the mouse on the stars to the changed list."""
    opened(page, "/rate")
    page.evaluate(WATCH)
    for place in range(n):
        stars = page.locator("[aria-label='To rate'] .stars input").nth(place % 8)
        box = stars.bounding_box()
        stars.evaluate(
            "(el) => el.addEventListener('pointerup', () => { window.began = performance.now(); })"
        )
        share = (0.95, 0.35, 0.75, 0.15)[(place // 8 + place) % 4]
        stars.click(position={"x": box["width"] * share, "y": box["height"] / 2})
        page.wait_for_function(f"window.waits.length === {place + 1}")
        page.wait_for_timeout(100)
    row("a rating to the changed list", page.evaluate("window.waits"), "target 200")


def slider(page: Any, name: str, values: list[float]) -> None:
    """Measure from a move of a slider to the changed list."""
    opened(page, "/recommendations?user=7")
    page.evaluate(WATCH)
    for place, value in enumerate(values):
        page.get_by_label(name, exact=True).evaluate(
            "(el, v) => { window.began = performance.now(); el.value = v;"
            " el.dispatchEvent(new Event('input', {bubbles: true})); }",
            value,
        )
        page.wait_for_function(f"window.waits.length === {place + 1}")
        page.wait_for_timeout(150)
    row(f"the slider {name} to the changed list", page.evaluate("window.waits"), "target 150")


def pan(page: Any, moves: int) -> None:
    """Drag the map, and measure frames and how late the events of the mouse are handled."""
    opened(page, "/map?user=7")
    page.locator("canvas").first.wait_for()
    page.wait_for_timeout(3000)
    box = page.locator("canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.evaluate(PAN)
    page.mouse.down()
    for place in range(moves):
        page.mouse.move(x + 2 * place, y + place)
    page.mouse.up()
    page.wait_for_timeout(500)
    seen = page.evaluate("window.seen")
    row("map: an event of the mouse to its handling", seen, f"{len(seen)} of {moves} moves are handled")
    row("map: a frame while it is dragged", page.evaluate("window.frames"), "")


def main() -> None:
    """Train, explore, and print the table."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser()
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    print("| what | p50, ms | p90, ms | load | |\n| --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as runner:
        path = service.trained("point", Path(name) / "point.palate", 64)
        other = service.trained("posterior", Path(name) / "posterior.palate", 16)
        with explored(path, other) as address:
            browser = runner.chromium.launch(executable_path=given.chromium, args=FLAGS)
            page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800})
            page.set_default_timeout(120_000)
            rating(page, 24)
            slider(page, "Ratings of an item", [float(value) for value in range(1, 25)])
            slider(page, "Diversity", [0.05 * step for step in range(1, 19)])
            pan(page, 120)
            browser.close()


if __name__ == "__main__":
    main()
