"""Several folders of one experiment -> one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError
from bias_harness.results.batches import BatchBook
from bias_harness.results.folder import RunFolder
from bias_harness.results.log import open_log
from bias_harness.results.totals import merged
from bias_harness.vocabulary import Response
from bias_harness.workspace import EXPERIMENT


@dataclass(frozen=True)
class Merged:
    """What a merge did: `added` lines, and `twice` answers that were there already and so were left out."""

    added: int
    twice: int


def merge(sources: Sequence[RunFolder], into: RunFolder) -> Merged:
    """Bring the answers of all sources together in `into`. Doing it again adds nothing.

    An answer comes before an error; of two answers to one request the one that was merged first stays. Raises
    `RunFolderError` where a source is a run of another experiment.
    """
    text = sources[0].experiment()
    for other in [*sources[1:], *([into] if (into.path / EXPERIMENT).exists() else [])]:
        if other.experiment() != text:
            raise RunFolderError(
                f"{other.path} and {sources[0].path} hold different experiments (their {EXPERIMENT} differ); "
                "only parts of one experiment can be merged"
            )
    for source in sources:
        for kept in BatchBook(source).open():
            raise RunFolderError(
                f"{source.path}: a batch of {kept.requests:,} requests ({kept.id or kept.name}) is still under way; "
                "run that part again, which collects it, and merge then"
            )
    others = [s for s in sources if s.path.resolve() != into.path.resolve()]
    with open_log(into) as log:
        into.write(EXPERIMENT, text)
        added = twice = 0
        for response in _answers_first(others):
            known = response.key in log.found.answered
            if known or (response.error is not None and response.key in log.found.failed):
                twice += response.error is None
                continue
            log.append(response)
            added += 1
        parts = [other.manifest() for other in others]
        into.write_manifest(merged(parts, into.manifest(), Audit.of_folder(into.path), log.found))
    return Merged(added, twice)


def _answers_first(sources: Sequence[RunFolder]) -> Iterator[Response]:
    for source in sources:
        yield from (r for r in source.responses() if r.error is None)
    for source in sources:
        yield from (r for r in source.responses() if r.error is not None)
