"""Runs a command so that whatever happens ends as an exit code and at most one line on standard error."""

import contextlib
import os
import re
import shlex
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import typer
from typer.core import TyperArgument, TyperCommand

from palate._checks import ArgumentError, ArgumentTypeError
from palate._nearest import called_here
from palate.cli import interrupts
from palate.cli.apart import OUTPUTS, overwritten
from palate.cli.compact_help import usage_of
from palate.cli.messages import about_option, for_command_line, one_line, option_of
from palate.cli.ranges import in_words

if TYPE_CHECKING:
    from typer._click.core import Context


_WORDS = {"help": "--help", "version": "--version"}  # typed as commands
_NEGATIVE = re.compile(r"-\d")
_OPTION = re.compile(r"-[a-z]|--.+")
_IDS = frozenset({"user", "users", "item", "items"})  # arguments of commands that take ids
# Options of before, which are noted for one version: old name, name of today.
_RENAMED = {"--deny": "--exclude-items", "--worst": "--ascending"}
_INVALID = re.compile(r"^Invalid value for '([^']+)'(?: / '[^']+')*: must")
_ALWAYS = ("train", "demo", "prepare", "convert", "fetch")  # commands that write files, named or not
FAILED, MISUSED, INTERRUPTED = 1, 2, 130
# Typer carries its own copy of Click in some versions and not in others
UsageError = typer.BadParameter.__mro__[1]


class Command(TyperCommand):
    """A command whose errors become one line and whose warnings become notes."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Take for an argument what begins with a minus and is no option, such as the ids -5 and -abc.

        With letters only where a command takes ids: elsewhere it can only be a slip.
        """
        if ctx.resilient_parsing:  # a line that a shell is to complete
            return super().parse_args(ctx, args)
        line = list(_kinds(args, self.params))
        options = [text for kind, text in line if kind != "argument"]
        arguments = [text for kind, text in line if kind == "argument"]
        try:
            return super().parse_args(ctx, [*options, "--", *arguments] if arguments else options)
        except UsageError as error:  # type: ignore[misc]
            error.message = in_words(error.message, getattr(error, "param", None), args)
            if _takes_ids(self.params):
                error.message += _dashes_first(ctx, line)
            raise

    def collect_usage_pieces(self, ctx: "Context") -> list[str]:
        """Return the usage line in parts, as docs/commands.md has it: versions of Typer differ."""
        arguments = [one for one in self.get_params(ctx) if isinstance(one, TyperArgument)]
        return [*(usage_of(one) for one in arguments), "[OPTIONS]"]

    def invoke(self, ctx: "Context") -> Any:
        """Run the command, unless it would replace what it reads."""
        if wrong := overwritten(self.name, ctx.params):
            raise usage_error(wrong)
        options = {one.name: one.opts[0] for one in self.params if one.param_type_name == "option"}
        flags = getattr(self.callback, "flags", {})
        writes = self.name in _ALWAYS or any(ctx.params.get(name) for name in OUTPUTS)
        with notes(flags), guarded(options, flags), unread() if writes else contextlib.nullcontext():
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()  # here, where a closed pipe or a full disk is still reported
            return result


def _takes_ids(params: Sequence[Any]) -> bool:
    return any(one.param_type_name == "argument" and one.name in _IDS for one in params)


