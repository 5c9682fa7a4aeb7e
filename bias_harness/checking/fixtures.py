"""Recorded runs fit for a repository: what is in them, that nothing secret is, and their accepted baseline."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NotRequired

import orjson
import pandas as pd
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from bias_harness.asking.keys import secrets_of
from bias_harness.checking.baseline import FORMAT, Baseline, Baseline1, Said, Snapshot
from bias_harness.checking.gates import Check, Gate, Policy
from bias_harness.checking.sources import Shape, changed_keys, design_of, shapes_of
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import BiasHarnessError, InputError, RunFolderError
from bias_harness.files import read_json, read_text
from bias_harness.handwritten import Document, check, read_yaml
from bias_harness.results import Manifest, RunFolder, dump_line
from bias_harness.results.secrets import secrets_in
from bias_harness.runs import Run
from bias_harness.vocabulary import Response

BASELINE, HISTORY, RECORDING = "baseline.json", "baseline.md", "recording.json"
RESTORE = "restore it from the repository"


class Recording(TypedDict):
    """The file `recording.json`: how many answers were recorded, the way to the experiment, and what answered.

    `endpoints` is what shaped the answers of each endpoint; what was recorded before it was kept has none.
    """

    answers: Annotated[int, Field(ge=0)]
    format: int
    source: str
    endpoints: NotRequired[dict[str, Shape]]


RECORDING_FORMAT = 1
_BASELINE: TypeAdapter[Baseline] = TypeAdapter(Baseline)
_BASELINE_1: TypeAdapter[Baseline1] = TypeAdapter(Baseline1)
_RECORDING: TypeAdapter[Recording] = TypeAdapter(Recording)


def tidy(folder: RunFolder, audit: Audit, source: Path, wanted: set[str]) -> None:
    """Turn a finished run into a fixture: the wanted answers sorted by key, without times, and where it came from.

    Their second turns are kept with them.
    Raises `BiasHarnessError` where something secret is in it; the folder is left for the user to look at.
    """
    way = _way(folder.path, source)
    found = (r for r in folder.latest().values() if r.key in wanted or r.confirms in wanted)
    latest = sorted(found, key=lambda r: r.key)
    folder.replace_log(dump_line(_timeless(response)) for response in latest)
    manifest = folder.manifest()
    kept = Manifest(manifest.experiment, status=manifest.status, endpoints=manifest.endpoints, log=folder.seals())
    folder.write_manifest(kept)
    said = {"answers": len(latest), "endpoints": shapes_of(audit), "format": RECORDING_FORMAT, "source": way}
    folder.write(RECORDING, orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
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


def _timeless(response: Response) -> Response:
    """The same without what differs from day to day: what it cost, at what time of the day, after how many attempts."""
    day = response.asked_at[:10] + "T00:00:00.000000+00:00"
    return replace(response, usage=None, asked_at=day, attempts=1)


def answers_digest(responses: Iterable[Response]) -> str:
    """SHA-256 over what was answered, whatever the order, second turns aside."""
    texts = sorted((r.key, r.text or "", *_branches(r)) for r in responses if r.confirms is None)
    return hashlib.sha256(orjson.dumps(texts)).hexdigest()


def _branches(response: Response) -> tuple[str, ...]:
    """The probabilities as one text, where an answer has them."""
    found = response.probabilities
    return () if found is None else (orjson.dumps(found).decode(),)


def read_baseline(path: Path, recorded: Run) -> Snapshot:
    """An accepted baseline; `recorded` is the fixture, which one of format 1 is read with.

    Raises `InputError` where it is missing, corrupt or newer than this version.
    """
    if not path.is_file():
        raise InputError(
            f"{path} is not there; accept the recording as it stands with: bias-harness accept {path.parent}"
        )
    if _format_of(path) == 1:
        old = read_json(path, _BASELINE_1, "baseline of bias_harness", RESTORE, newest=FORMAT)
        ends = recorded.audit.experiment.outcome.ends
        return Snapshot.of_format_1(old, recorded.observations, ends, str(path))
    return Snapshot.of_file(read_json(path, _BASELINE, "baseline of bias_harness", RESTORE, newest=FORMAT))


def _format_of(path: Path) -> object:
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError):
        return None
    return data.get("format") if isinstance(data, dict) else None


def read_policy(path: Path | None, changes: Mapping[str, Any]) -> Policy:
    """The policy in a YAML file (or the defaults), with what the command line changes."""
    document = read_yaml(path) if path is not None else Document("the policy", {}, {})
    given = document.data if isinstance(document.data, dict) else {}
    return check(Policy, Document(document.source, {**given, **changes}, document.lines))


def source_gate(folder: RunFolder, recorded: Audit) -> Gate:
    """Whether what was recorded is still what the repository holds: questions, judging, and all that shapes answers."""
    source = source_of(folder)
    if not source.is_file():
        return Gate("source", "not_comparable", f"The experiment {source.name} that was recorded is gone.")
    now = load_audit(source)
    changed = sorted(part for part, digest in recorded.digests.items() if now.digests[part] != digest)
    changed += [f"{key} of the design" for key in changed_keys(design_of(recorded), design_of(now))]
    changed += list(_endpoints_changed(_recording(folder).get("endpoints"), recorded, now))
    if changed:
        renew = f"bias-harness record {_shown(source)} --into {_shown(folder.path)} --again"
        said = f"Changed in {source.name} since it was recorded: {'; '.join(changed)}."
        return Gate("source", "not_comparable", f"{said} Ask it as it is now (without --offline), or renew it: {renew}")
    return Gate("source", "pass", f"{source.name}, and all that it names, is as it was recorded.")


def _endpoints_changed(kept: Mapping[str, Shape] | None, recorded: Audit, now: Audit) -> Iterator[str]:
    """What shapes the answers of an endpoint and is another than was recorded, a clause each."""
    before, there = kept if kept is not None else shapes_of(recorded), shapes_of(now)
    for name in sorted({*before, *there}):
        if name not in there or name not in before:
            yield f"the endpoint {name} {'is gone' if name in before else 'is new'}"
            continue
        keys = changed_keys(before[name], there[name])
        if kept is None and there[name].get("function"):
            keys.append("source of the function (the recording does not say what it was)")
        if keys:
            yield f"{name}: {', '.join(keys)}"


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
    latest, what = folder.latest().values(), ""
    there, recorded = len(latest), _recording(folder)["answers"]
    if faults := folder.faults():
        what = "; ".join(faults)
    elif observations.empty:
        what = "it holds no answer"
    elif failed:
        what = f"{failed} recorded requests have no answer"
    elif there != recorded:
        what = f"{recorded} answers were recorded and {there} are here"
    if what:
        return Gate("complete", "not_comparable", f"{folder.name}: {what}; record it again.")
    turns = sum(response.confirms is not None for response in latest)
    more = f", and {turns:,} second turns" if turns else ""
    return Gate("complete", "pass", f"{there - turns:,} recorded answers{more}.")


def _recording(folder: RunFolder) -> Recording:
    """What was recorded. Without it nobody knows whether answers are missing or the question changed.

    Raises `InputError` where it is missing, corrupt or newer than this version.
    """
    path = folder.path / RECORDING
    if not path.is_file():
        raise InputError(f"{path} is not there; restore it from the repository, or record again (bias-harness record)")
    return read_json(path, _RECORDING, "recording of bias_harness", RESTORE, newest=RECORDING_FORMAT)


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
    before = {_place(said): said for said in old.said} if old else {}
    lines = [f"## {datetime.now(UTC):%Y-%m-%d}: {' '.join(why.split())}", ""]
    if result is not None:
        lines += [f"The check said: {result.outcome}.", ""]
    lines += ["| model | level | against | gap before | gap now |", "|---|---|---|---|---|"]
    for said in new.said:
        was = before.get(_place(said))
        gaps = (_percent(was.percent if was else None), _percent(said.percent))
        lines.append(f"| {' | '.join((said.endpoint, said.level, said.reference, *gaps))} |")
    return "\n".join(lines) + "\n\n"


def _place(said: Said) -> tuple[str, str, str]:
    return said.endpoint, said.attribute, said.level


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}%"
