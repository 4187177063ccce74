"""Tables fit the terminal: titles get the room, texts wrap at words, numbers and ids stay whole."""

import polars as pl
import pytest

from palate.cli.output import COLUMNS, print_table

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


def test_titles_get_the_room_before_genres(monkeypatch, capsys):
    lines = shown(FRAME, COLUMNS, 110, monkeypatch, capsys)
    assert any("Star Wars: Episode VII - The Force Awakens" in line for line in lines)


def test_numbers_are_whole_even_where_they_do_not_fit(monkeypatch, capsys):
    lines = shown(FRAME, COLUMNS, 30, monkeypatch, capsys)
    assert any("122886" in line and "1,234" in line for line in lines)
