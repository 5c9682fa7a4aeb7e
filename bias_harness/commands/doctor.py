"""Is everything there that an audit needs? A line for each thing, with the remedy where it is missing."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import typer

from bias_harness.commands import Json, say, say_json, table
from bias_harness.errors import EXIT_ERROR

app = typer.Typer()
LIBRARIES = ("openai", "httpx2", "aiohttp", "pandas", "scipy", "pyarrow", "pydantic", "jinja2", "matplotlib", "babel")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ROOM_BYTES = 500_000_000
WAIT_SECONDS = 3.0


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `missing` makes the doctor unhappy, `optional` does not."""

    what: str
    state: Literal["ok", "optional", "missing"]
    said: str


@app.command()
def doctor(
    file: Annotated[
        str | None, typer.Argument(help="An experiment whose keys and endpoints are looked at too.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look whether everything is there that an audit needs.

    Versions, keys (never their values), endpoints, local model, browser, disk.
    """
    found = [*_installation(), *_place(), *(_experiment(file) if file else ())]
    if as_json:
        say_json([asdict(finding) for finding in found])
    else:
        say(table(("looked at", "state", ""), [(f.what, f.state, f.said) for f in found]))
    if any(finding.state == "missing" for finding in found):
        raise typer.Exit(EXIT_ERROR)


def _installation() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)}")
    for name in ("bias-harness", *LIBRARIES):
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "missing", "install it again: pip install bias-harness")
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), "")
    remedy = "only needed for report --pdf; install Chromium (Debian: apt install chromium)"
    yield Finding("browser", "ok" if browser else "optional", browser or remedy)
    yield from _local_models()


def _local_models() -> Iterator[Finding]:
    from bias_harness.providers import weights

    for known, path in weights.list_models():
        said = str(path) if path else f"only needed for provider embedded: bias-harness model fetch {known.name}"
        yield Finding(f"local model {known.name}", "ok" if path else "optional", said)


def _place() -> Iterator[Finding]:
    here = Path.cwd()
    writable = os.access(here, os.W_OK)
    yield Finding("working folder", "ok" if writable else "missing", str(here) if writable else f"{here} is read-only")
    free = shutil.disk_usage(here).free
    said = f"{free / 1e9:,.1f} GB free" + ("" if free > ROOM_BYTES else "; make room: a full disk stops a run")
    yield Finding("disk", "ok" if free > ROOM_BYTES else "missing", said)


def _experiment(file: str) -> Iterator[Finding]:
    from bias_harness import pipeline

    audit = pipeline.load_experiment(file)
    compared = audit.check()
    yield Finding("experiment", "ok", f"{file}: {compared:,} prompts compared, no leak")
    environment = pipeline.environment(audit.workspace)
    for endpoint in audit.experiment.endpoints:
        if endpoint.api_key_env:
            there = bool(environment.get(endpoint.api_key_env))
            said = "is set" if there else f"is not set; export {endpoint.api_key_env}=..., or write it into .env"
            yield Finding(f"key {endpoint.api_key_env}", "ok" if there else "missing", said)
        if endpoint.base_url:
            trouble = _unreachable(endpoint.base_url)
            yield Finding(f"endpoint {endpoint.name}", "missing" if trouble else "ok", trouble or endpoint.base_url)


def _unreachable(url: str) -> str:
    """Why nobody answers there; empty where somebody takes the connection. Nothing is sent."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=WAIT_SECONDS):
            return ""
    except OSError as error:
        why = error.strerror or str(error)
        return f"nobody answers at {parts.hostname}:{port} ({why}); is the address right, is there a network?"
