"""How long the local model takes for an answer, and how much of that is the tool's own.

    python benchmarks/bench_embedded.py [--model NAME] [--answers 80]

Asks the prompts of experiments/quickstart.yaml through the provider as a run does, and prints: seconds to fetch (or
to find) and to load the model, seconds per answer as the run sees them, the engine's own seconds as it reports them,
and the difference between the two as a share of the engine's.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator
from typing import Any

from bias_harness.asking.providers import embedded, fetching
from bias_harness.asking.providers.weights import DEFAULT_MODEL, weights_of
from bias_harness.design.audit import Audit, load_audit
from bias_harness.design.experiment import Endpoint
from bias_harness.reading.answers import read_response
from bias_harness.vocabulary import Request, Response


class Timed(embedded.Embedded):
    """The provider, keeping the engine's own account of its time."""

    engine_seconds = 0.0

    def complete(self, request: Request) -> dict[str, Any]:
        """As usual, and add up what the engine says it took."""
        data = super().complete(request)
        timings = data["timings"]
        self.engine_seconds += (timings["prompt_ms"] + timings["predicted_ms"]) / 1000
        return data


def prompts(audit: Audit, endpoint: Endpoint) -> Iterator[Request]:
    """The quickstart's requests in the order of asking."""
    return (request for _, block in audit.requests(endpoint) for request in block)


async def ask_all(provider: Timed, requests: list[Request]) -> tuple[list[Response], list[float]]:
    """Ask one after the other; seconds of each."""
    responses, seconds = [], []
    await provider.ask(requests[0])
    provider.engine_seconds = 0.0
    for request in requests[1:]:
        begun = time.perf_counter()
        responses.append(await provider.ask(request))
        seconds.append(time.perf_counter() - begun)
    await provider.aclose()
    return responses, seconds


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--model", default=DEFAULT_MODEL)
    options.add_argument("--answers", type=int, default=80)
    chosen = options.parse_args()
    begun = time.perf_counter()
    path = fetching.fetch_with_bar(chosen.model)
    found = time.perf_counter() - begun
    begun = time.perf_counter()
    engine = embedded.start(path)
    loaded = time.perf_counter() - begun
    del engine
    audit = load_audit("quickstart")
    requests = list(itertools.islice(prompts(audit, audit.experiment.endpoints[0]), chosen.answers + 1))
    provider = Timed(path, weights_of(chosen.model).served, "tiny model")
    responses, seconds = asyncio.run(ask_all(provider, requests))
    report(responses, seconds, provider.engine_seconds, audit, requests)
    print(f"found or fetched in {found:.1f} s, loaded in {loaded:.1f} s")


def report(
    responses: list[Response], seconds: list[float], engine: float, audit: Audit, requests: list[Request]
) -> None:
    """Print the figures."""
    outcome = audit.experiment.outcome
    answers = [
        read_response(r, language="en", prompt=q.messages[-1].content, outcome=outcome)
        for r, q in zip(responses, requests[1:], strict=True)
    ]
    amounts = [a.annual for a in answers if a.annual is not None]
    total = sum(seconds)
    tokens = sum((r.usage.output_tokens or 0) for r in responses if r.usage)
    print(f"{len(responses)} answers of {tokens / len(responses):.1f} tokens; {len(amounts)} with an amount")
    if amounts:
        print(
            f"amounts a year: median {statistics.median(amounts):,.0f}, from {min(amounts):,.0f} to {max(amounts):,.0f}"
        )
    print(f"{total / len(seconds):.3f} s an answer (median {statistics.median(seconds):.3f})")
    print(f"{engine / len(seconds):.3f} s of it are the engine's; overhead {100 * (total - engine) / engine:.2f} %")


if __name__ == "__main__":
    main()
