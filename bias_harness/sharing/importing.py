"""Answers collected elsewhere become a run folder, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError, UsageError
from bias_harness.handwritten import is_name
from bias_harness.results import EXPERIMENT, LOG, RunFolder, dump_line, writing
from bias_harness.results.manifest import EndpointTotals, Manifest, Totals
from bias_harness.results.totals import IMPORTED
from bias_harness.results.trials import HEAD
from bias_harness.runs import Run
from bias_harness.sharing import TRIALS, Import, read_map, resolved_of, trial_line
from bias_harness.workspace import Workspace


def import_answers(
    table: str | Path | Sequence[str | Path],
    mapping: str | Path,
    *,
    results: str | Path | None = None,
    name: str | None = None,
) -> Run:
    """Make a run folder from answers that were collected elsewhere; whole or not at all. Raises `InputError`.

    Several tables are read as if they were one, in their order.

    `results` is where runs are kept, of the workspace here unless it is given.
    Rows go from the table to the folder one by one: memory does not grow with their texts.
    """
    map_ = read_map(Path(mapping))
    if name is not None and not is_name(name):
        raise UsageError(f"--name {name}: a name has letters, digits, '.', '_' and '-', and fits every system")
    workspace = Workspace.here()
    folder = RunFolder((Path(results) if results else workspace.results) / (name or map_.name))
    if folder.path.exists() and (not folder.path.is_dir() or any(folder.path.iterdir())):
        raise RunFolderError(f"{folder.path} is there already; choose another folder with --name")
    made = Import([Path(one) for one in ([table] if isinstance(table, str | Path) else table)], map_)
    with _whole(folder.path) as beside:
        audit = _write(made, RunFolder(beside), workspace)
    return Run(folder, audit)


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder to fill beside the one that is meant; it takes that place when all went well, else nothing stays."""
    new = [path for path in folder.parents if not path.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield beside
        beside.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        for path in new:
            path.rmdir()
        raise


def _write(made: Import, folder: RunFolder, workspace: Workspace) -> Audit:
    """The log, the trials, the experiment that they amount to, the manifest."""
    with ExitStack() as files:
        trials, log = (files.enter_context(writing(folder.path / name)) for name in (TRIALS, LOG))
        trials.write(HEAD)
        for trial, response in made.rows():
            trials.write(trial_line(response.key, trial))
            log.write(dump_line(response))
    audit = Audit(resolved_of(made), workspace)
    if made.mapping.prompts:  # our own stand-in for an unknown prompt has nothing to compare
        audit.check()
    endpoints = {e.name: _endpoint(made, e.name, e.model) for e in audit.experiment.endpoints}
    manifest = Manifest.begun(audit, endpoints).ended("success", endpoints)
    folder.write_manifest(replace(manifest, missing=tuple(made.told()), source=made.mapping.source))
    folder.write(EXPERIMENT, audit.to_yaml())
    return audit


def _endpoint(made: Import, name: str, model: str) -> EndpointTotals:
    answered, failed = made.answered[name], made.failed[name]
    return EndpointTotals(
        nature="imported",
        provider=IMPORTED,
        model=model,
        served=(model,),
        designed=answered + failed,
        present=answered,
        planned=answered + failed,
        answered=answered,
        failed=failed,
        in_all=Totals(answered, failed),
    )
