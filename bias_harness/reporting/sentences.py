"""A finding in plain words: one function, from the estimate itself, so that text, table and figure cannot disagree.

Rules: the per cent beside money is the ratio of means, the typical per cent stands by itself; when the sign is said
in words the interval's ends swap; where money and typical per cent point in opposite directions neither is called
less; what is equivalent or cannot be told is said as that; `panel` findings start with "in these exact test cases";
a single pair is only quoted as the largest of so many; unequal non-answers bring the bounds along.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bias_harness.outcome import Margin
from bias_harness.reporting.texts import Texts, texts
from bias_harness.vocabulary import Estimate

DETECTED = ("gap_meaningful", "gap_detected_but_negligible", "gap_detected_size_unclear")


@dataclass(frozen=True)
class Names:
    """How the parties are called in the sentence's language."""

    model: str
    level: str
    reference: str

    @property
    def who(self) -> dict[str, str]:
        """The same as values of a text."""
        return {"model": self.model, "level": self.level, "reference": self.reference}


@dataclass(frozen=True)
class Finding:
    """The sentence, the verdict word and key, and the numbers as shown."""

    sentence: str
    verdict: str
    word: str
    shown: tuple[str, ...] = ()


def sentence(
    log: Estimate,
    money: Estimate,
    *,
    language: str,
    model: str,
    level: str,
    reference: str,
    margin: Margin,
    refusals: Estimate | None = None,
    panel: tuple[Estimate, Estimate] | None = None,
    full: bool = True,
) -> str:
    """The plain sentence of a finding in a language (`nl`, `en`); the labels (women, men) come in that language.

    `margin` is the smallest gap of interest. See `finding` for the rest.
    """
    names = Names(model, level, reference)
    return finding(texts(language), log, money, refusals, names, margin, panel=panel, full=full).sentence


def finding(
    texts: Texts,
    log: Estimate,
    money: Estimate,
    refusals: Estimate | None,
    names: Names,
    margin: Margin,
    *,
    panel: tuple[Estimate, Estimate] | None = None,
    full: bool = False,
) -> Finding:
    """What a log estimate, its twin in money and the refusal gap say, in the texts' language.

    `panel` are the same two for these exact cases: they speak where one profile cannot. `full` is the researcher's
    version: money to the unit, the typical per cent, whom it is about, and what the range means.
    """
    if panel is not None and log.status == "too_few_profiles" and panel[0].conf_low is not None:
        log, money = panel
    said = _Said(texts, log, money, names, margin, full)
    whole = " ".join(part for part in (said.main(), *said.more(), *said.silence(refusals), *said.counts()) if part)
    word = log.verdict or "none"
    shown = "no_data" if log.status == "no_data" else word
    start = whole if whole.startswith(names.model) else whole[0].upper() + whole[1:]
    return Finding(start, texts(f"verdicts.{shown}"), word)


