"""How an asking ended: what each endpoint did, and the status of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bias_harness.asking.tally import Tally, Work
from bias_harness.design.audit import Audit
from bias_harness.results import Counts, EndpointTotals, Found
from bias_harness.results.manifest import Status
from bias_harness.results.totals import totals_of, trials_in, trials_of


def labels_of(audit: Audit, work: Work, found: Found) -> EndpointTotals:
    """What is known of an endpoint before it is asked."""
    counts = found.endpoints.get(work.endpoint.name, Counts())
    return EndpointTotals(
        nature=work.provider.nature,
        provider=work.endpoint.provider,
        model=work.endpoint.model,
        served=tuple(sorted(counts.served)),
        sampling_added=dict(work.provider.sampling_added),
        designed=trials_of(audit),
        planned=work.tally.planned,
        in_all=totals_of(counts),
    )


def ended(audit: Audit, work: Work, found: Found, second: Tally | None) -> EndpointTotals:
    """What is known of an endpoint when asking ends; what its second turns took and cost is in it."""
    labels, tally = labels_of(audit, work, found), work.tally
    whole = tally.done == labels.designed and not tally.failed  # then there is no need to go through the design again
    tallies = [tally] if second is None else [tally, second]
    costs = [one.cost for one in tallies if one.cost is not None]
    return replace(
        labels,
        present=labels.designed if whole else trials_in(audit, work.endpoint.name, found.settled()),
        already=tally.already,
        answered=tally.answered,
        failed=tally.failed,
        retried=sum(one.retried for one in tallies),
        input_tokens=sum(one.input_tokens for one in tallies),
        output_tokens=sum(one.output_tokens for one in tallies),
        cost=sum(costs) if costs else None,
        stopped=next((one.stopped for one in tallies if one.stopped), None),
    )


def status_of(ended: Status, tallies: Sequence[Tally], totals: Iterable[EndpointTotals]) -> Status:
    """How the call ended, seen with what it did: a success is one of the whole design."""
    ends = list(totals)
    if ended != "success":
        return ended
    if any(t.stopped or t.failed > t.filtered or t.empty_before for t in tallies):
        return "error"
    return "success" if all(end.present == end.designed for end in ends) else "partial"


def empty_said(tally: Tally) -> str:
    """What to say of answers without a text, and how to ask for them again."""
    count = tally.empty + tally.empty_before
    return (
        f"{tally.endpoint}: {count:,} requests were answered without a text (mostly all of max_tokens went to "
        "thinking); mend that and run the same command with --retry failed, which asks them again"
    )
