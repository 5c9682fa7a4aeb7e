"""The screen that answers: the finding as a heading, three tiles, the models in order, and what to do with a client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bias_harness.estimating.judgement import Imbalance, Judgement
from bias_harness.reporting.figures.all import Drawings
from bias_harness.reporting.headline import Headline, few, headline
from bias_harness.reporting.judged import key_of, shown
from bias_harness.reporting.material import Material, View, spoken
from bias_harness.reporting.pay import Pay
from bias_harness.reporting.ranking import Placed, leader, ranked
from bias_harness.reporting.sections.first import left_open
from bias_harness.reporting.sections.notices import every_notice, notices
from bias_harness.reporting.sentences import finding, imbalance, word_of
from bias_harness.reporting.texts import Texts, round_significant
from bias_harness.reporting.yardsticks import pay_gap, places

NOT_SAID = ("not_stated", "none")
"""Levels that leave the attribute out of the question."""
TENTHS, CLIENT_ROWS = 10, 3
STEPS = (1, 2, 2.5, 5, 10)


def build(material: Material, texts: Texts) -> dict[str, Any]:
    """Everything of the first screens; where there are fewer than five pairs no figure and no per cent."""
    page = Summary(View(material, texts))
    quiet = few(page.leading)
    return {
        "notices": every_notice(material, texts),
        "asked": page.asked,
        "heading": page.headline.text,
        "tiles": [] if quiet else list(page.tiles()),
        "tiles_of": page.tiles_of,
        "uneven": [] if quiet else page.uneven,
        "ranking": [] if quiet else page.ranking,
        "ranking_heading": page.ranking_heading,
        "client": None if quiet else page.client(),
        "pay_gap": None if quiet else pay_gap(page.view, page.about),
        "places": places(page.view) if material.measure.relative else [],
        "without": [] if quiet else list(page.without()),
        "neutral": material.measure.relative,
        "caveats": list(page.caveats()),
        "few": quiet,
    }


def in_short(material: Material, language: str) -> dict[str, Any]:
    """The answer alone, in another language: heading, what it is about, the caveats."""
    texts = spoken(material, language)
    page = Summary(View(material, texts))
    said = [] if few(page.leading) else [finding(texts, j, page.view.names(j)).sentence for j in page.leading]
    return {
        "t": texts,
        "heading": page.headline.text,
        "notices": notices(material, texts),
        "sentences": said,
        "caveats": list(page.caveats()),
    }


@dataclass(frozen=True)
class Summary:
    """The first screen's parts, each from the judgements of the leading comparison."""

    view: View

    @cached_property
    def leading(self) -> list[Judgement]:
        """One judgement a model, in the experiment's order."""
        return Drawings(self.view).gaps.leading

    @cached_property
    def headline(self) -> Headline:
        """The finding."""
        return headline(self.view, self.leading)

    @property
    def about(self) -> Judgement | None:
        """The judgement that the tiles are about, else the first model's."""
        return self.headline.about or next(iter(self.leading), None)

    @cached_property
    def pay(self) -> Pay:
        """How amounts are spoken of."""
        return Pay(self.view.texts, self.view.material.audit.experiment.outcome)

    def __call__(self, key: str, **values: str) -> str:
        """A text of the first screen."""
        return self.view.texts(f"report.summary.{key}", **values)

    @property
    def asked(self) -> str:
        """When, with how many jobs and in how many ways it was asked."""
        t, e = self.view.texts, self.view.material.audit.experiment
        jobs = max((j.jobs for j in self.leading), default=0)
        people = any(j.job_is_person for j in self.leading)
        parts = [self("asked", date=self.view.day)] if self.view.material.asked else []
        parts += [t.counted("people" if people else "on_paper", jobs)] if jobs else []
        parts += [t.counted("questions", len(e.wordings) * len(e.languages))]
        return " · ".join(parts)

    @property
    def tiles_of(self) -> str:
        """Whose tiles they are, where there are several models and the heading names none."""
        about = self.headline.about
        several = (
            about is not None and len(self.leading) > 1 and self.view.model(about.endpoint) not in (self.headline.text)
        )
        return self("tiles_of", model=self.view.model(about.endpoint)) if about and several else ""

    def tiles(self) -> Iterator[dict[str, str]]:
        """How much, how often, and against what other words do or who gets no amount."""
        j = self.headline.about
        if j is None or j.gap is None:
            return
        yield self._amount(j)
        if j.pairs and j.pairs.of:
            yield self._often(j)
        yield self._silence(j) or self._words(j)

    def _amount(self, j: Judgement) -> dict[str, str]:
        """The mean gap with its range; where no difference is asserted, the range alone."""
        t, words = self.view.texts, self.pay.words(j)
        value, ends = words.values()[0], words.ends()
        percent = t.percent(abs(shown(j)[0] or 0.0))
        said = {"amount": words.side(value), **ends, "percent": percent, "direction": words.direction(value)}
        kind = "money" if words.in_money else "unit"
        if not ends:
            return {"big": words.side(value), "text": self(f"tiles.alone_{kind}", **said)}
        period = self.view.texts(f"spoken.per_{'month' if self.pay.monthly else 'year'}")
        if j.differs:
            year = self._a_year(j) if self.pay.monthly else ""
            text = self(f"tiles.range_{kind}", **said, period=period) + (f" {year}" if year else "")
            return {"big": words.side(value), "text": text}
        open_ = key_of(j) == "cannot_tell"
        text = self(f"tiles.{'open' if open_ else 'within'}_{kind}", period=period)
        return {"big": self("tiles.between", **ends), "text": text}

    def _a_year(self, j: Judgement) -> str:
        amount = self.view.texts.money(abs(j.gap.money if j.gap and j.gap.money else 0.0), j.currency or "")
        return self("tiles.year", amount=amount)

    def _often(self, j: Judgement) -> dict[str, str]:
        """In how many of ten comparisons the level came out lower (or higher, where that is what the gap says)."""
        t, pairs = self.view.texts, j.pairs
        if pairs is None or j.gap is None:
            return {"big": "", "text": ""}
        less = j.gap.estimate < 0 or (j.gap.estimate == 0 and pairs.lower >= pairs.higher)
        n, key = (pairs.lower, "lower") if less else (pairs.higher, "higher")
        counts = {name: t.number(getattr(pairs, name)) for name in ("lower", "equal", "higher", "of")}
        big = self("tiles.of_ten", n=t.number(round(TENTHS * n / pairs.of)))
        return {"big": big, "text": self(f"tiles.often_{key}", level=self._one(j, j.level), **counts)}

    def _silence(self, j: Judgement) -> dict[str, str] | None:
        """Who gets no amount more often, where that was found of this comparison."""
        same = ("endpoint", "attribute", "level")
        found = [i for i in self.view.material.imbalances if all(getattr(i, x) == getattr(j, x) for x in same)]
        if not found:
            return None
        i, t = found[0], self.view.texts
        rates = [t.percent(100 * (x or 0.0)) for x in (i.share_level, i.share_reference)]
        who = {"level": self._one(j, j.level), "reference": self._one(j, j.reference)}
        return {"big": self("tiles.against", one=rates[0], other=rates[1]), "text": self(f"tiles.{i.what}", **who)}

    def _words(self, j: Judgement) -> dict[str, str]:
        moved = Drawings(self.view).gaps.moved.get(j.endpoint)
        if moved is None:
            return {"big": self("tiles.not_measured"), "text": self("tiles.no_words")}
        return {"big": self.view.texts.gap(moved), "text": self("tiles.words")}

    def _one(self, j: Judgement, level: str) -> str:
        return self.view.level(j.attribute, level, "one")

    @property
    def uneven(self) -> list[str]:
        """Silence and flags that fell unequally, one sentence each: with the first screen, for they are findings."""
        found = [i for i in self.view.material.imbalances if self._leads(i)]
        return [imbalance(self.view.texts, i, self.view.names(i)).sentence for i in found]

    def _leads(self, i: Imbalance) -> bool:
        return any((j.attribute, j.level) == (i.attribute, i.level) for j in self.leading)

    @cached_property
    def places(self) -> list[Placed]:
        """The models in order, where there are several."""
        m = self.view.material
        if len(self.leading) < 2:
            return []
        about = ("ranking", *(name for j in self.leading for name in (j.endpoint, j.attribute, j.level)))
        if about not in m.memo:
            m.memo[about] = ranked([(m, j) for j in self.leading])
        return list(m.memo[about])

    @property
    def ranking_heading(self) -> str:
        """Which model is told apart as differing least, or that none is."""
        key, least = leader(self.places)
        return self(key, model=self.view.model(least.judgement.endpoint) if least else "")

    @property
    def ranking(self) -> list[dict[str, str]]:
        """One row a model: its place, its amount with the direction, its word."""
        return [row(self.view, p, self.pay) for p in self.places]

    def client(self) -> dict[str, Any] | None:
        """`she got / a man got on average`: only where the heading's model is said to differ, and in money."""
        j, t = self.headline.about, self.view.texts
        if j is None or not j.differs or j.gap is None or j.gap.percent is None or not j.mean_level or not j.currency:
            return None
        ratio = 1 + j.gap.percent / 100
        rows = [
            (t.money(x, j.currency, exact=True), t.money(round_significant(x / ratio, 3), j.currency, exact=True))
            for x in around_the_mean(j.mean_level / self.pay.parts)
        ]
        who = {"level": self._one(j, j.level), "reference": self._one(j, j.reference)}
        middle = dict(zip(("got", "other"), rows[CLIENT_ROWS // 2], strict=True))
        return {
            "heading": self("client", **who, **middle),
            **who,
            "model": self.view.model(j.endpoint) if len(self.leading) > 1 else "",
            "period": t(f"spoken.per_{'month' if self.pay.monthly else 'year'}"),
            "rows": rows,
        }

    def without(self) -> Iterator[str]:
        """What leaving the attribute out did in the model of the tiles, where that was asked: a finding of its own."""
        about = self.about
        for j in self.view.material.judgements if about else ():
            same = (j.endpoint, j.attribute) == (about.endpoint, about.attribute) if about else False
            if same and j.level in NOT_SAID and j.gap is not None:
                yield finding(self.view.texts, j, self.view.names(j)).sentence

    def caveats(self) -> Iterator[str]:
        """What was left open where probabilities were read; what answered and when, that it was no app; who asked."""
        m, e = self.view.material, self.view.material.audit.experiment
        yield from filter(None, (left_open(self.view, j) for j in self.leading))
        natures = {m.nature(x) for x in m.endpoints}
        if "model" in natures and m.asked:
            yield self("api", date=self.view.day)
        if "product" in natures and m.asked:
            yield self("product", date=self.view.day)
        yield self("no_proof")
        if e.author:
            yield self("author", author=e.author)
        if e.contact:
            yield self("contact", contact=e.contact)


def row(view: View, placed: Placed, pay: Pay) -> dict[str, str]:
    """A model in the ranking: `first` and `last` place, the amount with its direction and range, the word."""
    j, t = placed.judgement, view.texts
    if j.gap is None:
        said = {"place": "–", "amount": "–", "shared": ""}
    else:
        ends = (t.number(placed.first), t.number(placed.last))
        key = "place" if ends[0] == ends[1] else "places"
        words = pay.words(j)
        said = {
            "place": t(f"report.summary.{key}", first=ends[0], last=ends[1]),
            "shared": key if key == "places" else "",
            "amount": words.side(words.values()[0]) if j.differs else t("report.summary.no_difference_said"),
        }
    return {"model": view.model(j.endpoint), "word": word_of(t, j), "key": key_of(j), **said}


def around_the_mean(mean: float) -> list[float]:
    """Three round amounts around a mean: 4,290 -> 3,000, 4,000, 5,000."""
    rough = mean / 4
    power = 10.0 ** (len(str(int(rough))) - 1)
    step = min((s * power for s in STEPS), key=lambda s: abs(s - rough))
    middle = step * round(mean / step)
    return [middle + step * i for i in range(-1, CLIENT_ROWS - 1)]
