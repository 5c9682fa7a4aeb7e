"""How far a run is: what its manifest lacks, and what several parts come to, counted from the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from bias_harness.design.audit import Audit
from bias_harness.design.experiment import Endpoint
from bias_harness.results.found import Counts, Found
from bias_harness.results.keys import KeySet
from bias_harness.results.manifest import EndpointTotals, Manifest, Status, Totals
from bias_harness.results.seals import Seal
from bias_harness.vocabulary import Nature

IMPORTED = "imported"
NATURES: Mapping[str, Nature] = {
    "simulated": "simulation",
    "embedded": "tiny model",
    "replay": "recording",
    "http": "product",
    "function": "product",
    IMPORTED: "imported",
}
"""What a provider's answers are where no manifest says so. Of the others nothing is claimed: unknown is never real."""


def completed(manifest: Manifest, audit: Audit, found: Callable[[], Found], faults: tuple[str, ...] = ()) -> Manifest:
    """The manifest with what it lacks: labels from the experiment, counts from the log, for the experiment's endpoints.

    `found` counts the log; it is called only where the manifest does not say how far the run is: there is none, it is
    of format 1, the run was killed, or there are `faults`, by which the log is not as the manifest says.
    """
    names = [e.name for e in audit.experiment.endpoints]
    known = {name: manifest.endpoints.get(name) for name in names}
    counted = all(end and end.present is not None for end in known.values())
    there = None if counted and not faults else found()
    designed = trials_of(audit)
    ends = {e.name: _filled(e, known[e.name] or EndpointTotals(), designed) for e in audit.experiment.endpoints}
    if there is not None:
        ends = {name: _recounted(name, end, audit, there) for name, end in ends.items()}
    return replace(manifest, experiment=audit.experiment.experiment, endpoints=ends, faults=faults)


def _filled(endpoint: Endpoint, end: EndpointTotals, designed: int) -> EndpointTotals:
    provider = end.provider or endpoint.provider
    nature = end.nature if end.nature != "unknown" else nature_of(endpoint)
    whole = designed if end.designed is None and provider != IMPORTED else end.designed
    return replace(end, nature=nature, provider=provider, model=end.model or endpoint.model, designed=whole)


def _recounted(name: str, end: EndpointTotals, audit: Audit, found: Found) -> EndpointTotals:
    counts = found.endpoints.get(name, Counts())
    end = replace(end, in_all=totals_of(counts), served=tuple(sorted({*end.served, *counts.served})))
    if end.provider == IMPORTED:  # its trials are those of the table, whatever the axes of the design would make
        return replace(end, designed=counts.answered + counts.failed, present=counts.answered)
    return replace(end, present=trials_in(audit, name, found.settled()))


def totals_of(counts: Counts) -> Totals:
    """What the log holds of one endpoint."""
    return Totals(counts.answered, counts.failed, counts.input_tokens, counts.output_tokens, counts.cost)


def nature_of(endpoint: Endpoint) -> Nature:
    """What answers at an endpoint, as far as the experiment alone tells; `unknown` where it does not."""
    return NATURES.get(endpoint.provider, "unknown")


def trials_of(audit: Audit) -> int:
    """How many trials the whole design has for one endpoint."""
    return sum(c.trials for c in audit.design.counts())


def trials_in(audit: Audit, endpoint: str, keys: KeySet) -> int:
    """How many trials of the design have their request among the keys; two trials may share a request."""
    asked = next(e for e in audit.experiment.endpoints if e.name == endpoint)
    return sum(request.key in keys for _, block in audit.requests(asked) for request in block)


def merged(parts: Sequence[Manifest], into: Manifest, audit: Audit, found: Found, log: Mapping[str, Seal]) -> Manifest:
    """One manifest of several parts: what they say of the making, and counts from the log itself.

    A label on which the parts disagree is unknown. It is a success only where all of the design is there.
    """
    said = [m for m in (*parts, into) if m.status is not None]
    first = said[0] if said else Manifest()
    ends = {e.name: _together(e, said, audit, found) for e in audit.experiment.endpoints}
    states = {m.status for m in said}
    status: Status = "partial"
    if all(end.present == end.designed for end in ends.values()):
        status = "success"
    elif states & {"interrupted", "started"}:
        status = "interrupted"
    elif any(end.in_all and end.in_all.failed for end in ends.values()):
        status = "error"
    return replace(
        first,
        experiment=audit.experiment.experiment,
        started_at=min((m.started_at for m in said if m.started_at), default=None),
        finished_at=max((m.finished_at for m in said if m.finished_at), default=None),
        status=status,
        endpoints=ends,
        log=log,
        merged=len(parts),
    )


def _together(endpoint: Endpoint, said: Iterable[Manifest], audit: Audit, found: Found) -> EndpointTotals:
    ends = [m.endpoints[endpoint.name] for m in said if endpoint.name in m.endpoints]
    natures = {end.nature for end in ends}
    counts = found.endpoints.get(endpoint.name, Counts())
    made = EndpointTotals(
        nature=natures.pop() if len(natures) == 1 else "unknown",
        provider=endpoint.provider,
        model=endpoint.model,
        served=tuple(sorted(counts.served)),
        sampling_added=next((end.sampling_added for end in ends), {}),
        planned=trials_of(audit),
        answered=counts.answered,
        failed=counts.failed,
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        cost=counts.cost,
    )
    return _recounted(endpoint.name, replace(made, designed=trials_of(audit)), audit, found)
