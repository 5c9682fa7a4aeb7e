"""What asking costs: the whole run against bare loops over the same server, side by side, as ratios.

    python benchmarks/bench_runner.py                 the table (about 10 minutes on 2 cores)
    python benchmarks/bench_runner.py --quick         the same with 2,000 requests and 3 rounds
    python benchmarks/bench_runner.py --memory        memory while asking 10,000 and 100,000 requests
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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve()
AT_ONCE = 64
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


@dataclass(frozen=True)
class Cost:
    """What one run of a contestant took."""

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float
    told: dict[str, float]


@contextmanager
def server(latency: float, at_least: float = 0) -> Iterator[int]:
    """The loopback server; yields its port. Afterwards it must have answered so many requests."""
    process = subprocess.Popen(
        [sys.executable, str(HERE.with_name("loopback.py")), "--latency", str(latency)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        served = int(process.communicate()[0])
    assert served >= at_least, f"only {served} of {at_least} requests arrived"


def measured(command: list[str], **options: object) -> Cost:
    """Run a command to its end. Its last line of output, if it is JSON, is what it tells."""
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, **options)  # type: ignore[call-overload]
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        output.seek(0)
        lines = output.read().splitlines()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, told)


def contestant(name: str, port: int, requests: int, folder: Path) -> Cost:
    """One run of a contestant of this file, in a process of its own."""
    command = [sys.executable, str(HERE), "--as", name, "--port", str(port), "--requests", str(requests)]
    return measured([*command, "--folder", str(folder)], env={**os.environ, "BENCH_KEY": "sk-bench-0123456789"})


# The contestants: each asks and writes, as its users would.


def body(number: int) -> dict[str, object]:
    question = (
        f"Question {number}: what yearly salary should this client ask for as a senior nurse in Denver? " + "x" * 120
    )
    return {"model": "loopback-1", "messages": [{"role": "user", "content": question}], "temperature": 1.0}


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
    (tally,) = pipeline.run(audit, limit=requests).folder.manifest()["endpoints"].values()
    return {"seconds": time.monotonic() - begun, "answered": tally["answered"], "already": tally["already"]}


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


# Two other harnesses, in environments of their own.

INSPECT = """\
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.solver import generate
questions = [q for q in open(sys.argv[2]).read().splitlines()]
model = get_model("openai/loopback-1", base_url=sys.argv[1], api_key="k", responses_api=False,
                  config=GenerateConfig(max_connections=64))
eval(Task(dataset=[Sample(input=q) for q in questions], solver=generate()), model=model, display="none",
     log_dir=sys.argv[3], max_samples=64)
"""
PROMPTFOO = """\
prompts: ['{{{{question}}}}']
providers: [{{id: 'openai:chat:loopback-1', config: {{apiBaseUrl: '{base_url}', apiKey: k, temperature: 1}}}}]
tests: {questions}
"""


def others(folder: Path, requests: int, rounds: int) -> None:
    """inspect_ai and promptfoo, installed into `folder` if they are not there."""
    python, promptfoo = folder / "inspect" / "bin" / "python", folder / "node_modules" / ".bin" / "promptfoo"
    folder.mkdir(parents=True, exist_ok=True)
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "inspect")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "inspect-ai", "openai"], check=True)
    if not promptfoo.exists() and shutil.which("npm"):
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "promptfoo"], cwd=folder, check=True)
    contestants: dict[str, Callable[[int, Path], Cost]] = {
        PLANNED: lambda port, scratch: contestant(PLANNED, port, requests, scratch),
        "inspect_ai": lambda port, scratch: _inspect(python, port, requests, scratch),
        "promptfoo": lambda port, scratch: _promptfoo(promptfoo, port, requests, scratch),
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


def _inspect(python: Path, port: int, requests: int, scratch: Path) -> Cost:
    questions = scratch / "questions.txt"
    questions.write_text("\n".join(str(body(n)["messages"][0]["content"]) for n in range(requests)))  # type: ignore[index]
    command = [str(python), "-c", INSPECT, f"http://127.0.0.1:{port}/v1", str(questions), str(scratch / "logs")]
    return measured(command, stderr=subprocess.DEVNULL)


def _promptfoo(program: Path, port: int, requests: int, scratch: Path) -> Cost:
    questions = json.dumps([{"vars": {"question": body(n)["messages"][0]["content"]}} for n in range(requests)])  # type: ignore[index]
    config = scratch / "promptfoo.yaml"
    config.write_text(PROMPTFOO.format(base_url=f"http://127.0.0.1:{port}/v1", questions=questions))
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_CONFIG_DIR": str(scratch)}
    command = [
        str(program),
        "eval",
        "-c",
        str(config),
        "-j",
        str(AT_ONCE),
        "--no-cache",
        "--no-table",
        "--no-progress-bar",
    ]
    return measured([*command, "-o", str(scratch / "out.json")], env={**os.environ, **quiet}, stderr=subprocess.DEVNULL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--memory", action="store_true")
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
    elif given.memory:
        memory()
    elif given.others:
        others(given.others, min(requests, 5_000), rounds)
    else:
        table(requests, rounds)
        start_up(rounds)


if __name__ == "__main__":
    main()
