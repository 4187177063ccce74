"""The estimate of what training needs: its laws, and measured runs within a stated error."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import palate
from palate.recommender.candidates import tries_dense
from palate.recommender.planning import available_gigabytes, learned_bytes

SIZES = st.tuples(st.integers(1, 10**10), st.integers(1, 10**8), st.integers(1, 10**7))
TRAINERS = [
    palate.LeastSquares(),
    palate.Gibbs(),
    palate.Gibbs(n_draws=10),
    palate.Spectral(),
    palate.LinearItems(),
    palate.Popular(),
    palate.Baseline(),
    palate.Recommender(),
    palate.Recommender(stars="gibbs"),
]


@pytest.mark.parametrize("trainer", TRAINERS, ids=lambda one: type(one).__name__)
@given(SIZES, SIZES)
@example((1, 1, 1668), (1, 1, 5001))
@example((1, 1, 308381), (1, 1, 309024))
def test_a_larger_table_never_needs_less(trainer, one, other):
    if isinstance(trainer, palate.Recommender) and tries_dense(*map(min, one[1:], other[1:])):
        return  # dense models are tried on small tables alone
    small = palate.plan(*map(min, one, other), trainer)
    large = palate.plan(*map(max, one, other), trainer)
    assert 0 < small.memory_gb <= large.memory_gb
    assert 0 < small.file_gb <= large.file_gb


def test_the_dense_form_needs_the_square_of_the_items():
    dense, local = (
        palate.plan(10**7, 10**5, 20_000, palate.LinearItems(form=form)) for form in ("dense", "local")
    )
    assert dense.memory_gb - palate.plan(10**7, 10**5, 20_000, palate.Popular()).memory_gb == pytest.approx(
        12 * 20_000**2 / 1e9, rel=0.01
    )
    assert local.memory_gb < dense.memory_gb


def test_the_dense_form_of_few_users_needs_the_users_times_the_items():
    trainer = palate.LinearItems(form="dense")
    found, half = palate.plan(10**5, 600, 10_000, trainer), palate.plan(10**5, 5_001, 10_000, trainer)
    assert found.file_gb == pytest.approx((12 * 10**5 + 4 * 10_000 * 602) / 1e9)
    assert half.file_gb == pytest.approx((12 * 10**5 + 4 * 10_000**2) / 1e9)
    rest = palate.plan(10**5, 600, 10_000, palate.Popular()).memory_gb
    assert found.memory_gb - rest == pytest.approx((12 * 600 * 10_000 + 16 * 600**2) / 1e9, rel=0.01)


def test_the_file_of_two_heads_may_hold_dense_weights():
    size = (10**6, 6_040, 3_706)
    dense, whole = (
        palate.plan(*size, palate.LinearItems(form="dense")),
        palate.plan(*size, palate.Recommender()),
    )
    assert whole.file_gb > dense.file_gb


def test_the_measured_runs_are_met():
    # peak RSS of `palate train` on planted ratings: 20 M 1.25 GB, 95 M 4.3 GB (benchmarks/RESULTS.md)
    assert palate.plan(20_000_000, 138_493, 26_744).memory_gb == pytest.approx(1.25, rel=0.1)
    assert palate.plan(95_000_000, 692_465, 60_000).memory_gb == pytest.approx(4.3, rel=0.2)
    # of `Recommender` (docs/large-tables.md)
    for size, peak in (((100_000, 610, 9_724), 0.84), ((10**6, 6_040, 3_706), 0.81)):
        assert palate.plan(*size, palate.Recommender()).memory_gb == pytest.approx(peak, rel=0.1)
    assert palate.plan(3_800_000, 27_698, 26_633, palate.Recommender()).memory_gb == pytest.approx(
        3.6, rel=0.1
    )
    assert palate.plan(19_000_000, 138_493, 26_744, palate.Recommender()).memory_gb == pytest.approx(
        5.0, rel=0.2
    )
    assert palate.plan(100_000_000, 692_465, 60_000).processor_seconds == pytest.approx(82, rel=0.05)


def test_more_factors_and_more_draws_need_more():
    size = (10**6, 10**5, 10**4)
    few, many = (palate.plan(*size, palate.LeastSquares(n_factors=k)) for k in (8, 256))
    assert many.memory_gb > few.memory_gb
    assert few.processor_seconds is None
    assert learned_bytes(10**5, 10**4, palate.Gibbs(n_draws=40)).saved == 40 * 4 * 110_000 * 40
    short = palate.Gibbs(sweeps=60, burn_in=20, n_chains=2)
    assert learned_bytes(4000, 1000, short).saved == 80 * 4 * 5000 * 40, "there are no more draws than sweeps"
    assert learned_bytes(10**5, 10**4, short).saved == 256 * 2**20


def test_whether_it_fits_is_told_where_the_memory_is_known():
    free = available_gigabytes()
    found = palate.plan(10**12, 10**9, 10**7)
    assert found.fits is (None if free is None else False)
    assert palate.plan(10, 3, 3).fits in (None, True)


@pytest.mark.parametrize("place", range(3))
def test_a_size_below_one_is_refused(place):
    sizes = [5, 5, 5]
    sizes[place] = 0
    with pytest.raises(palate.ArgumentError, match="must be at least 1; got 0"):
        palate.plan(*sizes)
