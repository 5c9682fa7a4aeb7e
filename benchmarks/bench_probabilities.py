"""Probabilities against draws on the local model: whether they agree, and how much each tells in a second.

    python benchmarks/bench_probabilities.py [--model NAME] [--jobs 18] [--draws 2000] [--cells 2]

First, on a few cells spread over experiments/quickstart.yaml, what is walked beside many answers drawn on the same
begun answer, at the same temperature: the share of the draws that go along a branch that the walk knows, beside the
share it says is covered, and the mean log amount of those draws beside that of the walk; they agree where each
difference is within its error (|z| < 3). Then how far the mean of all draws, those on branches that the walk left
open among them, lies from it: what the estimand leaves out.
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
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from bias_harness.probabilities import ENDED, SENT
from bias_harness.reading import read
from bias_harness.reading.answers import Reader
from bias_harness.reading.probabilities import read_probabilities
from bias_harness.runs.trials import observed as observations
from bias_harness.vocabulary import Branch, Distribution, Request

Provider = embedded.Embedded
DRAWN_TOKENS = 10


@dataclass(frozen=True)
class Cell:
    """One cell both ways: log amounts and shares of the probability; `drawn` are the log amounts of covered draws."""

    walked: float
    covered: float
    drawn: Sequence[float]
    all_drawn: Sequence[float]
    draws: int

    def told(self) -> str:
        """A line for people."""
        share = len(self.drawn) / self.draws
        share_z = (share - self.covered) / math.sqrt(self.covered * (1 - self.covered) / self.draws)
        mean, error = statistics.fmean(self.drawn), statistics.stdev(self.drawn) / math.sqrt(len(self.drawn))
        beyond = math.expm1(statistics.fmean(self.all_drawn) - self.walked)
        return (
            f"{self.draws} draws: covered {self.covered:.3f} walked, {share:.3f} drawn (z {share_z:+.2f}); mean "
            f"{math.exp(self.walked):,.0f} walked, {math.exp(mean):,.0f} +- {100 * error:.1f} % drawn "
            f"(z {(mean - self.walked) / error:+.2f}); all draws {100 * beyond:+.1f} %"
        )


def cell(provider: Provider, request: Request, outcome: Outcome, seeds: range) -> Cell | None:
    """Walk a begun answer, and draw it with each of the seeds; None where the walk gives no amount."""
    found = asyncio.run(provider.ask(request)).probabilities
    walked = read_probabilities(found, outcome)
    if found is None or walked.annual is None or walked.covered is None:
        return None
    alone = {b.text: Distribution(found.begins, (Branch(b.text, 1.0),), 1) for b in found.branches}
    read_alone = {text: read_probabilities(one, outcome).annual for text, one in alone.items()}
    amounts = {text: math.log(annual) for text, annual in read_alone.items() if annual is not None}
    plain = outcome.model_copy(update={"probabilities": None})
    texts = list(drawn(provider, request, seeds))
    along = [amounts[known] for text in texts if (known := branch_of(text, amounts)) is not None]
    read_as = [read(found.begins + text, language="en", outcome=plain).annual for text in texts]
    return Cell(
        math.log(walked.annual), walked.covered, along, [math.log(a) for a in read_as if a is not None], len(seeds)
    )


def branch_of(text: str, known: Iterable[str]) -> str | None:
    """The branch that a drawn answer goes along; its end counts as one."""
    return next((branch for branch in known if (text + ENDED).startswith(branch)), None)


def drawn(provider: Provider, request: Request, seeds: range) -> Iterator[str]:
    """What follows on the beginning, in many answers."""
    begins = request.messages[-1].content
    plain = {name: value for name, value in request.sampling.items() if name not in SENT}
    for seed in seeds:
        data = provider.complete(replace(request, seed=seed, sampling=plain), max_tokens=DRAWN_TOKENS)
        text = data["choices"][0]["message"].get("content") or ""
        yield text.removeprefix(begins)


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
    spread = requests[:: max(1, len(requests) // chosen.cells)][: chosen.cells]
    for number, request in enumerate(spread):  # seeds of its own: with common ones all cells err the same way
        seeds = range(number * chosen.draws, (number + 1) * chosen.draws)
        found = cell(provider, request, audit.experiment.outcome, seeds)
        print("no amount by probabilities" if found is None else found.told(), flush=True)
    ways = {name: asked(name, provider, made) for name, made in both.items()}
    for way in ways.values():
        print(way.told())
    ratio = ways["probabilities"].information / ways["draws"].information
    print(f"information a second, probabilities over draws: {ratio:.1f} (goal: 10)")


if __name__ == "__main__":
    main()
