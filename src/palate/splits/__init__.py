"""Splits of ratings into training and test data, which are drawn with a seed and can be saved.

The parts are disjoint and together contain every rating. Each part has the vocabularies of all
ratings, so a model trained on `split.train` knows all ids. `palate.evaluate` takes a split as it
is.
"""

from palate.splits.file import SplitFileError
from palate.splits.file import load_split as load
from palate.splits.fingerprint import fingerprint
from palate.splits.methods import by_time, held_out_users, k_fold, leave_one_out, per_user, random
from palate.splits.parts import Folds, Split

__all__ = [
    "Folds",
    "Split",
    "SplitFileError",
    "by_time",
    "fingerprint",
    "held_out_users",
    "k_fold",
    "leave_one_out",
    "load",
    "per_user",
    "random",
]
