"""manifest.json: what kind of thing is asked, with which versions, and how far it came.

It is written before the first question, so that a run that is killed keeps its labels. Format 4 has the looks of a run
that may stop early, format 3 says what each part of the log amounts to, format 2 has the trials of the whole design
beside those of the last call; they and format 1 are read, and what they lack is counted anew from the log.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import orjson
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError, check_format
from bias_harness.files import first_fault, read_bytes
from bias_harness.results.lines import moment_of
from bias_harness.results.seals import Seal
from bias_harness.vocabulary import Nature

FORMAT = 4
LIBRARIES = ("bias_harness", "openai", "httpx2", "pydantic", "pandas", "scipy", "numpy", "matplotlib")
Count = Annotated[int, Field(ge=0, lt=2**63)]
Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Status = Literal["started", "success", "partial", "interrupted", "error"]
"""How the last call ended: `started` where it is under way or was killed, `partial` where all that it was to ask is
answered and more of the design is not."""


def _moment(text: str) -> str:
    moment = moment_of(text)
    return text if moment.tzinfo else moment.replace(tzinfo=UTC).isoformat()


Moment = Annotated[str, AfterValidator(_moment)]
"""A time in ISO 8601; one without a zone is in UTC."""


@dataclass(frozen=True)
class Totals:
    """What a run took over all its calls, each request counted once; `cost` in US dollars, None where none is known."""

    answered: Count = 0
    failed: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    cost: Money | None = None


@dataclass(frozen=True)
class EndpointTotals:
    """One endpoint of a run: what kind of thing it is, and how far it came.

    `designed` is how many trials the whole design has for it and `present` how many of those need no more asking, None
    where that was not counted. `planned` to `stopped` are of the last call: the trials it was to ask, those that had
    an answer already, and what it did. `in_all` is of all calls.
    """

    nature: Nature = "unknown"
    provider: str = ""
    model: str = ""
    served: tuple[str, ...] = ()
    sampling_added: Mapping[str, Any] = field(default_factory=dict)
    designed: Count | None = None
    present: Count | None = None
    planned: Count = 0
    already: Count = 0
    answered: Count = 0
    failed: Count = 0
    retried: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    cost: Money | None = None
    stopped: str | None = None
    in_all: Totals | None = None


@dataclass(frozen=True)
class Looks:
    """When a run that may stop early was looked at: `after` so many of the `planned` jobs.

    `ended` says why it is asked no further: all was "decided", or all was "asked". None while more looks are to come.
    """

    planned: Count
    after: tuple[Count, ...] = ()
    ended: Literal["decided", "asked"] | None = None


@dataclass(frozen=True)
class Manifest:
    """What is known of a run's making. `status` is None before it has begun; times are ISO 8601 in UTC.

    `log` is what each part of the log amounted to when this was written, `faults` a sentence for each that is another
    now (never written down, see `results.totals.completed`). `looks` are those of a run that
    may stop early, None for any other. `merged` is of how many parts the run was made; `missing`
    and `source` are told by an import.
    """

    experiment: str = ""
    digest: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    platform: str = ""
    started_at: Moment | None = None
    finished_at: Moment | None = None
    status: Status | None = None
    endpoints: Mapping[str, EndpointTotals] = field(default_factory=dict)
    log: Mapping[str, Seal] = field(default_factory=dict)
    looks: Looks | None = None
    faults: tuple[str, ...] = ()
    merged: Count | None = None
    missing: tuple[str, ...] = ()
    source: str | None = None

    @classmethod
    def begun(
        cls, audit: Audit, endpoints: Mapping[str, EndpointTotals], log: Mapping[str, Seal] | None = None
    ) -> Manifest:
        """The manifest of a call that begins now."""
        return cls(
            experiment=audit.experiment.experiment,
            digest=audit.digest,
            digests=audit.digests,
            versions={name: version(name) for name in LIBRARIES},
            python=platform.python_version(),
            platform=platform.platform(terse=True),
            started_at=_now(),
            status="started",
            endpoints=endpoints,
            log=log or {},
        )

    def ended(self, status: Status, endpoints: Mapping[str, EndpointTotals], log: Mapping[str, Seal]) -> Manifest:
        """The same when the call ends, with what each endpoint did, and what the log amounts to."""
        return replace(self, finished_at=_now(), status=status, endpoints=endpoints, log=log)

    @property
    def designed(self) -> int | None:
        """The trials of the whole design, over all endpoints; None where that was not counted."""
        return _sum(end.designed for end in self.endpoints.values())

    @property
    def present(self) -> int | None:
        """How many of those need no more asking; None where that was not counted."""
        return _sum(end.present for end in self.endpoints.values())

    @property
    def failed(self) -> int:
        """Requests that failed in all calls and have no answer."""
        return sum(end.in_all.failed for end in self.endpoints.values() if end.in_all)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; what is not known of the run as a whole is left out."""
        return {"format": FORMAT, **{k: v for k, v in asdict(self).items() if v not in (None, "", {}, ())}}

    @classmethod
    def from_dict(cls, data: Any, source: object) -> Manifest:
        """The inverse of `to_dict`, of format 1 too. Raises `InputError` or `RunFolderError` that names the source."""
        if not isinstance(data, dict):
            raise RunFolderError(f"{source} is no manifest of a run; restore it or delete it")
        if check_format(data.get("format"), FORMAT, source) == 1:
            data = _from_format_1(data)
        try:  # as JSON: there a list is a tuple, and otherwise no type is bent to another
            return replace(_MANIFEST.validate_json(orjson.dumps(_known_natures(data)), strict=True), faults=())
        except ValidationError as error:
            raise RunFolderError(f"{source}: {first_fault(error)}; restore the file or delete it") from None


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def read_manifest(path: Path) -> Manifest:
    """The manifest in a file; an empty one where there is none. Raises `BiasHarnessError` for what is none."""
    if not os.path.lexists(path):
        return Manifest()
    try:
        data = orjson.loads(read_bytes(path))
    except orjson.JSONDecodeError as error:
        raise RunFolderError(f"{path} is not JSON ({error}); restore it or delete it") from None
    return Manifest.from_dict(data, path)


def _from_format_1(data: Mapping[str, Any]) -> dict[str, Any]:
    """Format 1 had no trials of the design, and `in_all` came late and without what failed."""
    ends = data.get("endpoints")
    if not isinstance(ends, dict) or not all(isinstance(end, dict) for end in ends.values()):
        return {**data, "endpoints": {}}
    return {**data, "endpoints": {name: {**end, "in_all": _in_all_of_1(end)} for name, end in ends.items()}}


def _in_all_of_1(end: Mapping[str, Any]) -> dict[str, Any] | None:
    if isinstance(end.get("in_all"), dict):
        return {"failed": end.get("failed", 0), **end["in_all"]}
    if "answered" not in end:
        return None
    counts = {name: end.get(name, 0) for name in ("failed", "input_tokens", "output_tokens")}
    return {**counts, "answered": end["answered"] + end.get("already", 0), "cost": end.get("cost")}


def _known_natures(data: Mapping[str, Any]) -> dict[str, Any]:
    """A label that this version does not know says nothing."""
    ends = data.get("endpoints")
    if not isinstance(ends, dict):
        return dict(data)
    known = {
        name: {**end, "nature": end["nature"] if end.get("nature") in get_args(Nature) else "unknown"}
        if isinstance(end, dict)
        else end
        for name, end in ends.items()
    }
    return {**data, "endpoints": known}


def _sum(values: Iterable[int | None]) -> int | None:
    found = list(values)
    return None if None in found else sum(v for v in found if v is not None)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
