"""The proof that an archive is what it says it is: its files, their sums, and that its answers give its numbers.

An archive comes from anybody. Its list of files is looked at before a byte of them is read, only the files that a
bundle has are unpacked, everything is read by the same strict schemas as a folder of one's own, and nothing is run.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import platform
import re
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from bias_harness.errors import InputError
from bias_harness.files import first_fault, no_twins, read_json
from bias_harness.reading.answers import reader_version
from bias_harness.results.manifest import LIBRARIES
from bias_harness.runs import Run, load_run
from bias_harness.sharing.bundle import ABOUT, FORMAT, README, SUMS, about_of, readme_of
from bias_harness.sharing.export import package
from bias_harness.version import __version__

NAMED = re.compile(
    r"SHA256SUMS|bundle\.json|README\.md"
    r"|run/(experiment\.yaml|manifest\.json|trials\.jsonl|preregistration\.md|labels\.json|estimates\.json|responses[A-Za-z0-9._-]*\.jsonl)"
    r"|data/[a-z]+\.(csv|parquet|json|md)|prompts/[A-Za-z0-9][A-Za-z0-9._-]*"
)
"""The files that a bundle can have."""
ENDING = 22
"""Bytes of what ends an archive that has no comment."""
SUM = re.compile(r"([0-9a-f]{64})  (\S.*)")
LARGEST, LARGEST_LIST = 8_000_000_000, 10_000_000
"""Bytes, unpacked, of an archive and of its lists, beyond which it is not read."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)
"""What an archive that is torn, altered, locked or of another kind raises when a file is read from it."""
FROM_THE_RUN = ("experiment", "endpoints")
"""What bundle.json repeats of the manifest and the experiment."""
CLOSE = 1e-9
"""Relative difference up to which two estimates are the same number: another processor may round otherwise."""


@dataclass(frozen=True)
class Verified:
    """What `verify` found: `troubles` that make the bundle worthless as it is, `notes` that a reader should know.

    `digest` is the SHA-256 (hex) of its SHA256SUMS, and so of every file in it, for a paper to cite.
    """

    troubles: tuple[str, ...]
    notes: tuple[str, ...]
    digest: str


class Answerer(TypedDict):
    """What bundle.json says of an endpoint."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    model: str | None
    nature: str | None
    served: list[str] | None
    answered: int | None


class About(TypedDict):
    """The file bundle.json."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]
    format: int
    run: str
    experiment: str
    digest: str
    bias_harness: str
    reader: str
    python: str | None
    versions: dict[str, str]
    endpoints: dict[str, Answerer]


