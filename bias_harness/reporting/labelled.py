"""What a person's labels say of the reading, in a sentence or two: nothing where nobody labelled."""

from __future__ import annotations

from bias_harness.estimating.judgement import Gap, Judgement
from bias_harness.reporting.judged import shown
from bias_harness.reporting.material import View

MOST_LEVELS = 6


def labelled(view: View, leading: list[Judgement]) -> str:
    """How many answers a person read too and how many were misread, by level; and the leading gaps corrected for it."""
    found, t = view.material.reading_errors, view.texts
    if found is None or not found.labelled:
        return ""
    count = {"n": t.number(found.labelled), "misread": t.number(found.misread), "levels": _levels(view)}
    said = [t("report.labelled.some" if found.misread else "report.labelled.none", **count)]
    corrected = [text for j in leading if (text := _corrected(view, j))]
    if found.misread and not corrected:
        corrected = [t("report.labelled.too_few")]
    return " ".join((*said, *corrected))


def _levels(view: View) -> str:
    """` (women 2 of 40, men 1 of 40)` of the first attribute, all models together; nothing of many levels."""
    found, (name, *_) = view.material.reading_errors, view.material.attributes
    own = [e for e in found.errors if e.attribute == name] if found else []
    levels = list(dict.fromkeys(e.level for e in own))
    if not levels or len(levels) > MOST_LEVELS:
        return ""
    parts = []
    for level in levels:
        of = [e for e in own if e.level == level]
        counts = (sum(e.misread for e in of), sum(e.labelled for e in of))
        misread, n = (view.texts.number(count) for count in counts)
        parts.append(view.texts("report.labelled.level", level=view.level(name, level), misread=misread, n=n))
    return f" ({', '.join(parts)})"


def _corrected(view: View, j: Judgement) -> str:
    found = view.material.reading_errors
    about = (j.endpoint, j.attribute, j.level)
    one = next((c for c in found.corrected if (c.endpoint, c.attribute, c.level) == about), None) if found else None
    if one is None or one.estimate is None:
        return ""
    value, low, high = shown(j, Gap(one.estimate, one.low, one.high))
    t, names = view.texts, view.names(j)
    if value is None or low is None or high is None:
        return ""
    ends = {"gap": t.gap(value), "low": t.size(low), "high": t.gap(high)}
    return t("report.labelled.corrected", **names.who, **ends)
