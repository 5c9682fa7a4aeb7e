"""A run, asked (`asked.py`) and read back (`loaded.py`): what the chapters above work with."""

from __future__ import annotations

from bias_harness.runs.asked import arun, refused_keys, run
from bias_harness.runs.loaded import Run, load_run, material

__all__ = ["Run", "arun", "load_run", "material", "refused_keys", "run"]
