"""Right, wrong and empty answers to the coding questions q1 and q4."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import polars as pl
import pytest

from palate import Ratings
from palate.data.catalog import Catalog
from palate.data.dataset import Dataset
from palate.lesson import q1, q4, setup


@pytest.fixture(scope="module")
def small():
    """200 ratings of 24 films by 12 users, with titles."""
    draw = np.random.default_rng(0)
    pairs = draw.choice(12 * 24, 200, replace=False)
    users, items = pairs // 24 + 1, 100 + 3 * (pairs % 24)
    ratings = Ratings.from_arrays(users, items, draw.integers(1, 6, 200).astype(float), scale=(1, 5))
    table = pl.DataFrame(
        {"item_id": ratings.items.values, "title": [f"Film {number}" for number in ratings.items.values]}
    )
    return Dataset(name="small", ratings=ratings, catalog=Catalog.from_frame(table))


trained = lru_cache(maxsize=4)(setup)


def notebook(data, kind="pandas"):
    """Return the variables of a notebook after its setup cell, the tables as new as there."""
    lesson = trained(data, kind=kind)
    if kind == "pandas":
        lesson = replace(lesson, df=lesson.df.copy(), movies=lesson.movies.copy())
    names = {name: getattr(lesson, name) for name in ("df", "movies", "model", "l2_model", "offset", "uid")}
    return {**names, "movies_df": names["movies"], "np": np, "pd": pd, "pl": pl, "s": lesson}


def verdict(question, code, variables):
    """Run a learner's cell and judge what it defined."""
    exec(code, variables)
    return question.judge(variables.get(question.variable), variables)


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize("question", [q1, q4], ids=lambda question: question.name)
def test_the_solutions_are_right_on_small_tables(question, kind, small):
    found = verdict(question, question.solution_code(kind), notebook(small, kind))
    assert found, found.message


@pytest.mark.parametrize("question", [q1, q4], ids=lambda question: question.name)
def test_the_solutions_are_right_on_the_bundled_films(question):
    found = verdict(question, question.solution_code("pandas"), notebook(None))
    assert found, found.message
    assert question is q1 or "the most-rated film has 341 ratings" in found.message


RIGHT_Q1 = {
    "palate's own verb": "return model.recommend(user_id, n, exclude_seen=False)",
    "palate's own verb, unseen films": "return model.recommend(user_id, n)",
    "palate's predict": """
    reccs = movies.assign(predicted_rating=model.predict(user_id, movies.movieId))
    return reccs.nlargest(n, 'predicted_rating')""",
    "a called model": """
    values = np.asarray(model([np.repeat(user_id, len(movies)), movies.movieId])).ravel()
    return movies.iloc[np.argsort(-values)[:n]]""",
    "lists, and the tables of the lesson's object": """
    ids = list(s.movies.movieId)
    values = model.predict([[user_id] * len(ids), ids], batch_size=100, verbose=0).ravel()
    return pd.DataFrame({'movieId': ids, 'p': values}).sort_values('p', ascending=False)[:n]""",
    "only the index is called movieId": """
    frame = movies.drop(columns='movieId').rename_axis('movieId')
    frame['p'] = model.predict([np.repeat(user_id, len(frame)), frame.index])
    return frame.sort_values('p', ascending=False).head(n)""",
    "a Polars frame beside pandas tables": """
    values = model.predict([np.repeat(user_id, len(movies)), movies.index])[:, 0]
    frame = pl.DataFrame({'item_id': movies.index.to_numpy(), 'p': values})
    return frame.sort('p', descending=True).head(n)""",
    "the vectors themselves": """
    p = model.get_layer('user_embedding').get_weights()[0][user_id]
    q = model.get_layer('movie_embedding').get_weights()[0]
    return movies.assign(p=q[movies.index] @ p).sort_values('p', ascending=False).head(n)""",
}

