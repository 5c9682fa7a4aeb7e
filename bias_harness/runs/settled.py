"""A run of which every trial is there: the same command again finds that out without going through the design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.results import EXPERIMENT, EndpointTotals, RunFolder
from bias_harness.results.batches import BatchBook
from bias_harness.results.in_flight import IN_FLIGHT
from bias_harness.results.locks import locked
from bias_harness.results.log import LOCK

if TYPE_CHECKING:
    from bias_harness.asking import Tally


def nothing_to_ask(audit: Audit, folder: RunFolder, progress: Callable[[Tally], None] | None) -> bool:
    """Whether the folder holds all of this very experiment, and its log is as it was written; then the call is noted.

    Such a run was a success: every request has its answer, or is one for which asking again would change nothing.
    Raises `RunFolderError` where another process has the folder.
    """
    if not (folder.path / EXPERIMENT).is_file():
        return False
    with locked(folder.path / LOCK):
        return _is_whole(audit, folder, progress)


def _is_whole(audit: Audit, folder: RunFolder, progress: Callable[[Tally], None] | None) -> bool:
    manifest = folder.manifest()
    if manifest.status != "success" or manifest.digest != audit.digest or not manifest.log:
        return False
    ends = {e.name: manifest.endpoints.get(e.name) for e in audit.experiment.endpoints}
    if any(end is None or end.present is None or end.present != end.designed for end in ends.values()):
        return False
    if (folder.path / IN_FLIGHT).exists() or BatchBook(folder).open() or folder.faults():
        return False
    if audit.experiment.confirm is not None or Audit.of_folder(folder.path).resolved != audit.resolved:
        return False  # the manifest does not count second turns
    _note(folder, {name: end for name, end in ends.items() if end is not None}, progress)
    return True


def _note(folder: RunFolder, ends: dict[str, EndpointTotals], progress: Callable[[Tally], None] | None) -> None:
    """Write down that a call asked nothing, and tell it."""
    from bias_harness.asking import Tally

    now = datetime.now(UTC).isoformat(timespec="seconds")
    totals = {name: _nothing(end) for name, end in ends.items()}
    folder.write_manifest(replace(folder.manifest(), started_at=now, finished_at=now, endpoints=totals))
    for name, end in totals.items():
        if progress is not None:
            progress(Tally(name, end.planned, already=end.already))


def _nothing(end: EndpointTotals) -> EndpointTotals:
    """What an endpoint's last call amounts to where all was there."""
    of = end.designed or 0
    idle = replace(end, planned=of, already=of, answered=0, failed=0, retried=0, input_tokens=0, output_tokens=0)
    return replace(idle, cost=None, stopped=None)
