"""What other packages add, found by their entry points: providers, estimators, sections of the page, lexicons.

Groups are `bias_harness.providers`, `.estimators`, `.sections`, `.lexicons`. Nothing is imported before it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bias_harness.errors import InputError

KINDS = ("providers", "estimators", "sections", "lexicons")


@dataclass(frozen=True)
class Plugin:
    """One thing that a package adds, by what name, and from which distribution."""

    kind: str
    name: str
    distribution: str
    point: EntryPoint

    def load(self) -> Any:
        """What the entry point names. Raises `InputError` that names the distribution where that cannot be imported."""
        try:
            return self.point.load()
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise InputError(
                f"the plug-in {self.name!r} ({self.kind}) of {self.distribution} cannot be loaded ({why}); "
                "mend it, or uninstall that package"
            ) from error


@cache
def plugins(kind: str) -> dict[str, Plugin]:
    """The plug-ins of a kind by name. Raises `InputError` where two packages use one name."""
    found: dict[str, Plugin] = {}
    for point in sorted(entry_points(group=f"bias_harness.{kind}"), key=lambda p: (p.name, p.value)):
        owner = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
        twin = found.get(point.name)
        if twin is not None and twin.point.value != point.value:
            raise InputError(
                f"two plug-ins ({kind}) are called {point.name!r}, of {twin.distribution} and of {owner}; uninstall one"
            )
        found[point.name] = Plugin(kind, point.name, owner, point)
    return found
