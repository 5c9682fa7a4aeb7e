"""Several folders of one experiment -> one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError
from bias_harness.results.batches import BatchBook
from bias_harness.results.folder import RunFolder
from bias_harness.results.log import RunLog, open_log
from bias_harness.results.totals import merged
from bias_harness.results.trials import TRIALS, dump_trials, read_trials
from bias_harness.vocabulary import Response, Trial
from bias_harness.workspace import EXPERIMENT


@dataclass(frozen=True)
class Merged:
    """What a merge did: `added` lines, and `twice` answers that were there already and so were left out.

    `conflicts` of those had another text than the one that stays. `faults` says in a sentence each which parts are not
    as they were written: cut, changed or missing lines.
    """

    added: int
    twice: int
    conflicts: int = 0
    faults: tuple[str, ...] = ()


def merge(sources: Sequence[RunFolder], into: RunFolder) -> Merged:
    """Bring the answers of all sources together in `into`. Doing it again adds nothing.

    An answer comes before an error; of two answers to one request the one that was merged first stays. Raises
    `RunFolderError` before anything is written where a source is a run of another experiment or cannot be read.
    """
    text = sources[0].experiment()
    there = [into] if (into.path / EXPERIMENT).exists() else []
    for other in [*sources[1:], *there]:
        if other.experiment() != text:
            raise RunFolderError(
                f"{other.path} and {sources[0].path} hold different experiments (their {EXPERIMENT} differ); "
                "only parts of one experiment can be merged"
            )
    for source in sources:
        for batch in BatchBook(source).open():
            raise RunFolderError(
                f"{source.path}: a batch of {batch.requests:,} requests ({batch.id or batch.name}) is still under way; "
                "run that part again, which collects it, and merge then"
            )
    others = [s for s in sources if s.path.resolve() != into.path.resolve()]
    trials = _trials([*there, *others])
    faults = tuple(fault for part in others for fault in (*_unread(part), *part.faults()))
    with open_log(into) as log:
        into.write(EXPERIMENT, text)
        if trials is not None:
            into.write(TRIALS, dump_trials(trials))
        counts = _added(log, into, others)
        parts = [other.manifest() for other in others]
        into.write_manifest(merged(parts, into.manifest(), Audit.of_folder(into.path), log.found, log.seals()))
    return Merged(*counts, faults)


def _added(log: RunLog, into: RunFolder, others: Sequence[RunFolder]) -> tuple[int, int, int]:
    """Append what is not there; how many lines, how many answers were there already, and how many of those differ."""
    latest = into.latest()
    kept = {key: response.text for key, response in latest.items() if response.error is None}
    failed_turns = {key for key, response in latest.items() if response.confirms is not None}
    added = twice = conflicts = 0
    for response in _answers_first(others):
        known = response.key in log.found.answered or response.key in log.found.confirmed
        failed = response.error is not None and (response.key in log.found.failed or response.key in failed_turns)
        if known or failed:
            twice += response.error is None
            conflicts += response.error is None and kept.get(response.key) != response.text
            continue
        log.append(response)
        if response.error is None:
            kept[response.key] = response.text
        added += 1
    return added, twice, conflicts


def _unread(part: RunFolder) -> Iterator[str]:
    """Read a part to its end, so that what cannot be read stops a merge before it begins; a part without a line."""
    if next(part.responses(), None) is None:
        yield f"{part.path} holds no answers at all"
    for _ in part.responses():
        pass


def _trials(parts: Sequence[RunFolder]) -> dict[str, Trial] | None:
    """The trials of imported parts, by key; None where the parts were asked. Raises where they do not fit."""
    imported = [part for part in parts if (part.path / TRIALS).is_file()]
    if not imported:
        return None
    if len(imported) < len(parts):
        odd = next(part.path for part in parts if part not in imported)
        raise RunFolderError(f"{odd} has no {TRIALS}, and {imported[0].path} has: imported and asked runs do not mix")
    found: dict[str, Trial] = {}
    for part in imported:
        for key, trial in read_trials(part.path / TRIALS).items():
            if found.setdefault(key, trial) != trial:
                raise RunFolderError(f"{part.path / TRIALS}: the key {key[:12]}... is another trial in another part")
    return found


def _answers_first(sources: Sequence[RunFolder]) -> Iterator[Response]:
    for source in sources:
        yield from (r for r in source.responses() if r.error is None)
    for source in sources:
        yield from (r for r in source.responses() if r.error is not None)
