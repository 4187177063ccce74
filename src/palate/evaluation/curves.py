"""Hit curves: the share of relevant items in lists of every length."""

import os
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from palate._checks import check_count
from palate.data.forks import needs_threads
from palate.data.ratings import Ratings
from palate.evaluation.evaluated_model import EvaluatedModel
from palate.evaluation.evaluating import check_bootstrap, evaluation_input
from palate.evaluation.evaluation import Evaluation
from palate.evaluation.item_bins import Sums
from palate.evaluation.scoring import Outcome, Scoring
from palate.evaluation.test_set import TestSet
from palate.splits.parts import Split


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class HitCurves:
    """Hit rate and recall of lists of 1 to n items, for every model.

    Parameters
    ----------
    evaluation : Evaluation
        Evaluation with `hit_rate` and `recall` at every k.

    Examples
    --------
    >>> import palate
    >>> data = palate.datasets.load("movielens-small")
    >>> split = palate.splits.per_user(data.ratings, share=0.2)
    >>> curves = palate.hit_curves(palate.Spectral().fit(split.train), split, n=20, resamples=0)
    >>> curves.frame.columns
    ['model', 'metric', 'k', 'value', 'low', 'high']
    >>> curves.value("recall", 20) > curves.value("recall", 5) > curves.value("recall", 5, "most popular")
    True
    """

    evaluation: Evaluation

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, the references last."""
        return self.evaluation.models

    @property
    def n(self) -> int:
        """The length of the longest lists."""
        return int(self.evaluation.about["k"][-1])

    @property
    def frame(self) -> Any:
        """The curves as a frame: model, metric ("hit_rate", "recall"), k, value, low, high."""
        return self.evaluation.table()

    def value(self, metric: str, k: int, model: str | None = None) -> float:
        """Return one point of a curve: a `metric` at `k` of a `model`, by default the first."""
        return self.evaluation.value(metric, k, model)

    def differences(self, of: str | None = None) -> Any:
        """Return the differences between the model `of` and each other one; see `Evaluation.differences`."""
        return self.evaluation.differences(of)

    def to_dict(self) -> dict[str, Any]:
        """Return the curves as plain lists, numbers and strings (for JSON)."""
        plain = replace(self.evaluation, frame_kind="polars")
        return {"models": list(self.models), "n": self.n, "curves": plain.table().to_dicts()}

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Return the curves as a Matplotlib figure, or write them to a file.

        The file `path` ends in .png, .svg or .pdf; None is then returned.

        Raises
        ------
        ImportError
            If Matplotlib is not installed.
        """
        from palate.evaluation.curves_plot import draw

        plain = replace(self.evaluation, frame_kind="polars")
        return draw(plain.table(), self.models, self.evaluation.references, path)

    def __repr__(self) -> str:
        return f"HitCurves({', '.join(self.models)}; lists of 1 to {self.n})"


@needs_threads("hit_curves")
def hit_curves(
    models: object,
    test: Ratings | Split | None = None,
    *,
    n: int = 100,
    relevant_from: float | None = None,
    train: Ratings | None = None,
    fold_in: Ratings | None = None,
    candidates: object = None,
    baselines: bool = True,
    resamples: int = 200,
    confidence: float = 0.95,
    seed: int = 0,
    threads: int | None = None,
) -> HitCurves:
    """Return hit rate and recall of lists of every length up to n, beside the references.

    The hit rate is the share of users with at least one relevant item in their list. Recall is the
    share of their relevant items that are in the list, as in `evaluate`.

    Parameters
    ----------
    models, test, relevant_from, train, fold_in, candidates, baselines, confidence, seed, threads
        As in `palate.evaluate`.
    n : int, default 100
        Length of the longest lists.
    resamples : int, default 200
        Bootstrap samples of the intervals; 0 for no intervals.

    Returns
    -------
    HitCurves

    Raises
    ------
    ValueError, TypeError
        As `palate.evaluate`.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> split = palate.splits.per_user(ratings, share=0.2)
    >>> model = palate.LinearItems().fit(split.train)
    >>> palate.hit_curves(model, split, n=50, resamples=0)
    HitCurves(LinearItems, most popular, popular lately, neighbours; lists of 1 to 50)
    """
    check_bootstrap(resamples, confidence, seed)
    n = check_count("n", n, 1)
    given = evaluation_input(
        models,
        test,
        k=range(1, n + 1),
        relevant_from=relevant_from,
        train=train,
        fold_in=fold_in,
        candidates=candidates,
        baselines=baselines,
        threads=threads,
    )
    outcomes = tuple(_curve(one, given.test_set, threads) for one in given.evaluated)
    return HitCurves(evaluation=given.evaluation(outcomes, resamples, confidence, seed))


def _curve(model: EvaluatedModel, test_set: TestSet, threads: int | None) -> Outcome:
    lists = Scoring(model, test_set, threads).lists
    hits = np.cumsum(lists.hit, axis=1)
    defined = lists.n_relevant > 0
    share = hits / np.maximum(lists.n_relevant, 1)[:, None]
    curves = {"hit_rate": hits > 0, "recall": share}
    sums: Sums = {
        (metric, k): (curve[:, k - 1], defined) for metric, curve in curves.items() for k in test_set.ks
    }
    cold = {"users": 0, "items": 0, "users_ratings": 0, "items_ratings": 0}
    return replace(Outcome.of(model.name, sums), cold=cold)
