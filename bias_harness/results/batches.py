"""The batches of a run, kept in its folder with their ids, so that whoever has the folder can collect them.

`batches/NAME.json` says where a batch is and how far, `batches/NAME.requests.json` what was asked in it. Both are
there before the batch is created; what was created can so always be found again by its name.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from bias_harness.errors import RunFolderError, check_format
from bias_harness.files import first_fault
from bias_harness.results.folder import RunFolder
from bias_harness.results.lines import KEY, MOST
from bias_harness.results.manifest import Count, Moment, Money

T = TypeVar("T")
FORMAT = 1
FOLDER = "batches"
Stage = Literal["intended", "created", "collected", "rejected", "forgotten"]
"""`intended`: it may have been created, and nobody heard. `created`: it is under way or waits to be collected. The
others are over: its answers are in the log, the provider did not take it, or its user gave it up."""


@dataclass(frozen=True)
class KeptBatch:
    """One batch: its own `name`, which the provider is told too, and the `id` that the provider gave it.

    `reserved` is what it may cost at most, in US dollars; `status` is the provider's last word on it.
    """

    name: str
    endpoint: str
    address: str | None
    model: str
    begun_at: Moment
    requests: Count
    reserved: Money = 0.0
    id: str | None = None
    upload: str | None = None
    status: str = ""
    stage: Stage = "intended"

    @property
    def is_open(self) -> bool:
        """Whether it may hold answers that are not in the log."""
        return self.stage in ("intended", "created")


@dataclass(frozen=True)
class Asked:
    """What was asked in a batch: the requests' keys, and the seeds that were sent with them."""

    keys: tuple[Annotated[str, Field(pattern=f"^{KEY.pattern}$")], ...]
    seeds: tuple[Annotated[int, Field(ge=0, lt=MOST)] | None, ...]


_KEPT: TypeAdapter[KeptBatch] = TypeAdapter(KeptBatch)
_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)


@dataclass(frozen=True)
class BatchBook:
    """The batches of one run."""

    folder: RunFolder

    @property
    def place(self) -> Path:
        """Where they are kept."""
        return self.folder.path / FOLDER

    def all(self, endpoint: str | None = None) -> list[KeptBatch]:
        """Every batch of the run, or of one endpoint, the oldest first. Raises `RunFolderError` for a damaged file."""
        files = [path for path in self.place.glob("*.json") if not path.name.endswith(".requests.json")]
        found = [_kept(path) for path in files]
        return sorted((b for b in found if endpoint in (None, b.endpoint)), key=lambda b: (b.begun_at, b.name))

    def open(self, endpoint: str | None = None) -> list[KeptBatch]:
        """Those that may hold answers which are not in the log."""
        return [batch for batch in self.all(endpoint) if batch.is_open]

    def begin(self, batch: KeptBatch, keys: Sequence[str], seeds: Sequence[int | None]) -> None:
        """Keep a batch that is about to be created; it is on disk when this returns."""
        self.folder.write(
            f"{FOLDER}/{batch.name}.requests.json", orjson.dumps({"format": FORMAT, "keys": keys, "seeds": seeds})
        )
        self.write(batch)

    def write(self, batch: KeptBatch) -> None:
        """Keep what is known of a batch now."""
        data = orjson.dumps({"format": FORMAT, **asdict(batch)}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        self.folder.write(f"{FOLDER}/{batch.name}.json", data)

    def drop(self, batch: KeptBatch) -> None:
        """Forget a batch that was never created."""
        (self.place / f"{batch.name}.json").unlink(missing_ok=True)
        (self.place / f"{batch.name}.requests.json").unlink(missing_ok=True)

    def asked(self, batch: KeptBatch) -> Asked:
        """What was asked in it. Raises `RunFolderError` where the file is gone or damaged."""
        path = self.place / f"{batch.name}.requests.json"
        found = _checked(_ASKED, path)
        if len(found.keys) != len(found.seeds):
            raise RunFolderError(f"{path} does not say what was asked in the batch; restore it")
        return found

    def collected(self, batches: Iterable[KeptBatch]) -> dict[str, set[str]]:
        """By batch: the keys that it was collected of before a run ended in the middle of that.

        A response of a batch bears the very moment at which the batch was begun.
        """
        moments = {(batch.endpoint, batch.begun_at): batch.name for batch in batches}
        found: dict[str, set[str]] = {name: set() for name in moments.values()}
        for response in self.folder.responses() if moments else ():
            name = moments.get((response.endpoint, response.asked_at))
            if name is not None:
                found[name].add(response.key)
        return found


def new_name() -> str:
    """A name that no other batch has: it goes into every request's id and into the batch's metadata."""
    return f"bh{secrets.token_hex(6)}"


def _kept(path: Path) -> KeptBatch:
    found = _checked(_KEPT, path)
    if found.name != path.stem:  # the name leads to the other file, and comes from a file
        raise RunFolderError(f"{path} is of the batch {found.name!r}; restore the file")
    return found


def _checked(schema: TypeAdapter[T], path: Path) -> T:
    """A file by its strict schema. Raises `RunFolderError` that names its first fault."""
    try:
        return schema.validate_json(orjson.dumps(_json(path)), strict=True)
    except ValidationError as error:
        raise RunFolderError(f"{path}: {first_fault(error)}; restore the file") from None


def _json(path: Path) -> dict[str, Any]:
    try:
        data = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing; restore it: without it a batch cannot be collected") from None
    except orjson.JSONDecodeError as error:
        raise RunFolderError(f"{path} is not JSON ({error}); restore it") from None
    if not isinstance(data, dict):
        raise RunFolderError(f"{path} describes no batch; restore it")
    check_format(data.get("format"), FORMAT, path)
    return data
