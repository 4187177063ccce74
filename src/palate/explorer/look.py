"""How the pages look, in light and in dark, and the few lines of script that need no server."""

from importlib import resources

_HERE = resources.files("palate.explorer")
CSS = _HERE.joinpath("look.css").read_text("utf-8")
SCRIPT = f"<script>\n{_HERE.joinpath('stars.js').read_text('utf-8')}</script>"
