"""Figure files drawn by processes of their own, so that a large run uses every core of a small computer."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bias_harness.reporting.charts.chart import Drawing
from bias_harness.reporting.texts import Texts

MOST = 4
"""Processes; each takes most of a second to start."""


@contextmanager
def drawn_aside(drawings: Sequence[Drawing], texts: Texts) -> Iterator[dict[str, bytes]]:
    """File name -> content, empty inside the `with` block and filled when it is left: the same bytes as `files_of`.

    A process for each core, of four at most. Not `multiprocessing`: that runs a caller's script again where it has no
    guard.
    """
    count = max(1, min(MOST, os.cpu_count() or 1, len(drawings)))
    made: dict[str, bytes] = {}
    with ExitStack() as children:
        begun = [children.enter_context(_drawing(list(drawings[i::count]), texts)) for i in range(count)]
        yield made
        answers = [child.stdout.read() for child in begun if child.stdout]
    for child, answer in zip(begun, answers, strict=True):
        if child.returncode:
            raise RuntimeError(f"drawing the figures ended with exit code {child.returncode}; its words are above")
        made |= pickle.loads(answer)  # noqa: S301 - our own child wrote it


def _drawing(drawings: list[Drawing], texts: Texts) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", __package__]  # -P: a numpy.py of the working folder is not run
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
    if child.stdin is None:
        raise RuntimeError("a child without pipes")
    child.stdin.write(pickle.dumps((drawings, texts)))
    child.stdin.close()
    return child
