"""A finding in plain words: from the judgement alone, so that text, table and figure cannot disagree.

What is said of a comparison is chosen by the judgement's word and by nothing else. A sentence is about averages, never
about one person; it counts jobs; the interval beside it is the one that the word used, and its ends never look alike;
what holds a word back is said, and what it would take to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bias_harness.estimating.judgement import Because, Imbalance, Judgement
from bias_harness.reporting.gap_words import GapWords
from bias_harness.reporting.judged import holds_together, key_of, margin_of, measure_of, shown
from bias_harness.reporting.texts import Texts
from bias_harness.vocabulary import MOST_JOBS

FEW_JOBS, ENOUGH_FOR_SAME = 6, 40
FAR_TOO_WIDE = 100.0
"""Per cent: a range that reaches twice the amount is not worth its numbers."""
UNDIRECTED = frozenset(("cannot_tell", "practically_the_same", "no_data"))
"""What says nothing of a direction."""
TOLD: frozenset[Because] = frozenset(
    (
        "one_job",
        "few_jobs",
        "fewer_than_40_jobs",
        "one_form",
        "few_edits",
        "few_wordings",
        "no_look",
        "family",
        "words_move_it_too",
    )
)
"""The reasons that get a sentence of their own; the others are in the finding itself."""


@dataclass(frozen=True)
class Names:
    """How the parties are called in the sentence's language; `frame` is the list that the jobs were drawn from."""

    model: str
    level: str
    reference: str
    frame: str = ""

    @property
    def who(self) -> dict[str, str]:
        """The same as values of a text."""
        return {"model": self.model, "level": self.level, "reference": self.reference}


@dataclass(frozen=True)
class Finding:
    """The finding in sentences, what is to be known beside it, the word as it is shown, and its key."""

    sentence: str
    more: str
    verdict: str
    word: str


def finding(texts: Texts, j: Judgement, names: Names) -> Finding:
    """What a judgement says, in the texts' language."""
    said = _Said(texts, j, names)
    whole, more = " ".join(said.main()), " ".join((*said.beside(), *said.reasons(), *said.counts()))
    start = whole if whole.startswith(names.model) else whole[0].upper() + whole[1:]
    return Finding(start, more, word_of(texts, j), key_of(j))


def word_of(texts: Texts, j: Judgement) -> str:
    """The word as a coach says it; of what depends on something, on what."""
    key = key_of(j)
    if key == "depends":
        return texts("sentences.depends_on", reasons=_joined(texts, [texts(f"sentences.upon.{b}") for b in j.because]))
    if key == "every_job_the_same" and j.gap is not None and j.gap.estimate != 0:
        return texts("sentences.evenly")
    return texts(f"verdicts.{key}")


def imbalance(texts: Texts, found: Imbalance, names: Names) -> Finding:
    """Silence, amounts not believable or answers not clear that befell one of the two more often: its own finding."""
    rates = {
        "level_rate": texts.percent(100 * (found.share_level or 0.0)),
        "reference_rate": texts.percent(100 * (found.share_reference or 0.0)),
    }
    whole = texts(f"sentences.uneven.{found.what}", **rates, **names.who)
    return Finding(whole, "", texts(f"verdicts.{found.what}"), found.what)


