"""Answers collected elsewhere become a run folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError
from bias_harness.results import EXPERIMENT, LOG, RunFolder, dump_line, writing
from bias_harness.results.manifest import EndpointTotals, Manifest, Totals
from bias_harness.results.totals import IMPORTED
from bias_harness.results.trials import HEAD
from bias_harness.runs import Run
from bias_harness.sharing import TRIALS, Import, read_map, resolved_of, trial_line
from bias_harness.workspace import Workspace


def import_answers(
    table: Path | Sequence[Path], mapping: Path, *, results: Path | None = None, name: str | None = None
) -> Run:
    """Make a run folder from answers that were collected elsewhere; whole or not at all. Raises `InputError`.

    Several tables are read as if they were one, in their order.

    `results` is where runs are kept, of the workspace here unless it is given.
    Rows go from the table to the folder one by one: memory does not grow with their texts.
    """
    map_ = read_map(mapping)
    workspace = Workspace.here()
    folder = RunFolder((results or workspace.results) / (name or map_.name))
    if (folder.path / EXPERIMENT).exists():
        raise RunFolderError(f"{folder.path} is there already; choose another folder with --name")
    made = Import([table] if isinstance(table, Path) else table, map_)
    _write_rows(made, folder)
    audit = Audit(resolved_of(made), workspace)
    endpoints = {e.name: _endpoint(made, e.name, e.model) for e in audit.experiment.endpoints}
    manifest = Manifest.begun(audit, endpoints).ended("success", endpoints)
    folder.write_manifest(replace(manifest, missing=tuple(made.told()), source=map_.source))
    folder.write(EXPERIMENT, audit.to_yaml())
    return Run(folder, audit)


def _write_rows(made: Import, folder: RunFolder) -> None:
    """The log and the trials; neither is left, nor a new folder, where a row is refused."""
    new = [path for path in (folder.path, *folder.path.parents) if not path.exists()]
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as files:
            trials, log = (files.enter_context(writing(folder.path / name)) for name in (TRIALS, LOG))
            trials.write(HEAD)
            for trial, response in made.rows():
                trials.write(trial_line(response.key, trial))
                log.write(dump_line(response))
    except BaseException:
        for path in new:
            path.rmdir()
        raise


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
