"""The heading of the page, which is the finding: chosen by the words of the judgements and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bias_harness.estimating.judgement import Judgement
from bias_harness.reporting.judged import key_of, margin_of
from bias_harness.reporting.material import View
from bias_harness.reporting.pay import Pay
from bias_harness.reporting.sentences import Names

FEWEST_PAIRS = 5
"""Below so many pairs a page has words and the answers, and no figure."""


@dataclass(frozen=True)
class Headline:
    """The finding as a heading, and the judgement that its tiles are about (None: no single one, or too few pairs)."""

    text: str
    about: Judgement | None


def few(leading: Sequence[Judgement]) -> bool:
    """Whether there are answers to compare, and fewer than five pairs of them in any model."""
    pairs = [j.pairs.of if j.pairs else 0 for j in leading]
    return 0 < max(pairs, default=0) < FEWEST_PAIRS


def headline(view: View, leading: Sequence[Judgement]) -> Headline:
    """The finding of the leading comparisons, one a model.

    Where one model alone differs the heading is about that one; of several that differ it counts them, and the tiles
    are of the one that is furthest off: the intervals hold for all of them at once.
    """
    if few(leading):
        most = max(j.pairs.of for j in leading if j.pairs)
        return Headline(view.texts("heading.few", pairs=view.texts.counted("pairs", most)), None)
    if all(j.gap is None for j in leading) and len(leading) != 1:
        return Headline(view.texts("heading.nothing"), None)
    differ = [j for j in leading if j.differs]
    if len(leading) == 1 or len(differ) == 1:
        found = differ[0] if differ else leading[0]
        return Headline(_one(view, found), found)
    return _several(view, leading, differ)


def _one(view: View, j: Judgement) -> str:
    """A heading about one model, by its word."""
    t, pay, key = view.texts, Pay(view.texts, view.material.audit.experiment.outcome), key_of(j)
    said = _people(view, j).who | {"model": behind(view, j.endpoint)}
    if j.gap is None:
        return t("heading.one.no_data", **said)
    evenly = key == "every_job_the_same" and j.gap.estimate != 0
    words = pay.words(j)
    return t(
        f"heading.one.{'evenly' if evenly else key}",
        **said,
        amount=pay.whole(j),
        direction=words.direction(j.gap.estimate),
        margin=t.gap(margin_of(j), words.margin_digits),
        jobs=t.counted("cases" if not j.job_is_person else "people", j.jobs),
    )


def _people(view: View, j: Judgement) -> Names:
    one = (view.level(j.attribute, x, "one") for x in (j.level, j.reference))
    return Names(view.model(j.endpoint), *one)


def behind(view: View, endpoint: str) -> str:
    """A model of the public by the name that people know it by: `the model behind ChatGPT (gpt-4o-mini)`."""
    name = view.model(endpoint)
    known = view.material.nature(endpoint) == "model" and name != endpoint
    return view.texts("heading.behind", model=name) if known else name


def _several(view: View, leading: Sequence[Judgement], differ: Sequence[Judgement]) -> Headline:
    t, same = view.texts, [j for j in leading if j.same or key_of(j) == "every_job_the_same"]
    about = max(differ, key=lambda j: abs(j.gap.estimate) if j.gap else 0.0) if differ else None
    words = Pay(t, view.material.audit.experiment.outcome).words(about or leading[0])
    said = _people(view, leading[0]).who | {
        "all": t.number(len(leading)),
        "differ": t.number(len(differ)),
        "same": t.number(len(same)),
        "margin": t.gap(margin_of(leading[0]), words.margin_digits),
    }
    if about is not None and about.gap is not None:
        ways = {j.gap.estimate < 0 for j in differ if j.gap}
        key = "differ" if len(ways) == 1 else "differ_either_way"
        return Headline(t(f"heading.several.{key}", **said, direction=words.direction(about.gap.estimate)), about)
    key = "same" if len(same) == len(leading) else "same_some" if same else "unknown"
    return Headline(t(f"heading.several.{key}", **said), None)
