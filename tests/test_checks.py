"""The one error sentence."""

import numpy as np
import pytest

from eegimg._checks import check_filled, check_number, check_option, check_type, listing, suggest


def test_an_option_is_returned():
    assert check_option("method", "lof", ("prep", "lof"), "FindBadChannels") == "lof"


def test_the_sentence_of_a_wrong_option():
    with pytest.raises(ValueError) as caught:
        check_option("method", "prepp", ("prep", "lof"), "FindBadChannels")
    assert str(caught.value) == (
        "The 'method' parameter of FindBadChannels must be 'prep' or 'lof'. Got 'prepp' instead. "
        "Did you mean 'prep'?"
    )


@pytest.mark.parametrize("value", [["prep"], {}, None, 3, np.array(["prep", "lof"])])
def test_a_wrong_type_is_no_option(value):
    with pytest.raises(ValueError, match="must be 'prep' or 'lof'"):
        check_option("method", value, ("prep", "lof"), "X")


@pytest.mark.parametrize("value", [1, 1.5, np.float32(1.5), np.int64(2)])
def test_numbers_pass(value):
    assert check_number("l_freq", value, "Filter", above=0, at_most=2) is value


@pytest.mark.parametrize(
    "value", [True, "1", None, [1], np.array([1.0, 2.0]), np.array(1.0), 1j, np.nan, np.inf, -np.inf]
)
def test_what_is_no_finite_number_is_a_type_error(value):
    with pytest.raises(TypeError, match=r"^The 'l_freq' parameter of Filter must be a number. Got "):
        check_number("l_freq", value, "Filter")


@pytest.mark.parametrize(
    ("limits", "good", "bad"),
    [
        ({"above": 0}, 1e-9, 0),
        ({"at_least": 0}, 0, -1e-9),
        ({"at_most": 1}, 1, 1.001),
        ({"at_least": 0, "at_most": 1}, 0.5, 2),
    ],
)
def test_bounds(limits, good, bad):
    check_number("x", good, "X", **limits)
    with pytest.raises(ValueError, match="must be a number (above|of at)"):
        check_number("x", bad, "X", **limits)


def test_integers_and_none():
    assert check_number("n", 4.0, "X", integer=True) == 4
    assert check_number("n", None, "X", none=True) is None
    with pytest.raises(TypeError, match="must be an integer or None. Got 2.5"):
        check_number("n", 2.5, "X", integer=True, none=True)
    with pytest.raises(TypeError, match="must be an integer"):
        check_number("n", np.nan, "X", integer=True)


def test_types():
    assert check_type("x", "a", str, "X", "text") == "a"
    with pytest.raises(TypeError, match="^The 'x' parameter of X must be text. Got 3 instead.$"):
        check_type("x", 3, str, "X", "text")


@pytest.mark.parametrize("value", [[], (), "", {}])
def test_what_is_empty_is_told_apart_from_none(value):
    kinds = (list, tuple, str, dict, type(None))
    assert check_filled("x", None, kinds, "X", "a list") is None
    assert check_filled("x", [0], kinds, "X", "a list") == [0]
    with pytest.raises(ValueError, match="must be a list. Got .* instead, which is empty"):
        check_filled("x", value, kinds, "X", "a list")


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], "none"),
        (["a"], "'a'"),
        (["a", "b"], "'a' and 'b'"),
        (list("abcdef"), "'a', 'b', 'c', 'd', 'e' and 'f'"),
        (list("abcdefg"), "'a', 'b', 'c', 'd', 'e' and 2 more"),
    ],
)
def test_listing(items, text):
    assert listing(items) == text


def test_suggestions():
    assert suggest("Fliter", ["Filter", "Notch"]) == " Did you mean 'Filter'?"
    assert suggest("xyz", ["Filter", "Notch"]) == ""
