"""Whom an endpoint asks, and which variables of the environment it sends there."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from bias_harness.design.endpoints import Endpoint
from bias_harness.design.keys import HIDING_NAME, variables_in

FALLBACKS = {"openai_compatible": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""The variable that a vendor's own key is in, where `api_key_env` names none."""
VENDORS = {"openai_compatible": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com/v1"}
"""The address of a vendor itself, where there is no `base_url`."""

HOMES = {
    "OPENAI_": ("openai.com", "azure.com", "azure-api.net"),
    "AZURE_": ("azure.com", "azure-api.net", "microsoft.com"),
    "ANTHROPIC_": ("anthropic.com",),
    "GEMINI_": ("googleapis.com",),
    "GOOGLE_": ("googleapis.com",),
    "AWS_": ("amazonaws.com",),
    "GROQ_": ("groq.com",),
    "MISTRAL_": ("mistral.ai",),
    "OPENROUTER_": ("openrouter.ai",),
    "TOGETHER_": ("together.xyz", "together.ai"),
    "HF_": ("huggingface.co", "huggingface.cloud"),
    "HUGGING": ("huggingface.co", "huggingface.cloud"),
    "GITHUB_": ("github.com", "github.ai", "azure.com"),
    "GH_": ("github.com", "github.ai", "azure.com"),
    "GITLAB_": ("gitlab.com",),
    "CI_": (),
    "SSH_": (),
    "NPM_": (),
    "PYPI_": (),
    "TWINE_": (),
    "DOCKER_": (),
    "STRIPE_": (),
    "SLACK_": (),
    "DATABASE_": (),
    "DB_": (),
    "PG": (),
    "BIAS_HARNESS_": (),
}
"""Beginnings of variables that the whole world knows, and the hosts that they belong to; of some no model's is one."""


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


def strangers(endpoint: Endpoint) -> Iterator[tuple[str, str, str]]:
    """Variable, host and what is odd about them, for each that is sent where it may not belong.

    That is a variable whose name is not that of a key, or one that is known to belong to another host.
    """
    host = host_of(endpoint)
    for name in variables_of(endpoint) if host else ():
        homes = next((there for start, there in HOMES.items() if name.upper().startswith(start)), None)
        if homes is not None and not any(host == home or f".{host}".endswith(f".{home}") for home in homes):
            odd = f"the value of {name} is sent to {host}, which is not {homes[0] if homes else 'where that belongs'}"
            yield name, host or "", odd
        elif not HIDING_NAME.search(name):
            yield name, host or "", f"the value of {name}, whose name is not that of a key, is sent to {host}"


def is_here(host: str) -> bool:
    """Whether a host is this computer."""
    return host in ("localhost", "::1") or host.startswith("127.")
