"""Draws what comes in on standard input, for a parent that writes its pages meanwhile; see `aside`."""

from __future__ import annotations

import gc
import pickle
import sys

from bias_harness.reporting.charts.mpl.files import files_of

gc.disable()  # a short life: looking for cycles among a million artists costs a tenth of it
drawings, texts = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
sys.stdout.buffer.write(pickle.dumps(files_of(drawings, texts)))
