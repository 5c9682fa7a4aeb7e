"""What looks like a key in a folder that is to be shared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bias_harness.design.keys import LOOKS_LIKE_A_KEY

_BYTES = re.compile(LOOKS_LIKE_A_KEY.pattern.encode())


def secrets_in(folder: Path, secrets: Iterable[str]) -> list[str]:
    """The files of a folder that hold one of the secrets, or something that looks like a key."""
    values = [secret.encode() for secret in secrets]
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if _BYTES.search(data) or any(value in data for value in values):
            found.append(path.name)
    return found
