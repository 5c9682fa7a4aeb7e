"""How long a monitor of many runs takes and how large it is: 20 runs of three models, at most 50 answers a cell shown.

    python benchmarks/bench_site.py [RUNS]

Answers are drawn by a random number generator; nothing is asked. Prints seconds, beyond reading and estimating, and MB.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

from bench_report import material_of

from bias_harness.design.audit import load_audit
from bias_harness.reporting.report import site_files

ASKED = {
    "endpoints": [{"name": f"model-{i}", "plant": {"seed": i}} for i in range(3)],
    "personas": {"people": "us-jobs", "jobs": 40},
    "attributes": [{"name": "gender", "levels": ["male", "female"]}],
    "wordings": ["terse", "plain"],
    "repeats": 12,
}


def main(runs: int) -> None:
    one = material_of(load_audit("simulated", ASKED))
    cpu, wall = sum(os.times()[:4]), time.perf_counter()
    made = site_files([replace(one, run=f"run-{i:02}") for i in range(runs)])
    cpu, wall = sum(os.times()[:4]) - cpu, time.perf_counter() - wall
    size = sum(map(len, made.values())) / 1e6
    print(f"{runs} runs of {len(one.observations):,} answers each, {len(made)} files: {size:.1f} MB")
    print(f"{cpu:.1f} s CPU, {wall:.1f} s wall")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
