"""Write docs/commands.md from the declarations of the command line, so that the two cannot differ."""

import re
from pathlib import Path
from textwrap import fill

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
HEAD = """# Commands

<!-- Written by scripts/write_commands.py from the command line itself; edit the help texts instead. -->

`palate COMMAND --help` shows the same. The exit code is 0 after success, 1 if the command failed,
and 2 if it was called wrongly. An error message is one line on standard error.
"""


def commands() -> dict:
    """Return the commands of palate by full name, in the order that `palate --help` shows."""
    import typer

    from palate.cli import app

    return dict(walk("palate", typer.main.get_command(app)))


def walk(name: str, command):
    """Yield (full name, command) for a command or for all commands of a group."""
    if hasattr(command, "commands"):
        for inner in command.commands.values():
            if not inner.hidden:
                yield from walk(f"{name} {inner.name}", inner)
    else:
        yield name, command


def page() -> str:
    """Return the text of the page."""
    return "\n".join([HEAD, *(section(name, command) for name, command in commands().items())])


def section(name: str, command) -> str:
    """Return the part of the page about one command."""
    from palate.cli.compact_help import usage_of

    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [
        parameter
        for parameter in command.params
        if parameter.param_type_name == "option" and not parameter.hidden
    ]
    usage = " ".join(
        [name, *(usage_of(argument) for argument in arguments), *(["[OPTIONS]"] if options else [])]
    )
    parts = [f"## {name}", f"    {usage}", prose(command.help or "")]
    if command.epilog:
        parts.append(prose(command.epilog))
    rows = [f"| `{usage_of(item).strip('[]')}` | | {cell(item.help)} |" for item in arguments]
    rows += [f"| {names_of(item)} | {default_of(item)} | {cell(item.help)} |" for item in options]
    if rows:
        parts.append("\n".join(["| | default | |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def names_of(option) -> str:
    """Return the spellings of an option, joined."""
    return ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])


def default_of(option) -> str:
    """Return an option's default as a cell: required, empty for None and switches, else the value."""
    if option.required:
        return "required"
    value = getattr(option.default, "value", option.default)
    return "" if value is None or callable(value) or option.is_flag else f"`{value}`"


def prose(text: str) -> str:
    """Return help text as Markdown: control characters of the terminal's layout removed, examples
    as blocks.
    """
    text = re.sub(
        r"\[/?(?:bold|dim|cyan|green|yellow|red|italic)[^\]]*\]", "", text.replace("\b", "")
    ).strip()
    paragraphs = (
        f"    {part}" if part.startswith("palate ") else fill(part, 100, break_on_hyphens=False)
        for part in text.split("\n\n")
    )
    return "\n\n".join(paragraphs)


def cell(text: str | None) -> str:
    """Return text that fits one cell of a Markdown table."""
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
