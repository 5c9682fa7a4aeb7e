"""What the contestants of a benchmark share: the server they ask, the questions, and what a process of theirs took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

AT_ONCE = 64


@dataclass(frozen=True)
class Cost:
    """What one run of a contestant took."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    told: dict[str, float]


@contextmanager
def server(latency: float, at_least: float = 0) -> Iterator[int]:
    """The loopback server; yields its port. Afterwards it must have answered so many requests."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("loopback.py")), "--latency", str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        served = int(process.communicate()[0])
    assert served >= at_least, f"only {served} of {at_least} requests arrived"


def measured(command: list[str], **options: object) -> Cost:
    """Run a command to its end. Its last line of output, if it is JSON, is what it tells."""
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, **options)  # type: ignore[call-overload]
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        output.seek(0)
        lines = output.read().splitlines()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, told)


def body(number: int) -> dict[str, object]:
    question = (
        f"Question {number}: what yearly salary should this client ask for as a senior nurse in Denver? " + "x" * 120
    )
    return {"model": "loopback-1", "messages": [{"role": "user", "content": question}], "temperature": 1.0}