PREDICT = "values = model.predict([np.repeat({user}, len(movies)), movies.movieId]).ravel()"
ALL = PREDICT.format(user="user_id")
WRONG_Q1 = {
    "the exercise's own": (
        """
    all_movie_ids = df.movieId.unique()
    preds = model.predict([np.repeat(uid, len(all_movie_ids)), all_movie_ids])
    movies_df.loc[all_movie_ids, 'predicted_rating'] = preds + offset
    return movies_df.sort_values(by='predicted_rating', ascending=False).head(n)""",
        [
            "asked the model about user 1: the function does not use its argument user_id",
            "left the column 'predicted_rating'",
        ],
    ),
    "predictions of an earlier call": (
        f"""
    if 'predicted_rating' not in movies.columns:
        {ALL}
        movies['predicted_rating'] = values + offset
    return movies.sort_values('predicted_rating', ascending=False).head(n)""",
        [
            "returned the list of the call before it, recommend(model, ",
            "Compute them anew in each call",
            "left the column",
        ],
    ),
    "a table changed, lists right": (
        f"""
    {ALL}
    movies['predicted_rating'] = values + offset
    return movies.sort_values('predicted_rating', ascending=False).head(n)""",
        ["The lists are right, but it left the column 'predicted_rating' in `movies`", "Work on a copy"],
    ),
    "values of a table changed": (
        f"""
    {ALL}
    movies['mean_rating'] = values
    return movies.sort_values('mean_rating', ascending=False).head(n)""",
        ["The lists are right, but it changed `movies`"],
    ),
    "a model from outside": (
        """
    values = s.model.predict([np.repeat(user_id, len(movies)), movies.movieId]).ravel()
    return movies.assign(p=values).sort_values('p', ascending=False).head(n)""",
        ["did not ask the model it was given"],
    ),
    "lowest first": (
        f"{ALL}\n    return movies.assign(p=values).sort_values('p').head(n)",
        ["lowest predictions", "ascending=False"],
    ),
    "tail of the highest": (
        f"{ALL}\n    return movies.assign(p=values).sort_values('p').tail(n)",
        ["the right films in the wrong order"],
    ),
    "always five": (
        f"{ALL}\n    return movies.assign(p=values).sort_values('p', ascending=False).head(5)",
        ["n=12) returned 5 films; with n=12 there must be 12"],
    ),
    "everything": (
        f"{ALL}\n    return movies.assign(p=values).sort_values('p', ascending=False)",
        ["returned 24 films"],
    ),
    "clipped before sorting": (
        f"{ALL}\n    values = np.clip(values + offset, 1, 5)\n    return "
        f"movies.assign(p=values).sort_values('p', ascending=False).head(n)",
        ["wrong order", "neither clipped nor rounded"],
    ),
    "an order of its own": (
        f"{ALL}\n    return movies.assign(p=movies.title).sort_values('p', ascending=False).head(n)",
        ["in place 1, predicted ", "belongs there, predicted ", "Rank all films, with predictions as"],
    ),
    "ranked by fame": (
        "return movies.sort_values('n_ratings', ascending=False).head(n)",
        ["did not ask the model"],
    ),
    "nothing at all": ("pass", ["returned None", "`return`"]),
    "no rows": ("return movies.head(0)", ["did not ask the model"]),
    "no rows after asking": (
        f"{ALL}\n    return movies.head(0)",
        ["returned no films; there are 5 to return"],
    ),
    "a list": (
        f"{ALL}\n    return list(movies.movieId[:n])",
        ["must return a frame with a column movieId", "a list"],
    ),
    "an empty list": ("return []", ["an empty list"]),
    "no ids": ("return pd.DataFrame({'title': ['Heat']})", ["got the columns 'title'"]),
    "twice the same": ("return pd.concat([movies.head(2), movies.head(3)])", ["movieId 100 more than once"]),
    "no film": ("return pd.DataFrame({'movieId': [1, 2, 3, 4, 5]})", ["movieId 1, which is no film"]),
    "an error": ("values = movis", ["raised NameError", "movis", "line 2 of your code"]),
    "an unknown user of the exercise": (
        "return model.predict([np.repeat(26556, len(movies)), movies.movieId])",
        ["asked the model about user 26556"],
    ),
    "a way out": ("raise SystemExit", ["raised SystemExit"]),
}


