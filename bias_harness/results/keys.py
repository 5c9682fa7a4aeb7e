"""A set of request keys in little memory: eight bytes a key, so that ten million take 80 MB.

What many parts of a log hold comes as arrays in rising order and is kept so; what is added since goes into a table.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Shorts = NDArray[np.uint64]

SMALLEST = 1 << 12


class KeySet:
    """The keys that were added, by their first 64 bits (open addressing, at most two thirds full), and those of `of`.

    Keys are SHA-256 in hex, so 64 bits are spread evenly: among n keys, two are taken for one with a probability
    of about n**2 / 2**65, which is 4e-9 for 400,000.
    """

    __slots__ = ("_count", "_mask", "_rising", "_slots")

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._rising: memoryview | array[int] = array("Q")
        self._count, self._mask = 0, SMALLEST - 1
        self._slots = array("Q", bytes(8 * SMALLEST))
        for key in keys:
            self.add(key)

    @classmethod
    def of(cls, shorts: Shorts) -> KeySet:
        """The set of shortened keys in rising order, each once; they are kept as they are."""
        made = cls()
        made._rising = memoryview(shorts.data)
        return made

    def __len__(self) -> int:
        return self._count + len(self._rising)

    def __contains__(self, key: str) -> bool:
        return self.has_short(_short(key))

    def add(self, key: str) -> bool:
        """Add a key. Returns whether it is new."""
        return self.add_short(_short(key))

    def shorts(self) -> array[int]:
        """All keys, shortened to their first 64 bits, in rising order."""
        return array("Q", sorted([*(short for short in self._slots if short), *self._rising]))

    def has_short(self, short: int) -> bool:
        """Whether a shortened key is there."""
        return self._slots[self._place(short)] == short or self._is_old(short)

    def _is_old(self, short: int) -> bool:
        place = bisect_left(self._rising, short)
        return place < len(self._rising) and self._rising[place] == short

    def add_short(self, short: int) -> bool:
        """Add a shortened key, which is never 0. Returns whether it is new."""
        place = self._place(short)
        if self._slots[place] == short or (self._rising and self._is_old(short)):
            return False
        self._slots[place] = short
        self._count += 1
        if 3 * self._count > 2 * self._mask:
            self._grow()
        return True

    def copy(self) -> KeySet:
        """Another set of the same keys."""
        twin = KeySet()
        twin._rising = self._rising  # never changed
        twin._count, twin._mask, twin._slots = self._count, self._mask, self._slots[:]
        return twin

    def __or__(self, other: KeySet) -> KeySet:
        small, large = sorted((self, other), key=len)
        both = large.copy()
        for shorts in (small._slots, small._rising):
            for short in shorts:
                if short:
                    both.add_short(short)
        return both

    def _place(self, short: int) -> int:
        """The slot that holds the key, or the empty one where it belongs."""
        slots, mask = self._slots, self._mask
        place = short & mask
        while slots[place] not in (0, short):
            place = (place + 1) & mask
        return place

    def _grow(self) -> None:
        old = self._slots
        self._mask = 2 * self._mask + 1
        self._slots = array("Q", bytes(8 * (self._mask + 1)))
        for short in old:
            if short:
                self._slots[self._place(short)] = short


def rising(arrays: Sequence[Shorts]) -> Shorts:
    """Shortened keys of several arrays in rising order, each once."""
    import numpy as np  # late: a run in one part needs none of it

    every = np.concatenate(arrays) if len(arrays) > 1 else arrays[0].copy()
    every.sort()  # not np.unique, which takes thirty times as long
    is_new = np.ones(every.size, dtype=bool)
    np.not_equal(every[1:], every[:-1], out=is_new[1:])
    return every if is_new.all() else every[is_new]


def _short(key: str) -> int:
    """The first 64 bits; never 0, which marks an empty slot."""
    return int(key[:16], 16) or 1