_ABOUT: TypeAdapter[About] = TypeAdapter(About)
_ESTIMATES: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def verify(archive: str | Path) -> Verified:
    """Check an archive: nothing missing, added or altered, and its answers give its numbers.

    Raises `InputError` where it is no bundle at all.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except FileNotFoundError:
        raise InputError(f"{archive} does not exist") from None
    except (*UNREADABLE, ValueError):
        raise InputError(f"{archive} is no archive, or not all of it") from None
    if not _bare(archive):
        raise InputError(f"{archive} holds more than an archive, before it or behind it; ask for it anew")
    with opened as packed:
        strange = list(_strange(packed, archive))
        if strange:
            return Verified(tuple(strange), (), "")
        about, listed = _about_it(packed, archive), _listed(packed, archive)
        digest = hashlib.sha256(listed).hexdigest()
        troubles = list(_altered(packed, listed))
        if troubles:
            return Verified(tuple(troubles), (), digest)
        with tempfile.TemporaryDirectory() as folder:
            packed.extractall(folder)
            troubles += _other_numbers(Path(folder), about)
    return Verified(tuple(troubles), tuple(_notes(about)), digest)


def _bare(archive: str | Path) -> bool:
    """Whether a file is nothing but an archive: another program could read what stands around it as another one."""
    with Path(archive).open("rb") as file:
        first = file.read(4)
        file.seek(-ENDING, os.SEEK_END)
        return (first, file.read(4)) == (b"PK\3\4", b"PK\5\6")


def _strange(packed: zipfile.ZipFile, archive: str | Path) -> Iterator[str]:
    """Names that a bundle does not have, or has twice. Raises `InputError` where it is no bundle, or too large."""
    found = packed.infolist()
    names = Counter(info.filename.lower() for info in found)
    if not {SUMS, ABOUT} <= set(packed.namelist()):
        raise InputError(f"{archive} is no bundle of bias_harness: it has no {SUMS} or no {ABOUT}")
    size = sum(info.file_size for info in found)
    room = min(LARGEST, shutil.disk_usage(tempfile.gettempdir()).free)
    lists = max(info.file_size for info in found if info.filename in (SUMS, ABOUT))
    if size > room or lists > LARGEST_LIST:
        raise InputError(f"{archive} says that it is larger than {room:,} bytes, or its lists are; it was not unpacked")
    for info in found:
        name = info.filename
        if name.startswith(("/", "\\")) or ".." in Path(name).parts or re.match(r"^[A-Za-z]:", name):
            yield f"{name} would be unpacked outside its folder"
        elif not NAMED.fullmatch(name):
            yield f"{name} is no file of a bundle: it was added later"
        elif names[name.lower()] > 1:
            yield f"{name} stands there twice"


def _about_it(packed: zipfile.ZipFile, archive: str | Path) -> About:
    """What bundle.json says. Raises `InputError` where it says nothing, or is of a format to come."""
    try:
        data = json.loads(packed.read(ABOUT), object_pairs_hook=no_twins)
    except (*UNREADABLE, ValueError, RecursionError):
        raise InputError(f"{archive}: {ABOUT} cannot be read; is the archive all there?") from None
    found = data.get("format") if isinstance(data, dict) else None
    if type(found) is int and found > FORMAT:
        raise InputError(f"{archive}: format {found} is newer than this version; update bias_harness")
    try:
        about = _ABOUT.validate_python(data, strict=True)
    except ValidationError as error:
        raise InputError(f"{archive}: {ABOUT} cannot be read: {first_fault(error)}; ask for the archive anew") from None
    if about["format"] < FORMAT:
        raise InputError(
            f"{archive}: its tables are of format {about['format']}, and this version makes others (format {FORMAT}); "
            f"verify it with the version that made it, bias_harness {about['bias_harness']}"
        )
    return about


def _listed(packed: zipfile.ZipFile, archive: str | Path) -> bytes:
    try:
        return packed.read(SUMS)
    except UNREADABLE:
        raise InputError(f"{archive}: {SUMS} cannot be read; is the archive all there?") from None


def _altered(packed: zipfile.ZipFile, listed: bytes) -> Iterator[str]:
    """Files that are missing, added or altered."""
    found = [SUM.fullmatch(line) for line in listed.decode("utf-8", "replace").splitlines()]
    sums = {line[2]: line[1] for line in found if line}
    if None in found or len(sums) < len(found):
        yield f"{SUMS} has a line that is no checksum, or one file twice"
        return
    names = set(packed.namelist())
    for name in sorted(names | set(sums)):
        if name == SUMS:
            continue
        if name not in sums:
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


def _other_numbers(folder: Path, about: About) -> Iterator[str]:
    """Whether all that can be made anew from the answers is what the archive holds."""
    run = load_run(folder / "run")
    yield from (fault.replace(f"{folder}/", "") for fault in run.faults)
    yield from _other_words(folder, run, about)
    told = read_json(folder / "run" / "estimates.json", _ESTIMATES, "estimates", "ask for the archive anew")
    where = next(_differing(told, json.loads(json.dumps(run.estimates.to_dict()))), None)
    if where is not None:
        yield f"estimates.json: {where} when the answers are read and estimated anew"
    made = {f"data/{name}": data for name, data in package(run).items()}
    made |= {f"prompts/{name}": text.encode() for name, text in run.audit.resolved.prompts.items()}
    there = {path.relative_to(folder).as_posix() for kind in ("data", "prompts") for path in folder.glob(f"{kind}/*")}
    for name in sorted(there | set(made)):
        told_file = folder / name
        if not told_file.is_file():
            yield f"{name} is missing"
        elif not _same(name, told_file.read_bytes(), made.get(name)):
            yield f"{name} is not what the experiment and its answers give"


def _other_words(folder: Path, run: Run, about: About) -> Iterator[str]:
    """Whether what the archive says of its run in words is true: above all, what kind of thing answered."""
    if run.audit.digest != about["digest"]:
        yield "the experiment is not the one that bundle.json names"
    made = about_of(run)
    wrong = sorted(name for name in FROM_THE_RUN if json.loads(json.dumps(made[name])) != about[name])  # type: ignore[literal-required]
    if wrong:
        yield f"bundle.json says otherwise than the run: {', '.join(wrong)}"
    there, same_words = folder / README, about["bias_harness"] == __version__
    if same_words and there.is_file() and there.read_bytes() != readme_of(run, about["run"]).encode():
        yield f"{README} is not what was written of this run"
    try:
        _ = run.registration
    except InputError as error:
        yield str(error).replace(f"{folder}/", "")


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
    except (AssertionError, KeyError, NotImplementedError, OSError, TypeError, ValueError, pa.ArrowException):
        return False
    return True


def _differing(told: Any, made: Any, path: str = "") -> Iterator[str]:
    """The first places where two estimates differ, beyond the last digits of a number."""
    if isinstance(told, dict) and isinstance(made, dict):
        for key in sorted(told.keys() | made.keys()):
            yield from _differing(told.get(key), made.get(key), f"{path}.{key}" if path else key)
    elif isinstance(told, list) and isinstance(made, list) and len(told) == len(made):
        for i, (a, b) in enumerate(zip(told, made, strict=True)):
            yield from _differing(a, b, f"{path}[{i}]")
    elif isinstance(told, float | int) and isinstance(made, float | int):
        if not math.isclose(told, made, rel_tol=CLOSE, abs_tol=1e-12):
            yield f"{path} is {told}, and {made}"
    elif told != made:
        yield f"{path} is {told!r}, and {made!r}"


def _notes(about: About) -> Iterator[str]:
    if about["bias_harness"] != __version__:
        yield f"Made with bias_harness {about['bias_harness']}, verified with {__version__}."
    here = {name: version(name) for name in about["versions"] if name in LIBRARIES}
    moved = [f"{n} {v} (here {here.get(n, 'none')})" for n, v in about["versions"].items() if here.get(n) != v]
    if about["python"] != platform.python_version():
        moved.append(f"Python {about['python']} (here {platform.python_version()})")
    if moved:
        yield f"Made with other versions: {', '.join(moved)}."
    if about["reader"] != reader_version():
        yield "The answers were read by another version of the reader; this one reads them alike where nothing is said."
    for name, end in about["endpoints"].items():
        if end["nature"] in ("simulation", "tiny model"):
            yield f"{name} is a {end['nature']}: its numbers say nothing about a chatbot that people use."
