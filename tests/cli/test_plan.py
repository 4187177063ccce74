"""`palate plan`: a file is counted, sizes are taken, and what is wrong is said."""

import json


def test_a_file_is_counted_and_every_trainer_estimated(palate, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id,rating\n1,5,3\n1,6,4\n2,5,5\n")
    said = palate("plan", path).out
    assert "3 ratings of 2 items by 2 users" in said
    for name in ("Recommender", "LeastSquares", "Gibbs", "Spectral", "LinearItems", "Baseline"):
        assert name in said


def test_sizes_may_be_written_as_powers_of_ten(palate):
    found = json.loads(
        palate("plan", "--n-ratings", "1e9", "--n-users", "5_000_000", "--n-items", "2e5", "--json").out
    )
    assert {one["n_ratings"] for one in found} == {10**9}
    assert {one["n_users"] for one in found} == {5 * 10**6}
    least_squares = next(one for one in found if one["trainer"] == "LeastSquares")
    assert least_squares["memory_gb"] > 40
    assert least_squares["processor_seconds"] == 802.5


def test_a_table_that_fits_nowhere_comes_with_a_way_out(palate):
    said = palate("plan", "--n-ratings", "1e14", "--n-users", "1e10", "--n-items", "1e8").out
    assert "None of them fits into memory" in said or "not known" in said


def test_what_is_missing_or_too_much_is_said(palate, tmp_path):
    path = tmp_path / "ratings.csv"
    path.write_text("user_id,item_id,rating\n1,5,3\n")
    for words, said in (
        (["plan"], "--n-ratings must be given"),
        (["plan", "--n-ratings", "5", "--n-users", "2"], "--n-items must be given"),
        (["plan", str(path), "--n-users", "2"], "--n-users must be left out"),
        (["plan", "--n-ratings", "few"], "must be a whole number such as 1e9"),
        (["plan", "--n-ratings", "0"], "must be a whole number of at least 1"),
    ):
        done = palate(*words)
        assert done.code == 2, words
        assert said in " ".join(done.err.split()), words
    assert "--user user_id" in palate("plan", path, "--user", "who").err
    assert "no file with this name" in palate("plan", tmp_path / "none.csv").err
