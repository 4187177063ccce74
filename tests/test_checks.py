"""Checks of arguments: what they accept, what they say, and that the fields make up the sentence."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import palate
from palate import _checks
from palate._checks import ArgumentError, ArgumentTypeError, Call, Setting, Words

TEXTS = st.text(min_size=1, max_size=20)


@given(
    TEXTS, TEXTS, st.none() | TEXTS, st.text(max_size=20), st.sampled_from([ArgumentError, ArgumentTypeError])
)
def test_the_fields_make_up_the_sentence_and_survive_a_copy(argument, must, got, advice, kind):
    error = kind(argument, must, got, advice)
    sentence = f"{argument} must {must}" + ("" if got is None else f"; got {got}") + "."
    assert str(error) == sentence + ("" if not advice else advice if advice[0] == " " else f" {advice}")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert str(again) == str(error)
        assert (again.argument, again.must, again.got, again.advice) == (argument, must, got, advice)


def test_the_errors_are_public_and_of_pythons_kinds():
    assert (palate.ArgumentError, palate.ArgumentTypeError) == (ArgumentError, ArgumentTypeError)
    assert issubclass(ArgumentError, ValueError)
    assert issubclass(ArgumentTypeError, TypeError)


def test_words_stay_parts_in_words_errors_and_pickles():
    inner = Words("merge by ", Setting("duplicates", "mean"), ".")
    outer = Words("row 3: ", inner, " Train with ", Call("palate.Gibbs"), ".")
    assert outer == "row 3: merge by duplicates='mean'. Train with palate.Gibbs."
    assert Setting("duplicates", "mean") in outer.parts
    assert Call("palate.Gibbs") in outer.parts
    assert pickle.loads(pickle.dumps(outer)).parts == outer.parts
    error = ArgumentError("a", Words("be 0 with ", Setting("solver", "exact")), "1", inner)
    said = ("a", " must ", "be 0 with ", Setting("solver", "exact"), "; got ", "1", ".", " ")
    assert error.args[0].parts == (*said, "merge by ", Setting("duplicates", "mean"), ".")
    assert ValueError(outer).args[0].parts == outer.parts


def test_words_name_in_backticks_what_is_of_the_library():
    found = Words.of("With `seed=3` or `link='ordinal'` pass `scale=`, or leave `scale` to `palate.read()`.")
    assert found == "With seed=3 or link='ordinal' pass scale=, or leave scale to palate.read()."
    assert found.parts[1] == Setting("seed", 3)
    assert found.parts[3] == Setting("link", "ordinal")
    assert found.parts[5] == Setting("scale")
    assert found.parts[7] == Setting("scale", python="scale")
    assert found.parts[9] == Call("palate.read()")


@given(st.integers(-5, 5), st.integers(-3, 3), st.none() | st.integers(-3, 3))
def test_an_integer_is_taken_exactly_between_its_ends(value, low, high):
    if value >= low and (high is None or value <= high):
        assert _checks.check_count("n", np.int32(value), low, high) == value
    else:
        with pytest.raises(ArgumentError, match=rf"^n must be (at least|from) .*; got {value}\.$") as caught:
            _checks.check_count("n", value, low, high)
        assert (caught.value.argument, caught.value.got) == ("n", str(value))


@pytest.mark.parametrize("value", [True, np.bool_(True), 1.0, "1", None, [1]])
def test_what_is_no_integer_is_of_a_wrong_kind(value):
    with pytest.raises(ArgumentTypeError) as caught:
        _checks.check_count("n", value, 0)
    assert str(caught.value) == f"n must be an integer; got {value!r}."
    with pytest.raises(ArgumentTypeError, match=r"^seed must be an integer"):
        _checks.check_seed(value)


@pytest.mark.parametrize("check", [_checks.check_number, _checks.check_finite, _checks.check_share])
@pytest.mark.parametrize("value", [True, np.bool_(False), "0.5", None, [0.5], 1j])
def test_what_is_no_number_is_of_a_wrong_kind(check, value):
    with pytest.raises(ArgumentTypeError) as caught:
        check("x", value)
    assert str(caught.value) == f"x must be a number; got {value!r}."


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_numbers_finite_ones_and_shares(value):
    assert _checks.check_number("x", value) == value or math.isnan(value)
    if math.isfinite(value):
        assert _checks.check_finite("x", np.float64(value)) == value
    else:
        with pytest.raises(ArgumentError, match=r"^x must be a finite number; got (nan|inf|-inf)"):
            _checks.check_finite("x", value)
    if 0 < value < 1:
        assert _checks.check_share("x", value) == value
    else:
        with pytest.raises(ArgumentError, match=r"^x must be between 0 and 1, neither included; got "):
            _checks.check_share("x", value)


def test_a_word_is_one_of_the_choices_or_the_nearest_is_suggested():
    assert _checks.check_choice("gain", "binary", iter(("binary", "rating"))) == "binary"
    with pytest.raises(ArgumentError) as caught:
        _checks.check_choice("gain", "binery", ("binary", "rating"))
    assert str(caught.value) == (
        "gain must be one of 'binary', 'rating'; got 'binery'. Did you mean 'binary'?"
    )
    with pytest.raises(ArgumentError, match=r"got 3\.$"):
        _checks.check_choice("gain", 3, ("binary", "rating"))


def test_a_switch_is_true_or_false():
    assert _checks.check_switch("refit", np.bool_(False)) is False
    with pytest.raises(ArgumentTypeError, match=r"^refit must be True or False; got 1\.$"):
        _checks.check_switch("refit", 1)
