"""What other packages can add, and how it is found: providers, estimators, sections of the page, lexicons.

Groups of entry points are `bias_harness.providers`, `.estimators`, `.sections`, `.lexicons`; nothing is imported before
it is needed. What an entry point has to name:

| group | it names |
|---|---|
| providers | a `ProviderFactory`, which makes a `Provider` |
| estimators | an `Estimator` |
| sections | a `Section` |
| lexicons | a `Lexicon` |
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from bias_harness.errors import InputError
from bias_harness.vocabulary import Estimate, Nature, Request, Response

if TYPE_CHECKING:
    import pandas as pd

    from bias_harness.asking.providers import Context
    from bias_harness.design.endpoints import Endpoint
    from bias_harness.reporting.material import Material
    from bias_harness.reporting.texts import Texts

KINDS = ("providers", "estimators", "sections", "lexicons")


class Provider(ABC):
    """Asks one endpoint: derive from it, say the `nature`, write `ask`. All else has a default.

    `nature` labels its numbers wherever they appear. `most_at_once` is how many requests it can use at a time.
    `sampling_added` is what it adds to a request's own sampling; it is kept in the manifest. `drifts` is whether it may
    change while a run lasts; one that does not is asked questions that begin alike one after the other.
    """

    nature: Nature
    most_at_once: int = 1_000_000
    sampling_added: Mapping[str, Any] = MappingProxyType({})
    drifts: bool = True

    @abstractmethod
    async def ask(self, request: Request) -> Response:
        """The endpoint's response to one request. Raises `ProviderError`, of the kind that says what follows."""

    @property
    def rest_until(self) -> float:
        """The time (`time.monotonic`, seconds) before which the endpoint wants no request."""
        return 0.0

    async def models(self) -> list[str] | None:
        """What can be asked there, for `bias-harness doctor`; costs nothing. None where it lists nothing."""
        return None

    async def aclose(self) -> None:  # noqa: B027 - most have nothing to close
        """Let go of what it holds; awaited once, when asking ends."""


class ProviderFactory(Protocol):
    """Makes the provider of an endpoint."""

    def __call__(self, endpoint: Endpoint, context: Context, /) -> Provider:
        """The provider. Raises `InputError` where the endpoint lacks what it needs."""
        ...


class Estimator(Protocol):
    """Makes estimates of the observations of a run, one row a trial. They never carry a verdict."""

    def __call__(self, observations: pd.DataFrame, /) -> Iterable[Estimate]:
        """The estimates, of endpoints, attributes and levels that the run has."""
        ...


class Section(Protocol):
    """Adds a part to the researchers' half of the page."""

    def __call__(self, material: Material, texts: Texts, /) -> Mapping[str, Any]:
        """`heading`, and perhaps `paragraphs`, `columns` and `rows`: plain text, which the page escapes."""
        ...


Lexicon = str | os.PathLike[str]
"""The path of a TOML file with the words of a language, like `bias_harness/reading/lexicons/de.toml`."""


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
