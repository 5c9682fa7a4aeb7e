"""An endpoint asked in batches: files of whole pairs, created once, kept with their ids, collected when ended."""

from __future__ import annotations

from bias_harness.asking.batches.lane import BatchLane

__all__ = ["BatchLane"]
