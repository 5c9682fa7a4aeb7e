"""Answers collected elsewhere become a run folder, whole or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bias_harness.asking import manifest_of
from bias_harness.audit import Audit
from bias_harness.errors import RunFolderError
from bias_harness.imports import TRIALS, failed, import_table, read_map, trial_lines
from bias_harness.results import EXPERIMENT, RunFolder, dump_line
from bias_harness.runs import Run


def import_answers(table: Path, mapping: Path, *, results: Path = Path("results"), name: str | None = None) -> Run:
    """Make a run folder from answers that were collected elsewhere; whole or not at all. Raises `InputError`."""
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
    folder.write_manifest({**manifest_of(audit), **told, "source": map_.source})
    folder.write(EXPERIMENT, audit.to_yaml())
    return Run(folder, audit)
