"""The options of `palate train` for hyper-parameters: declared by a trainer's fields.

Their help is what the trainer's docstring says.
"""

import copy
import inspect
import sys
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palate._nearest import did_you_mean
from palate.cli import compact_help
from palate.cli.compact_help import first_sentence
from palate.cli.docstrings import entries
from palate.cli.errors import Command, usage_error
from palate.cli.ranges import value_of
from palate.cli.reading_options import PANEL as READING

if TYPE_CHECKING:
    from typer._click.core import Context

    from palate.training.trainer import Trainer

PANEL = "Hyper-parameters"
TRAINERS = {
    "least-squares": "LeastSquares",
    "gibbs": "Gibbs",
    "baseline": "Baseline",
    "keras": "KerasFactorization",
    "recommender": "Recommender",
    "spectral": "Spectral",
    "linear-items": "LinearItems",
    "popular": "Popular",
    "neighbours": "Neighbours",
}
# What a trainer is called elsewhere.
_MEANT = {
    **dict.fromkeys(("als", "mf", "ls", "matrix-factorization", "ridge"), "least-squares"),
    **dict.fromkeys(("svd", "puresvd", "pca"), "spectral"),
    **dict.fromkeys(("ease", "slim", "linear"), "linear-items"),
    **dict.fromkeys(("knn", "itemknn", "neighbors"), "neighbours"),
    **dict.fromkeys(("bpmf", "bayes", "mcmc"), "gibbs"),
    **dict.fromkeys(("default", "auto"), "recommender"),
}


class TrainerCommand(Command):
    """A command that also has the trainers' hyper-parameters as options.

    They are made when a parameter is first asked for, so that `palate --help` need not import the trainers.
    """

    _all: list[Any]
    _derived: list[Any]  # empty until asked for

    @property
    def params(self) -> list[Any]:
        """The command's own parameters, then the hyper-parameters."""
        if not self._derived:
            self._derived = _options({parameter.name for parameter in self._all})
            self._all.extend(self._derived)
        return self._all

    @params.setter
    def params(self, own: list[Any]) -> None:
        self._all, self._derived = own, []

    def format_help(self, ctx: "Context", formatter: object) -> None:
        """Print the help in panels.

        With a trainer on the line they are its options with its own defaults, otherwise those of the
        command and of reading.
        """
        name = _named(sys.argv)
        own = [
            one
            for one in self.get_params(ctx)
            if one not in self._derived and not getattr(one, "hidden", False)
        ]
        reading = [one for one in own if getattr(one, "rich_help_panel", None) == READING]
        others = {"Options": [one for one in own if one not in reading]}
        if name is None:
            panels = {**others, READING: reading}
            compact_help.write(ctx, self.help or "", panels, "All options are described in docs/commands.md.")
            return
        cls = _classes()[name]
        about = " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
        compact_help.write(
            ctx,
            f"--trainer {name}: {about}",
            {f"Options of --trainer {name}": self._of_trainer(cls), **others},
            "The options for reading ratings are in the help without --trainer. All options are "
            "described in docs/commands.md.",
        )

    def _of_trainer(self, cls: "type[Trainer]") -> list[Any]:
        """Return the options of a trainer with its own defaults and the first sentence on each."""
        texts, found = descriptions(inspect.getdoc(cls) or ""), []
        defaults = {field.name: field.default for field in fields(cls)}
        for one in self._derived:
            if one.name in defaults:
                option = copy.copy(one)
                option.default, option.show_default = defaults[one.name], True
                option.help = first_sentence(texts.get(one.name, one.help or ""))
                found.append(option)
        return found

    def invoke(self, ctx: "Context") -> Any:
        """Run the command with the hyper-parameters set apart, where `chosen` finds them."""
        ctx.meta[__name__] = {
            one.name: ctx.params.pop(one.name) for one in self._derived if one.name in ctx.params
        }
        return super().invoke(ctx)


def _named(line: list[str]) -> str | None:
    """Return the trainer that a command line names, if it names one.

    >>> (
    ...     _named(["palate", "train", "--trainer", "gibbs", "--help"]),
    ...     _named(["train", "--trainer=keras"]),
    ...     _named(["train"]),
    ... )
    ('gibbs', 'keras', None)
    """
    name = value_of(["--trainer"], line)
    return name if name in TRAINERS else None


