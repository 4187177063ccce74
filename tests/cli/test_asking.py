"""`recommend`, `predict`, `rated`, `similar`: they answer what the library answers, and say what is
wrong in one line.
"""

import json

import polars as pl
import pytest

import palate as library
from command_line import process


def rows(result):
    assert result.code == 0, result.err
    return json.loads(result.out)


@pytest.fixture(scope="module")
def loaded(model):
    return library.load(model)


def same(found, frame):
    """Return whether JSON rows are those of a frame; float32 is compared by its own digits."""
    exact = [
        {
            name: value if not isinstance(value, float) else pytest.approx(value, rel=1e-6)
            for name, value in row.items()
        }
        for row in frame.to_dicts()
    ]
    return found == exact


# -- recommend
# -----------------------------------------------------------------------------------------------------------


def test_recommend_answers_as_the_library(palate, model, loaded):
    assert same(rows(palate("recommend", model, 1, "--json")), loaded.recommend(1))
    assert same(rows(palate("recommend", model, 2, 1, "-n", 3, "--json")), loaded.recommend([2, 1], 3))
    assert same(
        rows(palate("recommend", model, 1, "--ascending", "--json")), loaded.recommend(1, ascending=True)
    )
    assert same(
        rows(palate("recommend", model, 1, "--include-seen", "--json")),
        loaded.recommend(1, exclude_seen=False),
    )
    assert same(
        rows(palate("recommend", model, 1, "--min-ratings", 14, "--json")),
        loaded.recommend(1, min_ratings=14),
    )
    assert same(rows(palate("recommend", model, "--all-users", "-n", 2, "--json")), loaded.recommend(None, 2))


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (("--genres", "crime"), {"genres": "Crime"}),
        (("--genres", "Crime", "--genres", "Drama"), {"genres": ["Crime", "Drama"]}),
        (("--genres", "Crime|Drama"), {"genres": ["Crime", "Drama"]}),
        (("--year", "1980-1989"), {"year": (1980, 1989)}),
        (("--year", "1980-"), {"year": (1980, None)}),
        (("--year", "-1989"), {"year": (None, 1989)}),
        (("--year", "1988"), {"year": 1988}),
        (("--where", "year > 1985 AND n_ratings > 10"), "year > 1985 AND n_ratings > 10"),
        (
            ("--year", "1980-1989", "--genres", "drama", "--where", "item_id > 13"),
            {"genres": "Drama", "year": (1984, 1989)},
        ),
    ],
)
def test_filters(palate, model, loaded, options, where):
    assert same(
        rows(palate("recommend", model, 1, "--include-seen", "--json", *options)),
        loaded.recommend(1, exclude_seen=False, where=where),
    )


def test_candidates_and_deny_from_a_list_or_a_file(palate, model, loaded, tmp_path):
    listed = tmp_path / "ids.txt"
    listed.write_text("3\n4\n\n5\n")
    wanted = loaded.recommend(1, exclude_seen=False, candidates=[3, 4, 5])
    assert same(
        rows(palate("recommend", model, 1, "--include-seen", "--json", "--candidates", "3,4,5")), wanted
    )
    assert same(
        rows(palate("recommend", model, 1, "--include-seen", "--json", "--candidates", listed)), wanted
    )
    answer = rows(
        palate(
            "recommend",
            model,
            1,
            "--include-seen",
            "--json",
            "--candidates",
            "3,4,5",
            "--exclude-items",
            "4, 5",
        )
    )
    assert [row["item_id"] for row in answer] == [3]


def test_a_list_longer_than_the_catalog_is_the_catalog(palate, model):
    assert len(rows(palate("recommend", model, 1, "--include-seen", "-n", 999, "--json"))) == 40


