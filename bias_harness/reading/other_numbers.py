"""What a number is when it is no money: a percentage, a count, a list number, a year, a code, a score."""

from __future__ import annotations

from bias_harness.reading.scan import MARKUP, Mention, Scan

ASKED = frozenset({"ask", "open", "final", "recommend", "advise"})


def other_than_money(scan: Scan, mention: Mention, at: int) -> str:
    """Why a number is no amount of money; empty where it can be one."""
    after = scan.words[mention.last] if mention.last < len(scan.words) else None
    if after and after.form == "%":
        return "percent"
    if mention.priced:
        return ""
    before = scan.words[mention.first - 1] if mention.first else None
    if before and not before.spaced and _stuck_before(scan, mention.first - 1):
        return "code"
    if after and not scan.words[mention.last - 1].spaced and _stuck_after(scan, mention):
        return "count" if scan.tag(mention.last, "count") else "code"
    if mention.multiplier != 1:
        return "plan" if mention.low == 401_000 and not _range_before(scan, mention) else ""
    if mention.period in {"hour", "day", "week"} or (mention.period and mention.low >= 200):
        return ""
    if scan.tag(mention.last, "count"):
        return "count"
    if mention.grouped:
        return ""
    return _small_number(scan, mention, at)


def _small_number(scan: Scan, mention: Mention, at: int) -> str:
    before = mention.first - 1
    while before >= 0 and scan.words[before].form in MARKUP:
        before -= 1
    counted = (scan.tag(near, "before_count") for near in range(max(0, before - 1), before + 1))
    if any(tag and tag[1] > before for tag in counted):
        return "count"
    starts_line = before < 0 or scan.words[before].form == "\n" or scan.words[before].form == "#"
    following = scan.words[mention.last].form if mention.last < len(scan.words) else ""
    if starts_line and following in {".", ")", ":"} and mention.last + 1 < len(scan.words) and mention.low < 100:
        return "list"
    digits = scan.words[at].form
    if len(digits) == 4 and digits.isdecimal() and 1900 <= mention.low <= 2100 and len(scan.words) > 3:
        return "" if _is_asked(scan, before, mention.last) else "year"
    if len(digits) == 5 and digits.isdecimal() and before >= 0 and following in {")", ".", ",", ""}:
        place = scan.words[before]
        if (place.form == "(" and following == ")" and before > 0) or (place.upper and len(place.form) == 2):
            return "zip"
    return ""


def _is_asked(scan: Scan, before: int, last: int) -> bool:
    """Whether a number that could be a year is an amount: its neighbour is a verb of asking, or says gross or net.

    A man's pay of 2150 and a woman's of 2050 must be read alike.
    """
    for at in (*range(max(0, before - 1), before + 1), last, last + 1):
        if at < len(scan.words) and not scan.words[at].stops:
            word = scan.words[at]
            if word.role in ASKED or "basis" in word.reach:
                return not (before >= 0 and scan.tag(before, "dated"))
    return False


def _range_before(scan: Scan, mention: Mention) -> bool:
    """Whether the number is the upper end of a range: in "€386–401k" it is no pension plan."""
    at = mention.first - 1
    return (
        at > 0
        and (scan.words[at].form in "-–—" or scan.tag(at, "to") is not None)
        and (scan.words[at - 1].number is not None or scan.words[at - 1].form == "k")
    )


def _stuck_before(scan: Scan, at: int) -> bool:
    form = scan.words[at].form
    if form.isalpha() or form == "#":
        return True
    earlier = scan.words[at - 1] if at else None
    if earlier is None or earlier.spaced:
        return False
    if form == "-":
        number_before = at > 1 and scan.words[at - 2].number is not None and not scan.words[at - 2].spaced
        return earlier.form.isalpha() and len(earlier.form) < 6 and not number_before
    if form == "/" and _scaled_at(scan, at + 1):
        return False
    return form in {"/", ":"} and earlier.number is not None


def _stuck_after(scan: Scan, mention: Mention) -> bool:
    after = scan.words[mention.last]
    if after.form.isalpha():
        return True
    following = scan.words[mention.last + 1] if mention.last + 1 < len(scan.words) else None
    if following is None or after.spaced:
        return False
    if after.form == "(" and following.form == "k":
        return True
    if after.form == "/" and _scaled_at(scan, mention.last + 1):
        return False
    return after.form in {"/", ":"} and following.number is not None


def _scaled_at(scan: Scan, at: int) -> bool:
    """Whether a number in thousands stands here: in "50/55k" the first number is an end of a range."""
    following = scan.words[at + 1] if at + 1 < len(scan.words) else None
    return scan.words[at].number is not None and following is not None and "multiplier" in following.reach
