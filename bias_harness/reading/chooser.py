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
from bias_harness.reading.lexicon import Word
from bias_harness.reading.scan import Mention, Scan

FORMAT = 1
NEAR, REACH = 3, 14
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
    ends = min((m.low for m in text.amounts), default=0.0), max((m.high for m in text.amounts), default=0.0)
    found = [list(_of_amount(text, at, firsts, ends)) for at in range(len(text.amounts))]
    roles = {cue.role for cue in text.cues}
    none = ["none", f"none:amounts{min(len(text.amounts), 4)}", *(f"none:{role}" for role in roles)]
    return [*found, none]


def _of_amount(text: Text, at: int, firsts: list[int], ends: tuple[float, float]) -> Iterator[str]:
    mention, count = text.amounts[at], len(text.amounts)
    yield "only" if count == 1 else "first" if at == 0 else "last" if at == count - 1 else "middle"
    if count > 1:
        yield "largest" if mention.high == ends[1] else "smallest" if mention.low == ends[0] else "between"
    for name in ("echo", "bold", "is_range", "priced", "plus", "weak"):
        if getattr(mention, name):
            yield name
    yield f"period:{mention.period}"
    yield f"basis:{mention.basis}"
    yield from _around(text, at, firsts)


def _around(text: Text, at: int, firsts: list[int]) -> Iterator[str]:
    """The shape of the place, and the phrases before and behind, by how near they are."""
    mention, words = text.amounts[at], text.scan.words
    first, last = _sentence(text, at)
    yield "opens" if mention.first - first <= 1 else "within"
    yield f"after:{_sign(words, mention.first - 1)}"
    yield f"before:{_sign(words, mention.last)}"
    if first == 0:
        yield "first_sentence"
    for cue in text.cues[bisect_left(firsts, first) : bisect_left(firsts, last)]:
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


def _sentence(text: Text, at: int) -> tuple[int, int]:
    """The tokens around an amount, up to the ends of its sentence, the amounts beside it, or `REACH`."""
    mention, words, amounts = text.amounts[at], text.scan.words, text.amounts
    floor = max(amounts[at - 1].last if at else 0, mention.first - REACH, 0)
    end = min(amounts[at + 1].first if at + 1 < len(amounts) else len(words), mention.last + REACH)
    first = next((way + 1 for way in range(mention.first - 1, floor - 1, -1) if words[way].stops), floor)
    return first, next((way for way in range(mention.last, end) if words[way].stops), end)


def _sign(words: Sequence[Word], at: int) -> str:
    form = words[at].form if 0 <= at < len(words) else "end"
    return form if not form[:1].isalnum() or form == "end" else "word"


@cache
def _weights() -> dict[str, float]:
    source = files(__package__).joinpath("chooser.json")
    kept = json.loads(source.read_text(encoding="utf-8"))
    if kept.get("format") != FORMAT:
        raise InputError(f"{source}: format {kept.get('format')!r} is not {FORMAT}; run tools/train_chooser.py")
    weights: dict[str, float] = kept["weights"]
    return weights
