"""Answers collected elsewhere -> a run folder like any other.

A table (CSV, JSON lines, Parquet, a log of inspect_ai or promptfoo) and a map: which column says what, what the levels
are called, which one is the reference. What the table does not have is named, and limits what can be said: one persona
gives the scope `panel`.
"""

from __future__ import annotations

from bias_harness.results.trials import TRIALS, read_trials, trial_line
from bias_harness.sharing.imported_design import resolved_of
from bias_harness.sharing.imported_rows import Import
from bias_harness.sharing.map import Map, read_map

__all__ = ["TRIALS", "Import", "Map", "read_map", "read_trials", "resolved_of", "trial_line"]
