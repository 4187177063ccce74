"""`palate train`: what it reads, says and saves; every kind of bad input is one line that says what
is wrong and where.
"""

import dataclasses
import json
import resource
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

import palate as library
from command_line import PALATE, process, ratings_frame
from palate.cli import main
from palate.cli.hyperparameters import TRAINERS, _classes


def write(path, text):
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def table(tmp_path):
    """Return a function that writes a rating file of given rows, or of a given text."""

    def make(*rows, header="user_id,item_id,rating", name="ratings.csv"):
        return write(tmp_path / name, "\n".join([header, *rows, ""]))

    return make


@pytest.fixture
def train(palate, tmp_path):
    """Return a function that trains on a file; the model lands in tmp_path/out.palate."""

    def call(path, *options):
        return palate("train", path, "-o", tmp_path / "out.palate", *options)

    return call


LEAST_SQUARES = ("--trainer", "least-squares")
ROWS = ("1,2,3", "2,2,4", "1,3,4", "2,3,2", "3,2,5")


def test_it_tells_what_it_read_what_came_out_and_what_to_do_next(folder, train, tmp_path):
    result = train(folder / "ratings.csv", "--scale", "1", "5", *LEAST_SQUARES)
    assert result.code == 0
    assert result.err == ""
    assert "500 ratings of 40 items by 30 users, scale 1 to 5.\n" in result.out
    assert "Catalog of 40 items by item_id from items.csv: title, year, genres.\n" in result.out
    assert "Trained LeastSquares on 475 ratings in " in result.out
    assert f"Saved {tmp_path / 'out.palate'} (" in result.out
    assert result.out.endswith(f"Next: palate recommend {tmp_path / 'out.palate'} 1\n")


def test_without_options_the_model_recommends_what_people_choose_and_like(folder, train, palate, tmp_path):
    result = train(folder / "ratings.csv", "--scale", "1", "5")
    assert result.code == 0
    assert "Trained Recommender on 500 ratings in " in result.out
    assert "This model of choices was not compared with others: " in result.out
    model = library.load(tmp_path / "out.palate")
    assert model.stars is not None
    listed = palate("recommend", tmp_path / "out.palate", 1, "-n", 3)
    assert listed.code == 0
    assert "expected rating " in listed.out
    rows = json.loads(palate("recommend", tmp_path / "out.palate", 1, "-n", 3, "--json").out)
    assert [row["item_id"] for row in rows] == model.recommend(1, 3)["item_id"].to_list()
    for head in ("chosen", "stars"):
        rows = json.loads(palate("recommend", tmp_path / "out.palate", 1, "--by", head, "--json").out)
        assert [row["item_id"] for row in rows] == model.recommend(1, by=head)["item_id"].to_list()
    for command in (
        ("info",),
        ("similar", 8),
        ("predict", 1, 8, "--std"),
        ("explain", 1, 8),
        ("rated", 1),
        ("inspect",),
    ):
        name, *rest = command
        done = palate(name, tmp_path / "out.palate", *rest)
        assert (done.code, done.err) == (0, ""), command


def test_an_option_of_another_trainer_is_followed_and_told(folder, train):
    result = train(folder / "ratings.csv", "--n-factors", "3")
    assert "--n-factors is an option of --trainer least-squares, which is therefore used." in result.out
    assert "Trained LeastSquares" in result.out
    assert "Trained Spectral" in train(folder / "ratings.csv", "--power", "0.4").out


@pytest.mark.parametrize("name", ["spectral", "linear-items", "neighbours", "popular"])
def test_choice_models_by_name(folder, train, palate, tmp_path, name):
    assert train(folder / "ratings.csv", "--trainer", name).code == 0
    assert palate("recommend", tmp_path / "out.palate", 1).code == 0
    assert palate("info", tmp_path / "out.palate").code == 0


def test_help_lists_the_options_of_the_named_trainer_alone(palate):
    general, gibbs = (
        process("train", "--help").stdout,
        process("train", "--trainer", "gibbs", "--help").stdout,
    )
    assert "--l2-user" not in general
    assert "--burn-in" in gibbs
    assert "--damping-user" not in gibbs


