"""What the models of a recording said of their own advice, for a check: it is told, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bias_harness.checking.gates import Gate
from bias_harness.estimating.confirmations import Alarm
from bias_harness.runs import Run


def told_again(run: Run) -> Iterator[Gate]:
    """One line where the models were asked again which amount they had advised; it always passes.

    A model that misreports its own advice would fail what is right, or pass what is wrong: so it raises an alarm only.
    """
    found = run.confirmations
    if found is None:
        return
    asked, alike = (sum(getattr(level, name) for level in found.levels) for name in ("asked", "alike"))
    said = f"Asked again which amount was meant, the models name what was read in {alike:,} of {asked:,} answers."
    yield Gate("asked again", "pass", " ".join([said, *map(_alarm, found.alarms)]))


def _alarm(alarm: Alarm) -> str:
    about = f"{alarm.endpoint}, {alarm.level} against {alarm.reference}"
    how = "more or less often" if alarm.what == "differ" else "by another factor"
    return (
        f"TAKE CARE: {about}: what is named departs from what was read {how}. Nothing is corrected by it; read some "
        "answers yourself (bias-harness label)."
    )
