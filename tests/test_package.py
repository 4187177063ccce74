"""The wheel is pure Python and complete: what it lacks, a user lacks."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # hatchling is among the development tools, so that building needs no network
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_it_is_pure_python(wheel, names):
    assert wheel.name.endswith("-py3-none-any.whl")
    assert [name for name in names if name.endswith((".so", ".pyd", ".dylib", ".c", ".pyx"))] == []


def test_it_holds_every_module_its_texts_and_the_type_marker(names):
    source = ROOT / "src"
    modules = {
        path.relative_to(source).as_posix()
        for kind in ("py", "toml", "css", "html", "js")
        for path in source.rglob(f"*.{kind}")
    }
    assert modules | {"palate/py.typed"} <= set(names)


def test_it_holds_the_bundled_ratings(names):
    assert any(name.startswith("palate/") and name.endswith(".parquet") for name in names)


def test_it_holds_nothing_but_palate(names):
    assert {name.split("/")[0].split("-")[0] for name in names} == {"palate"}
    assert [name for name in names if "__pycache__" in name or name.endswith((".nbi", ".nbc"))] == []


def test_the_licences_are_in_it_and_named(wheel, names):
    with zipfile.ZipFile(wheel) as archive:
        (path,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode("utf-8"))
    assert metadata["License-Expression"] == "MIT AND LicenseRef-MovieLens"
    files = metadata.get_all("License-File")
    assert "LICENSE" in files
    assert any("MovieLens" in name for name in files)
    for name in files:
        assert any(stored.endswith(f".dist-info/licenses/{name}") for stored in names)


def test_plots_are_an_extra(wheel, names):
    with zipfile.ZipFile(wheel) as archive:
        (path,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(path).decode("utf-8"))
    requirements = metadata.get_all("Requires-Dist")
    core = {line.split(">")[0].strip().lower() for line in requirements if "extra ==" not in line}
    assert core == {"narwhals", "numba", "numpy", "polars", "rich", "safetensors", "scipy", "typer"}
    assert any(line.startswith("matplotlib") and "plots" in line for line in requirements)
