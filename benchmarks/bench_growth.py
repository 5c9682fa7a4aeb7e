"""What ten thousand answers cost, a hundred thousand, a million, ten million: CPU, peak memory and disk of every step.

    python benchmarks/bench_growth.py 10000 100000 [--folder DIR] [--workers 1] [--steps ask open read estimate report]

Every step is a process of its own, so that CPU (user and system) and peak memory are those of the step alone. `ask` is
a run against the simulated advisor, in the process, so that all but the wire is counted. From a million on the log is
written down instead (`written_log.py`: the same lines, asked of nobody), and `ask` is not measured; from five million
on what is read in it is written too, so that `read` is as `again`. `open` is what `run` does before its first
question, `read` makes the observations for the first time, `again` from what was kept, `estimate` is all estimates
after that, `report` every derived file. Disk is what the run folder takes after the step.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from written_log import write_log

from bias_harness import load_experiment, load_run
from bias_harness import run as ask_all
from bias_harness.design.audit import Audit
from bias_harness.results import RunFolder, open_log
from bias_harness.runs import Run

WRITTEN_FROM = 1_000_000
"""So many answers are not asked of the simulated advisor, but written down."""
TRIALS_A_REPEAT = 100
EXPERIMENT_TEXT = """\
experiment: growth
personas: {people: denver}
attributes: [{name: gender, levels: [male, female]}]
wordings: [terse, plain]
endpoints:
  - {name: sim, plant: {gaps: {gender: {female: -0.05}}}}
"""


def audit_of(folder: Path, answers: int) -> Audit:
    """An experiment with so many trials, in a workspace of its own."""
    path = folder / "experiments" / "growth.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EXPERIMENT_TEXT, encoding="utf-8")
    return load_experiment(path, repeats=max(1, answers // TRIALS_A_REPEAT))


def run_in(folder: Path, workers: int) -> Run:
    return load_run("growth", results=folder / "results", workers=workers)


def ask(folder: Path, answers: int, workers: int) -> None:
    if answers >= WRITTEN_FROM:
        write_log(audit_of(folder, answers), folder / "results" / "growth", answers)
    else:
        ask_all(audit_of(folder, answers), results=folder / "results")


def open_again(folder: Path, answers: int, workers: int) -> None:
    with open_log(RunFolder(folder / "results" / "growth")) as log:
        assert log.found.endpoints["sim"].answered == answers


def read(folder: Path, answers: int, workers: int) -> None:
    assert len(run_in(folder, workers).observations) == answers


def estimate(folder: Path, answers: int, workers: int) -> None:
    assert run_in(folder, workers).estimates.items


def report(folder: Path, answers: int, workers: int) -> None:
    run_in(folder, workers).write()


STEPS: dict[str, Callable[[Path, int, int], None]] = {
    "ask": ask,
    "open": open_again,
    "read": read,
    "again": read,
    "estimate": estimate,
    "report": report,
}
SHOWN = (("cpu", 1), ("wall", 1), ("peak", 0), ("disk", 0))


def measured(step: str, folder: Path, answers: int, workers: int) -> dict[str, float]:
    """Seconds of CPU, peak megabytes of the largest process, and megabytes on disk, of one step in its own process."""
    words = [sys.executable, __file__, str(answers), "--one", step, "--folder", str(folder), "--workers", str(workers)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{step} of {answers:,} answers: {done.stderr.strip()[-2_000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(step: str, folder: Path, answers: int, workers: int) -> dict[str, float]:
    began = time.perf_counter()
    STEPS[step](folder, answers, workers)
    wall = time.perf_counter() - began
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = sum(use.ru_utime + use.ru_stime for use in (own, children))
    disk = sum(path.stat().st_size for path in (folder / "results").rglob("*") if path.is_file())
    return {"cpu": cpu, "wall": wall, "peak": max(own.ru_maxrss, children.ru_maxrss) / 1024, "disk": disk / 1e6}


def table(sizes: list[int], steps: list[str], folder: Path | None, workers: int) -> Iterator[str]:
    yield "| answers | step | CPU, s | wall, s | peak memory, MB | disk, MB |"
    yield "|---|---|---|---|---|---|"
    for answers in sizes:
        with tempfile.TemporaryDirectory() as own:
            place = Path(own) if folder is None else folder / str(answers)
            for step in steps:
                found = measured(step, place, answers, workers)
                name = "(written)" if step == "ask" and answers >= WRITTEN_FROM else step
                cells = (
                    f"{found[key]:,.{digits}f}" for key, digits in (("cpu", 1), ("wall", 1), ("peak", 0), ("disk", 0))
                )
                yield f"| {answers:,} | {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("answers", type=int, nargs="+")
    options.add_argument("--steps", nargs="+", choices=list(STEPS), default=list(STEPS))
    options.add_argument("--folder", type=Path, help="Keep the runs there, for later steps; left out: thrown away.")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--one", choices=list(STEPS), help="Do this step in this process, and print what it took.")
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(one(chosen.one, chosen.folder, chosen.answers[0], chosen.workers)))
    else:
        for row in table(chosen.answers, chosen.steps, chosen.folder, chosen.workers):
            print(row, flush=True)
