"""A preregistration: a document that carries its own date, digest and hash, and how it stands to the run it is kept in.

Its hash is the SHA-256 of everything above the last line, with newlines as they are here. It shows an edit; it proves
no date, which is the document's own word until a registry has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from bias_harness.design.audit import Audit
from bias_harness.errors import InputError, check_format
from bias_harness.files import read_text
from bias_harness.handwritten import Document, Strict, check, parse_yaml
from bias_harness.results.manifest import Looks

FORMAT = 1
REGISTRATION = "preregistration.md"
"""The file of a run folder that holds it."""
_RULE, _SEAL = "---\n", "\n---\nsha256: "
Fault = Literal["edited", "after", "another", "undated"]
Stopping = Literal["to_the_end", "kept", "open", "looked", "not_looked", "other_looks"]


class Head(Strict):
    """What stands above the text, for a program to read."""

    format: int
    preregistration: str
    written_at: datetime
    bias_harness: str
    digest: str
    digests: dict[str, str]
    looks: list[int] = []


@dataclass(frozen=True)
class Registration:
    """A preregistration as it was read. `intact` says whether it is still what was sealed, `sha256` what it states.

    `looks` are the numbers of jobs after which is looked, where it is of a run that stops when all is decided.
    """

    experiment: str
    written_at: datetime
    digest: str
    digests: Mapping[str, str]
    sha256: str
    intact: bool
    looks: tuple[int, ...] = ()

    def faults(self, audit: Audit, first: str | None) -> tuple[Fault, ...]:
        """Why it is none for a run of `audit` whose `first` answer came then (ISO 8601); empty where it is one.

        `edited`: something was changed after the hash; `another`: the experiment is not the one registered; `after`: an
        answer was there before it was written; `undated`: no answer says when it came.
        """
        found: list[Fault] = [] if self.intact else ["edited"]
        if self.digest != audit.digest:
            found.append("another")
        if first is None:
            return (*found, "undated")
        return (*found, "after") if datetime.fromisoformat(first) < self.written_at else tuple(found)

    def stopping(self, run: Looks | None) -> Stopping:
        """How the run that held these looks (None: it was asked without any) kept to the stopping that was registered.

        `to_the_end`: no looks registered, and none held; `kept`: the registered looks, until all was decided or asked;
        `open`: these so far. `looked`: looks held that were not registered; `not_looked`: none held of those that were;
        `other_looks`: others.
        """
        if run is None:
            return "not_looked" if self.looks else "to_the_end"
        if not self.looks:
            return "looked"
        if run.planned != self.looks[-1] or run.after != self.looks[: len(run.after)]:
            return "other_looks"
        return "open" if run.ended is None else "kept"

    def differing(self, audit: Audit) -> tuple[str, ...]:
        """Which parts of the experiment are not those registered: personas, prompts, judging; `rest` for what is left.

        The rest are the endpoints, their settings, repeats, the seed and what ends asking.
        """
        if self.digest == audit.digest:
            return ()
        return tuple(n for n, digest in audit.digests.items() if digest != self.digests.get(n)) or ("rest",)


def sealed(audit: Audit, body: str, version: str, moment: datetime, looks: Sequence[int] = ()) -> str:
    """The document: what a program reads of it, the text, and the hash of both."""
    head: dict[str, Any] = {
        "format": FORMAT,
        "preregistration": audit.experiment.experiment,
        "written_at": moment.astimezone(UTC).isoformat(timespec="seconds"),
        "bias_harness": version,
        "digest": audit.digest,
        "digests": dict(audit.digests),
        **({"looks": list(looks)} if looks else {}),
    }
    whole = f"{_RULE}{yaml.safe_dump(head, sort_keys=False)}{_RULE}\n{body.strip()}\n"
    return f"{whole}{_SEAL}{_hash(whole)}\n"


def read_registration(path: Path) -> Registration:
    """The preregistration in a file. Raises `InputError` where it is none; one that was edited is read, and says so."""
    text = read_text(path)
    head = check(Head, _head(text, str(path)))
    check_format(head.format, FORMAT, path)
    whole, seal, said = text.rpartition(_SEAL)
    stated = said.strip()
    moment = head.written_at if head.written_at.tzinfo else head.written_at.replace(tzinfo=UTC)
    intact = bool(seal) and _hash(whole) == stated
    looks = tuple(head.looks)
    return Registration(head.preregistration, moment, head.digest, head.digests, stated if seal else "", intact, looks)


def _head(text: str, source: str) -> Document:
    begin, rule, rest = text.partition(_RULE)
    head, closed, _ = rest.partition(f"\n{_RULE}")
    if begin or not rule or not closed:
        raise InputError(f"{source} is no preregistration; write one with: bias-harness plan FILE --preregister OUT.md")
    return parse_yaml(head, source)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