def test_filters_that_leave_nothing_say_which(palate, model):
    result = palate("recommend", model, 1, "--min-ratings", 5000)
    assert result.code == 0
    assert result.out == "Nothing found.\n"
    assert result.err.startswith("palate: note: no item is left to recommend: --min-ratings 5000 ")
    assert palate("recommend", model, 1, "--min-ratings", 5000, "--json").out == "[]\n"


def test_someone_new_by_titles_ids_and_file(palate, model, loaded, tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("item_id,rating\n3,5\n8,1\n")
    titles = tmp_path / "titles.csv"
    titles.write_text("Title,Rating\nAmélie,5\nFilm number 8,1\n")
    wanted = loaded.recommend(loaded.fold_in([3, 8], [5, 1], user_id="you"))
    for options in (
        ("--rate", "Amélie=5", "--rate", "8=1"),
        ("--rate", "id:3=5", "--rate", "title:Film number 8=1"),
        ("--fold-in", path),
        ("--fold-in", titles),
    ):
        assert same(rows(palate("recommend", model, *options, "--json")), wanted)
    assert palate("recommend", model, "--fold-in", path).out.startswith("Recommendations for you\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine.csv must hold ratings; got an empty file."),
        ("item_id,x\n3,5\n", "mine.csv must have the column rating; got the columns 'item_id', 'x'."),
        (
            "x,rating\n3,5\n",
            "mine.csv must have the column item_id (or title); got the columns 'x', 'rating'.",
        ),
        (
            "item_id,rating\n3,5\n99,1\n",
            "mine.csv, row 2: unknown item id '99': an item id of this model is an integer such as 1 (40 "
            "items).",
        ),
        ("item_id,rating\n3,\n", "mine.csv, row 1: rating must be given; got an empty cell."),
        ("item_id,rating\n3,good\n", "mine.csv, row 1: could not convert string to float: 'good'"),
        ("item_id,rating\n3,5\n3,4\n", "each item must be rated once; got a second rating of '3'."),
        ("item_id,rating\n3,9\n", "a rating must be within the model's scale 1 to 5; got 9 for '3'."),
        ("item_id,rating\n3,nan\n", "a rating must be within the model's scale 1 to 5; got nan for '3'."),
    ],
)
def test_a_file_of_someone_new_that_is_wrong(refused, model, tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    assert refused("recommend", model, "--fold-in", path) == message


def test_a_number_that_is_an_id_and_a_title_must_be_made_clear(refused, palate, model):
    assert "'12' is the id of one item and the title of another; write id:12 or title:12." in refused(
        "recommend", model, "--rate", "12=5"
    )
    by_title = rows(palate("recommend", model, "--rate", "title:12=5", "--json"))
    assert by_title == rows(palate("recommend", model, "--rate", "5=5", "--json"))


@pytest.mark.parametrize(
    "options", [(), ("1", "--all-users"), ("1", "--rate", "Heat=5"), ("--all-users", "--fold-in", "x.csv")]
)
def test_who_is_meant_must_be_clear(refused, model, options):
    assert "one of the three" in refused("recommend", model, *options, code=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--year", "eighties"), "--year must be a year or a range such as 1980-1989; got 'eighties'."),
        (("--year", "1990-1980"), "--year must have its earlier end first; got '1990-1980'."),
        (("--rate", "Heat"), "--rate must be TITLE=RATING or ID=RATING, such as 'Heat=4.5'; got 'Heat'."),
        (("1", "-n", "0"), "--n must be at least 1"),
        (("1", "--min-ratings", "-1"), "--min-ratings must be"),
        (("1", "-o", "list.txt"), "--output must end in .csv, .parquet or .json; got 'list.txt'."),
    ],
)
def test_a_wrong_option_is_exit_code_2(refused, model, options, message):
    users = () if options[0] in ("1", "--rate") else ("1",)
    assert message in refused("recommend", model, *users, *options, code=2)


