"""Figure files drawn by a second process, so that a large run uses both cores of a small computer."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bias_harness.reporting.charts.chart import Drawing
from bias_harness.reporting.texts import Texts


@contextmanager
def drawn_aside(drawings: Sequence[Drawing], texts: Texts) -> Iterator[dict[str, bytes]]:
    """File name -> content, empty inside the `with` block and filled when it is left: the same bytes as `files_of`.

    Not `multiprocessing`: that runs a caller's script again where it has no guard.
    """
    command = [sys.executable, "-P", "-m", __package__]  # -P: a numpy.py of the working folder is not run
    made: dict[str, bytes] = {}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603 - ourselves
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("a child without pipes")
        child.stdin.write(pickle.dumps((list(drawings), texts)))
        child.stdin.close()
        yield made
        answer = child.stdout.read()
    if child.returncode:
        raise RuntimeError(f"drawing the figures ended with exit code {child.returncode}; its words are above")
    made |= pickle.loads(answer)  # noqa: S301 - our own child wrote it
