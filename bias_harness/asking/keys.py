"""Where keys come from: the environment, and `.env`, which is read and never exported; and where they go to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bias_harness.design.audit import Audit
from bias_harness.design.hosts import host_of, variables_of
from bias_harness.design.keys import HIDING_NAME
from bias_harness.errors import InputError


def environment(workspace: Path) -> dict[str, str]:
    """The variables a run may read keys from: those of the process, and `.env` here or in the workspace."""
    found: dict[str, str] = {}
    for path in _env_files(workspace):
        found |= _env_file(path)
    return found | dict(os.environ)


def _env_file(path: Path) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{path}, line {number}: NAME=value is wanted here")
        pairs[name.strip()] = value.strip().strip("'\"")
    return pairs


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
    known = environment(audit.workspace)
    in_file = [name for path in _env_files(audit.workspace) for name in _env_file(path) if HIDING_NAME.search(name)]
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


def _env_files(workspace: Path) -> list[Path]:
    return [path for folder in (workspace, Path.cwd()) if (path := folder / ".env").is_file()]
