"""experiments/*.yaml -> Experiment: one audit on one page, checked at the door."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PositiveInt,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from bias_harness.design.endpoints import PROVIDER_NAMES, Endpoint, HttpCall, Plant, Price, Sampling
from bias_harness.handwritten import Name, Share, Strict, fraction
from bias_harness.outcome import CAME_LATER, Analysis, Outcome, declared
from bias_harness.probabilities import GIVEN_BY

__all__ = [
    "CAME_LATER",
    "PROVIDER_NAMES",
    "Analysis",
    "AttributeChoice",
    "ConfirmSample",
    "Endpoint",
    "Experiment",
    "HttpCall",
    "Name",
    "Outcome",
    "PeopleChoice",
    "Placebo",
    "Plant",
    "Price",
    "Rotation",
    "Sampling",
    "Share",
    "Strict",
    "declared",
]


_SAMPLE_SCHEMA = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"pattern": r"^[0-9.]+ *%$"}]}


class PeopleChoice(Strict):
    """Which people of personas/<people>.yaml are asked about; what is not named is not narrowed.

    `jobs` are names, or a number: the first so many of the file's order, which in a file with a `frame` is a random
    draw, so that they stand for its jobs.
    """

    people: Name
    fields: list[str] | None = Field(default=None, min_length=1)
    jobs: PositiveInt | Annotated[list[str], Field(min_length=1)] | None = None
    seniorities: list[str] | None = Field(default=None, min_length=1)
    places: list[str] | None = Field(default=None, min_length=1)


class Rotation(Strict):
    """In how many ways each level is said, and how often each person is asked, where the ways take turns.

    The reference level is put in `edits` ways (the wording as it stands or with a neutral edit, through one expression
    or another), each other level through `expressions` of its signals and expressions. Every person gets
    `reference_answers` of the reference level and `level_answers` of each other level, spread over the wordings; over
    the people every way meets every wording equally. What is left out follows from the numbers of levels and people.
    """

    edits: PositiveInt | None = None
    expressions: PositiveInt | None = None
    reference_answers: PositiveInt | None = None
    level_answers: PositiveInt | None = None


class AttributeChoice(Strict):
    """Which attribute is varied, and which of its levels; `within` narrows the parts of a combination.

    `signals` is how many of each level's signals (and expressions) are asked at most; `rotation` is for this attribute.
    """

    name: str
    levels: list[str] | None = Field(default=None, min_length=1)
    reference: str | None = None
    signals: PositiveInt | None = None
    within: dict[str, list[str]] = {}
    rotation: Rotation | None = None


class Placebo(Strict):
    """Which placebo arms a full crossing asks: another signal of the same level, a neutral edit of the wording.

    A rotated design asks the reference level in several ways anyhow: see `rotation`.
    """

    signals: bool = True
    edits: bool = True


class ConfirmSample(Strict):
    """About how many answers of each level is asked again: a share of them (0.1, or 10%), or so many (40)."""

    sample: Annotated[float, BeforeValidator(fraction), WithJsonSchema(_SAMPLE_SCHEMA)]

    @field_validator("sample")
    @classmethod
    def _a_share_or_a_number(cls, value: float) -> float:
        if value <= 0 or (value > 1 and not value.is_integer()):
            raise ValueError("a share of each level's answers is wanted, as 0.1 or 10%, or a whole number of them")
        return value

    def of(self, answers: int) -> int:
        """How many of so many answers: at least one, where there is one."""
        wanted = int(self.sample) if self.sample >= 1 else max(1, round(self.sample * answers))
        return min(answers, wanted)


def _form(value: Any) -> str:
    """In which of its two forms `confirm` is written."""
    return "sample" if isinstance(value, dict | ConfirmSample) else "word"


Confirm = Annotated[
    Annotated[Literal["all", "unread"], Tag("word")] | Annotated[ConfirmSample, Tag("sample")], Discriminator(_form)
]


class Experiment(Strict):
    """One audit, described by one YAML file.

    With six jobs or more, and neither `rotation` nor `repeats` given, the design is rotated: many people, each asked a
    few times, every level said in several ways. With fewer jobs, or with `repeats` alone, everything is crossed with
    everything, `repeats` times (5 where left out), and speaks of these cases. In a rotated design `repeats` (1 where
    left out) multiplies the answers. `primary` names what the verdicts are about: attributes, or `attribute/level`;
    left out, every level of every attribute that is no combination. `author` and `contact` stand on the page: who
    asked, and where a reader or a vendor can write to; they are no part of the digest. `confirm` asks in a second turn
    of the same conversation which amount was meant: about `all` answers, a sample, or those that could not be read
    (`unread`). It is told beside the reading and changes no number; it is no part of the digest either.
    """

    experiment: Name
    title: dict[str, str] = {}
    notes: dict[str, str] = {}
    author: str = Field(default="", max_length=200)
    contact: str = Field(default="", max_length=200)
    seed: int = 1
    languages: list[str] = Field(default=["en"], min_length=1)
    question: Name = "salary"
    wordings: list[Name] = Field(default=["terse", "conversational", "adviser"], min_length=1)
    persona_in: Literal["user", "system"] = "user"
    personas: PeopleChoice
    attributes: list[AttributeChoice] = Field(min_length=1)
    primary: list[str] | None = Field(default=None, min_length=1)
    rotation: Rotation | None = None
    placebo: Placebo = Placebo()
    repeats: PositiveInt = 5
    sampling: Sampling = Sampling()
    outcome: Outcome = Outcome()
    analysis: Analysis = Analysis()
    endpoints: list[Endpoint] = Field(min_length=1)
    max_error_share: Share = 0.5
    max_unread_share: Share | None = None
    confirm: Confirm | None = None
    budget: float | None = Field(default=None, gt=0)

    @field_validator("attributes", mode="before")
    @classmethod
    def _bare_names(cls, value: Any) -> Any:
        """`- gender` is short for `- name: gender`."""
        return [{"name": v} if isinstance(v, str) else v for v in value] if isinstance(value, list) else value

    @field_validator("confirm", mode="before")
    @classmethod
    def _one_of_three(cls, value: Any) -> Any:
        if value is None or value in ("all", "unread") or isinstance(value, dict | ConfirmSample):
            return value
        raise ValueError("all, unread, or a sample of each level as {sample: 10%} or {sample: 40} is wanted here")

    @model_validator(mode="after")
    def _can_be_confirmed(self) -> Self:
        if self.confirm is None:
            return self
        if self.outcome.measured.form != "money" or self.outcome.probabilities is not None:
            raise ValueError("confirm asks which amount a text meant, and none is read from a text here; leave it out")
        for endpoint in self.endpoints:
            if endpoint.http is not None and not endpoint.http.takes_messages:
                raise ValueError(
                    f"confirm asks in a second turn, and the endpoint {endpoint.name!r} is sent one question alone; "
                    'put "{messages}" into its http.body where it takes a conversation, or leave confirm out'
                )
        return self

    @model_validator(mode="after")
    def _declared(self) -> Self:
        declared(self.outcome, self.analysis)
        return self

    @model_validator(mode="after")
    def _probabilities_can_be_had(self) -> Self:
        if self.outcome.probabilities is None:
            return self
        if "repeats" in self.model_fields_set and self.repeats > 1:
            raise ValueError(
                f"repeats is {self.repeats}, and outcome.probabilities are the same each time; leave repeats out, and "
                "take more jobs, wordings or edits"
            )
        if self.outcome.format != "text":
            raise ValueError("outcome.probabilities reads the first number of a text; leave outcome.format out")
        for endpoint in self.endpoints:
            if endpoint.provider not in GIVEN_BY:
                raise ValueError(
                    f"the endpoint {endpoint.name!r} ({endpoint.provider}) gives no probabilities; leave "
                    "outcome.probabilities out, or ask it in an experiment of its own"
                )
            self._probabilities_of(endpoint)
        return self

    def _probabilities_of(self, endpoint: Endpoint) -> None:
        """Raise `ValueError` where it would not be clear at which temperature an endpoint's probabilities are."""
        sampling = endpoint.sampling or self.sampling
        if sampling.top_p not in (None, 1):
            raise ValueError("outcome.probabilities are those of all tokens; leave sampling.top_p out")
        if endpoint.provider == "embedded" and not 0.1 <= (sampling.temperature or 0) <= 1:
            raise ValueError("outcome.probabilities of the local model need a sampling.temperature from 0.1 to 1")
        if endpoint.provider == "openai_compatible" and sampling.temperature != 1:
            raise ValueError(
                "some endpoints report probabilities before sampling and some after, and they agree at temperature 1 "
                "alone; outcome.probabilities of an endpoint need sampling: {temperature: 1}"
            )

    @model_validator(mode="after")
    def _no_twins(self) -> Self:
        for what, names in (
            ("endpoint", [e.name for e in self.endpoints]),
            ("attribute", [a.name for a in self.attributes]),
            ("wording", list(self.wordings)),
            ("language", list(self.languages)),
        ):
            twins = sorted({n for n in names if names.count(n) > 1})
            if twins:
                raise ValueError(f"the {what} {twins[0]!r} is named twice; give each its own name")
        return self
