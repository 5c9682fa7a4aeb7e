"""Numbers of tables: read as they are meant, or refused; never another number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bias_harness.reading import read
from bias_harness.sharing.amounts import money_text, number_of, plain_text


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("52400", None, 52400),
        ("52,400", None, 52400),
        ("52,400.50", None, 52400.5),
        ("52.400", ",", 52400),
        ("52.400,5", ",", 52400.5),
        ("1.234.567,89", ",", 1234567.89),
        ("52\u00a0400", ",", 52400),
        ("52'400.25", ".", 52400.25),
        ("52.400", ".", 52.4),
        ("6.1e4", None, 61000),
        (52400.5, ",", 52400.5),
        (0, None, 0),
    ],
)
def test_a_number_is_read_as_it_is_meant(text: object, mark, number: float) -> None:
    assert number_of(text, mark, money=True) == number


@pytest.mark.parametrize(
    ("text", "mark", "said"),
    [
        ("52400,5", None, "only with the decimal mark ','"),
        ("52400,50", ".", "only with the decimal mark ','"),
        ("52400.5", ",", "only with the decimal mark '.'"),
        ("52,40", None, "only with the decimal mark ','"),
        ("5,24,000", None, "no number"),
        ("52.400", None, "could be thousands"),
        ("52.400.000", None, "only with the decimal mark ','"),
        ("-88888", None, "negative"),
        (-88888, None, "negative"),
        ("\u221288888", None, "negative"),
        ("(52400)", None, "no number"),
        ("52_400", None, "no number"),
        ("52400-", None, "no number"),
        ("5 2400", None, "no number"),
        ("52k", None, "no number"),
        ("nan", None, "no number"),
        (math.inf, None, "no number"),
        (True, None, "no number"),
        ("1e999", None, "no number"),
        (1.7e308, None, "larger than can be meant"),
        ("1e30", ".", "larger than can be meant"),
        (10**15, None, "larger than can be meant"),
    ],
)
def test_what_could_be_another_number_is_refused(text: object, mark, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        number_of(text, mark, money=True)


def test_a_score_may_have_three_decimals_and_be_negative() -> None:
    assert number_of("-0.125", None, money=False) == -0.125
    assert number_of("7.125", None, money=False) == 7.125
    assert (number_of("7,125", ",", money=False), number_of("7,125", ".", money=False)) == (7.125, 7125)
    with pytest.raises(ValueError, match="could be thousands"):
        number_of("7,125", None, money=False)


@given(st.integers(0, 10**7), st.integers(0, 99), st.sampled_from([",", "."]), st.booleans())
def test_every_way_of_writing_a_number_gives_it_or_nothing(whole: int, cents: int, mark: str, grouped: bool) -> None:
    """Written with one mark and read with each: the number itself, or a refusal; ten times too much never."""
    point = f"{whole:,}" if grouped else str(whole)
    text = f"{point}.{cents:02d}"
    text = text.translate(str.maketrans(",.", ".,")) if mark == "," else text
    for told in (".", ",", None):
        try:
            found = number_of(text, told, money=True)
        except ValueError:
            continue
        assert found == pytest.approx(whole + cents / 100)


@pytest.mark.parametrize("number", [52400, 52400.5, 17.125, 1234567.89, 0.0])
def test_what_is_written_for_the_reader_is_read_as_the_same(number: float) -> None:
    text = money_text("EUR", number)
    assert float(text.removeprefix("EUR ")) == number
    if number:
        assert read(text).amount == number


@pytest.mark.parametrize("number", [1e-05, 7.0, -0.125, 1e20])
def test_a_score_is_written_in_digits(number: float) -> None:
    assert "e" not in plain_text(number)
    assert float(plain_text(number)) == number
