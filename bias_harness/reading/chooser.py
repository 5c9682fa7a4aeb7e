"""A second reader: a conditional logit over the same amounts, that knows nothing of the grammar's ranks.

Each amount of a text, and the possibility that none of them is the advice, has a score: the sum of the weights of what
is said of it. The weights are in `chooser.json`, trained on the project's own labelled answers by
`tools/train_chooser.py`; a score says how likely an amount is the advice, beside the others of its text.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from math import exp
from typing import NamedTuple

from bias_harness.errors import InputError
from bias_harness.reading.cues import Cue
from bias_harness.reading.scan import Mention, Scan

FORMAT = 1
NEAR, REACH, MOST = 3, 14, 24
LEFT_OUT = frozenset({"neutral"})


class Text(NamedTuple):
    """What the second reader looks at: the tokens, the amounts that can be chosen, and the phrases in the text."""

    scan: Scan
    amounts: Sequence[Mention]
    cues: Sequence[Cue]


def probabilities(text: Text) -> list[float]:
    """How likely each amount is the advice, in order, and last that none is; they add up to 1."""
    weights = _weights()
    scores = [sum(weights.get(name, 0.0) for name in described) for described in describe(text)]
    top = max(scores)
    odds = [exp(score - top) for score in scores]
    whole = sum(odds)
    return [odd / whole for odd in odds]


def describe(text: Text) -> list[list[str]]:
    """The names of what is said of each amount; last, of the text as one that advises none."""
    firsts = [cue.first for cue in text.cues]
    found = [list(_of_amount(text, at, firsts)) for at in range(len(text.amounts))]
    roles = {cue.role for cue in text.cues}
    none = ["none", f"none:amounts{min(len(text.amounts), 4)}", *(f"none:{role}" for role in roles)]
    return [*found, none]


def _of_amount(text: Text, at: int, firsts: list[int]) -> Iterator[str]:
    mention, count = text.amounts[at], len(text.amounts)
    yield "only" if count == 1 else "first" if at == 0 else "last" if at == count - 1 else "middle"
    low, high = min(m.low for m in text.amounts), max(m.high for m in text.amounts)
    if count > 1:
        yield "largest" if mention.high == high else "smallest" if mention.low == low else "between"
    for name in ("echo", "bold", "is_range", "priced", "plus", "weak"):
        if getattr(mention, name):
            yield name
    yield f"period:{mention.period}"
    yield f"basis:{mention.basis}"
    yield from _around(text, at, firsts)


def _around(text: Text, at: int, firsts: list[int]) -> Iterator[str]:
    """The phrases before and behind, by how near they are, up to the amounts beside; and the shape of the place."""
    mention, words = text.amounts[at], text.scan.words
    floor = text.amounts[at - 1].last if at else 0
    end = text.amounts[at + 1].first if at + 1 < len(text.amounts) else len(words)
    stops_before, stops_behind = 0, 0
    for way in range(mention.first - 1, max(floor, mention.first - REACH) - 1, -1):
        if words[way].stops:
            stops_before = way + 1
            break
    for way in range(mention.last, min(end, mention.last + REACH)):
        if words[way].stops:
            stops_behind = way
            break
    first, last = max(floor, stops_before, mention.first - REACH), min(end, stops_behind or end, mention.last + REACH)
    yield "opens" if first == stops_before and mention.first - first <= 1 else "within"
    yield f"after:{_sign(words, mention.first - 1)}"
    yield f"before:{_sign(words, mention.last)}"
    if not stops_before and first == 0:
        yield "first_sentence"
    for cue in text.cues[bisect_left(firsts, first) :]:
        if cue.first >= last:
            break
        if cue.role in LEFT_OUT:
            continue
        if cue.last <= mention.first:
            yield f"{cue.role}<"
            if mention.first - cue.last <= NEAR:
                yield f"{cue.role}<<"
        elif cue.first >= mention.last:
            yield f">{cue.role}"
            if cue.first - mention.last <= NEAR:
                yield f">>{cue.role}"


def _sign(words: Sequence[object], at: int) -> str:
    form = words[at].form if 0 <= at < len(words) else "end"  # type: ignore[attr-defined]
    return form if not form[:1].isalnum() or form == "end" else "word"


@cache
def _weights() -> dict[str, float]:
    source = files(__package__).joinpath("chooser.json")
    kept = json.loads(source.read_text(encoding="utf-8"))
    if kept.get("format") != FORMAT:
        raise InputError(f"{source}: format {kept.get('format')!r} is not {FORMAT}; run tools/train_chooser.py")
    weights: dict[str, float] = kept["weights"]
    return weights
