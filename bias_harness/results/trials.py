"""trials.jsonl: which trial each imported answer belongs to. The first line names the format; in format 1 none did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError, check_format
from bias_harness.files import first_fault
from bias_harness.vocabulary import Trial

FORMAT = 2
TRIALS = "trials.jsonl"
HEAD = orjson.dumps({"format": FORMAT}, option=orjson.OPT_APPEND_NEWLINE)


def trial_line(key: str, trial: Trial) -> bytes:
    """A line of `trials.jsonl` after `HEAD`: which trial a key is."""
    return orjson.dumps({"key": key, "trial": trial}, option=orjson.OPT_APPEND_NEWLINE)


def dump_trials(trials: Mapping[str, Trial]) -> bytes:
    """The whole file."""
    return HEAD + b"".join(trial_line(key, trial) for key, trial in trials.items())


class _Line(TypedDict):
    key: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    trial: Trial


_LINE: TypeAdapter[_Line] = TypeAdapter(_Line)


def read_trials(path: Path) -> dict[str, Trial]:
    """The trials of an imported run by key. Raises `InputError` for a format to come, `RunFolderError` for no trial."""
    found: dict[str, Trial] = {}
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                head = orjson.loads(line) if number == 1 else None
                if isinstance(head, dict) and "format" in head:
                    check_format(head["format"], FORMAT, path)
                    continue
                row = _LINE.validate_json(line, strict=True)
            except ValidationError as error:
                raise _unreadable(path, number, first_fault(error)) from None
            except orjson.JSONDecodeError as error:
                raise _unreadable(path, number, str(error)) from None
            trial = row["trial"]
            if row["key"] in found:
                raise _unreadable(path, number, "its key stands there twice")
            if not (0 <= trial.signal < 2**15 and 0 <= trial.repeat < 2**31 and 0 <= trial.block < 2**63):
                raise _unreadable(path, number, "a number is negative or too large")
            found[row["key"]] = trial
    return found


def fitting_trials(path: Path, audit: Audit) -> dict[str, Trial]:
    """The same, of people, wordings, models and levels of this experiment. Raises `RunFolderError`."""
    e, levels = audit.experiment, {a.name: a.levels for a in audit.design.attributes}
    known = ({x.name for x in e.endpoints}, set(e.languages), set(e.wordings), {p.id for p in audit.design.personas})
    found = read_trials(path)
    for number, trial in enumerate(found.values(), start=1):
        words = (trial.endpoint, trial.language, trial.wording, trial.persona)
        strange = [word for word, there in zip(words, known, strict=True) if word not in there]
        if strange or trial.level not in levels.get(trial.attribute, ()):
            raise _unreadable(path, number, f"the experiment has no {strange[0] if strange else trial.level!r}")
    return found


def _unreadable(path: Path, number: int, why: str) -> RunFolderError:
    return RunFolderError(
        f"{path}, line {number} is not a trial ({why}); import the answers again, or restore the file"
    )