def test_the_line_of_an_error_is_told_wherever_the_notebook_lies(small):
    variables = notebook(small)
    code = "def recommend(model, user_id, n=5):\n    return movis"
    exec(compile(code, "/home/somebody/palate/lesson.py", "exec"), variables)
    assert "(line 2 of your code, in recommend)" in q1.judge(variables["recommend"], variables).message


@pytest.mark.parametrize("body", RIGHT_Q1.values(), ids=RIGHT_Q1)
def test_right_answers_of_many_kinds(body, small):
    found = verdict(q1, f"def recommend(model, user_id, n=5):\n    {body}", notebook(small))
    assert found, found.message


@pytest.mark.parametrize(("body", "said"), WRONG_Q1.values(), ids=WRONG_Q1)
def test_wrong_answers_are_told_apart(body, said, small):
    found = verdict(q1, f"def recommend(model, user_id, n=5):\n    {body}", notebook(small))
    assert not found
    assert [part for part in said if part not in found.message] == [], found.message
    assert "\n" not in found.message


KEEP = "known = movies[movies.n_ratings >= min_ratings]"
RANK = "values = model.predict([np.repeat(user_id, len(known)), known.movieId]).ravel()"
TAKE = "return known.assign(p=values).sort_values('p', ascending=False).head(n)"
RIGHT_Q4 = {
    "palate's own verb": "return model.recommend(user_id, n, min_ratings=min_ratings, exclude_seen=False)",
    "palate's own verb, unseen films": "return model.recommend(user_id, n, min_ratings=min_ratings)",
    "no special case for nothing": "\n    ".join(["", KEEP, RANK, TAKE]),
}
WRONG_Q4 = {
    "the exercise's own": (
        """
    if 'predicted_rating' not in movies.columns:
        ids = df.movieId.unique()
        movies_df.loc[ids, 'predicted_rating'] = model.predict([np.repeat(uid, len(ids)), ids]) + offset
    known = movies.loc[movies.index[movies.n_ratings >= min_ratings]]
    return known.sort_values(by='predicted_rating', ascending=False).head(n)""",
        ["asked the model about user 1"],
    ),
    "the exercise's own, with user_id": (
        """
    if 'predicted_rating' not in movies.columns:
        ids = df.movieId.unique()
        movies_df.loc[ids, 'predicted_rating'] = model.predict([np.repeat(user_id, len(ids)), ids]) + offset
    known = movies.loc[movies.index[movies.n_ratings >= min_ratings]]
    return known.sort_values(by='predicted_rating', ascending=False).head(n)""",
        ["returned the list of the call before it", "left the column"],
    ),
    "no threshold": (f"known = movies\n    {RANK}\n    {TAKE}", ["ratings, fewer than min_ratings="]),
    "a fixed threshold": (
        f"known = movies[movies.n_ratings >= 8]\n    {RANK}\n    {TAKE}",
        ["min_ratings="],
    ),
    "a fixed threshold that nothing reaches": (
        f"known = movies[movies.n_ratings >= 10**6]\n    {RANK}\n    {TAKE}",
        ["returned no films", "such as 1000"],
    ),
    "more than, not at least": (
        f"{KEEP.replace('>=', '>')}\n    {RANK}\n    {TAKE}",
        ["recommend_nonobscure(model, "],
    ),
    "after the best were taken": (
        f"known = movies\n    {RANK}\n    best = known.assign(p=values).sort_values('p', "
        f"ascending=False).head(n)\n"
        "    return best[best.n_ratings >= min_ratings]",
        ["there must be 9", "filtered them afterwards", "take head(n) of those"],
    ),
    "lowest first": (f"{KEEP}\n    {RANK}\n    {TAKE.replace('False', 'True')}", ["lowest predictions"]),
    "a complaint when nothing is left": (
        f"{KEEP}\n    assert len(known), 'nothing left'\n    {RANK}\n    {TAKE}",
        ["AssertionError: nothing left", "the right answer is a frame without rows"],
    ),
    "an order of its own": (
        f"{KEEP}\n    {RANK}\n    {TAKE.replace('p=values', 'p=known.title')}",
        ["belongs there, predicted ", "Leave out films below the threshold first"],
    ),
    "nothing at all": ("pass", ["returned None"]),
    "no rows": (f"{KEEP}\n    {RANK}\n    return known.head(0)", ["returned no films"]),
}


