"""`confirm:` of an experiment: which answers are asked about in a second turn, and in which words.

The words are in `prompts/confirm.<language>.j2`, a template with the block `question`, which is given `outcome` and
`currency`. Which answers those are is settled by the design alone, unless only those that cannot be read are meant.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bias_harness.design.experiment import ConfirmSample
from bias_harness.design.portion import WHOLE, Portion, blocks_of, planned_requests
from bias_harness.vocabulary import Request, Trial

if TYPE_CHECKING:
    from bias_harness.design.audit import Audit
    from bias_harness.design.experiment import Endpoint

Wanted = Callable[[Trial], bool]


def wanted_of(audit: Audit, endpoint: Endpoint) -> Wanted:
    """Whether the answer to a trial is to be asked about, as far as the design tells: of each level as many.

    Everything where `confirm` is all or unread, nothing where there is none.
    """
    confirm = audit.experiment.confirm
    if not isinstance(confirm, ConfirmSample):
        return lambda _trial: confirm is not None
    sampled = frozenset(_sampled(audit, endpoint, confirm))
    return lambda trial: trial in sampled


def _sampled(audit: Audit, endpoint: Endpoint, confirm: ConfirmSample) -> Iterator[Trial]:
    levels: dict[tuple[str, str], list[Trial]] = {}
    for trial in audit.design.trials(endpoint.name):
        levels.setdefault((trial.attribute, trial.level), []).append(trial)
    for trials in levels.values():
        ordered = sorted(trials, key=lambda trial: _place(trial, audit.experiment.seed))
        yield from ordered[: confirm.of(len(trials))]


def _place(trial: Trial, seed: int) -> bytes:
    """Where a trial stands in a random order that is always the same."""
    return hashlib.sha256(f"confirm/{seed}/{trial}".encode()).digest()


def planned_turns(audit: Audit, endpoint: Endpoint, portion: Portion = WHOLE) -> int:
    """How many second turns a portion of the design has at most."""
    if not isinstance(audit.experiment.confirm, ConfirmSample):
        return planned_requests(audit, portion) if audit.experiment.confirm else 0
    wanted = wanted_of(audit, endpoint)
    return sum(wanted(trial) for block in blocks_of(audit, portion) for trial in block.trials(endpoint.name))


def turns_of(
    audit: Audit, endpoint: Endpoint, text_of: Callable[[Request], str | None]
) -> Iterator[tuple[Request, Request]]:
    """Each request whose answer is asked about, with its second turn; `text_of` gives that answer, None for none."""
    wanted = wanted_of(audit, endpoint)
    for block, requests in audit.requests(endpoint):
        for request in requests:
            text = text_of(request) if request.trial is not None and wanted(request.trial) else None
            if text:
                yield request, audit.prompter.second_turn(request, text, block.language)
