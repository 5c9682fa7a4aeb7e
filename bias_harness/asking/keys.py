"""Where keys come from: the environment, and `.env`, which is read and never exported; and where they go to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from bias_harness.design.audit import Audit
from bias_harness.design.hosts import host_of, variables_of
from bias_harness.design.keys import HIDING_NAME
from bias_harness.errors import InputError
from bias_harness.files import byte_order, read_bytes

LARGEST = 1_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SPOILT = "\N{REPLACEMENT CHARACTER}"


def environment(workspace: Path) -> dict[str, str]:
    """The variables a run may read keys from: those of the process, and `.env` here or in the workspace."""
    found: dict[str, str] = {}
    for path in _env_files(workspace):
        found |= _env_file(path)
    return found | dict(os.environ)


def _env_file(path: Path) -> dict[str, str]:
    """The pairs of a file as editors of every system write it: with a mark, in UTF-16, with comments.

    Raises `InputError` that names the line; what stands on it is never shown.
    """
    pairs: dict[str, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise InputError(f"{path}, line {number}: NAME=value is wanted here")
        if _SPOILT in value:
            raise InputError(f"{path}, line {number}: the value is not UTF-8 text; save the file as UTF-8")
        pairs[name.strip()] = _value(value.strip(), f"{path}, line {number}")
    return pairs


def _lines(path: Path) -> list[str]:
    """The lines of the file; what is no UTF-8 is marked, so that a comment in another encoding does no harm."""
    raw = read_bytes(path, LARGEST)
    if byte_order(raw) is None and b"\0" in raw:
        raise InputError(f"{path} is in UTF-16 without a mark, or no text; save the file as UTF-8")
    encoding, start = byte_order(raw) or ("utf-8", 0)
    return raw[start:].decode(encoding, "replace").splitlines()


def _value(text: str, where: str) -> str:
    """A value without its quotes and without the comment behind it."""
    if text[:1] in ("'", '"'):
        value, closed, rest = text[1:].partition(text[0])
        if not closed or rest.strip()[:1] not in ("", "#"):
            raise InputError(f"{where}: the quotes do not close where the value ends")
        return value
    return "" if text.startswith("#") else re.split(r"\s#", text, maxsplit=1)[0].strip()


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
