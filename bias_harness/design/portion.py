"""Which part of the design a call asks, or plans."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bias_harness.design.audit import Audit
from bias_harness.design.experiment import Endpoint
from bias_harness.errors import UsageError
from bias_harness.vocabulary import Request

if TYPE_CHECKING:
    from bias_harness.design.blocks import Block


@dataclass(frozen=True)
class Portion:
    """Which part of the design is asked: at most `limit` requests an endpoint, in whole blocks; shard i of n; who.

    `share` is how much of the endpoints' limits a shard takes, where that is not an equal part (`design.shares`).
    `settled` are endpoints and attributes that are asked no more, `attributes` the same of one endpoint (see `of`).
    """

    limit: int | None = None
    shard: tuple[int, int] | None = None
    personas: frozenset[str] | None = None
    settled: frozenset[tuple[str, str]] = frozenset()
    attributes: frozenset[str] = frozenset()
    share: float | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit={self.limit}: a limit is a number of requests, from 1 on")
        if self.shard is not None and not (len(self.shard) == 2 and 1 <= self.shard[0] <= self.shard[1]):
            raise UsageError(f"shard={self.shard}: the i-th of n parts is (i, n), with i from 1 to n")

    def of(self, endpoint: str) -> Portion:
        """The portion as one endpoint is asked it."""
        off = frozenset(attribute for name, attribute in self.settled if name == endpoint)
        return replace(self, settled=frozenset(), attributes=self.attributes | off) if self.settled else self

    def has(self, block: Block) -> bool:
        """Whether a block is in it, the limit aside."""
        if self.personas is not None and block.persona.id not in self.personas:
            return False
        if block.attribute.name in self.attributes:
            return False
        return self.shard is None or block.in_shard(*self.shard)


WHOLE = Portion()


def portion_of(
    limit: int | None, shard: tuple[int, int] | None, share: float | None, personas: frozenset[str] | None = None
) -> Portion:
    """The portion that a call asks. Raises `UsageError` for a share without a shard, or beyond 0 to 1."""
    if share is not None and (shard is None or not 0 < share <= 1):
        raise UsageError(
            "a share is how much of its endpoints' limits a shard takes: above 0, up to 1 (100%), only with --shard"
        )
    return Portion(limit, shard, personas, share=share)


def blocks_of(audit: Audit, portion: Portion) -> Iterator[Block]:
    """The blocks of a portion in the order of asking; a limit takes whole blocks, at least one."""
    taken = 0
    for block in audit.design.blocks():
        if not portion.has(block):
            continue
        taken += len(block.variants)
        if portion.limit is not None and taken > max(portion.limit, len(block.variants)):
            return
        yield block


def planned_requests(audit: Audit, portion: Portion) -> int:
    """How many trials a portion of the design has, for one endpoint."""
    if portion == WHOLE:
        return sum(c.trials for c in audit.design.counts())
    return sum(len(block.variants) for block in blocks_of(audit, portion))


def jobs_in_order(audit: Audit) -> tuple[str, ...]:
    """The jobs in the order in which a run that may stop early asks them: a random one.

    That of the file where its order was drawn (it has a `frame`), else one drawn by the experiment's seed.
    """
    jobs = list(dict.fromkeys(persona.job for persona in audit.design.personas))
    if audit.resolved.people.frame is None:
        random.Random(f"{audit.experiment.seed}/jobs").shuffle(jobs)
    return tuple(jobs)


def requests_of(audit: Audit, endpoint: Endpoint, portion: Portion) -> Iterator[Request]:
    """The endpoint's requests in order."""
    for block in blocks_of(audit, portion):
        yield from audit.prompter.requests(block, endpoint)


def by_beginning(requests: Iterable[Request]) -> Iterator[Request]:
    """The requests person by person, in the order of their first, and of each person those that begin alike together.

    A run that is cut short so holds whole people.
    """
    people: dict[str, list[Request]] = {}
    for request in requests:
        people.setdefault(request.trial.persona if request.trial else "", []).append(request)
    for asked in people.values():
        yield from sorted(asked, key=lambda request: [message.content for message in request.messages])


def parse_shard(text: str) -> tuple[int, int]:
    """`2/4` as (2, 4). Raises `UsageError` for what is no part of a whole."""
    index, slash, count = text.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise UsageError(f"--shard {text}: i/n is wanted, with i from 1 to n, for example 2/4")
    return int(index), int(count)


def shard_name(audit: Audit, shard: tuple[int, int] | None) -> str | None:
    """The folder of a shard below results/; None for a whole run."""
    return None if shard is None else f"{audit.experiment.experiment}.part-{shard[0]}-of-{shard[1]}"
