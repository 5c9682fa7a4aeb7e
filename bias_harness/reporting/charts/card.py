"""What the picture to share says, `mpl.card` draws it; and what one page of A4 says, which `mpl.leaf` writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A heading, or none, and what stands under it, a paragraph each."""

    heading: str
    lines: Sequence[str]


@dataclass(frozen=True)
class Card:
    """The words of the picture: what was asked, the finding, (big, small) tiles, what to know, and a label to warn.

    The page of A4 has room for `passages` too, and for when and with what it was `made`.
    """

    asked: str
    heading: str
    tiles: Sequence[tuple[str, str]]
    caveat: str
    warning: str = ""
    passages: Sequence[Passage] = ()
    made: str = ""
