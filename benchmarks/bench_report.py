"""How long the page, the answers and all figures take: 100,000 answers of five models, beyond reading and estimating.

    python benchmarks/bench_report.py [ANSWERS]

Answers are drawn by a random number generator; nothing is asked. Prints CPU seconds and the size of the page.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

import numpy as np

from bias_harness.design.audit import Audit, load_audit
from bias_harness.estimating.estimates import estimate
from bias_harness.reporting.report import pages
from bias_harness.reporting.sections import Material
from bias_harness.results import EndpointTotals, Manifest
from bias_harness.runs.trials import observed as observations
from bias_harness.vocabulary import Answer, Response

MODELS = 5
TEXT = "I would open the negotiation with ${:,.0f} a year, and explain it with experience and market figures."


def audit_of(answers: int) -> Audit:
    """Five simulated models and as many repeats as give that many answers."""
    endpoints = [{"name": f"model-{i}", "plant": {"seed": i}} for i in range(MODELS)]
    one = load_audit("after-thws-2025", {"endpoints": endpoints, "repeats": 1})
    each = MODELS * sum(c.trials for c in one.design.counts())
    return load_audit("after-thws-2025", {"endpoints": endpoints, "repeats": max(1, round(answers / each))})


def material_of(audit: Audit) -> Material:
    """A run of that audit with drawn answers."""
    random = np.random.default_rng(1)
    raw: dict[str, tuple[Response, Answer]] = {}
    rows = []
    for endpoint in audit.experiment.endpoints:
        for number, trial in enumerate(audit.design.trials(endpoint.name)):
            key = f"{endpoint.name}-{number}"
            amount = float(5_000 * round(90_000 * random.lognormal(0, 0.2) / 5_000))
            text = TEXT.format(amount)
            start = text.index("$")
            answer = Answer(
                "ok", "point", amount, amount, amount, "USD", "year", annual=amount, span=(start, text.index(" a year"))
            )
            response = Response(key, endpoint.name, text, "stop", "drawn", None, "2026-01-01T00:00:00+00:00")
            raw[key] = (response, answer)
            rows.append((trial, response, answer))
    frame = observations(audit, rows)
    e = audit.experiment
    found = estimate(frame, analysis=e.analysis, outcome=e.outcome)

    def behind(keys: Sequence[str]) -> dict[str, tuple[Response, Answer]]:
        return {key: raw[key] for key in keys if key in raw}

    manifest = Manifest(endpoints={x.name: EndpointTotals("simulation") for x in e.endpoints})
    return Material(audit, frame, found, manifest, behind, "benchmark")


def main(answers: int) -> None:
    material = material_of(audit_of(answers))
    cpu, wall = sum(os.times()[:4]), time.perf_counter()
    made = pages(material, ("nl", "en"))
    cpu, wall = sum(os.times()[:4]) - cpu, time.perf_counter() - wall
    figures = sum(name.startswith("figures/") for name in made)
    print(f"{len(material.observations):,} answers, {MODELS} models: {cpu:.1f} s CPU, {wall:.1f} s wall")
    print(f"{figures} figure files; report.en.html {len(made['report.en.html']) / 1e6:.2f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
