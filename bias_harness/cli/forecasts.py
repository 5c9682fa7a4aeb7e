"""How a design did in simulated runs, as it is printed: how often each word was said, true and false."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bias_harness.cli.printing import note, say, say_json, table

if TYPE_CHECKING:
    from bias_harness.planning.calibration import Calibration, Rate
    from bias_harness.planning.conditions import Condition

CALIBRATION_HEAD = (
    *("answers", "planted", "a difference", "a clear gap", "the same", "cannot tell", "depends"),
    *("anything false", "half-width"),
)


def show_calibration(made: Calibration, *, as_json: bool) -> None:
    """Print how often each word was said in the simulated runs of a design."""
    if as_json:
        say_json(made.to_dict())
        return
    rows = [
        (
            result.condition.name,
            result.planted,
            *(_share(rate) for rate in (result.differs, result.clear, result.same)),
            *(_share(result.words.get(word)) for word in ("cannot_tell", "depends")),
            _share(result.false),
            "–" if result.half_width is None else f"{100 * result.half_width:.1f}%",
        )
        for result in made.results
    ]
    say(table(CALIBRATION_HEAD, rows))
    note(
        f"{made.runs:,} runs under each condition, seed {made.seed}; +- is the Monte Carlo error (one standard error)."
    )
    note(
        "Shares of comparisons, but for 'anything false': shares of runs in which any of the "
        f"{made.family_size} comparisons says what is not so."
    )
    for condition in dict.fromkeys(result.condition for result in made.results):
        note(_described(condition))


def _described(c: Condition) -> str:
    parts = [f"gaps over jobs {100 * c.job:.3g}%", f"words {100 * c.words:.3g}%", f"answers {100 * c.answer:.3g}%"]
    if c.step:
        parts.append(f"rounded to {c.step:,.0f}")
    if c.refused:
        parts.append(f"{100 * c.refused:.2g}% refused")
    if c.jumps:
        parts.append(f"{100 * c.jumps:.2g}% at a third")
    return f"{c.name}: {', '.join(parts)}"


def _share(rate: Rate | None) -> str:
    return "0%" if rate is None else f"{100 * rate.share:.1f}% +- {100 * rate.error:.1f}"