def test_a_condition_that_cannot_be_computed(refused, model):
    assert (
        "must name columns of the items; got 'yeer'. Did you mean 'year'? The columns are 'item_id', "
        "'title', 'year'" in refused("recommend", model, 1, "--where", "yeer > 3", code=2)
    )
    assert "must be a condition in SQL" in refused(
        "recommend", model, 1, "--where", ">>", "--year", "1980", code=2
    )


def test_unknown_users_say_what_ids_are_like(refused, model):
    message = "unknown user id '{}': a user id of this model is an integer such as 1 (30 users). "
    message += "For somebody new, palate recommend takes ratings: --rate ITEM=RATING."
    for text in ("bob", "31", "1.0", "99999999999999999999"):
        assert refused("recommend", model, text) == message.format(text)


def test_seen_items_need_the_ratings(palate, refused, bare_model):
    assert "Pass --include-seen" in refused("recommend", bare_model, 1)
    assert palate("recommend", bare_model, 1, "--include-seen").code == 0


# -- files and tables
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_an_answer_in_a_file_is_the_answer(palate, model, loaded, tmp_path, ending):
    path = tmp_path / f"list.{ending}"
    result = palate("recommend", model, 1, 2, "-o", path)
    assert result.out == f"Wrote 10 rows to {path}.\n"
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "json": pl.read_json}[ending]
    assert same(read(path).to_dicts(), loaded.recommend([1, 2]))
    assert rows(palate("recommend", model, 1, 2, "-o", path, "--json")) == {
        "output": str(path),
        "rows": 10,
        "replaced": True,
    }


def test_an_answer_that_cannot_be_written_is_found_before_the_work(refused, palate, tmp_path):
    broken = tmp_path / "broken.palate"
    broken.write_bytes(b"")
    message = refused("recommend", broken, 1, "-o", tmp_path / "nosuch" / "list.csv")
    assert "there is no such folder" in message


def test_a_table_never_cuts_ids_or_text(palate, model):
    result = palate("recommend", model, 1, "--candidates", "2,3,4,5,6,7", "--include-seen", "-n", 9)
    for title in ("Heat Lightning", "Amélie", "東京物語", "[REC]", "Evil\\x1b[2J"):
        assert title in result.out
    assert "Comedy, Crime" in result.out
    assert "\x1b" not in result.out
    narrow = process("recommend", model, 1, "--candidates", "2,3", "--include-seen", env={"COLUMNS": "30"})
    assert "…" not in narrow.stdout
    assert "Lightning" in narrow.stdout


def test_every_user_has_a_row_label_when_there_are_several(palate, model):
    lines = palate("recommend", model, 1, 2, "-n", 1).out.splitlines()
    assert lines[0].split()[:3] == ["user", "#", "id"]
    assert [line.split()[0] for line in lines[2:]] == ["1", "2"]


# -- predict
# ------------------------------------------------------------------------------------------------------


def test_predict_answers_as_the_library(palate, model, loaded):
    assert same(rows(palate("predict", model, 1, 5, 3, "--json")), loaded.predict_frame(1, [5, 3]))
    assert same(
        rows(palate("predict", model, 1, "--title", "heat", "--json")), loaded.predict_frame(1, title="Heat")
    )
    wanted = loaded.predict_frame(1, title=["Heat", "Amélie"], where={"year": (None, 1972)}, clip=True)
    found = palate(
        "predict", model, 1, "--title", "Heat", "--title", "amélie", "--year", "-1972", "--clip", "--json"
    )
    assert same(rows(found), wanted)
    assert palate("predict", model, 1, 3).out.startswith("Predictions for user 1\n")


def test_predict_of_unknown_ids(palate, refused, model):
    assert (
        refused("predict", model, 1, 99)
        == "unknown item id '99': an item id of this model is an integer such as 1 (40 items)."
    )
    assert refused("predict", model, 99, 1).startswith("unknown user id '99'")
    assert rows(palate("predict", model, 1, 99, "--unknown", "nan", "--json"))[0]["predicted_rating"] is None
    assert isinstance(
        rows(palate("predict", model, 99, 1, "--unknown", "baseline", "--json"))[0]["predicted_rating"], float
    )
    assert "--unknown must be one of" in refused("predict", model, 1, 2, "--unknown", "guess", code=2)


