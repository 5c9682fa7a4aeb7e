"""A second reader, never the default: another model reads the answers of a run, and the two are compared.

What the judge says is kept in `second-reader/` of the run folder, so that asking again asks only what is missing.
The run's own readings and estimates stay as they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

from bias_harness.asking import Purse, Runner, Tally, Work, in_loop, price_of
from bias_harness.asking.keys import secrets_of, warn_of_strangers
from bias_harness.asking.providers import Context, close, create
from bias_harness.checking.rereading import Agreement, compare
from bias_harness.design.experiment import Endpoint
from bias_harness.design.prices import one_at_a_time
from bias_harness.design.prompts import request_key
from bias_harness.errors import BiasHarnessError
from bias_harness.reading.judge import judge_messages, read_judgement
from bias_harness.results import RunFolder, open_log
from bias_harness.runs import Run
from bias_harness.vocabulary import Answer, Request

log_to_user = logging.getLogger(__name__)
FOLDER = "second-reader"
TEMPLATE = "judge.txt"
COLD = {"temperature": 0.0, "max_tokens": 200}


def second_read(
    run: Run, endpoint: Endpoint, *, budget: float | None = None, progress: Callable[[Tally], None] | None = None
) -> Agreement:
    """Ask an endpoint to read every answer of a run, and say where it disagrees with the grammar.

    Raises `InputError` where the endpoint's key is missing or belongs elsewhere, `BiasHarnessError` where it was given
    up.
    """
    for sentence in list(warn_of_strangers([endpoint])):
        log_to_user.warning(sentence)
    asked = {request.key: key for key, request in _requests(run, endpoint)}
    folder = RunFolder(run.folder.path / FOLDER)
    with open_log(folder) as log:
        provider = create(endpoint, Context(run.audit.workspace.environment()))
        tally = Tally(endpoint.name, len(asked))
        requests = (request for _, request in _requests(run, endpoint))
        price = price_of(one_at_a_time(endpoint))
        work = Work(endpoint, provider, requests, tally, price, secrets_of(run.audit, endpoint))
        purse = Purse(budget, log.found.cost)
        runner = Runner(log, log.found.settled(), 0.5, asyncio.Event(), progress or (lambda _: None), purse)
        in_loop(_ask(runner, work))
    if tally.stopped:
        raise BiasHarnessError(f"the second reader stopped: {tally.stopped}")
    outcome = run.audit.experiment.outcome
    first, second = {}, {}
    for judged in folder.responses():
        key = asked.get(judged.key)
        if key is not None and judged.text is not None:
            response, answer = run.raw([key])[key]
            first[key] = answer
            second[key] = read_judgement(judged.text, answer=response.text or "", outcome=outcome)
    return compare(first, second)


async def _ask(runner: Runner, work: Work) -> None:
    try:
        await runner.run([work])
    finally:
        await close(work.provider, work.endpoint.name)


def _requests(run: Run, endpoint: Endpoint) -> Iterator[tuple[str, Request]]:
    """One request for every answer with a text: what was asked, what was answered, nothing of our own reading."""
    places = [folder / TEMPLATE for folder in run.audit.workspace.folders("prompts")]
    template = next(path for path in places if path.is_file()).read_text(encoding="utf-8")
    sampling = {**(endpoint.sampling.sent() if endpoint.sampling else COLD), **endpoint.extra_body}
    for key, question, answer in run.questions():
        messages = judge_messages(template, question=question, answer=answer)
        name = request_key(endpoint.name, endpoint.model, messages, sampling, 0)
        yield key, Request(name, endpoint.name, endpoint.model, messages, sampling, 0)


def shown(agreement: Agreement, most: int = 20) -> list[str]:
    """The agreement as lines: the share, and the answers that the two read differently."""
    share = "–" if agreement.share is None else f"{agreement.share:.1%}"
    lines = [f"{agreement.same:,} of {agreement.n:,} answers are read alike ({share})."]
    return lines + [
        f"{pair.key[:12]}  {_amount(pair.before)}, second reader: {_amount(pair.after)}  {pair.before.evidence[:60]!r}"
        for pair in agreement.differing[:most]
    ]


def _amount(answer: Answer) -> str:
    return (
        answer.status
        if answer.amount is None
        else f"{answer.amount:,.10g} {answer.currency or ''} {answer.period or ''}".strip()
    )
