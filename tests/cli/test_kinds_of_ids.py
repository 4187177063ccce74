"""Ids of one kind per model at the command line, and catalogs beside ratings."""

import polars as pl
import pytest

from command_line import ratings_frame


@pytest.fixture
def shop(tmp_path, palate):
    """Return a folder with a model whose item ids are text, and a test of it whose item ids could
    be numbers.
    """
    rows = [row for row in ratings_frame().iter_rows() if row[1] != 7] + [(1, "007", 3), (2, "007", 4)]
    lines = [f"{user},{item},{rating}\n" for user, item, rating in rows]
    train = [line for number, line in enumerate(lines) if number % 5]
    (tmp_path / "train.csv").write_text("user_id,item_id,rating\n" + "".join([*train, *lines[-2:]]))
    (tmp_path / "test.csv").write_text("user_id,item_id,rating\n" + "".join(lines[:-2:5]))
    assert palate("train", tmp_path / "train.csv", "-o", tmp_path / "m.palate", "--n-factors", "2").code == 0
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "{m}", "--no-lists", "--test", "{t}"),
        ("calibrate", "{m}", "{t}"),
        ("compare", "{m}", "{m}", "--test", "{t}"),
    ],
)
def test_a_test_has_ids_of_the_models_kind(shop, palate, command):
    filled = [part.format(m=shop / "m.palate", t=shop / "test.csv") for part in command]
    (shop / "items.csv").write_text("item_id,x\n1,1\n1,2\n")  # no catalog, and nobody asked for one
    result = palate(*filled)
    assert (result.code, result.err) == (0, "")


def test_parquet_says_what_to_do(shop, refused):
    pl.read_csv(shop / "test.csv").write_parquet(shop / "test.parquet")
    message = refused("evaluate", shop / "m.palate", "--test", shop / "test.parquet")
    assert "column 'item_id' of test.parquet must hold strings" in message
    assert message.endswith(
        "Cast the column to strings, or save the table as CSV, whose ids are converted to the known type."
    )


def test_a_catalog_is_named_with_its_column_and_can_be_turned_off(tmp_path, palate):
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating\n1,1,5\n1,2,3\n2,1,4\n")
    (tmp_path / "movies.csv").write_text("id,name\n1,Heat\n2,Alien\n")
    train = ("train", tmp_path / "ratings.csv", "--n-factors", "1", "-o", tmp_path / "m.palate")
    result = palate(*train)
    assert result.code == 0
    assert result.err.startswith(
        "palate: note: movies.csv has no column 'movieId' or 'item_id' (its columns are 'id', 'name')."
    )
    assert result.err.endswith("Name one with --items FILE, or turn the search off with --items none.\n")
    (tmp_path / "movies.csv").write_text("movieId,name\n1,Heat\n2,Alien\n")
    assert "Catalog of 2 items by movieId from movies.csv: title.\n" in palate(*train).out
    off = palate(*train, "--items", "none")
    assert (off.code, off.err) == (0, "")
    assert "No catalog" in off.out


def test_a_table_of_users_has_ids_of_the_ratings_kind(tmp_path, palate):
    (tmp_path / "r.csv").write_text("user_id,item_id,rating\n07,a,1\n8,b,2\n8,a,4\n9,b,5\n")
    (tmp_path / "users.csv").write_text("user_id,age\n8,30\n9,40\n")
    result = palate(
        "train",
        tmp_path / "r.csv",
        "-o",
        tmp_path / "m.palate",
        "--n-factors",
        "1",
        "--user-features",
        "age",
        "--user-table",
        tmp_path / "users.csv",
        "--validation",
        "0",
    )
    assert result.code == 0, result.err


def test_a_start_says_whom_it_forgets_and_a_union_forgets_nobody(folder, palate, refused, tmp_path):
    (tmp_path / "new.csv").write_text("user_id,item_id,rating\n1,1,5\n1,900,4\n77,2,1\n")
    train = (
        "train",
        tmp_path / "new.csv",
        "--start",
        folder / "model.palate",
        "--n-factors",
        "4",
        "-o",
        tmp_path / "m.palate",
    )
    result = palate(*train)
    assert result.code == 0
    assert (
        "has 29 users and 38 items without ratings here, which the new model will not have. Add the "
        "ratings to the model by palate update MODEL RATINGS, or train on the union of both, --union."
        in result.err
    )
    result = palate(*train, "--union")
    assert result.code == 0
    assert "forgotten" not in result.err
    assert "of 41 items by 31 users" in result.out
    assert palate("recommend", tmp_path / "m.palate", "5").code == 0
    assert "continued from a model trained on 475 ratings" in palate("info", tmp_path / "m.palate").out
    assert "--union must be given with --start" in refused(*train[:2], "--union", code=2)
