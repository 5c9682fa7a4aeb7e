"""The endpoints that can be asked: one file each, one method to write.

A provider derives from `bias_harness.plugins.Provider`. It is made by the `create(endpoint, context)` function of its
module, found by the endpoint's `provider` name here or among the entry points of the group `bias_harness.providers`.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from bias_harness.design.experiment import PROVIDER_NAMES, Endpoint
from bias_harness.errors import InputError, did_you_mean
from bias_harness.outcome import Outcome
from bias_harness.plugins import Provider, ProviderFactory, plugins
from bias_harness.vocabulary import Nature

log = logging.getLogger(__name__)


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
    factory: ProviderFactory = importlib.import_module(f"{__name__}.{name}").create if ours else _plugged_in(name)
    provider = factory(endpoint, context)
    if not isinstance(provider, Provider):
        raise InputError(
            f"the provider {name!r} made {type(provider).__name__}, which is not derived from "
            "bias_harness.plugins.Provider"
        )
    if getattr(provider, "nature", None) not in get_args(Nature):
        raise InputError(f"the provider {name!r} has to say its nature: {', '.join(get_args(Nature))}")
    return provider


def _plugged_in(name: str) -> ProviderFactory:
    found = plugins("providers")
    if name not in found:
        raise InputError(f"there is no provider {name!r}{did_you_mean(name, {*PROVIDER_NAMES, *found})}")
    factory: ProviderFactory = found[name].load()
    return factory


async def close(provider: Provider, endpoint: str) -> None:
    """Close a provider. What goes wrong with that is told and loses nothing: every answer is in the log by then."""
    try:
        await provider.aclose()
    except Exception as error:  # noqa: BLE001 - somebody else's code, and asking is over
        log.warning("%s: its provider could not be closed (%s: %s)", endpoint, type(error).__name__, error)


__all__ = ["Context", "Provider", "close", "create"]
