"""The nouns of the trade: one word for one thing, and the types that cross from stage to stage.

Every class docstring is the glossary entry of its word. Nothing here computes anything but units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Status = Literal["ok", "refused", "no_amount", "ambiguous", "failed"]
Kind = Literal["point", "range", "refusal", "no_amount", "ambiguous"]
Period = Literal["year", "month", "week", "day", "hour"]
Basis = Literal["gross", "net"]
Scope = Literal["panel", "profiles", "profiles+wordings"]
Scale = Literal["log", "money", "rate", "difference"]
Nature = Literal["model", "tiny model", "simulation", "recording", "product", "imported", "unknown"]
ErrorKind = Literal["transient", "fatal", "quota", "content", "empty"]
Fate = Literal["counted", "refused", "empty", "unread", "implausible", "other_currency", "incomplete_pair", "failed"]
FATES: tuple[Fate, ...] = get_args(Fate)
"""What becomes of an answer that was asked; each has exactly one of these. Unread answers have a reason beside it."""
MOST_JOBS = 1_000
"""About as many as the longest lists of occupations tell apart (O*NET-SOC 2019: 1,016): more cannot be asked about."""
VerdictWord = Literal[
    "gap_meaningful",
    "gap_detected_but_negligible",
    "gap_detected_size_unclear",
    "equivalent",
    "inconclusive",
]


CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete"})
"""Finish reasons, in lower case, of a text that broke off at its most tokens."""
FILTERED = frozenset(
    {"content_filter", "content-filter", "safety", "refusal", "prohibited_content", "blocklist", "spii", "sensitive"}
)
"""Finish reasons, in lower case, of what the endpoint's own filter kept back: an answer, though without a text."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One asking of a cell: who is described how, in which words, to which endpoint, and which repeat.

    `signal` is the index of the signal within its level; `edit` names a neutral edit of the wording
    (empty for none; only arms of the reference level have one); `block` numbers the group of trials that are asked
    side by side. `repeat` counts from 0 and is part of the identity.
    """

    endpoint: str
    language: str
    wording: str
    persona: str
    attribute: str
    level: str
    signal: int
    edit: str
    repeat: int
    block: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation: `role` is system, user or assistant."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: the messages, the sampling parameters and, where the endpoint takes one, a seed.

    `key` is the SHA-256 (hex) of the canonical JSON of endpoint, model, messages, sampling and repeat.
    The repeat is never sent to the provider. The seed is not part of the key. `trial` is what the request was
    made for: never sent, never recorded, read by the simulated advisor alone. `confirms` is the key of the request
    whose answer this one asks about in a second turn (see `Experiment.confirm`); null for an ordinary request.
    """

    key: str
    endpoint: str
    model: str
    messages: tuple[Message, ...]
    sampling: Mapping[str, Any]
    repeat: int
    seed: int | None = None
    trial: Trial | None = None
    confirms: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as they are billed, those of thinking included; `cost` in US dollars where it is known.

    `cached_tokens` are those of the input that were read from the provider's cache, at its lower price.

    `reserved` is what may have been billed besides and was never reported (an answer without a count of tokens, an
    attempt whose connection broke): US dollars at most, null where there is no such thing.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    reserved: float | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request has no text: its kind, one sentence, and the HTTP status where there was one."""

    kind: ErrorKind
    message: str
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One way an answer can go on behind the words it begins with, and how probable that is, from 0 to 1."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a model would go on after `begins`: branches that leave each other out, and add up to 1 or less.

    What is missing to 1 was not looked at. `questions` is how many one-token questions told it. `following` is what
    the answer that was drawn went on with behind the branch it took; empty where nothing was drawn.
    """

    begins: str
    branches: tuple[Branch, ...]
    questions: int
    following: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for one request: one line of `responses*.jsonl`.

    `asked_at` is ISO 8601 in UTC with microseconds. `seed` is the seed that was really sent, null if none.
    A response has a text or an error. Where the endpoint answered and there was no text in it, the error is of kind
    `empty`; an empty text without an error comes from an older log, or from the endpoint's filter. `probabilities`
    stand beside the text where the experiment reads them. `confirms` is there where this is no answer of the design but
    a confirmation: the key of the answer that was asked about.
    """

    key: str
    endpoint: str
    text: str | None
    finish_reason: str | None
    served_model: str | None
    usage: Usage | None
    asked_at: str
    error: Failure | None = None
    seed: int | None = None
    attempts: int = 1
    probabilities: Distribution | None = None
    confirms: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One amount found in a response and the part it plays there (advice, floor, market, echo ...)."""

    low: float
    high: float
    currency: str | None
    period: Period | None
    role: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read in a response: a status and perhaps an amount, with the span of text it rests on.

    `amount`, `low`, `high` are as stated, in `currency` per `period`; `annual*` is the same converted to the
    experiment's unit (a year, gross, full time), null where it cannot be. A range has `low < high` and its
    `amount` by the experiment's range rule. `soft` marks an answer given together with a refusal.
    `reason` says in one code why there is no amount, or which rule picked it. `probability` (0-1) is how sure the
    second reader is of that amount; null where there is no prose to be unsure of. Where the model's probabilities were
    read, `annual` is the geometric mean over the branches that are an amount, `covered` their share of the probability
    (0-1), and `bound_low`, `bound_high` are where the mean would be if all that is open lay at the lowest or highest
    plausible amount.
    """

    status: Status
    kind: Kind
    amount: float | None = None
    low: float | None = None
    high: float | None = None
    currency: str | None = None
    period: Period | None = None
    basis: Basis | None = None
    annual: float | None = None
    annual_low: float | None = None
    annual_high: float | None = None
    span: tuple[int, int] | None = None
    evidence: str = ""
    soft: bool = False
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    probability: float | None = None
    covered: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None

    def __post_init__(self) -> None:
        if (self.status == "ok") != (self.amount is not None):
            raise ValueError(f"an answer is ok exactly when it has an amount, not {self.status} with {self.amount}")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval and its counts, or the reason why there is none.

    The gap is level minus reference: negative = the level is advised less. On scale `log`, `estimate`,
    `std_error`, `conf_low` and `conf_high` are in log units and `percent*` is `100 * expm1` of them; on scale
    `money` they are in `currency` a year and `percent*` is the ratio of means minus one, in per cent, with its
    own interval; on scale `rate` they are differences of shares (0-1), on scale `difference` (an outcome that is
    itself a score or a share) differences of means in its unit. A number that is not available is null
    and `status` (with `reason`) says why; `status` is "ok" otherwise.
    """

    estimator: str
    endpoint: str
    attribute: str
    level: str
    reference: str
    scale: Scale
    scope: Scope
    family: str
    slice: Mapping[str, str] = field(default_factory=dict)
    outcome: str = "salary"
    currency: str | None = None
    estimate: float | None = None
    std_error: float | None = None
    df: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    simultaneous_low: float | None = None
    simultaneous_high: float | None = None
    percent: float | None = None
    percent_low: float | None = None
    percent_high: float | None = None
    mean_level: float | None = None
    mean_reference: float | None = None
    n_profiles: int = 0
    n_wordings: int = 0
    n_pairs: int = 0
    n_answers: int = 0
    n_dropped: int = 0
    status: str = "ok"
    reason: str = ""
    verdict: VerdictWord | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
