"""What models say of their own advice, asked again, beside the reading: sentences, and a table for researchers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bias_harness.estimating.confirmations import Alarm, Confirmed
from bias_harness.reporting.charts.chart import Column, Table
from bias_harness.reporting.material import View

MOST_LEVELS = 6
KINDS = ("alike", "other", "taken_back", "unread_named", "unread_none", "refusal_named", "unclear")
COLUMNS = (
    *(Column("model"), Column("attribute"), Column("level"), Column("asked", "count")),
    *(Column(kind, "count") for kind in KINDS),
    *(Column("differ_more_p", "number"), Column("shift_p", "number")),
)


def confirmed_said(view: View) -> Iterator[str]:
    """A paragraph for each model that was asked again, and one for each alarm; nothing where nobody was."""
    found = view.material.confirmations
    if found is None:
        return
    for endpoint in view.material.endpoints:
        own = [level for level in found.levels if level.endpoint == endpoint]
        if own:
            yield " ".join(_counts(view, endpoint, own))
    yield from (_alarm(view, alarm) for alarm in found.alarms)


def _counts(view: View, endpoint: str, levels: Sequence[Confirmed]) -> Iterator[str]:
    """How many of its answers a model was asked about, and what came of them, kind by kind where there is any."""
    t = view.texts
    of = {name: sum(getattr(level, name) for level in levels) for name in ("asked", *KINDS)}
    unread = of["unread_named"] + of["unread_none"]
    read = of["asked"] - unread
    if read:
        shown = {"n": t.number(read), "alike": t.number(of["alike"]), "levels": _by_level(view, levels)}
        yield t("report.confirmed.asked", model=view.model(endpoint), **shown)
    for kind in ("other", "taken_back", "refusal_named"):
        if of[kind]:
            yield t(f"report.confirmed.{kind}", n=t.number(of[kind]))
    if unread:
        yield t("report.confirmed.unread", n=t.number(unread), named=t.number(of["unread_named"]))
    if of["unclear"]:
        yield t("report.confirmed.unclear", n=t.number(of["unclear"]))


def _by_level(view: View, levels: Sequence[Confirmed]) -> str:
    """` (women 39 of 40, men 40 of 40)` of the first attribute; nothing of many levels."""
    own = [level for level in levels if level.attribute == levels[0].attribute]
    if not 1 < len(own) <= MOST_LEVELS:
        return ""
    parts = []
    for level in own:
        n = level.asked - level.unread_named - level.unread_none
        shown = {"alike": view.texts.number(level.alike), "n": view.texts.number(n)}
        parts.append(view.texts("report.confirmed.level", level=view.level(level.attribute, level.level), **shown))
    return f" ({', '.join(parts)})"


def _alarm(view: View, alarm: Alarm) -> str:
    t = view.texts
    who = {"level": view.level(alarm.attribute, alarm.level), "model": view.model(alarm.endpoint)}
    who["reference"] = view.level(alarm.attribute, alarm.reference)
    sizes = (alarm.at_level or 0.0, alarm.at_reference or 0.0)
    if alarm.what == "differ":
        first, second = (t.percent(100 * share) for share in sizes)
        return t("report.confirmed.differ", level_share=first, reference_share=second, **who)
    first, second = (t.percent(100 * math.exp(shift)) for shift in sizes)
    return t("report.confirmed.shift", level_shift=first, reference_shift=second, **who)


def confirmed_table(view: View) -> Table:
    """One row a level: `asked` again, and every kind of account; the p of its two tests against the reference."""
    found = view.material.confirmations
    rows = []
    for level in found.levels if found else ():
        about = (level.endpoint, level.attribute, level.level)
        tests = {t.what: t.p_value for t in found.tests if (t.endpoint, t.attribute, t.level) == about} if found else {}
        names = [view.model(about[0]), view.attribute(about[1]), view.level(about[1], about[2], "tag")]
        counts = [getattr(level, name) for name in ("asked", *KINDS)]
        rows.append([*names, *counts, tests.get("differ"), tests.get("shift")])
    return Table(COLUMNS, rows)
