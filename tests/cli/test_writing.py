"""Every command that writes a file: a name that was typed is replaced and told, a default name is refused."""

import json
import shutil
from pathlib import Path

import pytest

IN_PLACE = "in place of the file that was there"

WRITES = {
    "recommend": ("recommend", "MODEL", 1, "-o", "answer.csv"),
    "predict": ("predict", "MODEL", 1, 2, "-o", "answer.json"),
    "rated": ("rated", "MODEL", 1, "-o", "answer.csv"),
    "similar": ("similar", "MODEL", 1, "-o", "answer.parquet"),
    "evaluate": ("evaluate", "MODEL", "--no-lists", "--resamples", 0, "-o", "answer.csv"),
    "calibrate": ("calibrate", "MODEL", "-o", "answer.csv"),
    "calibrate --plot": ("calibrate", "MODEL", "--plot", "plot.png"),
    "calibrate -o --plot": ("calibrate", "MODEL", "-o", "answer.csv", "--plot", "plot.png"),
    "crossval": (
        "crossval",
        "RATINGS",
        "--folds",
        2,
        "--no-lists",
        "--resamples",
        0,
        "--n-factors",
        2,
        "-o",
        "answer.csv",
    ),
    "crossval --save-split": (
        "crossval",
        "RATINGS",
        "--folds",
        2,
        "--no-lists",
        "--resamples",
        0,
        "--n-factors",
        2,
        "--save-split",
        "folds.split",
    ),
    "tune": ("tune", "RATINGS", "--trials", 1, "-o", "answer.csv"),
    "convert": ("convert", "MODEL", "-o", "model.keras"),
    "inspect --html": ("inspect", "MODEL", "--item", 1, "--html", "page.html"),
    "train": ("train", "RATINGS", "--n-factors", 2, "-o", "answer.palate"),
    "train --checkpoint": (
        "train",
        "RATINGS",
        "--n-factors",
        2,
        "-o",
        "answer.palate",
        "--checkpoint",
        "last.palate",
    ),
}


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    """Work in an empty folder, and return what stands for MODEL and RATINGS."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "model.palate", tmp_path / "given.palate")
    return {"MODEL": "given.palate", "RATINGS": folder / "ratings.csv"}


@pytest.mark.parametrize("name", WRITES)
def test_a_file_that_was_named_is_replaced_and_told(name, here, palate):
    command = [here.get(word, word) for word in WRITES[name]]
    first, again = palate(*command), palate(*command)
    assert first.code == again.code == 0, first.err + again.err
    assert "in place of" not in first.out
    n_files = sum(str(word) in ("-o", "--plot", "--html", "--checkpoint", "--save-split") for word in command)
    assert again.out.count(IN_PLACE) == n_files, again.out


def test_json_says_so_too(here, palate):
    command = ("recommend", here["MODEL"], 1, "-o", "answer.csv", "--json")
    assert [json.loads(palate(*command).out)["replaced"] for _ in range(2)] == [False, True]
    train = ("train", here["RATINGS"], "--n-factors", 2, "-o", "answer.palate", "--json")
    assert [json.loads(palate(*train).out)["replaced"] for _ in range(2)] == [False, True]


def test_pictures_in_a_folder_that_was_named_are_counted(here, palate):
    command = ("inspect", here["MODEL"], "--user", 1, "--plots", "pictures", "--html", "page.html")
    first, again = palate(*command).out, palate(*command).out
    assert "in place of" not in first
    n = first.count(".png") + 1
    assert f"in place of {n} files that were there." in again if n > 1 else IN_PLACE in again


def test_pictures_of_an_experiment(here, palate, tmp_path):
    (tmp_path / "grid.toml").write_text('[[grid]]\nname = "size"\nn_factors = [2, 3]\n')
    command = ("experiment", here["RATINGS"], "--plan", "grid.toml", "--plots", "pictures")
    first, again = palate(*command), palate(*command)
    assert first.out.endswith("Wrote 1 pictures to pictures.\n"), first
    assert again.out.endswith(f"Wrote 1 pictures to pictures, {IN_PLACE}.\n")


@pytest.mark.parametrize(
    ("command", "default"),
    [(("train", "RATINGS", "--n-factors", 2), "model.palate"), (("demo",), "palate-demo/model.palate")],
)
def test_a_default_name_that_is_there_is_refused(command, default, here, refused, tmp_path):
    (tmp_path / default).parent.mkdir(exist_ok=True)
    (tmp_path / default).write_text("precious")
    said = refused(*[here.get(word, word) for word in command], code=2)
    assert said.startswith(f"{default} exists already; name another")
    assert "pass --overwrite to replace it" in said
    assert (tmp_path / default).read_text() == "precious"


def test_files_that_prepare_names_itself_are_refused_in_any_folder(here, palate, refused, tmp_path):
    (tmp_path / "rating.csv").write_text("precious")
    said = refused("prepare", here["RATINGS"], "-o", ".")
    assert "rating.csv is there already; pass --overwrite, or another folder" in said
    assert (tmp_path / "rating.csv").read_text() == "precious"
    assert palate("prepare", here["RATINGS"], "-o", ".", "--overwrite").code == 0


READS = (
    ("train", "given.csv", "-o", "given.csv"),
    ("train", "given.csv", "--items", "items.csv", "-o", "items.csv"),
    ("train", "given.csv", "-o", "m.palate", "--checkpoint", "./given.csv"),
    ("update", "given.palate", "given.csv", "-o", "given.csv"),
    ("evaluate", "given.palate", "--test", "given.csv", "-o", "given.csv"),
    ("recommend", "given.palate", "--fold-in", "given.csv", "-o", "given.csv"),
)


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_no_command_replaces_what_it_reads(command, folder, here, refused):
    shutil.copy(folder / "ratings.csv", "given.csv")
    shutil.copy(folder / "items.csv", "items.csv")
    before = {path: Path(path).read_bytes() for path in ("given.csv", "items.csv", "given.palate")}
    said = refused(*command, code=2)
    assert "must not be a file that the command reads, which would be lost" in said
    assert before == {path: Path(path).read_bytes() for path in before}


def test_a_model_replaces_no_file_of_another_kind(folder, here, palate, refused):
    Path("notes.csv").write_text("user_id,item_id,rating\n1,1,3\n")
    said = refused("train", here["RATINGS"], "--trainer", "baseline", "-o", "notes.csv", code=2)
    assert said.startswith("notes.csv is a file of another kind, which would be lost")
    assert Path("notes.csv").stat().st_size == 29
    Path("empty").touch()
    shutil.copy("given.palate", "model-of-before")
    for name in ("empty", "model-of-before"):
        result = palate("train", here["RATINGS"], "--trainer", "baseline", "-o", name)
        assert result.code == 0, result.err


def test_a_model_that_goes_on_may_replace_itself(here, palate):
    ratings = here["RATINGS"]
    assert palate("update", "given.palate", ratings, "-o", "given.palate").code == 0
    assert (
        palate("train", ratings, "--start", "given.palate", "--n-factors", 4, "-o", "given.palate").code == 0
    )
