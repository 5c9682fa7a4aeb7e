"""Is everything there that an audit needs? A line for each thing, with the remedy where it is missing."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import socket
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import typer

from bias_harness.cli.options import Json
from bias_harness.cli.printing import say, say_json, table
from bias_harness.errors import EXIT_ERROR, BiasHarnessError, ProviderError

if TYPE_CHECKING:
    from bias_harness.asking.providers import Context
    from bias_harness.design.experiment import Endpoint
    from bias_harness.plugins import Plugin, Provider

app = typer.Typer()
LIBRARIES = ("openai", "httpx2", "aiohttp", "pandas", "scipy", "pyarrow", "pydantic", "jinja2", "matplotlib", "babel")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
ROOM_BYTES = 500_000_000
WAIT_SECONDS = 10.0


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

    Versions, plug-ins, keys (never their values), endpoints, local models, browser, disk.
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
    yield from _plugins()


def _local_models() -> Iterator[Finding]:
    from bias_harness.asking.providers import weights

    for known, path in weights.list_models():
        about = f"{known.bytes / 1e6:,.0f} MB, {known.licence}, {known.author}"
        said = str(path) if path else f"{about}; only for provider embedded: bias-harness model fetch {known.name}"
        yield Finding(f"local model {known.name}", "ok" if path else "optional", said)


def _plugins() -> Iterator[Finding]:
    """What other installed packages add, and whether it can be imported."""
    from bias_harness.plugins import KINDS, plugins

    for kind in KINDS:
        try:
            found = plugins(kind)
        except BiasHarnessError as error:
            yield Finding(f"plug-ins ({kind})", "missing", str(error))
            continue
        for name, plugin in found.items():
            yield _plugin(f"plug-in {name} ({kind})", plugin)


def _plugin(what: str, plugin: Plugin) -> Finding:
    try:
        plugin.load()
    except BiasHarnessError as error:
        return Finding(what, "missing", str(error))
    return Finding(what, "ok", f"{plugin.distribution}, {plugin.point.value}")


def _place() -> Iterator[Finding]:
    here = Path.cwd()
    writable = os.access(here, os.W_OK)
    yield Finding("working folder", "ok" if writable else "missing", str(here) if writable else f"{here} is read-only")
    free = shutil.disk_usage(here).free
    said = f"{free / 1e9:,.1f} GB free" + ("" if free > ROOM_BYTES else "; make room: a full disk stops a run")
    yield Finding("disk", "ok" if free > ROOM_BYTES else "missing", said)


def _experiment(file: str) -> Iterator[Finding]:
    from bias_harness.asking.providers import Context
    from bias_harness.pipeline import load_experiment

    audit = load_experiment(file)
    compared = audit.check()
    yield Finding("experiment", "ok", f"{file}: {compared:,} prompts compared, no leak")
    context = Context(audit.workspace.environment(), {}, audit.experiment.outcome)
    yield from asyncio.run(_endpoints(audit.experiment.endpoints, context))


async def _endpoints(endpoints: Iterable[Endpoint], context: Context) -> list[Finding]:
    return [finding for found in await asyncio.gather(*(_endpoint(e, context) for e in endpoints)) for finding in found]


async def _endpoint(endpoint: Endpoint, context: Context) -> list[Finding]:
    """What a run would stumble over: the key, the address, the model. No question is asked, nothing costs."""
    from bias_harness.asking.providers import create

    what = f"endpoint {endpoint.name}"
    if endpoint.provider == "embedded":  # making it would fetch its weights; they have a line of their own
        return []
    try:
        provider = create(endpoint.model_copy(update={"timeout_seconds": WAIT_SECONDS}), context)
    except BiasHarnessError as error:
        return [Finding(what, "missing", str(error).removeprefix(f"endpoint {endpoint.name!r}: "))]
    listed = await _listed(what, endpoint, provider)
    if listed is not None:
        return [listed]
    url = endpoint.http.url if endpoint.http else endpoint.base_url
    trouble = _unreachable(url) if url else ""
    return [Finding(what, "missing" if trouble else "ok", trouble or url or f"provider {endpoint.provider}")]


async def _listed(what: str, endpoint: Endpoint, provider: Provider) -> Finding | None:
    """Whether the endpoint takes the key and lists the model; None where it lists nothing."""
    from bias_harness.asking.providers import close
    from bias_harness.errors import did_you_mean

    try:
        models = await provider.models()
    except ProviderError as error:
        unlisted = error.http_status in (404, 405, 501)
        remedy = "; perhaps it lists no models, or base_url is not right (most end in /v1)" if unlisted else ""
        return Finding(what, "optional" if unlisted else "missing", f"{error}{remedy}")
    finally:
        await close(provider, endpoint.name)
    if models is None:
        return None
    if endpoint.model in models:
        return Finding(what, "ok", f"lists {endpoint.model}")
    guess = did_you_mean(endpoint.model, models)
    return Finding(what, "optional", f"answers, but does not list {endpoint.model!r} among its models{guess}")


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
