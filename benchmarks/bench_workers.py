"""What more processes bring: prose read, and a design simulated, by 1, 2 ... workers.

    python benchmarks/bench_workers.py [--answers 100000] [--runs 200] [--workers 1 2]

Wall time is that of everything, starting the processes included; CPU is of all processes together. On a machine that
does other work the walls say little. What more processes cost in CPU, and how much of that is the first process's own,
says what they would bring on free cores (`bound`: the CPU of one over that of several spread evenly, or over the first
process's own part where that is more). The numbers are compared, and have to be the same.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

import pyarrow as pa
from bench_reading import prose_answers

from bias_harness import load_experiment
from bias_harness.outcome import Outcome
from bias_harness.planning.calibration import calibrate, simulated_of
from bias_harness.reading.columns import Question
from bias_harness.results import dump_line
from bias_harness.results.pieces import Asked, Lines, read_lines
from bias_harness.results.read_parts import AT_ONCE
from bias_harness.vocabulary import Response, Usage
from bias_harness.workers import Workers

LENGTH = 1_000
QUESTION = Question("en", "What should I ask for a year?")


def used(who: int) -> float:
    taken = resource.getrusage(who)
    return taken.ru_utime + taken.ru_stime


def pieces(texts: list[str]) -> Iterator[Lines]:
    """The lines of a log in pieces, as a run hands them out."""
    at, usage = "2026-01-01T00:00:00.000000+00:00", Usage(60, 250, 0.001)
    lines = (
        dump_line(Response(sha256(str(n).encode()).hexdigest(), "m", text, "stop", "m", usage, at))
        for n, text in enumerate(texts)
    )
    while some := list(islice(lines, AT_ONCE)):
        yield Lines(Path("responses.jsonl"), range(1, len(some) + 1), some, [0] * len(some))


def word(number: int) -> str:
    """A word of its own for each number, so that no two texts are the same and none is remembered."""
    return "Q" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def reading(texts: list[str]) -> Callable[[Workers], bytes]:
    def read(workers: Workers) -> bytes:
        asked, digest = Asked(Outcome(currency="USD"), [QUESTION]), sha256()
        for table in workers.each(read_lines, asked, pieces(texts)):
            target = pa.BufferOutputStream()
            with pa.ipc.new_stream(target, table.schema) as writer:
                writer.write_table(table)
            digest.update(target.getvalue())
        return digest.digest()

    return read


def simulating(runs: int) -> Callable[[Workers], bytes]:
    of = simulated_of(load_experiment("quickstart"))
    return lambda workers: repr(calibrate(of, runs=runs, workers=workers)).encode()


def compared(name: str, work: Callable[[Workers], bytes], counts: list[int]) -> Iterator[str]:
    first: tuple[float, float, bytes] | None = None
    for count in counts:
        wall, own, others = time.perf_counter(), used(resource.RUSAGE_SELF), used(resource.RUSAGE_CHILDREN)
        found = work(Workers(count))
        wall = time.perf_counter() - wall
        own, others = used(resource.RUSAGE_SELF) - own, used(resource.RUSAGE_CHILDREN) - others
        first = first or (wall, own + others, found)
        assert found == first[2], f"{name}: {count} workers come to other numbers"
        bound = first[1] / max(own, (own + others) / count)
        cells = (own + others, own, wall, first[0] / wall, bound)
        yield f"| {name} | {count} | {' | '.join(f'{cell:.2f}' for cell in cells)} |"


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--answers", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=200)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    chosen = options.parse_args()
    print("| work | workers | CPU, s | of it the first process, s | wall, s | times as fast | bound |")
    print("|---|---|---|---|---|---|---|")
    if chosen.answers:
        texts = [f"{text} {word(n)}" for n, text in enumerate(prose_answers(chosen.answers, LENGTH))]
        for row in compared(f"{chosen.answers:,} prose answers read", reading(texts), chosen.workers):
            print(row, flush=True)
    if chosen.runs:
        for row in compared(f"{chosen.runs:,} runs of 4 conditions simulated", simulating(chosen.runs), chosen.workers):
            print(row, flush=True)