@pytest.fixture
def help_of(capsys, monkeypatch):
    """Return a function that returns the lines of a trainer's help at a width, None for no trainer."""

    def lines(name, width):
        words = ["train", *([] if name is None else ["--trainer", name]), "--help"]
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["palate", *words])
        capsys.readouterr()
        assert main(words) == 0
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.mark.parametrize("name", [None, *TRAINERS])
def test_help_of_a_trainer_fits_two_screens(name, help_of):
    shown = help_of(name, 80)
    assert len(shown) <= 100
    assert max(map(len, shown)) <= 80
    assert any(line.lstrip("│ ").startswith("--user COLUMN") for line in shown) == (name is None)


@pytest.mark.parametrize("name", TRAINERS)
def test_help_shows_each_trainer_its_own_options_and_defaults(name, help_of):
    shown = " ".join(" ".join(help_of(name, 200)).replace("│", " ").split())
    panel = shown[shown.index(f"Options of --trainer {name}") : shown.index("─ Options ─")]
    own = {field.name.replace("_", "-") for field in dataclasses.fields(_classes()[name])}
    assert {option for option in own if f"--{option}" in panel} == own
    if name == "gibbs":
        assert "[200]" in panel


def test_the_head_that_ranks_is_asked_of_two_heads_alone(model, palate):
    refused_one = palate("recommend", model, 1, "--by", "stars")
    assert refused_one.code == 2
    assert "--by is for a model of two heads" in refused_one.err


def test_model_and_baseline_are_judged_by_the_same_held_out_ratings(folder, train):
    result = train(folder / "ratings.csv", "--json", "--scale", "1", "5", *LEAST_SQUARES)
    told = json.loads(result.out)
    ratings = library.read(folder / "ratings.csv", scale=(1, 5)).ratings
    for name, trainer in {"LeastSquares": library.LeastSquares(), "Baseline": library.Baseline()}.items():
        model = trainer.fit(ratings, callback=lambda report: None)
        held_out = ratings.select(model.ratings.held_out)
        frame = held_out.to_frame()
        predicted = np.clip(model.predict(frame["user_id"], frame["item_id"]), 1, 5).astype(np.float64)
        assert told["errors"][name]["rmse"] == pytest.approx(
            np.sqrt(np.mean((predicted - held_out.value) ** 2)), rel=1e-6
        )
        assert told["errors"][name]["mae"] == pytest.approx(
            np.mean(np.abs(predicted - held_out.value)), rel=1e-6
        )
    assert (told["n_train"], told["n_validation"], told["errors_clipped"]) == (475, 25, True)


def test_json_is_the_only_thing_on_standard_output(folder, train):
    result = train(folder / "ratings.csv", "--json", *LEAST_SQUARES)
    told = json.loads(result.out)
    assert told["n_ratings"] == 500
    assert told["trainer"]["name"] == "LeastSquares"
    assert result.out.count("\n") == 1


def test_refit_reports_the_errors_from_before_unclipped(folder, train, tmp_path):
    told = json.loads(train(folder / "ratings.csv", "--refit", "--json").out)
    assert told["n_train"] == 500
    assert told["errors_clipped"] is False
    assert set(told["errors"]) == {"LeastSquares", "Baseline"}
    model = library.load(tmp_path / "out.palate")
    assert model.history.n_validation == 0
    text = train(folder / "ratings.csv", "--refit").out
    assert "Errors on held-out ratings (before the refit, predictions not clipped):" in text


def test_baseline_as_the_trainer(folder, train, tmp_path):
    result = train(folder / "ratings.csv", "--trainer", "baseline", "--damping-user", "5")
    assert result.code == 0
    assert "Trained Baseline" in result.out
    assert library.load(tmp_path / "out.palate").trainer["damping_user"] == 5


