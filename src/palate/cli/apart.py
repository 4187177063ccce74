"""A command must not write its answer over what it reads."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# parameters that name what a command writes
OUTPUTS = "output", "html", "plots", "plot", "curves", "save_split", "results", "checkpoint"
# A model that a command continues may be replaced by what becomes of it.
_CONTINUED = {("train", "start"), ("update", "model")}


def overwritten(command: str | None, given: Mapping[str, Any]) -> str:
    """Return what is wrong if a command would replace a file that it reads, else nothing."""
    for option in OUTPUTS:
        path = given.get(option)
        if not isinstance(path, Path) or not path.is_file():
            continue
        for name, source in _sources(given):
            if (command, name) not in _CONTINUED and source.is_file() and path.samefile(source):
                return (
                    f"--{option.replace('_', '-')} must not be a file that the command reads, which would be "
                    f"lost; got '{path}'. Name another file"
                )
    return ""


def _sources(given: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield the parameters that name files, or may do so, with these files."""
    for name, value in given.items():
        if name in OUTPUTS:
            continue
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Path) or (isinstance(one, str) and 0 < len(one) < 1000 and "\0" not in one):
                yield name, Path(one)
