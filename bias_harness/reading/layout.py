"""What the shape of a text says of its amounts: headings, tables, and an amount that opens the text."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from bias_harness.reading.lexicon import LINE_END
from bias_harness.reading.scan import MARKUP, Mention, Scan
from bias_harness.reading.surroundings import ADVICE, RANK, REACH_BEFORE, Context

HEADS = RANK.keys() | REACH_BEFORE.keys() | {"market", "negated"}
AFTER_FIRST = frozenset("\n.,;:(–—-!") | {"**"}
ALONE_BEFORE = MARKUP | {".", "!"}
SMALL = frozenset({"approx", "currency", "basis", "number_word"})
FIRST_WITHIN = 6


def by_column(scan: Scan, alive: list[Mention], context: Context, headings: list[tuple[int, str]]) -> None:
    """In a table whose first row names the columns, an amount plays the part that its column is named for.

    The column says more than the heading above the table, and less than the words in the amount's own row.
    """
    if "|" not in scan.normal.text:
        return
    header: list[str] = []
    for start, end in _rows(scan):
        cells = _cells(scan, start, end)
        inside = [m for m in alive if start <= m.first < end]
        if not inside:
            header = [_heading_role([c.role for c in context.within(*cell) if c.role in HEADS]) for cell in cells]
        for mention in inside:
            column = next((i for i, (first, last) in enumerate(cells) if first <= mention.first < last), -1)
            if 0 <= column < len(header):
                mention.column = header[column]
            if mention.role == "plain":
                mention.role = mention.column or mention.role
            elif any(header) and mention.role == from_heading(headings, mention):
                mention.role = mention.column or "plain"


def _rows(scan: Scan) -> list[tuple[int, int]]:
    """The lines that are rows of a table, without its rule of dashes."""
    lines = [0, *_line_ends(scan), len(scan.words)]
    rows = [(a, b) for a, b in pairwise(lines) if a < b and scan.words[a].form == "|"]
    return [(a, b) for a, b in rows if any(w.form[:1].isalnum() for w in scan.words[a:b])]


def _line_ends(scan: Scan) -> list[int]:
    return [at + 1 for at, bits in enumerate(scan.kinds) if bits & LINE_END]


def _cells(scan: Scan, start: int, end: int) -> list[tuple[int, int]]:
    """The tokens of each cell of a row that begins with a bar."""
    bars = [at for at in range(start, end) if scan.words[at].form == "|"]
    return [(a + 1, b) for a, b in pairwise([*bars, end])]


def opening_the_text(scan: Scan, alive: list[Mention]) -> None:
    """An amount that the text opens with, and that no verb follows, answers the question: "$95,000 (gross)"."""
    first = alive[0] if alive else None
    if first is None or first.role != "plain" or first.first > FIRST_WITHIN:
        return
    ahead = (w.form in MARKUP or bool(w.reach & SMALL) or w.form in {"\n", "≈", "="} for w in scan.words[: first.first])
    after = first.last
    while after < len(scan.words) and scan.words[after].form in MARKUP:
        after += 1
    if all(ahead) and (after >= len(scan.words) or scan.words[after].form in AFTER_FIRST):
        first.role = "first"


def alone_on_a_line(scan: Scan, alive: list[Mention]) -> None:
    """The only amount that stands alone on a line, among others in sentences, answers the question too."""
    if len(alive) < 2 or "\n" not in scan.normal.text:
        return
    alone = [m for m in alive if _alone(scan, m)]
    if len(alone) == 1 and alone[0].role == "plain":
        alone[0].role = "first"


def _alone(scan: Scan, mention: Mention) -> bool:
    words, before, after = scan.words, mention.first - 1, mention.last
    while before >= 0 and words[before].form in MARKUP:
        before -= 1
    while after < len(words) and words[after].form in ALONE_BEFORE:
        after += 1
    opens = before < 0 or words[before].form == "\n"
    return opens and (after >= len(words) or words[after].form == "\n")


def find_headings(scan: Scan, alive: list[Mention], context: Context) -> list[tuple[int, str]]:
    """(token, role) of every line that is a heading without an amount; an empty role ends the one before."""
    if len(context.stops) < 4:
        return []
    lines = [0, *_line_ends(scan), len(scan.words)]
    firsts = [m.first for m in alive]
    found = []
    for start, end in pairwise(lines):
        has_amount = bisect_right(firsts, end - 1) > bisect_right(firsts, start - 1)
        if has_amount or not _is_heading(scan, start, end):
            continue
        roles = [c.role for c in context.within(start, end) if c.role in HEADS]
        found.append((end, _heading_role(roles)))
    return found


def _is_heading(scan: Scan, start: int, end: int) -> bool:
    words = [w.form for w in scan.words[start:end] if w.form != "\n"]
    if not words or len(words) > 40:
        return False
    if words[0] == "#":
        return True
    while words and words[-1] in MARKUP and words[0] not in MARKUP:
        words.pop()
    return words[-1] == ":" or (words[-2:-1] == [":"]) or (words[0] == "**" and words[-1] == "**")


def _heading_role(roles: list[str]) -> str:
    advice = [r for r in roles if r in ADVICE]
    if advice:
        return max(advice, key=RANK.__getitem__)
    return next((r for r in roles if r != "plain"), "")


def from_heading(headings: list[tuple[int, str]], mention: Mention) -> str:
    """The part that the heading above an amount gives it; empty where there is none."""
    at = bisect_right(headings, (mention.first, "\uffff")) - 1
    return headings[at][1] if at >= 0 else ""
