"""The finding as it is passed on, torn out of its page: with what was asked, the range, the date and the label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bias_harness.reporting.charts.card import Card, Passage
from bias_harness.reporting.escaping import plain
from bias_harness.reporting.material import Material, View
from bias_harness.reporting.sections import summary
from bias_harness.reporting.texts import Texts
from bias_harness.version import __version__


def card_of(material: Material, spoken: Texts, title: str) -> Card:
    """The words of the picture and of the page: the same heading, tiles and advice as the first screen's."""
    told = summary.build(material, spoken)
    natures = dict.fromkeys(material.nature(name) for name in material.endpoints)
    labels = [x["short"] for n in natures if (x := spoken.under("natures")[n])["text"]]
    warning = spoken("report.summary.label", natures=", ".join(labels)) if labels else ""
    warning = warning[:1].upper() + warning[1:]
    made = spoken("report.made_by", version=__version__, date=View(material, spoken).day)
    return Card(
        f"{title} · {told['asked']}",
        told["heading"],
        [(tile["big"], tile["text"]) for tile in told["tiles"]],
        " ".join(told["caveats"]),
        warning,
        list(_passages(told, spoken)),
        f"{title}. {made} {spoken('report.unread_yet')}",
    )


def _passages(told: Mapping[str, Any], t: Texts) -> Iterator[Passage]:
    """What the first screen says below its tiles, in its order, as plain text."""
    notices = [notice.text for notice in told["notices"]]
    if notices or told["uneven"]:
        yield Passage("", [plain(text) for text in (*notices, *told["uneven"])])
    if told["ranking"]:
        rows = [" · ".join(x for x in (r["place"], r["model"], r["amount"], r["word"]) if x) for r in told["ranking"]]
        shared = [t("report.summary.ties_note")] if any(r["shared"] for r in told["ranking"]) else []
        yield Passage(told["ranking_heading"], [*rows, " ".join([t("report.summary.ranking_note"), *shared])])
    if told["pay_gap"]:
        source = t("report.summary.pay_gap_source", source=told["pay_gap"]["source"])
        yield Passage("", [f"{plain(told['pay_gap']['text'])} {source}"])
    if told["client"]:
        yield _client(told["client"], t)
    if told["neutral"]:
        yield _question(told, t)
        steps = [f"{n}. {plain(step)}" for n, step in enumerate(t.under("report.summary.steps"), 1)]
        yield Passage(t("report.summary.do"), steps)
    if told["places"]:
        where = "; ".join(f"{place['name']} ({place['address']})" for place in told["places"])
        yield Passage("", [f"{t('report.summary.look')}: {where}."])


def _client(client: Mapping[str, Any], t: Texts) -> Passage:
    got, other = t("report.summary.got", who=client["level"]), t("report.summary.other_got", who=client["reference"])
    rows = [f"{got}: {one}. {other}: {two}." for one, two in client["rows"]]
    of = f"{client['model']}. " if client["model"] else ""
    return Passage(client["heading"], [*rows, of + t("report.summary.client_note", period=client["period"])])


def _question(told: Mapping[str, Any], t: Texts) -> Passage:
    first, *others = told["without"] or [""]
    without = t("report.summary.without", sentence=first) if first else t("report.summary.not_measured")
    return Passage(t("report.summary.ask"), [t("report.summary.question"), " ".join([without, *others])])
