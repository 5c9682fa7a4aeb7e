"""Tokens -> mentions: every number that can be money, with its currency, period and basis.

What else a number can be (a year, years of experience, a percentage, a list number, a score, a telephone number, a job
level) is told by its neighbours; such a number stays in the list, marked `dead`, since a range can lean on it.
"""

from __future__ import annotations

from bias_harness.reading.lexicon import NUMBER
from bias_harness.reading.numerals import read_words
from bias_harness.reading.other_numbers import other_than_money
from bias_harness.reading.scan import MARKUP, Mention, Scan
from bias_harness.reading.word_lists import packed
from bias_harness.vocabulary import Basis, Period

SUFFIX_REACH = 16
SIGNS = frozenset("$€£¥₹₺₩₪₦₱฿₫₴₽")
INDIAN = frozenset({100_000.0, 10_000_000.0})
TIMES = frozenset({"x", "×", "*", "keer", "mal", "times"})
IN_A_YEAR: dict[Period, tuple[float, ...]] = {"month": (12, 12.96, 13, 13.92, 14), "week": (52,), "hour": (2080,)}
GLUED_ONLY = frozenset({"m", "l", "t", "mm", "mil"})
PERIODS: dict[str, Period] = {"year": "year", "month": "month", "week": "week", "day": "day", "hour": "hour"}
BASES: dict[str, Basis] = {"gross": "gross", "net": "net"}


def number_tokens(scan: Scan) -> list[int]:
    """Where numbers stand, in digits or in words."""
    return [at for at, bits in enumerate(scan.kinds) if bits & NUMBER]


def find_mentions(scan: Scan, numbers: list[int] | None = None) -> list[Mention]:
    """All numbers of the text in order, ranges not yet composed; `numbers` is `number_tokens` where it is known."""
    found: list[Mention] = []
    taken = 0
    for at in number_tokens(scan) if numbers is None else numbers:
        if at < taken:
            continue
        word = scan.words[at]
        if word.number is None:
            mention = _number_words(scan, at)
        else:
            mention = _digits(scan, at, word.number, word.scaled or word.number)
        if mention:
            found.append(mention)
            taken = mention.last
    return found


def _digits(scan: Scan, at: int, number: float, scaled: float) -> Mention:
    grouped = number != scaled or (number >= 1000 and not scan.words[at].form.isdecimal())
    mention = Mention(number, number, at, at + 1, raw=scaled, grouped=grouped)
    _prefix(scan, mention)
    _suffix(scan, mention)
    if mention.multiplier != 1:
        mention.low = mention.high = _scaled(number, scaled, mention.multiplier)
    mention.dead = other_than_money(scan, mention, at)
    mention.money = mention.priced or mention.multiplier != 1 or mention.grouped or mention.low >= 1000
    return mention


def _scaled(number: float, scaled: float, multiplier: float) -> float:
    """The scaled value to the cent: "120,000k" and "1.250 million" mean 120 k and 1.25 million."""
    return round(scaled * multiplier if number != scaled else number * multiplier, 2)


def _number_words(scan: Scan, at: int) -> Mention | None:
    fixed = scan.tag(at, "fixed")
    if fixed and not (at and scan.words[at - 1].number is not None):
        return _fixed(scan, at, fixed)
    end, last = at, at
    while end < len(scan.words) and end - at < 16:
        word = scan.words[end]
        if word.numeral:
            last = end + 1
        elif not (word.form == "-" or (scan.tag(end, "number_join") and not _after_between(scan, at))):
            break
        end += 1
    forms = " ".join(word.form for word in scan.words[at:last] if word.form != "-")
    if all(scan.tag(i, "multiplier") for i in range(at, last) if scan.words[i].form != "-"):
        return None
    values = (read_words(forms, language) for language in scan.lexicon.languages)
    value = next((v for v in values if v is not None), None)
    if value is None:
        return None
    mention = Mention(value, value, at, last, raw=value, grouped=value >= 1000)
    _prefix(scan, mention)
    _suffix(scan, mention)
    if value < 20 and mention.multiplier == 1:
        return None
    if mention.multiplier != 1:
        mention.low = mention.high = value * mention.multiplier
    mention.money = mention.low >= 1000 or mention.priced
    return mention if mention.money or _after_between(scan, at) else None


