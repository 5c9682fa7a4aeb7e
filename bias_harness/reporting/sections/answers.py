"""The answers themselves, verbatim, with what was read in them: all of them inside the page, compressed."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from bias_harness.outcome import Outcome
from bias_harness.reporting.escaping import marked_up, shown_codes
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import Answer, Response

COLUMNS = ["persona", "field", "wording", "language", "level", "signal", "edit", "repeat", "key"]
FORMAT = 1
"""Of the answers inside a page: `groups` of rows (head, before, advice, after, reading, start, end)."""
EMBEDDED, EMBEDDED_LETTERS = 20_000, 8_000_000
"""Answers, and letters of answers, that one page holds at most; of more it holds a random sample."""
LONGEST = 100_000
"""Letters of one answer that are shown."""
SHORT, AROUND = 240, 160
"""An answer of so many letters is shown whole; of a longer one the sentence around the advice, at most so many letters
to either side of it."""
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Said:
    """A response in three pieces, the middle one what was read as the advice; `left_out` letters were cut off.

    Of a long one `before` and `after` are the sentences around the advice, and `whole` is all of it. The pieces are
    escaped already.
    """

    before: Markup
    advice: Markup
    after: Markup
    left_out: int
    read: Markup
    empty: str = ""
    whole: Markup | None = None


def said(view: View, response: Response, answer: Answer, most: int = LONGEST) -> Said:
    """What came back and what was read in it, in words."""
    texts = view.texts
    text, read = response.text, reading(texts, answer, view.material.audit.experiment.outcome)
    if not text or not text.strip():
        note = "report.answers.no_text" if text is None else "report.answers.empty"
        return Said(Markup(), Markup(), Markup(), 0, read, texts(note))
    shown, (start, end) = text[:most], answer.span or (0, 0)
    start, end = min(start, len(shown)), min(end, len(shown))
    left, right = excerpt(shown, start, end)
    pieces = ("… " if left else "") + shown[left:start], shown[start:end], shown[end:right].rstrip()
    before, advice, after = marked_up(*pieces)
    if right < len(shown):
        after += Markup(" …")
    folded = (left, right) != (0, len(shown))
    whole = _whole(shown, start, end) if folded else None
    return Said(before, advice, after, max(0, len(text) - most), read, whole=whole)


def _whole(text: str, start: int, end: int) -> Markup:
    before, advice, after = marked_up(text[:start], text[start:end], text[end:])
    return Markup("{}<mark>{}</mark>{}").format(before, advice, after) if advice else before + after


def excerpt(text: str, start: int, end: int) -> tuple[int, int]:
    """From where to where a long text is shown: the sentence around the advice, and the whole of a short one.

    Of a text without advice it is the beginning.
    """
    if len(text) <= SHORT:
        return 0, len(text)
    edges = [0, *(m.end() for m in SENTENCE.finditer(text)), len(text)]
    left = max((x for x in edges if start - AROUND <= x <= start), default=max(0, start - AROUND))
    right = min((x for x in edges if end <= x <= end + AROUND), default=min(len(text), end + AROUND))
    right = right if right > left else min(len(text), left + SHORT)
    return left, right


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
    if why == "period_mended" and annual is not None and currency:
        words += " " + t("report.who.mended", amount=t.money(annual, currency, exact=True))
    elif annual is not None and annual != amount and currency:
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
    """The groups that can be opened, and the answers in them as data; of very many a random sample, which says so."""
    view = View(material, texts)
    drawn = sample(material)
    groups = [group(view, e, a, drawn) for e in material.endpoints for a in material.attributes]
    data = {"format": FORMAT, "groups": [f["rows"] for g in groups for f in g["fields"]]}
    shown = sum(g["count"] for g in groups)
    return {
        "groups": groups,
        "shown": texts.number(shown),
        "all": texts.number(len(material.observations)),
        "cut": drawn is not None,
        "seed": material.audit.experiment.analysis.seed,
        "data": packed(data),
    }


def packed(data: Any) -> str:
    """Plain data as base64 of gzip of JSON; the same data give the same text."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), mtime=0)).decode()


def sample(material: Material) -> frozenset[str] | None:
    """The keys of a random sample where the answers are too many for one page; None where all of them fit."""
    keys = material.observations["key"].astype(str).tolist()
    letters = material.letters
    most = min(EMBEDDED, len(keys) if letters <= EMBEDDED_LETTERS else len(keys) * EMBEDDED_LETTERS // letters)
    if len(keys) <= most:
        return None
    return frozenset(random.Random(material.audit.experiment.analysis.seed).sample(sorted(set(keys)), most))


def group(view: View, endpoint: str, attribute: str, drawn: frozenset[str] | None = None) -> dict[str, Any]:
    """The answers of one model about one attribute, by field and profile."""
    m, rows = view.material, view.material.observations
    own = rows.loc[(rows["endpoint"] == endpoint) & (rows["attribute"] == attribute), COLUMNS]
    if drawn is not None:
        own = own[own["key"].astype(str).isin(drawn)]
    order = {p.id: i for i, p in enumerate(m.audit.design.personas)}
    levels = {name: i for i, name in enumerate(m.attributes[attribute].levels)}
    own = own.assign(
        place=own["persona"].map(order).astype(int), rank=own["level"].map(levels).astype(int)
    ).sort_values(["place", "wording", "language", "repeat", "signal", "rank", "edit"], kind="stable")
    raw = m.raw(own["key"].tolist())
    place = f"a{m.endpoints.index(endpoint)}-{list(m.attributes).index(attribute)}-"
    names = {"model": view.model(endpoint), "attribute": view.attribute(attribute)}
    return {
        "title": view.texts("report.answers.file_title", **names),
        "anchor": f"{place}answers",
        "count": len(own),
        "fields": list(_fields(view, attribute, own, raw, place)),
    }


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
            "rows": [row_data(view, attribute, r, *raw[str(r.key)]) for r in rows if r.key in raw],
        }
        shown.add(field)


def row_data(view: View, attribute: str, r: Any, response: Response, answer: Answer) -> list[Any]:
    """One answer as the page's script shows it: head, text in three pieces, what was read, and the excerpt's ends."""
    text, outcome = (response.text or "")[:LONGEST], view.material.audit.experiment.outcome
    start, end = (min(x, len(text)) for x in answer.span or (0, 0))
    left, right = excerpt(text, start, end)
    read = str(reading(view.texts, answer, outcome).unescape())
    if not text.strip():
        note = view.texts("report.answers.no_text" if response.text is None else "report.answers.empty")
        return [head_of(view, attribute, r), note, "", "", read, 0, 0]
    before, advice, after = (shown_codes(x) for x in (text[:start], text[start:end], text[end:]))
    folds = (len(shown_codes(text[:left])), len(shown_codes(text[end:right])))
    return [head_of(view, attribute, r), before, advice, after, read, *folds]


def head_of(view: View, attribute: str, r: Any) -> str:
    """What was asked about whom, and for which time: `woman · plain · 2`."""
    level = view.level(attribute, r.level, "tag")
    if r.edit:
        level = view.texts("report.answers.placebo", level=level)
    elif r.signal:
        level = view.texts("report.answers.signal", level=level)
    languages = view.material.audit.experiment.languages
    asked = view.part("wording", r.wording)
    wording = asked if len(languages) == 1 else f"{asked} ({r.language})"
    return f"{level} · {wording} · {r.repeat + 1}"
