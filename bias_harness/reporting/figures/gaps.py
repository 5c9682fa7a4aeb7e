"""Figures of gaps: the forests (F3), the heat maps (F5) and the strip of placebo gaps (F12)."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from bias_harness.estimating.judgement import Judgement
from bias_harness.outcome import NAMED
from bias_harness.reporting.charts import Drawing
from bias_harness.reporting.charts.forest import Forest, forest
from bias_harness.reporting.charts.heat import Heat, HeatCell, HeatRow
from bias_harness.reporting.charts.strip import Strip, StripDot
from bias_harness.reporting.figures.maker import ALT_ROWS, MANY_LEVELS, Drawn
from bias_harness.reporting.judged import SIGNS, key_of, shown
from bias_harness.reporting.material import Material
from bias_harness.vocabulary import Estimate

PARTS = ("field", "seniority", "language", "wording")
FIRST_ROWS = 12
"""Rows of the first figure; of more gaps it shows the leading ones."""


class GapDrawings(Drawn):
    """F3, F5 and F12."""

    @cached_property
    def first(self) -> Drawing | None:
        """F3 of the first screen: all judgements where they are few, else one a model."""
        every = self.judgements
        return self._forest(
            every if len(every) <= FIRST_ROWS else self.leading, self.id("F3"), self.texts("figures.F3.first")
        )

    @cached_property
    def lead(self) -> Drawing | None:
        """F3 of the leading comparisons alone, one a model, with a short note: their words stand in the ranking."""
        drawing = self._forest(self.leading, self.id("F3"), self.texts("figures.F3.first"))
        margin = self.texts.gap(self.material.margin.shown)
        return drawing and replace(drawing, note=self.texts("figures.F3.note_short", margin=margin))

    @cached_property
    def forests(self) -> dict[str, Drawing]:
        """F3 by attribute."""
        found = {}
        for name in self.material.attributes:
            title = self.texts("figures.F3.title", attribute=self.view.attribute(name))
            drawing = self._forest([j for j in self.judgements if j.attribute == name], self.id("F3", name), title)
            if drawing:
                found[name] = drawing
        return found

    def _forest(self, some: list[Judgement], id_: str, title: str) -> Drawing | None:
        labelled = [
            (self.view.model(j.endpoint), self._pair(j) if id_ == self.id("F3") else self._tag(j), j) for j in some
        ]
        chart: Forest = forest(labelled, self.material.margin)
        if not chart.rows:
            return None
        alts = [self._alt(j) for j in some if j.gap is not None]
        if len(alts) > ALT_ROWS:
            alts = [*alts[:ALT_ROWS], self.texts("figures.F3.more", count=len(alts) - ALT_ROWS)]
        return Drawing(id_, title, " ".join(alts), chart, self._legend(chart, some), self.counted_of(some))

    def _legend(self, chart: Forest, some: list[Judgement]) -> str:
        """What signs and lines mean: of the words that occur, and of no other."""
        t = self.texts
        signs: dict[str, list[str]] = {}
        for word in chart.words:
            signs.setdefault(SIGNS[word], []).append(t(f"verdicts.{word}"))
        told = " ".join(
            t("figures.F3.sign", sign=t(f"figures.F3.signs.{sign}"), words=f" {t('sentences.or')} ".join(words))
            for sign, words in signs.items()
        )
        at_once = max(j.family_size for j in some)
        many = t("figures.F3.at_once", count=t.number(at_once)) if at_once > 1 else ""
        same = "practically_the_same"
        alone = t("figures.F3.same_alone", word=t(f"verdicts.{same}")) if many and same in chart.words else ""
        parts = [t("figures.F3.note"), many, alone, told, t("figures.F3.band", margin=t.gap(chart.margin.shown))]
        return " ".join(filter(None, parts))

    def _tag(self, e: Judgement) -> str:
        return self.view.level(e.attribute, e.level, "tag")

    def _pair(self, e: Judgement) -> str:
        """Who is compared with whom: rows of several attributes have several references."""
        return self.texts(
            "figures.F12.compared", level=self._tag(e), other=self.view.level(e.attribute, e.reference, "tag")
        )

    def _alt(self, e: Judgement) -> str:
        names = self.view.names(e)
        return self.texts(
            "figures.F3.alt",
            model=names.model,
            level=names.level,
            reference=names.reference,
            percent=self.texts.gap(shown(e)[0] or 0.0),
            between=self.view.between(e),
            jobs=self.texts.counted("people" if e.job_is_person else "jobs", e.jobs),
            verdict=self.view.word(e),
        )

    @cached_property
    def heats(self) -> dict[str, Drawing]:
        """F5 by attribute: models and levels by part of the test; of many levels, levels by model."""
        found = {}
        for name in self.material.attributes:
            many = len(self.material.attributes[name].levels) > MANY_LEVELS
            chart = self._levels_by_model(name) if many else self._heat(name)
            if chart:
                title = self.texts("figures.F5.title", attribute=self.view.attribute(name))
                alt = self.texts("figures.F5.alt", rows=len(chart.rows), columns=", ".join(chart.columns))
                own = [j for j in self.judgements if j.attribute == name]
                found[name] = Drawing(self.id("F5", name), title, alt, chart, counted=self.counted_of(own))
        return found

    def _heat(self, name: str) -> Heat | None:
        """A row a model and level; the columns are the whole and every field, seniority, language and wording."""
        headlines = [j for j in self.judgements if j.attribute == name]
        columns: list[tuple[str, str]] = []
        groups = []
        for part in PARTS:
            values = self._values(headlines, part)
            if values:
                first = len(columns) + 1
                columns += [(part, v) for v in values]
                groups.append((self._heat_title(name, part), (0, *range(first, first + len(values)))))
        if not columns:
            return None
        rows = tuple(self._heat_row(e, columns) for e in headlines)
        labels = (self.texts("report.where.all"), *(self.view.part(*c) for c in columns))
        return Heat(labels, rows, tuple(groups))

    def _heat_title(self, name: str, part: str) -> str:
        said = {"part": self.texts(f"report.where.parts.{part}"), "attribute": self.view.attribute(name)}
        return self.texts("figures.F5.part", **said)

    def _values(self, headlines: list[Judgement], part: str) -> list[str]:
        """The values of a part that have a number for any of the comparisons, in the order of the people's file."""
        m = self.material
        seen = {v for e in headlines for v in m.cells.get((e.endpoint, e.attribute, e.level, part), ())}
        return sorted(seen, key=lambda v: _order(m, part, v))

    def _heat_row(self, e: Judgement, columns: list[tuple[str, str]]) -> HeatRow:
        link = self.view.link(e.endpoint, e.attribute)
        cells = [_judged(e, link, self._step)]
        for part, value in columns:
            found = self.material.cells.get((e.endpoint, e.attribute, e.level, part), {}).get(value)
            cells.append(
                _explored(
                    found, self.view.link(e.endpoint, e.attribute, value) if part == "field" else link, self._step
                )
            )
        return HeatRow(self.view.model(e.endpoint), self.view.level(e.attribute, e.level, "tag"), tuple(cells))

    @property
    def _step(self) -> float:
        """What one step of colour stands for."""
        return self.material.measure.step(self.material.margin)

    def _levels_by_model(self, name: str) -> Heat | None:
        """A row a level, a column a model."""
        m = self.material
        found = {(j.endpoint, j.level): j for j in self.judgements if j.attribute == name}
        endpoints = [x for x in self.endpoints if any(endpoint == x for endpoint, _ in found)]
        levels = [x for x in m.attributes[name].levels if any(level == x for _, level in found)]
        if not found:
            return None
        rows = tuple(
            HeatRow(
                "",
                self.view.level(name, level, "tag"),
                tuple(_judged(found.get((x, level)), self.view.link(x, name), self._step) for x in endpoints),
            )
            for level in levels
        )
        columns = tuple(self.view.model(x) for x in endpoints)
        title = self.texts("figures.F5.title", attribute=self.view.attribute(name))
        return Heat(columns, rows, ((title, tuple(range(len(columns)))),))

    @cached_property
    def strip(self) -> Drawing | None:
        """F12: how far a change of neutral words alone moves each model, beside the sizes of its gaps."""
        dots = [
            *(StripDot(self.view.model(x), self.texts("figures.placebo"), v, True) for x, v in self.moved.items()),
            *(
                StripDot(self.view.model(j.endpoint), self._pair(j), abs(value), False, key_of(j))
                for j in self.judgements
                for value, *_ in [shown(j)]
                if value is not None and j.endpoint in self.moved
            ),
        ]
        if not any(d.placebo for d in dots):
            return None
        alt = self.texts(
            "figures.F12.alt",
            placebo=self._sizes([d.percent for d in dots if d.placebo]),
            real=self._sizes([d.percent for d in dots if not d.placebo]),
        )
        return Drawing(
            self.id("F12"),
            self.texts("figures.F12.title"),
            alt,
            Strip(tuple(dots), self._step),
            self.texts("figures.F12.note"),
            self.counted_of(self.judgements),
        )

    @cached_property
    def moved(self) -> dict[str, float]:
        """Model -> how far other neutral words alone move its mean, one way or the other, as gaps are shown.

        The standard deviation over the neutral forms of the reference, noise included: the judgement's control.
        """
        found: dict[str, float] = {}
        for j in self.judgements:
            if j.control is not None and j.control.spread is not None:
                found.setdefault(j.endpoint, NAMED[j.outcome].shown(j.control.spread))
        return found

    def _sizes(self, sizes: list[float]) -> str:
        if not sizes:
            return self.texts("figures.F12.none")
        ends = list(dict.fromkeys((self.texts.size(min(sizes)), self.texts.gap(max(sizes)))))
        return self.texts.gap(sizes[0]) if min(sizes) == max(sizes) else " – ".join(ends)


def _order(m: Material, part: str, value: str) -> tuple[int, str]:
    people = m.audit.resolved.people
    known = {"field": list(people.fields), "seniority": list(people.seniorities)}.get(part, [])
    return (known.index(value) if value in known else len(known), value)


def _judged(j: Judgement | None, link: str, step: float) -> HeatCell:
    if j is None or j.gap is None:
        return HeatCell(None)
    return HeatCell(*shown(j), key_of(j), j.jobs, j.n_level + j.n_reference, link, step)


def _explored(e: Estimate | None, link: str, step: float) -> HeatCell:
    """A cell of the table with its simultaneous interval; no word is said of it."""
    if e is None or (value := shown(e)[0]) is None:
        return HeatCell(None)
    measure = NAMED[e.outcome]
    low, high = (None if x is None else measure.shown(x) for x in (e.simultaneous_low, e.simultaneous_high))
    return HeatCell(value, low, high, None, int(e.details.get("jobs", 0)), e.n_answers, link, step)
