"""`palate predict` with standard errors and intervals, end to end on files."""

import json

import pytest

from posteriors import posterior_model


@pytest.fixture(scope="module")
def sure(tmp_path_factory):
    """Return the file of a model with draws of a posterior."""
    path = tmp_path_factory.mktemp("sure") / "sure.palate"
    posterior_model(whole=False).save(path)
    return path


def test_standard_errors_and_intervals_are_columns(palate, sure):
    result = palate("predict", sure, 0, 1, 2, "--std", "--interval", 0.8, "--json")
    assert (result.code, result.err) == (0, "")
    rows = json.loads(result.out)
    assert len(rows) == 2
    for row in rows:
        assert row["high"] - row["low"] == pytest.approx(2 * 1.2816 * row["std"], rel=1e-3)
    wide = json.loads(
        palate("predict", sure, 0, 1, 2, "--interval", 0.8, "--interval-of", "rating", "--json").out
    )
    assert all(one["low"] > two["low"] for one, two in zip(rows, wide, strict=True))
    assert "std" not in wide[0]


def test_wrong_shares_are_refused_in_one_line(refused, sure):
    assert refused("predict", sure, 0, 1, "--interval", 1.5, code=2).startswith(
        "--interval must be between 0 and 1, neither included; got 1.5"
    )
    assert refused("predict", sure, 0, 1, "--interval", 0.5, "--interval-of", "it", code=2) == (
        "--interval-of must be 'mean' or 'rating'; got 'it'."
    )
