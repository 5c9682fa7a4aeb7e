"""Every kind of file that is read, flipped, cut, repeated and reshaped: one sentence, or the same; never a traceback.

BIAS_HARNESS_FUZZ is how many altered files of each kind are read: 60 with BIAS_HARNESS_TESTS=all, else the first 12 of
them; what is drawn is the same every time.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import first
from conftest import SMALL_MAP
from places import FIXTURES
from undrawn import EVERYTHING

from bias_harness.checking.fixtures import complete_gate, read_baseline, read_policy, source_of
from bias_harness.design.audit import Audit, load_audit
from bias_harness.errors import BiasHarnessError
from bias_harness.results import Looks, Manifest, RunFolder, open_log
from bias_harness.results.batches import BatchBook, KeptBatch
from bias_harness.results.in_flight import InFlight, left_in_flight
from bias_harness.results.labels import Labels, read_labels
from bias_harness.results.lines import dump_line, read_line
from bias_harness.results.registration import read_registration, sealed
from bias_harness.results.trials import read_trials
from bias_harness.runs import Run, load_run
from bias_harness.sharing.bundle import bundle
from bias_harness.sharing.importing import import_answers
from bias_harness.sharing.verification import SUMS, verify
from bias_harness.vocabulary import Response
from bias_harness.workspace import Workspace

COUNT = int(os.environ.get("BIAS_HARNESS_FUZZ", "60" if EVERYTHING else "12"))
ODD = (None, True, -1, 0, 1e308, 10**30, float("nan"), "", "x", "\x1b[2J", "\u202e", "../../x", [], {}, [[]], {"x": {}})
BYTES = (b"\0", b"\xff", b"\n", b'"', b"{", b"}", b"[", b",", b";", b"-", b"&a *a", b"{{", b"9" * 400, b"\xef\xbb\xbf")


def altered(raw: bytes, draw: random.Random) -> bytes:
    """A file flipped, cut, with a piece left out, twice, or replaced; or, where it is JSON or YAML, another shape."""
    if draw.random() < 0.4 and (shaped := reshaped(raw, draw)) is not None:
        return shaped
    start = draw.randrange(len(raw))
    end = min(len(raw), start + draw.randrange(1, 60))
    return draw.choice(
        (
            raw[:start] + bytes([raw[start] ^ 1 << draw.randrange(8)]) + raw[start + 1 :],
            raw[:start],
            raw[:start] + raw[end:],
            raw[:end] + raw[start:],
            raw[:start] + draw.choice(BYTES) + raw[end:],
        )
    )


def reshaped(raw: bytes, draw: random.Random) -> bytes | None:
    """The first document with one of its parts replaced by something odd, left out, or renamed."""
    lines = raw.split(b"\n")
    place = draw.randrange(len(lines)) if raw[:1] == b"{" and raw.count(b"\n{") else None
    text = raw if place is None else lines[place]
    try:
        data, dump = json.loads(text), lambda x: json.dumps(x).encode()
    except ValueError:
        try:
            data, dump = yaml.safe_load(text), lambda x: yaml.safe_dump(x).encode()
        except (yaml.YAMLError, ValueError):
            return None
    if not isinstance(data, dict | list) or not data:
        return None
    holder, key = draw.choice(list(parts(data)))
    kind = draw.randrange(4)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    else:
        holder[key] = draw.choice(ODD)
    made = dump(data)
    return made if place is None else b"\n".join([*lines[:place], made, *lines[place + 1 :]])


def parts(node: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(node) if isinstance(node, dict) else range(len(node))
    for key in keys:
        yield node, key
        if isinstance(node[key], dict | list):
            yield from parts(node[key])


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each: an imported run, a bundle of it, an experiment, a fixture, a map, tables, a .env."""
    here = tmp_path_factory.mktemp("fuzzed")
    rows = [(f"p{i}", who, 61000 + 700 * i - (who == "f") * (2000 + 9 * i)) for i in range(6) for who in "mf"]
    (here / "t.csv").write_text("person,who,model,salary\n" + "".join(f"{p},{w},bot,{s}\n" for p, w, s in rows))
    keys = ("person", "who", "salary", "model")
    (here / "t.jsonl").write_text("".join(json.dumps(dict(zip(keys, (*r, "bot"), strict=True))) + "\n" for r in rows))
    (here / "t.json").write_text(json.dumps([dict(zip(keys, (*r, "bot"), strict=True)) for r in rows]))
    (here / "map.yaml").write_text(yaml.safe_dump(SMALL_MAP))
    run = import_answers(here / "t.csv", here / "map.yaml", results=here)
    bundle(run, here / "own.zip")
    source = (FIXTURES.parent.parent / "experiments" / "quickstart.yaml").read_text()
    (here / "experiment.yaml").write_text(source)
    (here / "policy.yaml").write_text("margin: 1%\nattributes: [gender]\ninconclusive: warn\n")
    (here / ".env").write_text("# keys\nBOT_KEY='sk-test-000000000'\nexport OTHER=value # of the team\n")
    for name in ("baseline.json", "recording.json"):
        (here / "own" / name).write_bytes((FIXTURES / "simulated-regression" / name).read_bytes())
    beside_the_log(run)
    return here


