"""The resolved experiment, and the digests by which two of them are told apart."""

from __future__ import annotations

import hashlib
from typing import Any, Self

import orjson
from pydantic import model_validator

from bias_harness.design.endpoints import Endpoint, HttpCall, Plant, Price
from bias_harness.design.experiment import Experiment
from bias_harness.design.personas import Attribute, People
from bias_harness.design.prompts import confirm_name, file_name, is_confirm
from bias_harness.handwritten import Strict
from bias_harness.outcome import CAME_LATER, Analysis, Outcome

CAME_LATER_AND_SAYS_NOTHING = frozenset(
    {
        *("max_unread_share", "outage_seconds", "method", "send", "text_pattern", "batch", "api"),
        *("cached_input_per_million", "misreports", "misreport_factor"),
    }
)
"""Keys that came later, of experiments, endpoints, calls and plants: at default they are no part of the digest."""
WHO_ASKED = ("author", "contact", "confirm")
"""Keys of the experiment that decide neither what the answers are nor how they are judged."""


class Resolved(Strict):
    """The file `experiment.yaml` of a run folder."""

    format: int
    experiment: Experiment
    people: People
    attributes: dict[str, Attribute]
    prompts: dict[str, str]

    @model_validator(mode="after")
    def _holds_what_it_names(self) -> Self:
        named = [choice.name for choice in self.experiment.attributes]
        parts = [part for name in named if name in self.attributes for part in self.attributes[name].combine]
        absent = [name for name in (*named, *parts) if name not in self.attributes]
        if absent:
            raise ValueError(f"the attribute {absent[0]!r} of the experiment is not in this file; restore it")
        e = self.experiment
        wanted = (file_name(e.question, wording, language) for wording in e.wordings for language in e.languages)
        turns = map(confirm_name, e.languages) if e.confirm is not None else ()
        missing = [name for name in (*wanted, *turns) if name not in self.prompts]
        if missing:
            raise ValueError(f"the prompt {missing[0]!r} of the experiment is not in this file; restore it")
        return self


def whole(resolved: Resolved) -> dict[str, Any]:
    """As plain data, without what came later than format 1 and is as if it were not there."""
    data: dict[str, Any] = resolved.model_dump(mode="json", exclude={"experiment": set(WHO_ASKED)})
    data["format"] = 1
    data["prompts"] = {name: text for name, text in data["prompts"].items() if not is_confirm(name)}
    for part, model in (("outcome", Outcome), ("analysis", Analysis)):
        dumped = data["experiment"][part]
        for name in CAME_LATER[part]:
            if dumped[name] == model.model_fields[name].default:
                del dumped[name]
    _drop(data["experiment"], "primary", "rotation")
    _drop_at_default(Experiment, data["experiment"])
    for endpoint in data["experiment"]["endpoints"]:
        _drop_of_endpoint(endpoint)
    _drop(data["people"], "frame")
    for choice in data["experiment"]["attributes"]:
        _drop(choice, "rotation")
    for job in data["people"]["jobs"].values():
        _drop(job, "code", "pay_level")
    for name, attribute in data["attributes"].items():
        for level in attribute["levels"].values():
            if not _is_said_in_turns(resolved, name):
                del level["expressions"]
    return data


def _drop_of_endpoint(dumped: dict[str, Any]) -> None:
    _drop_at_default(Endpoint, dumped)
    _drop_at_default(HttpCall, dumped["http"] or {})
    _drop_at_default(Plant, dumped["plant"] or {})
    batch = dumped.get("batch")
    for price in (dumped["price"], batch.get("price") if isinstance(batch, dict) else None):
        _drop_at_default(Price, price or {})


def _drop_at_default(model: type[Strict], dumped: dict[str, Any]) -> None:
    """Take out what came later, where nobody said it."""
    for name in CAME_LATER_AND_SAYS_NOTHING & set(dumped):
        if dumped[name] == model.model_fields[name].default:
            del dumped[name]


def _drop(dumped: dict[str, Any], *names: str) -> None:
    """Take out what came later, where it says nothing."""
    for name in names:
        if not dumped[name]:
            del dumped[name]


def _is_said_in_turns(resolved: Resolved, name: str) -> bool:
    """Whether a rotated design asks the attribute's expressions, alone or in a combination."""
    asked = [choice.name for choice in resolved.experiment.attributes if choice.rotation is not None]
    return any(name == own or name in resolved.attributes[own].combine for own in asked)


def digests_of(whole: dict[str, Any]) -> dict[str, str]:
    """SHA-256 (hex) by part: what is asked about, in which words, and how the answers are judged."""
    experiment = whole["experiment"]
    judged = {k: experiment[k] for k in ("outcome", "analysis", "primary") if k in experiment}
    return {
        "personas": digest_of([whole["people"], whole["attributes"], experiment["personas"], experiment["attributes"]]),
        "prompts": digest_of([whole["prompts"], experiment["persona_in"]]),
        "judging": digest_of(judged),
    }


def digest_of(data: Any) -> str:
    """SHA-256 (hex) of plain data, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
