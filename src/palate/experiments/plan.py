"""The declaration of an experiment: its settings, from a TOML file, a mapping or the lesson's preset."""

import itertools
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from palate.training.als.least_squares import LeastSquares
from palate.training.baseline import Baseline
from palate.training.gibbs.trainer import Gibbs
from palate.training.keras.factorization import KerasFactorization
from palate.training.trainer import Trainer

TRAINERS: dict[str, Any] = {
    "least-squares": LeastSquares,
    "gibbs": Gibbs,
    "baseline": Baseline,
    "keras": KerasFactorization,
}
# Settings that are no hyper-parameter: which trainer, strengths as Keras counts them, and a
# threshold at recommending.
OWN = ("trainer", "keras_l2_user", "keras_l2_item", "keras_l2_bias", "keras_l1_bias", "min_ratings")

PRESETS = ("lesson", "lesson-keras")  # files in presets/


class PlanError(ValueError):
    """An experiment that cannot be declared so."""


@dataclass(frozen=True)
class Cell:
    """One set of settings.

    Parameters
    ----------
    grid : str
        The name of the grid it belongs to.
    settings : dict
        As declared, for the table.
    """

    grid: str
    settings: dict[str, Any]

    @property
    def min_ratings(self) -> int:
        """The threshold of its lists."""
        return int(self.settings.get("min_ratings", 0))

    def trainer(self, n_ratings: int) -> Any:
        """Return the trainer; penalties in Keras' units are multiplied by the number of training ratings."""
        own = {name: value for name, value in self.settings.items() if name not in OWN}
        in_keras = [name for name in self.settings if name.startswith("keras_")]
        keras = {name.removeprefix("keras_"): self.settings[name] for name in in_keras}
        cls = TRAINERS[self.settings.get("trainer", "least-squares")]
        if not keras:
            return cls(**own)
        # the penalty of the biases alone is Keras'; the factors keep theirs
        if {"l1_bias"} == set(keras):
            return cls(**own, l1_bias=keras["l1_bias"] * n_ratings)
        return cls.from_keras_strengths(n_ratings=n_ratings, **keras, **own)


def read_plan(source: object) -> list[Cell]:
    """Return the cells of an experiment, in the order declared.

    Parameters
    ----------
    source : path of a TOML file, mapping, or name of a preset ("lesson")
        Top-level settings hold for every grid; each `[[grid]]` has a `name` and settings, of which
        lists are tried in all combinations. `"= other"` takes the value of another setting, `"= 0.1
        * other"` a share of it.

    Raises
    ------
    PlanError
        If a key is unknown (the nearest is suggested), a trainer is unknown, a grid is empty, or
        the file is no TOML.

    Examples
    --------
    >>> [cell.settings for cell in read_plan({"grid": [{"name": "sizes", "n_factors": [2, 4]}]})]
    [{'n_factors': 2}, {'n_factors': 4}]
    """
    declared = _declared(source)
    grids = declared.get("grid")
    if not isinstance(grids, Sequence) or isinstance(grids, str) or not grids:
        raise PlanError("an experiment must have at least one [[grid]] with settings; got none.")
    common = {key: value for key, value in declared.items() if key != "grid"}
    cells: list[Cell] = []
    for number, grid in enumerate(grids, 1):
        if not isinstance(grid, Mapping):
            raise PlanError(f"grid {number} must be a table of settings; got {grid!r}.")
        settings = {**common, **{key: value for key, value in grid.items() if key != "name"}}
        name = str(grid.get("name", f"grid {number}"))
        cells.extend(Cell(name, chosen) for chosen in _product(settings, name))
    return cells


def _declared(source: Any) -> Mapping[str, Any]:
    if isinstance(source, Mapping):
        return source
    preset = isinstance(source, str) and source in PRESETS
    path = Path(__file__).parent / "presets" / f"{source}.toml" if preset else Path(source)
    if not path.is_file():
        near = get_close_matches(str(source), PRESETS, n=1)
        raise PlanError(
            f"no file {source}"
            + (f"; did you mean the preset {near[0]!r}?" if near else f". Presets: {', '.join(PRESETS)}.")
        )
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} must be a TOML file: {error}.") from None


def _product(settings: dict[str, Any], grid: str) -> list[dict[str, Any]]:
    """Return all combinations of the lists among the settings."""
    trainers = settings.get("trainer", "least-squares")
    for trainer in trainers if isinstance(trainers, list) else [trainers]:
        if trainer not in TRAINERS:
            raise PlanError(f"trainer of {grid!r} must be one of {', '.join(TRAINERS)}; got {trainer!r}.")
        _check_keys(settings, grid, TRAINERS[trainer])
    names = list(settings)
    lists = [value if isinstance(value, list) else [value] for value in settings.values()]
    if any(not values for values in lists):
        raise PlanError(f"settings of {grid!r} must have at least one value each; got an empty list.")
    found = []
    for values in itertools.product(*lists):
        chosen = dict(zip(names, values, strict=True))
        for name, value in chosen.items():
            if isinstance(value, str) and value.startswith("="):
                chosen[name] = _other(name, value, chosen, grid)
        found.append(chosen)
    return found


def _other(name: str, value: str, chosen: dict[str, Any], grid: str) -> Any:
    """Return the value of another setting, or a multiple of it."""
    factor, star, other = value[1:].rpartition("*")
    other = other.strip()
    try:
        if other == name or isinstance(chosen[other], str):
            raise KeyError(other)
        return chosen[other] * float(factor) if star else chosen[other]
    except (KeyError, ValueError):
        raise PlanError(
            f"{name} of {grid!r} must name another of its settings after '=', or a number times one; got "
            f"{value!r}."
        ) from None


def _check_keys(settings: Mapping[str, Any], grid: str, cls: type[Trainer]) -> None:
    known = [field.name for field in fields(cls)] + list(OWN)
    for key in settings:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" It takes {', '.join(known)}."
            raise PlanError(
                f"grid {grid!r} must have settings of {cls.__name__}; got the unknown key {key!r}.{hint}"
            )
