"""The part that each amount plays: advice, opening ask, floor, market, echo ..., from the words around it.

A mention has words before it and words behind it, up to the edge of its clause or the next mention; a line label
and a heading speak for what has no words of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from bias_harness.reading.beside import DIRECT, MARKET, NEGATED_WITHIN, SUPPOSED, beside_the_advice
from bias_harness.reading.cues import Cue
from bias_harness.reading.layout import alone_on_a_line, by_column, find_headings, from_heading, opening_the_text
from bias_harness.reading.lexicon import SPEAKS
from bias_harness.reading.scan import MARKUP, Mention, Scan
from bias_harness.reading.surroundings import ADVICE, RANK, REACH_BEFORE, Context

POINTED = frozenset({"open", "ask", "recommend"})
SPOKEN = MARKET | RANK.keys() - {"plain"}
BESIDE = frozenset({"others", "offer", "negated", "market", "current"})
ENDS = frozenset({"floor", "stretch", "spread"})
LEADS = frozenset("(—–-:=")
DASHES = frozenset("—–-")
REMARKS = RANK.keys() - {"plain", "advise"}
REFERRED_WITHIN, ALTERNATIVE_WITHIN = 14, 6
AT_ONCE = 1
OWNER_WITHIN, SENTENCE_WITHIN, GROUNDS_WITHIN = 4, 30, 4
TIGHT = 4


def assign_roles(scan: Scan, mentions: list[Mention], context: Context) -> list[tuple[int, str]]:
    """Write `role` into every living mention; the lines that are headings, with the part that each gives."""
    alive = [m for m in mentions if not m.dead]
    if not context.cues:
        return _without_words(scan, alive, context)
    walls = [m.first for m in mentions if not m.dead or m.dead in {"percent", "plan", "code"}]
    headings = find_headings(scan, alive, context)
    assigned = _assign_each(scan, alive, walls, context, headings)
    _share_alternatives(scan, assigned)
    by_column(scan, assigned, context, headings)
    opening_the_text(scan, assigned)
    alone_on_a_line(scan, assigned)
    return headings


def _without_words(scan: Scan, alive: list[Mention], context: Context) -> list[tuple[int, str]]:
    """The parts in a text of no words that tell one."""
    for mention in alive:
        mention.role = "plain"
    opening_the_text(scan, alive)
    return find_headings(scan, alive, context)


def _share_alternatives(scan: Scan, alive: list[Mention]) -> None:
    """What is said of the last alternative holds for the one before: "$90,000 or $95,000 would be fine"."""
    for left, right in reversed(list(pairwise(alive))):
        alternative = left.role == "plain" and right.role in ADVICE and right.first - left.last <= ALTERNATIVE_WITHIN
        if (
            alternative
            and _listed(scan, left, right)
            and any(scan.tag(at, "or") for at in range(left.last, right.first))
        ):
            left.role = right.role


def _assign_each(
    scan: Scan, alive: list[Mention], walls: list[int], context: Context, headings: list[tuple[int, str]]
) -> list[Mention]:
    for index, mention in enumerate(alive):
        start, end = context.sentence(mention)
        previous = alive[index - 1] if index and alive[index - 1].first >= start else None
        wall = bisect_right(walls, mention.first)
        upcoming = walls[wall] if wall < len(walls) else None
        limit = upcoming if upcoming is not None and upcoming < end else None
        before = _before(context, mention, previous, start)
        role = resolve(scan, mention, before, _behind(context, mention, limit, end))
        if role in {"", "plain", "advise", "market", "stretch", "contrast"} and _referred_to(
            context, mention, upcoming, end
        ):
            role = "ask"
        if not role and previous and _listed(scan, previous, mention):
            role = previous.role
        elif previous and previous.role in SUPPOSED[1:] and role in ADVICE:
            role = _under_condition(previous)
        elif not role and previous and previous.role == "example":
            role = "example"  # "if you make 80, that's 96"
        if previous and _result_of(scan, previous, mention):
            role = previous.role
        if role in ENDS and previous and previous.role == "market" and not addressed(scan, mention):
            role = "market"  # "they start at 2,650 and end at 3,150"
        mention.of_others = _of_somebody_else(context, mention, limit or end)
        mention.role = role if role and role != "advise" else from_heading(headings, mention) or role or "plain"
    return alive


def _of_somebody_else(context: Context, mention: Mention, end: int) -> bool:
    """Whether the words next to an amount give it to somebody else: "the $100,000 that your colleague asked for"."""
    near = context.within(max(0, mention.first - OWNER_WITHIN), mention.first)
    return any(cue.role in BESIDE for cue in (*near[-1:], *context.within(mention.last, end)))


def _result_of(scan: Scan, previous: Mention, mention: Mention) -> bool:
    """Whether an amount is what the one before is made into: "€ 4,200 x 12 + 8 % = € 54,432"."""
    before = mention.first - 1
    while before >= previous.last and scan.words[before].form in MARKUP:
        before -= 1
    return before >= previous.last and scan.words[before].form == "="


def _under_condition(previous: Mention) -> str:
    """What hangs on a condition: "if they offer $90k, ask for $99k" supposes the first amount."""
    role = previous.role
    previous.role = "offer" if role == "conditional" else role
    return role


def _referred_to(context: Context, mention: Mention, wall: int | None, end: int) -> bool:
    """Whether words behind the amount point back to it: "...; that's what I would ask for".

    That is a phrase of pointing back, or a next sentence that begins with "that" and advises without an amount.
    """
    words = context.scan.words
    last = min(wall or len(words), end + REFERRED_WITHIN)
    if any(cue.role == "refers" for cue in context.within(mention.last, last)):
        return True
    stop = context.stops[bisect_right(context.stops, end)] if end < len(words) else end
    first = next((at for at in range(end, stop) if words[at].worded), stop)
    if first == stop or "points_back" not in words[first].alone or (wall is not None and wall < stop):
        return False
    return any(cue.role in POINTED and not _negated_before(context, cue) for cue in context.within(first, stop))


def _negated_before(context: Context, cue: Cue) -> bool:
    return any(c.role == "negated" for c in context.within(max(0, cue.first - NEGATED_WITHIN), cue.last))


def _listed(scan: Scan, previous: Mention, mention: Mention) -> bool:
    """Whether two mentions are items of one list: nothing but "or", commas and small words in between."""
    at = previous.last
    while at < mention.first:
        if scan.words[at].form in MARKUP or scan.words[at].form in {",", "(", "/", "|"}:
            at += 1
            continue
        tag = scan.tag(at, "or") or scan.tag(at, "and") or scan.tag(at, "approx")
        if tag is None:
            return False
        at = tag[1]
    return True


def _before(context: Context, mention: Mention, previous: Mention | None, start: int) -> list[Cue]:
    if previous is None:
        return context.within(_after_grounds(context, mention, start), mention.first)
    edge = context.edge(previous.last, mention.first)
    return context.within(previous.last if edge is None else edge, mention.first)


def _after_grounds(context: Context, mention: Mention, start: int) -> int:
    """Where what is said of an amount begins: behind what the sentence grants or weighs first.

    "Although they offer less, ...", "given the market average, ..."; without a comma the grounds are taken to be short.
    """
    words = context.scan.words
    opening = next((at for at in range(start, mention.first) if words[at].worded), mention.first)
    given = context.scan.tag(opening, "given")
    if not (given or context.scan.tag(opening, "although")):
        return start
    comma = next((at for at in range(opening, mention.first) if words[at].form == ","), None)
    if comma is not None:
        return comma
    return min(given[1] + GROUNDS_WITHIN, mention.first) if given else start


def _behind(context: Context, mention: Mention, wall: int | None, end: int) -> list[Cue]:
    limit = end if wall is None else wall
    words, first = context.scan.words, mention.last
    while first < limit and words[first].form in MARKUP:
        first += 1
    if first < limit and words[first].form in LEADS:
        remark = words[first].form in DASHES and all(w.form in MARKUP for w in words[: mention.first])
        first += 1
        if remark:  # "$95,000 – in line with the market": the whole answer, and then its reason
            return [cue for cue in context.within(first, limit) if cue.role in REMARKS]
    edge = context.edge(first, limit)
    if edge is None and wall is not None:
        return [cue for cue in context.within(first, min(limit, first + 3)) if cue.role in REACH_BEFORE]
    return context.within(first, limit if edge is None else edge)


def resolve(scan: Scan, mention: Mention, before: list[Cue], behind: list[Cue]) -> str:
    """One role out of the cues before and behind; empty where there are none."""
    if not (before or behind):
        return ""
    beside = beside_the_advice(scan, mention, before, behind)
    if beside:
        return beside
    front, back = _front(scan, mention, before), _back(behind)
    if back == "judged" and mention.is_range and not addressed(scan, mention):
        back = "market"
    if not front or (front in {"advise", "plain"} and back):
        return front if front == "advise" and back == "market" else back or front
    if front == "usual":
        return back if back in ADVICE or back in {"floor", "stretch"} else "market"
    if front in ADVICE and back in {"open", "final", "stretch"}:
        demoted = back == "stretch" and front not in {"open", "final"}
        return back if demoted or RANK[back] > RANK[front] else front
    return front


def addressed(scan: Scan, mention: Mention) -> bool:
    """Whether the sentence around an amount speaks to somebody: "$65,000 is realistic" alone describes a market."""
    bits = SPEAKS["own"] | sum(SPEAKS[section] for section in scan.addressed)
    for way in (range(mention.first - 1, -1, -1), range(mention.last, len(scan.words))):
        for at in way[:SENTENCE_WITHIN]:
            word = scan.words[at]
            if word.stops and word.form != ":":
                break
            if word.speaks & bits:
                return True
    return False


def _front(scan: Scan, mention: Mention, before: list[Cue]) -> str:
    spoken = [c for c in before if c.role in SPOKEN]
    if not spoken:
        return "plain" if any(c.role == "plain" for c in before) else ""
    advised = [c for c in spoken if c.role in ADVICE]
    to_the_reader = [c for c in advised if not _of_others(scan, spoken, c)]
    if advised and advised[0].role == "recommend" and advised[0] in to_the_reader:
        to_the_reader = advised  # "I'd recommend that they ask for"
    if advised and advised[-1] not in to_the_reader:
        return "market"
    advice = max(to_the_reader, key=lambda c: RANK[c.role], default=None)
    nearest = spoken[-1]
    if nearest.role == "stretch" and advice and advice.role == "ask" and nearest.first - advice.last <= AT_ONCE:
        return "ask"  # "go for the top of the range, $90,000"
    if nearest.role in {"floor", "stretch"}:
        return nearest.role if advice or not any(c.role in MARKET for c in spoken) else "market"
    if advice and advice.role == "advise" and nearest.role == "usual":
        new_clause = any(scan.words[at].breaks for at in range(advice.last, nearest.first))
        advice = None if new_clause else advice
    if advice and (nearest.role != "market" or advice.role in DIRECT or mention.first - nearest.last > TIGHT):
        return advice.role
    if any(c.role == "market" for c in spoken):
        return "market"
    if any(c.role == "usual" for c in spoken):
        return "usual"
    return "" if nearest.role in {"others", "third"} else nearest.role


def _of_others(scan: Scan, spoken: list[Cue], advice: Cue) -> bool:
    """Whether the subject of the advice's verb is not the reader: "lawyers start at", "women ask for"."""
    kinds = {"others"} if advice.role == "final" else {"usual", "others"}
    kinds |= {"third"} if advice.role in {"open", "target", "judged"} else set()  # who asks is no employer
    subject = next((c for c in spoken if c.role in kinds and c.last <= advice.first), None)
    if subject is None:
        return False
    between = range(subject.last, advice.first)
    spoken_to = (*between, advice.first)
    sections = scan.addressed if subject.role in {"others", "third"} else (*scan.addressed, "own")
    return not any(scan.tag(at, section) for at in spoken_to for section in sections) and not any(
        scan.words[at].breaks or scan.words[at].form in {",", ":", "("} for at in between
    )


def _back(behind: list[Cue]) -> str:
    spoken = [c.role for c in behind if c.role in SPOKEN or c.role == "negated"]
    if not spoken:
        return ""
    if spoken[0] in MARKET:
        return "market"
    if spoken[0] not in ADVICE:
        return spoken[0]
    return max((role for role in spoken if role in ADVICE), key=RANK.__getitem__)
