"""The flow, in order: wiring, no thought.

load_experiment -> plan | run (ask, read, estimate, report);  load_run -> estimate | report
"""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bias_harness.audit import Audit, load_audit, read_resolved
from bias_harness.config import Endpoint
from bias_harness.errors import InputError, RunFolderError
from bias_harness.plans import Plan, make_plan
from bias_harness.results import EXPERIMENT, RunFolder, find_run, open_log
from bias_harness.vocabulary import Answer, Request, Response, Trial

if TYPE_CHECKING:
    import pandas as pd

    from bias_harness.answers import Unread
    from bias_harness.design import Block
    from bias_harness.drift import Check, Policy, Snapshot
    from bias_harness.estimates import Estimates
    from bias_harness.runner import Tally, Work
    from bias_harness.sections import Material

LIBRARIES = ("bias_harness", "openai", "httpx2", "pydantic", "pandas", "scipy", "numpy", "matplotlib")
Progress = Callable[["Tally"], None]


def load_experiment(name: str | Path, *, repeats: int | None = None, changes: Mapping[str, Any] | None = None) -> Audit:
    """An experiment file, or an experiment by name, resolved and checked. Raises `InputError`."""
    wanted = dict(changes or {})
    if repeats is not None:
        wanted["repeats"] = repeats
    return load_audit(name, wanted)


def plan(audit: Audit) -> Plan:
    """What the experiment would ask and cost. Asks nothing."""
    return make_plan(audit)


@dataclass(frozen=True)
class Run:
    """One run: its folder, and the experiment as it was resolved when it was asked."""

    folder: RunFolder
    audit: Audit
    stopped: tuple[str, ...] = field(default=())

    @cached_property
    def observations(self) -> pd.DataFrame:
        """One row a trial that was answered or failed; see `bias_harness.frame`."""
        from bias_harness.frame import observations

        return observations(self.audit, self._rows())

    @cached_property
    def estimates(self) -> Estimates:
        """Every estimate of the run."""
        from bias_harness.estimates import estimate

        e = self.audit.experiment
        return estimate(self.observations, analysis=e.analysis, outcome=e.outcome)

    def raw(self, keys: Sequence[str]) -> dict[str, tuple[Response, Answer]]:
        """The responses and readings behind observation keys."""
        return {key: self._read[key] for key in keys if key in self._read}

    @cached_property
    def imported(self) -> dict[str, Trial] | None:
        """The trials by key of answers that were collected elsewhere; None for a run that was asked here."""
        from bias_harness.imports import TRIALS, read_trials

        path = self.folder.path / TRIALS
        return read_trials(path) if path.is_file() else None

    def _question(self, trial: Trial) -> str:
        block = self._blocks[trial.wording, trial.language]
        return "\n".join(m.content for m in self.audit.prompter.messages(block, block.variants[0]))

    @cached_property
    def _blocks(self) -> dict[tuple[str, str], Block]:
        return {(block.wording, block.language): block for block in self.audit.design.blocks()}

    def everything(self) -> Iterable[tuple[Response, Answer]]:
        """Every response with its reading, once."""
        return self._read.values()

    @cached_property
    def _read(self) -> dict[str, tuple[Response, Answer]]:
        return {response.key: (response, answer) for _, response, answer in self._rows()}

    def _rows(self) -> Iterator[tuple[Trial, Response, Answer]]:
        from bias_harness.answers import Reader

        latest = self.folder.latest()
        reader = Reader(self.audit.experiment.outcome)
        if self.imported is not None:
            for key, trial in self.imported.items():
                told = latest[key]
                yield trial, told, reader.read(told, language=trial.language, prompt=self._question(trial))
            return
        for endpoint in self.audit.experiment.endpoints:
            for block, requests in self.audit.requests(endpoint):
                for request in requests:
                    response = latest.get(request.key)
                    if response is not None and request.trial is not None:
                        prompt = "\n".join(m.content for m in request.messages)
                        answer = reader.read(response, language=block.language, prompt=prompt)
                        yield request.trial, response, answer


def environment(workspace: Path) -> dict[str, str]:
    """The variables a run may read keys from: those of the process, and `.env` here or in the workspace."""
    found: dict[str, str] = {}
    for folder in (workspace, Path.cwd()):
        path = folder / ".env"
        if path.is_file():
            found |= _env_file(path)
    return found | dict(os.environ)