@dataclass(frozen=True)
class _Said:
    """The parts of one finding."""

    texts: Texts
    log: Estimate
    money: Estimate
    names: Names
    margin: Margin
    full: bool

    def amount(self, value: float) -> str:
        return self.texts.money(abs(value), self.money.currency or "", exact=self.full)

    def side(self, value: float) -> str:
        """`$1,200 less`: an amount with its direction in words."""
        return self.texts("sentences.side", amount=self.amount(value), direction=_direction(self.texts, value))

    def main(self) -> str:
        """The finding itself; in the scope panel it starts with what it is about."""
        whole = self._main()
        if self.log.scope != "panel" or self.log.status == "no_data":
            return whole
        start = whole if whole.startswith(self.names.model) else whole[0].lower() + whole[1:]
        return self.texts("sentences.panel") + start

    def _main(self) -> str:
        t, log, money, who = self.texts, self.log, self.money, self.names.who
        if log.status == "no_data":
            return t("sentences.no_data", **who)
        if log.verdict == "equivalent":
            return t("sentences.equivalent", margin=t.percent(self.margin.shown), **who)
        low, high = money.conf_low, money.conf_high
        if log.verdict is None or low is None or high is None or money.estimate is None:
            reason = log.status if log.status != "ok" else money.status
            return t("sentences.no_interval", reason=t(f"reasons.{reason}"), **who)
        if log.verdict == "inconclusive":
            percents = dict(zip(("percent_low", "percent_high"), self._percents(), strict=True))
            return t("sentences.inconclusive", low=self.side(low), high=self.side(high), **percents, **who)
        if self._opposite():
            return t("sentences.direction_unclear", low=self.side(low), high=self.side(high), **who)
        return t(
            "sentences.gap",
            amount=self.amount(money.estimate),
            direction=_direction(t, money.estimate),
            percent=t.percent(abs(money.percent or 0.0)),
            **self._ends(low, high),
            **who,
        )

    def _opposite(self) -> bool:
        return bool(self.log.estimate and self.money.estimate and self.log.estimate * self.money.estimate < 0)

    def _ends(self, low: float, high: float) -> dict[str, str]:
        """The interval of a gap whose direction is said in words: the smaller end first; else each with its side."""
        if low * high > 0:
            near, far = sorted((low, high), key=abs)
            return {"low": self.amount(near), "high": self.amount(far)}
        return {"low": self.side(low), "high": self.side(high)}

    def more(self) -> Iterator[str]:
        """What the verdict adds, and the typical per cent where it is wanted or carries the verdict alone."""
        log, money, t = self.log, self.money, self.texts
        if log.verdict in ("gap_detected_but_negligible", "gap_detected_size_unclear"):
            yield t(f"sentences.{log.verdict}", margin=t.percent(self.margin.shown))
        alone = money.conf_low is not None and money.conf_high is not None and money.conf_low * money.conf_high <= 0
        if log.verdict in DETECTED and (self.full or alone or self._opposite()):
            yield self._typical()

    def _typical(self) -> str:
        t, log = self.texts, self.log
        low, high = log.percent_low or 0.0, log.percent_high or 0.0
        ends = [t.percent(abs(x)) for x in sorted((low, high), key=abs)] if low * high > 0 else self._percents()
        value = log.percent or 0.0
        said = {"percent": t.percent(abs(value)), "direction": _direction(t, value), "low": ends[0], "high": ends[1]}
        return t("sentences.typical", **said)

    def _percents(self) -> list[str]:
        """The ends of the typical gap's interval, each with its side."""
        ends = (self.log.percent_low or 0.0, self.log.percent_high or 0.0)
        return [
            self.texts("sentences.side", amount=self.texts.percent(abs(x)), direction=_direction(self.texts, x))
            for x in ends
        ]

    def silence(self, refusals: Estimate | None) -> Iterator[str]:
        """Unequal refusals, and the bounds that unequal non-answers leave."""
        t, bounds = self.texts, self.log.details.get("bounds")
        if refusals is not None and refusals.verdict in ("gap_meaningful", "gap_detected_size_unclear"):
            yield t(
                "sentences.refusals_differ",
                **self.names.who,
                level_rate=t.percent(100 * (refusals.mean_level or 0.0)),
                reference_rate=t.percent(100 * (refusals.mean_reference or 0.0)),
            )
        if bounds and bounds.get("money"):
            ends = {end: self.side(bounds["money"][end]) for end in ("low", "high")}
            yield t("sentences.bounds", **ends)

    def counts(self) -> Iterator[str]:
        """What it rests on, and for the researcher whom it is about and what the range means."""
        t, log = self.texts, self.log
        if not log.n_profiles:
            return
        yield based_on(t, log, full=self.full)
        if 1 < log.n_profiles < 6 and log.scope != "panel":
            yield t("sentences.few_profiles", profiles=log.n_profiles)
        if self.full:
            yield t(f"sentences.scopes.{log.scope}")
            if log.conf_low is not None and log.scope != "panel":
                yield t("sentences.gloss")


def based_on(texts: Texts, of: Estimate, *, full: bool = False) -> str:
    """How many profiles, wordings and answers; without the trade's words unless `full`."""
    profiles, wordings = ("profiles", "wordings") if full else ("people", "ways")
    return texts(
        "sentences.based_on",
        profiles=texts.counted(profiles, of.n_profiles),
        wordings=texts.counted(wordings, of.n_wordings),
        answers=texts.counted("answers", of.n_answers),
    )


def _direction(texts: Texts, value: float) -> str:
    return texts("units.less" if value < 0 else "units.more")


def largest_pair(texts: Texts, log: Estimate) -> str | None:
    """The largest gap of a single pair, which is never quoted without of how many; None without pairs."""
    pairs: Mapping[str, Any] = log.details.get("pairs") or {}
    value = pairs.get("largest")
    if value is None:
        return None
    percent = 100 * math.expm1(value)
    said = {"percent": texts.percent(abs(percent)), "direction": _direction(texts, percent)}
    return texts("sentences.largest_pair", pairs=texts.number(pairs["n"]), **said)


def warning(texts: Texts, code: str) -> str:
    """A warning of the estimates (`code: where`) in words."""
    kind, _, where = code.partition(": ")
    return texts(f"sentences.warnings.{kind}", where=where)
