"""What looks like a key in a folder that is to be shared."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bias_harness.design.audit import Audit

LOOKS_LIKE_A_KEY = re.compile(
    rb"\b(sk-[A-Za-z0-9_-]{16,}|Bearer [A-Za-z0-9._-]{16,}|AIza[A-Za-z0-9_-]{30,}|gsk_[A-Za-z0-9]{20,})"
)


def secrets_in(folder: Path, audit: Audit) -> list[str]:
    """The files of a folder that hold a key of this environment, or something that looks like one."""
    variables = [e.api_key_env for e in audit.experiment.endpoints if e.api_key_env]
    values = [os.environ[v].encode() for v in variables if len(os.environ.get(v, "")) > 7]
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if LOOKS_LIKE_A_KEY.search(data) or any(value in data for value in values):
            found.append(path.name)
    return found