def test_hyper_parameters_reach_the_trainer(folder, train, tmp_path):
    options = (
        "--n-factors",
        "3",
        "--l2-user",
        "0.5",
        "--no-biases",
        "--max-sweeps",
        "2",
        "--l2-item",
        "auto",
    )
    assert train(folder / "ratings.csv", *options).code == 0
    trainer = library.load(tmp_path / "out.palate").trainer
    wanted = {
        "n_factors": 3,
        "l2_user": 0.5,
        "l2_item": "auto",
        "biases": False,
        "max_sweeps": 2,
        "l2_bias": 3.5,
    }
    assert {name: trainer[name] for name in wanted} == wanted


@pytest.mark.skipif(not all(find_spec(name) for name in ("keras", "jax")), reason="needs the extra keras")
def test_keras_as_the_trainer_with_its_own_defaults(folder, train, tmp_path):
    result = train(
        folder / "ratings.csv",
        "--trainer",
        "keras",
        "--epochs",
        "2",
        "--batch-size",
        "64",
        "--n-factors",
        "32",
    )
    model = library.load(tmp_path / "out.palate")
    assert result.code == 0
    assert model.trainer["name"] == "KerasFactorization"
    given = {name: model.trainer[name] for name in ("epochs", "batch_size", "n_factors", "biases", "l2_user")}
    # 32 factors are the default of another trainer: given all the same; the last two are this
    # trainer's own defaults
    assert given == {"epochs": 2, "batch_size": 64, "n_factors": 32, "biases": False, "l2_user": 1e-7}


def test_the_seed_decides_the_model(folder, palate, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert (
            palate(
                "train",
                folder / "ratings.csv",
                "-o",
                tmp_path / name,
                "--seed",
                seed,
                "--json",
                *LEAST_SQUARES,
            ).code
            == 0
        )
    first, same, other = (library.load(tmp_path / name).user_factors.tobytes() for name in "abc")
    assert first == same
    assert first != other


def test_start_goes_on_with_the_same_split(folder, palate, tmp_path):
    path, more = tmp_path / "a.palate", tmp_path / "b.palate"
    options = ("--n-factors", "4", "--max-sweeps", "1")
    assert palate("train", folder / "ratings.csv", "-o", path, *options, "--seed", "7").code == 0
    assert (
        palate("train", folder / "ratings.csv", "-o", more, *options, "--seed", "8", "--start", path).code
        == 0
    )
    first, second = library.load(path), library.load(more)
    assert (first.ratings.held_out == second.ratings.held_out).all()
    assert second.history.sweeps[0].objective < first.history.sweeps[0].objective


def test_checkpoint_is_a_model(folder, train, tmp_path):
    assert train(folder / "ratings.csv", "--checkpoint", tmp_path / "check.palate").code == 0
    assert library.load(tmp_path / "check.palate").n_users == 30


def test_counts_have_no_errors_in_stars(folder, train, tmp_path):
    result = train(folder / "ratings.csv", "--counts", "linear")
    assert result.code == 0
    assert "RMSE" not in result.out
    assert library.load(tmp_path / "out.palate").scale is None


def test_columns_of_other_names(table, train, tmp_path):
    path = table("ann,x,3", "bo,x,5", "ann,y,1", header="who,what,stars")
    assert train(path, "--user", "who", "--item", "what", "--rating", "stars").code == 0
    assert library.load(tmp_path / "out.palate").users.ids() == ["ann", "bo"]


def test_non_ascii_ids_and_titles(table, train, palate, tmp_path):
    path = table("Zoë,käse,3", "Zoë,日本,5", "bo,käse,4")
    write(tmp_path / "items.csv", "item_id,title\nkäse,Käse & Wein\n日本,東京物語\n")
    assert train(path).code == 0
    result = palate("recommend", tmp_path / "out.palate", "bo")
    assert "東京物語" in result.out
    assert json.loads(palate("rated", tmp_path / "out.palate", "Zoë", "--json").out)[0]["item_id"] == "日本"


# -- bad input
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "user_id,item_id\n1,2\n",
            "ratings.csv must have a rating column; got the columns 'user_id', 'item_id', none with a",
        ),
        ("", "ratings.csv must hold ratings; got an empty file."),
        ("user_id,item_id,rating\n", "ratings.csv must hold at least one row; got only a header."),
        (
            "user_id,item_id,rating\n1,2,3\n1,3,nan\n",
            "must hold finite numbers; got nan at line 3 of ratings.csv.",
        ),
        (
            "user_id,item_id,rating\n1,2,3\n1,3,inf\n",
            "must hold finite numbers; got inf at line 3 of ratings.csv.",
        ),
        (
            "user_id,item_id,rating\n1,2,3\n1,3,good\n",
            "column 'rating' must hold numbers; got 'good' at line 3 of ratings.csv.",
        ),
        (
            "user_id,item_id,rating\n1,2,3\n,3,4\n",
            "'user_id' must have an id in every row; got null at line 3 of ratings.csv.",
        ),
    ],
)
def test_a_bad_file_is_named_with_its_line(refused, tmp_path, text, message):
    path = write(tmp_path / "ratings.csv", text)
    assert message in refused("train", path, "-o", tmp_path / "out.palate")
    assert not (tmp_path / "out.palate").exists()


