"""Answers collected elsewhere become a run folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError
from bias_harness.results import EXPERIMENT, LOG, RunFolder, dump_line, writing
from bias_harness.results.manifest import manifest_of
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
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    endpoints = {e.name: _endpoint(made, e.name, e.model) for e in audit.experiment.endpoints}
    told = {"finished_at": finished, "status": "success", "endpoints": endpoints, "missing": made.told()}
    folder.write_manifest({**manifest_of(audit), **told, "source": map_.source})
    folder.write(EXPERIMENT, audit.to_yaml())
    return Run(folder, audit)


def _write_rows(made: Import, folder: RunFolder) -> None:
    """The log and the trials; neither is left, nor a new folder, where a row is refused."""
    new = [path for path in (folder.path, *folder.path.parents) if not path.exists()]
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as files:
            trials, log = (files.enter_context(writing(folder.path / name)) for name in (TRIALS, LOG))
            for trial, response in made.rows():
                trials.write(trial_line(response.key, trial))
                log.write(dump_line(response))
    except BaseException:
        for path in new:
            path.rmdir()
        raise


def _endpoint(made: Import, name: str, model: str) -> dict[str, Any]:
    return {
        "model": model,
        "provider": "imported",
        "nature": "imported",
        "served": [model],
        "planned": made.answered[name] + made.failed[name],
        "already": 0,
        "answered": made.answered[name],
        "failed": made.failed[name],
        "retried": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": None,
        "stopped": None,
    }
