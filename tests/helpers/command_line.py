"""The command line in a process of its own, as a user types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def type_in(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bias_harness", *words]
    plain = {k: v for k, v in os.environ.items() if not k.endswith("_API_KEY")} | {"NO_COLOR": "1"}
    return subprocess.run(command, cwd=cwd, env=plain | env, capture_output=True, text=True, check=False, timeout=120)
