"""`palate train --sql`."""

import duckdb
import pytest

import palate as library


def test_a_query_trains_the_model_of_its_file(palate, folder, tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(f"CREATE TABLE reviews AS SELECT * FROM '{folder / 'ratings.csv'}'")
    query = "SELECT user_id AS who, item_id, rating AS stars FROM reviews"
    how = ["--n-factors", 2, "--max-sweeps", 3, "--scale", 1, 5]
    out = tmp_path / "model.palate"
    done = palate("train", "--sql", query, "--db", tmp_path / "shop.duckdb", "--user", "who", "-o", out, *how)
    assert done.code == 0, done.err
    assert done.out.startswith("Read the query in ")
    palate("train", folder / "ratings.csv", "--items", "none", "-o", tmp_path / "file.palate", *how)
    ones, others = (library.load(path).predict([1, 2], [1, 2]) for path in (out, tmp_path / "file.palate"))
    assert (ones == others).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "the ratings must be RATINGS, a file or folder, or come from --sql"),
        (["ratings.csv", "--sql", "SELECT 1"], "give one of the two"),
        (["ratings.csv", "--db", "x"], "--db must be given with --sql"),
        (
            ["--sql", "SELECT 1", "--separator", ","],
            "--separator must be left out with --sql, because it is about files",
        ),
        (["--sql", "SELEC"], "--sql must be a query that DuckDB can run; got 'SELEC'"),
    ],
)
def test_what_is_wrong_is_said(refused, tmp_path, options, message):
    assert message in refused("train", *options, "-o", tmp_path / "model.palate", code=2)


@pytest.mark.parametrize("name", ["ratings.csv", "shop.duckdb"])
def test_a_file_that_is_no_database_is_named(refused, tmp_path, name):
    (tmp_path / name).write_text("user_id,item_id,rating\n1,2,3\n" * 100)
    said = refused("train", "--sql", "SELECT * FROM r", "--db", tmp_path / name, code=2)
    assert said.startswith("--db must be a DuckDB database; got ")


def test_a_database_that_is_not_there_is_named(refused, tmp_path):
    line = refused(
        "train", "--sql", "SELECT 1", "--db", tmp_path / "shop.duckdb", "-o", tmp_path / "model.palate"
    )
    assert line == f"{tmp_path / 'shop.duckdb'} must be a DuckDB database; there is no file of that name."
