"""Metrics of ranked lists, per user: how many of the relevant items a list of k places holds, and how far up.

Notation: `rel_j` is 1 if the item at place j is relevant and 0 if not, R the number of the user's
relevant items. k stays k where a catalog has fewer items or a list is shorter (its free places are
-1). A user without relevant items has no value: NaN.
"""

import numpy as np

from palate._checks import ArgumentError
from palate.evaluation.metrics.lists import Lists


def precision(lists: Lists, k: int) -> np.ndarray:
    """Return precision@k = sum_{j <= k} rel_j / k: the share of the list that is relevant.

    Examples
    --------
    >>> lists = Lists.match(
    ...     np.array([[2, 0, 1]]), 3, row=np.zeros(1, int), item=np.array([0]), worth=np.ones(1)
    ... )
    >>> precision(lists, 2).tolist()
    [0.5]
    """
    return _defined(lists, _first(lists, k).sum(axis=1) / k)


def recall(lists: Lists, k: int) -> np.ndarray:
    """Return recall@k = sum_{j <= k} rel_j / R: the share of the relevant items that the list holds.

    As in ranx and LightGCN: a user with more than k relevant items cannot reach 1.
    """
    return _ratio(lists, _first(lists, k).sum(axis=1), lists.n_relevant)


def capped_recall(lists: Lists, k: int) -> np.ndarray:
    """Return sum_{j <= k} rel_j / min(k, R): recall that 1 is always within reach of.

    References
    ----------
    Liang, Krishnan, Hoffman, Jebara (2018), "Variational Autoencoders for Collaborative Filtering",
    section 4.2 ("Recall@R").
    """
    return _ratio(lists, _first(lists, k).sum(axis=1), np.minimum(lists.n_relevant, k))


def ndcg(lists: Lists, k: int) -> np.ndarray:
    """Return nDCG@k = DCG@k / IDCG@k with DCG@k = sum_{j <= k} gain_j / log2(j + 1).

    IDCG@k is the DCG of the best list of k places (the ideal is cut at k). The gain of a relevant
    item is 1, or its rating when gains are graded; it enters linearly.

    References
    ----------
    Järvelin, Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques".
    """
    _check_length(lists, k)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    return _ratio(lists, lists.gain[:, :k] @ discount, lists.ideal[:, :k] @ discount)


def average_precision(lists: Lists, k: int) -> np.ndarray:
    """Return AP@k = sum_{j <= k} rel_j precision@j / R, whose mean over users is MAP@k.

    R is the number of relevant items as in trec_eval and ranx, not min(k, R).
    """
    hit = _first(lists, k)
    precisions = np.cumsum(hit, axis=1) / np.arange(1, hit.shape[1] + 1)
    return _ratio(lists, (hit * precisions).sum(axis=1), lists.n_relevant)


def reciprocal_rank(lists: Lists, k: int) -> np.ndarray:
    """Return 1 / (rank of the first relevant item), 0 if none is among the first k.

    Its mean over users is MRR@k.
    """
    hit = _first(lists, k)
    values = np.zeros(len(hit))
    np.divide(1.0, hit.argmax(axis=1) + 1, out=values, where=hit.any(axis=1))
    return _defined(lists, values)


def hit_rate(lists: Lists, k: int) -> np.ndarray:
    """Return 1 if any of the first k items is relevant, else 0."""
    return _defined(lists, np.asarray(_first(lists, k).any(axis=1), dtype=np.float64))


METRICS = {
    "ndcg": ndcg,
    "recall": recall,
    "capped_recall": capped_recall,
    "precision": precision,
    "map": average_precision,
    "mrr": reciprocal_rank,
    "hit_rate": hit_rate,
}


def _first(lists: Lists, k: int) -> np.ndarray:
    """Return which of the first k places are relevant."""
    _check_length(lists, k)
    return lists.hit[:, :k]


def _check_length(lists: Lists, k: int) -> None:
    if k > lists.n:
        raise ArgumentError("k", f"be at most the number of places, {lists.n}", f"{k}", "Make longer lists.")


def _defined(lists: Lists, values: np.ndarray) -> np.ndarray:
    return np.where(lists.n_relevant > 0, values, np.nan)


def _ratio(lists: Lists, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    out = np.zeros(len(top))
    np.divide(top, bottom, out=out, where=bottom > 0)
    # Rounding may leave a perfect list an ulp above 1.
    return _defined(lists, np.minimum(out, 1.0))