def _kinds(args: Sequence[str], params: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield what is on a line by its kind: "option" (or its value), "glued" as in -n5, or "argument"."""
    options = [one for one in params if one.param_type_name == "option"]
    n_values = {name: one.nargs for one in options if not one.is_flag for name in one.opts}
    known = {"-h", "--help", *(name for one in options for name in [*one.opts, *one.secondary_opts])}
    takes_ids, n_awaited = _takes_ids(params), 0
    for place, text in enumerate(args):
        if n_awaited:
            n_awaited -= 1
            yield "option", text
        elif text == "--":
            yield from (("argument", rest) for rest in args[place + 1 :])
            return
        elif text in ("", "-") or text[0] != "-" or _NEGATIVE.match(text):
            yield "argument", text
        elif text[1] != "-" and len(text) > 2 and text[:2] in known:
            yield "glued", text
        else:
            option = _of_today(text, known)
            n_awaited = n_values.get(option, 0)
            is_id = takes_ids and option[1] != "-" and option[:2] not in known
            yield "argument" if is_id else "option", option
    if n_awaited:  # as Typer would say, which takes the "--" before the arguments for the value
        n = n_values[option]
        raise usage_error(f"Option '{option}' requires {'an argument' if n == 1 else f'{n} arguments'}")


def _of_today(text: str, known: set[str]) -> str:
    """Return an option by the name that it has today; where others have another name for it, say so."""
    name, equals, value = text.partition("=")
    if name in known or not _OPTION.fullmatch(name):
        return text
    if _RENAMED.get(name) in known:
        say(f"note: {name} is now {_RENAMED[name]}; the old name will be removed in the next minor version.")
        return f"{_RENAMED[name]}{equals}{value}"
    named = {option[2:].replace("-", "_"): option for option in known}
    meant = [named[one] for one in called_here(name.lstrip("-").replace("-", "_"), named)]
    if meant:
        raise usage_error(f"No such option: {name}. Did you mean {' or '.join(meant)}?")
    return text


def _dashes_first(ctx: "Context", line: Sequence[tuple[str, str]]) -> str:
    """Return how to name the id "-nabc" where it was taken for the option -n.

    It is empty where nothing on the line is like that.
    """
    if not any(kind == "glued" for kind, _ in line):
        return ""
    options = [text for kind, text in line if kind == "option"]
    others = [text for kind, text in line if kind != "option"]
    start = next(place for place, text in enumerate(others) if text.startswith("-"))
    typed = " ".join(map(shlex.quote, [*others[:start], *options, "--", *others[start:]]))
    return f" (an id that begins with a minus comes after --: {ctx.command_path} {typed})"


class _Unread:
    """A stream that nobody reads any more, while the command goes on to write its files."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = open(os.devnull, "w", encoding="utf-8") if stream is None else stream  # noqa: SIM115 - closed with the process
        self.error: OSError | None = None

    def write(self, text: str) -> int:
        """Write, or drop what can no longer be written."""
        self._do(self.stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush what can still be written."""
        self._do(self.stream.flush)

    def _do(self, action: Callable[..., object], *given: str) -> None:
        if self.error is None:
            try:
                action(*given)
            except OSError as error:
                self.error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextlib.contextmanager
def unread() -> Iterator[None]:
    """Let a command that writes files go on when its standard output or error closes.

    Say at the end what could not be written.

    Raises
    ------
    OSError
        Once the command is done, if its standard output could not take everything.
    """
    kept = sys.stdout, sys.stderr
    out, errors = _Unread(sys.stdout), _Unread(sys.stderr)
    sys.stdout, sys.stderr = out, errors
    try:
        yield
        out.flush()
    finally:
        sys.stdout, sys.stderr = kept
        for stream in (out, errors):
            if stream.error is not None:
                _silence(stream.stream)
    if out.error is not None:
        raise out.error


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    from palate.cli.commands import app

    _tidy_streams()
    command = typer.main.get_command(app)
    given = None if arguments is None else list(arguments)
    try:
        with interrupts.kept():
            result = command.main(args=given, prog_name="palate", standalone_mode=False)
    except UsageError as error:  # type: ignore[misc]
        return _misused(error)
    except (typer.Abort, KeyboardInterrupt):
        say("interrupted.")
        return INTERRUPTED
    except SystemExit as end:  # a pipe that closed while help was printed
        return end.code if isinstance(end.code, int) else FAILED
    return result if isinstance(result, int) else 0


@contextlib.contextmanager
def guarded(options: Mapping[str, str], flags: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn every error into `typer.Exit` after saying it in one line.

    Parameters
    ----------
    options : mapping of str to str
        Parameter name to the option that sets it: a message about such a parameter says that the
        command was called wrongly.
    flags : mapping of str to str, optional
        See `for_command_line`.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, UsageError):  # type: ignore[misc]
        raise
    except KeyboardInterrupt:
        say("interrupted; nothing was written.")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        _silence(sys.stdout)
        raise typer.Exit(FAILED) from None
    except Exception as error:
        if os.environ.get("PALATE_TRACEBACK"):
            raise
        if isinstance(error, ArgumentError | ArgumentTypeError):
            option = option_of(error.argument, options)
            if option is not None:
                raise usage_error(about_option(error, option, flags)) from None
        say(f"error: {for_command_line(_message(error), flags)}")
        raise typer.Exit(FAILED) from None


@contextlib.contextmanager
def notes(flags: Mapping[str, str] | None = None) -> Iterator[None]:
    """Show warnings meant for users as one line each; others (for developers) as Python would."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        show = warnings.showwarning
        said = set()  # one sentence is said once, however many fits it is true of

        def note(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, UserWarning):
                if str(message) not in said:
                    say(f"note: {for_command_line(_words(message), flags)}")
                said.add(str(message))
            else:
                show(message, category, filename, lineno, file, line)

        warnings.showwarning = note
        yield


def say(line: str) -> None:
    """Write one line about the run to standard error."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"palate: {one_line(line)}\n")
            sys.stderr.flush()


def usage_error(message: str) -> Exception:
    """Return the error of a command that was called wrongly; it ends with exit code 2."""
    return typer.BadParameter(message)


def _misused(error: typer.BadParameter) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.format_message()}\n")
        return MISUSED
    # a BadParameter of our own has no parameter; its message stands alone
    message = error.format_message().removeprefix("Invalid value: ").rstrip(".")
    message = _INVALID.sub(r"\1 must", message)
    missing = getattr(error, "param", None) if type(error).__name__ == "MissingParameter" else None
    if getattr(missing, "help", None):
        message += f": {missing.help[0].lower()}{missing.help[1:]}".rstrip(".")  # type: ignore[union-attr]
    for word, option in _WORDS.items():
        message = message.replace(
            f"No such command '{word}'", f"No such command '{word}'. Did you mean 'palate {option}'?"
        )
    message = message.removesuffix(".") if message.endswith("?.") else message
    context = getattr(error, "ctx", None)
    hint = f" See {context.command_path} --help." if context is not None else ""
    say(f"error: {message}{'' if message.endswith('?') else '.'}{hint}")
    return MISUSED


def _message(error: Exception) -> str:
    """Return what an error says, as a sentence; errors that nobody wrote for users name their type."""
    if isinstance(error, KeyError) and error.args:
        return _words(error) if isinstance(error.args[0], str) else str(error.args[0])
    if isinstance(error, OSError):
        if error.strerror is None or len(error.args) < 2:
            return str(error) or "a file could not be read or written."
        name = ""
        if error.filename is not None and not isinstance(error.filename, int):
            name = f" {os.fsdecode(error.filename)}"
        return f"could not read or write{name}: {error.strerror.lower()}."
    if isinstance(error, MemoryError):
        return "there is not enough memory for this."
    own = type(error).__module__.split(".")[0] == "palate"  # an error that palate knows was written for users
    if own or isinstance(error, ValueError | TypeError | ImportError):
        return _words(error)
    return f"unexpected {type(error).__name__}: {error} (set PALATE_TRACEBACK=1 to see where)."


def _words(error: Exception | str) -> str:
    """Return what an error or a warning says, in the parts that it was made of."""
    if isinstance(error, str):
        return error
    return error.args[0] if len(error.args) == 1 and isinstance(error.args[0], str) else str(error)


def _tidy_streams() -> None:
    """Make sure that writing a title never fails because a stream cannot show its letters."""
    for stream in (sys.stdout, sys.stderr):
        if (
            stream is not None
            and hasattr(stream, "reconfigure")
            and (stream.encoding or "").lower() not in ("utf-8", "utf8")
        ):
            stream.reconfigure(errors="backslashreplace")


def _silence(stream: TextIO) -> None:
    """Point a stream at nothing, so that Python's flush at exit does not complain again."""
    with contextlib.suppress(Exception):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
