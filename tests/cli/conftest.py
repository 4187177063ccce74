"""A command line to call, files to call it on, and a model that it trained."""

import pytest

from command_line import Result, items_frame, process, ratings_frame
from palate.cli import main


@pytest.fixture
def palate(capsys, monkeypatch):
    """Return a function that runs one command in this process, as wide as its output needs."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def call(*arguments):
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture
def refused(palate):
    """Return a function that runs a command which must fail with one line, and returns that line."""

    def call(*arguments, code=1):
        result = palate(*arguments)
        assert result.code == code, result
        assert result.err.count("\n") == 1, result.err
        assert result.err.startswith("palate: error: ")
        return result.err.removeprefix("palate: error: ").strip()

    return call


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return a folder with ratings.csv, items.csv, and model.palate trained from them."""
    path = tmp_path_factory.mktemp("films")
    ratings_frame().write_csv(path / "ratings.csv")
    items_frame().write_csv(path / "items.csv")
    done = process(
        "train", path / "ratings.csv", "-o", path / "model.palate", "--scale", "1", "5", "--n-factors", "4"
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="session")
def model(folder):
    """Return the path of the trained model."""
    return folder / "model.palate"


@pytest.fixture(scope="session")
def bare_model(folder):
    """Return the path of a model saved without ratings and without a catalog."""
    path = folder / "bare" / "bare.palate"
    path.parent.mkdir()
    ratings_frame().write_csv(path.parent / "ratings.csv")
    done = process("train", path.parent / "ratings.csv", "-o", path, "--no-ratings", "--n-factors", "4")
    assert done.returncode == 0, done.stderr
    return path
