"""`import palate` is cheap and quiet: heavy libraries come with first use, and nothing global changes."""

import json
import subprocess
import sys

import pytest

HEAVY = (
    "matplotlib",
    "narwhals",
    "numba",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "rich",
    "safetensors",
    "scipy",
    "typer",
)

# Runs in a new interpreter: what the test process has imported or started must not count.
PROBE = """
import json, logging, os, signal, sys, time, warnings

events = []
watched = ("socket.", "_thread.start", "subprocess.", "os.fork", "os.posix_spawn")
sys.addaudithook(lambda name, args: events.append(name) if name.startswith(watched) else None)

def state():
    return [dict(os.environ), list(warnings.filters), logging.root.handlers[:], logging.root.level,
            signal.getsignal(signal.SIGINT), sys.excepthook, sys.getrecursionlimit()]

before, started = state(), time.perf_counter()
import palate
seconds = time.perf_counter() - started
found = {"modules": sorted(sys.modules), "events": events, "unchanged": state() == before}
print(json.dumps({"seconds": seconds, **found}))
"""


@pytest.fixture(scope="module")
def after_import():
    run = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def test_import_brings_no_heavy_library(after_import, record_property):
    record_property("import_seconds", after_import["seconds"])
    assert [name for name in HEAVY if name in after_import["modules"]] == []


def test_import_opens_no_socket_and_starts_nothing(after_import):
    assert after_import["events"] == []


def test_import_changes_no_global_state(after_import):
    assert after_import["unchanged"]


def test_public_names_resolve_and_are_sorted():
    import palate

    assert list(palate.__all__) == sorted(palate.__all__)
    for name in palate.__all__:
        assert getattr(palate, name) is not None
    assert set(palate.__all__) <= set(dir(palate))


def test_a_name_of_before_works_and_warns():
    import palate

    with pytest.warns(
        DeprecationWarning,
        match=r"palate\.evaluate_model is now palate\.evaluate; the old name will be removed",
    ):
        assert palate.evaluate_model is palate.evaluate
    assert "evaluate_model" not in palate.__all__


def test_unknown_name_is_an_attribute_error_that_names_it():
    import palate

    with pytest.raises(AttributeError, match="no_such_name"):
        palate.no_such_name  # noqa: B018 - the access is the test
