"""What becomes of one request of a batch that has ended: an answer in the log, a failure, or asked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bias_harness.asking.batches.collecting import AtHand
from bias_harness.asking.budget import spent, with_cost
from bias_harness.asking.common import Common
from bias_harness.asking.received import hide, received
from bias_harness.asking.tally import Work
from bias_harness.errors import ContentError, InputError, ProviderError, TransientError
from bias_harness.results import KeySet
from bias_harness.vocabulary import Failure, Request, Response, Usage

FEWEST_BEFORE_GIVING_UP = 20
MOST_WORDS = 300
UNREACHED = 408
"""The status of what a batch did not come to."""


class Results:
    """Judges and keeps the results of one endpoint's batches.

    `overrun` is by how much an answer may cost more than was set aside: the worst that was seen. `settled` are
    the keys that need no more asking.
    """

    def __init__(self, work: Work, common: Common, settled: KeySet) -> None:
        self.work, self.common, self.settled, self.overrun = work, common, settled, 1.0
        self._tries: dict[str, int] = {}
        self._fatal = self._unwanted = ""

    def take(self, each: AtHand, request: Request, *, known: bool = True) -> None:
        """Keep what a batch has of a request, if it was asked there and was not taken yet.

        `known` says that the request is of the design as it is now, so that `see` can make something of it.
        """
        if request.key not in each.left:
            return
        seed = each.left.pop(request.key)
        sent = request if seed == request.seed else replace(request, seed=seed)
        try:
            response = self._read(each, sent)
        except (ContentError, TransientError) as error:
            self._without(each, sent, error)
        except ProviderError as error:
            each.failed += 1
            each.last = self._fatal = self._fatal or self._said(error)
        else:
            each.answered += 1
            each.paid += spent(response.usage)
            self._keep(request, response, known=known)

    def take_the_rest(self, each: AtHand) -> None:
        """What was asked and is asked no longer, or is of another part: paid all the same, and kept."""
        sampling = next((r.sampling for r in self.work.requests), {}) if each.left else {}
        for key in list(each.left):
            stub = Request(key, self.work.endpoint.name, self.work.endpoint.model, (), sampling, 0)
            self.take(each, stub, known=False)

    def verdict(self, each: AtHand) -> str | None:
        """Why the endpoint should be asked nothing more after this batch, if it should."""
        batch, dealt = each.state.id, each.answered + each.failed
        if self._unwanted:
            return self._unwanted
        if self._fatal:
            return f"a request of the batch {batch} cannot succeed: {self._fatal}"
        missing = each.failed + each.unreached
        if each.state.cancelled and missing:
            return f"the batch {batch} was cancelled; what it answered is kept, and the same command asks the rest"
        if missing and not each.answered:
            return f"none of {missing:,} requests of the batch {batch} was answered ({each.state.status}): {each.last}"
        if dealt >= FEWEST_BEFORE_GIVING_UP and each.failed > self.common.max_error_share * dealt:
            return f"{each.failed:,} of {dealt:,} requests of the batch {batch} failed, the last with: {each.last}"
        return None

    def _read(self, each: AtHand, request: Request) -> Response:
        line, batches = each.line(request.key), self.work.provider.batches
        if line is None or batches is None:
            raise TransientError(
                f"the batch {each.state.id} ended ({each.state.status}) without a result for it",
                http_status=UNREACHED,
                maybe_billed=each.late,
            )
        try:
            given = batches.response(request, line, each.kept.begun_at)
        except (ProviderError, InputError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a line holds, it is one failed request
            why = " ".join(f"{type(error).__name__}: {error}".split())[:MOST_WORDS]
            raise TransientError(f"a line of the batch cannot be read ({why})", maybe_billed=True) from None
        response = received(request, given, self.work.secrets)
        usage = with_cost(response.usage, self.work.price, each.each)
        self.overrun = max(self.overrun, spent(usage) / each.each) if each.each else self.overrun
        return replace(response, usage=usage)

    def _without(self, each: AtHand, request: Request, error: ProviderError) -> None:
        """No answer: of an own kind where the filter refused, else it is asked again, as often as any request."""
        each.last = self._said(error)
        money = each.each if isinstance(error, TransientError) and error.maybe_billed else 0.0
        each.paid += money
        if isinstance(error, TransientError):
            if error.http_status == UNREACHED:
                each.unreached += 1
            else:
                each.failed += 1
            self._tries[request.key] = tries = self._tries.get(request.key, 0) + 1
            if tries < self.work.endpoint.max_attempts:
                self.work.tally.retried += 1
                if money:  # paid, perhaps, and no answer: the next start has to know
                    self.common.log.append(self._failure(request, error, each, money))
                return
        else:
            each.answered += 1
        self._keep(request, self._failure(request, error, each, money), known=bool(request.messages))

    def _failure(self, request: Request, error: ProviderError, each: AtHand, money: float) -> Response:
        failure = Failure(error.kind, self._said(error), error.http_status)
        finish = "content_filter" if error.kind == "content" else None
        usage = Usage(reserved=money) if money else None
        at = each.kept.begun_at or datetime.now(UTC).isoformat(timespec="microseconds")
        return Response(request.key, request.endpoint, None, finish, None, usage, at, failure)

    def _keep(self, request: Request, response: Response, *, known: bool) -> None:
        self.common.log.append(response)
        self.work.tally.count(response)
        self.settled.add(request.key)
        reason = self.common.see(request, response) if known else None
        if reason:
            self._unwanted = self._unwanted or reason
        if self.common.log.trouble is not None:
            self.common.stop.set()

    def _said(self, error: ProviderError) -> str:
        return hide(str(error), self.work.secrets)
