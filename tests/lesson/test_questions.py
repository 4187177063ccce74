"""What all questions share: they show text, find the notebook's variables, and end in a verdict."""

import numpy as np
import pandas as pd
import pytest

from palate import lesson
from palate.lesson import q1, q2, q4, q5, questions, setup
from palate.lesson.question import Coding, Question


def test_they_are_in_the_exercises_order():
    assert [question.name for question in questions] == [f"q{number}" for number in range(1, 14)]
    assert [question.name for question in questions if isinstance(question, Coding)] == ["q1", "q4", "q5"]
    assert all(getattr(lesson, question.name) is question for question in questions)


@pytest.mark.parametrize("question", questions, ids=lambda question: question.name)
def test_hint_and_solution_show_text(question, capsys):
    assert question.hint() is None
    hint = capsys.readouterr().out
    assert hint.startswith(f"Hint for {question.name}: ")
    assert question.solution() is None
    solution = capsys.readouterr().out
    assert solution.startswith(f"Solution of {question.name}:\n\n")
    assert max(map(len, (hint + solution).splitlines())) <= 130
    assert repr(question) == f"{question.name}: {question.asks}"


def test_a_check_shows_one_message_and_returns_the_verdict(capsys):
    verdict = q2.check("They are obscure.")
    assert capsys.readouterr().out.startswith("Right: it names that the films are obscure.")
    assert verdict
    assert repr(verdict) == "Verdict(right)"
    assert verdict._ipython_display_() is None  # it is on the screen already
    assert not q2.check("")
    assert capsys.readouterr().out.startswith("Not yet: there is no answer yet.")


def test_without_an_argument_the_notebooks_variable_is_checked(capsys):
    variables = {"q1": q1, "q2": q2}
    exec("q1.check()\nanswer = 'so few ratings'\nq2.check()", variables)
    shown = capsys.readouterr().out
    assert "Not yet: There is nothing to check yet: write recommend" in shown
    assert "Right: it names that the films are obscure" in shown


def test_a_question_alone_cannot_judge():
    question = Question("q0", "Why?", "because", "answer")
    with pytest.raises(NotImplementedError):
        question.judge("", {})
    with pytest.raises(NotImplementedError):
        question.solution_text()


@pytest.fixture(scope="module")
def notebook():
    s = setup(kind="pandas")
    names = ("df", "movies", "model", "l2_model", "offset", "uid")
    variables = {**{name: getattr(s, name) for name in names}, "np": np, "pd": pd}
    exec(q1.solution_code("pandas"), variables)
    return variables


def test_l2_reccs_right(notebook):
    exec(q5.solution_code("pandas"), notebook)
    assert q5.judge(notebook["l2_reccs"], notebook)
    unseen = notebook["l2_model"].recommend(notebook["uid"], 5)
    assert q5.judge(unseen, notebook)
    assert q5.judge(notebook["l2_reccs"], {})  # the lesson's own model and user
    other = notebook["recommend"](notebook["l2_model"], 5)
    assert q5.judge(other, notebook, user_id=5)
    assert q5.judge(notebook["recommend"](notebook["model"], 63), notebook, model=notebook["model"])


class KerasLike:
    """Has what a Keras model has: predict([users, items], verbose=...), centred values of shape (n, 1)."""

    def __init__(self, view):
        self.view = view

    def predict(self, x, verbose="auto"):
        return self.view.predict(x)


def test_l2_reccs_of_a_model_of_keras(notebook):
    model = KerasLike(notebook["l2_model"])
    variables = {**notebook, "l2_model": model}
    assert q5.judge(notebook["recommend"](model, 63), variables)
    assert not q5.judge(notebook["recommend"](model, 5), variables)


WRONG_L2 = {
    "the first model": ("recommend(model, uid)", "is the list of model, without a penalty: pass l2_model"),
    "another user": ("recommend(l2_model, 5)", "is not the list of l2_model for user 63"),
    "the wrong number": ("recommend(l2_model, uid, n=6)", "has 6 films; there must be 5"),
    "the wrong order": ("recommend(l2_model, uid)[::-1]", "the right films in the wrong order"),
    "an empty list": ("[]", "l2_reccs is empty: assign recommend(l2_model, uid)"),
    "an empty frame": ("recommend(l2_model, uid, n=0)", "l2_reccs is empty"),
    "None": ("None", "l2_reccs is empty"),
    "a list": (
        "list(movies.movieId[:5])",
        "must be a frame with a column movieId, as recommend returns; got a list",
    ),
    "the function": ("recommend", "got a function"),
    "titles alone": ("movies[['title']].head()", "must be a frame with a column movieId"),
    "no films": (
        "pd.DataFrame({'movieId': [-1, -2, -3, -4, -5]})",
        "movieId -1, which is no film of the lesson",
    ),
}


@pytest.mark.parametrize(("code", "said"), WRONG_L2.values(), ids=WRONG_L2)
def test_l2_reccs_wrong_and_empty(notebook, code, said):
    verdict = q5.judge(eval(code, notebook), notebook)
    assert not verdict
    assert said in verdict.message


def test_the_coding_questions_say_what_is_special_here():
    assert "341 ratings at most" in q4.solution_text("pandas")
    assert "repeats the global uid" in q1.solution_text("polars")
