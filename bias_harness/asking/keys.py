"""Where keys go to: what must never be kept or shown, and what is sent where it may not belong."""

from __future__ import annotations

from collections.abc import Iterator

from bias_harness.design.audit import Audit
from bias_harness.design.hosts import host_of, variables_of
from bias_harness.design.keys import HIDING_NAME

SHORTEST_SECRET = 8
HOMES = {
    "OPENAI_API_KEY": ("openai.com", "openai.azure.com"),
    "ANTHROPIC_API_KEY": ("anthropic.com",),
    "GEMINI_API_KEY": ("googleapis.com",),
    "GOOGLE_API_KEY": ("googleapis.com",),
    "GROQ_API_KEY": ("groq.com",),
    "MISTRAL_API_KEY": ("mistral.ai",),
    "OPENROUTER_API_KEY": ("openrouter.ai",),
    "TOGETHER_API_KEY": ("together.xyz", "together.ai"),
    "HF_TOKEN": ("huggingface.co",),
    "GITHUB_TOKEN": ("github.com", "azure.com"),
}
"""Variables that the whole world knows, and the hosts that they belong to."""


def secrets_of(audit: Audit) -> tuple[str, ...]:
    """The values that must never be printed, kept or shared.

    They are those of every variable that an endpoint is sent, and of every variable in `.env` whose name is a key's.
    """
    known = audit.workspace.environment()
    in_file = [name for name in audit.workspace.env_file() if HIDING_NAME.search(name)]
    sent = [name for endpoint in audit.experiment.endpoints for name in variables_of(endpoint)]
    values = {known.get(name, "").strip() for name in (*in_file, *sent)}
    return tuple(sorted((v for v in values if len(v) >= SHORTEST_SECRET), key=len, reverse=True))


def warn_of_strangers(audit: Audit) -> Iterator[str]:
    """A sentence for each variable sent where it may not belong: one that is no key's, or another host's key."""
    for endpoint in audit.experiment.endpoints:
        host = host_of(endpoint)
        if host is None:
            continue
        for name in variables_of(endpoint):
            homes = HOMES.get(name)
            if homes and not any(host == home or host.endswith(f".{home}") for home in homes):
                yield f"{endpoint.name}: the value of {name} is sent to {host}, which is not {homes[0]}"
            elif not HIDING_NAME.search(name):
                yield f"{endpoint.name}: the value of {name}, whose name is not that of a key, is sent to {host}"
