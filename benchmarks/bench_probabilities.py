"""Probabilities against draws on the local model: whether they agree, and how much each tells in a second.

    python benchmarks/bench_probabilities.py [--model NAME] [--jobs 18] [--draws 2000] [--cells 2]

First, on a few cells spread over experiments/quickstart.yaml, the mean log amount that is walked beside that of many
answers drawn on the same begun answer, at the same temperature: they agree where the difference is within its error
(|z| < 3).
Then the experiment itself is asked both ways, with the same people, and judged: information is 1/SE^2 of the gap, and
what is printed is information a second by probabilities over that by draws. Prints how long the run took, and its
interval, both ways.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bias_harness.asking.providers import embedded
from bias_harness.asking.providers.fetching import fetch_with_bar
from bias_harness.asking.providers.weights import DEFAULT_MODEL, weights_of
from bias_harness.design.audit import Audit, load_audit
from bias_harness.design.portion import WHOLE, by_beginning, requests_of
from bias_harness.estimating.judgement import Judgement
from bias_harness.estimating.judging import judge
from bias_harness.outcome import Outcome
from bias_harness.probabilities import SENT
from bias_harness.reading import read
from bias_harness.reading.answers import Reader
from bias_harness.reading.probabilities import read_probabilities
from bias_harness.runs.trials import observed as observations
from bias_harness.vocabulary import Request

Provider = embedded.Embedded
DRAWN_TOKENS = 10


@dataclass(frozen=True)
class Cell:
    """One cell both ways: log amounts, the standard error of the drawn mean, and the share that was walked."""

    walked: float
    covered: float
    drawn: float
    error: float
    draws: int

    @property
    def z(self) -> float:
        """The difference in standard errors of the drawn mean."""
        return (self.walked - self.drawn) / self.error


def cell(provider: Provider, request: Request, outcome: Outcome, draws: int) -> Cell | None:
    """Walk a begun answer, and draw it many times; None where the walk gives no amount."""
    walked = read_probabilities(asyncio.run(provider.ask(request)).probabilities, outcome)
    if walked.annual is None or walked.covered is None:
        return None
    plain = outcome.model_copy(update={"probabilities": None})
    logs = [math.log(amount) for amount in drawn(provider, request, plain, draws)]
    error = statistics.stdev(logs) / math.sqrt(len(logs))
    return Cell(math.log(walked.annual), walked.covered, statistics.fmean(logs), error, len(logs))


def drawn(provider: Provider, request: Request, outcome: Outcome, draws: int) -> Iterable[float]:
    """The amounts a year of many answers drawn behind the same beginning."""
    begins = request.messages[-1].content
    plain = {name: value for name, value in request.sampling.items() if name not in SENT}
    for seed in range(draws):
        data = provider.complete(replace(request, seed=seed, sampling=plain), max_tokens=DRAWN_TOKENS)
        text = data["choices"][0]["message"].get("content") or ""
        answer = read(text if text.startswith(begins) else begins + text, language="en", outcome=outcome)
        if answer.annual is not None:
            yield answer.annual


@dataclass(frozen=True)
class Way:
    """The experiment asked one way: its seconds and its one judgement."""

    name: str
    requests: int
    seconds: float
    judgement: Judgement

    @property
    def information(self) -> float:
        """1/SE^2 of the gap, a second."""
        return 1 / ((self.judgement.equivalent_se or math.inf) ** 2 * self.seconds)

    def told(self) -> str:
        """A line for people."""
        gap = self.judgement.gap
        ends = "no interval" if gap is None else f"{gap.percent} % [{gap.percent_low}, {gap.percent_high}]"
        return f"{self.name}: {self.requests} requests in {self.seconds:.0f} s, {self.judgement.word}, {ends}"


def asked(name: str, provider: Provider, audit: Audit) -> Way:
    """Ask the whole experiment, read and judge it."""
    endpoint, outcome = audit.experiment.endpoints[0], audit.experiment.outcome
    requests = list(by_beginning(requests_of(audit, endpoint, WHOLE)))
    begun = time.perf_counter()
    responses = [asyncio.run(provider.ask(request)) for request in requests]
    seconds = time.perf_counter() - begun
    reader = Reader(outcome)
    answers = [
        reader.read(r, language="en", prompt=q.messages[0].content) for q, r in zip(requests, responses, strict=True)
    ]
    trials = [request.trial for request in requests]
    rows = [(t, r, a) for t, r, a in zip(trials, responses, answers, strict=True) if t is not None]
    found = judge(observations(audit, rows), analysis=audit.experiment.analysis, outcome=outcome)
    return Way(name, len(requests), seconds, found.items[0])


def audits(jobs: int) -> Mapping[str, Audit]:
    """The quickstart both ways, at the temperature of its probabilities."""
    changes: dict[str, Any] = {"personas.jobs": jobs}
    return {
        "probabilities": load_audit("quickstart", changes),
        "draws": load_audit("quickstart", {**changes, "outcome.probabilities": None}),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--model", default=DEFAULT_MODEL)
    options.add_argument("--jobs", type=int, default=18)
    options.add_argument("--draws", type=int, default=2000)
    options.add_argument("--cells", type=int, default=2)
    chosen = options.parse_args()
    provider = Provider(fetch_with_bar(chosen.model), weights_of(chosen.model).served, "tiny model")
    both = audits(chosen.jobs)
    audit = both["probabilities"]
    requests = list(by_beginning(requests_of(audit, audit.experiment.endpoints[0], WHOLE)))
    for request in requests[:: max(1, len(requests) // chosen.cells)][: chosen.cells]:
        found = cell(provider, request, audit.experiment.outcome, chosen.draws)
        print("no amount by probabilities" if found is None else f"{found}, z {found.z:+.2f}", flush=True)
    ways = {name: asked(name, provider, made) for name, made in both.items()}
    for way in ways.values():
        print(way.told())
    ratio = ways["probabilities"].information / ways["draws"].information
    print(f"information a second, probabilities over draws: {ratio:.1f} (goal: 10)")


if __name__ == "__main__":
    main()
