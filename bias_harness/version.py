"""The version of this package, and what tells its code apart; nothing of ours is imported here."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

__version__ = "0.1.0"


@cache
def code_digest() -> str:
    """Hex digits over every file of this package: what another version writes is not what this one would."""
    import hashlib  # late: every command asks for the version
    from importlib.resources import files

    digest = hashlib.sha256()
    for name, file in sorted(_files(files(__package__), "")):
        digest.update(name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _files(folder: Traversable, place: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{place}/{entry.name}"
        if entry.is_dir():
            yield from _files(entry, name) if entry.name != "__pycache__" else ()
        else:
            yield name, entry
