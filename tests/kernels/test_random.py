"""Counter-based random numbers."""

import numpy as np

from palate.kernels.random import fill_normal, key_of, mark_sample, mix, uniform


def test_mix_is_splitmix64():
    # The first three outputs of SplitMix64 with seed 0, as published with the Java and C reference
    # implementations.
    golden = 0x9E3779B97F4A7C15
    state = [(golden * step) % 2**64 for step in (1, 2, 3)]
    assert [int(mix(np.uint64(s))) for s in state] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
        0x06C45D188009454F,
    ]


def test_numbers_depend_on_the_position_alone():
    whole, part = np.empty((100, 5), np.float32), np.empty((40, 5), np.float32)
    key = key_of(7, 1, 0)
    fill_normal(key, 0, whole)
    fill_normal(key, 60, part)
    np.testing.assert_array_equal(whole[60:], part)
    other = np.empty((100, 5), np.float32)
    fill_normal(key_of(8, 1, 0), 0, other)
    assert (other != whole).all()


def test_normal_numbers_are_normal():
    out = np.empty((200_000, 3), np.float32)
    fill_normal(key_of(0, 0, 0), 0, out)
    assert abs(out.mean()) < 4 / np.sqrt(out.size)
    assert abs(out.var() - 1) < 4 * np.sqrt(2 / out.size)
    assert abs((out**4).mean() - 3) < 0.06
    np.testing.assert_allclose(np.corrcoef(out.T), np.eye(3), atol=0.01)


def test_uniform_numbers_are_in_the_unit_interval():
    key = key_of(0, 0, 2)
    numbers = np.array([uniform(key, position) for position in range(10_000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.012


def test_a_sample_has_exactly_its_size_and_every_entry_an_equal_chance():
    counts = np.zeros(50)
    for seed in range(2000):
        mask = np.zeros(50, bool)
        mark_sample(key_of(seed, 0, 2), 10, mask)
        assert mask.sum() == 10
        counts += mask
    assert np.abs(counts / 2000 - 0.2).max() < 0.04
