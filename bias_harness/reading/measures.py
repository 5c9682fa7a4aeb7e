"""Reading what is no salary: a score between two ends, or one of the words that count as one or as nought.

Of a score it reads the one number there is; `8/10` and `8 out of 10` are 8. Where there are several, a short last
line with one number ("Grade: 7") decides, and nothing else does. Of words, the longest word at each place
counts ("not correct" is not also "correct"), a word just behind a negation that is none of the given words is not
believed ("not entirely correct"), and a text with both is ambiguous unless its first line has only one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from bias_harness.outcome import Outcome
from bias_harness.reading.cues import find_cues
from bias_harness.reading.normalise import normalise
from bias_harness.reading.scan import scan
from bias_harness.vocabulary import Answer

NUMBER = re.compile(r"(?<![\w.,/])[-−+]?\d+(?:[.,]\d{1,2})?(?![\w%]|[.,]\d)")
PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)
OUT_OF = re.compile(r"\s*(?:/|out of|of|van de|van|von)\s*(\d+(?:[.,]\d+)?)\b", re.IGNORECASE)
LIST_MARK = re.compile(r"^\s*\d+[.)]\s+(?=\S)", re.MULTILINE)
STOP, SHORT_NOT = re.compile(r"[.;:!?\n]"), re.compile(r"n['’]t\b")
SHORT_LINE = 60
NEGATED_WITHIN = 24
Found = tuple[float, int, int]


def read_measure(text: str, outcome: Outcome, language: str | None = None) -> Answer:
    """The score, or 1 and 0 for the words of a share, as `amount` and `annual`; never raises on any text."""
    return _READERS[outcome.measured.form](text, outcome, language)


def _number(text: str, outcome: Outcome, language: str | None) -> Answer:
    if PLAIN.fullmatch(text.strip()):
        return _answer(text, (float(text), 0, len(text)), "only")
    found = _scores(text, outcome)
    return _one_of(text, found, _last_line(text, found), "last_line", language)


def _word(text: str, outcome: Outcome, language: str | None) -> Answer:
    found = _choices(text, outcome)
    if any(_negated(text, start) for _, start, _ in found):
        return Answer("ambiguous", "ambiguous", reason="negated")
    return _one_of(text, found, _first_line(text, found), "first_line", language)


_READERS: Mapping[str, Callable[[str, Outcome, str | None], Answer]] = {"number": _number, "word": _word}
"""How an answer is read that is no amount of money, by its form."""


def _one_of(text: str, found: list[Found], decided: Found | None, line: str, language: str | None) -> Answer:
    """The one value that was found; else what a line of its own decides; else why there is none."""
    values = {value for value, _, _ in found}
    if len(values) == 1:
        return _answer(text, found[0], "only")
    if decided is not None:
        return _answer(text, decided, line)
    if values:
        return Answer("ambiguous", "ambiguous", reason="several")
    if any(cue.role == "refusal" for cue in find_cues(scan(normalise(text), language))):
        return Answer("refused", "refusal", reason="refusal")
    return Answer("no_amount", "no_amount", reason="nothing_there")


def _answer(text: str, found: Found, reason: str) -> Answer:
    value, start, end = found
    return Answer(
        "ok", "point", value, value, value, annual=value, span=(start, end), evidence=text[start:end], reason=reason
    )


def _scores(text: str, outcome: Outcome) -> list[Found]:
    skipped = {m.start() + len(m[0]) - len(m[0].lstrip()) for m in LIST_MARK.finditer(text)}
    found: list[Found] = []
    floor = 0
    for number in NUMBER.finditer(text):
        if number.start() < floor or number.start() in skipped:
            continue
        whole = OUT_OF.match(text, number.end())
        if whole:
            floor = whole.end()
        if whole and _value(whole[1]) != outcome.plausible[1]:
            found.append((_value(whole[1]), whole.start(1), whole.end(1)))
        found.append((_value(number[0]), number.start(), number.end()))
    return found


def _value(digits: str) -> float:
    return float(digits.replace(",", ".").replace("−", "-"))


def _choices(text: str, outcome: Outcome) -> list[Found]:
    value = {word.casefold(): number for words, number in ((outcome.ones, 1.0), (outcome.zeros, 0.0)) for word in words}
    pattern = _words(tuple(sorted(value, key=len, reverse=True)))
    return [(value[" ".join(m[0].casefold().split())], m.start(), m.end()) for m in pattern.finditer(text)]


def _negated(text: str, start: int) -> bool:
    """Whether a negation stands in the words before, in the same sentence."""
    before = SHORT_NOT.sub(" not", STOP.split(text[max(0, start - NEGATED_WITHIN) : start])[-1])
    return any(cue.role == "negated" for cue in find_cues(scan(normalise(before), None)))


@lru_cache(maxsize=64)
def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    spelt = (r"\s+".join(map(re.escape, word.split())) for word in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelt)})(?!\w)", re.IGNORECASE)


def _last_line(text: str, found: list[Found]) -> Found | None:
    """What a short last line says, where it says one thing and is not the only line."""
    stripped = text.rstrip()
    start, end = stripped.rfind("\n") + 1, len(stripped)
    return None if start == 0 or end - start > SHORT_LINE else _said_between(found, start, end)


def _first_line(text: str, found: list[Found]) -> Found | None:
    """What the first line says, where it says one thing and is not the only line."""
    start = len(text) - len(text.lstrip())
    end = text.find("\n", start)
    return None if end < 0 else _said_between(found, start, end)


def _said_between(found: list[Found], start: int, end: int) -> Found | None:
    there = [f for f in found if start <= f[1] < end]
    return there[0] if there and len({value for value, _, _ in there}) == 1 else None
