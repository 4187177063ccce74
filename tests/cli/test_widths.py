"""Tables fit the terminal: titles get the room, texts wrap at words, numbers and ids stay whole."""

import shutil

import polars as pl
import pytest
from rich.cells import cell_len

from palate.cli.output import COLUMNS, Column, print_table

FRAME = pl.DataFrame(
    {
        "rank": [1, 2],
        "item_id": [122886, 7],
        "title": ["Star Wars: Episode VII - The Force Awakens", "Heat"],
        "year": [2015, 1995],
        "genres": ["Action|Adventure|Fantasy|Sci-Fi|IMAX", "Crime"],
        "n_ratings": [1234, 5],
        "mean_rating": [3.5, 4.0],
        "predicted_rating": [4.25, 4.5],
        "low": [3.0, 3.5],
        "high": [5.0, 5.0],
    }
)


def shown(frame, columns, width, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(width))
    print_table(frame, columns)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_tables_fit_and_nothing_is_lost(width, monkeypatch, capsys):
    lines = shown(FRAME, COLUMNS, width, monkeypatch, capsys)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for word in ["122886", "2015", "1,234", "4.25", "Awakens", "Adventure,", "IMAX", "predicted", "ratings"]:
        assert word in words


def test_titles_are_whole_where_that_makes_the_table_little_longer(monkeypatch, capsys):
    lines = shown(FRAME.with_columns(genres=pl.lit("Drama|War")), COLUMNS, 110, monkeypatch, capsys)
    assert any("Star Wars: Episode VII - The Force Awakens" in line for line in lines)


def test_titles_leave_room_for_sentences(monkeypatch, capsys):
    said = "far more likely to be chosen than most; expected rating 4.1 (3.7 to 4.6)"
    frame = FRAME.select("rank", "item_id", "title", "year", "n_ratings", in_words=pl.lit(said))
    lines = shown(frame, COLUMNS, 80, monkeypatch, capsys)
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 2 + 2 * 3  # headings, and both rows in three lines at most


def test_numbers_are_whole_even_where_they_do_not_fit(monkeypatch, capsys):
    lines = shown(FRAME, COLUMNS, 30, monkeypatch, capsys)
    assert any("122886" in line and "1,234" in line for line in lines)


SHOWS = {
    "recommend": ("recommend", "MODEL", 1, 2),
    "recommend --words": ("recommend", "MODEL", 1, "--words"),
    "predict": ("predict", "MODEL", 1, "--title", "Film"),
    "rated": ("rated", "MODEL", 1),
    "similar": ("similar", "MODEL", 1, "--n", 20),
    "explain": ("explain", "MODEL", 1, 2),
    "info": ("info", "MODEL"),
    "inspect": ("inspect", "MODEL"),
    "inspect --item": ("inspect", "MODEL", "--item", 1),
    "inspect --user": ("inspect", "MODEL", "--user", 1),
    "inspect --distinctive": ("inspect", "MODEL", "--distinctive"),
    "evaluate": ("evaluate", "MODEL", "--k", 5, "--k", 10, "--resamples", 20),
    "evaluate --by activity": ("evaluate", "MODEL", "--by", "activity", "--resamples", 0),
    "evaluate --by popularity": ("evaluate", "MODEL", "--by", "popularity", "--resamples", 0),
    "evaluate --by user": ("evaluate", "MODEL", "--by", "user", "--resamples", 0),
    "calibrate": ("calibrate", "MODEL"),
    "crossval": ("crossval", "RATINGS", "--folds", 2, "--n-factors", 2, "--resamples", 20),
    "compare": ("compare", "MODEL", "OTHER", "--user", 1, "--resamples", 20),
    "experiment": ("experiment", "RATINGS", "--plan", "PLAN"),
    "tune": ("tune", "RATINGS", "--trials", 2),
    "datasets": ("datasets", "list"),
    "train": ("train", "RATINGS", "--n-factors", 2, "-o", "OUT"),
    "prepare": ("prepare", "RATINGS", "-o", "PREPARED"),
}


@pytest.mark.parametrize("name", SHOWS)
def test_what_a_command_prints_fits_80_columns(name, palate, folder, tmp_path, monkeypatch):
    shutil.copy(folder / "model.palate", tmp_path / "another model.palate")
    (tmp_path / "plan.toml").write_text(
        '[[grid]]\nname = "size, with a long name"\nn_factors = [2, 3]\nkeras_l2_user = 1e-7\n'
    )
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "model.palate", "m.palate")
    for file in ("ratings.csv", "items.csv"):
        shutil.copy(folder / file, file)
    words = {
        "MODEL": "m.palate",
        "OTHER": "another model.palate",
        "RATINGS": "ratings.csv",
        "PLAN": "plan.toml",
    }
    words |= {"OUT": "out.palate", "PREPARED": "prepared"}
    monkeypatch.setenv("COLUMNS", "80")
    result = palate(*[words.get(word, word) for word in SHOWS[name]])
    assert result.code == 0, result.err
    # what is to be pasted is one line, however long
    wide = [line for line in result.out.splitlines() if cell_len(line) > 80 and not line.startswith("palate")]
    assert not wide, "\n".join(wide)
    assert "…" not in result.out


def test_columns_that_do_not_fit_come_in_tables_below(monkeypatch, capsys):
    frame = pl.DataFrame({"model": ["a", "b"], **{f"number_{n}": [n + 0.5, n + 0.25] for n in range(8)}})
    columns = tuple(Column(name, name, "error" if name != "model" else "id") for name in frame.columns)
    lines = shown(frame, columns, 40, monkeypatch, capsys)
    assert all(len(line) <= 40 for line in lines)
    assert (
        sum(line.startswith("model") for line in lines)
        == len([line for line in lines if line.startswith("b ")])
        > 1
    )
    text = " ".join(lines)
    assert all(f"number_{n}" in text and f"{n}.2500" in text for n in range(8))
