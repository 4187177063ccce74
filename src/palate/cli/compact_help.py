"""The help of a command with many options: a panel for each kind, a line or two for each option."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer.core import TyperArgument, TyperOption


_WIDEST = 30  # columns of an option and its value; longer ones push their text down


def write(ctx: "Context", about: str, panels: Mapping[str, Iterable[Any]], closing: str = "") -> None:
    """Print a help page.

    Parameters
    ----------
    ctx : click.Context
        Of the command.
    about : str
        What it does: sentences, then perhaps examples, lines that begin with its name.
    panels : mapping of str to parameters
        Heading of a panel to its options.
    closing : str, optional
        What is said below the panels.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.panel import Panel
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(Padding(Text(ctx.command.get_usage(ctx).strip()), (0, 1)))
    sentences, examples = parts(about)
    console.print(Padding(Text(sentences), (1, 1, 0, 1)))
    for line in examples:
        console.print(Padding(Text(line), (0, 3)))
    for title, options in panels.items():
        console.print(Panel(_table(options), title=title, title_align="left", border_style="dim"))
    if closing:
        console.print(Padding(Text(closing), (0, 1)))


def usage_of(argument: "TyperArgument") -> str:
    """Return an argument as a usage line shows it: NAME, [NAME] or NAME..."""
    name = re.sub(r"[\[\].]", "", argument.metavar or argument.name).upper()
    name += "..." if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a docstring, each in one line and without indentation.

    >>> paragraphs("More\\nof it.\\n\\n    palate demo\\n")
    ['More of it.', 'palate demo']
    """
    return [" ".join(part.split()) for part in text.replace("\b", "").split("\n\n") if part.strip()]


def parts(about: str) -> tuple[str, list[str]]:
    """Return the sentences of a command's help as one paragraph, and its examples.

    >>> parts("Train.\\n\\nMore\\nof it.\\n\\nExample:\\n\\n    palate train a.csv\\n")
    ('Train. More of it.', ['palate train a.csv'])
    """
    every = paragraphs(about)
    examples = [text for text in every if text.startswith("palate ")]
    return " ".join(text for text in every if text not in examples and text[-1] != ":"), examples


def first_sentence(text: str) -> str:
    """Return the first sentence of a text.

    >>> first_sentence("Ends, e.g. 0.5, here. Not here.")
    'Ends, e.g. 0.5, here.'
    """
    return re.split(r"(?<=[.])\s+(?=[A-Z\"`])", text.strip(), maxsplit=1)[0]


def _table(options: Iterable[Any]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(max_width=_WIDEST)
    table.add_column(ratio=1)
    rows: list[tuple[str, str]] = []
    for option in options:
        typed, said = _typed(option), _said(option)
        if rows and rows[-1][1] == said and said:  # one text for both sides, as of --l2-user and --l2-item
            typed, _ = f"{rows.pop()[0].split(' ')[0]}, {typed}", said
        rows.append((typed, said))
    for typed, said in rows:
        table.add_row(Text(typed, style="bold"), Text(said))
    return table


def _typed(option: "TyperOption | TyperArgument") -> str:
    """Return how an option is typed."""
    from typer.core import TyperArgument

    if isinstance(option, TyperArgument):
        return str(option.metavar or option.name.upper())
    names = ", ".join([*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.metavar or _kind(option.default)}"


def _kind(default: object) -> str:
    """Return what is typed for an option with this default."""
    return "WORD" if isinstance(default, str) else "N" if isinstance(default, int) else "NUMBER"


def _said(option: "TyperOption | TyperArgument") -> str:
    """Return what an option does, with its default."""
    default = getattr(option, "default", None)
    shown = getattr(option, "show_default", False) and default not in (None, "", ()) and not callable(default)
    shown = shown and not isinstance(default, bool)
    return f"{option.help or ''}{f' [{default}]' if shown else ''}"
