"""How an endpoint is written down: where a model lives, how it is asked, or what a simulated one plants."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PositiveInt,
    field_validator,
    model_validator,
)

from bias_harness.design.keys import LOOKS_LIKE_A_KEY, is_variable, key_in_url, texts_in, written_key
from bias_harness.handwritten import Name, Share, Strict, finite

PROVIDER_NAMES = ("openai_compatible", "anthropic", "embedded", "replay", "simulated", "http", "function")


class Sampling(Strict):
    """Sampling parameters as they are sent; what is null is not sent."""

    temperature: float | None = Field(default=1.0, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: PositiveInt | None = 300

    def sent(self) -> dict[str, Any]:
        """The parameters that go over the wire."""
        return self.model_dump(exclude_none=True)


class Price(Strict):
    """US dollars per million tokens; what is read from the provider's cache costs as other input where left out."""

    input_per_million: float = Field(ge=0)
    output_per_million: float = Field(ge=0)
    cached_input_per_million: float | None = Field(default=None, ge=0)


class Batch(Strict):
    """How an endpoint's batches are made: the most `requests` and `megabytes` of one, and what a token costs in them.

    What is left out is the provider's own limit, and the batch price of the list; where none is listed the ordinary
    price is taken, which a batch never exceeds.
    """

    requests: PositiveInt | None = None
    megabytes: float | None = Field(default=None, gt=0)
    price: Price | None = None


class Plant(Strict):
    """What the simulated advisor does: the planted effects and the noise around them.

    `gaps` maps attribute -> level -> planted gap as a fraction of the reference's amount (-0.05 = 5 % less);
    a combination adds up the gaps of its parts (on the log scale) unless it has a key of its own.
    `field_gaps` adds to that per field. `heap` rounds to multiples (0 = not at all).
    Standard deviations are on the log scale. Of a score or a share all of this is in its own unit (points; shares
    from 0 to 1) and adds up: `base: 0.6` with a gap of -0.1 says yes to 60 % and 50 %.

    `word_sd` is how far any way of saying it moves the answers, whoever is asked about: the neutral edits and
    expressions of the reference level like those of the others; `word_job_sd` the same again in each job. Where a gap
    is planted (a 0 too) it varies by `profile_gap_sd` over people, `job_gap_sd` over jobs, `wording_gap_sd` over
    wordings and `job_wording_gap_sd` over both. `seed_correlation` is the share of the answers' variance that requests
    of one seed have in common. `jumps` maps attribute -> level -> the share of answers that are `jump_factor` of the
    amount. Asked again which amount it advised, it says the truth, but for the share of a level's answers that
    `misreports` maps attribute -> level to: of those it says `misreport_factor` of the amount.
    """

    gaps: dict[str, dict[str, float]] = {}
    field_gaps: dict[str, dict[str, dict[str, float]]] = {}
    base: float = Field(default=90_000, gt=0)
    profile_sd: float = Field(default=0.25, ge=0)
    profile_gap_sd: float = Field(default=0.0, ge=0)
    wording_gap_sd: float = Field(default=0.0, ge=0)
    job_gap_sd: float = Field(default=0.0, ge=0)
    job_wording_gap_sd: float = Field(default=0.0, ge=0)
    word_sd: float = Field(default=0.0, ge=0)
    word_job_sd: float = Field(default=0.0, ge=0)
    seed_correlation: Share = 0.0
    jumps: dict[str, dict[str, Share]] = {}
    jump_factor: float = Field(default=0.3, gt=0)
    misreports: dict[str, dict[str, Share]] = {}
    misreport_factor: float = Field(default=0.8, gt=0)
    trial_sd: float = Field(default=0.06, ge=0)
    heap: float = Field(default=1_000, ge=0)
    refusals: dict[str, dict[str, Share]] = {}
    refusal_rate: Share = 0.0
    latency_seconds: float = Field(default=0.0, ge=0)
    fault_rate: Share = 0.0
    seed: int = 0


