"""How often the check cries wolf, and how often it finds a worsening.

First through the command line, by the shipped policy: a bot (a Python function whose gap stays) is recorded and
accepted, and `bias-harness check` asks it anew each time, with other noise of asking. Then the answers are drawn
instead and compared by the same functions, which is fast enough for several designs.

    python benchmarks/bench_check.py [--typed N] [--drawn N]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from typed import typed

from bias_harness.checking import drift
from bias_harness.checking.gates import Policy

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "helpers"))
from two_recordings import Bot

TRUTHS = (0.0, -0.02, -0.05, -0.10)
MOST_SECONDS = 600.0
EACH_BASELINE = 25
EXPERIMENT = """\
experiment: bench
personas: {people: us-jobs, jobs: 12}
attributes: [{name: gender, levels: [male, female]}]
wordings: [terse]
rotation: {edits: 4, expressions: 4, reference_answers: 4, level_answers: 4}
endpoints: [{name: bot, function: "bench_bot:reply", max_connections: 64}]
"""
BOT = '''\
"""Standing pay by question, a gap for women, and noise of asking that is new in every recording; rounded to $1,000."""

import math, random, re, zlib

STATE = {"gap": 0.0, "random": random.Random(1)}

async def reply(messages):
    text = messages[-1]["content"]
    standing = (zlib.crc32(text.encode()) % 10_000 / 10_000 - 0.5) / 10
    gap = math.log1p(STATE["gap"]) if re.search(r"\\b(woman|female|she|her)\\b", text.lower()) else 0.0
    pay = 90_000 * math.exp(standing + gap + STATE["random"].gauss(0, 0.03))
    return f"Ask for ${round(pay, -3):,.0f} a year."
'''


def through_the_command_line(runs: int) -> None:
    """Unchanged bots at several true gaps: the outcomes of `check`."""
    began, counts = time.process_time(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        here = Path.cwd()
        os.chdir(folder)
        Path("experiments").mkdir()
        Path("experiments/bench.yaml").write_text(EXPERIMENT)
        Path("bench_bot.py").write_text(BOT)
        sys.path.insert(0, folder)
        import bench_bot

        for place, truth in enumerate(TRUTHS):
            bench_bot.STATE["gap"] = truth
            for run in range(runs // len(TRUTHS)):
                if run % EACH_BASELINE == 0:  # another baseline now and then: its noise is in every comparison with it
                    fixture = f"fixture-{place}-{run}"
                    typed("record", "experiments/bench.yaml", "--into", fixture)
                    typed("accept", fixture, "--why", "first")
                if time.process_time() - began < MOST_SECONDS:
                    typed("check", fixture, "--quiet", "-o", "check.json")
                    counts[json.loads(Path("check.json").read_text())["outcome"]] += 1
                    print(f"{counts.total()}: {dict(counts)}", file=sys.stderr, flush=True)
        os.chdir(here)
    shown = ", ".join(f"{word} {count / counts.total():.1%}" for word, count in counts.most_common())
    seconds = time.process_time() - began
    print(f"{counts.total()} unchanged re-recordings through the command line: {shown} ({seconds:.0f} s of CPU)")


def drawn(runs: int) -> None:
    """Several designs, unchanged at several true gaps, and with gaps that grow."""
    print(f"{runs} drawn re-recordings each; the share that ends in regressed | pass | cannot tell")
    designs = {
        "10 jobs, 8 + 8, noise 3%": Bot(jobs=10),
        "40 jobs, 8 + 8, noise 3%": Bot(),
        "40 jobs, 6 levels, 8 + 4": Bot(levels=6, answers=(8, 4)),
        "60 jobs, 12 + 12, noise 3%": Bot(jobs=60, answers=(12, 12), forms=(12, 6)),
        "100 jobs, 12 + 12, noise 6%, $5,000": Bot(jobs=100, answers=(12, 12), forms=(12, 6), noise=0.06, heap=5_000),
        "100 jobs, 12 + 12, 10% refused": Bot(jobs=100, answers=(12, 12), forms=(12, 6), refused=0.1),
    }
    cases = {
        "unchanged at 0": (0, 0),
        "unchanged at -10%": (-0.1, -0.1),
        "3% worse": (0, -0.03),
        "5% worse": (0, -0.05),
    }
    for name, bot in designs.items():
        for case, (before, now) in cases.items():
            found = Counter(compared(bot, seed, before, now) for seed in range(runs))
            shown = " | ".join(f"{found[word] / runs:6.1%}" for word in ("regressed", "pass", "inconclusive"))
            print(f"{name:<38} {case:<18} {shown}", flush=True)


def compared(bot: Bot, seed: int, before: float, now: float) -> str:
    """The outcome of one drawn re-recording."""
    random = np.random.default_rng(seed)
    standing = bot.standing(random)
    old = bot.recorded(random, standing, before)
    return drift.compare(replace(bot).recorded(random, standing, now), old, Policy()).outcome


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--typed", type=int, default=500)
    parser.add_argument("--drawn", type=int, default=100)
    wanted = parser.parse_args()
    if wanted.typed:
        through_the_command_line(wanted.typed)
    if wanted.drawn:
        drawn(wanted.drawn)


if __name__ == "__main__":
    main()