def _fixed(scan: Scan, at: int, found: tuple[str, int]) -> Mention:
    """An amount that a phrase says as a whole: "half a million", "een ton"."""
    value = float(found[0])
    mention = Mention(value, value, at, found[1], raw=value, grouped=True, money=True)
    _prefix(scan, mention)
    _suffix(scan, mention)
    return mention


def _after_between(scan: Scan, at: int) -> bool:
    """Whether "and" before the next number joins the ends of a range: "between ninety and a hundred thousand"."""
    return any(scan.tag(near, "between") for near in range(max(0, at - 3), at))


def _prefix(scan: Scan, mention: Mention) -> None:
    """The currency before the number: `$`, `US$`, `EUR`, `Rs.`, `TEUR`, also with markup in between."""
    at = mention.first - 1
    while at >= 0 and scan.words[at].form in MARKUP and at > mention.first - 3:
        at -= 1
    if at > 0 and scan.words[at].form == "." and not scan.words[at - 1].spaced and scan.tag(at - 1, "currency"):
        at -= 1
    if at < 0 or not scan.words[at].prices:
        return
    for first in range(max(0, at - 2), at + 1):
        if first == at and scan.words[first].form in packed():
            _unpack(mention, scan.words[first].form)
            mention.first = first
            return
        tag = scan.tag(first, "currency")
        if tag and tag[1] == at + 1:
            if scan.words[first].form.isalpha() and first > 0 and _glued_word(scan, first):
                continue
            _price(mention, tag[0], sign=scan.words[first].form in SIGNS)
            mention.first = first
            break
    before = mention.first - 1
    if mention.priced and before >= 0 and scan.words[before].form in {"t", "k"} and not scan.words[before].spaced:
        mention.multiplier, mention.first = 1000.0, before


def _glued_word(scan: Scan, at: int) -> bool:
    before = scan.words[at - 1]
    return not before.spaced and before.form.isalnum()


def _price(mention: Mention, currency: str, *, sign: bool = False) -> None:
    if mention.currency is None or (mention.currency == "USD" and not sign):
        mention.currency = None if currency == "?" else currency
        mention.sign = currency if sign or currency == "?" else ""
    mention.priced = True


def _unpack(mention: Mention, form: str) -> None:
    entry = packed()[form]
    mention.multiplier = float(entry["multiplier"])
    if "currency" in entry:
        _price(mention, entry["currency"])
    mention.period = PERIODS.get(entry.get("period", ""), mention.period)


def _suffix(scan: Scan, mention: Mention) -> None:
    """What follows the number: multiplier, currency, `,-`, `+`, basis and period, in any sensible order."""
    at, stop, opened = mention.last, min(len(scan.words), mention.last + SUFFIX_REACH), False
    while at < stop:
        word = scan.words[at]
        form = word.form
        if word.worded and not word.reach and form not in TIMES:
            break
        step = _meaning(scan, mention, at)
        if step > at:
            mention.last = at = step
        elif form in MARKUP:
            at += 1
        elif not mention.period and (times := _times_a_year(scan, at)):
            mention.period, mention.money = times[0], True
            mention.months = times[1] if times[0] == "month" and times[1] > 12 else None
            break
        elif form in {"(", ","} and (_promising(scan, at + 1) or (form == "(" and _currency_only(scan, at + 1))):
            opened = opened or form == "("
            at += 1
        elif form == ")" and opened:
            opened = False
            at += 1
        elif (filler := scan.tag(at, "filler")) and form != "\n":
            at = filler[1]
        else:
            break


def _currency_only(scan: Scan, at: int) -> bool:
    tag = scan.tag(at, "currency")
    return tag is not None and tag[1] < len(scan.words) and scan.words[tag[1]].form == ")"


def _promising(scan: Scan, at: int) -> bool:
    if scan.tag(at, "basis") and scan.words[at - 1].form == "(" and _holds_an_amount(scan, at):
        return False
    return any(scan.tag(at, section) for section in ("basis", "holiday", "multiplier")) or bool(period_at(scan, at))


def _holds_an_amount(scan: Scan, at: int) -> bool:
    """Whether there is an amount of its own before the bracket closes: "$95,000 (net about $72,000)"."""
    for word in scan.words[at : at + SUFFIX_REACH]:
        if word.form in {")", "\n"}:
            return False
        if word.number is not None and word.number >= 1000:
            return True
    return False


