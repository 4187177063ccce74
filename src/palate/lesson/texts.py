"""The texts of the lesson, which are files beside the code: questions.toml and vocabulary.toml."""

import tomllib
from importlib import resources
from typing import Any


def read(name: str) -> dict[str, Any]:
    """Return what one of the files declares.

    Examples
    --------
    >>> read("questions.toml")["q5"]["variable"]
    'l2_reccs'
    """
    return tomllib.loads(resources.files("palate.lesson").joinpath(name).read_text("utf-8"))
