"""The lines of a running service: form, no repetition, changes of models, files that are gone."""

import io
import logging
import sys

import pytest

import served_models
from palate.app import watching
from palate.app.core import Core
from palate.app.errors import ActivationError
from palate.app.watching import Watcher
from palate.service.logs import EVERY, LOGGERS, Line, Seldom, write_events
from palate.store.memory import MemoryStore


def record(level, text, *arguments, at=0.0):
    made = logging.LogRecord("palate.service", level, __file__, 1, text, arguments, None)
    made.created = at
    return made


def test_a_line_has_the_time_in_utc_and_says_what_is_wrong():
    said = [
        Line().format(record(level, "model %r is gone", "a"))
        for level in (logging.INFO, logging.WARNING, logging.ERROR)
    ]
    assert said == [
        "palate: 1970-01-01T00:00:00Z model 'a' is gone",
        "palate: 1970-01-01T00:00:00Z warning: model 'a' is gone",
        "palate: 1970-01-01T00:00:00Z error: model 'a' is gone",
    ]


def test_what_was_written_within_a_minute_is_not_repeated():
    seldom = Seldom()
    times = [0.0, 1.0, EVERY - 1, EVERY, EVERY + 1]
    assert [seldom.filter(record(logging.ERROR, "full", at=at)) for at in times] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert seldom.filter(record(logging.ERROR, "empty", at=EVERY + 2))


def test_events_go_to_standard_error(monkeypatch):
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(log.handlers, log.propagate, log.level) for log in loggers]
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    try:
        write_events()
        logging.getLogger("palate.app.models").info("model %r now has version %s", "a", "1f")
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
        lines = sys.stderr.getvalue().splitlines()
    finally:
        for log, (handlers, propagate, level) in zip(loggers, before, strict=True):
            log.handlers, log.propagate = handlers, propagate
            log.setLevel(level)
    assert [line.split("Z ")[1] for line in lines] == [
        "model 'a' now has version 1f",
        "warning: Invalid HTTP request received.",
    ]


def test_changes_of_models_are_written_and_counted_once(tmp_path, caplog):
    caplog.set_level(logging.INFO, "palate")
    path = served_models.saved(tmp_path / "films.palate")
    core = Core.open([path], store=MemoryStore())
    core.activate("films")  # the same file once more
    assert (core.n_swaps, caplog.messages) == (0, [])
    served_models.saved(path, seed=1)
    version = core.activate("films").version
    assert (core.n_swaps, caplog.messages) == (1, [f"model 'films' now has version {version}"])
    caplog.clear()
    other = served_models.saved(tmp_path / "other.palate")
    core.activate("other", other)
    assert caplog.messages[1:] == ["model 'other' is now the default model"]
    caplog.clear()
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ActivationError):
        core.activate("films")
    assert len(caplog.messages) == 1
    assert f"Version {version} stays in use." in caplog.text


def test_a_file_that_is_gone_is_written_once(tmp_path, caplog):
    path = served_models.saved(tmp_path / "films.palate")
    core = Core.open([path], store=MemoryStore())
    watcher = Watcher(core, every=1000)
    try:
        path.rename(tmp_path / "aside")
        for _ in range(watching.MISSED - 1):
            watcher._look()
        assert caplog.messages == []  # it may be about to be replaced
        for _ in range(3):
            watcher._look()
        assert caplog.messages == [
            f"model 'films' stays in use, but its file {path} is gone; put it back before the next start"
        ]
        (tmp_path / "aside").rename(path)
        watcher._look()
        path.unlink()
        for _ in range(watching.MISSED):
            watcher._look()
        assert len(caplog.messages) == 2
    finally:
        watcher.close()
