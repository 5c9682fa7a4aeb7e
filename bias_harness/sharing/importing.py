"""Answers collected elsewhere become a run folder, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bias_harness.design.audit import Audit
from bias_harness.errors import RunFolderError, UsageError
from bias_harness.handwritten import is_name
from bias_harness.results import EXPERIMENT, LOG, RunFolder, dump_line, writing
from bias_harness.results.manifest import manifest_of
from bias_harness.runs import Run
from bias_harness.sharing import TRIALS, Import, read_map, resolved_of, trial_line


def import_answers(
    table: str | Path | Sequence[str | Path],
    mapping: str | Path,
    *,
    results: str | Path = "results",
    name: str | None = None,
) -> Run:
    """Make a run folder from answers that were collected elsewhere; whole or not at all. Raises `InputError`.

    Several tables are read as if they were one, in their order.

    Rows go from the table to the folder one by one: memory does not grow with their texts.
    """
    map_ = read_map(Path(mapping))
    if name is not None and not is_name(name):
        raise UsageError(f"--name {name}: a name has letters, digits, '.', '_' and '-', and fits every system")
    folder = RunFolder(Path(results) / (name or map_.name))
    if folder.path.exists() and (not folder.path.is_dir() or any(folder.path.iterdir())):
        raise RunFolderError(f"{folder.path} is there already; choose another folder with --name")
    made = Import([Path(one) for one in ([table] if isinstance(table, str | Path) else table)], map_)
    with _whole(folder.path) as beside:
        audit = _write(made, RunFolder(beside), Path(results).resolve().parent)
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


def _write(made: Import, folder: RunFolder, workspace: Path) -> Audit:
    """The log, the trials, the experiment that they amount to, the manifest."""
    with ExitStack() as files:
        trials, log = (files.enter_context(writing(folder.path / name)) for name in (TRIALS, LOG))
        for trial, response in made.rows():
            trials.write(trial_line(response.key, trial))
            log.write(dump_line(response))
    audit = Audit(resolved_of(made), workspace)
    audit.check()
    finished = datetime.now(UTC).isoformat(timespec="seconds")
    endpoints = {e.name: _endpoint(made, e.name, e.model) for e in audit.experiment.endpoints}
    told = {"finished_at": finished, "status": "success", "endpoints": endpoints, "missing": made.told()}
    folder.write_manifest({**manifest_of(audit), **told, "source": made.mapping.source})
    folder.write(EXPERIMENT, audit.to_yaml())
    return audit


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
