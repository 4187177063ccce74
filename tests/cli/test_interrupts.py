"""An interruption is not lost."""

import sys
import time

import pytest

from palate.cli.interrupts import kept


class Interrupted:
    """Is interrupted where Python ignores it."""

    def __del__(self):
        raise KeyboardInterrupt


def interrupted_where_python_ignores_it():
    with kept():
        found = Interrupted()
        del found
        time.sleep(30)


def test_an_interruption_that_python_ignored_comes_again(capsys):
    before = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt):
        interrupted_where_python_ignores_it()
    assert sys.unraisablehook is before
    assert capsys.readouterr().err == ""


def test_other_ignored_errors_are_shown_as_ever(monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "unraisablehook", shown.append)

    class Failing:
        def __del__(self):
            raise ValueError("no")

    with kept():
        found = Failing()
        del found
    assert [str(one.exc_value) for one in shown] == ["no"]
