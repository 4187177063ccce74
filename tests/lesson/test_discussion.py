"""Right, wrong and empty answers to the questions to think about."""

import re

import pytest

from palate.lesson import q2, q3, q6, q7, q8, q9, q10, q11, q12, q13, questions
from palate.lesson.question import Discussion

RIGHT = {
    q2: "They are bad: super obscure, some with a single review, and predictions far above 5 stars.",
    q3: "Either only recommend movies with at least n ratings, or retrain with an L2 weight penalty on the embeddings.",
    q6: "Clip predictions to the scale, or end in a sigmoid; for ranking it makes no difference.",
    q7: "All embeddings go to zero, so every prediction becomes the mean rating.",
    q8: "A bias says how generous a user is; without it the error gets worse.",
    q9: "It zeroes random coordinates in training and acts as a regulariser.",
    q10: "Bigger embeddings overfit: training loss falls and validation loss rises. Use a stronger L2 for larger sizes.",
    q11: "Factorization starts slowly as gradients near zero vectors are small; ALS solves each row exactly.",
    q12: "When there are features such as genres or text, or new movies without ratings.",
    q13: "The penalty must be tuned anew, and play counts are implicit feedback, to be used as weights.",
}
WRONG = {
    q2: ("The recommendations look good to me.", "look again: how many people have rated these films"),
    q3: ("Train it for longer.", "longer training makes it worse"),
    q6: ("Clip before ranking.", "makes everything above 5 a tie"),
    q7: ("The lists become more obscure.", "which films have so many ratings that large numbers still pay"),
    q8: ("Biases are nice to have.", "What does a user's bias say of the user"),
    q9: ("At test time dropout masks some coordinates.", "in prediction nothing is dropped"),
    q10: ("More epochs help.", "look at the validation loss"),
    q11: ("They look different.", "Why does the loss of a factorization hardly move"),
    q12: ("Never.", "say when, and what for"),
    q13: ("Nothing has to change.", "the strength of the penalty, and what a number (or none) means"),
}
DISCUSSIONS = [question for question in questions if isinstance(question, Discussion)]


def test_every_discussion_has_its_cases():
    assert set(RIGHT) == set(WRONG) == set(DISCUSSIONS)


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
def test_right_wrong_and_empty_answers(question):
    right = question.judge(RIGHT[question], {})
    assert right, right.message
    assert right.message.startswith("it names ")
    answer, reply = WRONG[question]
    wrong = question.judge(answer, {})
    assert not wrong
    assert reply in wrong.message
    for empty in (None, "", "  \n "):
        nothing = question.judge(empty, {})
        assert not nothing
        assert nothing.message.startswith("there is no answer yet.")
        assert question.asks in nothing.message


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
def test_the_solution_is_itself_a_right_answer(question):
    found = question.judge(question.text, {})
    assert found, found.message


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
@pytest.mark.parametrize("answer", ["I do not know.", "Because it is Tuesday.", "42", "la la la la"])
def test_what_says_nothing_is_not_right(question, answer):
    assert not question.judge(answer, {})


@pytest.mark.parametrize("answer", [7, ["a"], print])
def test_what_is_no_text_is_refused(answer):
    assert f"the answer must be a text; got a {type(answer).__name__}." in q2.judge(answer, {}).message


def test_part_of_an_answer_is_told_and_asked_on():
    found = q7.judge("everything is smaller and smaller", {})
    assert not found
    assert "it names that the vectors shrink to zero, but something is missing. What is predicted" in found.message


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
def test_words_are_regular_expressions_in_lower_case(question):
    for words in [idea.words for idea in question.ideas] + [words for words, _ in question.mistakes]:
        assert re.compile(words)
        assert words == words.lower()
