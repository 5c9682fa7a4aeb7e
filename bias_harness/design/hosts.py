"""Whom an endpoint asks, and which variables of the environment it sends there."""

from __future__ import annotations

from urllib.parse import urlsplit

from bias_harness.design.endpoints import Endpoint
from bias_harness.design.keys import variables_in

FALLBACKS = {"openai_compatible": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""The variable that a vendor's own key is in, where `api_key_env` names none."""
VENDORS = {"openai_compatible": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com/v1"}
"""The address of a vendor itself, where there is no `base_url`."""


def variables_of(endpoint: Endpoint) -> list[str]:
    """The variables whose values an endpoint is sent."""
    named = endpoint.api_key_env
    if named is None and not (endpoint.base_url and endpoint.provider == "openai_compatible"):
        named = FALLBACKS.get(endpoint.provider)
    return [*([named] if named else []), *variables_in(endpoint.http.headers if endpoint.http else {})]


def host_of(endpoint: Endpoint) -> str | None:
    """The host that an endpoint asks; None where it is this process, or its provider's own."""
    url = endpoint.http.url if endpoint.http else endpoint.base_url
    return urlsplit(url or VENDORS.get(endpoint.provider, "")).hostname