def chosen(ctx: typer.Context) -> dict[str, Any]:
    """Return the hyper-parameters that were given.

    The others keep the trainer's own default, which differs between trainers.
    """
    return {name: _number(name, value) for name, value in ctx.meta[__name__].items() if given(ctx, name)}


def given(ctx: typer.Context, option: str) -> bool:
    """Return whether an option was given, rather than left at its default."""
    source = ctx.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


OF_CHOICES = {"grades", "least_grade", "half_life"}


def default_trainer(values: dict[str, Any]) -> str:
    """Return the trainer that is meant where none is named.

    It is the recommender, unless a hyper-parameter of another is given.
    """
    names = [name for name in ("recommender", *TRAINERS) if all(one in _fields(name) for one in values)]
    if names and names[0] == "least-squares" and OF_CHOICES & set(values) and "counts" not in values:
        names = names[1:]  # least squares of ratings has neither grades nor a half-life
    return names[0] if names else "least-squares"


def _fields(name: str) -> set[str]:
    return {field.name for field in fields(_classes()[name])}


def trainer_of(name: str, values: dict[str, Any]) -> Any:
    """Return the trainer of a name with these hyper-parameters."""
    cls = _classes().get(name)
    if cls is None:
        meant = _MEANT.get(name.lower().replace("_", "-"))
        near = f" Did you mean '{meant}'?" if meant else did_you_mean(name, TRAINERS)
        raise usage_error(f"--trainer must be one of {', '.join(TRAINERS)}; got '{name}'.{near}")
    for option in values:
        if option not in _fields(name):
            raise usage_error(f"--{option.replace('_', '-')} is not a hyper-parameter of --trainer {name}")
    if values.get("counts") in _count_forms():  # a word that changes what else is sensible
        rest = {option: value for option, value in values.items() if option != "counts"}
        return cls.for_counts(values["counts"], **rest)
    return cls(**values)


def takes_counts(trainer: "Trainer") -> bool:
    """Return whether a trainer takes the values for counts, of which those of a pair add up."""
    return getattr(trainer, "counts", None) in _count_forms() or "counts" in (
        getattr(trainer, "values", None),
        getattr(trainer, "grades", None),
    )


def hyperparameters() -> dict[str, Any]:
    """Return the fields of all trainers by name; a field that several have counts once."""
    found: dict[str, Any] = {}
    for cls in _classes().values():
        for field in fields(cls):
            found.setdefault(field.name, field)
    return found


def descriptions(docstring: str) -> dict[str, str]:
    """Return what a numpydoc docstring says of each parameter, in one paragraph."""
    return {name: text for name, _, text in entries(docstring)}


def _count_forms() -> tuple[str, ...]:
    from palate.solve.confidence import KINDS
    from palate.solve.grades import NONE

    return tuple(kind for kind in KINDS if kind != NONE)


def _classes() -> dict[str, Any]:
    import palate

    return {name: getattr(palate, cls) for name, cls in TRAINERS.items()}


def _options(taken: set[str]) -> list[Any]:
    """Return an option per hyper-parameter whose name is not taken, made from a signature."""
    texts: dict[str, str] = {}
    for cls in reversed(_classes().values()):
        texts |= descriptions(inspect.getdoc(cls) or "")

    def stand_in(**values: object) -> None:
        """Only the signature is used."""

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter(name, kind, default=one.default, annotation=_annotation(one, texts.get(name, "")))
        for name, one in hyperparameters().items()
        if name not in taken
    ]
    stand_in.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    stand_in.__annotations__ = {one.name: one.annotation for one in parameters}
    app = typer.Typer(add_completion=False)
    app.command()(stand_in)
    return typer.main.get_command(app).params


def _annotation(field: "Field[Any]", text: str) -> Any:
    """Return an option's declaration.

    A number that may also be a word ("auto") is a text here and a number in `chosen`.
    """
    kind: Any = float | None if field.default is None else type(field.default)
    metavar = "NUMBER" if field.default is None else None
    if kind is str and field.type is not str:
        metavar = f"NUMBER|{field.default}"
    return Annotated[kind, typer.Option(help=text, metavar=metavar, rich_help_panel=PANEL)]


def _number(name: str, value: object) -> Any:
    field = hyperparameters()[name]
    if not isinstance(value, str) or field.type is str or value == field.default:
        return value
    try:
        return float(value)
    except ValueError:
        raise usage_error(
            f"--{name.replace('_', '-')} must be a number or {field.default}; got '{value}'"
        ) from None
