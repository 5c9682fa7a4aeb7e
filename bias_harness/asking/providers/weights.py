"""The local models' files: which there are, where they are kept, and a file of the user's own.

A model is accepted by its SHA-256 alone, so it does not matter where its bytes came from. `fetching` gets them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from bias_harness.errors import InputError, did_you_mean
from bias_harness.handwritten import parse_shipped
from bias_harness.workspace import user_cache

VARIABLE = "BIAS_HARNESS_MODEL_PATH"
MAGIC = b"GGUF"
DEFAULT_MODEL = "qwen2.5-coder-1.5b"


@dataclass(frozen=True)
class Parts:
    """Registry packages that carry a file in parts of `bytes` each (the last may be shorter): to be read as data."""

    name: str
    version: str
    count: int
    member: str
    bytes: int


@dataclass(frozen=True)
class Weights:
    """One model file: where it can be had, its size in bytes and what it must hash to."""

    name: str
    file: str
    title: str
    bytes: int
    sha256: str
    licence: str
    author: str
    hub: str
    parts: Parts

    @property
    def served(self) -> str:
        """How answers name the model that gave them."""
        return f"{self.title} (sha256 {self.sha256[:12]})"


def known_models() -> dict[str, Weights]:
    """The models of `models.yaml` by name, the default one first."""
    text = files(__package__).joinpath("models.yaml").read_text(encoding="utf-8")
    entries = parse_shipped(text)
    return {name: Weights(**{**e, "name": name, "parts": Parts(**e["parts"])}) for name, e in entries.items()}


def list_models() -> list[tuple[Weights, Path | None]]:
    """Every model that can be fetched, with its file where it is in the cache."""
    return [(weights, cached(weights)) for weights in known_models().values()]


def weights_of(name: str) -> Weights:
    """One model by name. Raises `InputError`."""
    models = known_models()
    if name not in models:
        raise InputError(
            f"there is no local model {name!r}{did_you_mean(name, models)}; or name a GGUF file in model_path"
        )
    return models[name]


def where(name: str) -> Path | None:
    """The cached file of a model, none where it is not there. Raises `InputError` for a name that is not known."""
    return cached(weights_of(name))


def cache_folder() -> Path:
    """Where fetched models are kept: the user's cache folder, or what BIAS_HARNESS_CACHE names."""
    return user_cache() / "models"


def cached(weights: Weights) -> Path | None:
    """The file in the cache, if it still is the file that it was: its size and its hash are looked at."""
    path = cache_folder() / weights.file
    try:
        found = path.stat()
    except OSError:
        return None
    if found.st_size != weights.bytes:
        return None
    return path if _hash_of(path, found.st_mtime_ns, found.st_size, found.st_ino) == weights.sha256 else None


@lru_cache(maxsize=64)
def _hash_of(path: Path, *_state: int) -> str:
    """The SHA-256 of a file, taken once a process as long as its state (times, size, place on the disk) stays."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class OwnFile:
    """A GGUF file of the user's own; `known` is the model of the table that it is, if it is one."""

    path: Path
    sha256: str
    known: Weights | None

    @property
    def served(self) -> str:
        """How answers name the model that gave them."""
        return self.known.served if self.known else f"{self.path.name} (sha256 {self.sha256[:12]})"


def own_file(named: str, model: str = "") -> OwnFile:
    """The file that the user names, or the one in the folder that the user names, hashed.

    Of a folder with several GGUF files, the one of `model` is taken. Raises `InputError` where there is none.
    """
    path = Path(named).expanduser()
    if path.is_dir():
        path = _in_folder(path, model)
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise InputError(f"the model file {path} is no GGUF file")
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"the model file {path} cannot be read: {error.strerror}; correct model_path, or {VARIABLE}"
        ) from None
    return OwnFile(path, digest, next((w for w in known_models().values() if w.sha256 == digest), None))


def _in_folder(folder: Path, model: str) -> Path:
    known = known_models().get(model)
    if known and (folder / known.file).is_file():
        return folder / known.file
    found = sorted(folder.glob("*.gguf"))
    if len(found) != 1:
        there = ", ".join(p.name for p in found) or "none"
        raise InputError(f"the folder {folder} should hold one GGUF file and holds {there}; name the file itself")
    return found[0]
