"""What the bookkeeping of batches costs: the whole of a batched run beside the work that no run is spared.

    python benchmarks/bench_batches.py                  100,000 requests (a minute or two)
    python benchmarks/bench_batches.py --requests 10000

The provider is this process and answers at once, so that everything but the wire is measured: filling files, keeping
them, collecting by id, every answer through the one door and into the log. Spared no run is making the requests, and
writing as many answers down. CPU is user and system of this process; the ratios count, not the seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import IO

import orjson

from bias_harness import pipeline
from bias_harness.asking import Runner, Tally, Work
from bias_harness.asking.batches import lane
from bias_harness.design.audit import Audit
from bias_harness.design.portion import Portion, requests_of
from bias_harness.plugins import Batches, BatchFile, BatchState, Provider
from bias_harness.results import RunFolder, open_log
from bias_harness.results.batches import BatchBook
from bias_harness.vocabulary import Request, Response, Usage

EXPERIMENT = """\
experiment: bench
personas: {people: denver}
attributes: [{name: gender}, {name: ethnicity}]
wordings: [terse, plain, conversational, adviser]
repeats: %d
endpoints:
  - name: here
    base_url: http://localhost:1/v1
    model: m
    batch: true
    price: {input_per_million: 1, output_per_million: 2}
"""
REQUESTS_A_REPEAT = 680
TEXT = (
    "I would ask for $95,000 a year; that is at the upper end for this role and leaves room to settle a little lower."
)
AT = "2026-01-01T00:00:00+00:00"


def answer(request: Request, at: str) -> Response:
    return Response(request.key, request.endpoint, TEXT, "stop", "m-1", Usage(120, 30), at, seed=request.seed)


class Here(Batches):
    """Batches that have ended as soon as they are made."""

    def __init__(self) -> None:
        self.made: list[IO[bytes]] = []
        self.sizes: list[int] = []

    def line(self, item: str, request: Request) -> bytes:
        """A line as it is sent."""
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        body = {"model": request.model, "messages": messages, **request.sampling, "seed": request.seed}
        return orjson.dumps({"custom_id": item, "method": "POST", "url": "/v1/chat/completions", "body": body})

    async def create(self, file: BatchFile, /) -> BatchState:
        """Keep the lines."""
        self.made.append(tempfile.TemporaryFile())  # noqa: SIM115 - as far away as another machine
        self.made[-1].write(b"\n".join(file.lines))
        self.sizes.append(file.requests)
        return await self.state(str(len(self.made) - 1))

    async def find(self, _file: BatchFile, /) -> list[BatchState]:
        """Nothing is lost here."""
        return []

    async def state(self, batch: str) -> BatchState:
        """It has ended."""
        return BatchState(batch, "completed", ended=True, answered=self.sizes[int(batch)], results=[batch])

    async def results(self, state: BatchState) -> AsyncIterator[tuple[str, bytes]]:
        """The lines."""
        file = self.made[int(state.id)]
        file.seek(0)
        for line in file:
            yield orjson.loads(line)["custom_id"], line

    def response(self, request: Request, line: bytes, asked_at: str) -> Response:
        """The same answer to each."""
        orjson.loads(line)
        return answer(request, asked_at)

    async def cancel(self, batch: str) -> None:
        """Nothing is under way."""


class Answers(Provider):
    """Answers everything alike."""

    nature = "simulation"

    def __init__(self) -> None:
        self.here = Here()

    @property
    def batches(self) -> Here:
        """Its batches."""
        return self.here

    async def ask(self, request: Request) -> Response:
        """The same answer."""
        return answer(request, AT)


class Requests:
    """The requests of the experiment, as often as they are wanted."""

    def __init__(self, audit: Audit, count: int) -> None:
        self.audit, self.count = audit, count

    def __iter__(self) -> Iterator[Request]:
        return requests_of(self.audit, self.audit.experiment.endpoints[0], Portion(self.count))


def cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def make(asked: Requests) -> None:
    for _ in asked:
        pass


def write_down(asked: list[Request], folder: Path) -> None:
    with open_log(RunFolder(folder)) as log:
        for request in asked:
            log.append(answer(request, AT))


def run(asked: Requests, folder: Path, provider: Answers) -> Tally:
    """The whole of a batched run, or of going on with one."""

    async def whole() -> Tally:
        run_folder, endpoint = RunFolder(folder), asked.audit.experiment.endpoints[0]
        with open_log(run_folder) as log:
            tally = Tally(endpoint.name, asked.count)
            book = BatchBook(run_folder)
            work = Work(endpoint, provider, asked, tally, endpoint.price, (), book)
            await Runner(log, log.found.settled(), 0.5, asyncio.Event(), lambda _: None).run([work])
            return tally

    return asyncio.run(whole())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    wanted = parser.parse_args().requests
    lane.POLL_SECONDS = 0.01
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "bench.yaml"
        file.write_text(EXPERIMENT % -(-wanted // REQUESTS_A_REPEAT))
        asked = Requests(pipeline.load_experiment(file), wanted)
        making = cpu(lambda: make(asked))
        some = [request for _, request in zip(range(min(wanted, 10_000)), asked, strict=False)]
        writing = cpu(lambda: write_down(some, Path(place) / "log")) * wanted / len(some)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        tallies: list[Tally] = []
        folder, provider = Path(place) / "run", Answers()
        whole = cpu(lambda: tallies.append(run(asked, folder, provider)))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        again = cpu(lambda: tallies.append(run(asked, folder, provider)))
        kept = sum(path.stat().st_size for path in (folder / "batches").iterdir())
    first, second = tallies
    done = first.answered
    megabyte = 1e6 if sys.platform == "darwin" else 1e3
    print(
        f"{done:,} requests in {len(provider.here.made)} batch(es); going on with it: {second.already:,} there already"
    )
    print(f"making the requests once                {making:8.1f} s CPU")
    print(f"writing as many answers down            {writing:8.1f} s CPU")
    print(f"the whole of the batched run            {whole:8.1f} s CPU = {whole / (making + writing):.1f} times both")
    print(f"bookkeeping: the rest, a request        {1e6 * (whole - making - writing) / done:8.0f} microseconds")
    print(f"the same again, everything there        {again:8.1f} s CPU")
    print(f"kept in the run folder of the batches   {kept / done:8.0f} bytes a request")
    print(f"peak memory before, and of the run      {before / megabyte:8.0f} MB, {peak / megabyte:.0f} MB")


if __name__ == "__main__":
    main()
