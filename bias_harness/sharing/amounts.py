"""Numbers as tables write them -> numbers, strictly: what could be another number is refused, never guessed."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Literal

Mark = Literal[".", ","]
_GROUPS = "[ \u00a0\u202f\u2009'\u2019]"
_PLAIN = {
    mark: re.compile(
        rf"[+]?([0-9]+|[0-9]{{1,3}}({re.escape(other)}[0-9]{{3}})+|[0-9]{{1,3}}({_GROUPS}[0-9]{{3}})+)"
        rf"({re.escape(mark)}[0-9]+)?([eE][+-]?[0-9]{{1,3}})?"
    )
    for mark, other in ((".", ","), (",", "."))
}
_EITHER = {True: re.compile("[+]?[0-9]{1,3}[.][0-9]{3}"), False: re.compile("[+-]?[0-9]{1,3}[,][0-9]{3}")}
LARGEST = 1e15
"""No salary, and no score, is as large; what is has lost its decimal mark, or stands for something else."""
_SIGN = re.compile("[-\u2212\u2013]")


def number_of(value: Any, mark: Mark | None, *, money: bool) -> float:
    """A cell as a number. Raises `ValueError` that says why it is none, and what to do.

    A thousands separator is followed by exactly three digits, a decimal mark stands once. `mark` is what the map says
    of decimals; where it says nothing a point is one, but what could be both is refused: `32.500` as an amount of
    `money`, `7,125` as a score. So is a negative amount of money: -99999 stands for something missing, and no salary
    is below nought.
    """
    if isinstance(value, bool):
        raise ValueError("is no number")
    number = float(value) if isinstance(value, int | float | Decimal) else _written(str(value).strip(), mark, money)
    if not math.isfinite(number):
        raise ValueError("is no number; where it stands for no answer, name it in 'failed'")
    if abs(number) >= LARGEST:
        raise ValueError("is larger than can be meant; where it stands for no answer, name it in 'failed'")
    if money and number < 0:
        raise ValueError("is negative, and no salary is; where it stands for no answer, name it in 'failed'")
    return number


def _written(text: str, mark: Mark | None, money: bool) -> float:
    if mark is None and _EITHER[money].fullmatch(text):
        raise ValueError('could be thousands or a number with decimals; set \'decimal\' in the map: "." or ","')
    chosen = mark or "."
    negative = bool(_SIGN.match(text))
    plain = text[1:] if negative else text
    if not _PLAIN[chosen].fullmatch(plain):
        other: Mark = "," if chosen == "." else "."
        if _PLAIN[other].fullmatch(plain):
            raise ValueError(
                f"is a number only with the decimal mark {other!r}; set 'decimal' in the map, for all rows"
            )
        raise ValueError("is no number; give the column as 'text', or set 'decimal' in the map")
    digits = re.sub(_GROUPS, "", plain).replace("," if chosen == "." else ".", "")
    return (-1 if negative else 1) * float(digits.replace(chosen, "."))


def money_text(currency: str, number: float) -> str:
    """An amount in words that are read as just that: with cents, or with four decimals where cents are too few."""
    whole = Decimal(repr(number))
    return f"{currency} {number:.2f}" if whole == round(whole, 2) else f"{currency} {number:.4f}"


def plain_text(number: float) -> str:
    """A score in digits, never as `1e-05`."""
    return format(Decimal(repr(number)), "f")
