"""The matrix-factorization lesson as software: tables, models, and a checker for each question.

`setup()` gives what the exercise starts from. `q1` to `q13` are its questions in its order, three
of them coding (q1, q4, q5); each has `check(answer)`, `hint()` and `solution()`, which show text as
a notebook does. `KerasView` lets a palate model be called as the exercise calls Keras' model. See
docs/tutorial.
"""

from palate.lesson.coding import q1, q4, q5
from palate.lesson.discussion import q2, q3, q6, q7, q8, q9, q10, q11, q12, q13
from palate.lesson.keras_view import KerasView, keras_view
from palate.lesson.question import Question
from palate.lesson.setting import Lesson, needs, require, setup
from palate.lesson.verdict import Verdict

questions = (q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13)

__all__ = [
    "KerasView",
    "Lesson",
    "Question",
    "Verdict",
    "keras_view",
    "needs",
    *(f"q{number}" for number in range(1, 14)),
    "questions",
    "require",
    "setup",
]
