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
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class BatchState:
    """How far a batch is, in the provider's own words where it has some.

    `ended` says that nothing more will come; `cancelled` that somebody ended it; `expired` that its time was up.
    `done` of `total` requests are dealt with (None where that is not told before the end), `answered` of them with an
    answer. `refusal` is why the whole batch was not taken, and then nothing of it was asked or billed; `crowded` says
    that it may be taken later, when less is waiting there. `results` are the places of the results.
    """

    id: str
    status: str
    ended: bool = False
    cancelled: bool = False
    expired: bool = False
    total: int | None = None
    done: int | None = None
    answered: int | None = None
    expires_at: str | None = None
    refusal: str = ""
    crowded: bool = False
    results: Sequence[str] = field(default=())


@dataclass(frozen=True)
class BatchFile:
    """What a batch is made of: its own `name`, when it was begun (ISO 8601), and its `requests`, a line each.

    The lines are left out where a batch is only looked for. `upload` is what `upload` gave.
    """

    name: str
    begun_at: str
    requests: int
    lines: Sequence[bytes] = ()
    upload: str | None = None


class Batches(ABC):
    """What a provider's batch API is to the rest: derive from it, and give it to your provider as `batches`.

    `most_requests` and `most_bytes` are the limits of one batch. Every method raises `ProviderError`; nothing is tried
    again here, least of all `create`.
    """

    most_requests: int = 50_000
    most_bytes: int = 200_000_000

    @abstractmethod
    def line(self, item: str, request: Request) -> bytes:
        """One request as it stands in a batch, under the id `item` (at most 64 of A-Z, a-z, 0-9, _ and -)."""

    async def upload(self, _file: BatchFile, /) -> str | None:
        """Send the requests ahead, where they are not sent with `create`. Returns the id of what was sent."""
        return None

    @abstractmethod
    async def create(self, file: BatchFile, /) -> BatchState:
        """Create the batch, once, so that `find` can know it by its name."""

    @abstractmethod
    async def find(self, file: BatchFile, /) -> Sequence[BatchState]:
        """The batches that `create` may have made of it; one where that is certain, none where it made none."""

    @abstractmethod
    async def state(self, batch: str) -> BatchState:
        """How far a batch is. An id that this account does not know raises with the HTTP status 404."""

    @abstractmethod
    def results(self, state: BatchState) -> AsyncIterator[tuple[str, bytes]]:
        """Each result of a batch that has ended, as the id of its item and the whole line, in whatever order."""

    @abstractmethod
    def response(self, request: Request, line: bytes, asked_at: str) -> Response:
        """The response in a line. Raises as `Provider.ask` does where the line holds an error."""

    @abstractmethod
    async def cancel(self, batch: str) -> None:
        """Ask the provider to end a batch; what is finished is still returned and charged."""


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
    def batches(self) -> Batches | None:
        """Its batch API, for `batch: true`; None where it has none."""
        return None

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
