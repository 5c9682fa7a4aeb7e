"""A run, asked (`asked.py`) and read back (`loaded.py`): what the chapters above work with."""

from __future__ import annotations

from bias_harness.runs.asked import arun, refused_keys, run
from bias_harness.runs.loaded import Run, load_run, material
from bias_harness.runs.wanted import a_run, some_runs

__all__ = ["Run", "a_run", "arun", "load_run", "material", "refused_keys", "run", "some_runs"]
