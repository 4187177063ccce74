"""What someone types in the first hour after the README: every slip is answered with what to type instead."""

import polars as pl
import pytest

import palate as library

TITLES = ["Toy Story", "Heat", "Alien", "Star Wars: Episode IV - A New Hope", "The Matrix"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Return a folder with what a newcomer has: films as MovieLens writes them, a table of texts,
    clicks, and two models.
    """
    path = tmp_path_factory.mktemp("desk")
    genres = ["Comedy|Children", "Action|Crime", "Horror", "Action", "Sci-Fi"]
    films = "".join(
        f'{n},"{title} (197{n})",{genre}\n'
        for n, (title, genre) in enumerate(zip(TITLES, genres, strict=True), 1)
    )
    (path / "films").mkdir()
    (path / "films" / "movies.csv").write_text(f"movieId,title,genres\n{films}")
    rows = [
        (user, item, 1 + (user * item) % 5)
        for user in range(60, 80)
        for item in range(1, 6)
        if (user + item) % 3
    ]
    (path / "films" / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n" + "".join(f"{u},{i},{r},9\n" for u, i, r in rows)
    )
    (path / "ratings.csv").write_text(
        "user_id,item_id,rating\nann,Heat,4\nann,Alien,5\nbo,Heat,3\ncleo,Alien,2\n"
    )
    (path / "clicks.csv").write_text("user_id,item_id\n" + "".join(f"{u},{i}\n" for u, i, _ in rows))
    (path / "page.csv").write_text("<!DOCTYPE html>\n<html><body>Not found</body></html>\n")
    for name, source in (("films.palate", "films"), ("text.palate", "ratings.csv")):
        data = library.read(path / source)
        library.LeastSquares(n_factors=2, max_sweeps=3).fit(data, validation=0).save(path / name)
    return path


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("train", "the ratings must be RATINGS, a file or folder, or come from --sql"),
        ("train nothing.csv", "nothing.csv"),
        ("train clicks.csv -o c.palate", "pass --no-rating"),
        ("train films/movies.csv", "Name it with --user"),
        ("train ratings.csv --user user", "Did you mean --user user_id?"),
        ("train ratings.csv --trainer lest-squares", "Did you mean 'least-squares'?"),
        ("train ratings.csv --factors 4", "--n-factors"),
        ("recommend 63 films.palate", "the model comes first: 'films.palate', then '63'"),
        ("predict 63 films.palate 1", "the model comes first: 'films.palate', then '63'"),
        ("similar 1 films.palate", "the model comes first: 'films.palate', then '1'"),
        ("recommend films.palate", "name the users, or give --all-users"),
        ("recommend film.palate 63", "palate train RATINGS -o film.palate makes one"),
        ("recommend films.palate sixty", "a user id of this model is an integer such as 60"),
        ("recommend text.palate cloe", "Did you mean 'cleo'?"),
        ("recommend films.palate 63 --genres Comdey", "got 'Comdey'. The genres, the nearest first: Comedy"),
        ("recommend films.palate 63 --genre Comedy", "--genres"),
        ("recommend films.palate 63 --where yaer>1975", "Did you mean 'year'?"),
        (
            "recommend films.palate 63 --unknown best",
            "--unknown must be one of 'raise', 'skip', 'popular'; got 'best'",
        ),
        ("recommend films.palate --rate Matrix", "such as 'Heat=4.5'; got 'Matrix'"),
        (
            "recommend films.palate --rate Matrix=9",
            "a rating must be within the model's scale 0.5 to 5; got 9 for 'Matrix'",
        ),
        ("recommend films.palate --rate The_Matirx=5", "Did you mean 'The Matrix'?"),
        ("predict films.palate 63", "choose the items by id, or by --title"),
        ("predict films.palate 63 --title Toy_Stroy", "Did you mean 'Toy Story'?"),
        ("similar films.palate --title Star_Wrs", "Did you mean 'Star Wars: Episode IV - A New Hope'?"),
        ("rated films.palate", "Missing argument 'USER'"),
        ("recomend films.palate 63", "Did you mean 'recommend'?"),
        ("recommend films.palate 63 --n 0", "--n must be at least 1; got 0"),
        ("recommend films.palate 63 --n=ten", "--n must be a whole number; got ten"),
        ("recommend films.palate 63 --diversity 3", "--diversity must be at most 1; got 3"),
        ("recommend films.palate 9999", "For somebody new, palate recommend takes ratings: --rate"),
        ("recommend text.palate ann --genres Comedy", "--genres needs a catalog with a column genres"),
        ("predict text.palate ann --year 1980", "--year needs a catalog with a column year"),
        ("train ratings.csv --trainer als", "Did you mean 'least-squares'?"),
        ("train ml-1m -o c.palate", "Download it with palate datasets fetch ml-1m"),
        ("train movielens-small --scale 1 5 -o c.palate", "--scale is for files and must be left out"),
        ("datasets path movielens-small", "comes with palate and needs no download"),
        ("evaluate films.palate ratings.csv", "test ratings are given by --test ratings.csv"),
        ("update films.palate ratings.csv", "got 'ann' at line 2 of ratings.csv"),
        ("train page.csv -o c.palate", "it is a page in HTML. Download the table itself"),
        ("help", "Did you mean 'palate --help'?"),
    ],
)
def test_a_slip_is_answered_with_what_to_type(palate, desk, monkeypatch, typed, answer):
    monkeypatch.chdir(desk)
    result = palate(*(word.replace("_", " ") for word in typed.split()))
    assert result.code in (1, 2), result
    assert answer in result.err
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err


def test_a_title_stands_for_its_id(palate, desk):
    result = palate("similar", desk / "films.palate", "Heat")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("Most like Heat (1972)")


def test_clicks_are_trained_with_what_the_error_says(palate, desk, monkeypatch):
    monkeypatch.chdir(desk)
    assert palate("train", "clicks.csv", "-o", "c.palate", "--counts", "one-plus", "--n-factors", 2).code == 0
    assert palate("recommend", "c.palate", 63).code == 0


def test_unknown_users_may_have_the_most_popular(palate, desk):
    result = palate("recommend", desk / "films.palate", 63, 9999, "--unknown", "popular", "--n", 1)
    assert result.code == 0
    assert "most popular" in result.out
    assert "user 9999 is unknown" in result.err


@pytest.mark.parametrize(
    ("typed", "error", "answer"),
    [
        ("model.recommend('63')", KeyError, "Did you mean 63?"),
        ("model.predict(63)", TypeError, "items must be given"),
        ("model.predict_frame(63, title='Toy Stroy')", KeyError, "Did you mean 'Toy Story'?"),
        ("model.recommend(63, where={'genres': 'Comdey'})", ValueError, "the nearest first: Comedy"),
        ("library.LeastSquares().fit('films')", TypeError, "palate.read('films')"),
        ("library.LeastSquares().fit(pl.DataFrame({'userId': [1]}))", TypeError, "palate.Ratings.from_frame"),
        (
            "library.Ratings.from_frame(pl.DataFrame({'userId': [1], 'item_id': [1], 'rating': [1]}))",
            ValueError,
            "user='userId'",
        ),
        ("model.fold_in([1], [50])", ValueError, "must be within the model's scale 0.5 to 5; got 50"),
    ],
)
def test_a_slip_in_python_is_answered_too(desk, typed, error, answer):
    model = library.load(desk / "films.palate")
    with pytest.raises(error) as found:
        eval(typed, {"model": model, "library": library, "pl": pl})
    assert answer in str(found.value)
