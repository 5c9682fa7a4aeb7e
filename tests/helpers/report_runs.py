"""Made-up runs for the tests of the page: any experiment, any answers, nothing asked."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bias_harness.design.audit import Audit, load_audit
from bias_harness.estimating.estimates import estimate
from bias_harness.reading.answers import Reader
from bias_harness.reporting.sections import Material
from bias_harness.results import EndpointTotals, Manifest, Totals
from bias_harness.runs.trials import observed as observations
from bias_harness.vocabulary import Answer, Nature, Response, Trial

Natures = Mapping[str, Nature]
Say = Callable[[Trial, random.Random], str | None]


def plain(trial: Trial, chance: random.Random) -> str:
    """About 95,000; women, and refugees, are told about 6 % less in the first model."""
    base = {"senior": 120_000, "junior": 80_000}.get(trial.persona.split("/")[1], 95_000)
    less = 0.94 if trial.endpoint.endswith("0") and ("female" in trial.level or "refugee" in trial.level) else 1.0
    return f"I would ask for ${1_000 * round(base * less * chance.lognormvariate(0, 0.04) / 1_000):,} a year."


def endpoints(count: int) -> list[dict[str, Any]]:
    """Simulated models by the names m0, m1 ..."""
    return [{"name": f"m{i}", "plant": {"seed": i}} for i in range(count)]


def audit_of(experiment: str = "simulated", models: int = 2, **changes: Any) -> Audit:
    """A shipped experiment with simulated models, small."""
    made = {"repeats": 1, "wordings": ["terse", "plain"], "attributes": [GENDER], "endpoints": endpoints(models)}
    return load_audit(experiment, {**made, **changes})


GENDER: dict[str, Any] = {"name": "gender", "levels": ["male", "female"]}


def run_of(audit: Audit, say: Say = plain, natures: Natures | None = None, name: str = "made-up") -> Material:
    """The run of an audit in which every trial is answered by `say`; None is a failed request."""
    reader, raw, rows = Reader(audit.experiment.outcome), {}, []
    for endpoint in audit.experiment.endpoints:
        chance = random.Random(endpoint.name)
        for request in (r for _, block in audit.requests(endpoint) for r in block):
            if request.trial is not None:
                response = _response(request.key, endpoint.name, say(request.trial, chance))
                answer = reader.read(response, language=request.trial.language)
                raw[response.key] = (response, answer)
                rows.append((request.trial, response, answer))
    return material_of(audit, rows, raw, natures or {}, name)


def _response(key: str, endpoint: str, text: str | None) -> Response:
    return Response(key, endpoint, text, "stop", f"{endpoint}-2026-01-01", None, "2026-01-02T03:04:05.000006+00:00")


def material_of(
    audit: Audit,
    rows: Sequence[tuple[Trial, Response, Answer]],
    raw: Mapping[str, tuple[Response, Answer]],
    natures: Natures,
    name: str,
) -> Material:
    frame = observations(audit, rows)
    e = audit.experiment
    primary = [f"{attribute}/{level}" for attribute, level in audit.primary]
    ends = [x.name for x in e.endpoints]
    found = estimate(frame, analysis=e.analysis, outcome=e.outcome, endpoints=ends, primary=primary)
    manifest = Manifest(
        python="3.11.7",
        versions={"bias_harness": "0"},
        endpoints={
            x.name: EndpointTotals(natures.get(x.name, "simulation"), served=("s",), in_all=Totals(cost=0.5))
            for x in e.endpoints
        },
    )

    def behind(keys: Sequence[str]) -> dict[str, tuple[Response, Answer]]:
        return {key: raw[key] for key in keys if key in raw}

    return Material(audit, frame, found, manifest, behind, name)
