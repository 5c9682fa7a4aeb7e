"""trials.jsonl: which trial each imported answer belongs to."""

from __future__ import annotations

import json
from pathlib import Path

import orjson

from bias_harness.vocabulary import Trial

TRIALS = "trials.jsonl"


def trial_line(key: str, trial: Trial) -> bytes:
    """A line of `trials.jsonl`: which trial a key is."""
    return orjson.dumps({"key": key, "trial": trial}, option=orjson.OPT_APPEND_NEWLINE)


def read_trials(path: Path) -> dict[str, Trial]:
    """The trials of an imported run by key."""
    with path.open("rb") as lines:
        return {row["key"]: Trial(**row["trial"]) for row in map(json.loads, lines)}
