"""Digits and number words -> a number, or nothing: no locale is needed and nothing is guessed.

A run of three digits after one separator groups thousands ("85.000", "85,000", "85 000", "85'000"); one or two
digits, or four and more, are decimals ("62,50"). A number that fits no pattern ("1,23,4", "12.05.2024") is no number.
"""

from __future__ import annotations

import re
from functools import lru_cache

from text_to_num import text2num

LONGEST = 20
_PLAIN = re.compile(r"\d{1,12}")
_GROUPED = re.compile(r"(\d{1,3})([.,' ])(\d{3})((?:\2\d{3})*)(?:(?!\2)[.,](\d{1,2}))?")
_INDIAN = re.compile(r"(\d{1,2}(?:,\d{2})+,\d{3})(?:\.(\d{1,2}))?")
_DECIMAL = re.compile(r"(\d{1,9})[.,](\d{1,2}|\d{4,8})")


def read_digits(raw: str) -> tuple[float, float] | None:
    """The value of a written number, and the value it has before a multiplier ("1.250 million" = 1.25 million).

    None where the writing follows no convention.
    """
    if len(raw) > LONGEST:
        return None
    if _PLAIN.fullmatch(raw):
        return float(raw), float(raw)
    grouped = _GROUPED.fullmatch(raw)
    if grouped:
        return _grouped(grouped)
    indian = _INDIAN.fullmatch(raw)
    if indian:
        value = float(indian[1].replace(",", "") + "." + (indian[2] or "0"))
        return value, value
    decimal = _DECIMAL.fullmatch(raw)
    if decimal:
        value = float(f"{decimal[1]}.{decimal[2]}")
        return value, value
    return None


def _grouped(match: re.Match[str]) -> tuple[float, float]:
    head, sign, three, more, cents = match.groups()
    fraction = float(f"{head}.{three}")
    if head.startswith("0"):
        return fraction, fraction
    value = float(head + three + more.replace(sign, "") + "." + (cents or "0"))
    single = not more and not cents and sign in ".,"
    return value, fraction if single else value


@lru_cache(maxsize=4096)
def read_words(words: str, language: str) -> float | None:
    """The value of number words in one language, or None where they are none."""
    try:
        return float(text2num(words, language))
    except ValueError:
        return None
