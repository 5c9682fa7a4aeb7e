"""A run as one archive for a reviewer, and the proof that it is what it says it is.

In the archive: `run/` (the experiment as it was asked, the answers, the estimates), `data/` (the tables with their
codebook), `prompts/` (for reading), `README.md`, `bundle.json` (versions) and `SHA256SUMS` over all of them. The same
run gives the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import platform
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from bias_harness.asking.keys import secrets_of
from bias_harness.errors import BiasHarnessError, InputError
from bias_harness.reading.answers import reader_version
from bias_harness.results import EXPERIMENT, MANIFEST, write_whole
from bias_harness.results.manifest import LIBRARIES
from bias_harness.results.secrets import secrets_in
from bias_harness.runs import Run, load_run
from bias_harness.sharing import TRIALS
from bias_harness.sharing.export import package
from bias_harness.version import __version__

FORMAT = 1
SUMS, ABOUT, README = "SHA256SUMS", "bundle.json", "README.md"
MOMENT = (1980, 1, 1, 0, 0, 0)
LARGEST = 8_000_000_000
"""Bytes, unpacked, beyond which an archive is not unpacked."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
"""What an archive that is torn, altered, locked or of another kind raises when a file is read from it."""
CLOSE = 1e-9
"""Relative difference up to which two estimates are the same number: another processor may round otherwise."""


@dataclass(frozen=True)
class Verified:
    """What `verify` found: `troubles` that make the bundle worthless as it is, `notes` that a reader should know."""

    troubles: tuple[str, ...]
    notes: tuple[str, ...]


def bundle(run: Run, target: str | Path) -> Path:
    """Write a run as one archive for a reviewer. Returns its path.

    Raises `BiasHarnessError` where something that looks like a key is in the run's folder.
    """
    path = Path(target)
    secret = secrets_in(run.folder.path, secrets_of(run.audit))
    if secret:
        raise BiasHarnessError(
            f"{run.folder.path} holds what looks like a key, in {', '.join(secret)}; remove it first"
        )
    content = {
        **{f"run/{path.name}": path.read_bytes() for path in _of_the_run(run)},
        "run/estimates.json": (json.dumps(run.estimates.to_dict(), allow_nan=False, indent=1) + "\n").encode(),
        **{f"data/{name}": data for name, data in package(run).items()},
        **{f"prompts/{name}": text.encode() for name, text in run.audit.resolved.prompts.items()},
        ABOUT: (json.dumps(_about(run), indent=2, ensure_ascii=False) + "\n").encode(),
        README: _readme(run).encode(),
    }
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(content.items()))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted({**content, SUMS: sums.encode()}.items()):
            archive.writestr(zipfile.ZipInfo(name, MOMENT), data, zipfile.ZIP_DEFLATED)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, buffer.getvalue())
    return path


def _of_the_run(run: Run) -> list[Path]:
    names = [EXPERIMENT, MANIFEST, TRIALS]
    return [*run.folder.logs, *(p for n in names if (p := run.folder.path / n).is_file())]


def _about(run: Run) -> dict[str, Any]:
    manifest = run.folder.manifest()
    return {
        "format": FORMAT,
        "run": run.folder.name,
        "experiment": run.audit.experiment.experiment,
        "digest": run.audit.digest,
        "bias_harness": __version__,
        "reader": reader_version(),
        "python": manifest.get("python"),
        "versions": manifest.get("versions", {}),
        "endpoints": {
            name: {key: about.get(key) for key in ("model", "nature", "served", "answered")}
            for name, about in manifest.get("endpoints", {}).items()
        },
    }


def _readme(run: Run) -> str:
    experiment = run.audit.experiment
    ends = run.folder.manifest().get("endpoints", {})
    natures = "; ".join(f"{name} ({about.get('nature', 'model')})" for name, about in ends.items())
    doubtful = any(about.get("nature") in ("simulation", "tiny model") for about in ends.values())
    text, asked, imported = files(__package__).joinpath("bundle.en.md").read_text(encoding="utf-8").split("\n%%\n")
    caution = " Numbers of a simulation or of a tiny model say nothing about a chatbot that people use." * doubtful
    title = experiment.title.get("en", experiment.experiment)
    again = imported if run.imported is not None else asked
    archive = f"{run.folder.name}.zip"
    return text.format(title=title, version=__version__, natures=natures, caution=caution, archive=archive, again=again)


