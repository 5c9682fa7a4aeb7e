"""The answers themselves, verbatim, with what was read in them: on the page, or in files where they are many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from bias_harness.outcome import Outcome
from bias_harness.reporting.escaping import visible
from bias_harness.reporting.material import INLINE_ANSWERS, Material, View
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import Answer, Response

COLUMNS = ["persona", "field", "wording", "language", "level", "signal", "edit", "repeat", "key"]
LONGEST = 100_000
"""Letters of one answer that a file shows."""


@dataclass(frozen=True, slots=True)
class Said:
    """A response in three pieces, the middle one what was read as the advice; `left_out` letters were cut off.

    The pieces are escaped already: a hundred thousand of them are put on pages that escape nothing again.
    """

    before: Markup
    advice: Markup
    after: Markup
    left_out: int
    read: Markup
    empty: str = ""


def said(view: View, response: Response, answer: Answer, most: int = LONGEST) -> Said:
    """What came back and what was read in it, in words."""
    texts = view.texts
    text, read = response.text, reading(texts, answer, view.material.audit.experiment.outcome)
    if not text or not text.strip():
        note = "report.answers.no_text" if text is None else "report.answers.empty"
        return Said(Markup(), Markup(), Markup(), 0, read, texts(note))
    shown, (start, end) = text[:most], answer.span or (0, 0)
    start, end = min(start, len(shown)), min(end, len(shown))
    pieces = visible(shown[:start]), visible(shown[start:end]), visible(shown[end:])
    return Said(*pieces, max(0, len(text) - most), read)


def reading(texts: Texts, a: Answer, outcome: Outcome) -> Markup:
    """`Read as $95,000 a year.` or why no amount was read; and why one that lies outside the plausible does not count.

    An amount that says no currency or period is in those that were asked for.
    """
    ends, currency, period = outcome.ends, a.currency, a.period
    form = outcome.measured.form
    if form == "word" and a.status == "ok" and a.amount is not None:
        return escape(texts("report.who.counted", word=(outcome.ones if a.amount else outcome.zeros)[0]))
    if form == "money" and a.annual is not None:
        currency, period = currency or outcome.currency, period or outcome.period
    outside = a.reason == "implausible" or (a.annual is not None and not ends[0] <= a.annual <= ends[1])
    return _reading(texts, a.status, a.amount, currency, period, a.annual, a.reason, ends if outside else None)


@lru_cache(maxsize=8192)
def _reading(
    t: Texts,
    status: str,
    amount: float | None,
    currency: str | None,
    period: str | None,
    annual: float | None,
    why: str,
    outside: tuple[float, float] | None,
) -> Markup:
    if status != "ok" or amount is None:
        more = t.under("report.why").get(why)
        reason = t(f"report.statuses.{status}") + (f" ({more})" if more else "")
        return escape(t("report.who.unread", reason=reason))
    shown = t.money(amount, currency, exact=True) if currency else t.number(amount, _decimals(amount))
    words = t("report.who.reading", amount=shown, per=t(f"report.per.{period}") if period else "").replace(" .", ".")
    if annual is not None and annual != amount and currency:
        words += " " + t("report.who.annual", amount=t.money(annual, currency, exact=True))
    if outside:
        low, high = (t.number(x) for x in outside)
        words += " " + t("report.who.outside", low=low, high=high)
    elif annual is None:
        words += " " + t("report.who.foreign")
    return escape(words)


def _decimals(amount: float) -> int:
    return next(n for n in range(3) if n == 2 or round(amount, n) == amount)


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """All answers where they fit, else the list of files."""
    view = View(material, texts)
    pairs = [(e, a) for e in material.endpoints for a in material.attributes]
    count = texts.number(len(material.observations))
    return {
        "inline": material.answers_inline,
        "count": count,
        "limit": texts.number(INLINE_ANSWERS),
        "groups": [group(view, e, a) for e, a in pairs] if material.answers_inline else [],
        "files": [] if material.answers_inline else [(view.link(e, a), _title(view, e, a)) for e, a in pairs],
    }


def group(view: View, endpoint: str, attribute: str) -> dict[str, Any]:
    """The answers of one model about one attribute, by field and profile."""
    m, rows = view.material, view.material.observations
    own = rows.loc[(rows["endpoint"] == endpoint) & (rows["attribute"] == attribute), COLUMNS]
    order = {p.id: i for i, p in enumerate(m.audit.design.personas)}
    levels = {name: i for i, name in enumerate(m.attributes[attribute].levels)}
    own = own.assign(
        place=own["persona"].map(order).astype(int), rank=own["level"].map(levels).astype(int)
    ).sort_values(["place", "wording", "language", "repeat", "signal", "rank", "edit"], kind="stable")
    raw = m.raw(own["key"].tolist())
    place = f"a{m.endpoints.index(endpoint)}-{list(m.attributes).index(attribute)}-" if m.answers_inline else ""
    return {
        "title": _title(view, endpoint, attribute),
        "anchor": f"{place}answers",
        "count": len(own),
        "fields": list(_fields(view, attribute, own, raw, place)),
    }


def _title(view: View, endpoint: str, attribute: str) -> str:
    names = {"model": view.model(endpoint), "attribute": view.attribute(attribute)}
    return view.texts("report.answers.file_title", **names)


Rows = Mapping[str, tuple[Response, Answer]]


def _fields(view: View, attribute: str, own: pd.DataFrame, raw: Rows, place: str) -> Iterator[dict[str, Any]]:
    personas = {p.id: p for p in view.material.audit.design.personas}
    shown: set[str] = set()
    for persona, rows in groupby(own.itertuples(index=False), key=lambda r: r.persona):
        field = personas[persona].field
        yield {
            "anchor": "" if field in shown else f"{place}field-{field}",
            "field": view.part("field", field),
            "persona": view.persona(personas[persona]),
            "rows": [_row(view, attribute, r, raw) for r in rows if r.key in raw],
        }
        shown.add(field)


def _row(view: View, attribute: str, r: Any, raw: Rows) -> dict[str, Any]:
    level = view.level(attribute, r.level, "tag")
    if r.edit:
        level = view.texts("report.answers.placebo", level=level)
    elif r.signal:
        level = view.texts("report.answers.signal", level=level)
    languages = view.material.audit.experiment.languages
    asked = view.part("wording", r.wording)
    wording = asked if len(languages) == 1 else f"{asked} ({r.language})"
    return {"head": escape(f"{level} · {wording} · {r.repeat + 1}"), "said": said(view, *raw[r.key])}
