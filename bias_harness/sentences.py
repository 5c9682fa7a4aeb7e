"""A finding in plain words: one function, from the estimate itself, so that text, table and figure cannot disagree.

Rules: the per cent beside money is the ratio of means; when the sign is said in words the interval's ends swap;
`panel` findings say that they are about these exact cases; what is equivalent or cannot be told is said as that.
"""

from __future__ import annotations

from dataclasses import dataclass

from bias_harness.i18n import Texts
from bias_harness.vocabulary import Estimate


@dataclass(frozen=True)
class Names:
    """How the parties are called in the sentence's language."""

    model: str
    level: str
    reference: str


@dataclass(frozen=True)
class Finding:
    """The sentence, the verdict word and key, and the numbers as shown."""

    sentence: str
    verdict: str
    word: str
    shown: tuple[str, ...] = ()


def finding(
    texts: Texts, log: Estimate, money: Estimate, refusals: Estimate | None, names: Names, margin: float
) -> Finding:
    """What a log estimate, its twin in money and the refusal gap say, in the texts' language."""
    word = log.verdict or "none"
    parts = [_main(texts, log, money, names, margin)]
    if log.verdict in ("gap_detected_but_negligible", "gap_detected_size_unclear"):
        parts.append(texts(f"sentences.{log.verdict}", margin=texts.percent(100 * margin)))
    if log.estimate and money.estimate and log.estimate * money.estimate < 0 and log.verdict != "equivalent":
        parts.append(texts("sentences.direction_unclear"))
    if refusals is not None and refusals.verdict in ("gap_meaningful", "gap_detected_size_unclear"):
        parts.append(_refusals(texts, refusals, names))
    if log.n_profiles:
        counts = {"profiles": log.n_profiles, "wordings": log.n_wordings, "answers": texts.number(log.n_answers)}
        parts.append(texts("sentences.based_on", **counts))
    if 1 < log.n_profiles < 6:
        parts.append(texts("sentences.few_profiles", profiles=log.n_profiles))
    sentence = " ".join(parts)
    if log.scope == "panel":
        sentence = texts("sentences.panel") + sentence
    return Finding(sentence[0].upper() + sentence[1:], texts(f"verdicts.{word}"), word)


def _main(texts: Texts, log: Estimate, money: Estimate, names: Names, margin: float) -> str:
    who = {"model": names.model, "level": names.level, "reference": names.reference}
    if log.status == "no_data":
        return texts("sentences.no_data", **who)
    if log.verdict == "equivalent":
        return texts("sentences.equivalent", margin=texts.percent(100 * margin), **who)
    low, high = money.conf_low, money.conf_high
    if log.verdict is None or low is None or high is None or money.estimate is None:
        return texts("sentences.no_interval", reason=texts(f"reasons.{_why(log, money)}"), **who)
    if log.verdict == "inconclusive":
        return texts("sentences.inconclusive", low=side(texts, low, log), high=side(texts, high, log), **who)
    ends = sorted((low, high), key=abs) if low * high > 0 else (low, high)
    same_side = low * high > 0
    shown = [texts.money(abs(x), money.currency or "") if same_side else side(texts, x, log) for x in ends]
    return texts(
        "sentences.gap",
        amount=texts.money(abs(money.estimate), money.currency or ""),
        direction=_direction(texts, money.estimate),
        percent=texts.percent(abs(money.percent or 0.0)),
        low=shown[0],
        high=shown[1],
        **who,
    )


def _why(log: Estimate, money: Estimate) -> str:
    return log.status if log.status != "ok" else money.status


def _direction(texts: Texts, value: float) -> str:
    return texts("units.less" if value < 0 else "units.more")


def side(texts: Texts, value: float, of: Estimate) -> str:
    """`$1,200 less`: an amount with its direction in words."""
    amount = texts.money(abs(value), of.currency or "")
    return texts("sentences.side", amount=amount, direction=_direction(texts, value))


def _refusals(texts: Texts, refusals: Estimate, names: Names) -> str:
    return texts(
        "sentences.refusals_differ",
        model=names.model,
        level=names.level,
        reference=names.reference,
        level_rate=texts.percent(100 * (refusals.mean_level or 0.0)),
        reference_rate=texts.percent(100 * (refusals.mean_reference or 0.0)),
    )
