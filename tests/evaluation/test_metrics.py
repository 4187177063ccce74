"""Metrics of lists against known fractions, an independent library, and laws that hold for all lists."""

from fractions import Fraction
from math import log2

import ir_measures
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import AP, RR, P, R, Success, nDCG

from palate.evaluation.bins import EDGES, bin_of, label
from palate.evaluation.metrics import beyond
from palate.evaluation.metrics.errors import clipped, error_sums
from palate.evaluation.metrics.lists import Lists
from palate.evaluation.metrics.ranking import METRICS
from palate.lists.obscurity import coverage

N_ITEMS = 12


def lists_of(rankings, relevant, worth=None):
    """Return Lists of rankings (a list of item lists) and of each user's relevant items, with room
    for 60 places.
    """
    n = 60
    items = np.array(
        [[*ranking, *[-1] * (n - len(ranking))] for ranking in rankings], dtype=np.int32
    ).reshape(-1, n)
    pairs = [(row, item) for row, own in enumerate(relevant) for item in own]
    row, item = (np.array(side, dtype=np.int64) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
    values = np.array([1.0 if worth is None else worth[row][item] for row, item in pairs])
    return Lists.match(items, N_ITEMS, row, item, values)


def value(name, ranking, relevant, k, worth=None):
    return METRICS[name](lists_of([ranking], [relevant], worth and [worth]), k)[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # places 2 and 5 are relevant; of four relevant items one is never listed and one is unknown
        # to the scorer (-1)
        ("precision", Fraction(2, 5)),
        ("recall", Fraction(2, 4)),
        ("capped_recall", Fraction(2, 4)),
        ("map", (Fraction(1, 2) + Fraction(2, 5)) / 4),
        ("mrr", Fraction(1, 2)),
        ("hit_rate", Fraction(1)),
        ("ndcg", (1 / log2(3) + 1 / log2(6)) / (1 + 1 / log2(3) + 1 / 2 + 1 / log2(5))),
    ],
)
def test_known_answers_at_5(name, expected):
    assert value(name, [3, 1, 4, 5, 9, 2], [1, 9, 7, -1], 5) == pytest.approx(float(expected), abs=1e-15)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("precision", Fraction(1, 2)),
        ("recall", Fraction(1, 4)),
        ("capped_recall", Fraction(1, 2)),
        ("map", Fraction(1, 2) / 4),
        ("mrr", Fraction(1, 2)),
        ("hit_rate", Fraction(1)),
        ("ndcg", (1 / log2(3)) / (1 + 1 / log2(3))),  # the ideal is cut at k
    ],
)
def test_known_answers_at_2(name, expected):
    assert value(name, [3, 1, 4, 5, 9, 2], [1, 9, 7, -1], 2) == pytest.approx(float(expected), abs=1e-15)


def test_graded_gain_enters_linearly():
    worth = {1: 3.0, 9: 5.0, 7: 4.0}
    expected = (3 / log2(3) + 5 / log2(6)) / (5 + 4 / log2(3) + 3 / 2)
    assert value("ndcg", [3, 1, 4, 5, 9, 2], [1, 9, 7], 5, worth) == pytest.approx(expected)
    assert value("precision", [3, 1, 4, 5, 9, 2], [1, 9, 7], 5, worth) == Fraction(2, 5).numerator / 5


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("k", [1, 3, 50])
def test_the_best_and_the_worst_list(name, k):
    relevant = [2, 5, 7]
    best = value(name, [5, 2, 7, 1, 0], relevant, k)
    reachable = {"precision": min(k, 3) / k, "recall": min(k, 3) / 3, "map": min(k, 3) / 3}
    assert best == pytest.approx(reachable.get(name, 1.0))
    assert value(name, [0, 1, 3, 4], relevant, k) == 0
    assert value(name, [], relevant, k) == 0


@pytest.mark.parametrize("name", METRICS)
def test_a_user_without_relevant_items_has_no_value(name):
    assert np.isnan(value(name, [1, 2, 3], [], 2))


@pytest.mark.parametrize("name", METRICS)
def test_lists_that_are_too_short_for_k_are_refused(name):
    with pytest.raises(ValueError, match="k must be at most the number of places, 60; got 61"):
        value(name, [1, 2, 3], [1], 61)


def test_the_rank_of_every_relevant_pair_is_found():
    lists = lists_of([[3, 1, 4], [1, 3, -1]], [[4, 9, -1], [1]])
    assert lists.found.tolist() == [3, 0, 0, 1]
    assert lists.n_relevant.tolist() == [3, 1]


rankings = st.lists(st.permutations(range(N_ITEMS)), min_size=1, max_size=6)