def _times_a_year(scan: Scan, at: int) -> tuple[Period, float] | None:
    """What is multiplied into a year: "€ 5,200 x 12 = € 62,400" is a month's pay, "$45 x 2,080" an hour's."""
    if scan.words[at].form not in TIMES or at + 1 >= len(scan.words):
        return None
    factor = scan.words[at + 1].number
    return next(((period, factor) for period, factors in IN_A_YEAR.items() if factor in factors), None)


def _meaning(scan: Scan, mention: Mention, at: int) -> int:
    """Take up what stands at a token; the token after it, or `at` itself where it means nothing."""
    word = scan.words[at]
    if not word.reach:
        return _sign(scan, mention, at)
    period = period_at(scan, at)
    if period and not (mention.period and period[0] != mention.period):
        mention.period = period[0]
        return period[1]
    if word.form in packed() and mention.multiplier == 1:
        _unpack(mention, word.form)
        return at + 1
    multiplier = scan.tag(at, "multiplier")
    if multiplier and _multiplies(scan, mention, at):
        mention.multiplier = float(multiplier[0])
        if mention.multiplier in INDIAN and not mention.priced and word.form.startswith(("la", "cr")):
            _price(mention, "INR")
        return multiplier[1]
    currency = scan.tag(at, "currency")
    if currency and _suffix_currency(scan, mention, at):
        _price(mention, currency[0], sign=word.form in SIGNS)
        return currency[1]
    for section in ("holiday", "basis"):
        tag = scan.tag(at, section)
        if tag and section == "holiday":
            mention.holiday = tag[0]
            return tag[1]
        if tag:
            mention.basis = BASES[tag[0]]
            return tag[1]
    return at


def _sign(scan: Scan, mention: Mention, at: int) -> int:
    form = scan.words[at].form
    following = scan.words[at + 1].form if at + 1 < len(scan.words) else ""
    if at == mention.last and not scan.words[at - 1].spaced:
        if form in {",", "."} and following in {"-", "–", "—", "="} and not scan.words[at].spaced:
            mention.grouped = True
            end = at + 2
            return end + 1 if end < len(scan.words) and scan.words[end].form == following else end
        if form == "+":
            mention.plus = True
            return at + 1
    period = period_at(scan, at) if form == "/" else None
    if period and not mention.period:
        mention.period = period[0]
        return period[1]
    return at


def _multiplies(scan: Scan, mention: Mention, at: int) -> bool:
    if mention.multiplier != 1 or mention.period or mention.low >= 1_000_000:
        return False
    form = scan.words[at].form
    glued = at == mention.last and not scan.words[at - 1].spaced
    if form in GLUED_ONLY and not glued and scan.words[at].alone.get("multiplier") != "1000":
        following = scan.words[at + 1].form if at + 1 < len(scan.words) else ""
        return form == "t" and following in {"€", "eur"}
    return at + 1 >= len(scan.words) or scan.words[at].spaced or scan.words[at + 1].number is None


def _suffix_currency(scan: Scan, mention: Mention, at: int) -> bool:
    """A sign before the next number ("80 € 90") belongs to this one only where this one has none."""
    if scan.words[at].form not in SIGNS:
        return mention.currency is None or mention.currency == "USD"
    following = scan.words[at + 1] if at + 1 < len(scan.words) else None
    return not mention.priced and not (following and following.number is not None and not scan.words[at].spaced)


def period_at(scan: Scan, at: int, *, noun: bool = False) -> tuple[Period, int] | None:
    """A period that is told at a token: "annually", "per year", "/yr", "im Monat"; with `noun` also "year" alone."""
    if at >= len(scan.words):
        return None
    word = scan.words[at]
    if "period" not in word.reach and "per" not in word.reach and word.form != "/":
        return None
    tag = scan.tag(at, "period")
    if tag and (noun or tag[0].endswith("_word")):
        return PERIODS[tag[0].rpartition("_")[0]], tag[1]
    per = (("per", at + 1) if word.form == "/" else None) or scan.tag(at, "per")
    if per:
        named = scan.tag(per[1], "period")
        if named:
            return PERIODS[named[0].rpartition("_")[0]], named[1]
    return None
