"""What asking costs: the whole run against bare loops over the same server, side by side, as ratios.

    python benchmarks/bench_runner.py                 the table (about 10 minutes on 2 cores)
    python benchmarks/bench_runner.py --quick         the same with 2,000 requests and 3 rounds
    python benchmarks/bench_runner.py --memory        memory while asking 10,000 and 100,000 requests
    python benchmarks/bench_runner.py --whole         the whole command, and the same command again
    python benchmarks/bench_runner.py --open N        opening a log of N answers, ten million unless given
    python benchmarks/bench_runner.py --others DIR    against inspect_ai and promptfoo, installed into DIR

CPU is that of the whole client process, user and system, from start to end, imports included; the server is another
process. Every contestant asks the same number of distinct questions and writes text and usage, a line an answer.
Contestants take turns within a round; a ratio is the median of the ratios of the rounds. The ratios count, not the
seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import harnesses
from contest import AT_ONCE, Cost, body, measured, server

HERE = Path(__file__).resolve()
PLANNED, RUN_ALONE = "bias_harness", "bias_harness run"
EXPERIMENT = """\
experiment: bench
personas: {{people: denver}}
attributes: [{{name: gender}}, {{name: ethnicity}}]
wordings: [terse, plain, conversational, adviser]
repeats: {repeats}
endpoints:
  - {{name: loopback, base_url: "{base_url}", model: loopback-1, max_connections: {at_once}, api_key_env: BENCH_KEY}}