@given(data=st.data(), orders=rankings, k=st.integers(1, N_ITEMS + 3))
def test_the_independent_library_agrees(data, orders, k):
    n = data.draw(st.integers(1, N_ITEMS))
    orders = [order[:n] for order in orders]
    own = data.draw(
        st.lists(
            st.dictionaries(st.integers(0, N_ITEMS - 1), st.integers(1, 5), min_size=1),
            min_size=len(orders),
            max_size=len(orders),
        )
    )
    lists = lists_of(orders, [list(worth) for worth in own])
    graded = lists_of(orders, [list(worth) for worth in own], own)
    names = {
        "precision": P @ k,
        "recall": R @ k,
        "map": AP @ k,
        "mrr": RR @ k,
        "hit_rate": Success @ k,
        "ndcg": nDCG @ k,
    }
    judged = [ir_measures.Qrel(str(u), str(i), 1) for u, worth in enumerate(own) for i in worth]
    by_gain = [
        ir_measures.Qrel(str(u), str(i), gain) for u, worth in enumerate(own) for i, gain in worth.items()
    ]
    run = [
        ir_measures.ScoredDoc(str(u), str(i), -place)
        for u, order in enumerate(orders)
        for place, i in enumerate(order)
    ]
    for name, measure in names.items():
        np.testing.assert_allclose(
            METRICS[name](lists, k), per_user(measure, judged, run, len(orders)), atol=1e-6, err_msg=name
        )
    np.testing.assert_allclose(
        METRICS["ndcg"](graded, k), per_user(nDCG @ k, by_gain, run, len(orders)), atol=1e-6
    )


def per_user(measure, judged, run, n):
    found = {int(one.query_id): one.value for one in ir_measures.iter_calc([measure], judged, run)}
    return [found[user] for user in range(n)]


relevant_sets = st.sets(st.integers(-1, N_ITEMS - 1), max_size=6).map(sorted)


@given(orders=rankings, data=st.data(), k=st.integers(1, N_ITEMS + 3))
def test_laws_of_every_metric(orders, data, k):
    relevant = data.draw(st.lists(relevant_sets, min_size=len(orders), max_size=len(orders)))
    lists = lists_of(orders, relevant)
    shuffled = data.draw(st.permutations(range(len(orders))))
    other = lists_of([orders[u] for u in shuffled], [relevant[u] for u in shuffled])
    for name, metric in METRICS.items():
        values = metric(lists, k)
        inside = values[~np.isnan(values)]
        assert ((inside >= 0) & (inside <= 1)).all(), name
        np.testing.assert_array_equal(np.isnan(values), lists.n_relevant == 0)
        np.testing.assert_allclose(
            metric(other, k), values[shuffled], atol=1e-12
        )  # users do not touch each other
    defined = lists.n_relevant > 0
    assert (METRICS["capped_recall"](lists, k) >= METRICS["recall"](lists, k))[defined].all()
    assert (METRICS["recall"](lists, k + 1) >= METRICS["recall"](lists, k))[defined].all()


@given(
    order=st.permutations(range(N_ITEMS)),
    relevant=relevant_sets.filter(bool),
    place=st.integers(0, N_ITEMS - 2),
)
def test_moving_a_relevant_item_up_never_hurts(order, relevant, place):
    better = list(order)
    better[place], better[place + 1] = better[place + 1], better[place]
    if not (order[place + 1] in relevant and order[place] not in relevant):
        return
    for name, metric in METRICS.items():
        for k in (1, 3, N_ITEMS):
            before, after = (metric(lists_of([one], [relevant]), k)[0] for one in (order, better))
            assert after >= before - 1e-12, name


def test_errors_are_summed_per_row_clipped_or_not():
    predicted = np.array([6.0, 3.0, 0.0], dtype=np.float32)
    actual = np.array([5.0, 4.0, 1.0], dtype=np.float32)
    rows = np.array([0, 0, 2])
    assert [sums.tolist() for sums in error_sums(rows, 3, actual, predicted)] == [
        [2.0, 0.0, 1.0],
        [2.0, 0.0, 1.0],
    ]
    inside = clipped(predicted, (1, 5))
    assert [sums.tolist() for sums in error_sums(rows, 3, actual, inside)] == [
        [1.0, 0.0, 0.0],
        [1.0, 0.0, 0.0],
    ]


@pytest.mark.parametrize(
    ("appearances", "expected"),
    [([3, 3, 3], 0), ([0, 0, 5], Fraction(2, 3)), ([1, 2, 3], Fraction(2, 9)), ([7], 0)],
)
def test_gini(appearances, expected):
    assert beyond.gini(np.array(appearances)) == pytest.approx(float(expected))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any))
def test_gini_is_the_mean_difference_of_all_pairs(appearances):
    x = np.array(appearances, dtype=float)
    expected = np.abs(x[:, None] - x).sum() / (2 * len(x) ** 2 * x.mean())
    assert beyond.gini(x) == pytest.approx(expected, abs=1e-12)
    assert 0 <= beyond.gini(x) < 1


def test_beyond_accuracy_of_nothing_is_undefined():
    assert np.isnan(beyond.gini(np.zeros(3)))
    assert np.isnan(coverage(np.zeros(0)))
    assert np.isnan(beyond.mean_over_list(np.array([[-1, -1]]), np.array([1.0]))).all()


def test_coverage_and_means_over_lists():
    items = np.array([[0, 2], [2, -1]])
    assert coverage(np.bincount(items[items >= 0], minlength=4)) == 2 / 4
    assert beyond.mean_over_list(items, np.array([10.0, 0, 4, 0])).tolist() == [7.0, 4.0]


@given(st.integers(0, 10**9))
def test_every_count_lies_in_its_bin(count):
    number = int(bin_of(np.array([count]))[0])
    assert EDGES[number] <= count
    assert number == len(EDGES) - 1 or count < EDGES[number + 1]
    assert f"{EDGES[number]:,}" in label(number)
