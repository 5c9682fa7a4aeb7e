"""A second reader: a conditional logit over the same amounts, that knows nothing of the grammar's ranks.

Each amount of a text, and the possibility that none of them is the advice, has a score: the sum of the weights of what
is said of it (`features`). The weights are in `chooser.json`, trained on the project's own labelled answers by
`tools/train_chooser.py`; a score says how likely an amount is the advice, beside the others of its text. How often an
amount of such a likelihood is right, where the grammar picks it too and where it does not, is in the same file.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from itertools import repeat
from math import exp, log
from sys import intern
from typing import Any, Literal

from bias_harness.errors import InputError
from bias_harness.reading.features import Name, Text, describe

FORMAT = 2
Stand = Literal["advised", "taken", "differ", "silent", "beside", "tied", "refused"]
"""How the grammar stands to an amount: it picks it too, for words of advice or without them; it picks another; it
picks none, and gave this one no part, or another part; it cannot choose; the text refuses."""
SUREST = 1e-6


def probabilities(text: Text) -> list[float]:
    """How likely each amount is the advice, in order, and last that none is; they add up to 1."""
    weight = _weights().get
    scores = [sum(map(weight, described, repeat(0.0))) for described in describe(text)]
    top = max(scores)
    odds = [exp(score - top) for score in scores]
    whole = sum(odds)
    return [odd / whole for odd in odds]


def calibrated(likely: float, stand: Stand) -> float:
    """The share of amounts that were right among those as `likely` as this one, where the grammar stood like this.

    A Platt scaling (1999) of the logit, its slope common to all stands, fitted on answers that neither reader was
    made on (`tools/train_chooser.py`).
    """
    kept = _calibration()
    inside = min(max(likely, SUREST), 1 - SUREST)
    return 1 / (1 + exp(-(kept[stand] + kept["slope"] * log(inside / (1 - inside)))))


@cache
def _weights() -> dict[Name, float]:
    named = ((intern(kind), what, w) for kind, weights in _kept()["weights"].items() for what, w in weights.items())
    return {(kind, intern(what)): w for kind, what, w in named}


@cache
def _calibration() -> dict[str, float]:
    kept: dict[str, float] = _kept()["calibration"]
    return kept


def _kept() -> dict[str, Any]:
    source = files(__package__).joinpath("chooser.json")
    kept: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    if kept.get("format") != FORMAT:
        raise InputError(f"{source}: format {kept.get('format')!r} is not {FORMAT}; run tools/train_chooser.py")
    return kept
