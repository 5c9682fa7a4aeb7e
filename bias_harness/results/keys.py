"""A set of request keys in little memory: eight bytes a key, so that 400,000 keys take 8 MB."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

SMALLEST = 1 << 12


class KeySet:
    """The keys that were added, by their first 64 bits (open addressing, at most two thirds full).

    Keys are SHA-256 in hex, so 64 bits are spread evenly: among n keys, two are taken for one with a probability
    of about n**2 / 2**65, which is 4e-9 for 400,000.
    """

    __slots__ = ("_count", "_mask", "_slots")

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._count, self._mask = 0, SMALLEST - 1
        self._slots = array("Q", bytes(8 * SMALLEST))
        for key in keys:
            self.add(key)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: str) -> bool:
        return self.has_short(_short(key))

    def add(self, key: str) -> bool:
        """Add a key. Returns whether it is new."""
        return self.add_short(_short(key))

    def shorts(self) -> array[int]:
        """All keys, shortened to their first 64 bits, in rising order."""
        return array("Q", sorted(short for short in self._slots if short))

    def has_short(self, short: int) -> bool:
        """Whether a shortened key is there."""
        return self._slots[self._place(short)] == short

    def add_short(self, short: int) -> bool:
        """Add a shortened key, which is never 0. Returns whether it is new."""
        place = self._place(short)
        if self._slots[place] == short:
            return False
        self._slots[place] = short
        self._count += 1
        if 3 * self._count > 2 * self._mask:
            self._grow()
        return True

    def copy(self) -> KeySet:
        """Another set of the same keys."""
        twin = KeySet()
        twin._count, twin._mask, twin._slots = self._count, self._mask, self._slots[:]
        return twin

    def __or__(self, other: KeySet) -> KeySet:
        both = self.copy()
        for short in other._slots:
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


def _short(key: str) -> int:
    """The first 64 bits; never 0, which marks an empty slot."""
    return int(key[:16], 16) or 1
