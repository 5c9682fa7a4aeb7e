"""Runs side by side on a terminal: a line a change, a line a comparison over all of them; or as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bias_harness.cli.printing import say, say_json, table

if TYPE_CHECKING:
    from bias_harness.estimating.across import Across
    from bias_harness.estimating.changes import Change
    from bias_harness.estimating.judgement import Gap

CHANGES = ("compared", "base", "gap", "other", "gap", "other less base", "interval", "what may be said", "jobs")
TOGETHER = ("together", "runs", "gap", "95% interval, these", "95% interval, others like these", "jobs")


def show_compared(
    changes: Sequence[Change], together: Sequence[Across] | None, pages: Iterable[Path], *, as_json: bool
) -> None:
    """What lies apart and by how much, what all come to together (None where nobody asked), and where the pages are."""
    from bias_harness.estimating.across import NO_WORD

    if as_json:
        more = {} if together is None else {"pooled": [one.to_dict() for one in together]}
        say_json({"pages": [str(page) for page in pages], "changes": [c.to_dict() for c in changes], **more})
        return
    say(table(CHANGES, [_change(c) for c in changes]))
    if together is not None:
        say()
        say(table(TOGETHER, [_together(one) for one in together]))
        say(f"What they come to together has no word: {NO_WORD}.")
    say()
    for page in pages:
        say(f"  {page}")


def _change(c: Change) -> tuple[object, ...]:
    ends = (c.base, c.other) if c.endpoint == c.other_endpoint else (c.endpoint, c.other_endpoint)
    many = f"{c.jobs}" if c.paired else f"{c.jobs}, {c.other_jobs}"
    word = (c.word or "untested").replace("_", " ")
    compared = f"{c.attribute} {c.level} / {c.reference}"
    change = (_size(c.change), _between(c.change))
    return (compared, ends[0], _size(c.before), ends[1], _size(c.after), *change, word, many)


def _together(one: Across) -> tuple[object, ...]:
    compared = f"{one.attribute} {one.level} / {one.reference}"
    return (compared, len(one.parts), _size(one.gap), _between(one.gap), _between(one.others), one.jobs)


def _size(gap: Gap | None) -> str:
    return "-" if gap is None or gap.percent is None else f"{gap.percent:+.1f}%"


def _between(gap: Gap | None) -> str:
    if gap is None or gap.percent_low is None or gap.percent_high is None:
        return "-"
    return f"{gap.percent_low:+.1f}% … {gap.percent_high:+.1f}%"
