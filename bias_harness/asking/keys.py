"""Where keys come from: the environment, and `.env`, which is read and never exported."""

from __future__ import annotations

import os
from pathlib import Path

from bias_harness.errors import InputError


def environment(workspace: Path) -> dict[str, str]:
    """The variables a run may read keys from: those of the process, and `.env` here or in the workspace."""
    found: dict[str, str] = {}
    for folder in (workspace, Path.cwd()):
        path = folder / ".env"
        if path.is_file():
            found |= _env_file(path)
    return found | dict(os.environ)


def _env_file(path: Path) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{path}, line {number}: NAME=value is wanted here")
        pairs[name.strip()] = value.strip().strip("'\"")
    return pairs
