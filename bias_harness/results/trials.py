"""trials.jsonl: which trial each imported answer belongs to. The first line names the format; in format 1 none did."""

from __future__ import annotations

from pathlib import Path

import orjson

from bias_harness.errors import RunFolderError, check_format
from bias_harness.vocabulary import Trial

FORMAT = 2
TRIALS = "trials.jsonl"
HEAD = orjson.dumps({"format": FORMAT}, option=orjson.OPT_APPEND_NEWLINE)


def trial_line(key: str, trial: Trial) -> bytes:
    """A line of `trials.jsonl` after `HEAD`: which trial a key is."""
    return orjson.dumps({"key": key, "trial": trial}, option=orjson.OPT_APPEND_NEWLINE)


def read_trials(path: Path) -> dict[str, Trial]:
    """The trials of an imported run by key. Raises `InputError` for a format to come, `RunFolderError` for no trial."""
    found: dict[str, Trial] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = orjson.loads(line)
                if number == 1 and "format" in row:
                    check_format(row["format"], FORMAT, path)
                    continue
                found[row["key"]] = Trial(**row["trial"])
            except (ValueError, KeyError, TypeError):
                raise RunFolderError(f"{path}, line {number} is no trial; restore the file, or import again") from None
    return found