def test_predict_needs_items_one_way(refused, model, bare_model):
    for options in ((), ("3", "--title", "Heat"), ("3", "--year", "1980")):
        assert "not both, not neither" in refused("predict", model, 1, *options, code=2)
    assert refused("predict", model, 1, "--title", "Nosferatu") == "no title contains 'Nosferatu'."
    assert "has no catalog with titles" in refused("predict", bare_model, 1, "--title", "Heat", code=2)


# -- rated and similar
# ---------------------------------------------------------------------------------------------------


def test_rated_answers_as_the_library(palate, model, loaded):
    frame = loaded.rated(1)
    assert same(rows(palate("rated", model, 1, "--json")), frame)
    assert same(rows(palate("rated", model, 1, "-n", 2, "--json")), frame.head(2))
    assert palate("rated", model, 1).out.startswith(f"{len(frame)} ratings by user 1\n")
    assert palate("rated", model, 1, "-n", 2).out.startswith(
        f"The 2 highest of {len(frame)} ratings by user 1\n"
    )


def test_rated_needs_the_ratings(refused, bare_model):
    assert "which was saved without them" in refused("rated", bare_model, 1)


def test_similar_answers_as_the_library(palate, model, loaded):
    assert same(rows(palate("similar", model, 1, "--json")), loaded.similar_items(1))
    assert same(
        rows(palate("similar", model, "--title", "Amélie", "-n", 3, "--json")), loaded.similar_items(3, 3)
    )
    found = palate(
        "similar", model, 1, "--genres", "Drama", "--min-ratings", 12, "--exclude-items", "2", "--json"
    )
    assert same(
        rows(found), loaded.similar_items(1, where={"genres": "Drama"}, min_ratings=12, exclude_items=[2])
    )
    assert palate("similar", model, 3).out.startswith("Most like Amélie (1973)\n")


def test_an_exact_title_wins_and_an_ambiguous_one_lists_what_it_fits(palate, refused, model):
    assert rows(palate("similar", model, "--title", "heat", "--json")) == rows(
        palate("similar", model, 1, "--json")
    )
    message = refused("similar", model, "--title", "hea")
    assert (
        message
        == "'hea' fits 2 titles: 1 Heat (1971); 2 Heat Lightning (1972). Give more of the title or an id."
    )
    assert "; and 27 more. Give more of the title" in refused("similar", model, "--title", "Film number")


def test_a_title_where_an_id_belongs_gets_a_hint(refused, model):
    assert refused("similar", model, "Améli").endswith("To name items by title: --title 'Améli'.")


def test_similar_needs_one_item(refused, model, bare_model):
    for options in ((), ("1", "--title", "Heat")):
        assert "one of the three" in refused("similar", model, *options, code=2)
    assert "has titles; this one has none" in refused("similar", bare_model, "--title", "Heat")
    assert refused("similar", model, "--title", "Nosferatu") == "no title contains 'Nosferatu'."


def test_a_model_of_biases_alone_has_no_directions(palate, refused, folder, tmp_path):
    path = tmp_path / "base.palate"
    assert palate("train", folder / "ratings.csv", "-o", path, "--trainer", "baseline").code == 0
    assert "that has factors" in refused("similar", path, 1)


def test_options_of_before_work_with_a_note(palate, model):
    plain = palate("recommend", model, 1, "--json", "--exclude-items", "2", "--ascending")
    old = palate("recommend", model, 1, "--json", "--deny=2", "--worst")
    assert (old.code, old.out) == (0, plain.out)
    said = old.err
    assert (
        "note: --deny is now --exclude-items; the old name will be removed in the next minor version." in said
    )
    assert "note: --worst is now --ascending;" in said
