"""A finding about a score or a share in plain words; what `sentences` is for salaries, under the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bias_harness.outcome import MEASURES, Margin, Measure, shown_gap
from bias_harness.reporting.sentences import DETECTED, Finding, Names, based_on
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import Estimate


def difference(
    texts: Texts, of: Estimate, refusals: Estimate | None, names: Names, margin: Margin, panel: Estimate | None = None
) -> Finding:
    """What an estimate on the scale `difference` and the refusal gap say, in texts that know what is measured.

    `margin` is the smallest difference that matters. `panel` is the same for these exact cases: it speaks where one
    profile cannot.
    """
    if panel is not None and of.status == "too_few_profiles" and panel.conf_low is not None:
        of = panel
    said = _Said(texts, of, names, margin)
    whole = " ".join((*said.main(), *said.silence(refusals), *said.counts()))
    word = of.verdict or "none"
    key = "no_data" if of.status == "no_data" else word
    return Finding(whole, texts(f"verdicts.{key}"), word)


@dataclass(frozen=True)
class _Said:
    texts: Texts
    of: Estimate
    names: Names
    margin: Margin

    @property
    def measure(self) -> Measure:
        return MEASURES[self.of.outcome]

    def side(self, value: float) -> str:
        """`0.4 points lower`."""
        return self.texts("sentences.side", amount=self.texts.gap(abs(value)), direction=self.direction(value))

    def direction(self, value: float) -> str:
        return self.texts("sentences.lower" if value < 0 else "sentences.higher")

    def mean(self, value: float | None) -> str:
        """A side's own mean: 62% of the answers, 7.4 points."""
        if value is None:
            return "–"
        size = self.measure.shown(value)
        return self.texts.percent(size) if self.measure.form == "word" else self.texts.gap(size)

    def main(self) -> Iterator[str]:
        t, of, who = self.texts, self.of, self.names.who
        value, low, high = shown_gap(of)
        if of.scope == "panel" and of.status != "no_data":
            yield t("sentences.panel").rstrip()
        if of.status == "no_data":
            yield t("sentences.no_data", **who)
        elif of.verdict is None or value is None or low is None or high is None:
            yield t("sentences.no_interval", reason=t(f"reasons.{of.status}"), **who)
        elif of.verdict == "equivalent":
            yield t("sentences.equivalent", margin=t.gap(self.margin.shown), **who)
        elif of.verdict == "inconclusive":
            yield t("sentences.inconclusive", low=self.side(low), high=self.side(high), **who)
        else:
            yield from self._detected(value, low, high)

    def _detected(self, value: float, low: float, high: float) -> Iterator[str]:
        t, of = self.texts, self.of
        ends = [self.side(x) for x in (low, high)]
        if low * high > 0:
            near, far = sorted((abs(low), abs(high)))
            ends = [t.size(near), t.gap(far)]
        means = {"level_mean": self.mean(of.mean_level), "reference_mean": self.mean(of.mean_reference)}
        size = {"amount": t.gap(abs(value)), "direction": self.direction(value), "low": ends[0], "high": ends[1]}
        yield t("sentences.gap", **size, **means, **self.names.who)
        if of.verdict in DETECTED[1:]:
            yield t(f"sentences.{of.verdict}", margin=t.gap(self.margin.shown))

    def silence(self, refusals: Estimate | None) -> Iterator[str]:
        """Unequal refusals, and the bounds that unequal non-answers leave."""
        t, bounds = self.texts, self.of.details.get("bounds")
        if refusals is not None and refusals.verdict in ("gap_meaningful", "gap_detected_size_unclear"):
            rates = [t.percent(100 * (x or 0.0)) for x in (refusals.mean_level, refusals.mean_reference)]
            yield t("sentences.refusals_differ", level_rate=rates[0], reference_rate=rates[1], **self.names.who)
        if bounds and bounds.get("difference"):
            ends = {end: self.side(self.measure.shown(bounds["difference"][end])) for end in ("low", "high")}
            yield t("sentences.bounds", **ends)

    def counts(self) -> Iterator[str]:
        """What it rests on."""
        t, of = self.texts, self.of
        if not of.n_profiles:
            return
        yield based_on(t, of)
        if 1 < of.n_profiles < 6 and of.scope != "panel":
            yield t("sentences.few_profiles", profiles=of.n_profiles)
