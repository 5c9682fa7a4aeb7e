"""A monitor as a folder of pages: which chatbot differs least, how that was before, and what each one answered.

Made of any number of runs. Every page opens from a folder, asks nobody for anything and is readable without scripts; a
page about answers that no chatbot of the public gave says so first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bias_harness.errors import UsageError
from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.timeline import Timeline, TimelinePoint
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.headline import headline
from bias_harness.reporting.judged import key_of, shown
from bias_harness.reporting.material import Material, View, spoken
from bias_harness.reporting.pay import Pay
from bias_harness.reporting.ranking import Placed, leader, ranked
from bias_harness.reporting.sections.lookup import cells_of
from bias_harness.reporting.sections.notices import Notice, notices
from bias_harness.reporting.sections.summary import row
from bias_harness.reporting.sentences import finding
from bias_harness.reporting.texts import Texts, texts

Render = Callable[[str, Texts, Mapping[str, Any]], bytes]
Group = tuple[str, ...]


@dataclass(frozen=True)
class About:
    """What the makers of a monitor say of it: its address (for previews), a contact, and when it asks again."""

    address: str = ""
    contact: str = ""
    again: str = ""


@dataclass(frozen=True)
class Seen:
    """One model's leading comparison in one run."""

    material: Material
    judgement: Judgement

    @property
    def moment(self) -> str:
        """When it was asked (ISO 8601), "" where no answer says so."""
        return self.material.asked[1] if self.material.asked else ""

    @property
    def group(self) -> Group:
        """What has to be alike for two gaps to be ranked: who is compared, the people, the questions, the currency."""
        j, digests = self.judgement, self.material.audit.digests
        return (j.attribute, j.level, j.reference, j.currency or j.outcome, digests["personas"], digests["prompts"])

    @property
    def slug(self) -> str:
        """The model's name in addresses."""
        return re.sub(r"[^a-z0-9]+", "-", self.judgement.endpoint.casefold()).strip("-") or "model"