def test_a_named_column_that_is_missing(table, refused):
    message = refused("train", table(*ROWS, header="user_id,film,rating"), "--item", "flim")
    assert "'flim'" in message
    assert "'user_id', 'film', 'rating'" in message
    assert "--item" in message


def test_a_wrong_separator_is_found_out(table, refused):
    path = table("1;2;3", header="user_id;item_id;rating")
    assert "It seems to be a semicolon: pass --separator ';'." in refused("train", path, "--separator", ",")


def test_a_rating_outside_the_declared_scale(table, refused):
    message = refused("train", table("1,2,3", "1,3,9"), "--scale", "1", "5")
    assert "within the declared scale 1 to 5; got 9 at line 3 of ratings.csv." in message
    assert "--scale LOWEST HIGHEST" in message


def test_duplicates_are_counted_in_a_note(table, train, refused):
    path = table(*ROWS, "1,2,5")
    result = train(path)
    assert result.code == 0
    assert result.err.startswith("palate: note: 1 row repeats a (user, item) pair")
    assert result.err.count("\n") == 1
    assert json.loads(train(path, "--duplicates", "mean", "--json").out)["n_duplicates"] == 1
    assert "each user must rate an item once" in refused("train", path, "--duplicates", "error")


def test_a_catalog_with_ids_of_another_type(table, refused, tmp_path):
    catalog = write(tmp_path / "films.csv", "item_id,title\na,Heat\n")
    message = refused("train", table(*ROWS), "--items", catalog)
    assert "none of its 1 ids by item_id from films.csv is among the items rated ('a' beside 2)" in message


@pytest.mark.parametrize(
    "rows",
    [("1,2,3", "1,3,4", "1,4,5"), ("1,2,3", "2,2,4"), ("1,2,3",)],
    ids=["one user", "one item", "one rating"],
)
def test_the_smallest_tables_train(table, train, palate, tmp_path, rows):
    result = train(table(*rows))
    assert result.code == 0, result.err
    assert palate("recommend", tmp_path / "out.palate", "1", "--include-seen").code == 0


def test_a_user_whose_ratings_are_all_held_out_is_told(table, train):
    rows = [f"{user},{item},{1 + (user * item) % 5}" for user in range(1, 5) for item in range(1, 6)]
    result = train(table(*rows, "9,1,4"), "--validation", "0.9", "--seed", "1", *LEAST_SQUARES)
    assert result.code == 0
    assert "no training rating (all are held out)" in result.out


def test_more_factors_than_ratings_and_no_penalty(table, train, tmp_path):
    result = train(table(*ROWS), "--n-factors", "64", "--l2-user", "0", "--l2-item", "0")
    assert result.code == 0
    assert "solved in float64" in result.out
    assert np.isfinite(library.load(tmp_path / "out.palate").user_factors).all()


