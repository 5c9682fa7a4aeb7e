"""How often each word is said when it is true and when it is false, through what users run.

    python benchmarks/bench_words.py --runs 500 --cells "fair" --workers 2

Every run is a table of simulated answers that is imported with a map by the command line itself, in this process:
`bias-harness import answers.csv --map map.yaml --judgements`; the words are read from the JSON that it prints.
`--cells` takes the cells whose name contains the text; `--list` names them all. The Monte Carlo
error is one standard error.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from simulated_answers import CONDITIONS, REFERENCE, Condition, Design, Truth, simulate

DIFFERS = {
    "clear_gap",
    "difference_too_small_to_matter",
    "difference_of_unclear_size",
    "difference_in_these_cases",
    "difference_in_these_words",
}
SAME = {"practically_the_same", "difference_too_small_to_matter"}


NOTHING = Truth()


@dataclass(frozen=True)
class Cell:
    """One condition: a design, how answers vary, what is planted; `at_most` is asked of the named rate, in per cent."""

    name: str
    design: Design
    condition: Condition
    truth: Truth
    asked: str = ""


@dataclass
class Counts:
    """What the runs of a cell said."""

    runs: int = 0
    differs: int = 0
    clear: int = 0
    same: int = 0
    uneven: int = 0
    held: int = 0
    judged: int = 0
    half: float = 0.0
    words: Counter[str] = field(default_factory=Counter)


FAMILIES = ((1, 1), (4, 2), (5, 3), (5, 23))


def sized(jobs: int, models: int, levels: int) -> Design:
    """The design of a family at a number of jobs."""
    return Design(models, jobs, levels, 12, 6, 4, 1 if levels > 3 else 2)


def fair() -> Iterator[Cell]:
    """Nothing is there: what is asserted is false."""
    for jobs, (models, levels) in product((10, 20, 60), FAMILIES):
        name = f"fair, family {models * levels}, {jobs} jobs"
        yield Cell(name, sized(jobs, models, levels), CONDITIONS["typical"], NOTHING, "differs 6, clear 1.5")
    for name in ("calm", "hard", "wordy", "jobby", "none", "tiny"):
        yield Cell(f"fair, {name}, 20 jobs", Design(jobs=20), CONDITIONS[name], NOTHING, "differs 6")
    for moved in (0.005, 0.01, 0.02):
        condition = Condition(0.02, moved, 0.06, 5_000)
        yield Cell(f"words move it by {100 * moved:g} %, family 8", Design(4, 20, 2), condition, NOTHING, "differs 7")


def hard() -> Iterator[Cell]:
    """Something is there that averages hide, or that silence does."""
    for spread, words in product((0.02, 0.05), (0.0, 0.02)):
        condition = Condition(spread, words, 0.06, 5_000)
        name = f"coverage, jobs {spread:g}, words {words:g}"
        yield Cell(name, Design(jobs=20), condition, Truth(-0.03), "coverage 93")
    for jobs in (6, 20, 41, 60):
        truth = Truth(-math.log(1.02), carried_by=0.1)
        name = f"concentrated at the margin, {jobs} jobs"
        yield Cell(name, Design(1, jobs, 1, 8, 8, 4, 4), CONDITIONS["calm"], truth, "same 7 from 41 jobs, 0 below 40")
    unequal = Truth(refused=(0.3, 0.05), lowest_first=1.0)
    for name in ("calm", "typical"):
        design = Design(1, 60, 1, 8, 8, 4, 4)
        yield Cell(f"refusals 5 v 30 %, {name}, 60 jobs", design, CONDITIONS[name], unequal, "same 5")
    for jobs in (20, 60):
        design = Design(1, jobs, 1, 8, 8, 4, 4)
        name = f"jumps, 10 % at a third, {jobs} jobs"
        yield Cell(name, design, CONDITIONS["typical"], Truth(jumps=0.1), "coverage 93")


def power() -> Iterator[Cell]:
    """A gap that matters, and none: how often each is told."""
    for jobs, (models, levels) in product((20, 60), FAMILIES):
        name = f"power at -3 %, family {models * levels}, {jobs} jobs"
        yield Cell(name, sized(jobs, models, levels), CONDITIONS["typical"], Truth(math.log(0.97)))
    yield Cell("power at -3 %, calm, family 1, 20 jobs", Design(jobs=20), CONDITIONS["calm"], Truth(math.log(0.97)))
    yield Cell("truly the same, calm, 41 jobs", Design(1, 41, 1, 8, 8, 4, 4), CONDITIONS["calm"], NOTHING)


def cells() -> list[Cell]:
    """Every cell of the table."""
    return [*fair(), *hard(), *power()]


REFUSAL = "I'm sorry, but I cannot help with that."
MAP = {
    "name": "simulated",
    "model": "model",
    "level": "level",
    "job": "job",
    "wording": "wording",
    "signal": "signal",
    "edit": "edit",
    "outcome": {"currency": "USD", "plausible": [1000, 100_000_000]},
    "analysis": {"smallest_gap": 0.02},
}


def judged(cell: Cell, seed: Sequence[int], folder: Path) -> dict[str, list[dict[str, object]]]:
    """One run through the command line: the JSON of its judgements."""
    from bias_harness.cli.main import main

    table = simulate(cell.design, cell.condition, cell.truth, np.random.default_rng(seed))
    names = [REFERENCE, *(f"group-{i + 1}" for i in range(cell.design.levels))]
    levels = {n: {"label": {"en": n}, "signals": [{"en": f"{n} {i}"} for i in range(cell.design.forms)]} for n in names}
    attribute = {"attribute": "group", "label": {"en": "group"}, "reference": REFERENCE, "levels": levels}
    said = {"amount": "amount"}
    if table["amount"].isna().any():
        table["amount"] = table["amount"].map(lambda x: REFUSAL if math.isnan(x) else f"Ask for ${x:,.0f} a year.")
        said = {"text": "amount"}
    table.to_csv(folder / "answers.csv", index=False)
    (folder / "map.yaml").write_text(json.dumps({**MAP, **said, "attribute": attribute}))
    name = "-".join(map(str, seed))
    words = ["import", "answers.csv", "--map", "map.yaml", "--name", name, "--results", "results", "--judgements"]
    before, out = sys.argv, io.StringIO()
    try:
        sys.argv = ["bias-harness", *words]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()), contextlib.chdir(folder):
            main()
    except SystemExit as left:
        if left.code:
            raise RuntimeError(f"the command left with {left.code}") from left
    finally:
        sys.argv = before
    found: dict[str, list[dict[str, object]]] = json.loads(out.getvalue())
    return found


def chunk(task: tuple[int, int, int]) -> Counts:
    """Some runs of one cell."""
    index, start, count = task
    cell, counts = cells()[index], Counts()
    for run in range(start, start + count):
        with tempfile.TemporaryDirectory() as folder:
            found = judged(cell, (index, run), Path(folder))
        words = [j["word"] for j in found["items"]]
        counts.runs += 1
        counts.words.update(words)
        counts.differs += any(w in DIFFERS for w in words)
        counts.clear += "clear_gap" in words
        counts.same += any(w in SAME for w in words)
        counts.uneven += any(i["found"] for i in found["imbalances"])
        for j in found["items"]:
            alone = j["alone"]
            if alone and alone["low"] is not None:
                counts.judged += 1
                counts.held += alone["low"] <= cell.truth.mean <= alone["high"]
                counts.half += (alone["high"] - alone["low"]) / 2
    return counts


def shown(x: int, n: int) -> str:
    share = x / n if n else 0.0
    return f"{100 * share:5.1f} (+-{100 * math.sqrt(max(share * (1 - share), 1 / (4 * n * n)) / n):.1f})"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=500)
    options.add_argument("--cells", default="")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--list", action="store_true")
    chosen = options.parse_args()
    every = cells()
    wanted = [i for i, cell in enumerate(every) if chosen.cells in cell.name]
    if chosen.list:
        print("\n".join(cell.name for cell in every))
        return
    print("| cell | asked | differs | clear | same | silence, flags | coverage alone | half-width | words |")
    print("|---|---|---|---|---|---|---|---|---|")
    started = time.perf_counter()
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        for index in wanted:
            size = max(1, min(25, chosen.runs // chosen.workers))
            tasks = [(index, s, min(size, chosen.runs - s)) for s in range(0, chosen.runs, size)]
            show(every[index], pool.map(chunk, tasks))
    print(f"\n{len(wanted)} cells x {chosen.runs} runs in {time.perf_counter() - started:.0f} s")


def show(cell: Cell, parts: Iterator[Counts]) -> None:
    total = Counts()
    for part in parts:
        for name in ("runs", "differs", "clear", "same", "uneven", "held", "judged", "half"):
            setattr(total, name, getattr(total, name) + getattr(part, name))
        total.words.update(part.words)
    n, rates = total.runs, (total.differs, total.clear, total.same, total.uneven)
    said = ", ".join(f"{word} {100 * count / total.words.total():.1f} %" for word, count in total.words.most_common())
    half = 100 * total.half / max(total.judged, 1)
    line = " | ".join(shown(x, n) for x in rates)
    covered = f"{100 * total.held / max(total.judged, 1):.1f}"
    print(f"| {cell.name} | {cell.asked} | {line} | {covered} | {half:.2f} | {said} |", flush=True)


if __name__ == "__main__":
    main()
