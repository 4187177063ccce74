"""Right, wrong and empty answers to the questions to think about."""

import re

import pytest

import lesson_phrasings as phrasings
from palate.lesson import q2, q3, q6, q7, q8, q9, q10, q11, q12, q13, questions, words
from palate.lesson.question import Discussion

RIGHT = {
    q2: "They are bad: super obscure, some with a single review, and predictions far above 5 stars.",
    q3: "Either only recommend movies with at least n ratings, or retrain with an L2 weight penalty on the "
    "embeddings.",
    q6: "Clip predictions to the scale, or end in a sigmoid; for ranking it makes no difference.",
    q7: "All embeddings go to zero, so every prediction becomes the mean rating.",
    q8: "A bias says how generous a user is; without it the error gets worse.",
    q9: "It zeroes random coordinates in training and acts as a regulariser.",
    q10: "Bigger embeddings overfit: training loss falls and validation loss rises. Use a stronger L2 for "
    "larger sizes.",
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
    q12: ("Never.", "say in which case"),
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
    assert (
        "it names that the numbers get smaller, but something is missing. Smaller without limit: where do "
        "they end" in found.message
    )


CASES = [
    pytest.param(question, answer, wanted, id=f"{question.name}-{wanted}-{answer}")
    for question in DISCUSSIONS
    for wanted, answers in {
        "right": phrasings.RIGHT,
        "half": phrasings.HALF,
        "wrong": phrasings.WRONG,
    }.items()
    for answer in phrasings.lines(answers[question.name])
]


@pytest.mark.parametrize(("question", "answer", "wanted"), CASES)
def test_what_students_write(question, answer, wanted):
    verdict = question.judge(answer, {})
    assert ("right" if verdict else "half" if verdict.half else "wrong") == wanted, verdict.message


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
def test_there_are_enough_phrasings(question):
    right, half, wrong = (
        phrasings.lines(answers[question.name])
        for answers in (phrasings.RIGHT, phrasings.HALF, phrasings.WRONG)
    )
    assert min(len(set(right)), len(set(wrong))) >= 12
    assert len(set(half)) >= 4


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
def test_spelling_capitals_and_apostrophes_do_not_matter(question):
    for answer in phrasings.lines(phrasings.RIGHT[question.name]):
        assert question.judge(answer.upper(), {}), answer
        assert question.judge(f"  {answer}!! ", {}), answer
        assert question.judge(answer.replace("'", "\u2019"), {}), answer


def test_half_an_answer_has_a_hint_of_its_own(capsys):
    verdict = q2.check("They are bad.")
    assert not verdict
    assert verdict.half
    assert repr(verdict) == "Verdict(half right)"
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(
        "Half right: it names that they are bad, but something is missing. In what way are they bad?"
    )
    assert "What should the filter look at?" in q3.judge("filter the list", {}).message
    assert (
        "What happens to the error on held-out ratings"
        in q8.judge("a strict user has a negative bias", {}).message
    )


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
def test_no_wrong_answer_gets_the_reply_of_a_right_one(question):
    rights = {
        question.judge(answer, {}).message for answer in phrasings.lines(phrasings.RIGHT[question.name])
    }
    wrongs = {
        question.judge(answer, {}).message for answer in phrasings.lines(phrasings.WRONG[question.name])
    }
    assert not rights & wrongs


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("under 10 reveiws", "FEW reviews"),
        ("fewer than ten people", "FEW people"),
        ("8 or 9 ratings each", "FEW ratings each"),
        ("at least 1,000 ratings", "MANY ratings"),
        ("n_ratings >= 50", "ratings MANY"),
        ("not many votes", "FEW votes"),
        ("It isn't well-known.", "it is not wellknown |"),
        ("above 5 stars", "above N5 stars"),
        ("these users prevent several things", "these users prevent several things"),
    ],
)
def test_amounts_numbers_and_slips(text, wanted):
    assert words.plain(text).strip() == wanted


@pytest.mark.parametrize(
    ("text", "claim", "made"),
    [
        ("they are popular", "RENOWNED", True),
        ("they are not popular", "RENOWNED", False),
        ("they are not popular", "!RENOWNED", True),
        ("popular, not good", "RENOWNED", True),
        ("not bad because popular", "RENOWNED", True),
        ("not unpopular", "UNKNOWN", False),
        ("few of the ratings", "FEW ~2 RATING", True),
        ("few of the people, and ratings", "FEW ~9 RATING", False),
        ("recommend what is not popular", "KEEP ~6 RENOWNED", False),
        ("without them the error rises", "ERROR ~1 CHANGE", True),
    ],
)
def test_claims_and_denials(text, claim, made):
    assert words.claims(words.plain(text), claim) is made


@pytest.mark.parametrize("question", DISCUSSIONS, ids=lambda question: question.name)
def test_the_capitals_of_claims_are_families(question):
    for claim in [c for part in (*question.ideas, *question.mistakes) for c in part.claims]:
        for name in re.findall(r"\b[A-Z][A-Z0-9]+\b", claim):
            assert name in words.FAMILIES or name in words.NUMERALS or re.fullmatch(r"N\d+", name), (
                claim,
                name,
            )