def _env_file(path: Path) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"{path}, line {number}: NAME=value is wanted here")
        pairs[name.strip()] = value.strip().strip("'\"")
    return pairs


async def arun(
    audit: Audit,
    *,
    results: Path | None = None,
    name: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Ask whatever is not answered yet, and keep it in `<results>/<name>/`.

    Returns the run as it stands, complete or not; `Run.stopped` says which endpoints were given up and why. The
    first interrupt lets what is in flight finish. Raises `InputError` before anything is asked where a key, a
    model or a recording is missing, `RunFolderError` where the folder cannot be used.
    """
    from bias_harness.runner import Purse, Runner

    folder = _folder(audit, results, name)
    with open_log(folder) as log:
        folder.write(EXPERIMENT, audit.to_yaml())
        works = [_work(audit, endpoint, limit) for endpoint in audit.experiment.endpoints]
        manifest = _manifest(audit)
        folder.write_manifest({**manifest, "status": "started"})
        stop = asyncio.Event()
        purse = Purse(audit.experiment.budget, log.found.cost)
        share = audit.experiment.max_error_share
        runner = Runner(log, log.found.settled(), share, stop, progress or (lambda _: None), purse)
        status = "error"
        try:
            with _drain_on_interrupt(stop):
                await runner.run(works)
            status = _status(works, stop)
        except (KeyboardInterrupt, asyncio.CancelledError):
            status = "interrupted"
            raise
        finally:
            for work in works:
                close = getattr(work.provider, "aclose", None)
                if close is not None:
                    await close()
            folder.write_manifest(_finished(manifest, works, status))
    return Run(folder, audit, tuple(w.tally.stopped for w in works if w.tally.stopped))


def run(audit: Audit, **options: Any) -> Run:
    """`arun` for a caller without an event loop; inside a running one (a notebook) it uses a thread of its own."""
    from bias_harness.runner import in_loop

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return in_loop(arun(audit, **options))
    found: list[Run] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.append(in_loop(arun(audit, **options)))
        except BaseException as error:  # noqa: BLE001 - handed to the caller below
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def results_of(audit: Audit) -> Path:
    """Where an experiment's runs are kept unless something else is said."""
    return audit.workspace / "results"


def _folder(audit: Audit, results: Path | None, name: str | None) -> RunFolder:
    folder = RunFolder((results or results_of(audit)) / (name or audit.experiment.experiment))
    if (folder.path / EXPERIMENT).exists():
        there = read_resolved(folder.experiment(), str(folder.path / EXPERIMENT), folder.path)
        if there.experiment.experiment != audit.experiment.experiment:
            raise RunFolderError(
                f"{folder.path} holds a run of the experiment {there.experiment.experiment!r}, not of "
                f"{audit.experiment.experiment!r}; choose another folder with --name"
            )
    return folder


def _work(audit: Audit, endpoint: Endpoint, limit: int | None) -> Work:
    from bias_harness.providers import Context, create
    from bias_harness.runner import Tally, Work, price_of

    context = Context(
        environment(audit.workspace),
        {p.id: p.field for p in audit.design.personas},
        audit.experiment.outcome.currency,
    )
    provider = create(endpoint, context)
    planned = sum(c.trials for c in audit.design.counts())
    tally = Tally(endpoint.name, min(planned, limit or planned), provider.nature)
    return Work(endpoint, provider, _requests(audit, endpoint, limit), tally, price_of(endpoint))


def _requests(audit: Audit, endpoint: Endpoint, limit: int | None) -> Iterator[Request]:
    """The endpoint's requests in order; `limit` takes whole blocks, at least one."""
    taken = 0
    for _, block in audit.requests(endpoint):
        if limit is not None and taken and taken + len(block) > limit:
            return
        taken += len(block)
        yield from block


@contextmanager
def _drain_on_interrupt(stop: asyncio.Event) -> Iterator[None]:
    """The first Ctrl-C lets what is in flight finish; the second one stops at once."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupted() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    if threading.current_thread() is not threading.main_thread() or os.name == "nt":
        yield
        return
    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, interrupted)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        loop.remove_signal_handler(signal.SIGTERM)


def _status(works: Iterable[Work], stop: asyncio.Event) -> str:
    if stop.is_set():
        return "interrupted"
    return "error" if any(w.tally.stopped or w.tally.failed for w in works) else "success"


def _manifest(audit: Audit) -> dict[str, Any]:
    return {
        "format": 1,
        "experiment": audit.experiment.experiment,
        "digest": audit.digest,
        "digests": audit.digests,
        "versions": {name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(terse=True),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _finished(manifest: Mapping[str, Any], works: Iterable[Work], status: str) -> dict[str, Any]:
    endpoints = {
        w.endpoint.name: {
            "model": w.endpoint.model,
            "provider": w.endpoint.provider,
            "nature": w.tally.nature,
            "served": sorted(w.tally.served),
            "sampling_added": dict(getattr(w.provider, "sampling_added", {})),
            "planned": w.tally.planned,
            "already": w.tally.already,
            "answered": w.tally.answered,
            "failed": w.tally.failed,
            "retried": w.tally.retried,
            "input_tokens": w.tally.input_tokens,
            "output_tokens": w.tally.output_tokens,
            "cost": w.tally.cost,
            "stopped": w.tally.stopped,
        }
        for w in works
    }
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    return {**manifest, "finished_at": finished, "status": status, "endpoints": endpoints}


def load_run(name: str | Path, *, results: Path | None = None) -> Run:
    """A run by its folder or name. Raises `InputError` where there is none."""
    folder = find_run(name, results or Path("results"))
    return Run(folder, read_resolved(folder.experiment(), str(folder.path / EXPERIMENT), folder.path.parent.parent))


def estimate(of: Run) -> Estimates:
    """Read, estimate and write `observations.parquet` and `estimates.json`. Asks nothing."""
    import io
    import json

    of.folder.write("estimates.json", json.dumps(of.estimates.to_dict(), allow_nan=False, indent=1) + "\n")
    buffer = io.BytesIO()
    of.observations.to_parquet(buffer, index=False)
    of.folder.write("observations.parquet", buffer.getvalue())
    return of.estimates


def report(of: Run, languages: Iterable[str] = ("nl", "en")) -> list[Path]:
    """Write the page in each language and the figures. Returns the pages' paths. Asks nothing."""
    from bias_harness.report import pages

    made = pages(material(of), languages)
    return [
        path for name, data in made.items() for path in [of.folder.write(name, data)] if path.name.startswith("report.")
    ]


def material(of: Run) -> Material:
    """What a page of this run is made of."""
    from bias_harness.sections import Material

    return Material(of.audit, of.observations, of.estimates, of.folder.manifest(), of.raw, of.folder.name)


def headlines(of: Run, language: str = "en") -> list[str]:
    """The findings of a run in plain sentences with their numbers, and what kind of model they are about."""
    from bias_harness.i18n import texts
    from bias_harness.sections import first

    spoken = texts(language)
    built = first.build(material(of), spoken)
    lines = list(built["banners"])
    for found in built["findings"]:
        lines += [f"{found['verdict'].upper()}: {found['sentence']}", f"    {found['numbers']}"]
    return lines


def score(of: Run) -> tuple[list[dict[str, Any]], list[Unread]]:
    """What the present reader reads differently than `observations.parquet` has it, and what it cannot read."""
    import pandas as pd

    from bias_harness.answers import unread
    from bias_harness.errors import RunFolderError

    path = of.folder.path / "observations.parquet"
    if not path.is_file():
        raise RunFolderError(f"{path} is not there; make it with: bias-harness estimate {of.folder.path}")
    read = ["key", "status", "annual", "currency", "period"]
    before = pd.read_parquet(path, columns=read).drop_duplicates("key").astype({"status": str})
    now = of.observations[read].drop_duplicates("key").astype({"status": str})
    both = before.merge(now, on="key", suffixes=("_before", "_now"))
    same = (both["status_before"] == both["status_now"]) & (
        (both["annual_before"] == both["annual_now"]) | (both["annual_before"].isna() & both["annual_now"].isna())
    )
    moved = both[~same]
    texts = {key: response.text for key, (response, _) in of.raw(moved["key"].tolist()).items()}
    rows = [{**{str(k): v for k, v in row.items()}, "text": texts.get(row["key"])} for row in moved.to_dict("records")]
    answers = ((response.text or "", answer) for response, answer in of.everything())
    return rows, unread(answers)


def record(audit: Audit, into: Path, source: Path, *, limit: int | None = None) -> Run:
    """Ask (what is not there yet), and leave a fixture fit for a repository. Raises where a request has no answer."""
    from bias_harness.errors import BiasHarnessError
    from bias_harness.fixtures import tidy

    made = run(audit, results=into.parent, name=into.name, limit=limit)
    if made.stopped or (made.observations["status"].astype(str) == "failed").any():
        raise BiasHarnessError(f"the recording is not complete: {'; '.join(made.stopped) or 'some requests failed'}")
    wanted = set(made.observations["key"])
    tidy(made.folder, made.audit, source, wanted)
    return made


def snapshot(of: Run) -> Snapshot:
    """What a later check compares with."""
    from bias_harness import drift
    from bias_harness.answers import reader_version
    from bias_harness.fixtures import answers_digest

    latest = of.folder.latest()
    e = of.audit.experiment
    made_of = {
        "answers": answers_digest(latest.values()),
        "served": sorted({r.served_model for r in latest.values() if r.served_model}),
        "profiles": len(of.audit.design.personas),
        "wordings": len(e.wordings),
        "repeats": e.repeats,
        "bias_harness": version("bias_harness"),
    }
    return drift.snapshot(e.experiment, of.audit.digests, reader_version(), of.observations, of.estimates, made_of)


def check(fixture: Path, *, policy: Policy, baseline: Path | None = None) -> Check:
    """Replay a fixture and compare it with its accepted baseline. Asks nothing."""
    from bias_harness import drift
    from bias_harness.fixtures import BASELINE, complete_gate, open_fixture, read_baseline, source_gate

    folder, audit = open_fixture(fixture)
    accepted = read_baseline(baseline or fixture / BASELINE)
    now = Run(folder, audit)
    gates = [g for g in (complete_gate(folder, now.observations), source_gate(folder, audit)) if g is not None]
    if any(g.outcome != "pass" for g in gates):
        return drift.Check(audit.experiment.experiment, tuple(gates), policy)
    compared = drift.compare(snapshot(now), accepted, policy)
    return replace(compared, gates=(*gates, *compared.gates))


def accept(fixture: Path, *, why: str, baseline: Path | None = None) -> Path:
    """Write the fixture's baseline and, beside it, what moved and why. Returns the baseline's path."""
    import json

    from bias_harness import drift
    from bias_harness.fixtures import BASELINE, history_entry, open_fixture, read_baseline
    from bias_harness.results import write_whole

    path = baseline or fixture / BASELINE
    new = snapshot(Run(*open_fixture(fixture)))
    old = read_baseline(path) if path.exists() else None
    result = drift.compare(new, old, drift.Policy()) if old else None
    history = path.with_suffix(".md")
    before = history.read_text(encoding="utf-8") if history.exists() else ""
    write_whole(path, json.dumps(new.to_dict(), indent=1, sort_keys=True, allow_nan=False) + "\n")
    write_whole(history, history_entry(new, old, result, why) + before)
    return path


def import_answers(table: Path, mapping: Path, *, results: Path = Path("results"), name: str | None = None) -> Run:
    """Make a run folder from answers that were collected elsewhere; whole or not at all. Raises `InputError`."""
    from bias_harness.imports import TRIALS, failed, import_table, read_map, trial_lines
    from bias_harness.results import dump_line

    map_ = read_map(mapping)
    made = import_table(table, map_)
    folder = RunFolder(results / (name or map_.name))
    if (folder.path / EXPERIMENT).exists():
        raise RunFolderError(f"{folder.path} is there already; choose another folder with --name")
    audit = Audit(made.resolved, results.resolve().parent)
    responses = [failed(r, map_.failed) for r in made.responses]
    counts = {e.name: sum(r.endpoint == e.name for r in responses) for e in audit.experiment.endpoints}
    endpoints = {
        e.name: {
            "model": e.model,
            "provider": "imported",
            "nature": "imported",
            "served": [e.model],
            "planned": counts[e.name],
            "already": 0,
            "answered": sum(r.endpoint == e.name and r.error is None for r in responses),
            "failed": sum(r.endpoint == e.name and r.error is not None for r in responses),
            "retried": 0,
            "input_tokens": 0,
            "output_tokens": 0,
            "cost": None,
            "stopped": None,
        }
        for e in audit.experiment.endpoints
    }
    folder.write(TRIALS, trial_lines(made.trials))
    folder.write("responses.jsonl", b"".join(dump_line(r) for r in responses))
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"finished_at": finished, "status": "success", "endpoints": endpoints, "missing": made.missing}
    folder.write_manifest({**_manifest(audit), **told, "source": map_.source})
    folder.write(EXPERIMENT, audit.to_yaml())
    return Run(folder, audit)
