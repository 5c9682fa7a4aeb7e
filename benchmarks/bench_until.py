"""How often a run that stops when it is clear errs, and how many jobs it takes, beside the same run asked to the end.

Through the command line, in this process: `bias-harness run FILE --until decided`, and the same without, of a bot (a
Python function) that gives women so much less. No page is written: what is read is the run's judgements.
Before that, answers are drawn and judged by the same functions: fast enough for rates of errors, at the margin too.

    python benchmarks/bench_until.py [--runs 20] [--jobs 100] [--gaps 0,-5,-10] [--margin 2] [--noise 6] [--drawn 400]
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from itertools import product
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
from simulated_answers import CONDITIONS, REFERENCE, Design, Truth, simulate
from typed import typed

from bias_harness.estimating.looks import looks_of
from bias_harness.estimating.sequential import Looked, judge_looked
from bias_harness.outcome import Analysis, Outcome

EXPERIMENT = """\
experiment: bench
personas: {{people: us-jobs, jobs: {jobs}}}
attributes: [{{name: gender, levels: [male, female]}}]
wordings: [terse]
rotation: {{edits: 8, expressions: 4, reference_answers: 4, level_answers: 4}}
analysis: {{smallest_gap: {margin}%}}
seed: {seed}
endpoints: [{{name: bot, function: "bench_until_bot:reply", max_connections: 64}}]
"""
BOT = '''\
"""A gap for women that differs by job, a standing that the words have, and noise; rounded to $1,000."""

import hashlib, math, random, re

STATE = {"gap": 0.0, "seed": 0, "jobs": 0.02, "words": 0.005, "noise": 0.06}

def drawn(what):
    return random.Random(f"{STATE['seed']}/{what}").gauss(0, 1)

def reply(messages):
    text = messages[-1]["content"].lower()
    woman = re.search(r"\\b(woman|women|female|she|her)\\b", text)
    job = re.search(STATE["names"], text).group(0)
    form = text.replace(job, "")
    own = STATE["gap"] + STATE["jobs"] * drawn(job + "/gap") if woman else 0.0
    pay = 90_000 * math.exp(0.2 * drawn(job) + own + STATE["words"] * drawn(form) + STATE["noise"] * drawn(text))
    return f"Ask for ${round(pay, -3):,.0f} a year."
'''
DIFFERS = ("clear_gap", "difference_too_small_to_matter", "difference_of_unclear_size")
SAME = ("practically_the_same", "difference_too_small_to_matter")


def judged(name: str, *words: str) -> tuple[str, int, bool]:
    """The word of one run, the jobs that it asked, and whether its interval holds zero's and the true gap's place."""
    from bias_harness import pipeline

    with patch("bias_harness.runs.loaded.Run.write", lambda *_: []):  # the words, not their pages
        code = typed("run", "experiments/bench.yaml", "--name", name, "--quiet", *words)
    if code:
        raise SystemExit(f"the run left with {code}")
    run = pipeline.load_run(name)
    (judgement,) = run.judgements.items
    asked = run.observations["job"].nunique()
    shutil.rmtree(run.folder.path)
    truth, gap = STATE["gap"], judgement.gap
    assert gap is not None
    holds = gap.low is not None and gap.high is not None and gap.low <= truth <= gap.high
    return str(judgement.word), int(asked), holds


STATE: dict[str, float] = {}


def measure(gap: float, wanted: argparse.Namespace) -> None:
    """Runs at one true gap, to the end and until decided, of the same bots."""
    import bench_until_bot

    words = {"to the end": Counter[str](), "until decided": Counter[str]()}
    jobs, covered, began = Counter[str](), Counter[str](), time.process_time()
    STATE["gap"] = bench_until_bot.STATE["gap"] = math.log1p(gap / 100)
    bench_until_bot.STATE["noise"] = wanted.noise / 100
    for seed in range(wanted.first, wanted.first + wanted.runs):
        bench_until_bot.STATE["seed"] = seed
        text = EXPERIMENT.format(jobs=wanted.jobs, margin=wanted.margin, seed=seed + 1)
        Path("experiments/bench.yaml").write_text(text)
        bench_until_bot.STATE["names"] = names()
        for way, more in (("to the end", ()), ("until decided", ("--until", "decided"))):
            word, asked, holds = judged(way.replace(" ", "-"), *more)
            words[way][word] += 1
            jobs[way] += asked
            covered[way] += holds
    for way, found in words.items():
        of = found.total()
        shares = [sum(found[w] for w in some) / of for some in (DIFFERS, ("clear_gap",), SAME)]
        print(
            f"{gap:+5.1f} %  {way:<13}  differs {shares[0]:6.1%}  clear {shares[1]:6.1%}  the same {shares[2]:6.1%}  "
            f"covered {covered[way] / of:6.1%}  jobs {jobs[way] / of:5.1f}  {of} runs"
        )
    print(f"         {time.process_time() - began:.0f} s of CPU", flush=True)


def drawn(runs: int, jobs: int, margin: float, first: int) -> None:
    """Runs of drawn answers under three conditions: nothing there, a gap of just the margin, and larger ones."""
    planned = tuple(f"job-{n + 1}" for n in range(jobs))
    looks = Looked(planned, looks_of(jobs))
    once = Looked(planned, (jobs,))
    told = {"analysis": Analysis(smallest_gap=margin / 100), "outcome": Outcome()}
    truths = {"0": 0.0, "the margin": -math.log1p(margin / 100), "-5 %": math.log(0.95), "-10 %": math.log(0.9)}
    for condition, (name, gap) in product(("calm", "typical", "hard"), truths.items()):
        words = {"to the end": Counter[str](), "until decided": Counter[str]()}
        asked = 0
        for seed in range(first, first + runs):
            table = simulate(Design(jobs=jobs), CONDITIONS[condition], Truth(gap), np.random.default_rng(seed))
            for way, looked in zip(words, (once, looks), strict=True):
                (judgement,) = judge_looked(observed(table), looked, **told).items
                words[way][str(judgement.word)] += 1
                asked += (judgement.decided_after or jobs) if looked is looks else 0
        for way, found in words.items():
            shares = [sum(found[w] for w in some) / runs for some in (DIFFERS, ("clear_gap",), SAME)]
            used = asked / runs if way == "until decided" else jobs
            print(
                f"{condition:<8} {name:<11} {way:<13}  differs {shares[0]:6.1%}  clear {shares[1]:6.1%}  "
                f"the same {shares[2]:6.1%}  jobs {used:5.1f}  {runs} drawn",
                flush=True,
            )


def observed(table: pd.DataFrame) -> pd.DataFrame:
    """The simulated answers as a table of observations."""
    named = table.rename(columns={"model": "endpoint", "amount": "annual"})
    reference = named["level"] == REFERENCE
    return named.assign(attribute="group", persona=named["job"], reference=reference, status="ok")


def names() -> str:
    """A pattern that finds the job in a question."""
    import re

    from bias_harness import pipeline

    audit = pipeline.load_experiment("experiments/bench.yaml")
    said = sorted({p.job_phrase["en"].lower() for p in audit.design.personas}, key=len, reverse=True)
    return "|".join(map(re.escape, said))


def main() -> None:
    """Print a line for each gap and way of asking."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first run")
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--gaps", default="0,-5,-10")
    parser.add_argument("--margin", type=float, default=2)
    parser.add_argument("--noise", type=float, default=6)
    parser.add_argument("--drawn", type=int, default=400)
    wanted = parser.parse_args()
    drawn(wanted.drawn, wanted.jobs, wanted.margin, wanted.first)
    if not wanted.runs:
        return
    with tempfile.TemporaryDirectory() as folder:
        here = Path.cwd()
        os.chdir(folder)
        Path("experiments").mkdir()
        Path("bench_until_bot.py").write_text(BOT)
        sys.path.insert(0, folder)
        for gap in wanted.gaps.split(","):
            measure(float(gap), wanted)
        os.chdir(here)


if __name__ == "__main__":
    main()
