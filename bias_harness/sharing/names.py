"""Words of a table -> names for files and ids."""

from __future__ import annotations

import hashlib
import sys

from bias_harness.handwritten import is_name

LONGEST = 100


class Names:
    """Words of a table -> names for files and ids, of which no two are the same."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._taken: set[str] = set()

    def __call__(self, text: str) -> str:
        """Whatever is no letter, digit, dot, dash or underscore becomes a dash; a name that is taken gets a digest."""
        found = self.known.get(text)
        if found is None:
            kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in text).strip("-._")
            free = is_name(kept) and kept.lower() not in self._taken and len(kept) <= LONGEST
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            found = sys.intern(kept if free else f"{kept[:LONGEST].replace('.', '-')}-{digest}".lstrip("-"))
            self.known[text] = found
            self._taken.add(found.lower())
        return found