PLACEHOLDERS = ("question", "system", "messages", "uuid")
_SYNONYMS = dict.fromkeys(
    ("prompt", "message", "input", "query", "text", "user", "content", "user_message"), "question"
)
_SYNONYMS |= {"history": "messages", "chat": "messages", "instructions": "system", "session": "uuid", "id": "uuid"}
_PLACEHOLDER = re.compile(r"\{+\s*([A-Za-z_]+)\s*\}+")


class HttpCall(Strict):
    """A product behind HTTP: where the question goes, and where the text comes back.

    In `url`, `body` and `headers` every `{question}` inside a text is replaced by the user's message, `{system}` by
    the system message, `{uuid}` by an id that is new in every request (a session of its own); in the body `{messages}`
    alone by the list of messages. The body is sent as `send` says: `json`, a `form` (one level of keys), or plain
    `text`; with `method: GET` there is none, and the question stands in the URL. `text_at` is the dotted path to the
    text in the JSON that comes back (`reply.0.text`), or in each event of a stream; `text_pattern` a regular expression
    whose first group is the text instead; with neither the whole answer is the text. `$NAME` in a header takes the
    variable's value; a key is never written here itself. Cookies are not kept.
    """

    url: str = Field(pattern="^https?://")
    method: Literal["POST", "GET", "PUT"] = "POST"
    send: Literal["json", "form", "text"] = "json"
    body: Annotated[dict[str, Any] | list[Any] | str, AfterValidator(finite)] = {}
    text_at: str = ""
    text_pattern: str = ""
    headers: dict[str, str] = {}

    @model_validator(mode="after")
    def _asks_the_question(self) -> Self:
        texts = [self.url, *(texts_in(self.body) if self.method != "GET" else ())]
        asked = {name for text in texts for name in _PLACEHOLDER.findall(text)}
        if not {"question", "messages"} & asked:
            raise ValueError(f"the question goes nowhere: write {{question}} where it belongs{_meant(asked)}")
        return self

    @property
    def takes_messages(self) -> bool:
        """Whether it is sent a whole conversation, and not the question alone."""
        return self.method != "GET" and _holds(self.body, "{messages}")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.send == "form" and not isinstance(self.body, dict):
            raise ValueError("send: form wants a body of keys and texts")
        if self.send == "text" and not isinstance(self.body, str):
            raise ValueError('send: text wants a body that is a text, as body: "{question}"')
        if self.text_at and self.text_pattern:
            raise ValueError("text_at and text_pattern both say where the text is; keep one")
        return self

    @field_validator("text_pattern")
    @classmethod
    def _one_group(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        if value and not groups:
            raise ValueError("the text is what stands in the first group: put it into ( )")
        return value

    @field_validator("url")
    @classmethod
    def _no_key_in_the_url(cls, value: str) -> str:
        return _without_key(value, "headers: {Authorization: Bearer $NAME}")

    @field_validator("headers")
    @classmethod
    def _no_key_in_a_header(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if written_key(name, text):
                raise ValueError(f"the header {name!r} holds a key itself; put it into a variable and write $NAME here")
        return value


def _holds(node: Any, text: str) -> bool:
    """Whether a text stands alone somewhere in a body."""
    if isinstance(node, dict | list):
        return any(_holds(value, text) for value in (node.values() if isinstance(node, dict) else node))
    return bool(node == text)


def _meant(asked: Iterable[str]) -> str:
    """A did-you-mean for the words that others have for a placeholder."""
    for name in sorted(asked):
        close = difflib.get_close_matches(name, PLACEHOLDERS, n=1, cutoff=0.7)
        meant = _SYNONYMS.get(name.lower()) or (close[0] if close else None)
        if meant and meant != name:
            return f"; you wrote {{{name}}}: did you mean {{{meant}}}?"
    return ", inside the body or the url"


def _name_may_be_left_out(schema: dict[str, Any]) -> None:
    schema.pop("required", None)


class Endpoint(Strict):
    """One model to ask: where it lives and how it is asked. Keys live in the environment only.

    The name is made from the model where it is left out. `api` is how an OpenAI-compatible endpoint is asked: `chat`
    completions, or OpenAI's `responses`, which serves some models alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=_name_may_be_left_out)

    name: Name
    provider: str = ""
    api: Literal["chat", "responses"] = "chat"
    model: str = ""
    base_url: str | None = None
    api_key_env: str | None = None
    sampling: Sampling | None = None
    send_seed: bool | None = None
    max_connections: PositiveInt = 16
    requests_per_minute: PositiveInt | None = None
    tokens_per_minute: PositiveInt | None = None
    timeout_seconds: float = Field(default=120, gt=0)
    max_attempts: PositiveInt = 6
    outage_seconds: float = Field(default=600, ge=0)
    price: Price | None = None
    model_path: str | None = None
    run: str | None = None
    plant: Plant | None = None
    http: HttpCall | None = None
    function: str | None = Field(default=None, pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    extra_body: Annotated[dict[str, Any], AfterValidator(finite)] = {}
    label: dict[str, str] = {}
    batch: bool | Batch = False

    @property
    def batched(self) -> Batch | None:
        """How its batches are made; None where it is asked one request at a time."""
        return self.batch if isinstance(self.batch, Batch) else Batch() if self.batch else None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        """A base_url alone means an OpenAI-compatible endpoint; a name alone is taken from the model."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        if not data.get("provider"):
            named = {"plant": "simulated", "run": "replay", "http": "http", "function": "function"}
            data["provider"] = next((p for key, p in named.items() if key in data), "openai_compatible")
        if "name" not in data and isinstance(data.get("model"), str):
            data["name"] = re.sub(r"[^A-Za-z0-9._-]+", "-", data["model"]).strip("-")
        return data

    @field_validator("base_url")
    @classmethod
    def _no_credentials(cls, value: str | None) -> str | None:
        if value is None:
            return value
        if not re.match(r"^https?://", value):
            raise ValueError(f"{value!r} is not a URL: it starts with http:// or https://")
        return _without_key(value, "api_key_env").rstrip("/")

    @field_validator("api_key_env")
    @classmethod
    def _a_name(cls, value: str | None) -> str | None:
        if value is not None and not is_variable(value):
            raise ValueError(
                "the name of a variable is wanted here, as OPENAI_API_KEY, and this is none. If it is a key itself, "
                "take it out, revoke it, and put the new one into that variable or into .env"
            )
        return value

    @model_validator(mode="after")
    def _no_key_anywhere(self) -> Self:
        for field in ("name", "model", "extra_body", "label", "http"):
            value = getattr(self, field)
            data = value.model_dump() if isinstance(value, HttpCall) else value
            if any(LOOKS_LIKE_A_KEY.search(text) for text in texts_in(data)):
                raise ValueError(f"{field} holds what looks like a key; keys belong into a variable (api_key_env)")
        return self

    @model_validator(mode="after")
    def _as_the_responses_api_takes_it(self) -> Self:
        if self.api == "responses" and self.provider != "openai_compatible":
            raise ValueError(f"api: responses is OpenAI's; leave it out where the provider is {self.provider}")
        if self.api == "responses" and self.send_seed:
            raise ValueError("the Responses API takes no seed; leave send_seed out")
        return self

    @model_validator(mode="after")
    def _no_stream_in_a_batch(self) -> Self:
        if self.batch and self.extra_body.get("stream"):
            raise ValueError("extra_body.stream and batch do not go together; take one of them out")
        return self


def _without_key(url: str, instead: str) -> str:
    """The URL, if it carries no credentials. The message never repeats the URL."""
    where = key_in_url(url)
    if where:
        raise ValueError(f"a URL must not carry credentials ({where}); name the key's variable in {instead} instead")
    return url
