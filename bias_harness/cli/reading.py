"""What is read in an answer, and why: read, score."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bias_harness.cli.options import Json, ResultsFolder, RunName, option
from bias_harness.cli.printing import note, say, say_json, table
from bias_harness.errors import UsageError
from bias_harness.vocabulary import Candidate

app = typer.Typer()


@app.command()
def read(
    text: Annotated[str, typer.Argument(help="The answer, or a .jsonl file with many.", metavar="TEXT|FILE.jsonl")],
    language: Annotated[str | None, option("--language", metavar="CODE", text="en, nl or de. Default: any.")] = None,
    prompt: Annotated[str | None, option("--prompt", metavar="TEXT", text="The question that was answered.")] = None,
    output: Annotated[
        Path | None, option("--output", "-o", metavar="FILE", text="Where to write the readings of a file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what is read in an answer, and why.

    Of a file of answers: a line out for each line in.
    """
    if text.endswith(".jsonl"):
        if output is None:
            raise UsageError("name the file for the readings with -o OUT.jsonl")
        from bias_harness.reading.files import read_lines

        counts = read_lines(Path(text), output)
        say(f"{output}: " + ", ".join(f"{n:,} {status}" for status, n in sorted(counts.items())))
        return
    from bias_harness.reading import read as read_one
    from bias_harness.reading.files import Line, answer_row

    answer = read_one(text, language=language, prompt=prompt)
    if as_json:
        say_json(answer_row(Line(text), answer))
        return
    stated = "" if answer.amount is None else f" {answer.amount:,.10g} {answer.currency or ''} {answer.period or ''}"
    say(f"{answer.status} ({answer.kind}){stated.rstrip()}" + (f", because: {answer.reason}" if answer.reason else ""))
    if answer.kind == "range":
        say(f"  from {answer.low:,.10g} to {answer.high:,.10g}")
    if answer.evidence:
        say(f"  it rests on: {answer.evidence!r}")
    rows = [(c.role, _span(c), c.currency or "", c.period or "", text[c.start : c.end]) for c in answer.candidates]
    if rows:
        say(table(("role", "amount", "currency", "period", "text"), rows))


def _span(c: Candidate) -> str:
    return f"{c.low:,.10g}" if c.low == c.high else f"{c.low:,.10g} to {c.high:,.10g}"


@app.command()
def score(
    run: RunName,
    results: ResultsFolder = None,
    unread: Annotated[bool, option("--unread", text="Show the answers without an amount, grouped.")] = False,
    as_json: Json = False,
) -> None:
    """Say which answers of a run are read differently now."""
    from bias_harness import pipeline

    moved, groups = pipeline.score(pipeline.load_run(run, results=results))
    if as_json:
        say_json({"moved": moved, "unread": [asdict(group) for group in groups]})
        return
    note(f"{len(moved):,} answers are read differently than in observations.parquet.")
    for one in moved:
        before, now = (f"{one['status' + w]} {_amount(one['annual' + w])}".strip() for w in ("_before", "_now"))
        say(f"{one['key'][:12]}  {before} -> {now}  {(one['text'] or '')[:80]!r}")
    if unread:
        say(
            table(
                ("answers", "status", "reason", "for example"),
                [(g.count, g.status, g.reason, g.example[:80]) for g in groups],
            )
        )


@app.command("second-read")
def second_read(
    run: RunName,
    judge: Annotated[
        str, option("--with", metavar="ENDPOINT", text="The endpoint that reads: its name in --endpoints.")
    ],
    endpoints: Annotated[
        str, option("--endpoints", metavar="FILE", text="The experiment that defines it. Default: the run's own.")
    ] = "",
    budget: Annotated[
        float | None, option("--budget", metavar="DOLLARS", text="The most to spend, in US dollars.", min=0.0)
    ] = None,
    results: ResultsFolder = None,
) -> None:
    """Let another model read the answers too.

    Shows where it disagrees; the run's own readings stay.
    """
    from bias_harness import pipeline
    from bias_harness.checking.second_reader import second_read as read_again
    from bias_harness.checking.second_reader import shown
    from bias_harness.cli.progress import shown_progress

    loaded = pipeline.load_run(run, results=results)
    known = (pipeline.load_experiment(endpoints) if endpoints else loaded.audit).experiment.endpoints
    chosen = next((e for e in known if e.name == judge), None)
    if chosen is None:
        raise UsageError(f"--with {judge}: there is {', '.join(e.name for e in known)}")
    with shown_progress() as progress:
        agreement = read_again(loaded, chosen, budget=budget, progress=progress)
    for line in shown(agreement):
        say(line)


def _amount(value: float) -> str:
    return "" if value != value else f"{value:,.0f}"
