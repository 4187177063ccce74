"""Hostile Keras files: each is refused with its reason; nothing in them runs, nothing large is allocated."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hostile_keras_files import hostile_files

pytest.importorskip("h5py")

SCRIPT = Path(__file__).parents[1] / "hostile_keras_files.py"
LIMIT = 64 << 20


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Return what each message must hold, what another process found, and the file that hostile
    code would create.
    """
    folder = tmp_path_factory.mktemp("hostile")
    sentinel = folder.parent / "sentinel"
    wanted = hostile_files(folder, sentinel)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return wanted, {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}, sentinel


def test_each_file_is_refused_for_its_reason(read):
    wanted, found, _ = read
    assert len(wanted) >= 12
    wrong = {
        name: found[name]["message"]
        for name, reason in wanted.items()
        if reason not in found[name]["message"]
    }
    assert wrong == {}
    assert {name for name, line in found.items() if line["message"] == "read"} == {"good.h5", "good.keras"}


def test_nothing_in_them_was_run(read):
    assert not read[2].exists()


def test_nothing_large_was_allocated(read):
    _, found, _ = read
    assert max(line["grown"] for line in found.values()) < LIMIT


def test_random_damage_is_refused_or_harmless():
    script = SCRIPT.with_name("fuzz_keras_files.py")
    done = subprocess.run(
        [sys.executable, str(script), "--cases", "400"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_keras_is_not_imported_to_read_a_file(tmp_path):
    code = (
        "import sys, palate; from keras_files import write_h5; from pathlib import Path\n"
        f"palate.FactorModel.from_keras(write_h5(Path({str(tmp_path)!r}) / 'a.h5'), mean=3)\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('keras', 'jax', 'torch', "
        "'tensorflow')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=SCRIPT.parent
    )
    assert done.stdout == "[]\n", done.stderr
