"""The simulated advisor: planted gaps, noise, heaping and refusals, deterministic from its seed.

It knows which level a request was made for only through the plant: a level without a planted gap gets the
reference's distribution. Its numbers say nothing about any real model.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from statistics import NormalDist
from typing import TypeVar

import yaml

from bias_harness.asking.providers import Context, Provider
from bias_harness.design.experiment import Endpoint, Plant
from bias_harness.errors import FatalError, TransientError
from bias_harness.vocabulary import Nature, Request, Response, Trial, Usage

FAULTS = (429, 500, 503, None)
HALF_RANGE = 0.05
T = TypeVar("T")
_NORMAL = NormalDist()


def create(endpoint: Endpoint, context: Context) -> Simulated:
    """The advisor that the endpoint's `plant` describes."""
    return Simulated(endpoint, endpoint.plant or Plant(), context)


class Simulated(Provider):
    """Answers with planted amounts, in one of a few shapes of text."""

    nature: Nature = "simulation"

    def __init__(self, endpoint: Endpoint, plant: Plant, context: Context) -> None:
        self.endpoint, self.plant, self.fields = endpoint, plant, context.persona_fields
        self.outcome, self.currency = context.outcome, context.outcome.currency
        text = files(__package__).joinpath("simulated.yaml").read_text(encoding="utf-8")
        self.phrases = yaml.safe_load(text)
        self.faults: set[str] = set()

    async def ask(self, request: Request) -> Response:
        """A made-up answer. Raises `TransientError` once for the share of requests planted as faults."""
        trial = request.trial
        if trial is None:
            raise FatalError("the simulated advisor answers only trials of an experiment")
        if self.plant.latency_seconds:
            await asyncio.sleep(self.plant.latency_seconds)
        if request.key not in self.faults and self._uniform("fault", request.key) < self.plant.fault_rate:
            self.faults.add(request.key)
            raise TransientError("planted fault", http_status=self._pick(FAULTS, request.key))
        text = self._text(trial, request.key)
        return Response(
            request.key,
            request.endpoint,
            text,
            "stop",
            f"simulated (seed {self.plant.seed})",
            Usage(sum(len(m.content) for m in request.messages) // 4, len(text) // 4 + 1, 0.0),
            datetime.now(UTC).isoformat(timespec="microseconds"),
        )

    def _text(self, trial: Trial, key: str) -> str:
        phrases = self.phrases.get(trial.language, self.phrases["en"])
        if self._uniform("refuse", key) < self._refusal_rate(trial):
            return str(self._pick(phrases["refusals"], key))
        if self.outcome.measure != "salary":
            return self._measured(trial, key)
        amount, unit = self._amount(trial, key), self.plant.heap or 1
        apart = max(unit, round(HALF_RANGE * amount / unit) * unit)
        symbol = self.phrases["symbols"].get(self.currency, f"{self.currency} ")
        text = str(self._pick(phrases["answers"], key))
        for name, value in (("low", amount - apart), ("high", amount + apart), ("money", amount)):
            text = text.replace("{" + name + "}", symbol + _grouped(value, phrases["group"]))
        return text.replace("{amount}", _grouped(amount, phrases["group"]))

    def _measured(self, trial: Trial, key: str) -> str:
        """A score in one of a few shapes, or the first of the words of a share."""
        plant, (low, high) = self.plant, self.outcome.ends
        value = plant.base + sum(self._planted(trial)) + self._around(trial)
        if self.outcome.measure == "share":
            words = self.outcome.ones if self._uniform("trial", key) < value else self.outcome.zeros
            return words[0].capitalize()
        value = min(high, max(low, value + plant.trial_sd * self._normal("trial", key)))
        shown = f"{round(value / plant.heap) * plant.heap if plant.heap else value:.4g}"
        scores = self.phrases.get(trial.language, self.phrases["en"])["scores"]
        return str(self._pick(scores, key)).replace("{score}", shown).replace("{highest}", f"{high:g}")

    def _refusal_rate(self, trial: Trial) -> float:
        return self.plant.refusals.get(trial.attribute, {}).get(trial.level, self.plant.refusal_rate)

    def _amount(self, trial: Trial, key: str) -> float:
        plant = self.plant
        log = math.log(plant.base) + 0.02 * self._normal("wording", trial.wording)
        log += sum(math.log1p(gap) for gap in self._planted(trial)) + self._around(trial)
        log += plant.trial_sd * self._normal("trial", key)
        amount = math.exp(log)
        return round(amount / plant.heap) * plant.heap if plant.heap else round(amount)

    def _around(self, trial: Trial) -> float:
        """How the profile lies apart from the base, and its gap from the planted one, where one is planted."""
        plant = self.plant
        apart = plant.profile_sd * self._normal("profile", trial.persona)
        if not self._planted(trial):
            return apart
        of_profile = plant.profile_gap_sd * self._normal("gap", trial.persona, trial.attribute, trial.level)
        return (
            apart + of_profile + plant.wording_gap_sd * self._normal("gap", trial.wording, trial.attribute, trial.level)
        )

    def _planted(self, trial: Trial) -> list[float]:
        """The gaps planted for the trial's level; none where nothing is planted for it."""
        field = self.fields.get(trial.persona, "")
        planted = [self.plant.gaps, self.plant.field_gaps.get(field, {})]
        return [gap for levels in planted for gap in _parts(levels, trial)]

    def _uniform(self, *what: str) -> float:
        text = "/".join((str(self.plant.seed), *what)).encode()
        return (int.from_bytes(hashlib.sha256(text).digest()[:8], "big") + 0.5) / 2**64

    def _normal(self, *what: str) -> float:
        return _NORMAL.inv_cdf(self._uniform(*what))

    def _pick(self, choices: Sequence[T], key: str) -> T:
        return choices[int(self._uniform("pick", key) * len(choices))]


def _grouped(amount: float, separator: str) -> str:
    return f"{amount:,.0f}".replace(",", separator)


def _parts(planted: dict[str, dict[str, float]], trial: Trial) -> list[float]:
    """The planted gaps that bear on a trial: of its own level, or of the parts that a combination crosses."""
    own = planted.get(trial.attribute, {})
    if trial.level in own:
        return [own[trial.level]]
    return [levels[part] for part in trial.level.split("+") for levels in planted.values() if part in levels]
