"""`palate db` and `palate train --store`, end to end."""

import sqlite3

import polars as pl
import pytest

import palate
from palate.cli import main
from palate.store.changes import Change, StoreError
from palate.store.sqlite import SQLiteStore


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "live.db"
    with_ratings = SQLiteStore(path)
    with_ratings.write(
        [
            Change("1", "10", 4.0, at=7),
            Change("1", "11", at=8),
            Change("new", "10", 2.0, at=9),
            Change("9", "12", 5.0, at=9),
        ]
    )
    yield path, with_ratings
    with_ratings.close()


def test_check_backup_and_export_go_on_beside_who_holds_the_store(tmp_path, store, capsys):
    path, _ = store
    assert main(["db", "check", str(path)]) == 0
    assert "The store is sound: 4 live ratings of 3 users, revision 4." in capsys.readouterr().out
    assert main(["db", "backup", str(path), str(tmp_path / "copy.db")]) == 0
    copy = SQLiteStore(tmp_path / "copy.db")
    assert (copy.n_ratings, copy.of("1")["10"].value) == (4, 4.0)
    copy.close()
    assert main(["db", "backup", str(path), str(tmp_path / "copy.db")]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["db", "export", str(path), str(tmp_path / "out.csv")]) == 0
    assert pl.read_csv(tmp_path / "out.csv").height == 4


def test_forget_needs_the_store_to_itself_and_says_what_remains(store, capsys):
    path, held = store
    assert main(["db", "forget", str(path), "1"]) == 1
    assert "is in use by another process" in capsys.readouterr().err
    held.close()
    assert main(["db", "forget", str(path), "1"]) == 0
    said = capsys.readouterr().out
    assert "Deleted 2 live ratings" in said
    assert "trained again with --store" in " ".join(said.split())
    again = SQLiteStore(path)
    assert again.is_forgotten("1")
    again.close()


def test_a_damaged_store_is_found(tmp_path, capsys):
    path = tmp_path / "live.db"
    store = SQLiteStore(path)
    store.write([Change("a", "x", 1.0), Change("b", "x", 2.0)])
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE ratings SET revision = 7")
    assert main(["db", "check", str(path)]) == 1
    said = capsys.readouterr().err
    assert "two ratings have the same revision" in said
    assert "revision 7, but the store is at revision 2" in said
    assert main(["db", "check", str(tmp_path / "none.db")]) == 1
    assert "there is no store" in capsys.readouterr().err


def test_a_store_with_damaged_pages_is_not_used_and_is_told_from_a_sound_one(tmp_path, capsys):
    path = tmp_path / "live.db"
    store = SQLiteStore(path)
    store.write([Change(f"user {row % 50}", f"item {row}", 4.0) for row in range(2000)])
    store.close()
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xaa" * 4096 * 4)
    for _ in range(2):  # the first time lets go of the file
        with pytest.raises(StoreError, match=r"cannot be used: .*malformed\. Look for damage: palate db"):
            SQLiteStore(path)
    assert main(["db", "export", str(path), str(tmp_path / "out.csv")]) == 1
    assert "Look for damage: palate db check." in capsys.readouterr().err
    assert main(["db", "check", str(path)]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("palate: error: ")
    assert "unexpected" not in said.err
    assert "sound" not in said.out


def test_training_takes_in_live_ratings_and_leaves_forgotten_people_out(tmp_path, store, capsys):
    path, held = store
    held.forget("2")
    frame = pl.DataFrame(
        {
            "user_id": [1, 1, 1, 2, 2, 3, 3, 3],
            "item_id": [10, 11, 12, 10, 11, 10, 11, 12],
            "rating": [1.0, 2, 3, 4, 5, 3, 2, 1],
        }
    )
    frame.write_csv(tmp_path / "r.csv")
    arguments = [
        "train",
        str(tmp_path / "r.csv"),
        "--scale",
        "1",
        "5",
        "--trainer",
        "baseline",
        "--validation",
        "0",
        "--store",
        str(path),
        "-o",
        str(tmp_path / "m.palate"),
    ]
    assert main(arguments) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "2 stored ratings added, 2 ratings of the file replaced or deleted, 2 ratings of deleted "
        "users left out" in said
    )
    assert "1 stored rating left out, whose ids are of another type" in said
    assert said.index("Read ") < said.index("With the store ") < said.index("Together: 6 ratings of 3 items")
    assert "of the model to start from" not in said
    model = palate.load(tmp_path / "m.palate")
    found = {(row["user_id"], row["item_id"]): row["rating"] for row in model.rated(None).to_dicts()}
    assert found == {(1, 10): 4.0, (1, 12): 3.0, (3, 10): 3.0, (3, 11): 2.0, (3, 12): 1.0, (9, 12): 5.0}


def test_an_error_of_the_store_is_a_sentence_and_no_surprise(tmp_path, capsys):
    (tmp_path / "text.db").write_text("text " * 900)
    assert main(["db", "check", str(tmp_path / "text.db")]) == 1
    said = capsys.readouterr().err
    assert "file is not a database. Name another file." in said
    assert "unexpected" not in said
    assert main(["db", "forget", str(tmp_path / "none.db"), "al"]) == 1
    assert "there is no store" in capsys.readouterr().err
