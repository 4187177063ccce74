"""The models that are evaluated, by their names."""

import os
from collections.abc import Mapping
from typing import Any

from palate._checks import ArgumentError, ArgumentTypeError
from palate.data.columns import ITEM_ID
from palate.lists.lookup import column_of
from palate.model.model import Model
from palate.scorer import Scorer


def named_scorers(models: object) -> list[tuple[Scorer, str]]:
    """Return every scorer with its name; saved models are loaded.

    Of equal names the later ones are numbered.
    """
    entries = named_if_mapped(models)
    if not entries:
        raise ArgumentError("models", "hold at least one model", "none")
    named: list[tuple[Scorer, str]] = []
    for model, given in entries:
        scorer, own = _loaded(model)
        if not isinstance(scorer, Scorer):
            must = "be models, scorers or paths of saved models"
            raise ArgumentTypeError("models", must, f"{type(scorer).__name__}")
        named.append((scorer, unique_name(given or own, [name for _, name in named])))
    return named


def named_if_mapped(given: object) -> list[tuple[Any, str | None]]:
    """Return one thing or several, each with its name if they are a mapping."""
    if isinstance(given, Mapping):
        return [(one, str(name)) for name, one in given.items()]
    return [(one, None) for one in (given if isinstance(given, list | tuple) else [given])]


def unique_name(name: str, taken: list[str]) -> str:
    """Return the name, numbered if it is taken.

    Examples
    --------
    >>> unique_name("LeastSquares", ["LeastSquares"])
    'LeastSquares 2'
    """
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name} {number}"
    return unique


def _loaded(model: Model) -> tuple[Any, str]:
    if isinstance(model, str | os.PathLike):
        from palate.model.file.loading import load_model

        return load_model(model), os.path.splitext(os.path.basename(os.fsdecode(model)))[0]
    trainer = getattr(model, "trainer", None)
    name = trainer.get("name") if isinstance(trainer, Mapping) else None
    return model, str(name or type(model).__name__)


def check_candidates(candidates: object, named: list[tuple[Scorer, str]]) -> Any:
    """Return the candidates as a column of ids, None for None.

    Raises
    ------
    KeyError
        If a model knows none of them.
    """
    if candidates is None:
        return None
    ids = column_of(candidates, ITEM_ID)
    for scorer, name in named:
        if not (scorer.items.indices(ids) >= 0).any():
            said = f"candidates must contain items of {name!r}, which has none of these {len(ids):,}."
            raise KeyError(said)
    return ids
