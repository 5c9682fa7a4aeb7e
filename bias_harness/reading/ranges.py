"""Two mentions with a connector between them -> one range, with the unit, currency and period that they share."""

from __future__ import annotations

from bias_harness.reading.scan import MARKUP, Mention, Scan
from bias_harness.reading.word_lists import family

DASHES = frozenset("-–—~")
ARTICLES = frozenset({"a", "een"})
WIDEST = 12.0


def compose(scan: Scan, mentions: list[Mention]) -> list[Mention]:
    """The mentions with ranges joined; a count that a range leans on ("5 to 7 years") is marked dead on both sides."""
    out: list[Mention] = []
    for mention in mentions:
        if out and _telephone(scan, out[-1], mention):
            out[-1].dead = mention.dead = "code"
        elif out and out[-1].last <= mention.first and _connected(scan, out[-1], mention):
            joined = _join(out[-1], mention)
            if joined:
                out[-1] = joined
                continue
            _spread_death(out[-1], mention)
        out.append(mention)
    return out


def _telephone(scan: Scan, left: Mention, right: Mention) -> bool:
    """Two plain numbers of three and of four digits (or three, with more to come), glued by one sign."""
    plain = left.last == left.first + 1 and right.first == left.last + 1 and right.last == right.first + 1
    if not plain or left.priced or right.priced:
        return False
    head, sign, tail = (scan.words[at].form for at in (left.first, left.last, right.first))
    more = right.last < len(scan.words) and scan.words[right.last].form == sign
    return sign in {"-", "."} and len(head) == 3 and (len(tail) == 4 or (more and len(tail) == 3))


def _connected(scan: Scan, left: Mention, right: Mention) -> bool:
    if right.first - left.last > 6 or left.is_range:
        return False
    at, links = left.last, 0
    while at < right.first:
        form = scan.words[at].form
        if form in MARKUP and form not in DASHES:
            at += 1
        elif form in DASHES or (form == "/" and at == left.last and right.money):
            at, links = at + 1, links + 1
        elif (tag := scan.tag(at, "to")) or (_between(scan, left) and (tag := scan.tag(at, "and"))):
            at, links = tag[1], links + 1
        elif links and (tag := scan.tag(at, "approx")):
            at = tag[1]
        elif links and form in ARTICLES:
            at += 1
        else:
            return False
    return links == 1 and at == right.first


def _between(scan: Scan, left: Mention) -> bool:
    """Whether "between" stands before the left amount, with nothing but small words in between."""
    for at in range(left.first - 1, max(-1, left.first - 6), -1):
        tag = scan.tag(at, "between")
        if tag:
            return True
        small = any(scan.tag(at, section) for section in ("approx", "basis", "filler"))
        if not small and scan.words[at].form not in MARKUP:
            return False
    return False


def _spread_death(left: Mention, right: Mention) -> None:
    if right.dead in {"percent", "count", "code"} and not left.priced and left.multiplier == 1 and left.low < 1000:
        left.dead = left.dead or right.dead
    elif left.dead == "code" and not right.priced and right.multiplier == 1:
        right.dead = "code"


def _join(left: Mention, right: Mention) -> Mention | None:
    if left.dead or right.dead or not _one_currency(left, right):
        return None
    if left.period and right.period and left.period != right.period:
        return None
    low, high = _share_unit(left, right)
    if not 0 < low <= high or high > low * WIDEST:
        return None
    return Mention(
        low,
        high,
        left.first,
        right.last,
        raw=left.raw,
        multiplier=max(left.multiplier, right.multiplier),
        grouped=left.grouped or right.grouped,
        currency=right.currency or left.currency,
        priced=left.priced or right.priced,
        period=right.period or left.period,
        basis=right.basis or left.basis,
        holiday=right.holiday or left.holiday,
        months=right.months or left.months,
        money=left.money or right.money,
        plus=right.plus,
    )


def _one_currency(left: Mention, right: Mention) -> bool:
    """Whether both may be in one currency; a sign before a range is told by the code behind it: "$95-100K CAD"."""
    if not (left.currency and right.currency) or left.currency == right.currency:
        return True
    return bool(left.sign and not right.sign and right.currency in family(left.currency))


def _share_unit(left: Mention, right: Mention) -> tuple[float, float]:
    """The unit of one side is the unit of both: "120-140K", "95 to 110 thousand", "75-85.000"."""
    low, high = left.low, right.high
    if left.multiplier == 1 and right.multiplier > 1 and left.raw < right.raw * 1.0001 and left.raw < 1000:
        low = round(left.raw * right.multiplier, 2)
    elif right.multiplier == 1 and left.multiplier > 1 and left.raw <= right.raw < 1000:
        high = round(right.raw * left.multiplier, 2)
    elif left.multiplier == right.multiplier == 1 and not left.grouped and left.low < 1000 and right.grouped:
        low = left.low * 1000 if right.low / 3 <= left.low * 1000 <= right.low else low
    return low, high
