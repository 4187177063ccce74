"""How every command ends: exit codes, one line on standard error, and streams that are closed, full
or strange.
"""

import errno
import os
import re
import subprocess
import sys
import warnings

import pytest
import typer

from command_line import PALATE, process
from palate._checks import ArgumentError
from palate.cli import errors, main
from palate.cli.commands import app
from palate.cli.messages import for_command_line, one_line, printable

APP = typer.main.get_command(app)
COMMANDS = tuple(name for name, command in APP.commands.items() if not command.hidden)
LEAVES = [  # with the commands of groups, such as ("datasets", "list")
    words
    for name in COMMANDS
    for words in ([(name, inner) for inner in getattr(APP.commands[name], "commands", ())] or [(name,)])
]


def test_help_lists_every_command(palate):
    result = palate("--help")
    assert result.code == 0
    listed = re.findall(r"^│ ([a-z-]+) {2,}\S", result.out.partition("─ Commands ─")[2], re.MULTILINE)
    assert listed == list(COMMANDS)
    assert len(listed) >= 17  # or there is nothing to test below


def test_what_a_command_does_is_in_one_piece(palate, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    panel = palate("--help").out.partition("─ Commands ─")[2]
    lines = [line for line in panel.splitlines() if line.startswith("│")]
    assert len(lines) == len(COMMANDS)
    assert all(re.fullmatch(r"│ [a-z-]+ +\S.*[.] +│", line) for line in lines)


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_each_help_has_an_example(palate, words):
    result = palate(*words, "--help")
    assert result.code == 0
    # a line of its own, which the line with the usage is not
    assert re.search(rf"^ +palate (?:.*\bpalate )?{' '.join(words)}\b", result.out, re.MULTILINE)


def test_version(palate):
    assert palate("--version").out.startswith("palate 0.")


def test_without_a_command_it_shows_the_help_and_fails(palate):
    result = palate()
    assert result.code == 2
    assert "recommend" in result.out + result.err


def test_an_option_at_the_end_without_its_value(refused):
    assert refused("recommend", "m.palate", "-n", code=2) == "Option '-n' requires an argument."
    assert refused("train", "r.csv", "--scale", "1", code=2) == "Option '--scale' requires 2 arguments."


@pytest.mark.parametrize("line", [["--scale"], ["--deny"], ["r.csv", "--top"]], ids=" ".join)
def test_a_line_that_a_shell_completes_is_no_error(line, capsys):
    for name in ("train", "recommend"):
        APP.commands[name].make_context(name, list(line), resilient_parsing=True)
    assert capsys.readouterr().err == ""


def test_an_unknown_command(refused):
    assert "No such command 'recomend'" in refused("recomend", code=2)


def test_help_and_version_import_nothing_heavy():
    probe = (
        "import sys; from palate.cli import main; main(sys.argv[1:]); print([m for m in ('numba', "
        "'numpy', 'polars') if m in sys.modules])"
    )
    for option in ("--help", "--version"):
        run = subprocess.run(
            [sys.executable, "-c", probe, option], capture_output=True, text=True, check=True
        )
        assert run.stdout.splitlines()[-1] == "[]"


# -- errors
# ------------------------------------------------------------------------------------------------------


def test_a_model_file_that_is_missing_or_foreign(refused, folder):
    assert "nosuch.palate" in refused("info", "nosuch.palate")
    assert "is not a usable model file" in refused("info", folder / "ratings.csv")
    refused("info", folder)


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (KeyError("unknown user id 7."), "error: unknown user id 7.", 1),
        (ValueError("a\nlong  story"), "error: a long  story", 1),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "x.csv"),
            "error: could not read or write x.csv: no such file or directory.",
            1,
        ),
        (OSError("could not save x."), "error: could not save x.", 1),
        (OSError(), "error: a file could not be read or written.", 1),
        (MemoryError(), "error: there is not enough memory for this.", 1),
        (
            ZeroDivisionError("division by zero"),
            "error: unexpected ZeroDivisionError: division by zero (set PALATE_TRACEBACK=1 to see where).",
            1,
        ),
        (KeyboardInterrupt(), "interrupted; nothing was written.", 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_error_is_one_line(capsys, error, line, code):
    with pytest.raises(typer.Exit) as end, errors.guarded({}):
        raise error
    assert end.value.exit_code == code
    assert capsys.readouterr().err == f"palate: {line}\n"


def test_a_wrong_value_of_an_option_is_a_wrong_call():
    with (
        pytest.raises(errors.UsageError, match=r"--min-ratings must be at least 0; got -1\."),
        errors.guarded({"min_ratings": "--min-ratings"}),
    ):
        raise ArgumentError("min_ratings", "be at least 0", "-1")


def test_a_message_in_the_same_words_that_is_of_no_argument_is_not_about_an_option(capsys):
    with pytest.raises(typer.Exit) as end, errors.guarded({"min_ratings": "--min-ratings"}):
        raise ValueError("min_ratings must be at least 0; got -1.")
    assert end.value.exit_code == 1
    assert capsys.readouterr().err == "palate: error: min_ratings must be at least 0; got -1.\n"


def test_the_traceback_can_be_had(monkeypatch):
    monkeypatch.setenv("PALATE_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError), errors.guarded({}):
        raise ZeroDivisionError


def test_warnings_for_users_are_notes_and_others_are_not(capsys):
    with errors.notes():
        warnings.warn("pass duplicates='mean'\nif you like.", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "palate: note: pass --duplicates mean if you like.\n"


def test_messages_speak_of_options():
    assert for_command_line("Did you mean user='who'?") == "Did you mean --user who?"
    assert for_command_line("pass exclude_seen=False") == "pass --include-seen"
    assert for_command_line("n_ratings=3 and superuser='x'") == "n_ratings=3 and superuser='x'"
    assert one_line("a\n\tb \x1b[31m") == "a b \\x1b[31m"
    assert printable("Amélie 東京 \x07\x9b") == "Amélie 東京 \\x07\\x9b"


# -- streams
# ------------------------------------------------------------------------------------------------------


def test_a_reader_that_stops_early_gets_no_complaint(model):
    shell = (
        f"'{PALATE}' recommend '{model}' --all-users -n 40 --include-seen | head -n 1; echo "
        f"${{PIPESTATUS[0]}}"
    )
    run = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert run.stderr == ""
    assert run.stdout.splitlines()[0].startswith("user")


def test_closed_output(model):
    run = subprocess.run(
        ["bash", "-c", f"'{PALATE}' info '{model}' >&-"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr == "palate: error: standard output is closed; there is nowhere to write the result.\n"


def test_closed_standard_error(model):
    run = subprocess.run(
        ["bash", "-c", f"'{PALATE}' info nosuch 2>&-"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout) == (1, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no full device")
def test_full_output(model):
    run = subprocess.run(
        ["bash", "-c", f"'{PALATE}' info '{model}' > /dev/full"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr == "palate: error: could not read or write: no space left on device.\n"


def test_output_that_cannot_show_a_title(model):
    done = process(
        "recommend",
        model,
        1,
        "--candidates",
        "4",
        "--include-seen",
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 0
    assert "\\u6771\\u4eac\\u7269\\u8a9e" in done.stdout
    done = process(
        "recommend",
        model,
        1,
        "--candidates",
        "4",
        "--include-seen",
        "--json",
        env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert "\\u6771\\u4eac" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_in_a_terminal_of_80_columns_nothing_is_cut(model):
    import pty
    import termios

    mine, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    environment = {
        name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")
    } | {"TERM": "xterm"}
    command = [PALATE, "recommend", model, "1", "--candidates", "2,3", "--include-seen"]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(mine, 65536):
                text += chunk
        except OSError:  # Linux reports the end of a terminal so
            pass
    os.close(mine)
    shown = text.decode()
    assert "\x1b[1m" in shown  # the heading is bold
    assert "Heat Lightning" in shown
    assert "…" not in shown


def test_main_may_be_called_without_a_process(model, capsys):
    assert main(["info", str(model), "--json"]) == 0
    assert capsys.readouterr().out.startswith("{")


@pytest.mark.parametrize("streams", ["| head -n 1", "2>&1 | head -n 1", "| true", ">&-", ">&- 2>&-"])
def test_a_reader_that_stops_early_does_not_cost_the_model(tmp_path, streams):
    rows = [
        f"{user},{item},{(user * item) % 5 + 1}"
        for user in range(20)
        for item in range(15)
        if (user + item) % 2
    ]
    (tmp_path / "r.csv").write_text("\n".join(["user_id,item_id,rating", *rows]) + "\n")
    shell = f"'{PALATE}' train r.csv -o m.palate --n-factors 2 {streams}"
    subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (tmp_path / "m.palate").exists()
