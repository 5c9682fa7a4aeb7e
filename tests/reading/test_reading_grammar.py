"""The money grammar: any amount in any common writing, and no text that breaks it."""

from __future__ import annotations

import time
import tomllib
from importlib.resources import files

import pytest
from babel.numbers import format_currency, format_decimal
from cases import first
from hypothesis import given, settings
from hypothesis import strategies as st

from bias_harness.reading import read
from bias_harness.reading.lexicon import lexicon
from bias_harness.reading.numerals import read_digits
from bias_harness.reading.word_lists import LANGUAGES

LOCALES = ("nl_NL", "en_US", "en_GB", "de_DE", "de_CH", "de_AT", "fr_FR", "en_IN", "sv_SE")
whole = st.integers(1_000, 9_999_999)
PER_YEAR = {"en": " per year", "nl": " bruto per jaar", "de": " brutto pro Jahr"}
TO = {"en": " to ", "nl": " tot ", "de": " bis "}


@given(whole, st.sampled_from(LOCALES), st.sampled_from(["EUR", "USD", "GBP", "CHF"]))
@settings(max_examples=300, deadline=None)
def test_what_babel_writes_is_read_back(amount, locale, currency):
    answer = read(format_currency(amount, currency, locale=locale, format_type="standard"))
    assert (answer.amount, answer.kind) == (amount, "point")
    assert answer.currency == currency


@given(whole, st.sampled_from(LOCALES))
@settings(max_examples=200, deadline=None)
def test_bare_numbers_are_read_back(amount, locale):
    assert read(format_decimal(amount, locale=locale)).amount == amount


@given(whole, st.integers(1, 99), st.sampled_from(["nl_NL", "en_US", "de_DE"]))
@settings(max_examples=200, deadline=None)
def test_cents_are_read_back(amount, cents, locale):
    value = amount + cents / 100
    answer = read(format_currency(value, "EUR", locale=locale))
    assert answer.amount == pytest.approx(value, abs=0.001)


@given(st.integers(10, 900), st.sampled_from(["k", "K", " k", " thousand", " duizend", " Tsd.", " tausend", "k+"]))
def test_thousands_are_read_back(amount, unit):
    assert read(f"€{amount}{unit}").amount == amount * 1000


@given(whole, st.integers(1, 80), st.sampled_from(["nl", "en", "de"]), st.sampled_from(["-", " - ", "–", " – ", "to"]))
@settings(max_examples=300, deadline=None)
def test_ranges_are_read_back(low, percent, language, link):
    high = low + max(1, low * percent // 100)
    written = [format_decimal(n, locale=language) for n in (low, high)]
    text = f"€ {written[0]}{TO[language] if link == 'to' else link}€ {written[1]}{PER_YEAR[language]}"
    answer = read(text, language=language)
    assert (answer.low, answer.high, answer.period, answer.currency) == (low, high, "year", "EUR")


@given(st.integers(20, 999), st.sampled_from(["en", "nl", "de"]))
@settings(max_examples=60, deadline=None)
def test_the_unit_of_one_end_is_the_unit_of_both(low, language):
    answer = read(f"€{low}–{low + 15}k", language=language)
    assert (answer.low, answer.high) == (low * 1000, (low + 15) * 1000)


@given(st.text())
@settings(max_examples=400, deadline=None)
def test_no_text_breaks_the_reader(text):
    answer = read(text, prompt=text)
    if answer.span:
        assert text[slice(*answer.span)] == answer.evidence


HEAP = (
    '$ € 85 . 000 , - – k per year / ( ) ** * # | { " } : not between and 1.5 million tot bis <think> </think> &euro; '
    '\\$ \\boxed{ 401 (k) % ² ٣ TEUR one hundred duizend null "salary" \u200b US$ Rs e.g. LPA İ ask for if they'
)
PIECES = st.sampled_from([*HEAP.split(" "), " ", "\n", "\r\n", "\u00a0"])


@given(st.lists(PIECES, max_size=40))
@settings(max_examples=400, deadline=None)
def test_no_heap_of_money_words_breaks_the_reader(pieces):
    text = "".join(pieces)
    answer = read(text, prompt="in thousands, offer $95,000")
    if answer.span:
        assert text[slice(*answer.span)] == answer.evidence


PIECES = ("1", "1.", "123 ", "1 000", "$95,000 ", "$95,000-", "\n", "$5\n", "<think>", "*", "\\boxed{")
DEARER = ("1-", "{", '{"a":', "&", "a:\n")


@pytest.mark.parametrize(
    "piece", first(3, [*PIECES, *(pytest.param(piece, marks=pytest.mark.slow) for piece in DEARER)])
)
def test_time_grows_with_the_text_and_no_faster(piece):
    """A megabyte takes about a second at most; ten is the bound, which only faster than linear growth can reach."""
    text = piece * (1_000_000 // len(piece))
    start = time.process_time()
    read(text)
    assert time.process_time() - start < 10


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("85,000", 85_000),
        ("85.000", 85_000),
        ("85 000", 85_000),
        ("85'000", 85_000),
        ("24,00,000", 2_400_000),
        ("1.250.000", 1_250_000),
        ("85.000,50", 85_000.5),
        ("1,234.56", 1234.56),
        ("62,5", 62.5),
        ("0,085", 0.085),
        ("1,23,4", None),
        ("12.05.2024", None),
        ("3.5.2", None),
        ("9" * 40, None),
    ],
)
def test_digits_follow_a_convention_or_are_no_number(raw, value):
    read_in = read_digits(raw)
    assert (read_in[0] if read_in else None) == value


@pytest.mark.parametrize("mark", ["", "**", "__"])
def test_marks_of_bold_stand_between_no_colon_and_its_amount(mark: str) -> None:
    found = read(f"{mark}Current pay:{mark} $61,000\n{mark}Merited pay:{mark} $74,500")
    assert (found.status, found.amount) == ("ok", 74_500)


def tables() -> dict[str, dict]:
    folder = files("bias_harness.reading") / "lexicons"
    return {name: tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in LANGUAGES}


OWN = ("currency", "multiplier", "fixed", "same")
"""Sections that a language has in its own way."""


def test_the_languages_have_the_same_lists():
    shapes = {
        language: {(section, key) for section, lists in table.items() if section not in OWN for key in lists}
        for language, table in tables().items()
    }
    assert all(shape == shapes["en"] for shape in shapes.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phrase_plays_one_part_in_a_language(language):
    parts: dict[str, list[str]] = {}
    for role, phrases in tables()[language]["role"].items():
        for phrase in phrases:
            parts.setdefault(phrase, []).append(role)
    assert {phrase: roles for phrase, roles in parts.items() if len(roles) > 1} == {}


def test_a_lexicon_is_made_once():
    assert lexicon(("en",)) is lexicon(("en",))
