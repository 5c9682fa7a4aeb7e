"""A person's labels: what the reading is held against."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bias_harness.cli.options import Json, ResultsFolder, RunName, option
from bias_harness.cli.printing import note, say, say_json, table
from bias_harness.errors import InputError, UsageError

if TYPE_CHECKING:
    from bias_harness.checking.labelling import Session
    from bias_harness.outcome import Outcome
    from bias_harness.runs import Run
    from bias_harness.vocabulary import Answer

app = typer.Typer()
KEYS = "An amount; - none in that currency; r refuses; ? cannot be told; u undo; q stop (nothing is lost)."


@app.command()
def label(
    run: RunName,
    each: Annotated[int, option("--each", metavar="N", text="Answers of every level of every model.", min=1)] = 40,
    person: Annotated[
        str, option("--labeller", metavar="NAME", text="Who labels; a second name measures how far two people agree.")
    ] = "a",
    results: ResultsFolder = None,
    as_json: Json = False,
) -> None:
    """Label a blind sample of answers yourself.

    Shows answers in random order, neither whose they are nor what was read in them, and keeps at once what you type;
    the same command goes on where you stopped. Then the reading's error by level, and the gaps corrected for it, where
    there are labels enough. With --json nothing is shown for labelling.
    """
    from bias_harness.checking.labelling import Session
    from bias_harness.runs import load_run

    if not person.strip():
        raise UsageError("--labeller wants a name, or a letter")
    loaded = load_run(run, results=results)
    if not as_json:
        _sit(Session(loaded, person.strip(), each), loaded.audit.experiment.outcome)
    loaded = load_run(loaded.folder.path)
    if as_json:
        say_json(_found(loaded))
        return
    for line in _lines(loaded):
        say(line)
    if any(loaded.labels.values()):
        note(f"To have it on the page: bias-harness report {loaded.folder.path}")


def _sit(session: Session, outcome: Outcome) -> None:
    """Show what is left, one by one, and keep what is typed, until there is nothing left or it is enough."""
    note(f"Which {_wanted(outcome)} does the answer advise? {KEYS}")
    while left := session.left:
        note(f"\n--- {len(session.chosen) - len(left) + 1} of {len(session.chosen)} ---")
        note(session.text(left[0]))
        if not _typed_about(session, left[0]):
            return


def _typed_about(session: Session, key: str) -> bool:
    """Ask until there is a label, or the one before is taken back; False for enough."""
    while True:
        note("> ")
        typed = sys.stdin.readline()
        word = typed.strip()
        if not typed or word == "q":
            return False
        if word == "u":
            note("taken back" if session.undo() else "there is nothing to take back in this sitting")
            return True
        try:
            note(f"  {_shown(session.label(key, word))}")
        except InputError as error:
            note(f"  {error}")
            continue
        return True


def _wanted(outcome: Outcome) -> str:
    if outcome.measured.form == "word":
        return "answer, 1 or 0,"
    return f"{outcome.currency} per {outcome.period}" if outcome.measured.form == "money" else "number"


def _shown(answer: Answer) -> str:
    if answer.low is None or answer.high is None:
        return answer.status
    ends = f"{answer.low:,.10g}" + (f" to {answer.high:,.10g}" if answer.low < answer.high else "")
    return " ".join(filter(None, (ends, answer.currency, answer.period and f"per {answer.period}")))


def _found(run: Run) -> dict[str, Any]:
    """The labels by person, the agreement of every further person with the first, errors and corrected gaps."""
    from bias_harness.estimating.estimators.proportions import clopper_pearson
    from bias_harness.estimating.reading_error import agreement, disagreeing

    people = {person: of for person, of in run.labels.items() if of}
    first, *others = people or [""]
    agreed = []
    for other in others:
        alike, both = agreement(people[first], people[other])
        low, high = clopper_pearson(alike, both) or (None, None)
        differing = list(disagreeing(people[first], people[other]))
        agreed.append({"by": [first, other], "alike": alike, "of": both, "low": low, "high": high, "keys": differing})
    errors = run.reading_errors
    told = {"errors": [], "corrected": []} if errors is None else errors.to_dict()
    return {"by": {person: len(of) for person, of in people.items()}, "agreement": agreed, **told}


def _lines(run: Run) -> Iterator[str]:
    """The same as tables, with shares in per cent and gaps as they are shown everywhere."""
    found, measure = _found(run), run.audit.experiment.outcome.measured
    if not found["errors"]:
        yield "Nothing is labelled yet."
        return
    head = ("model", "level", "answers", "labelled", "wrong", "invented", "missed", "misread", "95% interval")
    names = ("endpoint", "level", "answers", "labelled", "wrong", "invented", "missed")
    errors = run.reading_errors.errors if run.reading_errors else ()
    rows = [
        (
            *(getattr(e, n) for n in names),
            *(("–", "–") if e.share is None else (f"{e.share:.1%}", _range(e.low, e.high))),
        )
        for e in errors
    ]
    yield table(head, rows)
    for c in found["corrected"]:
        about = f"{c['endpoint']}, {c['level']} against {c['reference']}"
        if c["why"]:
            yield f"{about}: not corrected ({WHY[c['why']]})"
            continue
        gap, low, high = (f"{measure.shown(c[end]):+.{measure.digits}f}" for end in ("estimate", "low", "high"))
        yield f"{about}: corrected {gap} ({low} … {high})"
    for a in found["agreement"]:
        if a["of"]:
            share = f"{a['alike'] / a['of']:.1%}, {a['low']:.1%} … {a['high']:.1%}"
            yield f"{' and '.join(a['by'])} agree on {a['alike']:,} of {a['of']:,} ({share})"


def _range(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.1%} … {high:.1%}"


WHY = {
    "no_gap": "there is no gap with an interval",
    "few_labels": "fewer than 30 labelled answers of a side",
    "few_misread": "fewer than 5 misread: too few to know what they do",
}
