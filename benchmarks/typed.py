"""A command as users type it, run in this process: its exit code, without its words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bias_harness.cli import main as command_line


def typed(*words: str) -> int:
    """The exit code of a command."""
    sys.argv, shown = ["bias-harness", *words], (sys.stdout, sys.stderr)
    with Path(os.devnull).open("w") as nowhere:
        sys.stdout = sys.stderr = nowhere
        try:
            command_line.main()
        except SystemExit as left:
            return int(left.code or 0)
        finally:
            sys.stdout, sys.stderr = shown
    return 0
