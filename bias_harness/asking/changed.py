"""What is asked now and was not in the folder's experiment."""

from __future__ import annotations

from bias_harness.design.audit import Audit
from bias_harness.results import EXPERIMENT, KeySet, RunFolder

AXES = ("endpoint", "language", "wording", "persona", "attribute", "level", "edit", "repeat")


def changes(folder: RunFolder, audit: Audit) -> list[str]:
    """What is asked now and was not in the folder's experiment, and what is asked no longer, in a sentence each."""
    if not (folder.path / EXPERIMENT).exists() or folder.experiment() == audit.to_yaml():
        return []
    before = Audit.of_folder(folder.path)
    old, new = _asked(before), _asked(audit)
    said = [
        _difference("new", new, old, "they are asked now"),
        _difference("no longer asked", old, new, "their answers stay in the log"),
    ]
    return [f"{folder.path.name}: the experiment has changed. {sentence}" for sentence in said if sentence]


def _asked(audit: Audit) -> tuple[KeySet, dict[str, set[str]]]:
    """The keys of every request, and the values of each axis of the design."""
    keys, axes = KeySet(), {name: set[str]() for name in AXES}
    for endpoint in audit.experiment.endpoints:
        for _, block in audit.requests(endpoint):
            for request in block:
                keys.add(request.key)
                for name in AXES:
                    axes[name].add(str(getattr(request.trial, name)))
    return keys, axes


def _difference(
    what: str, one: tuple[KeySet, dict[str, set[str]]], other: tuple[KeySet, dict[str, set[str]]], so: str
) -> str:
    count = len(one[0] | other[0]) - len(other[0])
    if not count:
        return ""
    values = [
        f"{axis} {', '.join(sorted(one[1][axis] - other[1][axis])[:5])}"
        for axis in AXES
        if one[1][axis] - other[1][axis]
    ]
    return f"{count:,} requests are {what} ({'; '.join(values) or 'other words or sampling'}); {so}."