def test_gibbs_with_features_of_users_and_items(folder, train, tmp_path):
    users = write(
        tmp_path / "users.csv",
        "user_id,town\n" + "".join(f"{user},{'ab'[user % 2]}\n" for user in range(1, 31)),
    )
    options = (
        "--trainer",
        "gibbs",
        "--sweeps",
        "30",
        "--burn-in",
        "10",
        "--n-factors",
        "2",
        "--likelihood",
        "ordinal",
    )
    features = ("--user-features", "rated,town", "--item-features", "raters,genres", "--user-table", users)
    result = train(folder / "ratings.csv", *options, *features)
    assert result.code == 0
    assert "30 sweeps, 20 draws kept. All 30 sweeps were made, of which 10 were burn-in." in result.out
    model = library.load(tmp_path / "out.palate")
    assert [group.name for group in model.user_link.groups] == ["rated", "town"]
    assert [group.name for group in model.item_link.groups] == ["raters", "genres"]
    assert model.link == "ordinal"


def test_refit_of_gibbs_shows_the_errors_of_its_first_run(folder, train):
    options = (
        "--trainer",
        "gibbs",
        "--sweeps",
        "20",
        "--burn-in",
        "5",
        "--n-factors",
        "2",
        "--refit",
        "--json",
    )
    told = json.loads(train(folder / "ratings.csv", *options).out)
    assert told["errors"]["Gibbs"]["rmse"] > 0.3
    assert told["n_validation"] == 0


def test_a_feature_that_is_not_known_is_one_line(table, refused):
    options = ("--trainer", "gibbs", "--user-features", "age")
    assert "--user-features must name columns of user_table; got 'age', and none was given." in refused(
        "train", table(*ROWS), *options, code=2
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--l2-item", "-1"), "--l2-item must be a finite number of at least 0; got -1.0."),
        (("--l2-user", "lots"), "--l2-user must be a number or auto; got 'lots'."),
        (("--dropout", "1"), "--dropout must be in [0, 1); got 1.0."),
        (("--n-factors", "0"), "--n-factors must be from 1 to 1,024; got 0."),
        (("--n-factors", "two"), "--n-factors must be a whole number; got two"),
        (("--validation", "1"), "--validation must be a share in [0, 1); got 1.0."),
        (
            ("--duplicates", "maybe"),
            "--duplicates must be one of 'last', 'mean', 'sum', 'error'; got 'maybe'.",
        ),
        (("--format", "nope"), "--format must be one of auto, table, wide, movielens"),
        (("--scale", "5", "1"), "--scale must be two finite numbers, the lower one first; got (5, 1)."),
        (("--encoding", "klingon"), "--encoding must be one that Python knows"),
        (("--counts", "often"), "--counts must be one of"),
        (
            ("--trainer", "magic"),
            "--trainer must be one of least-squares, gibbs, baseline, keras, recommender, spectral, "
            "linear-items, popular, neighbours; got 'magic'.",
        ),
        (
            ("--trainer", "baseline", "--user-table", "users.csv"),
            "--user-table is not for --trainer baseline, which has no features.",
        ),
        (("--trainer", "gibbs", "--user-table", "users.csv"), "no file users.csv."),
        (("--trainer", "gibbs", "--burn-in", "300"), "--burn-in must be less than --sweeps 200; got 300."),
        (
            ("--trainer", "baseline", "--n-factors", "3"),
            "--n-factors is not a hyper-parameter of --trainer baseline.",
        ),
        (("--seed", "-1"), "--seed must be at least 0; got -1"),
        (("--wat",), "No such option: --wat"),
    ],
)
def test_a_wrong_option_is_exit_code_2(table, refused, options, message):
    assert message in refused("train", table(*ROWS), *options, code=2)


def test_a_file_that_is_not_there(refused, tmp_path):
    assert "there is no file with this name" in refused("train", tmp_path / "nosuch.csv")


# -- saving
# ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nosuch/out.palate", "there is no such folder"),
        (".", "it is a folder"),
        ("ratings.csv/x", "it is not a folder"),
    ],
)
@pytest.mark.parametrize("option", ["-o", "--checkpoint"])
def test_a_place_that_cannot_hold_the_model_is_found_before_reading(
    table, refused, monkeypatch, tmp_path, output, message, option
):
    path = table("no", "ratings")
    monkeypatch.chdir(tmp_path)
    assert message in refused("train", path, option, output)


