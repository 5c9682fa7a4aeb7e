"""Requests -> files of whole blocks, within the limits of a batch and the room of the budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bias_harness.results.batches import new_name
from bias_harness.vocabulary import Request

KEY_CHARACTERS = 40


def item_of(key: str, name: str) -> str:
    """The id of a request in a batch: as much of its key as tells it from all others, and the batch's own name.

    Results come in any order and are told apart by it; the name says that they are of this very batch.
    """
    return f"{key[:KEY_CHARACTERS]}-{name}"


@dataclass(frozen=True)
class Limits:
    """The most requests and bytes of one batch."""

    requests: int
    bytes: int


@dataclass
class Filling:
    """A file that is being filled; `cost` is what it may cost at most, in US dollars."""

    name: str = field(default_factory=new_name)
    keys: list[str] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    cost: float = 0.0

    def fits(self, lines: list[bytes], limits: Limits) -> bool:
        """Whether more lines can be added."""
        size = self.size + sum(map(len, lines)) + len(lines)
        return len(self.lines) + len(lines) <= limits.requests and size <= limits.bytes

    def add(self, block: list[Request], lines: list[bytes], cost: float) -> None:
        """Add a whole block."""
        self.keys += [request.key for request in block]
        self.seeds += [request.seed for request in block]
        self.lines += lines
        self.size += sum(map(len, lines)) + len(lines)
        self.cost += cost


def blocks_of(requests: Iterable[Request]) -> Iterator[list[Request]]:
    """Requests in a row that are asked side by side; one that is of no block is alone."""
    block: list[Request] = []
    for request in requests:
        if block and not _together(block[-1], request):
            yield block
            block = []
        block.append(request)
    if block:
        yield block


def _together(one: Request, other: Request) -> bool:
    return one.trial is not None and other.trial is not None and one.trial.block == other.trial.block