"""
REQUESTS_A_REPEAT = 680


def contestant(name: str, port: int, requests: int, folder: Path) -> Cost:
    """One run of a contestant of this file, in a process of its own."""
    command = [sys.executable, str(HERE), "--as", name, "--port", str(port), "--requests", str(requests)]
    return measured([*command, "--folder", str(folder)], env={**os.environ, "BENCH_KEY": "sk-bench-0123456789"})


# The contestants: each asks and writes, as its users would.


async def over_all(ask: Callable[[int], object], requests: int) -> float:
    numbers = iter(range(requests))

    async def worker() -> None:
        for number in numbers:
            await ask(number)  # type: ignore[misc]

    begun = time.monotonic()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return time.monotonic() - begun


async def bare_openai(base_url: str, requests: int, path: Path) -> float:
    import openai

    with path.open("w") as log:
        async with openai.AsyncOpenAI(api_key="k", base_url=base_url) as client:

            async def ask(number: int) -> None:
                made = await client.chat.completions.create(**body(number))  # type: ignore[call-overload]
                line = {"text": made.choices[0].message.content, "usage": made.usage.model_dump()}
                log.write(json.dumps(line) + "\n")
                log.flush()

            return await over_all(ask, requests)


async def bare_aiohttp(base_url: str, requests: int, path: Path) -> float:
    import aiohttp

    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    with path.open("w") as log:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

            async def ask(number: int) -> None:
                async with session.post(f"{base_url}/chat/completions", data=json.dumps(body(number))) as response:
                    made = json.loads(await response.read())
                line = {"text": made["choices"][0]["message"]["content"], "usage": made["usage"]}
                log.write(json.dumps(line) + "\n")
                log.flush()

            return await over_all(ask, requests)


def harness(base_url: str, requests: int, folder: Path, *, planned: bool) -> dict[str, float]:
    from bias_harness import pipeline

    folder.mkdir(exist_ok=True)
    file = folder / "bench.yaml"
    repeats = -(-requests // REQUESTS_A_REPEAT)
    file.write_text(EXPERIMENT.format(base_url=base_url, repeats=repeats, at_once=AT_ONCE))
    audit = pipeline.load_experiment(file)
    if planned:
        pipeline.plan(audit)
    begun = time.monotonic()
    (tally,) = pipeline.run(audit, limit=requests).manifest.endpoints.values()
    return {"seconds": time.monotonic() - begun, "answered": tally.answered, "already": tally.already}


def as_contestant(name: str, port: int, requests: int, folder: Path) -> None:
    import uvloop

    base_url, log = f"http://127.0.0.1:{port}/v1", folder / f"{name}.jsonl"
    if name in (PLANNED, RUN_ALONE):
        told = harness(base_url, requests, folder / "work", planned=name == PLANNED)
    elif name == "aiohttp with uvloop":
        told = {"seconds": uvloop.run(bare_aiohttp(base_url, requests, log))}
    else:
        told = {"seconds": asyncio.run(bare_openai(base_url, requests, log))}
    print(json.dumps(told))


# The tables.


def table(requests: int, rounds: int) -> None:
    """The whole run against the bare loops, at two latencies, and what a finished run costs to find finished."""
    names = (PLANNED, "openai as it comes", "aiohttp with uvloop")
    for latency in (0.0, 0.05):
        costs: dict[str, list[Cost]] = {name: [] for name in (*names, "rerun")}
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder, server(latency) as port:
                for name in names:
                    costs[name].append(contestant(name, port, requests, Path(folder)))
                costs["rerun"].append(contestant(RUN_ALONE, port, requests, Path(folder)))
                assert costs["rerun"][-1].told["answered"] == 0, "a finished run asks nothing"
        print(f"\n{requests:,} requests, {AT_ONCE} at once, {latency * 1000:.0f} ms of latency, median of {rounds}")
        print(f"{'':24}{'CPU ms a request':>18}{'wall s':>9}{'MB':>6}{'CPU ratio to us (lowest to highest)':>40}")
        for name in names:
            print(_row(name, costs[name], costs[PLANNED], requests))
        if latency:
            ideal = requests * latency / AT_ONCE
            seconds = statistics.median(c.told["seconds"] for c in costs[PLANNED])
            print(f"wall time of asking: {seconds:.1f} s, {seconds / ideal:.2f} of N x latency / concurrency")
        again = statistics.median(c.cpu_seconds for c in costs["rerun"])
        print(f"the same run again: {again:.2f} s of CPU, no request sent")


def _row(name: str, costs: list[Cost], ours: list[Cost], requests: int) -> str:
    ratios = sorted(o.cpu_seconds / c.cpu_seconds for o, c in zip(ours, costs, strict=True))
    each = 1000 * statistics.median(c.cpu_seconds for c in costs) / requests
    wall, peak = (statistics.median(getattr(c, n) for c in costs) for n in ("wall_seconds", "peak_mb"))
    spread = f"we take {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) of it"
    return f"{name:24}{each:>18.3f}{wall:>9.1f}{peak:>6.0f}{spread:>40}"


def start_up(rounds: int) -> None:
    """CPU of the commands that load nothing."""
    for option in ("--help", "--version"):
        cpu = [measured([sys.executable, "-m", "bias_harness", option]).cpu_seconds for _ in range(rounds)]
        print(f"bias-harness {option}: {statistics.median(cpu):.2f} s of CPU (median of {rounds})")


def memory() -> None:
    """Peak memory of the whole process."""
    peaks = {}
    for requests in (10_000, 100_000):
        with tempfile.TemporaryDirectory() as folder, server(0) as port:
            peaks[requests] = contestant(RUN_ALONE, port, requests, Path(folder)).peak_mb
        print(f"{requests:,} requests: {peaks[requests]:.0f} MB at most")
    print(f"ratio {peaks[100_000] / peaks[10_000]:.3f}")


SIMULATED = """\
experiment: whole
personas: {{people: denver}}
attributes: [{{name: gender}}, {{name: ethnicity}}]
wordings: [terse, plain, conversational, adviser]
repeats: {repeats}
endpoints: [{{name: sim, provider: simulated, plant: {{gaps: {{gender: {{female: -0.03}}}}}}}}]
"""


def whole(requests: int) -> None:
    """The command as it is typed, from the first question to the last page; then the same command again."""
    repeats = -(-requests // REQUESTS_A_REPEAT)
    command = [sys.executable, "-m", "bias_harness", "run", "whole.yaml", "--quiet"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "whole.yaml").write_text(SIMULATED.format(repeats=repeats))
        env = {**os.environ, "BIAS_HARNESS_CACHE": str(folder / "cache")}
        run, asked = folder / "results" / "whole", repeats * REQUESTS_A_REPEAT
        first = measured(command, env=env, cwd=folder).cpu_seconds
        print(f"{asked:,} simulated answers, the whole command: {first:.1f} s of CPU")
        print(f"  that is {1000 * first / asked:.2f} s per 1,000")
        for what, gone in (
            ("nothing changed", ()),
            ("a page is gone", ("report.en.html",)),
            ("all readings, pages and figures are gone", (".readings", "report.en.html", "figures")),
        ):
            for path in gone:
                shutil.rmtree(run / path) if (run / path).is_dir() else (run / path).unlink()
            print(f"  again, {what}: {measured(command, env=env, cwd=folder).cpu_seconds:.1f} s of CPU")


def opened(answers: int) -> None:
    """What opening a log takes that is in full parts with their indexes, as a run leaves them."""
    import numpy as np

    from bias_harness.results import RunFolder, index, open_log
    from bias_harness.results.parts import LOG, PART_LINES, part_after

    random = np.random.default_rng(1)
    keys = np.sort(random.integers(1, 2**63, PART_LINES, dtype=np.uint64))
    end = {"name": "a", "input_tokens": 1, "output_tokens": 1, "cost": 1.0, "reserved": 0.0, "served": ["a-1"]}
    counts = {"answered": PART_LINES, "failed": 0, "filtered": 0, "empty": 0}
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / LOG
        for part in range(answers // PART_LINES):
            log.write_bytes(b"{}\n")
            now, seal = log.stat(), {"format": index.FORMAT, "lines": PART_LINES, "sha256": "0" * 64}
            head = {**seal, "bytes": now.st_size, "changed_ns": now.st_mtime_ns, "endpoints": [{**end, "keys": counts}]}
            data = json.dumps(head).encode() + b"\n" + (keys ^ np.uint64(part << 8)).astype("<u8").tobytes()
            index.index_beside(log).write_bytes(data + index._digest(data))
            log = part_after(log)
        wall, cpu = time.perf_counter(), time.process_time()
        with open_log(RunFolder(Path(name))) as opened_log:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(f"{len(opened_log.found.answered):,} answers: opened in {wall:.2f} s, {cpu:.2f} s of CPU")


def others(folder: Path, requests: int, rounds: int) -> None:
    """inspect_ai and promptfoo, installed into `folder` if they are not there."""
    python, promptfoo = harnesses.installed(folder)
    contestants: dict[str, Callable[[int, Path], Cost]] = {
        PLANNED: lambda port, scratch: contestant(PLANNED, port, requests, scratch),
        "inspect_ai": lambda port, scratch: harnesses.inspect_ai(python, port, requests, scratch),
        "promptfoo": lambda port, scratch: harnesses.promptfoo(promptfoo, port, requests, scratch),
    }
    if not promptfoo.exists():
        del contestants["promptfoo"]
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            with tempfile.TemporaryDirectory() as scratch, server(0, 0.9 * requests) as port:
                costs[name].append(run(port, Path(scratch)))
    print(f"\n{requests:,} requests, {AT_ONCE} at once, no latency, median of {rounds}")
    for name, found in costs.items():
        if found:
            ratio = statistics.median(c.cpu_seconds / o.cpu_seconds for o, c in zip(costs[PLANNED], found, strict=True))
            each = 1000 * statistics.median(c.cpu_seconds for c in found) / requests
            print(f"{name:16}{each:8.3f} ms of CPU a request, {ratio:.1f} times ours")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--open", type=int, nargs="?", const=10_000_000, metavar="N")
    parser.add_argument("--others", type=Path, metavar="DIR")
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--as", dest="name", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    requests, rounds = (2_000, 3) if given.quick else (given.requests, given.rounds)
    if given.name:
        as_contestant(given.name, given.port, given.requests, given.folder)
    elif given.whole:
        whole(given.requests)
    elif given.open:
        opened(given.open)
    elif given.memory:
        memory()
    elif given.others:
        others(given.others, min(requests, 5_000), rounds)
    else:
        table(requests, rounds)
        start_up(rounds)


if __name__ == "__main__":
    main()
