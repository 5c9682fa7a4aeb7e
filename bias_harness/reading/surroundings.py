"""Where amounts stand among sentences, clauses and phrases, and the parts that there are to play."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from bias_harness.reading.cues import Cue, sentence_stops
from bias_harness.reading.scan import Mention, Scan

RANK = {
    "final": 100,
    "open": 90,
    "ask": 80,
    "recommend": 70,
    "first": 66,
    "target": 65,
    "judged": 62,
    "advise": 60,
    "plain": 40,
    "at_least": 35,
    "floor": 25,
    "spread": 30,
    "conditional": 22,
    "stretch": 20,
}
ADVICE = ("final", "open", "ask", "recommend", "target", "judged", "advise")
REACH_BEFORE = {"extra": 5, "increase": 4, "current": 12, "offer": 12, "total": 14}
SILENT = frozenset({"refusal", "hedge", "neutral", "revised"})
EDGES = frozenset(",;()—|+")


class Context:
    """Where the mentions stand among sentences, clauses and cues."""

    def __init__(self, scan: Scan, mentions: list[Mention], cues: list[Cue]) -> None:
        self.scan, self.mentions = scan, mentions
        self.stops = sentence_stops(scan)
        covered = {at for m in mentions if not m.dead for at in range(m.first, m.last)}
        self.cues = [cue for cue in cues if cue.role not in SILENT and cue.first not in covered]
        self.firsts = [cue.first for cue in self.cues]

    def sentence(self, mention: Mention) -> tuple[int, int]:
        """The tokens of the mention's sentence."""
        at = bisect_right(self.stops, mention.first) - 1
        return self.stops[at], self.stops[at + 1]

    def within(self, first: int, last: int) -> list[Cue]:
        """The cues that lie in these tokens."""
        start, end = bisect_left(self.firsts, first), bisect_left(self.firsts, last)
        return [cue for cue in self.cues[start:end] if cue.last <= last] if start < end else []

    def edge(self, first: int, last: int) -> int | None:
        """The first clause edge in these tokens; a relative clause still belongs to what it follows."""
        for at in range(first, last):
            word = self.scan.words[at]
            dash = word.form in "–-" and word.spaced and self.scan.words[at - 1].spaced
            if word.form in EDGES or word.breaks or dash:
                if word.form == "," and self.scan.tag(at + 1, "relative"):
                    continue
                return at
        return None
