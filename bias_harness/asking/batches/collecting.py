"""The results of a batch that has ended: known by their ids, in whatever order they come, never by their place."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from bias_harness.asking.batches.filling import item_of
from bias_harness.plugins import Batches, BatchState
from bias_harness.results.batches import Asked, KeptBatch


class Scratch:
    """Lines on disk by their id: results can be far larger than what fits into memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed on leaving
        self._places: dict[str, tuple[int, int]] = {}
        self._end = 0

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def put(self, item: str, line: bytes) -> None:
        """Keep a line; of two with one id the first stays."""
        if item not in self._places:
            self._file.write(line)
            self._places[item] = (self._end, len(line))
            self._end += len(line)

    def get(self, item: str) -> bytes | None:
        """The line of an item."""
        place = self._places.get(item)
        if place is None:
            return None
        self._file.seek(place[0])
        return self._file.read(place[1])

    def close(self) -> None:
        """Let go of the disk."""
        self._file.close()


@dataclass
class AtHand:
    """A batch whose results are here; what became of its requests is counted as they are gone through.

    `left` are the requests that were not gone through yet, by key; those that an earlier run collected of it are not
    among them.
    """

    kept: KeptBatch
    state: BatchState
    lines: Scratch
    left: dict[str, int | None]
    late: bool = False
    answered: int = 0
    failed: int = 0
    unreached: int = 0
    paid: float = 0.0
    last: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether the results are of the batch that is in the book, and not of one that was taken for it."""
        return not len(self.lines) or any(item.endswith(f"-{self.kept.name}") for item in self.lines)

    def line(self, key: str) -> bytes | None:
        """The line of a request; None where the results have none."""
        return self.lines.get(item_of(key, self.kept.name))

    def close(self) -> None:
        """Let go of the results."""
        self.lines.close()

    @property
    def each(self) -> float:
        """What one of its requests may have cost at most, in US dollars, taken as an equal share."""
        return self.kept.reserved / max(1, self.kept.requests)


@dataclass
class Waiting:
    """How often results were looked for that the counts promise and the files do not hold yet."""

    times: dict[str, int] = field(default_factory=dict)

    def go_on(self, name: str, most: int) -> bool:
        """Whether to wait once more for those of a batch."""
        self.times[name] = self.times.get(name, 0) + 1
        return self.times[name] < most


async def fetched(batches: Batches, kept: KeptBatch, state: BatchState, asked: Asked, had: set[str]) -> AtHand:
    """The results of an ended batch, all of them, before one is looked at. Raises `ProviderError`."""
    lines = Scratch()
    try:
        async for item, line in batches.results(state):
            lines.put(item, line)
    except BaseException:
        lines.close()
        raise
    left = {key: seed for key, seed in zip(asked.keys, asked.seeds, strict=True) if key not in had}
    return AtHand(kept, state, lines, left)