def verify(archive: str | Path) -> Verified:
    """Check an archive: nothing missing, added or altered, and its answers give its numbers.

    Raises `InputError` where it is no bundle at all.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except FileNotFoundError:
        raise InputError(f"{archive} does not exist") from None
    except (zipfile.BadZipFile, OSError):
        raise InputError(f"{archive} is no archive, or not all of it") from None
    with opened as packed:
        names = set(packed.namelist())
        if not {SUMS, ABOUT} <= names:
            raise InputError(f"{archive} is no bundle of bias_harness: it has no {SUMS} or no {ABOUT}")
        about = _about_it(packed, archive)
        if sum(info.file_size for info in packed.infolist()) > LARGEST:
            raise InputError(f"{archive} says that it is larger than {LARGEST:,} bytes; it was not unpacked")
        troubles = list(_altered(packed, names))
        if troubles:
            return Verified(tuple(troubles), ())
        with tempfile.TemporaryDirectory() as folder:
            packed.extractall(folder)
            troubles += _other_numbers(Path(folder), about, names)
    return Verified(tuple(troubles), tuple(_notes(about)))


def _about_it(packed: zipfile.ZipFile, archive: str | Path) -> dict[str, Any]:
    """What bundle.json says. Raises `InputError` where it says nothing, or is of a format to come."""
    try:
        about = json.loads(packed.read(ABOUT))
        newer = int(about["format"]) > FORMAT
    except (*UNREADABLE, ValueError, KeyError, TypeError):
        raise InputError(f"{archive}: {ABOUT} cannot be read; is the archive all there?") from None
    if newer:
        raise InputError(f"{archive}: format {about['format']} is newer than this version; update bias_harness")
    found: dict[str, Any] = about
    return found


def _altered(packed: zipfile.ZipFile, names: set[str]) -> Iterator[str]:
    """Files that are missing, added, altered, or would be unpacked elsewhere."""
    try:
        lines = packed.read(SUMS).decode().splitlines()
        sums = {line[66:]: line[:64] for line in lines}
    except (*UNREADABLE, UnicodeDecodeError):
        yield f"{SUMS} cannot be read"
        return
    for name in sorted(names | set(sums)):
        if name == SUMS:
            continue
        if name.startswith(("/", "\\")) or ".." in Path(name).parts or re.match(r"^[A-Za-z]:", name):
            yield f"{name} would be unpacked outside its folder"
        elif name not in sums:
            yield f"{name} is not among the checksums: it was added later"
        elif name not in names:
            yield f"{name} is missing"
        elif _sum(packed, name) != sums[name]:
            yield f"{name} was altered: its checksum is another"


def _sum(packed: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with packed.open(name) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except UNREADABLE:
        return "cannot be read"
    return digest.hexdigest()


def _other_numbers(folder: Path, about: Mapping[str, Any], names: set[str]) -> Iterator[str]:
    """Whether all that can be made anew from the answers is what the archive holds."""
    run = load_run(folder / "run")
    if run.audit.digest != about.get("digest"):
        yield "the experiment is not the one that bundle.json names"
    try:
        told = json.loads((folder / "run" / "estimates.json").read_text(encoding="utf-8"))
    except (ValueError, OSError):
        yield "run/estimates.json cannot be read"
        return
    where = next(_differing(told, json.loads(json.dumps(run.estimates.to_dict()))), None)
    if where is not None:
        yield f"estimates.json: {where} when the answers are read and estimated anew"
    made = {f"data/{name}": data for name, data in package(run).items()}
    made |= {f"prompts/{name}": text.encode() for name, text in run.audit.resolved.prompts.items()}
    for name in sorted(names):
        if name.startswith(("data/", "prompts/")) and not _same(name, (folder / name).read_bytes(), made.get(name)):
            yield f"{name} is not what the experiment and its answers give"


def _same(name: str, told: bytes, made: bytes | None) -> bool:
    """Whether two files say the same: tables up to the last digits of their numbers, all others to the letter."""
    if made is None or told == made:
        return made is not None
    readers: dict[str, Callable[[io.BytesIO], pd.DataFrame]] = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    reader = readers.get(Path(name).suffix)
    if reader is None:
        return False
    try:
        pd.testing.assert_frame_equal(reader(io.BytesIO(told)), reader(io.BytesIO(made)), rtol=CLOSE)
    except (AssertionError, ValueError, OSError):
        return False
    return True


def _differing(told: Any, made: Any, path: str = "") -> Iterator[str]:
    """The first places where two estimates differ, beyond the last digits of a number."""
    if isinstance(told, dict) and isinstance(made, dict):
        for key in told.keys() | made.keys():
            yield from _differing(told.get(key), made.get(key), f"{path}.{key}" if path else key)
    elif isinstance(told, list) and isinstance(made, list) and len(told) == len(made):
        for i, (a, b) in enumerate(zip(told, made, strict=True)):
            yield from _differing(a, b, f"{path}[{i}]")
    elif isinstance(told, float | int) and isinstance(made, float | int):
        if not math.isclose(told, made, rel_tol=CLOSE, abs_tol=1e-12):
            yield f"{path} is {told}, and {made}"
    elif told != made:
        yield f"{path} is {told!r}, and {made!r}"


def _notes(about: Mapping[str, Any]) -> Iterator[str]:
    if about.get("bias_harness") != __version__:
        yield f"Made with bias_harness {about.get('bias_harness')}, verified with {__version__}."
    here = {name: version(name) for name in about.get("versions", {}) if name in LIBRARIES}
    moved = [f"{n} {v} (here {here.get(n, 'none')})" for n, v in about.get("versions", {}).items() if here.get(n) != v]
    if about.get("python") != platform.python_version():
        moved.append(f"Python {about.get('python')} (here {platform.python_version()})")
    if moved:
        yield f"Made with other versions: {', '.join(moved)}."
    if about.get("reader") != reader_version():
        yield "The answers were read by another version of the reader; this one reads them alike where nothing is said."
    for name, end in about.get("endpoints", {}).items():
        if end.get("nature") in ("simulation", "tiny model"):
            yield f"{name} is a {end['nature']}: its numbers say nothing about a chatbot that people use."
