"""One test set for all: models and references are evaluated on the same ratings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from palate._checks import ArgumentError, check_count, check_seed, check_share
from palate.data.dataset import ratings_of
from palate.data.forks import needs_threads
from palate.data.ratings import Ratings
from palate.evaluation.baselines import MOST_POPULAR, references
from palate.evaluation.beside import Beside, beside_references
from palate.evaluation.evaluated_model import (
    EvaluatedModel,
    evaluated_model,
    held_out_by_all,
    held_out_ratings,
    indexes,
    scale_notes,
)
from palate.evaluation.evaluation import Evaluation
from palate.evaluation.folding import fold_in as folded
from palate.evaluation.groups import about_users
from palate.evaluation.named import check_candidates, named_scorers
from palate.evaluation.notes import all_relevant, notes_on
from palate.evaluation.popular import popular_model
from palate.evaluation.scoring import Outcome, Scoring
from palate.evaluation.test_set import TestSet, alike_by, checked_test_set
from palate.scorer import Scorer
from palate.splits.parts import Split

_MOST_USERS = 10_000  # whose lists are compared with those of the most popular items after a fit


@needs_threads("evaluate")
def evaluate(
    models: object,
    test: Ratings | Split | None = None,
    *,
    k: int | Sequence[int] = (5, 10, 20),
    relevant_from: float | None = None,
    gain: str = "binary",
    train: Ratings | None = None,
    fold_in: Ratings | None = None,
    candidates: object = None,
    baselines: bool = True,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    threads: int | None = None,
) -> Evaluation:
    """Evaluate the predictions and lists of one or several models on test ratings.

    RMSE and MAE are computed for all test ratings, with predictions clipped to the scale and
    unclipped. Lists are made from all items that the user has not rated before, without sampling.
    List metrics are means over users, and intervals are bootstrapped over users. Models are
    compared with references: the damped biases, the most popular items, the items popular lately
    (if there are times), and the nearest items by cosine. `unbeaten` names the references that a
    model does not beat.

    Parameters
    ----------
    models : FactorModel or Scorer, path of a saved model, or a list of them, or a dict of names to them
    test : Ratings or Split, optional
        Test ratings, or a split. By default the ratings that the first model held out; they decided
        when to stop, so the figures are slightly too good.
    k : int or sequence of int, default (5, 10, 20)
        Lengths of lists; `()` evaluates predictions only. Precision is divided by k even if the
        catalog is smaller.
    relevant_from : float, optional
        Lowest test rating that counts as relevant. Default: the top quarter of the rating scale (4
        of 5 stars, 7.5 of 10), or all test ratings if scores are not ratings.
    gain : {"binary", "rating"}, default "binary"
        What a relevant item adds to nDCG: 1, or its rating.
    train : Ratings, optional
        Training ratings, for scorers without them and for the references.
    fold_in : Ratings, optional
        Ratings of users who are not in the training data. They are folded in and become the test
        users.
    candidates : collection of item ids, optional
        Items that lists may contain, such as those in stock. Relevant test ratings of other items
        are then ignored.
    baselines : bool, default True
        Whether to evaluate the references.
    resamples : int, default 1000
        Bootstrap samples; 0 for no intervals.
    confidence : float, default 0.95
    seed : int, default 0
        Seed of the bootstrap.
    threads : int, optional
        Number of threads; by default one for each processor. The result does not depend on it.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If a model was trained on test ratings, there are no test ratings, or an argument is out of
        range.
    TypeError
        If an argument has the wrong type, or ids of the test have another type than those of the
        model.

    References
    ----------
    Krichene, Rendle (2020), "On Sampled Metrics for Item Recommendation": why everything is ranked.

    Examples
    --------
    >>> import palate
    >>> ratings = palate.datasets.load("movielens-small").ratings
    >>> split = palate.splits.random(ratings, share=0.2)
    >>> model = palate.LeastSquares().fit(split.train)
    >>> evaluation = palate.evaluate(model, split, k=10, resamples=200)
    >>> evaluation.models
    ('LeastSquares', 'baseline', 'most popular', 'popular lately', 'neighbours')
    >>> evaluation.value("rmse") < evaluation.value("rmse", model="baseline")
    True
    >>> evaluation.unbeaten()
    ('most popular', 'popular lately', 'neighbours')
    """
    check_bootstrap(resamples, confidence, seed)
    given = evaluation_input(
        models,
        test,
        k=k,
        relevant_from=relevant_from,
        gain=gain,
        train=train,
        fold_in=fold_in,
        candidates=candidates,
        baselines=baselines,
        threads=threads,
    )
    return given.scored(resamples, confidence, seed, threads)


@dataclass(frozen=True, eq=False)
class EvaluationInput:
    """A checked test set and the models that are evaluated on it, references last."""

    test_set: TestSet
    evaluated: list[EvaluatedModel]
    n_models: int  # the first ones; the others are references
    notes: list[str]

    def scored(self, resamples: int, confidence: float, seed: int, threads: int | None) -> Evaluation:
        """Return the evaluation of all models."""
        outcomes = tuple(Scoring(model, self.test_set, threads).outcome() for model in self.evaluated)
        return self.evaluation(outcomes, resamples, confidence, seed)

    def evaluation(
        self, outcomes: tuple[Outcome, ...], resamples: int, confidence: float, seed: int
    ) -> Evaluation:
        """Return the evaluation that these outcomes make."""
        test_set, first, test = self.test_set, self.evaluated[0], self.test_set.test
        user, _ = indexes(test, first.scorer.users, first.scorer.items)
        n_relevant = np.bincount(test_set.row[test_set.relevant], minlength=len(test_set.users))
        about = {
            **about_users(test_set.n_test, n_relevant, len(np.unique(test.item_index))),
            "relevant_from": test_set.lowest_relevant,
            "gain": test_set.gain,
            "k": list(test_set.ks),
        }
        return Evaluation(
            outcomes=outcomes,
            users=test.users.take(test_set.users),
            n_train=np.append(first.user_counts, 0)[test_set.of_rows(user)],
            n_test=test_set.n_test,
            n_relevant=n_relevant,
            about=about,
            resamples=resamples,
            confidence=confidence,
            seed=seed,
            notes=(*self.notes, *notes_on(test_set, about, self.evaluated, outcomes)),
            frame_kind=test.frame_kind,
            references=tuple(one.name for one in self.evaluated[self.n_models :]),
        )


def evaluation_input(
    models: object,
    test: Ratings | Split | None,
    *,
    k: int | Sequence[int],
    relevant_from: float | None = None,
    gain: str = "binary",
    train: Ratings | None = None,
    fold_in: Ratings | None = None,
    candidates: object = None,
    baselines: bool = True,
    threads: int | None = None,
) -> EvaluationInput:
    """Return the checked test set and models; the arguments are those of `evaluate`."""
    named = named_scorers(models)
    if isinstance(test, Split):
        fold_in = test.fold_in if fold_in is None else fold_in
        test = test.test
    if test is None:
        test = held_out_ratings(*named[0])
    train = None if train is None else ratings_of(train, "train")
    fold_in = None if fold_in is None else ratings_of(fold_in, "fold_in")
    scale = next((scorer.scale for scorer, _ in named if scorer.scale is not None), None)
    test_set = checked_test_set(test, k, relevant_from, gain, scale, check_candidates(candidates, named))
    _check_figures(test_set, named)
    scales = scale_notes(named, test=test_set.test, train=train, fold_in=fold_in)
    if relevant_from is None:
        scales += all_relevant(test_set, named)
    test = test_set.test
    evaluated = [evaluated_model(name, scorer, test, train) for scorer, name in named]
    if baselines:
        evaluated += references(evaluated, test_set, train, threads)
    if fold_in is not None:
        evaluated = [folded(model, fold_in, test, threads) for model in evaluated]
    if test_set.ks:
        test_set = replace(test_set, alike=alike_by([scorer for scorer, _ in named]))
    return EvaluationInput(test_set, evaluated, len(named), scales)


def evaluate_common(
    named: list[tuple[Scorer, str]], *, resamples: int, seed: int, threads: int | None
) -> Evaluation:
    """Return the errors of several models on the ratings that all of them held out of training.

    Raises
    ------
    ValueError
        If there are none.
    """
    test = held_out_by_all(named)
    test_set = checked_test_set(test, (), None, "binary", test.scale)
    _check_figures(test_set, named)
    scales = scale_notes(named, test=test)
    evaluated = [evaluated_model(name, scorer, test, None, part_of_held_out=True) for scorer, name in named]
    return EvaluationInput(test_set, evaluated, len(named), scales).scored(resamples, 0.95, seed, threads)


def beside_popular(model: Scorer, threads: int | None = None) -> tuple[Evaluation, Beside] | None:
    """Return how a model's lists of ten for what it held out are beside those of the most popular items.

    Of more than 10,000 users the first ones, in the order of their ids, are tested.

    Returns
    -------
    (Evaluation, Beside) or None
        None if the model held out no ratings, or none that counts as liked.
    """
    known = model.ratings
    if known is None or known.held_out is None or not known.held_out.any():
        return None
    test = held_out_ratings(model, "the model")
    last = np.unique(test.user_index)[:_MOST_USERS][-1]
    test = test.select(test.user_index <= last)
    test_set = checked_test_set(test, 10, None, "binary", model.scale)
    if not test_set.relevant.any():
        return None
    one = evaluated_model("model", model, test, None, part_of_held_out=True)
    popular = popular_model(model.users, model.items, one.seen, one.item_counts)
    other = replace(one, name=MOST_POPULAR, scorer=popular)
    found = EvaluationInput(test_set, [one, other], 2, []).scored(500, 0.95, 0, threads)
    return found, beside_references(found.figures, (MOST_POPULAR,), (10,))[0]


def _check_figures(test_set: TestSet, named: list[tuple[Scorer, str]]) -> None:
    for scorer, name in named:
        if not test_set.ks and scorer.scale is None:
            must = f"hold the length of a list; the scores of {name!r} are not ratings and have no errors"
            raise ArgumentError("k", must)


def check_bootstrap(resamples: object, confidence: object, seed: object) -> None:
    """Raise unless the arguments of the bootstrap are in range."""
    check_count("resamples", resamples, 0)
    check_seed(seed)
    check_share("confidence", confidence)