def without_root_rights():
    """Take from a child what lets root write to read-only folders; call between fork and exec."""
    import ctypes

    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux capabilities when run as root")
def test_a_read_only_folder(folder, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    done = process(
        "train", folder / "ratings.csv", "-o", closed / "out.palate", preexec_fn=without_root_rights
    )
    assert done.returncode == 1
    assert (
        done.stderr
        == f"palate: error: could not save {closed}/out.palate: {closed} may not be written to (permission "
        f"denied). Choose another folder.\n"
    )
    assert done.stdout == ""


def test_a_full_disk_keeps_the_old_model(folder, tmp_path):
    path = tmp_path / "out.palate"
    train = "train", folder / "ratings.csv", "--trainer", "least-squares", "-o", path
    assert process(*train, "--seed", "1").returncode == 0
    before = path.read_bytes()

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = process(*train, "--seed", "2", preexec_fn=small_files)
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"palate: error: could not save {path} (file too large); what was there is unchanged"
    )
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.palate"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_an_interrupt_keeps_the_last_whole_sweep(tmp_path):
    path, checkpoint = tmp_path / "out.palate", tmp_path / "check.palate"
    ratings_frame(n_users=200, n_items=300, n=20_000).write_csv(tmp_path / "ratings.csv")
    options = (
        "--max-sweeps",
        "1000000",
        "--tolerance",
        "0",
        "--patience",
        "1000000",
        "--checkpoint",
        checkpoint,
    )
    run = subprocess.Popen(
        [PALATE, "train", tmp_path / "ratings.csv", "-o", path, *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not checkpoint.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    finally:
        run.kill()
    assert run.returncode == 130
    assert err == f"palate: interrupted; what was trained until then is saved as {path}.\n"
    assert "Interrupted after " in out
    model = library.load(path)
    assert model.history.stopped.startswith("Interrupted after ")
    assert model.history.sweeps


def test_with_counts_the_rows_of_a_pair_add_up(tmp_path, palate):
    rows = [
        (user, item, 1)
        for user in range(8)
        for item in range(6)
        for _ in range(9 if item == user % 6 else (user + item) % 2)
    ]
    log = write(
        tmp_path / "log.csv", "user_id,item_id,plays\n" + "".join(f"{u},{i},{n}\n" for u, i, n in rows)
    )
    result = palate("train", log, "-o", tmp_path / "log.palate", "--counts", "linear", "--n-factors", "2")
    assert result.code == 0
    assert "the values of each pair are added up (--duplicates sum)." in result.err
    assert "counts from 1 to 9" in result.out
    assert json.loads(palate("rated", tmp_path / "log.palate", "3", "--json").out)[0]["rating"] == 9
    kept = palate(
        "train",
        log,
        "-o",
        tmp_path / "kept.palate",
        "--counts",
        "linear",
        "--duplicates",
        "last",
        "--n-factors",
        "2",
    )
    assert "32 interactions of 6 items by 8 users." in kept.out
    found = palate("prepare", log, "-o", tmp_path / "prepared", "--duplicates", "sum")
    assert (found.code, "mean rating" in found.out) == (0, True)


def test_pairs_are_trained_on_as_counts_of_one(tmp_path, palate, refused):
    rows = [(user, item) for user in range(8) for item in range(6) if (user + item) % 2]
    pairs = write(tmp_path / "pairs.csv", "user_id,item_id\n" + "".join(f"{u},{i}\n" for u, i in rows))
    said = refused("train", pairs, "-o", tmp_path / "no.palate")
    assert said.endswith("If each row is a play, a click or a purchase, pass --no-rating.")
    result = palate(
        "train", pairs, "-o", tmp_path / "pairs.palate", "--counts", "one-plus", "--n-factors", "2"
    )
    assert (result.code, result.err) == (
        0,
        "palate: note: pairs.csv has no rating column: each row counts 1.\n",
    )
    later = write(tmp_path / "later.csv", "user_id,item_id\n0,0\n0,0\n")
    tested = palate("evaluate", tmp_path / "pairs.palate", "--test", later, "--resamples", "0")
    assert tested.code == 0, tested.err
    assert "added up" in tested.err


def test_a_table_of_choices_is_trained_listed_and_tested_without_ratings(tmp_path, palate, refused):
    rows = [(user, item) for user in range(8) for item in range(6) if (user + item) % 2]
    lines = "".join(f"{user},{item},{user % 3}\n" for user, item in rows)
    log = write(tmp_path / "log.csv", "user_id,item_id,rating\n" + lines)
    model = tmp_path / "chosen.palate"
    result = palate("train", log, "-o", model, "--no-rating")
    assert (result.code, result.err) == (0, "")
    assert "24 interactions of 6 items by 8 users." in result.out
    assert "Trained Recommender" in result.out
    assert "to be chosen" in palate("recommend", model, 0, "-n", 1).out
    later = write(tmp_path / "later.csv", "user_id,item_id\n0,0\n1,1\n")
    tested = palate("evaluate", model, "--test", later, "--no-rating", "--resamples", 0)
    assert (tested.code, tested.err, "RMSE  " in tested.out) == (0, "", False)
    assert "pass --no-rating" in refused("evaluate", model, "--test", later)
    said = refused("train", log, "--no-rating", "--rating", "rating", code=2)
    assert said == "--rating must be left out with --no-rating, which reads no ratings; got 'rating'."


def test_pairs_that_come_again_are_counts_of_which_the_model_knows(tmp_path, palate):
    rows = [(user, item) for user in range(8) for item in range(6) if (user + item) % 2]
    log = write(tmp_path / "log.csv", "user_id,item_id\n" + "".join(f"{u},{i}\n" for u, i in rows + rows[:9]))
    model = tmp_path / "counted.palate"
    assert palate("train", log, "-o", model, "--no-rating").code == 0
    assert library.load(model).trainer["values_resolved"] == "counts"
    later = write(tmp_path / "later.csv", "user_id,item_id\n0,0\n0,0\n")
    tested = palate("evaluate", model, "--test", later, "--resamples", 0)
    assert (tested.code, "added up" in tested.err) == (0, True)


def test_lists_that_lose_to_the_most_popular_items_are_told(train, tmp_path, rng):
    users, items = np.nonzero(rng.random((150, 40)) < np.linspace(0.9, 0.05, 40))
    rows = [f"{u},{i},{1 + (u + i) % 5}" for u, i in zip(users, items, strict=True)]
    path = tmp_path / "popular.csv"
    path.write_text("\n".join(["user_id,item_id,rating", *rows]) + "\n")
    lost = train(path, "--trainer", "baseline", "--validation", 0.2)
    assert lost.code == 0
    said = " ".join(lost.out.split())
    assert "The lists for held-out ratings are worse than those of the most popular items: nDCG@10" in said
    found = json.loads(train(path, "--trainer", "baseline", "--validation", 0.2, "--json").out)["lists"]
    assert found["lost"]
    assert found["ndcg@10"] < found["most_popular"]
    assert found["difference_low"] < found["difference_high"] < 0
    assert "worse than those of the most popular" not in train(path, "--trainer", "neighbours").out
    assert json.loads(train(path, "--trainer", "baseline", "--validation", 0, "--json").out)["lists"] is None


def test_counts_are_called_interactions_and_not_ratings(palate, tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"u{user},i{item},{rng.integers(1, 300)}" for user in range(30) for item in range(user % 3, 12)]
    (tmp_path / "plays.csv").write_text("\n".join(["user,item,plays", *rows]) + "\n")
    model = tmp_path / "plays.palate"
    trained = palate("train", tmp_path / "plays.csv", "-o", model, "--values", "counts").out
    assert f"{len(rows)} interactions of 12 items by 30 users, counts from " in trained
    assert f"Trained Recommender on {len(rows)} interactions in " in trained
    rated = palate("rated", model, "u1").out
    assert rated.startswith("11 interactions by user u1\n")
    assert "count" in rated
    assert f"\ninteractions: {len(rows)}\n" in palate("info", model).out
    for shown in (rated, palate("similar", model, "i3").out, palate("recommend", model, "u2").out):
        assert " rating" not in shown