def beside_the_log(run: Run) -> None:
    """What a run's folder can hold too: labels, a preregistration, a batch, money on its way, looks."""
    folder, keys = run.folder, [response.key for response in run.folder.responses()]
    folder.write("labels.json", Labels(labels={"a": dict.fromkeys(keys, "61000")}).to_json())
    folder.write("preregistration.md", sealed(run.audit, "What we expect.", "1", datetime(2026, 1, 1, tzinfo=UTC)))
    kept = KeptBatch("bh1", "bot", None, "bot", "2026-01-01T00:00:00+00:00", 12, 1.5, "batch-1", stage="created")
    BatchBook(folder).begin(kept, keys, [7] * len(keys))
    in_flight = InFlight(folder.path / ".in-flight")
    for key in keys[:3]:
        in_flight.hold(key, "bot", 0.25)
    in_flight.close()
    folder.write_manifest(replace(folder.manifest(), looks=Looks(10, (4, 6)), merged=2))


def numbers_of(folder: Path) -> None:
    run = Run(RunFolder(folder), Audit.of_folder(folder))
    assert len(run.observations) <= 12
    list(run.questions())


def healed(folder: Path) -> None:
    """Opening a log sets aside what cannot be read, so that the rest can."""
    with open_log(RunFolder(folder)):
        pass
    numbers_of(folder)


def counts_of(manifest: Manifest) -> None:
    for end in manifest.endpoints.values():
        assert min(end.answered, end.failed, end.planned, end.designed or 0, end.present or 0, end.cost or 0) >= 0


def registered(file: Path) -> None:
    audit = Audit.of_folder(file.parent)
    found = read_registration(file)
    found.faults(audit, "2026-02-01T00:00:00+00:00")
    found.differing(audit)


def money_of(response: Response) -> None:
    """What is left of a killed run can be kept, and never makes a budget larger."""
    assert read_line(dump_line(response)) == response
    assert response.usage is not None
    assert (response.usage.reserved or 0) >= 0


READERS: dict[str, Callable[[Path], Any]] = {
    "own/responses.jsonl": lambda file: numbers_of(file.parent),
    "own/trials.jsonl": lambda file: (read_trials(file), numbers_of(file.parent)),
    "own/experiment.yaml": lambda file: numbers_of(file.parent),
    "own/manifest.json": lambda file: counts_of(load_run(file.parent).folder.manifest()),
    "own/baseline.json": lambda path: read_baseline(path, load_run(path.parent)),
    "own/labels.json": lambda file: read_labels(file.parent),
    "own/preregistration.md": lambda file: registered(file),
    "own/batches/bh1.json": lambda file: [batch.is_open for batch in BatchBook(RunFolder(file.parent.parent)).all()],
    "own/batches/bh1.requests.json": lambda file: [
        BatchBook(RunFolder(file.parent.parent)).asked(batch)
        for batch in BatchBook(RunFolder(file.parent.parent)).all()
    ],
    "own/.in-flight": lambda file: [money_of(response) for response in left_in_flight(file)],
    "own/recording.json": lambda file: (
        source_of(RunFolder(file.parent)),
        complete_gate(RunFolder(file.parent), load_run(file.parent).observations),
    ),
    "experiment.yaml": load_audit,
    "policy.yaml": lambda file: read_policy(file, {}),
    ".env": lambda file: Workspace.at(file.parent).environment(),
    "map.yaml": lambda file: import_answers(file.parent / "t.csv", file, results=file.parent / "made"),
    "t.csv": lambda file: import_answers(file, file.parent / "map.yaml", results=file.parent / "made"),
    "t.jsonl": lambda file: import_answers(file, file.parent / "map.yaml", results=file.parent / "made"),
    "t.json": lambda file: import_answers(file, file.parent / "map.yaml", results=file.parent / "made"),
    "own.zip": verify,
}


