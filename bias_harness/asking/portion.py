"""Which part of the design a call asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.design.experiment import Endpoint
from bias_harness.vocabulary import Request

if TYPE_CHECKING:
    from bias_harness.design.blocks import Block


@dataclass(frozen=True)
class Portion:
    """Which part of the design is asked: at most `limit` requests an endpoint, in whole blocks; shard i of n; who."""

    limit: int | None = None
    shard: tuple[int, int] | None = None
    personas: frozenset[str] | None = None

    def has(self, block: Block) -> bool:
        """Whether a block is in it, the limit aside."""
        if self.personas is not None and block.persona.id not in self.personas:
            return False
        return self.shard is None or block.in_shard(*self.shard)


def planned_requests(audit: Audit, portion: Portion) -> int:
    """How many trials a portion of the design has, for one endpoint."""
    if portion.shard is None and portion.personas is None:
        planned = sum(c.trials for c in audit.design.counts())
    else:
        planned = sum(len(b.variants) for b in audit.design.blocks() if portion.has(b))
    return min(planned, portion.limit or planned)


def requests_of(audit: Audit, endpoint: Endpoint, portion: Portion) -> Iterator[Request]:
    """The endpoint's requests in order; a limit takes whole blocks, at least one."""
    taken = 0
    for block in audit.design.blocks():
        if not portion.has(block):
            continue
        requests = audit.prompter.requests(block, endpoint)
        if portion.limit is not None and taken and taken + len(requests) > portion.limit:
            return
        taken += len(requests)
        yield from requests


def shard_name(audit: Audit, shard: tuple[int, int] | None) -> str | None:
    """The folder of a shard below results/; None for a whole run."""
    return None if shard is None else f"{audit.experiment.experiment}.part-{shard[0]}-of-{shard[1]}"
