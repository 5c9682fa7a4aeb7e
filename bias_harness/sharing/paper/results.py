"""What a run found, as text and tables: from the judgements and the account of its answers, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.accounting import accounts_table
from bias_harness.reporting.judged import holds_together, shown
from bias_harness.reporting.material import View
from bias_harness.reporting.sentences import finding, imbalance, word_of
from bias_harness.sharing.paper.blocks import Block, Heading, Items, Paragraph, Table
from bias_harness.sharing.paper.words import say, under


def results(view: View) -> Iterator[Block]:
    """A paragraph a declared comparison, what was explored, and the tables."""
    told = [j for j in view.material.judgements if j.word is not None]
    explored = [j for j in view.material.judgements if j.word is None and j.gap is not None]
    for j in told:
        yield Paragraph(f"{finding(view.texts, j, view.names(j)).sentence} {statistics(view, j)}".strip())
    for found in view.material.imbalances:
        yield Paragraph(imbalance(view.texts, found, view.names(found)).sentence)
    if not told:
        yield Paragraph(say("results.none"))
    if any(j.word == "cannot_tell" for j in told):
        yield Paragraph(say("results.not_told"))
    if explored:
        yield Heading(say("headings.explored"), 2)
        yield Paragraph(say("results.explored"))
        yield Items([f"{_comparison(view, j)}, {view.model(j.endpoint)} {statistics(view, j)}" for j in explored])
    yield judgements_table(view)
    yield _accounts(view)
    yield from sensitivity_table(view)


def statistics(view: View, j: Judgement) -> str:
    """The numbers of a judgement in brackets; empty where there is none."""
    t, (gap, low, high) = view.texts, shown(j)
    if gap is None:
        return ""
    n = holds_together(j)
    interval = ""
    if low is not None and high is not None:
        together = say(f"results.together.{'one' if n == 1 else 'many'}", n=t.number(n))
        confidence = t.percent(100 * j.confidence, 0)
        interval = say("results.interval", confidence=confidence, low=t.gap(low), high=t.gap(high), together=together)
    tested = j.p_value is not None and j.p_adjusted is not None
    p = say("results.p", p=_p(view, j.p_value), p_adjusted=_p(view, j.p_adjusted)) if tested else ""
    names = view.names(j)
    return say(
        "results.statistics",
        gap=t.gap(gap),
        interval=interval,
        p=p.replace("= <", "<"),
        jobs=t.counted("people" if j.job_is_person else "jobs", j.jobs),
        persons=say(f"results.persons.{'one' if j.persons == 1 else 'many'}", n=t.number(j.persons)),
        n_level=t.number(j.n_level),
        n_reference=t.number(j.n_reference),
        level=names.level,
        reference=names.reference,
    )


def _p(view: View, p: float | None) -> str:
    if p is None:
        return "–"
    return f"< {view.texts.number(0.001, 3)}" if p < 0.001 else view.texts.number(p, 3)


def _comparison(view: View, j: Judgement) -> str:
    names = view.names(j)
    return say("tables.against", level=names.level, reference=names.reference)


def judgements_table(view: View) -> Table:
    """Every comparison with its numbers and its word."""
    head: dict[str, str] = dict(under("tables.judgements_head"))
    if not view.material.measure.relative:
        del head["money"]
    rows = [[_cells(view, j)[name] for name in head] for j in view.material.judgements]
    right = frozenset(list(head).index(name) for name in ("p", "p_adjusted", "jobs", "answers"))
    return Table("judgements", say("tables.judgements"), list(head.values()), rows, right)


def _cells(view: View, j: Judgement) -> dict[str, str]:
    t, (gap, low, high) = view.texts, shown(j)
    money = None if j.gap is None else j.gap.money
    return {
        "model": view.model(j.endpoint),
        "comparison": _comparison(view, j),
        "gap": "–" if gap is None else t.gap(gap),
        "interval": "–" if low is None or high is None else f"{t.size(low)} … {t.size(high)}",
        "money": "–" if money is None else t.money(money, j.currency or "", exact=True),
        "p": _p(view, j.p_value),
        "p_adjusted": _p(view, j.p_adjusted),
        "jobs": t.number(j.jobs),
        "answers": t.number(j.n_level + j.n_reference),
        "word": word_of(t, j),
    }


def _accounts(view: View) -> Table:
    """What became of every answer, by level."""
    table = accounts_table(view)
    head = [str(view.texts.under("figures.columns")[column.key]) for column in table.columns]
    counts = frozenset(i for i, column in enumerate(table.columns) if column.unit == "count")
    return Table("accounts", say("tables.accounts"), head, table.shown(view.texts), counts)


def sensitivity_table(view: View) -> Iterator[Table]:
    """The declared comparisons counted otherwise; none where nothing was to be counted otherwise."""
    t, choices = view.texts, view.texts.under("report.research.choices")
    rows = []
    for j in view.material.judgements:
        for s in j.sensitivities if j.word is not None else ():
            gap, low, high = shown(j, s.gap)
            ends = "–" if low is None or high is None else f"{t.size(low)} … {t.size(high)}"
            size = "–" if gap is None else t.gap(gap)
            holds = str(t.under("report.research.holds")["yes" if s.holds else "no"])
            share = t.percent(100 * s.share)
            about = [view.model(j.endpoint), _comparison(view, j), str(choices[s.variation])]
            rows.append([*about, share, size, ends, holds])
    if rows:
        head = list(under("tables.sensitivity_head").values())
        yield Table("sensitivity", say("tables.sensitivity"), head, rows, frozenset({3}))
