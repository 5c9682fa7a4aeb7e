"""The endpoints that can be asked: one file each, one method to write.

A provider is anything with `async def ask(self, request: Request) -> Response` that raises a `ProviderError` when
it has no text to give. It is made by the `create(endpoint, context)` function of its module, found by the
endpoint's `provider` name here or among the entry points of the group `bias_harness.providers`.

Four attributes more are heeded where a provider has them: `aclose()` is awaited at the end; `most_at_once` is how
many requests it can use at a time; `rest_until` is the time (`time.monotonic`) before which it wants none;
`async def models()` lists what can be asked there, for `bias-harness doctor`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from bias_harness.design.experiment import PROVIDER_NAMES, Endpoint
from bias_harness.errors import InputError, did_you_mean
from bias_harness.outcome import Outcome
from bias_harness.plugins import plugins
from bias_harness.vocabulary import Nature, Request, Response


@runtime_checkable
class Provider(Protocol):
    """Asks one endpoint. `nature` labels its numbers wherever they appear."""

    nature: Nature

    async def ask(self, request: Request) -> Response:
        """The endpoint's response to one request. Raises `ProviderError`."""
        ...


@dataclass(frozen=True)
class Context:
    """What a provider may know besides its endpoint: keys, each persona's field, what is measured."""

    environment: Mapping[str, str] = field(default_factory=dict)
    persona_fields: Mapping[str, str] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)


def create(endpoint: Endpoint, context: Context) -> Provider:
    """The provider of an endpoint. Raises `InputError` where there is none of that name, or its key is missing."""
    name = endpoint.provider
    ours = name in PROVIDER_NAMES
    factory = importlib.import_module(f"{__name__}.{name}").create if ours else _plugged_in(name)
    provider = factory(endpoint, context)
    if not isinstance(provider, Provider):
        raise InputError(f"the provider {name!r} made {type(provider).__name__}, which has no `nature` or no `ask`")
    return provider


def _plugged_in(name: str) -> Callable[[Endpoint, Context], Provider]:
    found = plugins("providers")
    if name not in found:
        raise InputError(f"there is no provider {name!r}{did_you_mean(name, {*PROVIDER_NAMES, *found})}")
    factory: Callable[[Endpoint, Context], Provider] = found[name].load()
    return factory
