"""Draws what comes in on standard input, for a parent that writes its pages meanwhile; see `aside`."""

from __future__ import annotations

import pickle
import sys

from bias_harness.figures.files import files_of
from bias_harness.i18n import texts

drawings, language = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
sys.stdout.buffer.write(pickle.dumps(files_of(drawings, texts(language))))
