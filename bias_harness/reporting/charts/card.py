"""What the picture to share says; `mpl.card` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """The words of the picture: what was asked, the finding, (big, small) tiles, what to know, and a label to warn."""

    asked: str
    heading: str
    tiles: Sequence[tuple[str, str]]
    caveat: str
    warning: str = ""
