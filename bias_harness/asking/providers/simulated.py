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
from typing import Any, TypeVar

from bias_harness.asking.providers import Context, Provider
from bias_harness.design.experiment import Endpoint, Plant
from bias_harness.errors import FatalError, TransientError
from bias_harness.handwritten import parse_shipped
from bias_harness.probabilities import ENDED, Probabilities
from bias_harness.vocabulary import Branch, Distribution, Nature, Request, Response, Trial, Usage

FAULTS = (429, 500, 503, None)
HALF_RANGE = 0.05
STEPS = 40
"""Into how many equally likely amounts a distribution is cut."""
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
        self.phrases = parse_shipped(text)
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
        text = self._text(trial, request.key, request.seed) if request.confirms is None else self._told(request, trial)
        form = self.outcome.probabilities
        found = None if form is None else self._distribution(trial, form)
        return Response(
            request.key,
            request.endpoint,
            text,
            "stop",
            f"simulated (seed {self.plant.seed})",
            Usage(sum(len(m.content) for m in request.messages) // 4, len(text) // 4 + 1, 0.0),
            datetime.now(UTC).isoformat(timespec="microseconds"),
            probabilities=found,
        )

    def _text(self, trial: Trial, key: str, seed: int | None) -> str:
        phrases = self._phrases(trial)
        if self._uniform("refuse", key) < self._refusal_rate(trial):
            return str(self._pick(phrases["refusals"], key))
        answers = {"money": self._amount_of_money, "number": self._number, "word": self._word}
        return answers[self.outcome.measured.form](trial, key, seed)

    def _told(self, request: Request, trial: Trial) -> str:
        """Which amount it says that it advised, as JSON; null where it had refused."""
        key = str(request.confirms)
        if self._uniform("refuse", key) < self._refusal_rate(trial):
            return '{"amount": null}'
        amount = self._amount(trial, key, request.seed)
        if self._uniform("misreport", key) < self.plant.misreports.get(trial.attribute, {}).get(trial.level, 0.0):
            amount = round(amount * self.plant.misreport_factor)
        return f'{{"amount": {amount:.0f}, "currency": "{self.currency}", "period": "year"}}'

    def _amount_of_money(self, trial: Trial, key: str, seed: int | None) -> str:
        """An amount in one of a few shapes of text, at times as a range."""
        phrases = self._phrases(trial)
        amount, unit = self._amount(trial, key, seed), self.plant.heap or 1
        apart = max(unit, round(HALF_RANGE * amount / unit) * unit)
        symbol = self.phrases["symbols"].get(self.currency, f"{self.currency} ")
        text = str(self._pick(phrases["answers"], key))
        for name, value in (("low", amount - apart), ("high", amount + apart), ("money", amount)):
            text = text.replace("{" + name + "}", symbol + _grouped(value, phrases["group"]))
        return text.replace("{amount}", _grouped(amount, phrases["group"]))

    def _word(self, trial: Trial, key: str, _seed: int | None) -> str:
        """The first of the words of a share."""
        ones = self._uniform("trial", key) < self._mean(trial)
        return (self.outcome.ones if ones else self.outcome.zeros)[0].capitalize()

    def _number(self, trial: Trial, key: str, seed: int | None) -> str:
        """A score in one of a few shapes."""
        plant, (low, high) = self.plant, self.outcome.ends
        value = min(high, max(low, self._mean(trial) + plant.trial_sd * self._noise(key, seed)))
        shown = f"{round(value / plant.heap) * plant.heap if plant.heap else value:.4g}"
        text = str(self._pick(self._phrases(trial)["scores"], key))
        return text.replace("{score}", shown).replace("{highest}", f"{high:g}")

    def _mean(self, trial: Trial) -> float:
        """What a score or share is on average, for this person and level."""
        return self.plant.base + sum(self._planted(trial)) + self._around(trial)

    def _phrases(self, trial: Trial) -> dict[str, Any]:
        """The shapes of text in the language of the question."""
        found: dict[str, Any] = self.phrases.get(trial.language, self.phrases["en"])
        return found

    def _refusal_rate(self, trial: Trial) -> float:
        return self.plant.refusals.get(trial.attribute, {}).get(trial.level, self.plant.refusal_rate)

    def _amount(self, trial: Trial, key: str, seed: int | None) -> float:
        plant = self.plant
        amount = math.exp(self._typical(trial) + plant.trial_sd * self._noise(key, seed))
        if self._uniform("jump", key) < plant.jumps.get(trial.attribute, {}).get(trial.level, 0.0):
            amount *= plant.jump_factor
        return round(amount / plant.heap) * plant.heap if plant.heap else round(amount)

    def _distribution(self, trial: Trial, form: Probabilities) -> Distribution:
        """What the answers of a trial are distributed as: equally likely steps of their planted spread."""
        mean, shares = self._typical(trial), dict[str, float]()
        for step in range(STEPS):
            amount = math.exp(mean + self.plant.trial_sd * _NORMAL.inv_cdf((step + 0.5) / STEPS))
            text = f"{amount:.0f}{ENDED}"
            shares[text] = shares.get(text, 0.0) + 1 / STEPS
        return Distribution(form.begins, tuple(Branch(text, p) for text, p in shares.items()), 1)

    def _typical(self, trial: Trial) -> float:
        """The log of the amount around which the answers of a trial lie."""
        log = math.log(self.plant.base) + 0.02 * self._normal("wording", trial.wording)
        return log + sum(math.log1p(gap) for gap in self._planted(trial)) + self._around(trial)

    def _around(self, trial: Trial) -> float:
        """How the profile and the words lie apart from the base, and its gap from the planted one, where one is."""
        plant, job = self.plant, trial.persona.partition("/")[0]
        form = (trial.attribute, trial.level, str(trial.signal), trial.edit)
        apart = plant.profile_sd * self._normal("profile", trial.persona)
        apart += self._varied(plant.word_sd, "word", *form) + self._varied(plant.word_job_sd, "word", job, *form)
        if not self._planted(trial):
            return apart
        level = (trial.attribute, trial.level)
        return (
            apart
            + self._varied(plant.profile_gap_sd, "gap", trial.persona, *level)
            + self._varied(plant.wording_gap_sd, "gap", trial.wording, *level)
            + self._varied(plant.job_gap_sd, "job gap", job, *level)
            + self._varied(plant.job_wording_gap_sd, "job gap", job, trial.wording, *level)
        )

    def _varied(self, sd: float, *what: str) -> float:
        return sd * self._normal(*what) if sd else 0.0

    def _noise(self, key: str, seed: int | None) -> float:
        """Of one answer: a part of its own, and a part that all requests of its seed share."""
        share = self.plant.seed_correlation
        own = self._normal("trial", key)
        return own if not share else math.sqrt(1 - share) * own + math.sqrt(share) * self._normal("seed", str(seed))

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