def copied(places: Path, into: Path) -> Path:
    for path in places.rglob("*"):
        if path.is_file():
            (into / path.relative_to(places)).parent.mkdir(parents=True, exist_ok=True)
            (into / path.relative_to(places)).write_bytes(path.read_bytes())
    return into


@pytest.mark.parametrize("name", first(7, READERS))
def test_an_altered_file_is_one_sentence_or_none(name: str, places: Path, workspace: Path) -> None:
    here = copied(places, workspace)
    raw, draw = (here / name).read_bytes(), random.Random(name)
    for number in range(COUNT):
        (here / name).write_bytes(altered(raw, draw))
        read_or_told(READERS[name], here / name, number)


def read_or_told(read: Callable[[Path], Any], file: Path, number: int) -> None:
    try:
        read(file)
    except BiasHarnessError as error:
        if not str(error).strip():
            raise AssertionError(f"{file.name}, number {number}: an error without a word") from error
    except Exception as error:
        raise AssertionError(f"{file.name}, number {number}: {type(error).__name__} is a traceback") from error
    finally:
        made = file.parent / "made"
        for path in sorted(made.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        assert not list(file.parent.rglob(".*.part")), "something half-written is left"


def test_a_log_that_was_altered_is_healed_and_then_read(places: Path, workspace: Path) -> None:
    here = copied(places, workspace)
    log, draw = here / "own" / "responses.jsonl", random.Random("healed")
    (here / "own" / "trials.jsonl").unlink()
    raw = log.read_bytes()
    for number in range(COUNT):
        log.write_bytes(altered(raw, draw))
        with open_log(RunFolder(log.parent)):
            pass
        try:
            list(RunFolder(log.parent).responses())
        except BiasHarnessError as error:
            raise AssertionError(f"number {number}: what healing let stand is refused") from error


def test_an_altered_bundle_never_verifies_with_other_numbers(places: Path, workspace: Path) -> None:
    """Whatever is altered inside, with the sums put right or not: it is refused, or its tables are the same."""
    here, draw = copied(places, workspace), random.Random("bundle")
    with zipfile.ZipFile(here / "own.zip") as packed:
        content = {name: packed.read(name) for name in packed.namelist()}
    held = ("run/responses.jsonl", "run/trials.jsonl", "run/estimates.json", "data/pairs.csv", "bundle.json", SUMS)
    for number in range(max(COUNT // 6, 6)):
        name = held[number % len(held)]
        forged = {**content, name: altered(content[name], draw)}
        if name != SUMS:
            sums = (f"{hashlib.sha256(d).hexdigest()}  {n}\n" for n, d in sorted(forged.items()) if n != SUMS)
            forged[SUMS] = "".join(sums).encode()
        with zipfile.ZipFile(here / "f.zip", "w") as packed:
            for each, data in forged.items():
                packed.writestr(each, data)
        read_or_told(lambda file, forged=forged: _same_numbers(file, forged, content), here / "f.zip", number)


def _same_numbers(file: Path, forged: dict[str, bytes], content: dict[str, bytes]) -> None:
    if not verify(file).troubles:
        told, first = json.loads(forged["run/estimates.json"]), json.loads(content["run/estimates.json"])
        assert told == first, "verified, with other numbers"
