"""Pictures that need no drawing, because they were drawn before and would show the same."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bias_harness.reporting.charts import Drawing


@dataclass
class Drawn:
    """Pictures that were drawn before: `known` are files by the digest of what they show, `used` those of now."""

    known: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    used: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def take(self, shown: object, draw: Callable[[], dict[str, bytes]]) -> None:
        """Take the files of one picture, from those that are known or as they are drawn now."""
        digest = digest_of(shown)
        self.used[digest] = dict(self.known[digest]) if digest in self.known else draw()

    def unknown(self, drawings: Sequence[Drawing]) -> list[Drawing]:
        """Those that have to be drawn."""
        return [drawing for drawing in drawings if digest_of(drawing) not in self.known]


def digest_of(shown: object) -> str:
    """Hex digits over what a picture shows. They are never read back as an object."""
    return hashlib.sha256(pickle.dumps(shown)).hexdigest()
