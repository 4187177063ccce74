"""The ranking kernels against their NumPy reference, with real ties and with rounding."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from palate.kernels.pairs import pair_products, pair_products_reference
from palate.kernels.topn import (
    BLOCK_ITEMS,
    GROUP_USERS,
    MOST_SORTED,
    pack_items,
    top_items,
    top_items_reference,
    top_of_scores,
)

NO_MASK = np.zeros(0, dtype=bool)
NOTHING_SEEN = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int32)


@dataclass
class Case:
    """A question to the kernel, and the full table of scores for the reference."""

    user_factors: np.ndarray  # (n_draws, n_users, n_factors)
    item_factors: np.ndarray
    bias: np.ndarray
    allowed: np.ndarray
    seen: np.ndarray  # (n_users, n_items) bool

    @property
    def scores(self):
        products = np.einsum("duf,dif->ui", self.user_factors.astype(float), self.item_factors.astype(float))
        return (products / len(self.user_factors) + self.bias).astype(np.float32)

    @property
    def seen_rows(self):
        return np.concatenate([[0], np.cumsum(self.seen.sum(axis=1))]), np.nonzero(self.seen)[1].astype(
            np.int32
        )

    @property
    def forbidden(self):
        return self.seen | ~self.allowed


def integer_case(seed, n_users, n_items, n_factors, n_draws, largest=2):
    """Factors are small integers: float32 products are exact (draws are a power of two), and ties
    are everywhere.
    """
    rng = np.random.default_rng(seed)

    def integers(*shape):
        return rng.integers(-largest, largest + 1, shape).astype(np.float32)

    return Case(
        integers(n_draws, n_users, n_factors),
        integers(n_draws, n_items, n_factors),
        integers(n_items),
        rng.random(n_items) < 0.8,
        rng.random((n_users, n_items)) < 0.2,
    )


def ask(case, n, *, users=None, ascending=False, masked=True, compact=False, seen=True, typical_norm=1.0):
    users = np.arange(case.user_factors.shape[1]) if users is None else np.asarray(users)
    kept = np.flatnonzero(case.allowed) if compact else None
    panels = pack_items(
        case.item_factors, case.bias, items=kept, ascending=ascending, typical_norm=typical_norm
    )
    items = np.empty((len(users), n), dtype=np.int32)
    scores = np.empty((len(users), n), dtype=np.float32)
    mask = case.allowed if masked and not compact else NO_MASK
    top_items(
        case.user_factors, users, *panels, mask, *(case.seen_rows if seen else NOTHING_SEEN), items, scores
    )
    return items, (-scores if ascending else scores)


def assert_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


cases = st.builds(
    integer_case,
    seed=st.integers(0, 2**32),
    n_users=st.sampled_from([1, 3, 4, 5, GROUP_USERS + 1]),
    n_items=st.sampled_from([1, 7, 24, 25, BLOCK_ITEMS, BLOCK_ITEMS + 1, 3 * BLOCK_ITEMS]),
    n_factors=st.sampled_from([0, 1, 3, 8]),
    n_draws=st.sampled_from([1, 2, 4]),
)


@given(case=cases, n=st.integers(1, 30), compact=st.booleans())
def test_equals_the_reference_where_products_are_exact(case, n, compact):
    assert_same(ask(case, n, compact=compact), top_items_reference(case.scores, n, case.forbidden))


@given(case=cases, n=st.integers(1, 30))
def test_worst_is_the_reference_of_negated_scores(case, n):
    items, scores = top_items_reference(-case.scores, n, case.forbidden)
    assert_same(ask(case, n, ascending=True), (items, -scores))


@given(case=cases, n=st.integers(1, 30), norm=st.sampled_from([0.0, 0.5, 100.0]))
def test_the_order_of_the_blocks_changes_nothing(case, n, norm):
    assert_same(ask(case, n, typical_norm=norm), ask(case, n))


@given(case=cases, n=st.integers(1, 30))
def test_scores_given_as_a_table_are_ranked_the_same(case, n):
    users = np.arange(len(case.scores))
    items, scores = np.empty((len(users), n), np.int32), np.empty((len(users), n), np.float32)
    top_of_scores(case.scores, users, case.allowed, *case.seen_rows, items, scores)
    assert_same((items, scores), top_items_reference(case.scores, n, case.forbidden))


def test_equal_scores_rank_by_item_index():
    case = integer_case(0, 1, 50, 0, 1)
    case.bias[:] = 0
    case.bias[[41, 7]] = 1
    items, _ = ask(case, 4, masked=False, seen=False)
    assert items.tolist() == [[7, 41, 0, 1]]


@pytest.mark.parametrize("n", [1, 5, 20])
def test_equal_scores_of_a_table_rank_by_item_index(n):
    table = np.random.default_rng(2).integers(0, 4, (20, 500)).astype(np.float32)
    table[3] = -np.inf  # a score like any other
    items, scores = np.empty((20, n), np.int32), np.empty((20, n), np.float32)
    top_of_scores(table, np.arange(20), NO_MASK, *NOTHING_SEEN, items, scores)
    assert_same((items, scores), top_items_reference(table, n))


@pytest.mark.parametrize("n", [2, MOST_SORTED // 2, MOST_SORTED + 10])
def test_few_and_many_of_a_long_table_are_ranked_the_same(n):
    table = np.random.default_rng(4).normal(size=(3, 2 * MOST_SORTED)).round(2).astype(np.float32)
    table[0, ::7] = np.nan
    table[1] = np.where(table[1] > 0, np.float32(0), np.float32(-0.0))  # equal numbers of other bits
    table[2, :-3] = np.nan
    items, scores = np.empty((3, n), np.int32), np.empty((3, n), np.float32)
    top_of_scores(table, np.arange(3), NO_MASK, *NOTHING_SEEN, items, scores)
    assert_same((items, scores), top_items_reference(table, n))


def test_every_item_can_be_asked_for():
    case = integer_case(1, 5, 3 * BLOCK_ITEMS, 2, 1)
    items, scores = ask(case, 3 * BLOCK_ITEMS, masked=False, seen=False)
    assert_same((items, scores), top_items_reference(case.scores, 3 * BLOCK_ITEMS))


def test_a_user_with_fewer_items_is_filled_with_nothing():
    case = integer_case(2, 2, 30, 2, 1)
    case.allowed[:] = True
    case.seen[:] = False
    case.seen[1, 2:] = True
    items, scores = ask(case, 4)
    assert (items[0] >= 0).all()
    assert sorted(items[1, :2]) == [0, 1]
    assert items[1, 2:].tolist() == [-1, -1]
    assert np.isnan(scores[1, 2:]).all()


def test_items_and_scores_that_are_not_finite_are_never_ranked():
    case = integer_case(3, 2, 30, 2, 1)
    case.item_factors[0, 4] = np.nan
    case.bias[9] = np.inf
    items, scores = ask(case, 30, masked=False, seen=False)
    assert not np.isin([4, 9], items).any()
    assert (items >= 0).sum() == 2 * 28
    dense = np.array([[1.0, np.nan, 3.0]], dtype=np.float32)
    items, scores = np.empty((1, 3), np.int32), np.empty((1, 3), np.float32)
    top_of_scores(dense, np.array([0]), NO_MASK, *NOTHING_SEEN, items, scores)
    assert items.tolist() == [[2, 0, -1]]


@pytest.fixture(scope="module")
def real_case():
    rng = np.random.default_rng(5)
    n_users, n_items, n_factors, n_draws = 150, 3000, 17, 3
    popularity = rng.exponential(size=(1, n_items, 1))  # norms differ, so that blocks are skipped
    return Case(
        rng.normal(size=(n_draws, n_users, n_factors)).astype(np.float32),
        (popularity * rng.normal(size=(n_draws, n_items, n_factors))).astype(np.float32),
        rng.normal(size=n_items).astype(np.float32),
        rng.random(n_items) < 0.9,
        rng.random((n_users, n_items)) < 0.05,
    )


@pytest.mark.parametrize("ascending", [False, True])
def test_no_omitted_score_beats_the_last_one_by_more_than_rounding(real_case, ascending):
    n = 10
    exact = (
        np.einsum("duf,dif->ui", real_case.user_factors.astype(float), real_case.item_factors.astype(float))
        / 3
    )
    exact += real_case.bias
    exact[real_case.forbidden] = np.inf if ascending else -np.inf
    items, scores = ask(real_case, n, ascending=ascending)
    of_list = np.take_along_axis(exact, items, axis=1)
    np.testing.assert_allclose(scores, of_list, atol=1e-5)
    sign = -1 if ascending else 1
    assert (np.diff(sign * scores, axis=1) <= 0).all()
    np.put_along_axis(exact, items, -sign * np.inf, axis=1)
    assert ((sign * exact).max(axis=1) <= (sign * of_list).min(axis=1) + 1e-5).all()


def test_a_user_has_the_same_bits_alone_in_company_and_under_a_filter(real_case):
    items, scores = ask(real_case, 10)
    for users in ([17], [3, 17, 99, 17, 4], range(100, 10, -1)):
        some = ask(real_case, 10, users=list(users))
        assert_same(some, (items[list(users)], scores[list(users)]))
    assert_same(ask(real_case, 10, compact=True), (items, scores))


def test_a_score_is_the_product_of_its_pair(real_case):
    items, scores = ask(real_case, 10)
    users = np.repeat(np.arange(len(items)), 10)
    prior = np.zeros((3, 17), np.float32)
    out = np.empty(items.size, np.float32)
    bias = real_case.bias[items.ravel()]
    pair_products(
        real_case.user_factors,
        real_case.item_factors,
        prior,
        prior,
        bias,
        users,
        items.ravel().astype(int),
        out,
    )
    np.testing.assert_allclose(out, scores.ravel(), rtol=1e-6)


@given(seed=st.integers(0, 2**32), n_factors=st.sampled_from([0, 1, 5]), n_draws=st.sampled_from([1, 2]))
def test_pairs_equal_the_reference_with_unknown_rows(seed, n_factors, n_draws):
    case = integer_case(seed, 4, 6, n_factors, n_draws)
    rng = np.random.default_rng(seed)
    users, items = rng.integers(-1, 4, 20), rng.integers(-1, 6, 20)
    priors = [rng.integers(-2, 3, (n_draws, n_factors)).astype(np.float32) for _ in range(2)]
    bias = rng.integers(-2, 3, 20).astype(np.float32)
    out = np.empty(20, np.float32)
    arguments = (case.user_factors, case.item_factors, *priors, bias, users, items)
    pair_products(*arguments, out)
    np.testing.assert_array_equal(out, pair_products_reference(*arguments))