@pytest.mark.parametrize("body", RIGHT_Q4.values(), ids=RIGHT_Q4)
def test_right_answers_with_a_threshold(body, small):
    found = verdict(
        q4, f"def recommend_nonobscure(model, user_id, n=5, min_ratings=1000):\n    {body}", notebook(small)
    )
    assert found, found.message


@pytest.mark.parametrize(("body", "said"), WRONG_Q4.values(), ids=WRONG_Q4)
def test_wrong_answers_with_a_threshold_are_told_apart(body, said, small):
    found = verdict(
        q4, f"def recommend_nonobscure(model, user_id, n=5, min_ratings=1000):\n    {body}", notebook(small)
    )
    assert not found
    assert [part for part in said if part not in found.message] == [], found.message


def test_a_default_of_the_learners_own_is_kept(small):
    body = (
        f"def recommend_nonobscure(model, user_id, n=5, min_ratings=3):\n    {KEEP}\n    {RANK}\n    {TAKE}"
    )
    assert verdict(q4, body, notebook(small))


def test_a_helper_that_changes_a_table_is_found(small):
    code = f"""
def helper(model, user_id):
    global movies
    {ALL}
    movies = movies.assign(p=values)

def recommend(model, user_id, n=5):
    helper(model, user_id)
    return movies.sort_values('p', ascending=False).head(n)
"""
    variables = notebook(small)
    before = variables["movies"]
    found = verdict(q1, code, variables)
    assert "left the column 'p' in `movies`" in found.message
    assert variables["movies"] is before  # and put back


def test_columns_that_the_function_left_are_taken_out_again(small):
    variables = notebook(small)
    verdict(
        q1,
        f"def recommend(model, user_id, n=5):\n    {WRONG_Q1['a table changed, lists right'][0]}",
        variables,
    )
    assert "predicted_rating" not in variables["movies"].columns


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "There is nothing to check yet: write recommend(model, user_id, n=5)"),
        ([], "must be a function; got an empty list"),
        (pd.DataFrame({"movieId": [1]}), "must be a function; got a DataFrame. Pass the function itself"),
        (lambda model: model, "The function must take (model, user_id, n=5); too many positional arguments"),
        (
            lambda model, user_id: model,
            "must take (model, user_id, n=5); got an unexpected keyword argument 'n'",
        ),
        (
            lambda model, user_id, n: model,
            "must take (model, user_id, n=5); missing a required argument: 'n'",
        ),
    ],
    ids=["None", "empty", "a frame", "one argument", "no n", "no default"],
)
def test_what_is_no_such_function(answer, said):
    assert said in q1.judge(answer, {}).message


def test_centred_predictions_are_remarked_on(small):
    code = (
        f"def recommend(model, user_id, n=5):\n    {ALL}\n    known = "
        f"movies.assign(predicted_rating=values)\n"
    )
    found = verdict(
        q1,
        code + "    return known.sort_values('predicted_rating', ascending=False).head(n)",
        notebook(small),
    )
    assert found
    assert "still centred: add the offset" in found.message
