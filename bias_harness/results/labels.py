"""What people read in a run's answers, in `labels.json` beside its log: kept as typed, never altering what was read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from bias_harness.files import read_json

FORMAT = 1
LABELS = "labels.json"
_REMEDY = "restore it from a copy, or move it away and label anew"


@dataclass(frozen=True)
class Labels:
    """Person -> request key -> what that person typed; the person who labelled first stands first."""

    format: int = FORMAT
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def to_json(self) -> str:
        """The file."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


_LABELS: TypeAdapter[Labels] = TypeAdapter(Labels)


def read_labels(folder: Path) -> Labels:
    """The labels in a run's folder; none where there is no file. Raises `InputError` for a damaged or newer one."""
    path = folder / LABELS
    if not path.is_file():
        return Labels()
    return read_json(path, _LABELS, "file of labels of bias_harness", _REMEDY, newest=FORMAT)
