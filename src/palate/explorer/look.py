"""How the pages look and what they say at length, and the few lines of script that need no server."""

import tomllib
from importlib import resources
from typing import Any


def _read(name: str) -> str:
    return resources.files("palate.explorer").joinpath(name).read_text("utf-8")


CSS = _read("look.css")
SCRIPT = f"<script>\n{_read('stars.js')}</script>"
MISSING = _read("missing.html")
_SAID: dict[str, dict[str, str]] = tomllib.loads(_read("texts.toml"))
PAGES, TEXTS, BUNDLED = (_SAID[table] for table in ("navigation", "pages", "bundled"))
SOURCES, PARTS = (_SAID[table] for table in ("sources", "parts"))
CHARTS: dict[str, dict[str, Any]] = tomllib.loads(_read("charts.toml"))