@dataclass(frozen=True)
class Site:
    """The pages of a monitor in one language. `render(template, texts, values)` makes one of them."""

    materials: Sequence[Material]
    language: str
    about: About
    render: Render

    @cached_property
    def texts(self) -> Texts:
        """The language."""
        return texts(self.language)

    @cached_property
    def seen(self) -> list[Seen]:
        """Every leading comparison, the oldest first."""
        found = [Seen(m, j) for m in self.materials for j in Drawings(self.view(m)).gaps.leading]
        return sorted(found, key=lambda s: (s.moment, s.material.run))

    @cached_property
    def models(self) -> dict[str, list[Seen]]:
        """Name in addresses -> what was seen of that model, the oldest first."""
        found: dict[str, list[Seen]] = {}
        for s in self.seen:
            found.setdefault(s.slug, []).append(s)
        return dict(sorted(found.items()))

    def view(self, material: Material) -> View:
        """A run in this language."""
        return View(material, spoken(material, self.language))

    def pages(self) -> Iterator[tuple[str, bytes]]:
        """(file name, content) of every page."""
        yield self._page("index", {"groups": list(self.groups()), "notices": self._notices(self.materials)})
        for slug, seen in self.models.items():
            yield self._page("chatbot", self._history(slug, seen), slug)
            yield self._page("lookup", self._lookup(slug, seen[-1]), slug)
        yield self._page(
            "method", {"notices": self._notices(self.materials), "runs": list(map(self._run, self.materials))}
        )

    def _page(self, kind: str, values: Mapping[str, Any], slug: str = "") -> tuple[str, bytes]:
        name = f"{kind}-{slug}" if slug else kind
        shared = {"kind": kind, "file": name, "about": self.about, "asked": self._asked, "cite": self._cite}
        links = {slug: self._name(seen[-1]) for slug, seen in self.models.items()}
        return f"{name}.{self.language}.html", self.render(
            "site.html.j2", self.texts, {**shared, "models": links, **values}
        )

    def _name(self, seen: Seen) -> str:
        return self.view(seen.material).model(seen.judgement.endpoint)

    def _notices(self, materials: Iterable[Material]) -> list[Notice]:
        return list(dict.fromkeys(found for m in materials for found in notices(m, self.texts)))

    @cached_property
    def _asked(self) -> str:
        moments = sorted(s.moment for s in self.seen if s.moment)
        if not moments:
            return self.texts("report.research.unknown")
        return " – ".join(dict.fromkeys(map(self.texts.day, (moments[0], moments[-1]))))

    @cached_property
    def _cite(self) -> str:
        runs = ", ".join(m.run for m in self.materials)
        return self.texts("site.cite", date=self._asked, runs=runs, address=self.about.address)

    def groups(self) -> Iterator[dict[str, Any]]:
        """The latest gap of each model, ranked among those that were asked the same about the same people."""
        latest: dict[Group, dict[str, Seen]] = {}
        for s in self.seen:
            latest.setdefault(s.group, {})[s.slug] = s
        for own in latest.values():
            first = next(iter(own.values()))
            view, j = self.view(first.material), first.judgement
            placed = ranked([(s.material, s.judgement) for s in own.values()])
            rows = []
            for p in placed:
                seen = Seen(p.material, p.judgement)
                there = self.view(p.material)
                pay = Pay(there.texts, p.material.audit.experiment.outcome)
                about = {"slug": seen.slug, "day": there.day, "run": p.material.run}
                rows.append({**row(there, p, pay), **about, **self._range(there, p.judgement)})
            who = {"level": view.level(j.attribute, j.level), "reference": view.level(j.attribute, j.reference)}
            title = self.texts("site.group", **who, experiment=self._title(first.material))
            yield {"title": title, "finding": self._finding(placed), "rows": rows}

    def _finding(self, placed: Sequence[Placed]) -> str:
        """What a ranking says: which differs least, or that they are not told apart; of one model what was found."""
        if len(placed) > 1:
            key, least = leader(placed)
            name = self.view(least.material).model(least.judgement.endpoint) if least else ""
            return self.texts(f"report.summary.{key}", model=name)
        view = self.view(placed[0].material)
        return headline(view, [placed[0].judgement]).text

    def _title(self, material: Material) -> str:
        return self.texts.label(material.audit.experiment.title, material.audit.experiment.experiment)

    def _range(self, view: View, j: Judgement) -> dict[str, Any]:
        value, low, high = shown(j)
        exact = {"gap_percent": value, "low": low, "high": high, "word_key": key_of(j)}
        return {"percent": "–" if value is None else view.texts.gap(value), "between": view.between(j), **exact}

    def _history(self, slug: str, seen: Sequence[Seen]) -> dict[str, Any]:
        """A model's gap in every run, with its word and a link to the run's page; a figure of those that are alike."""
        alike = [s for s in seen if s.group == seen[-1].group and shown(s.judgement)[0] is not None]
        rows = []
        for s in reversed(seen):
            view = self.view(s.material)
            said = finding(view.texts, s.judgement, view.names(s.judgement))
            rows.append({"day": view.day, "run": s.material.run, "sentence": said.sentence, "word": said.verdict})
        return {
            "slug": slug,
            "name": self._name(seen[-1]),
            "rows": rows,
            "drawing": self._timeline(alike) if len(alike) > 1 else None,
            "notices": self._notices(s.material for s in seen),
        }

    def _timeline(self, alike: Sequence[Seen]) -> Drawing:
        t, last = self.texts, alike[-1]
        names = self.view(last.material).names(last.judgement)
        points, rows = [], []
        for s in alike:
            view, (value, low, high) = self.view(s.material), shown(s.judgement)
            points.append(TimelinePoint(view.day, value or 0.0, low, high))
            said = {"run": view.day, "percent": view.texts.gap(value or 0.0), "between": view.between(s.judgement)}
            rows.append(t("figures.F10.row", **said))
        margin = last.material.margin
        title = t("figures.F10.title.over", model=names.model, level=names.level, reference=names.reference)
        note = t("figures.F10.note", margin=t.percent(margin.shown))
        return Drawing("F10", title, t("figures.F10.alt", rows=" ".join(rows)), Timeline(tuple(points), margin), note)

    def _lookup(self, slug: str, seen: Seen) -> dict[str, Any]:
        view = self.view(seen.material)
        return {
            "slug": slug,
            "name": self._name(seen),
            "day": view.day,
            "jobs": cells_of(view, seen.judgement.endpoint, seen.judgement.attribute),
            "notices": self._notices([seen.material]),
        }

    def _run(self, material: Material) -> dict[str, str]:
        e, view = material.audit.experiment, self.view(material)
        jobs = max((j.jobs for j in material.judgements), default=0)
        return {
            "run": material.run,
            "title": self._title(material),
            "day": view.day,
            "models": ", ".join(view.model(x) for x in material.endpoints),
            "jobs": self.texts.number(jobs),
            "answers": self.texts.number(len(material.observations)),
            "author": e.author,
            "contact": e.contact,
        }


def suited(materials: Sequence[Material]) -> Sequence[Material]:
    """The same, where a monitor can be made of them. Raises `UsageError`."""
    if not materials:
        raise UsageError("a site needs one run or more; name them")
    names = [m.run for m in materials]
    twins = sorted({n for n in names if names.count(n) > 1})
    if twins:
        raise UsageError(f"the run {twins[0]!r} is named twice, and its page has one place; name each run once")
    wrong = [m.run for m in materials if not m.measure.relative]
    if wrong:
        raise UsageError(f"a site is of salary advice, and {wrong[0]} measures something else; it has its own page")
    return materials


def tables_of(site: Site) -> dict[str, bytes]:
    """The downloads: every judgement of every run, and the latest ranking; unrounded, with the codebook's names."""
    import pandas as pd

    every = [
        m.estimates.judgements.to_frame().assign(run=m.run, asked=m.asked[1] if m.asked else "") for m in site.materials
    ]
    rows = [
        {
            "comparison": group["title"],
            **{key: r[key] for key in ("place", "slug", "word_key", "gap_percent", "low", "high", "run", "day")},
        }
        for group in site.groups()
        for r in group["rows"]
    ]
    tables = {"judgements.csv": pd.concat(every), "ranking.csv": pd.DataFrame(rows)}
    return {name: table.to_csv(index=False, lineterminator="\n").encode() for name, table in tables.items()}
