"""Reading a model's text: what did it actually advise? See docs/reading.md for the rules."""

from __future__ import annotations

from bias_harness.outcome import Outcome
from bias_harness.reading.invariance import find_moved
from bias_harness.reading.reader import read

__all__ = ["Outcome", "find_moved", "read"]
