"""Recorded runs fit for a repository: what is in them, that nothing secret is, and their accepted baseline."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import pandas as pd
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from bias_harness.asking.keys import secrets_of
from bias_harness.checking.baseline import Baseline
from bias_harness.checking.drift import FORMAT, Check, Gate, Policy, Snapshot
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import BiasHarnessError, InputError, RunFolderError
from bias_harness.files import read_json
from bias_harness.handwritten import Document, check, read_yaml
from bias_harness.results import Manifest, RunFolder
from bias_harness.results.secrets import secrets_in
from bias_harness.vocabulary import Response

BASELINE, HISTORY, RECORDING = "baseline.json", "baseline.md", "recording.json"
RESTORE = "restore it from the repository"


class Recording(TypedDict):
    """The file `recording.json`: how many answers were recorded, and the way to the experiment."""

    answers: Annotated[int, Field(ge=0)]
    format: int
    source: str


_BASELINE: TypeAdapter[Baseline] = TypeAdapter(Baseline)
_RECORDING: TypeAdapter[Recording] = TypeAdapter(Recording)


def tidy(folder: RunFolder, audit: Audit, source: Path, wanted: set[str]) -> None:
    """Turn a finished run into a fixture: the wanted answers sorted by key, without times, and where it came from.

    Raises `BiasHarnessError` where something secret is in it; the folder is left for the user to look at.
    """
    way = _way(folder.path, source)
    latest = sorted((r for r in folder.latest().values() if r.key in wanted), key=lambda r: r.key)
    for log in folder.logs:
        log.unlink()
    lines = [orjson.dumps(_plain(response), option=orjson.OPT_APPEND_NEWLINE) for response in latest]
    folder.write("responses.jsonl", b"".join(lines))
    manifest = folder.manifest()
    folder.write_manifest(Manifest(manifest.experiment, status=manifest.status, endpoints=manifest.endpoints))
    folder.write(
        RECORDING,
        orjson.dumps({"answers": len(latest), "format": FORMAT, "source": way}, option=orjson.OPT_INDENT_2),
    )
    (folder.path / ".lock").unlink(missing_ok=True)
    secret = secrets_in(folder.path, secrets_of(audit))
    if secret:
        raise BiasHarnessError(
            f"{folder.path} holds what looks like a key, in {', '.join(secret)}; it must not go into a repository"
        )


def _way(folder: Path, source: Path) -> str:
    """The way from the fixture to its experiment, with slashes on every system. Raises `InputError` across drives."""
    try:
        return Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:
        raise InputError(f"{folder} and {source} are on two drives; record into the experiment's repository") from None


def _plain(response: Response) -> dict[str, Any]:
    return {
        "key": response.key,
        "endpoint": response.endpoint,
        "text": response.text,
        "finish_reason": response.finish_reason,
        "served_model": response.served_model,
        "usage": None,
        "asked_at": response.asked_at[:10] + "T00:00:00.000000+00:00",
        "error": response.error,
        "seed": response.seed,
        "attempts": 1,
        **({} if response.probabilities is None else {"probabilities": response.probabilities}),
    }


def answers_digest(responses: Iterable[Response]) -> str:
    """SHA-256 over what was answered, whatever the order."""
    texts = sorted((r.key, r.text or "", *_branches(r)) for r in responses)
    return hashlib.sha256(orjson.dumps(texts)).hexdigest()


def _branches(response: Response) -> tuple[str, ...]:
    """The probabilities as one text, where an answer has them."""
    found = response.probabilities
    return () if found is None else (orjson.dumps(found).decode(),)


def read_baseline(path: Path) -> Snapshot:
    """An accepted baseline. Raises `InputError` where it is missing, corrupt or newer than this version."""
    if not path.is_file():
        raise InputError(
            f"{path} is not there; accept the recording as it stands with: bias-harness accept {path.parent}"
        )
    return Snapshot.from_dict(read_json(path, _BASELINE, "baseline of bias_harness", RESTORE, newest=FORMAT))


def read_policy(path: Path | None, changes: Mapping[str, Any]) -> Policy:
    """The policy in a YAML file (or the defaults), with what the command line changes."""
    document = read_yaml(path) if path is not None else Document("the policy", {}, {})
    given = document.data if isinstance(document.data, dict) else {}
    return check(Policy, Document(document.source, {**given, **changes}, document.lines))


def source_gate(folder: RunFolder, recorded: Audit) -> Gate:
    """Whether the experiment that was recorded is still the one in the repository."""
    source = source_of(folder)
    if not source.is_file():
        return Gate("source", "not_comparable", f"The experiment {source.name} that was recorded is gone.")
    now = load_audit(source).digests
    changed = sorted(part for part, digest in recorded.digests.items() if now[part] != digest)
    if changed:
        renew = f"bias-harness record {_shown(source)} --into {_shown(folder.path)} --refresh"
        message = f"The {', '.join(changed)} of {source.name} changed since it was recorded; renew it with: {renew}"
        return Gate("source", "not_comparable", message)
    return Gate("source", "pass", f"{source.name} is as it was recorded.")


def _shown(path: Path) -> str:
    """As it is typed here: from the working folder where it lies below it."""
    here = Path.cwd()
    whole = path.resolve()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def source_of(folder: RunFolder) -> Path:
    """The experiment file that a fixture was recorded from, whether or not it is still there."""
    named = _recording(folder)["source"].replace("\\", "/")
    return (folder.path / named).resolve()


def complete_gate(folder: RunFolder, observations: pd.DataFrame) -> Gate:
    """Whether every recorded request still has its answer, and there is any."""
    failed = int((observations["status"].astype(str) == "failed").sum())
    there, recorded = len(folder.latest()), _recording(folder)["answers"]
    what = ""
    if observations.empty:
        what = "it holds no answer"
    elif failed:
        what = f"{failed} recorded requests have no answer"
    elif there != recorded:
        what = f"{recorded} answers were recorded and {there} are here"
    if what:
        return Gate("complete", "not_comparable", f"{folder.name}: {what}; record it again.")
    return Gate("complete", "pass", f"{there:,} recorded answers.")


def _recording(folder: RunFolder) -> Recording:
    """What was recorded. Without it nobody knows whether answers are missing or the question changed.

    Raises `InputError` where it is missing, corrupt or newer than this version.
    """
    path = folder.path / RECORDING
    if not path.is_file():
        raise InputError(f"{path} is not there; restore it from the repository, or record again (bias-harness record)")
    return read_json(path, _RECORDING, "recording of bias_harness", RESTORE, newest=FORMAT)


def open_fixture(path: Path) -> tuple[RunFolder, Audit]:
    """A fixture or run folder and its experiment. Raises where it is none, or holds something secret."""
    folder = RunFolder(path)
    audit = Audit.of_folder(path)
    secret = secrets_in(path, secrets_of(audit))
    if secret:
        raise RunFolderError(
            f"{path} holds what looks like a key, in {', '.join(secret)}; take it out of the repository and revoke it"
        )
    return folder, audit


def history_entry(new: Snapshot, old: Snapshot | None, result: Check | None, why: str) -> str:
    """What a reviewer reads of an acceptance: the date, the reason, and every gap before and after."""
    before = {(s.endpoint, s.attribute, s.level): s for s in old.sides} if old else {}
    lines = [f"## {datetime.now(UTC):%Y-%m-%d}: {why}", ""]
    if result is not None:
        lines += [f"The check said: {result.outcome}.", ""]
    lines += ["| model | level | against | gap before | gap now |", "|---|---|---|---|---|"]
    for side in new.sides:
        was = before.get((side.endpoint, side.attribute, side.level))
        shown = (
            side.endpoint,
            side.level,
            side.reference,
            _percent(was.percent if was else None),
            _percent(side.percent),
        )
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines) + "\n\n"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}%"