def _joined(texts: Texts, parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {texts('sentences.and')} {parts[-1]}"


@dataclass(frozen=True)
class _Said(GapWords):
    """The parts of one finding."""

    names: Names

    def __call__(self, key: str, **values: str) -> str:
        return self.texts(f"sentences.{key}", **self.names.who, **values)

    def main(self) -> Iterator[str]:
        """The finding itself, by its word."""
        key = key_of(self.j)
        if key == "no_data" or self.j.gap is None:
            yield self("no_data")
        elif key in ("practically_the_same", "cannot_tell"):
            yield self(key, margin=self.texts.gap(margin_of(self.j), self.margin_digits))
            yield from self._range() if key == "cannot_tell" else ()
        elif key == "every_job_the_same":
            yield self._the_same()
        elif key == "depends":
            yield from self._depends()
        else:
            yield self(f"gap.{key}", amount=self.size(self.values()[0]), direction=self.direction(self.values()[0]))
            yield from self._sized(key)

    def _sized(self, key: str) -> Iterator[str]:
        yield from self._percent()
        yield from self._range()
        if key in ("difference_too_small_to_matter", "difference_of_unclear_size", "explored"):
            yield self(f"after.{key}", margin=self.texts.gap(margin_of(self.j), self.margin_digits))

    def _percent(self) -> Iterator[str]:
        """The per cent beside money; beside a score or a share the two means."""
        value = shown(self.j)[0] or 0.0
        if self.in_money:
            yield self("percent", percent=self.texts.percent(abs(value)), direction=self.direction(value))
        elif self.j.mean_level is not None and self.j.mean_reference is not None:
            yield self(
                "means", level_mean=self._mean(self.j.mean_level), reference_mean=self._mean(self.j.mean_reference)
            )

    def _mean(self, value: float) -> str:
        measure = measure_of(self.j)
        if measure.relative:
            return self.texts.money(value, self.j.currency or "")
        size = measure.shown(value)
        return self.texts.percent(size) if measure.form == "word" else self.texts.gap(size)

    def _range(self) -> Iterator[str]:
        ends, (_, low, high) = self.ends(), shown(self.j)
        if low is not None and high is not None and measure_of(self.j).relative and high > FAR_TOO_WIDE:
            yield self("range_wide")
        elif ends:
            yield self("range", **ends)
        elif low is not None:
            yield self("range_narrow", side=self.side(self.values()[0]))

    def _the_same(self) -> str:
        gap = self.j.gap
        value = shown(self.j)[0] or 0.0
        if gap is None or gap.estimate == 0:
            return self("every_job_the_same")
        percent = self.texts.percent(abs(value)) if self.in_money else self.texts.gap(abs(value))
        return self("evenly_gap", percent=percent, direction=self.direction(value), amount=self.size(self.values()[0]))

    def _depends(self) -> Iterator[str]:
        """On what, over which share of the answers, and between what the gap then lies."""
        shares = {s.variation: s.share for s in self.j.sensitivities}
        of = {"flagged_amounts": ("without_flagged",), "ranges": ("low_ends", "high_ends"), "silence": ("bounds",)}
        parts = []
        for why in self.j.because:
            share = max((shares.get(name, 0.0) for name in of.get(why, ())), default=0.0)  # type: ignore[call-overload]
            parts.append(self(f"on_share.{why}", share=self.texts.percent(100 * share)))
        yield self("depends", reasons=_joined(self.texts, parts))
        yield self("all_counted", side=self.side(self.values()[0]))
        broken = [s.gap for s in self.j.sensitivities if not s.holds]
        found = [x for g in broken for x in self._of_money(g.money, g.money_low, g.money_high, shown(self.j, g))]
        if found:
            low, high = self.side(min(found)), self.side(max(found))
            yield self("otherwise_counted", low=low, high=high) if low != high else self("otherwise_one", side=low)

    def _of_money(
        self, money: float | None, low: float | None, high: float | None, plain: tuple[float | None, ...]
    ) -> list[float]:
        chosen = (money, low, high) if self.in_money else plain
        return [x for x in (chosen[1:] if chosen[1] is not None else chosen[:1]) if x is not None]

    def beside(self) -> Iterator[str]:
        """The averages that disagree, the jobs beyond the margin, what could still differ, how often it is lower."""
        j, t = self.j, self.texts
        if j.gap is None:
            return
        if not j.averages_agree and j.mean_difference is not None and key_of(j) not in UNDIRECTED:
            value = j.mean_difference if measure_of(j).relative else measure_of(j).shown(j.mean_difference)
            yield self("averages", side=self.side(value))
        if j.same:
            counts = {"lower": t.number(j.jobs_lower), "higher": t.number(j.jobs_higher), "jobs": t.number(j.jobs)}
            yield self("beyond", margin=t.gap(margin_of(j), self.margin_digits), **counts)
        if j.could_differ is not None:
            yield self("could_differ", share=t.percent(100 * j.could_differ, 0))
        if j.pairs is not None and j.pairs.of > 1:
            names = ("lower", "equal", "higher", "of")
            yield self(
                "often_equal" if j.pairs.equal else "often",
                **{name: t.number(getattr(j.pairs, name)) for name in names},
            )

    def reasons(self) -> Iterator[str]:
        """Which rule held the word back, and what it would take."""
        j, t = self.j, self.texts
        if j.gap is None or j.word is None:
            return
        values = {
            "jobs": t.counted(self._noun, j.jobs),
            "family": t.number(j.family_size),
            "forms": t.counted("forms", j.forms_reference),
            "wordings": t.counted("forms", j.wordings),
        }
        for why in j.because:
            if why in TOLD:
                yield self(f"because.{why}", **values)
        yield from self._needed()

    def _needed(self) -> Iterator[str]:
        needed, t = self.j.needed, self.texts
        if needed is None or not self.ends():
            return
        if needed.jobs is None:
            yield self("needed.forms")
            return
        least = ENOUGH_FOR_SAME if "fewer_than_40_jobs" in self.j.because else FEW_JOBS
        jobs = max(round_up(needed.jobs), least)
        if jobs > MOST_JOBS and not self.j.job_is_person:
            yield self("needed.beyond", jobs=t.counted(self._noun, jobs))
            return
        if jobs > self.j.jobs + 1:
            yield self("needed.jobs", jobs=t.counted(self._noun, jobs), now=t.number(self.j.jobs))
        if needed.more_forms:
            yield self("needed.forms_too")

    @property
    def _noun(self) -> str:
        return "people" if self.j.job_is_person else "jobs"

    def counts(self) -> Iterator[str]:
        """What it rests on: jobs and what they are, ways of asking, answers."""
        j, t = self.j, self.texts
        if not j.jobs:
            return
        few = j.jobs < FEW_JOBS or j.basis == "cases"
        jobs = t.counted("cases" if few and not j.job_is_person else self._noun, j.jobs)
        if self.names.frame and not few and not j.job_is_person:
            jobs = self("drawn", jobs=jobs, frame=self.names.frame)
        answers = t.counted("answers", j.n_level + j.n_reference)
        ways = t.counted("ways" if j.wordings_fixed else "ways_like", max(1, j.wordings))
        yield self("based_on", jobs=jobs, ways=ways, answers=answers)


def round_up(jobs: int) -> int:
    """Jobs to two significant digits, upwards: 143 -> 150."""
    step = int(10 ** max(0, len(str(jobs)) - 2))
    return -(-jobs // step) * step


def together(texts: Texts, j: Judgement) -> str:
    """For how many comparisons at once the interval holds, in words."""
    n = holds_together(j)
    return texts(f"sentences.together.{'one' if n == 1 else 'many'}", n=texts.number(n))
